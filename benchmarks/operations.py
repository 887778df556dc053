"""Operations and stack deployments for a list of changes: ours, two peers, the exact optimum.

The peers are modelled by their own rules at their best: the awslabs function groups accounts with
equal regions and overrides, updates the set first and deletes last, and cannot plan an account
with mixed overrides; the native resource groups rows of (regions, overrides), deletes included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from benchmarks.changes import CHANGES, Change, Instances, difference, rows
from benchmarks.units import print_units
from handler.plan.cover import cover
from handler.plan.instances import plan_deployment
from handler.plan.marks import Marks
from handler.values.observation import InstanceState, Observation, StackSetState
from handler.values.spec import Overrides, Previous, StackSetSpec
from handler.values.targets import Target

_MOST_CELLS = 21


class Cost(NamedTuple):
    """What a change takes: operations, and stacks deployed or deleted."""

    operations: int
    deployments: int


def ours(change: Change) -> Cost:
    """By the plan that the function really makes."""
    current = dict.fromkeys(change.before, InstanceState("CURRENT"))
    seen = Observation(
        StackSetState("id", "name", "arn", "ACTIVE", parameters={"Size": "small"}), current
    )
    steps = plan_deployment(
        StackSetSpec(instances=change.after),
        Previous(change.before),
        seen,
        Marks("resource", "request"),
        "changed" if change.changes_set else None,
    )
    kept = sum(target in change.after for target in change.before)
    sizes = [kept if each.reach is None else len(each.targets) for each in steps]
    return Cost(len(steps), sum(sizes))


def awslabs(change: Change) -> Cost | None:
    """By the rules of the 2018 function; None where it raises."""
    gone, new, other = difference(change.before, change.after)
    for instances in (gone, new, other):
        if any(len(set(overrides)) > 1 for overrides in _by_account(instances).values()):
            return None
    operations = sum(rows(each) for each in (gone, new, other))
    touched = len(gone) + len(new) + len(other) + len(change.before) * change.changes_set
    return Cost(operations + change.changes_set, touched)


def native(change: Change) -> Cost:
    """By the rules of AWS::CloudFormation::StackSet for accounts."""
    gone, new, other = difference(change.before, change.after)
    operations = sum(rows(each) for each in (gone, new, other))
    kept = len(change.before) - len(gone)
    touched = len(gone) + len(new) + len(other) + kept * change.changes_set
    return Cost(operations + change.changes_set, touched)


def optimum(change: Change) -> int | None:
    """The fewest operations there can be; None where the change is too large to try them all."""
    gone, new, other = difference(change.before, change.after)
    total = int(change.changes_set)
    for instances in (dict.fromkeys(gone, ()), new, other):
        by_overrides: dict[Overrides, list[Target]] = defaultdict(list)
        for target, overrides in instances.items():
            by_overrides[overrides].append(target)
        for targets in by_overrides.values():
            fewest = _fewest_rectangles(targets)
            if fewest is None:
                return None
            total += fewest
    return total


def _by_account(instances: Instances) -> dict[str, list[Overrides]]:
    found: dict[str, list[Overrides]] = defaultdict(list)
    for target, overrides in instances.items():
        found[target.account].append(overrides)
    return found


def _fewest_rectangles(targets: Iterable[Target]) -> int | None:
    """Try every cover of the reduced table."""
    targets = set(targets)
    if len(cover(targets)) <= 1:
        return len(cover(targets))
    accounts = sorted(
        {frozenset(t.region for t in targets if t.account == a.account) for a in targets},
        key=sorted,
    )
    regions = sorted({region for row in accounts for region in row})
    if len(accounts) * len(regions) > _MOST_CELLS:
        return None
    table = sum(
        1 << row * len(regions) + column
        for row, where in enumerate(accounts)
        for column, region in enumerate(regions)
        if region in where
    )
    return _fewest(table, _rectangles(len(accounts), len(regions)))


def _rectangles(height: int, width: int) -> tuple[int, ...]:
    return tuple(
        sum(columns << row * width for row in range(height) if rows >> row & 1)
        for rows in range(1, 1 << height)
        for columns in range(1, 1 << width)
    )


def _fewest(table: int, rectangles: tuple[int, ...]) -> int:
    @cache
    def fewest(left: int) -> int:
        if not left:
            return 0
        lowest = left & -left
        return 1 + min(
            fewest(left & ~one) for one in rectangles if one & lowest and not one & ~left
        )

    return fewest(table)


def main() -> None:
    """Print the tables."""
    print("| change | ours | awslabs | native | optimum |")
    print("| --- | --- | --- | --- | --- |")
    totals: dict[str, list[int]] = defaultdict(list)
    for change in CHANGES:
        costs: dict[str, Cost | None] = {
            "ours": ours(change), "awslabs": awslabs(change), "native": native(change),
        }  # fmt: skip
        fewest = optimum(change)
        cells = [
            f"{each.operations} / {each.deployments}" if each else "fails"
            for each in costs.values()
        ]
        print(f"| {change.name} | {' | '.join(cells)} | {'?' if fewest is None else fewest} |")
        for name, cost in costs.items():
            totals[name].append(cost.operations if cost else 0)
            totals[f"{name} deployments"].append(cost.deployments if cost else 0)
        totals["optimum"].append(fewest or 0)
    sums = [
        f"{sum(totals[name])} / {sum(totals[f'{name} deployments'])}"
        for name in ("ours", "awslabs", "native")
    ]
    print(f"| **all** | {' | '.join(sums)} | {sum(totals['optimum'])} |")
    print_units()


if __name__ == "__main__":
    main()
