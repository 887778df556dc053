"""Events for EventBridge: that a request has finished."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

SOURCE = "stackset-resource"
FINISHED = "Custom StackSet request finished"
"""The source and the detail-type of every event."""


class Client(Protocol):
    """What is used of EventBridge's client."""

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Mapping[str, Any]:  # noqa: N803
        """Send events."""


@dataclass(frozen=True)
class Events:
    """One event bus.

    Attributes:
        client: Gives EventBridge's client; called only when there is something to send.
        bus: The bus's name.
        warn: Takes what an operator should know: a text, and details by name.
    """

    client: Callable[[], Client]
    bus: str
    warn: Callable[..., None]

    def send(self, detail: Mapping[str, Any]) -> None:
        """Tell that a request has finished; what keeps this from being told is but warned of.

        Args:
            detail: The event's detail; its ``stackId`` stands among the resources, too.
        """
        entry = {
            "Source": SOURCE,
            "DetailType": FINISHED,
            "Resources": [detail["stackId"]],
            "Detail": json.dumps(detail),
            "EventBusName": self.bus,
        }
        try:
            answer = self.client().put_events(Entries=[entry])
        except (BotoCoreError, ClientError) as error:
            self.warn("event not sent", cause=str(error))
            return
        for each in answer.get("Entries", ()):
            if each.get("ErrorCode"):
                cause = f"{each.get('ErrorMessage', '')} ({each['ErrorCode']})"
                self.warn("event not sent", cause=cause)
