"""A small CloudFormation in virtual time: one stack with one custom resource.

It creates, updates, deletes, rolls back, cleans up what was replaced, and has an hour of patience.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from emulator.virtual.aws import RESPONSE_HOST, VirtualAWS
from emulator.virtual.functions import FUNCTION_ARN, Function, Lambda

PATIENCE = 3600.0


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
        served_by: The function behind the resource's service token.
        status: As CloudFormation words it; empty before the stack is created.
        physical_id: What ``Ref`` gives.
        attributes: What ``Fn::GetAtt`` gives.
        answers: (request type, answer) of every request, in order.
        requests: The events of these requests.
        others_fail: Whether another resource fails after this one has been updated.
        left_over: Physical id and properties of what was replaced and could not be deleted.
    """

    aws: VirtualAWS
    served_by: Function
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
        self.function = Lambda(self.aws, self.served_by)
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
            taken = delivery.status == HTTPStatus.OK and delivery.time <= began + patience
            if taken and body["RequestId"] == event["RequestId"]:
                _require_same(body, event)
                return Answer(
                    body["Status"], body["PhysicalResourceId"], body["Reason"], body["Data"]
                )
        self.aws.clock.sleep(max(0.0, began + patience - self.aws.clock.now))
        return Answer(None, event.get("PhysicalResourceId", event["RequestId"]), "timed out")


def _require_same(body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    for name in ("StackId", "LogicalResourceId"):
        if body[name] != event[name]:
            message = f"the answer to {event['RequestId']} has another {name}: {body[name]}"
            raise AssertionError(message)


def _as_delivered(value: Any) -> Any:  # noqa: ANN401  JSON
    """Properties as CloudFormation hands them over: every scalar a string."""
    if isinstance(value, dict):
        return {key: _as_delivered(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_delivered(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)
