"""Finding stack sets, instances and operations, with the errors of those that are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets import errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from emulator.stacksets.readings import Readings
    from emulator.stacksets.state import (
        Operation,
        OverrideChange,
        StackInstance,
        StackSet,
        Target,
    )


class Registry(dict[str, "StackSet"]):
    """All stack sets ever made, by StackSetId, oldest first; deleted ones stay."""

    def active(self, name_or_id: str, call_as: str | None = None) -> StackSet | None:
        """Return the ACTIVE stack set of this name or id, or None.

        Args:
            name_or_id: As calls name it.
            call_as: Whose view it must be in; None for any.
        """
        if (item := self.get(name_or_id)) is not None:
            return item if item.status == "ACTIVE" and call_as in {None, item.call_as} else None
        for item in reversed(self.values()):
            if (item.name, item.status) == (name_or_id, "ACTIVE") and call_as in {
                None,
                item.call_as,
            }:
                return item
        return None

    def find(self, name_or_id: str) -> StackSet:
        """Return the ACTIVE stack set of this name or id, in whosever view it is.

        Raises:
            ApiError: StackSetNotFoundException.
        """
        return _found(self.active(name_or_id), name_or_id)

    def named(self, asked: Mapping[str, Any]) -> StackSet:
        """Return the ACTIVE stack set that a call names, in the view of the call.

        Raises:
            ApiError: StackSetNotFoundException.
        """
        name = str(asked["StackSetName"])
        return _found(self.active(name, view_of(asked)), name)

    def operation(self, asked: Mapping[str, Any]) -> tuple[StackSet, Operation]:
        """Return the stack set and the operation that a call names.

        Raises:
            ApiError: StackSetNotFoundException or OperationNotFoundException.
        """
        item = self.named(asked)
        operation = item.operations.get(asked["OperationId"])
        if operation is None:
            raise errors.operation_not_found(asked["OperationId"])
        return item, operation


def view_of(asked: Mapping[str, Any]) -> str:
    """Return whose stack sets a call sees."""
    return asked.get("CallAs") or "SELF"


def _found(item: StackSet | None, name: str) -> StackSet:
    if item is None:
        raise errors.stack_set_not_found(name)
    return item


def require_instances(item: StackSet, targets: Iterable[Target]) -> list[StackInstance]:
    """Return the instances at these targets.

    Raises:
        ApiError: StackInstanceNotFoundException when a single one is missing.
    """
    found = []
    for target in targets:
        if target not in item.instances:
            raise errors.stack_instance_not_found(item.stack_set_id, *target)
        found.append(item.instances[target])
    return found


def require_idle(item: StackSet) -> None:
    """Check that no operation runs or waits on the stack set.

    Raises:
        ApiError: OperationInProgressException.
    """
    if unfinished := item.unfinished:
        raise errors.operation_in_progress(item.arn, unfinished[0].operation_id)


def require_acceptable(item: StackSet, operation: Operation, readings: Readings) -> None:
    """Check that the stack set takes the operation now, be it into its queue.

    Raises:
        ApiError: OperationIdAlreadyExistsException or OperationInProgressException.
    """
    must_be_idle = not item.configuration.managed_execution
    if must_be_idle and not readings.tells_known_operation_id_first:
        require_idle(item)
    if operation.operation_id in item.operations:
        raise errors.operation_id_already_exists(operation.operation_id)
    if must_be_idle:
        require_idle(item)


def require_overridable(item: StackSet, change: OverrideChange | None) -> None:
    """Check that every stack has the parameters of which one is to be overridden.

    Raises:
        ApiError: ValidationError when the template that declares them is not everywhere yet.
    """
    wanted = {name for name, value in (change or {}).items() if value is not None}
    for instance in item.instances.values():
        if instance.deployed and (new := wanted - instance.declared):
            message = (
                f"Parameters: [{', '.join(sorted(new))}] cannot be overridden before all stack "
                "instances have been updated with the template that declares them"
            )
            raise errors.invalid(message)
