"""What it comes to where instances are wanted in all Regions that are enabled."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TypeVar

from handler.values.memberships import Membership
from handler.values.organization import UnitGroup
from handler.values.spec import StackSetSpec
from handler.values.targets import ALL_ENABLED, Target

_Group = TypeVar("_Group", UnitGroup, Membership)


def in_regions(spec: StackSetSpec, enabled: Collection[str]) -> StackSetSpec:
    """Returns the same with Regions by their names; what names its Regions itself comes first.

    Args:
        spec: What the template says.
        enabled: The Regions that are enabled.
    """
    everywhere = [Target(each, region) for each in spec.in_all_regions for region in enabled]
    return _with_regions(spec, everywhere, enabled)


def in_present_regions(spec: StackSetSpec, there: Collection[Target]) -> StackSetSpec:
    """Returns the same with the Regions in which there are instances already.

    Args:
        spec: What the template says.
        there: The instances.
    """
    everywhere = [each for each in there if each.account in spec.in_all_regions]
    return _with_regions(spec, everywhere, {each.region for each in there})


def _with_regions(
    spec: StackSetSpec, everywhere: Iterable[Target], regions: Collection[str]
) -> StackSetSpec:
    instances = {each: spec.in_all_regions[each.account] for each in everywhere}
    managed = spec.service_managed
    if managed is not None:
        groups = tuple(_of_group(each, regions) for each in managed.groups)
        managed = replace(managed, groups=groups)
    return replace(
        spec,
        instances={**instances, **spec.instances},
        service_managed=managed,
        memberships=tuple(_of_group(each, regions) for each in spec.memberships),
    )


def _of_group(group: _Group, regions: Collection[str]) -> _Group:
    if ALL_ENABLED not in group.regions:
        return group
    return replace(group, regions=tuple(sorted({*group.regions, *regions} - {ALL_ENABLED})))
