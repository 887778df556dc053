"""Lambda's deliveries: three tries, the last word, relays, and sandboxes side by side."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from emulator.virtual.aws import EPOCH, VirtualAWS, world
from emulator.virtual.functions import FUNCTION_ARN, Lambda, SandboxDied, Sandboxes

EVENT = {"RequestType": "Create", "RequestId": "1"}


@pytest.fixture
def aws() -> Iterator[VirtualAWS]:
    """A virtual AWS."""
    with world() as virtual:
        yield virtual


class Noted:
    """A function that notes what it is given, and does what a test says.

    Attributes:
        log: (seconds since the beginning, what was begun or ended).
        naps: How long each delivery takes, in order; the last one is repeated.
        dies: How many deliveries die in the end.
        relays: How many deliveries hand the request on.
    """

    def __init__(self, *naps: float, dies: int = 0, relays: int = 0) -> None:
        self.log: list[tuple[float, str]] = []
        self.naps = list(naps)
        self.dies = dies
        self.relays = relays

    def note(self, what: str) -> None:
        """Note something with its moment."""
        self.log.append((time.time() - EPOCH, what))

    def handler(self, event: dict[str, Any], context: Any) -> None:
        """Serve an event."""
        self.note("begun")
        time.sleep(self.naps.pop(0) if len(self.naps) > 1 else self.naps[0])
        if self.dies:
            self.dies -= 1
            raise SandboxDied
        if self.relays:
            self.relays -= 1
            client: Any = boto3.client("lambda")
            payload = json.dumps(event).encode()
            arn = context.invoked_function_arn
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=payload)
        self.note("ended")

    def last_word(self, event: dict[str, Any], _context: object) -> None:
        """Serve the record of an event that could not be served."""
        assert event["requestPayload"] == EVENT
        self.note("last word")


def of(aws: VirtualAWS, function: Noted, *, copies: bool = True) -> Lambda:
    """A Lambda that runs the function, as often as needed or once at a time."""
    return Lambda(aws, Sandboxes(function, (lambda: function) if copies else None))


def test_three_tries_and_the_last_word(aws: VirtualAWS) -> None:
    """A dead sandbox is followed by another after 60 and 120 s, then by the last word."""
    function = Noted(1.0, dies=3)
    served = of(aws, function)
    served.deliver(EVENT)

    assert function.log == [(0, "begun"), (61, "begun"), (182, "begun"), (183, "last word")]
    assert served.deaths == 3


def test_a_sandbox_lives_900_seconds(aws: VirtualAWS) -> None:
    """A delivery that takes longer dies, and the next one may be quicker."""
    function = Noted(5000.0, 1.0)
    served = of(aws, function)
    served.deliver(EVENT)

    assert function.log == [(0, "begun"), (960, "begun"), (961, "ended")]
    assert served.deaths == 1


def test_relays(aws: VirtualAWS) -> None:
    """A delivery has ended when all that it has handed on has ended."""
    function = Noted(10.0, relays=2)
    served = of(aws, function)
    served.deliver(EVENT)

    assert [what for _, what in function.log].count("ended") == 3
    assert aws.clock.now == EPOCH + 30
    assert [each.function_name for each in aws.invocations] == [FUNCTION_ARN] * 2
    assert not served.is_busy_with("1")


def test_side_by_side(aws: VirtualAWS) -> None:
    """Two deliveries run at the same time, and a dead one takes nobody along."""
    function = Noted(1000.0, 20.0)
    served = of(aws, function)
    served.start(EVENT)
    aws.clock.sleep(5)
    served.start({**EVENT, "RequestId": "2"})
    aws.clock.sleep(30)

    assert function.log == [(0, "begun"), (5, "begun"), (25, "ended")]
    assert served.is_busy_with("1")
    assert not served.is_busy_with("2")
    aws.scheduler.drain()
    assert served.deaths == 1


def test_one_at_a_time(aws: VirtualAWS) -> None:
    """Where the function is loaded once, the next delivery waits."""
    function = Noted(10.0)
    served = of(aws, function, copies=False)
    served.start(EVENT)
    served.start({**EVENT, "RequestId": "2"})
    aws.scheduler.drain()

    assert function.log == [(0, "begun"), (10, "ended"), (10, "begun"), (20, "ended")]
