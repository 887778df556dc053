"""DescribeStacks, DescribeStackResource and DescribeStackEvents, from the records of the stacks."""

from __future__ import annotations

import functools
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from emulator.stacksets import wire
from emulator.stacksets.dice import Dice
from emulator.stacksets.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.virtual.records import Event, ResourceView, StackRecord, StackView

ACTIONS = frozenset({"DescribeStacks", "DescribeStackResource", "DescribeStackEvents"})


class Asking:
    """Answers questions about stacks.

    That the right is missing, or a call is throttled, is a `CallFault` of the engine's faults.

    Attributes:
        records: The stacks, oldest first; deleted ones stay.
        unanswered: Actions that never answer.
        lag: By action, how old what it shows may be, in seconds: each call draws its own. A
            resource that was not there then "does not exist".
    """

    def __init__(self, now: Callable[[], float], seed: int = 0) -> None:
        self.records: list[StackRecord] = []
        self.unanswered: set[str] = set()
        self.lag: dict[str, float] = {}
        self._now = now
        self._random = Dice(seed)

    def call(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one question.

        Returns:
            The answer as botocore gives it, without `ResponseMetadata`.

        Raises:
            ApiError: ValidationError: there is no such stack or resource.
        """
        lag = self.lag.get(action, 0.0)
        moment = self._now() - (self._random.uniform(0.0, lag) if lag else 0.0)
        if action == "DescribeStacks":
            return self._stacks(asked, moment)
        if action == "DescribeStackResource":
            return self._resource(asked, moment)
        return self._events(asked, moment)

    def _stacks(self, asked: Mapping[str, Any], moment: float) -> dict[str, Any]:
        name = asked.get("StackName")
        if name is not None:
            record, view = self._find(name, moment, f"Stack with id {name} does not exist")
            return {"Stacks": [_stack(record, view)]}
        views = [(each, each.at(moment)) for each in self.records]
        shown = [_stack(each, view) for each, view in views if view and view.deleted_at is None]
        return {"Stacks": shown}

    def _resource(self, asked: Mapping[str, Any], moment: float) -> dict[str, Any]:
        name, logical_id = asked["StackName"], asked["LogicalResourceId"]
        record, _ = self._find(name, self._now(), f"Stack '{name}' does not exist")
        view = record.at(moment)
        if view is None or logical_id not in view.resources:
            message = f"Resource {logical_id} does not exist for stack {record.name}"
            raise invalid(message)
        detail = _resource(record, logical_id, view.resources[logical_id])
        return {"StackResourceDetail": detail}

    def _events(self, asked: Mapping[str, Any], moment: float) -> dict[str, Any]:
        name = asked["StackName"]
        record, _ = self._find(name, moment, f"Stack [{name}] does not exist")
        events = [_event(record, each) for each in record.events if each.time <= moment]
        return {"StackEvents": events[::-1]}

    def _find(self, name: str, moment: float, complaint: str) -> tuple[StackRecord, StackView]:
        for record in reversed(self.records):
            view = record.at(moment)
            if view is None:
                continue
            if name == record.stack_id or (name == record.name and view.deleted_at is None):
                return record, view
        raise invalid(complaint)


def _stack(record: StackRecord, view: StackView) -> dict[str, Any]:
    operations = [{"OperationType": kind, "OperationId": id_} for kind, id_ in view.operations[:1]]
    shown = {
        "StackId": record.stack_id,
        "StackName": record.name,
        "CreationTime": _moment(view.created_at),
        "DeletionTime": _moment(view.deleted_at),
        "LastUpdatedTime": _moment(view.updated_at),
        "StackStatus": view.status,
        "StackStatusReason": view.reason or None,
        "DisableRollback": record.disable_rollback,
        "DeploymentConfig": {"Mode": record.mode, "DisableRollback": record.disable_rollback},
        "LastOperations": operations,
    }
    known = _members("DescribeStacks", "Stacks")
    return {key: value for key, value in shown.items() if value is not None and key in known}


def _resource(record: StackRecord, logical_id: str, view: ResourceView) -> dict[str, Any]:
    shown = {
        "StackName": record.name,
        "StackId": record.stack_id,
        "LogicalResourceId": logical_id,
        "PhysicalResourceId": view.physical_id or None,
        "ResourceType": view.resource_type,
        "LastUpdatedTimestamp": _moment(view.since),
        "ResourceStatus": view.status,
        "ResourceStatusReason": view.reason or None,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _event(record: StackRecord, event: Event) -> dict[str, Any]:
    shown = {
        "StackId": record.stack_id,
        "EventId": str(uuid.uuid5(uuid.NAMESPACE_URL, repr(event))),
        "StackName": record.name,
        "OperationId": event.operation_id or None,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.resource_type,
        "Timestamp": _moment(event.time),
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason or None,
        "ResourceProperties": event.properties or None,
    }
    known = _members("DescribeStackEvents", "StackEvents")
    return {key: value for key, value in shown.items() if value is not None and key in known}


@functools.cache
def _members(action: str, listed: str) -> frozenset[str]:
    """The members that the installed model knows; older ones lack some of ours."""
    shape: Any = wire.service_model().operation_model(action).output_shape
    return frozenset(shape.members[listed].member.members)


def _moment(seconds: float | None) -> datetime | None:
    """A moment in whole milliseconds, as CloudFormation tells it."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(int(seconds * 1000) / 1000, UTC)
