"""A small CloudFormation in virtual time: one stack with one custom resource.

It creates, updates, deletes, rolls back, cleans up what was replaced, and has an hour of patience.
It runs side by side with the function: a request is given up when a sibling of the resource fails,
the user cancels the update or deletes the stack, and CloudFormation goes on without its answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emulator.virtual.aws import VirtualAWS
from emulator.virtual.functions import FUNCTION_ARN, Function, Lambda, Sandboxes
from emulator.virtual.records import StackRecord
from emulator.virtual.requests import RESOURCE_TYPE, Answer, Requests, Timing, as_delivered
from emulator.virtual.scheduler import Task

__all__ = ["Answer", "Stack", "Timing"]

_GONE = {"", "ROLLBACK_COMPLETE", "DELETE_COMPLETE"}
_SIBLING_FAILED, _CANCELLED, _DELETED = "sibling failed", "cancelled", "deleted"


@dataclass
class Stack:
    """A stack with one custom resource.

    Attributes:
        served_by: The function behind the resource's service token.
        physical_id: What ``Ref`` gives.
        attributes: What ``Fn::GetAtt`` gives.
        answers: (request type, answer) of every request, in order.
        requests: The events of these requests.
        others_fail: Whether another resource fails after this one has been updated.
        left_over: Physical id and properties of what was replaced and could not be deleted.
        retain: Whether the resource has DeletionPolicy Retain.
        disable_rollback: Whether a failed create stays as it is, to be tried again.
        timing: When CloudFormation does what.
        resource_type: The resource's type.
    """

    aws: VirtualAWS
    served_by: Function | Sandboxes
    name: str = "story"
    physical_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    others_fail: bool = False
    left_over: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    retain: bool = False
    disable_rollback: bool = False
    timing: Timing = field(default_factory=Timing)
    resource_type: str = RESOURCE_TYPE

    def __post_init__(self) -> None:
        if not isinstance(self.served_by, Sandboxes):
            self.served_by = Sandboxes(self.served_by)
        self.function = Lambda(self.aws, self.served_by)
        self._generation = 0
        self._operations = 0
        self._given_up = ""
        self._process: Task | None = None
        self._rollback: tuple[dict[str, Any], dict[str, Any], str] = ({}, {}, "")
        self._sent = Requests(self.aws, self.function, self._new_record(), self.timing)
        self._sent.resource_type = self.resource_type

    # --- what can be read -----------------------------------------------------------------------

    @property
    def status(self) -> str:
        """The status as CloudFormation words it; empty before the stack is created."""
        return self.record.now.status if self.record.views else ""

    @property
    def record(self) -> StackRecord:
        """What CloudFormation shows of it."""
        return self._sent.record

    @property
    def stack_id(self) -> str:
        """Its id; a stack that is created again has another."""
        return self.record.stack_id

    @property
    def answers(self) -> list[tuple[str, Answer]]:
        """(request type, answer) of every request that has one or was given up, in order."""
        return self._sent.answers

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The events of all requests, in order."""
        return self._sent.events

    @property
    def reason(self) -> str:
        """Why the last request that failed did."""
        return next(a.reason for _, a in reversed(self.answers) if a.status != "SUCCESS")

    @property
    def is_settled(self) -> bool:
        """Whether CloudFormation works on it no more; sandboxes may still."""
        return self._process is None or self._process.done

    @property
    def can_be_given_up(self) -> bool:
        """Whether it is on the way forward, so that a failure would roll it back."""
        return not self.is_settled and self.status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}

    # --- what a user does -----------------------------------------------------------------------

    def deploy(self, properties: dict[str, Any]) -> str:
        """Create or update the stack; returns its status once it has settled."""
        self.start(properties)
        return self.settle()

    def delete(self) -> str:
        """Delete the stack; returns its status once it has settled."""
        self.start_delete()
        return self.settle()

    def start(self, properties: dict[str, Any]) -> None:
        """Begin to create or update the stack; `settle` waits for the end."""
        wanted = as_delivered({"ServiceToken": FUNCTION_ARN, **properties})
        if self.status in _GONE:
            self._begin(lambda: self._create(wanted))
        elif self.status in {"CREATE_FAILED", "UPDATE_FAILED"}:
            self._begin(lambda: self._create_again(wanted))
        elif wanted != self.properties:
            self._begin(lambda: self._update(wanted))

    def start_delete(self) -> None:
        """Begin to delete the stack, even in the middle of its create."""
        if self.is_settled:
            self._begin(self._delete)
        else:
            self._give_up(_DELETED, "CREATE_IN_PROGRESS")

    def cancel(self) -> None:
        """Cancel the update that is in progress."""
        self._give_up(_CANCELLED, "UPDATE_IN_PROGRESS")

    def sibling_fails(self) -> None:
        """Let another resource of the stack fail while this one is created or updated."""
        self._give_up(_SIBLING_FAILED, "CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")

    def settle(self) -> str:
        """Wait until CloudFormation has done with the stack; returns its status.

        A sandbox whose request was given up may run on; `aws.scheduler.drain` waits for those.
        """
        if self._process is not None:
            self.aws.scheduler.join(self._process)
        self._process = None
        return self.status

    def continue_rollback(self) -> str:
        """Try again to roll back; returns the stack's status."""
        self._open("CONTINUE_ROLLBACK", "UPDATE_ROLLBACK_IN_PROGRESS")
        self._begin(lambda: self._roll_back(*self._rollback))
        return self.settle()

    def clean_up(self) -> None:
        """Delete what replacements have left, as CloudFormation does after an update."""
        if self.left_over:
            self._begin(self._clean_up)
            self.settle()

    # --- what CloudFormation does ---------------------------------------------------------------

    def _begin(self, process: Callable[[], None]) -> None:
        if not self.is_settled:
            message = f"the stack is {self.status}"
            raise RuntimeError(message)
        self._given_up = ""
        self._process = self.aws.scheduler.spawn(f"CloudFormation of {self.name}", process)

    def _give_up(self, why: str, *statuses: str) -> None:
        if not self.can_be_given_up or self.status not in statuses:
            message = f"a stack that is {self.status} cannot be {why}"
            raise RuntimeError(message)
        self._given_up = why

    def _is_given_up(self) -> bool:
        return bool(self._given_up)

    def _create(self, wanted: dict[str, Any]) -> None:
        if self.status:
            self._turn("DELETE_COMPLETE")
            self._sent.record = self._new_record()
        self._open("CREATE_STACK", "CREATE_IN_PROGRESS")
        answer = self._forward("Create", wanted)
        self._keep(answer, wanted)
        if self._given_up == _DELETED:
            self._delete()
        elif answer.status == "SUCCESS" and not self._given_up:
            self._turn("CREATE_COMPLETE")
        elif self.disable_rollback:
            self._fail("CREATE_FAILED", answer, wanted)
        else:
            self._turn("ROLLBACK_IN_PROGRESS")
            self.aws.clock.sleep(self.timing.rolls_back_after)
            done = self._remove()
            self._turn("ROLLBACK_COMPLETE" if done else "ROLLBACK_FAILED")

    def _create_again(self, wanted: dict[str, Any]) -> None:
        """Try a create again that failed with rollback disabled."""
        self._open("UPDATE_STACK", "UPDATE_IN_PROGRESS")
        answer = self._forward("Create", wanted)
        self._keep(answer, wanted)
        if answer.status == "SUCCESS" and not self._given_up:
            self._complete("UPDATE")
        else:
            self._fail("UPDATE_FAILED", answer, wanted)

    def _fail(self, status: str, answer: Answer, wanted: dict[str, Any]) -> None:
        """Stay as it is; a later create leaves the failed one to the clean-up."""
        self._turn(status)
        self.left_over.append((answer.physical_id, wanted))

    def _update(self, wanted: dict[str, Any]) -> None:
        before, physical_id = self.properties, self.physical_id
        self._open("UPDATE_STACK", "UPDATE_IN_PROGRESS")
        answer = self._forward("Update", wanted, before, physical_id)
        if answer.status == "SUCCESS" and not (self.others_fail or self._given_up):
            self._finish("UPDATE", answer, wanted, physical_id, before)
            return
        if answer.status == "SUCCESS":
            physical_id = answer.physical_id
        self._turn("UPDATE_ROLLBACK_IN_PROGRESS")
        self.aws.clock.sleep(self.timing.rolls_back_after)
        self._roll_back(wanted, before, physical_id)

    def _roll_back(self, failed: dict[str, Any], before: dict[str, Any], physical_id: str) -> None:
        answer = self._sent.request("Update", before, failed, physical_id)
        if answer.status == "SUCCESS":
            self._finish("UPDATE_ROLLBACK", answer, before, physical_id, failed)
        else:
            self._turn("UPDATE_ROLLBACK_FAILED")
            self._rollback = (failed, before, physical_id)

    def _finish(
        self,
        what: str,
        answer: Answer,
        now: dict[str, Any],
        physical_id: str,
        replaced: dict[str, Any],
    ) -> None:
        self._keep(answer, now)
        if answer.physical_id != physical_id:
            self.left_over.append((physical_id, replaced))
        self._complete(what)

    def _complete(self, what: str) -> None:
        self._turn(f"{what}_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up()
        self._turn(f"{what}_COMPLETE")

    def _clean_up(self) -> None:
        for physical_id, properties in list(self.left_over):
            if self._sent.clean_up(physical_id, properties).status == "SUCCESS":
                self.left_over.remove((physical_id, properties))

    def _delete(self) -> None:
        self._open("DELETE_STACK", "DELETE_IN_PROGRESS")
        if self._given_up:
            self.aws.clock.sleep(self.timing.rolls_back_after)
        done = self._remove()
        self._turn("DELETE_COMPLETE" if done else "DELETE_FAILED")
        if done:
            self.left_over = [each for each in self.left_over if each[0] != self.physical_id]

    def _remove(self) -> bool:
        """Delete the resource; tell whether it is gone, or left on purpose."""
        shown = self._sent.shown
        if shown is not None and shown.status in {"DELETE_COMPLETE", "DELETE_SKIPPED"}:
            return True
        if self.retain:
            self._sent.skip(self.physical_id, self.properties)
            return True
        answer = self._sent.request("Delete", self.properties, physical_id=self.physical_id)
        return answer.status == "SUCCESS"

    def _forward(
        self,
        kind: str,
        properties: dict[str, Any],
        old_properties: dict[str, Any] | None = None,
        physical_id: str = "",
    ) -> Answer:
        """Make a request that is given up when the stack fails meanwhile."""
        return self._sent.request(kind, properties, old_properties, physical_id, self._is_given_up)

    def _keep(self, answer: Answer, properties: dict[str, Any]) -> None:
        self.physical_id, self.attributes = answer.physical_id, answer.data
        self.properties = properties

    # --- what it shows --------------------------------------------------------------------------

    def _new_record(self) -> StackRecord:
        seed = f"{self.name}-{self._generation}" if self._generation else self.name
        self._generation += 1
        stack_id = uuid.uuid5(uuid.NAMESPACE_URL, seed)
        arn = f"arn:aws:cloudformation:us-east-1:111111111111:stack/{self.name}/{stack_id}"
        record = StackRecord(self.name, arn, disable_rollback=self.disable_rollback)
        self.aws.asking.records.append(record)
        return record

    def _open(self, kind: str, status: str) -> None:
        self._operations += 1
        operation_id = uuid.uuid5(uuid.NAMESPACE_URL, f"{self.stack_id}-{self._operations}")
        self.record.begin(kind, str(operation_id), status, self.aws.clock.now)

    def _turn(self, status: str) -> None:
        self.record.turn(status, self.aws.clock.now)
