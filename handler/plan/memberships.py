"""Which instances a stack set had of accounts that nobody has named. No AWS here.

Who was in a unit, or in a list elsewhere, when it was deployed cannot be told from old properties.
The marks on the instances can: what the resource has made or updated last is its own.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from handler.plan.marks import Marks
from handler.values.observation import Observation
from handler.values.spec import Overrides, Previous, StackSetSpec
from handler.values.targets import ALL_ENABLED


def with_members(
    spec: StackSetSpec, previous: Previous, seen: Observation, marks: Marks
) -> Previous:
    """Returns what the stack set was before, with the instances that memberships had come to.

    Args:
        spec: What the template says, with its members.
        previous: What the old properties tell by themselves.
        seen: What is there.
        marks: Those of this request.
    """
    if spec.leaves_members:
        named = {t: each for t, each in previous.instances.items() if t in spec.instances}
        return replace(previous, instances=named)
    before = previous.spec
    if before is None or previous.is_new or not before.memberships:
        return previous
    known = _overrides_by_region(spec, before, previous)
    regions = {region for each in before.memberships for region in each.regions}
    named = {t: each for t, each in previous.instances.items() if t not in before.members}
    members = {
        target: known.get(target.region)
        for target, state in seen.instances.items()
        if (target.region in regions or ALL_ENABLED in regions)
        and marks.is_of_resource(state.last_operation_id)
    }
    return replace(previous, instances={**members, **named})


def _overrides_by_region(
    spec: StackSetSpec, before: StackSetSpec, previous: Previous
) -> dict[str, Overrides]:
    """The overrides of all members in a Region, where they can only be the same."""
    everywhere = any(ALL_ENABLED in each.regions for each in before.memberships)
    if everywhere or previous.is_doubtful or not previous.certain:
        return {}
    found: dict[str, set[Overrides]] = defaultdict(set)
    for each in (*spec.memberships, *before.memberships):
        for region in each.regions:
            found[region].add(each.overrides)
    return {region: next(iter(each)) for region, each in found.items() if len(each) == 1}
