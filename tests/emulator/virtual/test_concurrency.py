"""An account that runs only so many functions at once, and what they come to."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest

from emulator.virtual.aws import EPOCH, QueueSettings, VirtualAWS, world
from emulator.virtual.functions import Lambda, SandboxDied, Sandboxes
from emulator.virtual.usage import (
    DOLLARS_PER_GB_SECOND,
    DOLLARS_PER_REQUEST,
    LambdaUsage,
)

URL = "https://sqs.us-east-1.amazonaws.com/111111111111/stacksets"


class Sleeper:
    """A function that sleeps.

    Attributes:
        begun: When each execution began, in seconds since the beginning.
        last_words: (seconds, record) of each last word.
        dies: How many executions die in the end.
    """

    def __init__(self, seconds: float, dies: int = 0) -> None:
        self.seconds = seconds
        self.begun: list[float] = []
        self.last_words: list[tuple[float, dict[str, Any]]] = []
        self.dies = dies

    def handler(self, _event: object, _context: object) -> None:
        """Sleep."""
        self.begun.append(time.time() - EPOCH)
        time.sleep(self.seconds)
        if self.dies:
            self.dies -= 1
            raise SandboxDied

    def last_word(self, event: dict[str, Any], _context: object) -> None:
        """Note the record."""
        self.last_words.append((time.time() - EPOCH, event))


def served(aws: VirtualAWS, function: Sleeper) -> Lambda:
    """A Lambda that runs the function as often as needed."""
    return Lambda(aws, Sandboxes(function, lambda: function))


def event(number: int = 1) -> dict[str, Any]:
    """An event of CloudFormation."""
    return {"RequestType": "Create", "RequestId": str(number)}


def busy(aws: VirtualAWS, until: float) -> None:
    """Let another function hold a place until a moment."""
    run = aws.lambda_usage.begin("handler")
    assert run is not None

    def end() -> None:
        time.sleep(until - (time.time() - EPOCH))
        aws.lambda_usage.end(run)

    aws.scheduler.spawn("another function", end)


def send() -> None:
    """Send a message."""
    client: Any = boto3.client("sqs")
    client.send_message(QueueUrl=URL, MessageBody="{}")


class TestUsage:
    """What is counted."""

    def test_executions(self) -> None:
        """Seconds, the highest concurrency, and each with its beginning and end."""
        with world() as aws:
            lambdas = served(aws, Sleeper(10))
            lambdas.start(event(1))
            aws.clock.sleep(4)
            lambdas.start(event(2))
            aws.clock.sleep(1)
            assert (aws.lambda_usage.running, aws.lambda_usage.seconds) == (2, 6)
            aws.scheduler.drain()
            usage = aws.lambda_usage

        spans = [(each.entry, each.began - EPOCH, (each.ended or 0) - EPOCH) for each in usage.runs]
        assert spans == [("handler", 0, 10), ("handler", 4, 14)]
        assert (usage.seconds, usage.highest, usage.running, usage.throttled) == (20, 2, 0, 0)

    def test_the_dead_count(self) -> None:
        """A sandbox that dies has its place until then."""
        with world() as aws:
            served(aws, Sleeper(5000, dies=0)).deliver(event())
            assert aws.lambda_usage.seconds == pytest.approx(2700)
            assert aws.lambda_usage.running == 0

    def test_dollars(self) -> None:
        """Gigabytes times seconds, and requests."""
        usage = LambdaUsage(lambda: 1000.0)
        run = usage.begin("handler")
        assert run is not None
        run.began = 0.0
        usage.end(run)

        assert usage.dollars(256) == pytest.approx(
            250 * DOLLARS_PER_GB_SECOND + DOLLARS_PER_REQUEST
        )
        assert usage.dollars(512) > usage.dollars()

    def test_a_place_is_given_back(self) -> None:
        """Only as many as the limit run at once."""
        usage = LambdaUsage(lambda: 0.0, 2)
        first, second = usage.begin("handler"), usage.begin("handler")
        assert first is not None
        assert second is not None
        assert usage.begin("handler") is None
        usage.end(first)
        assert usage.begin("handler") is not None
        assert (usage.throttled, usage.highest) == (1, 2)

    def test_a_thousand_by_default(self) -> None:
        """The account's limit is a knob of the world."""
        with world() as aws, world(concurrency=10) as new:
            assert (aws.lambda_usage.limit, new.lambda_usage.limit) == (1000, 10)


class TestAsynchronous:
    """Events that find no place."""

    def test_tried_again_with_growing_pauses(self) -> None:
        """From about 1 s, doubled each time; a place that is free is taken then."""
        with world(concurrency=1) as aws:
            function = Sleeper(10)
            busy(aws, 5)
            served(aws, function).deliver(event())

        # Pauses of 1, 2 and 4 s, each up to a fifth shorter: the third try is the first after 5 s.
        (begun,) = function.begun
        assert 5.6 <= begun <= 7
        assert aws.lambda_usage.throttled == 3
        assert aws.lambda_usage.highest == 1

    def test_at_most_five_minutes(self) -> None:
        """However long it waits, it is tried every 5 minutes."""
        with world(concurrency=1) as aws:
            function = Sleeper(1)
            busy(aws, 3000)
            served(aws, function).deliver(event())

        (begun,) = function.begun
        assert 3000 <= begun <= 3300

    def test_throttles_are_no_tries(self) -> None:
        """All three tries are left to an event that has waited for long."""
        with world(concurrency=1) as aws:
            function = Sleeper(1, dies=3)
            busy(aws, 500)
            served(aws, function).deliver(event())

        assert len(function.begun) == 3
        ((_, record),) = function.last_words
        assert record["requestContext"]["condition"] == "RetriesExhausted"
        assert record["requestContext"]["approximateInvokeCount"] == 3

    def test_too_old(self) -> None:
        """After the longest age it goes to the last word, which needs a place as well."""
        with world(concurrency=1) as aws:
            function = Sleeper(1)
            lambdas = served(aws, function)
            busy(aws, 5000)
            lambdas.deliver(event())

        assert function.begun == []
        ((moment, record),) = function.last_words
        assert 5000 <= moment <= 5300
        assert record["requestContext"]["condition"] == "EventAgeExceeded"
        assert record["requestPayload"] == event()
        assert "responsePayload" not in record

    def test_the_age_is_a_knob(self) -> None:
        """Lambda's own longest age is six hours."""
        with world(concurrency=1) as aws:
            function = Sleeper(1)
            lambdas = served(aws, function)
            lambdas.maximum_event_age = 21_600
            busy(aws, 5000)
            lambdas.deliver(event())

        assert function.last_words == []
        assert len(function.begun) == 1

    def test_whoever_sleeps_holds_a_place(self) -> None:
        """Of three that sleep for ten seconds in two places one comes later."""
        with world(concurrency=2) as aws:
            function = Sleeper(10)
            lambdas = served(aws, function)
            for number in range(3):
                lambdas.start(event(number))
            aws.scheduler.drain()

        assert function.begun[:2] == [0, 0]
        assert 10 <= function.begun[2] <= 15
        assert aws.lambda_usage.highest == 2


class TestMessages:
    """Messages that find no place."""

    def settings(self, **others: Any) -> QueueSettings:
        """A queue whose messages come at once."""
        return QueueSettings(**{"jitter": (0.0, 0.0), "visibility_timeout": 1000, **others})

    def test_held(self) -> None:
        """The mapping tries again while the message is hidden; that is one receive."""
        with world(concurrency=1, queue=self.settings()) as aws:
            function = Sleeper(1)
            served(aws, function)
            busy(aws, 300)
            send()
            aws.scheduler.drain()

        (begun,) = function.begun
        assert 300 <= begun <= 360
        assert aws.messaging.queue.requests == 2
        assert aws.messaging.mapping.throttled == 0

    def test_held_until_it_is_visible_again(self) -> None:
        """Then it is received once more, and that counts."""
        settings = self.settings(visibility_timeout=100)
        with world(concurrency=1, queue=settings) as aws:
            function = Sleeper(1)
            served(aws, function)
            busy(aws, 250)
            send()
            aws.clock.sleep(240)
            (message,) = aws.messaging.queue.messages.values()
            assert message.receive_count == 3
            aws.scheduler.drain()

        assert aws.messaging.mapping.throttled == 2
        (begun,) = function.begun
        assert 250 <= begun <= 300

    def test_returned(self) -> None:
        """By the other reading it is given up soon, and hidden for all of its timeout."""
        with world(concurrency=1, queue=self.settings(holds_throttled=False)) as aws:
            function = Sleeper(1)
            served(aws, function)
            busy(aws, 30)
            send()
            aws.scheduler.drain()

        assert function.begun == [1000]
        assert aws.messaging.mapping.throttled == 1
        assert aws.lambda_usage.throttled == 3

    @pytest.mark.parametrize("holds", [True, False])
    def test_throttled_to_death(self, holds: bool) -> None:  # noqa: FBT001
        """Either way a message that never finds a place becomes a dead letter."""
        settings = self.settings(holds_throttled=holds, visibility_timeout=100, max_receive_count=2)
        with world(concurrency=1, queue=settings) as aws:
            function = Sleeper(1)
            served(aws, function)
            busy(aws, 390)
            send()
            aws.clock.sleep(210)
            assert not aws.messaging.queue.messages
            assert len(aws.messaging.dead_letters.messages) == 1
            aws.scheduler.drain()

        assert function.begun == []
        ((moment, record),) = function.last_words
        assert moment >= 390
        assert record["Records"][0]["body"] == "{}"

    def test_maximum_concurrency_keeps_places_free(self) -> None:
        """With fewer deliveries at once than places, an event never waits for messages."""
        with world(concurrency=3, queue=self.settings(maximum_concurrency=2)) as aws:
            function = Sleeper(50)
            lambdas = served(aws, function)
            for _ in range(6):
                send()
            aws.clock.sleep(5)
            lambdas.start(event())
            aws.scheduler.drain()

        assert 5 in function.begun
        assert aws.lambda_usage.highest == 3
        assert aws.lambda_usage.throttled == 0
