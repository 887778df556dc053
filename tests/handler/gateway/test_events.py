"""Sending an event, and what keeps it from being sent."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from handler.gateway.events import Events

DETAIL = {"stackId": "arn:stack", "status": "SUCCESS"}


class Bus:
    """EventBridge, with an answer prepared."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.sent: list[dict[str, Any]] = []

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803
        """Take events, or fail."""
        self.sent += Entries
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_sent() -> None:
    """One event, with the stack among its resources."""
    bus, warnings = Bus({"Entries": [{"EventId": "1"}]}), []
    Events(lambda: bus, "own", lambda text, **_: warnings.append(text)).send(DETAIL)

    [event] = bus.sent
    assert (event["EventBusName"], event["Resources"]) == ("own", ["arn:stack"])
    assert warnings == []


@pytest.mark.parametrize(
    "answer",
    [
        {"Entries": [{"ErrorCode": "NotAuthorized", "ErrorMessage": "no"}]},
        ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents"),
        ConnectTimeoutError(endpoint_url="https://events.example.com"),
    ],
    ids=["entry", "call", "network"],
)
def test_not_sent(answer: Any) -> None:
    """Whatever goes wrong is one warning."""
    warnings: list[dict[str, Any]] = []
    bus = Bus(answer)
    Events(lambda: bus, "own", lambda _, **details: warnings.append(details)).send(DETAIL)

    [warning] = warnings
    assert warning["cause"]
