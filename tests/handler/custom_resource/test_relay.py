"""What one invocation hands to the next."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.custom_resource.relay import Relay, carried_by
from handler.deployment.liveness import FirstLook
from handler.deployment.look_ups import LookUps
from handler.deployment.memory import Memory
from handler.values.spec import Overrides
from handler.values.targets import Target

CONTEXT: Any = SimpleNamespace(
    invoked_function_arn="arn:aws:lambda:us-east-1:111111111111:function:f",
    get_remaining_time_in_millis=lambda: 60_000,
)
THROTTLED = ClientError({"Error": {"Code": "Throttling"}}, "SendMessage")
MEMORY = Memory("a:b", "MADE", FirstLook("CREATE_IN_PROGRESS", ["op"], is_express=True))


def handed_over(event: dict[str, Any], memory: Memory = MEMORY) -> bytes:
    """The payload that the next invocation gets."""
    payloads: list[bytes] = []
    client: Any = SimpleNamespace(invoke=lambda **call: payloads.append(call["Payload"]))
    Relay(lambda: client, lambda: None).hand_over(event, CONTEXT, memory, 12.5)
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


def test_look_ups_stay_where_they_do_not_fit() -> None:
    """They can be made again; the request itself cannot."""
    event = {"RequestId": "r", "ResourceProperties": {"X": "x" * 1_000_000}}
    target = Target("111111111111", "us-east-1")
    secret = random.Random(1).randbytes(60_000).hex()
    found: dict[Target, Overrides | None] = {target: (("Key", secret),)}
    memory = replace(MEMORY, look_ups=LookUps("a:b", "", found))
    received = json.loads(handed_over(event, memory))
    assert carried_by(received) == (MEMORY, 12.5)


def test_text_does_not_grow() -> None:
    """Characters beyond ASCII travel as they are, so that the event stays below its limit."""
    text = "説明" * 1000

    assert len(handed_over({"Description": text})) < len(text.encode()) + 500


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"], ids=ascii)
def test_half_of_a_surrogate_pair(text: str) -> None:
    """What JSON lets through and UTF-8 does not is handed over all the same."""
    assert json.loads(handed_over({"Description": text}))["Description"] == text


class TestRefused:
    """A hand-over that does not succeed at once."""

    @staticmethod
    def sent(
        monkeypatch: pytest.MonkeyPatch, left: float, *mishaps: Exception
    ) -> tuple[list[float], int]:
        """How long was slept and how often sent, with so many seconds left at first."""
        slept: list[float] = []
        monkeypatch.setattr(time, "sleep", slept.append)
        answers, sent = list(mishaps), list[str]()

        def send(body: str, _after: float) -> None:
            sent.append(body)
            if answers:
                raise answers.pop(0)

        queue: Any = SimpleNamespace(send=send)
        context: Any = SimpleNamespace(
            get_remaining_time_in_millis=lambda: int((left - sum(slept)) * 1000)
        )
        Relay(lambda: pytest.fail("invoked"), lambda: queue).hand_over({}, context, MEMORY, 1.0)
        return slept, len(sent)

    def test_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What passes is tried again after a pause that grows."""
        slept, sent = self.sent(monkeypatch, 60.0, THROTTLED, THROTTLED)

        assert sent == 3
        assert 0 < slept[0] < slept[1]

    def test_for_good(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What AWS refuses is told at once."""
        refused = ClientError({"Error": {"Code": "AccessDenied"}}, "SendMessage")

        with pytest.raises(ClientError, match="AccessDenied"):
            self.sent(monkeypatch, 60.0, refused)

    def test_in_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The last try leaves time to answer before the sandbox ends."""
        with pytest.raises(ClientError, match="Throttling"):
            self.sent(monkeypatch, 8.0, *[THROTTLED] * 9)
