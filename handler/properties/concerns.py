"""What is allowed, and yet perhaps not what its author means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from handler.values.preferences import asked_at_once, at_once
from handler.values.spec import StackSetSpec
from handler.values.targets import Target


def concerns(spec: StackSetSpec) -> Iterator[str]:
    """Yields a sentence for each, with the property's path and the mend."""
    yield from _apart_from_groups(spec)
    regions = {each.region for each in spec.instances}
    regions |= {region for each in spec.memberships for region in each.regions}
    if spec.service_managed is not None:
        regions = {region for group in spec.service_managed.groups for region in group.regions}
    if not regions:
        return
    # Which Regions are enabled is not known here.
    everywhere = spec.names_all_regions
    order = spec.preferences.get("RegionOrder", ())
    names = ", ".join(each for each in order if each not in regions)
    if names and not everywhere:
        yield (
            f"OperationPreferences.RegionOrder names {names}, where no group has instances:"
            " take it out, or add it to the Regions of a group."
        )
    if spec.instances and not spec.memberships:
        yield from _capped_concurrency(spec.preferences, _most_in_a_region(spec.instances))


def _apart_from_groups(spec: StackSetSpec) -> Iterator[str]:
    """Which imported stacks no group gives overrides, though there are groups."""
    groups = spec.service_managed.groups if spec.service_managed is not None else ()
    named = {unit for group in groups for unit in group.units}
    ids = [(each, stacks.units) for stacks in spec.imports for each in stacks.stack_ids]
    for stack_id, units in ids if groups else ():
        if named.isdisjoint(units):
            yield (
                f"ImportStacks: no group names {', '.join(units)}, for which {stack_id} joins, so"
                " none gives it overrides. Write the unit of the group that is meant to."
            )


def _most_in_a_region(targets: Iterable[Target]) -> int:
    return max(Counter(each.region for each in targets).values())


def _capped_concurrency(preferences: Mapping[str, Any], accounts: int) -> Iterator[str]:
    """Whether the mode lets fewer stacks of a Region go at once than are asked for."""
    asked, most = asked_at_once(preferences, accounts), at_once(preferences, accounts)
    if asked > most:
        yield (
            f"OperationPreferences asks for {asked} stacks of a Region at once, and at most {most}"
            " go: ConcurrencyMode STRICT_FAILURE_TOLERANCE, the default, caps them at the failure"
            " tolerance and one. Write ConcurrencyMode: SOFT_FAILURE_TOLERANCE to have all of them."
        )
