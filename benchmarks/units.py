"""Operations for a list of changes of units and filters: ours, and the native resource's.

That is modelled by its own rules at their best. Without a filter anywhere it groups rows of
(Regions, overrides), deletes included. With one it works Region by Region and unit by unit: what
is shared is updated whether its overrides differ or not, and nothing is merged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from benchmarks.unit_changes import MEMBERS, UNIT_CHANGES, Groups, UnitChange
from handler.plan.marks import Marks
from handler.plan.places import Units
from handler.plan.steps import CREATE, Step
from handler.plan.units import SetUpdate, plan_units
from handler.values.observation import InstanceState, Observation, StackSetState
from handler.values.organization import NO_AUTO_DEPLOYMENT
from handler.values.selection import NOWHERE, Cell, Selection, combined, expand
from handler.values.spec import NO_OVERRIDES, Overrides
from handler.values.targets import ALL, Target


def ours(change: UnitChange) -> int:
    """By the plan that the function really makes."""
    marks, earlier = (Marks.of("stack", "StackSet", request) for request in ("now", "before"))
    before, wanted = expand(change.before, {}), expand(change.after, {})
    created = earlier.operation_id(Step(CREATE, None, ()))
    listed = {
        Target(account, place.region): InstanceState(
            "CURRENT", last_operation_id=created, unit=place.unit
        )
        for place, cell in before.items()
        for account in MEMBERS[place.unit]
        if cell.of(account) is not None
    }
    seen = Observation(StackSetState("id", "name", "arn", "ACTIVE"), listed)
    update = SetUpdate("changed", change.changes_set, NO_AUTO_DEPLOYMENT)
    return len(plan_units(Units(wanted, before), seen, marks, update))


def native(change: UnitChange) -> int:
    """By the rules of AWS::CloudFormation::StackSet for units."""
    groups = (*change.before, *change.after)
    has_filter = any(each.account_filter != ALL for each in groups)
    by_rule = _by_region_and_unit if has_filter else _by_rows
    return by_rule(change.before, change.after) + change.changes_set


def _by_rows(before: Groups, after: Groups) -> int:
    old, new = _flattened(before), _flattened(after)
    gone = {each: old[each] for each in old.keys() - new.keys()}
    come = {each: new[each] for each in new.keys() - old.keys()}
    other = {each: new[each] for each in old.keys() & new.keys() if old[each] != new[each]}
    return sum(_rows(each) for each in (gone, come, other))


def _flattened(groups: Groups) -> dict[tuple[str, str], Overrides]:
    return {
        (unit, region): each.overrides
        for each in groups
        for unit in each.units
        for region in each.regions
    }


def _rows(instances: Mapping[tuple[str, str], Overrides]) -> int:
    regions: dict[tuple[str, Overrides], set[str]] = defaultdict(set)
    for (unit, region), overrides in instances.items():
        regions[unit, overrides].add(region)
    return len({(frozenset(where), overrides) for (_, overrides), where in regions.items()})


def _by_region_and_unit(before: Groups, after: Groups) -> int:
    old, new = _regions(before), _regions(after)
    apart = sum(region in each.regions for region in old ^ new for each in (*before, *after))
    was, wants = _folded(before), _folded(after)
    places = [each for each in {**was, **wants} if each.region in old & new]
    return apart + sum(_requests(was.get(e, NOWHERE), wants.get(e, NOWHERE)) for e in places)


def _regions(groups: Groups) -> set[str]:
    return {region for each in groups for region in each.regions}


def _folded(groups: Groups) -> Selection:
    return expand([replace(each, overrides=NO_OVERRIDES) for each in groups], {})


def _requests(old: Cell, new: Cell) -> int:
    """One to delete, to create and to update what is shared, as far as there is anything."""
    kinds = (
        lambda was, wants: was if wants is None else None,
        lambda was, wants: wants if was is None else None,
        lambda was, wants: None if was is None else wants,
    )
    parts = (combined(each, (old, new)) for each in kinds)
    return sum(part.others is not None or bool(part.named) for part in parts)


def main() -> None:
    """Print the table."""
    print("| change | ours | native |")
    print("| --- | --- | --- |")
    totals = [0, 0]
    for change in UNIT_CHANGES:
        operations = ours(change), native(change)
        print(f"| {change.name} | {operations[0]} | {operations[1]} |")
        totals = [total + each for total, each in zip(totals, operations, strict=True)]
    print(f"| **all** | {totals[0]} | {totals[1]} |")


if __name__ == "__main__":
    main()
