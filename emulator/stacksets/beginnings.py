"""What the start of an operation does to its stack set."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from emulator.stacksets import targeting
from emulator.stacksets.state import RegionRun, StackInstance, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from emulator.stacksets.organization import Organization
    from emulator.stacksets.state import Operation, StackSet


def begin(
    stack_set: StackSet,
    operation: Operation,
    organization: Organization | None,
    new_uuid: Callable[[], str],
) -> list[Target]:
    """Put the operation's configuration and marks into place.

    Args:
        stack_set: What it is about.
        operation: Its selection, if it has one, is looked up now.
        organization: Where that is looked up.
        new_uuid: Names new instances.

    Returns:
        The targets at which it has work to do.
    """
    _configure(stack_set, operation)
    if operation.selection is not None and organization is not None:
        find_targets(stack_set, operation, organization)
        _follow(stack_set, operation, organization)
    for account, region in operation.imports:
        if unit := operation.units.get(account):
            stack_set.followed.setdefault(unit, {})[region] = None
    targets = [*_targets(stack_set, operation, new_uuid)]
    if stack_set.configuration.service_managed:
        made_by = {target.account: stack_set.instances[target].unit for target in targets}
        operation.units = made_by | {**operation.units}
    for target in targets:
        operation.record(target, "PENDING")
        if operation.detects_drift:
            continue
        stack_set.outdate(target)
        stack_set.change(
            target,
            detailed_status="PENDING",
            status_reason="",
            last_operation_id=operation.operation_id,
            overrides=stack_set.instances[target].overridden(operation.overrides),
        )
    return targets


def find_targets(stack_set: StackSet, operation: Operation, organization: Organization) -> None:
    """Find the targets of an operation whose call has selected them by unit, as they are now."""
    if operation.selection is None:
        return
    operation.units = targeting.members(operation.selection, organization)
    operation.targets = targeting.resolve(
        operation.selection, operation.action, stack_set, organization
    )


def region_runs(operation: Operation, targets: list[Target]) -> list[RegionRun]:
    """Group the targets by Region: first those of RegionOrder, then as they come."""
    by_region: dict[str, deque[Target]] = {
        region: deque() for region in operation.preferences.region_order
    }
    for target in targets:
        by_region.setdefault(target.region, deque()).append(target)
    return [
        RegionRun(region, accounts=len(pending), pending=pending)
        for region, pending in by_region.items()
    ]


def _configure(stack_set: StackSet, operation: Operation) -> None:
    if operation.configuration is None:
        return
    changed = operation.configuration.outdates(stack_set.configuration)
    if changed or operation.outdates_all:
        for target in stack_set.instances:
            stack_set.outdate(target)
    stack_set.configuration = operation.configuration


def _follow(stack_set: StackSet, operation: Operation, organization: Organization) -> None:
    """Keep which units the stack set has been told; account filters do not count."""
    chosen = operation.selection
    if chosen is None:
        return
    if operation.action == "CREATE":
        for unit in chosen.units:
            stack_set.followed.setdefault(unit, {}).update(dict.fromkeys(chosen.regions))
    elif operation.action == "DELETE" and not chosen.accounts:
        for unit, regions in [*stack_set.followed.items()]:
            if {unit, *organization.lineage(unit)}.isdisjoint(chosen.units):
                continue
            for region in chosen.regions:
                regions.pop(region, None)
            if not regions:
                del stack_set.followed[unit]


def _targets(
    stack_set: StackSet, operation: Operation, new_uuid: Callable[[], str]
) -> Iterable[Target]:
    """Yield the targets at which the operation has work to do."""
    instances = stack_set.instances
    targets = operation.targets
    if targets is None:
        targets = tuple(sorted(instances, key=lambda target: (target.region, target.account)))
    for target in targets:
        instance = instances.get(target)
        if operation.action == "CREATE":
            if instance is None:
                unit = operation.units.get(target.account, "")
                stack_set.add(StackInstance(target, new_uuid(), unit=unit))
            elif instance.status != "OUTDATED" and not operation.imports:
                operation.record(target, "SUCCEEDED")
                continue
            yield target
        elif instance is None or (operation.detects_drift and not instance.deployed):
            continue
        elif operation.action == "DELETE" or instance.status != "INOPERABLE":
            yield target
