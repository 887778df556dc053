"""One custom resource's requests: how they are sent, waited for and shown."""

from __future__ import annotations

import hashlib
import json
import string
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from emulator.virtual.aws import RESPONSE_HOST, VirtualAWS
from emulator.virtual.functions import Lambda
from emulator.virtual.records import ResourceView, StackRecord

PATIENCE = 3600.0
LOGICAL_ID = "StackSet"
RESOURCE_TYPE = "Custom::StackSet"
_MADE_UP = string.ascii_uppercase + string.digits
_TIMED_OUT = (
    "CloudFormation did not receive a response from your Custom Resource. Please check your logs "
    "for requestId"
)
_CANCELLED = {
    "Create": "Resource creation cancelled",
    "Update": "Resource update cancelled",
}


@dataclass(frozen=True)
class Answer:
    """What CloudFormation was told; status None when nobody answered in time or it gave up."""

    status: str | None
    physical_id: str = ""
    reason: str = ""
    data: dict[str, str] = field(default_factory=dict)


@dataclass
class Timing:
    """When CloudFormation does what.

    Attributes:
        overlaps: Whether an answer is taken the moment it comes, as CloudFormation does; else
            only when no delivery of the request is left, so that nothing overlaps unless a
            request is given up.
        sends_after: Seconds from ``*_IN_PROGRESS`` to the moment when the event is signed.
        rolls_back_after: Seconds from a failure to the request that rolls back.
    """

    overlaps: bool = False
    sends_after: float = 0.125
    rolls_back_after: float = 1.0


@dataclass
class Requests:
    """Sends requests to the function and notes what becomes of them.

    Attributes:
        record: What CloudFormation shows of the stack.
        answers: (request type, answer) of every request that has one or was given up.
        events: Every request, in order.
        resource_type: The resource's type.
    """

    aws: VirtualAWS
    function: Lambda
    record: StackRecord
    timing: Timing
    answers: list[tuple[str, Answer]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    resource_type: str = RESOURCE_TYPE

    @property
    def shown(self) -> ResourceView | None:
        """The resource as it is shown; None before it is there."""
        return self.record.now.resources.get(LOGICAL_ID)

    def request(
        self,
        kind: str,
        properties: dict[str, Any],
        old_properties: dict[str, Any] | None = None,
        physical_id: str = "",
        given_up: Callable[[], bool] = lambda: False,
    ) -> Answer:
        """Send a request and wait for the answer.

        Args:
            kind: Create, Update or Delete.
            properties: As CloudFormation delivers them.
            old_properties: Those before, for an Update.
            physical_id: Empty for a Create.
            given_up: Tells whether the answer is of no interest any more.
        """
        self._show(f"{kind.upper()}_IN_PROGRESS", physical_id, "", properties)
        answer = self._exchange(kind, properties, old_properties, physical_id, given_up)
        done = answer.status == "SUCCESS"
        shown_id = answer.physical_id if done or kind == "Create" else physical_id
        status = f"{kind.upper()}_{'COMPLETE' if done else 'FAILED'}"
        self._show(status, shown_id, _shown_reason(answer), properties)
        return answer

    def clean_up(self, physical_id: str, properties: dict[str, Any]) -> Answer:
        """Delete what was replaced; the resource goes on to show its new id and status."""
        self._note("DELETE_IN_PROGRESS", physical_id, properties)
        answer = self._exchange("Delete", properties, None, physical_id, lambda: False)
        done = answer.status == "SUCCESS"
        self._note("DELETE_COMPLETE" if done else "DELETE_FAILED", physical_id, properties)
        return answer

    def skip(self, physical_id: str, properties: dict[str, Any]) -> None:
        """Leave the resource where it is when its stack goes."""
        self._show("DELETE_SKIPPED", physical_id, "", properties)

    def _show(self, status: str, physical_id: str, reason: str, properties: dict[str, Any]) -> None:
        view = self._view(status, physical_id, reason, properties)
        self.record.turn_resource(LOGICAL_ID, view)

    def _note(self, status: str, physical_id: str, properties: dict[str, Any]) -> None:
        view = self._view(status, physical_id, "", properties)
        self.record.note_resource(LOGICAL_ID, view)

    def _view(
        self, status: str, physical_id: str, reason: str, properties: dict[str, Any]
    ) -> ResourceView:
        now, text = self.aws.clock.now, json.dumps(properties)
        return ResourceView(self.resource_type, physical_id, status, now, reason, text)

    # --- one request and its answer ---------------------------------------------------------------

    def _exchange(
        self,
        kind: str,
        properties: dict[str, Any],
        old_properties: dict[str, Any] | None,
        physical_id: str,
        given_up: Callable[[], bool],
    ) -> Answer:
        self.aws.clock.sleep(self.timing.sends_after)
        event = self._event(kind, properties)
        if old_properties is not None:
            event["OldResourceProperties"] = old_properties
        if physical_id:
            event["PhysicalResourceId"] = physical_id
        self.events.append(event)
        began, seen = self.aws.clock.now, len(self.aws.responses)
        self.function.start(event)
        answer = self._wait(event, began, seen, given_up)
        self.answers.append((kind, answer))
        return answer

    def _event(self, kind: str, properties: dict[str, Any]) -> dict[str, Any]:
        number = f"{self.record.stack_id}-{len(self.events)}"
        request_id = str(uuid.uuid5(uuid.NAMESPACE_URL, number))
        signed_at = datetime.fromtimestamp(self.aws.clock.now, UTC)
        signature = f"X-Amz-Date={signed_at:%Y%m%dT%H%M%SZ}&X-Amz-Expires=7200"
        return {
            "RequestType": kind,
            "RequestId": request_id,
            "StackId": self.record.stack_id,
            "ResponseURL": f"https://{RESPONSE_HOST}/{request_id}?{signature}&X-Amz-Signature=x",
            "ResourceType": self.resource_type,
            "LogicalResourceId": LOGICAL_ID,
            "ResourceProperties": properties,
        }

    def _wait(
        self, event: dict[str, Any], began: float, seen: int, given_up: Callable[[], bool]
    ) -> Answer:
        deadline = began + float(event["ResourceProperties"].get("ServiceTimeout", PATIENCE))
        scheduler = self.aws.scheduler

        def answer() -> Answer | None:
            return self._told(event, deadline, seen)

        if self.timing.overlaps:
            scheduler.wait(lambda: given_up() or answer() is not None, deadline)
        else:
            request_id = event["RequestId"]
            scheduler.wait(lambda: given_up() or not self.function.is_busy_with(request_id))
        told = answer()
        if told is None and not given_up():
            scheduler.wait(given_up, deadline)
            told = answer()
        return told or self._silence(event, cancelled=given_up())

    def _told(self, event: dict[str, Any], deadline: float, seen: int) -> Answer | None:
        for delivery in self.aws.responses[seen:]:
            body = delivery.body
            taken = delivery.status == HTTPStatus.OK and delivery.time <= deadline
            if taken and body["RequestId"] == event["RequestId"]:
                _require_same(body, event)
                return Answer(
                    body["Status"], body["PhysicalResourceId"], body["Reason"], body["Data"]
                )
        return None

    def _silence(self, event: dict[str, Any], *, cancelled: bool) -> Answer:
        physical_id = event.get("PhysicalResourceId") or self._made_up(event["RequestId"])
        reason = (
            _CANCELLED[event["RequestType"]]
            if cancelled
            else f"{_TIMED_OUT} [{event['RequestId']}]"
        )
        return Answer(None, physical_id, reason)

    def _made_up(self, request_id: str) -> str:
        """The physical id that CloudFormation makes for what was given up before it had one."""
        digest = hashlib.sha256(request_id.encode()).digest()
        tail = "".join(_MADE_UP[each % len(_MADE_UP)] for each in digest[:12])
        return f"{self.record.name}-{LOGICAL_ID}-{tail}"


def _shown_reason(answer: Answer) -> str:
    if answer.status == "FAILED":
        return (
            "Received response status [FAILED] from custom resource. "
            f"Message returned: {answer.reason}"
        )
    return "" if answer.status else answer.reason


def _require_same(body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    for name in ("StackId", "LogicalResourceId"):
        if body[name] != event[name]:
            message = f"the answer to {event['RequestId']} has another {name}: {body[name]}"
            raise AssertionError(message)


def as_delivered(value: Any) -> Any:  # noqa: ANN401  JSON
    """Properties as CloudFormation hands them over: every scalar a string."""
    if isinstance(value, dict):
        return {key: as_delivered(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_delivered(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)
