"""What CloudFormation shows of a stack, now and as it was a moment ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple


@dataclass(frozen=True)
class ResourceView:
    """A resource of a stack as DescribeStackResource shows it.

    Attributes:
        physical_id: Empty until CloudFormation knows one.
        status: ResourceStatus.
        since: When that status began, in seconds since 1970.
        reason: ResourceStatusReason; empty for none.
        properties: What the resource is to become, as JSON; shown in events only.
    """

    resource_type: str
    physical_id: str
    status: str
    since: float
    reason: str = ""
    properties: str = ""


@dataclass(frozen=True)
class StackView:
    """A stack as DescribeStacks shows it.

    Attributes:
        operations: (OperationType, OperationId), the newest first.
        resources: By logical id.
        deleted_at: When it was gone; None while it is there.
    """

    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    created_at: float = 0.0
    updated_at: float | None = None
    deleted_at: float | None = None
    operations: tuple[tuple[str, str], ...] = ()
    resources: Mapping[str, ResourceView] = field(default_factory=dict)


class Event(NamedTuple):
    """A line of the stack's history; logical_id is the stack's name for its own events."""

    time: float
    logical_id: str
    physical_id: str
    resource_type: str
    status: str
    reason: str
    operation_id: str
    properties: str


@dataclass
class StackRecord:
    """All that is known of a stack.

    Attributes:
        mode: Mode of its DeploymentConfig: STANDARD or EXPRESS.
        disable_rollback: Whether a failure leaves everything as it is.
        views: (moment, how it looked from then on), oldest first.
        events: Oldest first.
    """

    name: str
    stack_id: str
    mode: str = "STANDARD"
    disable_rollback: bool = False
    views: list[tuple[float, StackView]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    @property
    def now(self) -> StackView:
        """How it looks now."""
        return self.views[-1][1] if self.views else StackView()

    def at(self, moment: float) -> StackView | None:
        """How it looked at a moment; None before it was there."""
        for since, view in reversed(self.views):
            if since <= moment:
                return view
        return None

    def begin(self, kind: str, operation_id: str, status: str, moment: float) -> None:
        """Begin an operation on the stack, such as UPDATE_STACK."""
        operations = ((kind, operation_id), *self.now.operations)
        view = replace(self.now, operations=operations)
        if kind == "CREATE_STACK":
            view = replace(view, created_at=moment)
        elif kind != "DELETE_STACK":
            view = replace(view, updated_at=moment)
        self._show(view, moment)
        self.turn(status, moment)

    def turn(self, status: str, moment: float, reason: str = "") -> None:
        """Give the stack another status."""
        gone = moment if status == "DELETE_COMPLETE" else None
        self._show(replace(self.now, status=status, reason=reason, deleted_at=gone), moment)
        kind = "AWS::CloudFormation::Stack"
        operation_id = self._operation_id()
        self.events.append(
            Event(moment, self.name, self.stack_id, kind, status, reason, operation_id, "")
        )

    def turn_resource(self, logical_id: str, view: ResourceView) -> None:
        """Give a resource another status."""
        resources = {**self.now.resources, logical_id: view}
        self._show(replace(self.now, resources=resources), view.since)
        self.note_resource(logical_id, view)

    def note_resource(self, logical_id: str, view: ResourceView) -> None:
        """Write an event only: the clean-up of a replaced id shows nowhere else."""
        named = (logical_id, view.physical_id, view.resource_type)
        told = (view.status, view.reason, self._operation_id(), view.properties)
        self.events.append(Event(view.since, *named, *told))

    def _show(self, view: StackView, moment: float) -> None:
        self.views.append((moment, view))

    def _operation_id(self) -> str:
        return self.now.operations[0][1] if self.now.operations else ""
