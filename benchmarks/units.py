"""Operations for changes of a service-managed stack set: ours, the native resource, the fewest.

The native resource is modelled by its own rules and what its tests expect. Where no group filters
accounts, it plans units as it plans accounts: by rows of equal Regions and overrides. Otherwise
Region by Region; where a Region comes or goes, one call a group; where it stays, one call for each
unit and for each of what goes, comes and stays, though nothing of what stays has changed.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.changes import Instances, difference, rows
from benchmarks.unit_changes import UNIT_CHANGES, Groups, UnitChange
from handler.plan.marks import Marks
from handler.plan.places import Units
from handler.plan.steps import CREATE, Step
from handler.plan.units import SetUpdate, plan_units
from handler.values.observation import InstanceState, Observation, StackSetState
from handler.values.organization import NO_AUTO_DEPLOYMENT
from handler.values.selection import NOWHERE, Place, expand
from handler.values.targets import ALL, Target

_OTHER = "999999999999"
"""Stands for each account that nothing names."""


def ours(change: UnitChange) -> int:
    """By the plan that the function really makes, with an account in each unit."""
    before = expand(change.before, {})
    earlier, now = (Marks.of("stack", "resource", each) for each in ("earlier", "now"))
    created = earlier.operation_id(Step(CREATE, None, ()))
    state = InstanceState("CURRENT", last_operation_id=created)
    instances = {
        Target(f"{number:012d}", place.region): replace(state, unit=place.unit)
        for number, place in enumerate(before)
        if before[place].others is not None
    }
    steps = plan_units(
        Units(expand(change.after, {}), before),
        Observation(StackSetState("id", "name", "arn", "ACTIVE"), instances),
        now,
        SetUpdate("", differs=False, auto_deployment=NO_AUTO_DEPLOYMENT),
    )
    return len(steps)


def native(change: UnitChange) -> int:
    """By the rules of AWS::CloudFormation::StackSet for units."""
    if all(each.account_filter == ALL for each in (*change.before, *change.after)):
        return sum(map(rows, difference(_whole(change.before), _whole(change.after))))
    old, new = _regions(change.before), _regions(change.after)
    moved = [(change.before, region) for region in old - new]
    moved += [(change.after, region) for region in new - old]
    whole = sum(region in group.regions for groups, region in moved for group in groups)
    return whole + sum(_within(change, region) for region in old & new)


def _whole(groups: Groups) -> Instances:
    """Returns units in the place of accounts; one in two groups, which it refuses, counts once."""
    return {
        Target(unit, region): each.overrides
        for each in groups
        for unit in each.units
        for region in each.regions
    }


def _regions(groups: Groups) -> set[str]:
    return {region for group in groups for region in group.regions}


def _within(change: UnitChange, region: str) -> int:
    before, after = expand(change.before, {}), expand(change.after, {})
    operations = 0
    for unit in {place.unit for place in (*before, *after)}:
        old, new = (each.get(Place(unit, region), NOWHERE) for each in (before, after))
        accounts = {*old.named, *new.named, _OTHER}
        had = {each for each in accounts if old.of(each) is not None}
        has = {each for each in accounts if new.of(each) is not None}
        operations += bool(had - has) + bool(has - had) + bool(had & has)
    return operations


def print_units() -> None:
    """Print the table."""
    print("\n| service-managed change | ours | native | fewest |")
    print("| --- | ---: | ---: | ---: |")
    rows = [(each.name, ours(each), native(each), each.best) for each in UNIT_CHANGES]
    rows.append(("**all**", *(sum(column) for column in list(zip(*rows, strict=True))[1:])))
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
