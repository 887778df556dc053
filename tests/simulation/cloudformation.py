"""A small CloudFormation and a small Lambda in virtual time, driving the real function.

CloudFormation: one stack with one custom resource; create, update, delete, rollback, cleanup of a
replaced resource, and an hour of patience. Lambda: asynchronous deliveries, three tries each, a
sandbox that dies after 900 s or whenever a test says so, relays, and the on-failure destination.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from emulator.virtual.aws import RESPONSE_HOST, VirtualAWS
from handler import app

SANDBOX_SECONDS = 900.0
RETRY_PAUSES = (60.0, 120.0)
PATIENCE = 3600.0
FUNCTION_ARN = "arn:aws:lambda:us-east-1:111111111111:function:stacksets"


class SandboxDied(BaseException):
    """The sandbox is gone: nothing of the function runs after this."""


@dataclass
class Context:
    """Lambda's context object, as far as the function reads it."""

    aws: VirtualAWS
    dies_at: float
    invoked_function_arn: str = FUNCTION_ARN
    function_name: str = "stacksets"
    log_group_name: str = "/aws/lambda/stacksets"
    log_stream_name: str = "2026/01/01/[$LATEST]0123456789abcdef"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the sandbox dies."""
        return int((self.dies_at - self.aws.clock.now) * 1000)


@dataclass
class Lambda:
    """Delivers events to the function.

    Attributes:
        deaths: How many sandboxes died.
    """

    aws: VirtualAWS
    deaths: int = 0

    def deliver(self, event: dict[str, Any]) -> None:
        """Deliver an event, and the relays that come of it, to the bitter end."""
        queue = [event]
        while queue:
            seen = len(self.aws.invocations)
            self._try_three_times(queue.pop(0))
            queue += [each.payload for each in self.aws.invocations[seen:]]

    def _try_three_times(self, event: dict[str, Any]) -> None:
        for pause in (0.0, *RETRY_PAUSES):
            self.aws.clock.sleep(pause)
            if self._try(app.handler, event):
                return
        record = {
            "requestContext": {"condition": "RetriesExhausted"},
            "requestPayload": event,
            "responsePayload": {"errorMessage": "Task timed out after 900.00 seconds"},
        }
        assert self._try(app.last_word, record)

    def _try(self, entry: Callable[[Any, Any], None], event: dict[str, Any]) -> bool:
        context = Context(self.aws, self.aws.clock.now + SANDBOX_SECONDS)
        with self._mortal(context.dies_at):
            try:
                entry(event, context)
            except SandboxDied:
                self.deaths += 1
                return False
            except Exception:  # noqa: BLE001 - Lambda takes any error for a failed try
                return False
        return True

    @contextmanager
    def _mortal(self, dies_at: float) -> Iterator[None]:
        def watch(now: float) -> None:
            if now > dies_at:
                raise SandboxDied

        self.aws.clock.on_advance.append(watch)
        try:
            yield
        finally:
            self.aws.clock.on_advance.remove(watch)


@dataclass(frozen=True)
class Answer:
    """What CloudFormation was told; status None when nobody answered in time."""

    status: str | None
    physical_id: str = ""
    reason: str = ""
    data: dict[str, str] = field(default_factory=dict)


@dataclass
class Stack:
    """A stack with one custom resource.

    Attributes:
        status: As CloudFormation words it; empty before the stack is created.
        physical_id: What ``Ref`` gives.
        attributes: What ``Fn::GetAtt`` gives.
        answers: (request type, answer) of every request, in order.
        requests: The events of these requests.
        others_fail: Whether another resource fails after this one has been updated.
        left_over: Physical id and properties of what was replaced and could not be deleted.
    """

    aws: VirtualAWS
    name: str = "story"
    status: str = ""
    physical_id: str = ""
    properties: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    others_fail: bool = False
    left_over: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rollback: tuple[dict[str, Any], dict[str, Any], str] = ({}, {}, "")
        self.function = Lambda(self.aws)
        stack_id = uuid.uuid5(uuid.NAMESPACE_URL, self.name)
        self.stack_id = (
            f"arn:aws:cloudformation:us-east-1:111111111111:stack/{self.name}/{stack_id}"
        )

    @property
    def reason(self) -> str:
        """Why the last request that failed did."""
        return next(a.reason for _, a in reversed(self.answers) if a.status != "SUCCESS")

    def deploy(self, properties: dict[str, Any]) -> str:
        """Create or update the stack; returns its status."""
        wanted = _as_delivered({"ServiceToken": FUNCTION_ARN, **properties})
        if not self.status or self.status in {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}:
            self._create(wanted)
        elif wanted != self.properties:
            self._update(wanted)
        return self.status

    def delete(self) -> str:
        """Delete the stack; returns its status."""
        answer = self._request("Delete", self.properties, physical_id=self.physical_id)
        self.status = "DELETE_COMPLETE" if answer.status == "SUCCESS" else "DELETE_FAILED"
        return self.status

    def continue_rollback(self) -> str:
        """Try again to roll back; returns the stack's status."""
        self._roll_back(*self._rollback)
        return self.status

    def clean_up(self) -> None:
        """Delete what replacements have left, as CloudFormation does after an update."""
        for physical_id, properties in list(self.left_over):
            if self._request("Delete", properties, physical_id=physical_id).status == "SUCCESS":
                self.left_over.remove((physical_id, properties))

    def _create(self, wanted: dict[str, Any]) -> None:
        answer = self._request("Create", wanted)
        self._keep(answer, wanted)
        if answer.status == "SUCCESS":
            self.status = "CREATE_COMPLETE"
            return
        cleanup = self._request("Delete", wanted, physical_id=answer.physical_id)
        done = cleanup.status == "SUCCESS"
        self.status = "ROLLBACK_COMPLETE" if done else "ROLLBACK_FAILED"

    def _update(self, wanted: dict[str, Any]) -> None:
        before, physical_id = self.properties, self.physical_id
        answer = self._request("Update", wanted, before, physical_id)
        if answer.status == "SUCCESS" and not self.others_fail:
            self.status = "UPDATE_COMPLETE"
            self._finish(answer, wanted, physical_id, before)
            return
        if answer.status == "SUCCESS":
            physical_id = answer.physical_id
        self._roll_back(wanted, before, physical_id)

    def _roll_back(self, failed: dict[str, Any], before: dict[str, Any], physical_id: str) -> None:
        answer = self._request("Update", before, failed, physical_id)
        if answer.status == "SUCCESS":
            self.status = "UPDATE_ROLLBACK_COMPLETE"
            self._finish(answer, before, physical_id, failed)
        else:
            self.status = "UPDATE_ROLLBACK_FAILED"
            self._rollback = (failed, before, physical_id)

    def _finish(
        self, answer: Answer, now: dict[str, Any], physical_id: str, replaced: dict[str, Any]
    ) -> None:
        self._keep(answer, now)
        if answer.physical_id != physical_id:
            self.left_over.append((physical_id, replaced))
            self.clean_up()

    def _keep(self, answer: Answer, properties: dict[str, Any]) -> None:
        self.physical_id, self.attributes = answer.physical_id, answer.data
        self.properties = properties

    def _request(
        self,
        request_type: str,
        properties: dict[str, Any],
        old_properties: dict[str, Any] | None = None,
        physical_id: str = "",
    ) -> Answer:
        request_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}-{len(self.answers)}"))
        event = {
            "RequestType": request_type,
            "RequestId": request_id,
            "StackId": self.stack_id,
            "ResponseURL": f"https://{RESPONSE_HOST}/{request_id}?{self._signature()}",
            "ResourceType": "Custom::StackSet",
            "LogicalResourceId": "StackSet",
            "ResourceProperties": properties,
        }
        if old_properties is not None:
            event["OldResourceProperties"] = old_properties
        if physical_id:
            event["PhysicalResourceId"] = physical_id
        self.requests.append(event)
        began = self.aws.clock.now
        self.function.deliver(event)
        answer = self._answer_to(event, began)
        self.answers.append((request_type, answer))
        return answer

    def _signature(self) -> str:
        signed_at = datetime.fromtimestamp(self.aws.clock.now, UTC)
        return f"X-Amz-Date={signed_at:%Y%m%dT%H%M%SZ}&X-Amz-Expires=7200&X-Amz-Signature=secret"

    def _answer_to(self, event: dict[str, Any], began: float) -> Answer:
        patience = float(event["ResourceProperties"].get("ServiceTimeout", PATIENCE))
        for delivery in self.aws.responses:
            body = delivery.body
            taken = delivery.status == 200 and delivery.time <= began + patience
            if taken and body["RequestId"] == event["RequestId"]:
                assert body["StackId"] == event["StackId"]
                assert body["LogicalResourceId"] == event["LogicalResourceId"]
                return Answer(
                    body["Status"], body["PhysicalResourceId"], body["Reason"], body["Data"]
                )
        self.aws.clock.sleep(max(0.0, began + patience - self.aws.clock.now))
        return Answer(None, event.get("PhysicalResourceId", event["RequestId"]), "timed out")


def _as_delivered(value: Any) -> Any:
    """Properties as CloudFormation hands them over: every scalar a string."""
    if isinstance(value, dict):
        return {key: _as_delivered(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_delivered(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)
