"""What one invocation hands to the next."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from handler.custom_resource.relay import Relay, carried_by
from handler.deployment.liveness import FirstLook
from handler.deployment.memory import Memory

CONTEXT: Any = SimpleNamespace(
    invoked_function_arn="arn:aws:lambda:us-east-1:111111111111:function:f",
    get_remaining_time_in_millis=lambda: 60_000,
)
MEMORY = Memory("a:b", "MADE", FirstLook("CREATE_IN_PROGRESS", ["op"], is_express=True))


def handed_over(event: dict[str, Any]) -> bytes:
    """The payload that the next invocation gets."""
    payloads: list[bytes] = []
    client: Any = SimpleNamespace(invoke=lambda **call: payloads.append(call["Payload"]))
    Relay(lambda: client, lambda: None).hand_over(event, CONTEXT, MEMORY, 12.5)
    return payloads[0]


def test_memory_travels() -> None:
    """The next invocation knows what this one knew, and when the request began."""
    event = {"RequestId": "r", "ResourceProperties": {"Tags": []}}
    received = json.loads(handed_over(event))

    assert carried_by(received) == (MEMORY, 12.5)
    assert {**received, **event} == received


def test_first_invocation() -> None:
    """An event of CloudFormation carries nothing yet."""
    assert carried_by({"RequestId": "r"}) == (Memory(), None)


def test_another_version_of_the_function() -> None:
    """What an older or a newer version has carried is taken as far as it is known."""
    carried = {"stack_set_id": "a:b", "is_new": True, "first": {"status": "X", "more": 1}}

    assert carried_by({"CrHelperData": carried}) == (
        Memory("a:b", "", FirstLook("X")),
        None,
    )


def test_text_does_not_grow() -> None:
    """Characters beyond ASCII travel as they are, so that the event stays below its limit."""
    text = "説明" * 1000

    assert len(handed_over({"Description": text})) < len(text.encode()) + 500


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"], ids=ascii)
def test_half_of_a_surrogate_pair(text: str) -> None:
    """What JSON lets through and UTF-8 does not is handed over all the same."""
    assert json.loads(handed_over({"Description": text}))["Description"] == text
