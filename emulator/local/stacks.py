"""Creates, updates and deletes a stack through any CloudFormation client, and waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from emulator.local.waiting import pause

Event = Mapping[str, Any]
Watch = Callable[[Sequence[Event]], None]

_NOTHING_TO_DO = "No updates are to be performed"
_CAPABILITIES = ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


@dataclass(frozen=True)
class StackOutcome:
    """How a stack operation ended.

    Attributes:
        status: The stack's status, `DELETE_COMPLETE` when it is gone.
        stack_id: The stack's ARN.
        outputs: The stack's outputs by key.
        events: The operation's events, oldest first, as `DescribeStackEvents` has them.
        seconds: How long the operation took.
    """

    status: str
    stack_id: str
    outputs: Mapping[str, str]
    events: Sequence[Event]
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether the operation did what it was asked for."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"}

    @property
    def reasons(self) -> list[str]:
        """The reasons of the failures, oldest first."""
        return [
            event["ResourceStatusReason"]
            for event in self.events
            if event["ResourceStatus"].endswith("_FAILED") and event.get("ResourceStatusReason")
        ]

    def require(self) -> StackOutcome:
        """Return this outcome if it is a success.

        Raises:
            RuntimeError: It is not; the text has the reasons.
        """
        if not self.succeeded:
            message = f"{self.stack_id} is {self.status}: {'; '.join(self.reasons)}"
            raise RuntimeError(message)
        return self


class StackOperation:
    """The operations on one stack.

    Args:
        client: A CloudFormation client of the stack's account and Region.
        stack_name: Name of the stack.
        watch: Called again and again while an operation runs, with its new events.
    """

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - boto3 makes its clients at run time
        stack_name: str,
        watch: Watch | None = None,
    ) -> None:
        self._client = client
        self._name = stack_name
        self._watch = watch

    def deploy(
        self,
        template: str,
        parameters: Mapping[str, str],
        capabilities: Iterable[str] = _CAPABILITIES,
    ) -> StackOutcome:
        """Create or update the stack; one whose creation failed is made anew."""
        request = {
            "StackName": self._name,
            "TemplateBody": template,
            "Capabilities": list(capabilities),
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        }
        found = self._describe(self._name)
        if found and found["StackStatus"] == "ROLLBACK_COMPLETE":
            self.delete().require()
            found = None
        started = time.monotonic()
        if found is None:
            return self._settled(self._client.create_stack(**request)["StackId"], 0, started)
        before = len(self._events(found["StackId"]))
        try:
            self._client.update_stack(**request)
        except ClientError as error:
            if _NOTHING_TO_DO not in error.response["Error"]["Message"]:
                raise
        return self._settled(found["StackId"], before, started)

    def delete(self) -> StackOutcome:
        """Delete the stack.

        Raises:
            LookupError: There is no such stack.
        """
        found = self._describe(self._name)
        if found is None:
            message = f"no stack {self._name}"
            raise LookupError(message)
        before = len(self._events(found["StackId"]))
        started = time.monotonic()
        self._client.delete_stack(StackName=self._name)
        return self._settled(found["StackId"], before, started)

    def _describe(self, stack: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError:
            return None
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def _events(self, stack_id: str) -> list[dict[str, Any]]:
        paginator = self._client.get_paginator("describe_stack_events")
        pages = paginator.paginate(StackName=stack_id)
        return [event for page in pages for event in page["StackEvents"]][::-1]

    def _settled(self, stack_id: str, events_before: int, started: float) -> StackOutcome:
        """Wait until nothing is in progress and tell how it ended."""
        told = events_before
        running = True
        while running:
            found = self._describe(stack_id) or {}
            running = found.get("StackStatus", "").endswith("_PROGRESS")
            if self._watch:
                events = self._events(stack_id)
                self._watch(events[told:])
                told = len(events)
            if running:
                pause(started)
        outputs = found.get("Outputs", [])
        return StackOutcome(
            found.get("StackStatus", "DELETE_COMPLETE"),
            stack_id,
            {output["OutputKey"]: output["OutputValue"] for output in outputs},
            self._events(stack_id)[events_before:],
            time.monotonic() - started,
        )
