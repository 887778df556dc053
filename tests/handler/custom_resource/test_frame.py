"""What becomes of a request in crhelper's frame: answered once, handed over, or left to others."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from handler.custom_resource import frame
from handler.custom_resource.answer import DeliveryFailed
from handler.custom_resource.frame import StackSetResource
from handler.custom_resource.queue import MessageLost
from handler.deployment.liveness import FirstLook, GivenUp
from handler.deployment.memory import Memory
from handler.deployment.patience import TimeToRelay
from handler.errors import Failure, OperationFailed, StackSetResourceError
from tests.factories import STACK_ID

ID = "Network:1"
CONTEXT: Any = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)
ANSWERED = Memory(ID, "MADE", FirstLook(answered_id=ID))


def event(kind: str = "Create", memory: Memory | None = None) -> dict[str, Any]:
    """An event of CloudFormation, or one that carries what an earlier invocation has left."""
    known = {} if kind == "Create" else {"PhysicalResourceId": ID}
    carried = {**memory.to_json(), "began": 1.0} if memory is not None else {}
    return {
        "RequestType": kind,
        "RequestId": "r",
        "StackId": STACK_ID,
        "LogicalResourceId": "StackSet",
        "ResourceType": "Custom::StackSet",
        "ResponseURL": "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/answer",
        "ResourceProperties": {},
        **known,
        **({"CrHelperPoll": True, "CrHelperData": carried} if carried else {}),
    }


def as_message(request: dict[str, Any]) -> dict[str, Any]:
    """What Lambda delivers of a message that carries a request."""
    body = json.dumps(request)
    return {"Records": [{"eventSource": "aws:sqs", "body": body, "receiptHandle": "h"}]}


@dataclass
class Hands:
    """Stands for the relay: takes what is handed over, and has a queue or none.

    Attributes:
        refusal: What it is refused with.
        has_queue: Whether the function was deployed with one.
        lost: Whether the message that brought the request back is another's by now.
    """

    refusal: Exception | None = None
    lost: bool = False
    has_queue: bool = True
    taken: list[tuple[Memory, float]] = field(default_factory=list)
    hidden: int = 0

    def hand_over(
        self, _event: Any, _context: Any, memory: Memory, _began: float, after: float
    ) -> None:
        """Take a request over."""
        if self.refusal is not None:
            raise self.refusal
        self.taken.append((memory, after))

    def queue(self) -> Any:
        """A queue whose message is this."""
        return SimpleNamespace(message=lambda _record: self) if self.has_queue else None

    def keep_hidden(self) -> None:
        """Hide the message."""
        self.hidden += 1
        if self.lost:
            code = "MessageNotInflight"
            raise MessageLost(code)


class Bench:
    """The frame, with a function that does as told.

    Attributes:
        does: What the function does: raises it, or returns it.
        answers: The bodies that CloudFormation got.
        abandoned: How often nothing was left running.
        undelivered: Whether CloudFormation cannot be reached.
        has_begun: Whether the function gets as far as to know what to abandon.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hands = Hands()
        relay: Any = self.hands
        self.resource = StackSetResource(relay)
        self.does: Any = ID
        self.answers: list[dict[str, Any]] = []
        self.abandoned = 0
        self.undelivered = False
        self.has_begun = True
        for register in ("create", "update", "delete", "poll_create", "poll_update", "poll_delete"):
            getattr(self.resource, register)(self._serve)
        monkeypatch.setattr(frame, "deliver", self._deliver)

    def _serve(self, _event: Any, _context: Any) -> str:
        def abandon() -> None:
            self.abandoned += 1

        if self.has_begun:
            self.resource.abandon = abandon
        if callable(self.does):
            self.does()
            return ID
        if isinstance(self.does, BaseException):
            raise self.does
        return str(self.does)

    def _deliver(self, _url: str, body: bytes, _until: float) -> None:
        if self.undelivered:
            cause = "HTTP 503"
            raise DeliveryFailed(cause)
        self.answers.append(json.loads(body))

    def serve(self, does: Any, delivered: dict[str, Any] | None = None) -> None:
        """Deliver an event to a function that does this."""
        self.does, served = does, delivered or event()
        if "CrHelperData" in served and self.hands.has_queue:
            served = as_message(served)
        self.resource(served, CONTEXT)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A frame of its own."""
    return Bench(monkeypatch)


class TestAnswer:
    """Requests that are answered at their end."""

    def test_success(self, bench: Bench) -> None:
        """What the function returns is the physical id, and its data the attributes."""
        bench.serve(lambda: setattr(bench.resource, "Data", {"A": "1"}))

        [answer] = bench.answers
        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", ID)
        assert answer["Data"] == {"A": "1"}

    def test_no_echo(self, bench: Bench) -> None:
        """What may hold secrets says so, early and late, and the next answer does not."""

        def serve() -> None:
            bench.resource.NoEcho = True
            bench.resource.answer_early(ID)

        bench.serve(serve)
        bench.resource.speak_for_the_dead(event(), CONTEXT, "died")
        bench.serve(serve)
        bench.serve(ID)

        assert [each.get("NoEcho") for each in bench.answers] == [
            True,
            True,
            None,
            True,
            True,
            None,
        ]

    @pytest.mark.parametrize(
        ("error", "reason"),
        [
            (StackSetResourceError("why"), "why"),
            (OperationFailed("It failed.", [Failure("1", "r", "No")], 0), "No"),
            (ValueError("odd"), "Unforeseen ValueError: odd"),
        ],
    )
    def test_failure(self, bench: Bench, error: Exception, reason: str) -> None:
        """Our own errors are told as they are, and even a bug of ours is told."""
        bench.serve(error)

        [answer] = bench.answers
        assert answer["Status"] == "FAILED"
        assert reason in answer["Reason"]

    @pytest.mark.parametrize(
        ("known", "physical_id"),
        [(Memory(ID), ID), (Memory(), "StackSet-not-created-r")],
        ids=["made", "not made"],
    )
    def test_what_a_failed_create_has_made(
        self, bench: Bench, known: Memory, physical_id: str
    ) -> None:
        """The rollback is told what to delete, or that there is nothing."""
        bench.serve(StackSetResourceError("why"), event(memory=known))

        assert bench.answers[0]["PhysicalResourceId"] == physical_id

    def test_a_failed_update_keeps_its_id(self, bench: Bench) -> None:
        """Else CloudFormation would replace the resource."""
        bench.serve(StackSetResourceError("why"), event("Update"))

        assert bench.answers[0]["PhysicalResourceId"] == ID

    def test_nothing_stays_for_the_next(self, bench: Bench) -> None:
        """A warm sandbox knows nothing of the request before."""
        bench.serve(lambda: setattr(bench.resource, "Data", {"A": "1"}))
        bench.undelivered = True
        with pytest.raises(DeliveryFailed):
            bench.serve(StackSetResourceError("why"))
        bench.undelivered = False
        bench.serve(ID, event("Update"))

        assert bench.answers[-1]["Status"] == "SUCCESS"
        assert bench.answers[-1].get("Data") in ({}, None)

    def test_nothing_is_abandoned_for_another(self, bench: Bench) -> None:
        """A request that is given up before it has begun leaves that of before alone."""
        bench.serve(ID)
        bench.has_begun = False
        bench.serve(GivenUp("it rolls back"), event("Update"))

        assert bench.abandoned == 0

    def test_a_key_that_aws_quotes(self, bench: Bench) -> None:
        """AWS tells of an address as it was written; the answer has not its query."""
        bench.serve(ValueError("ValidationError: https://b.s3.amazonaws.com/k?X-Amz-Signature=key"))

        assert "https://b.s3.amazonaws.com/k" in bench.answers[0]["Reason"]
        assert "Signature=key" not in bench.answers[0]["Reason"]

    @pytest.mark.parametrize(
        "url",
        [
            "http://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/answer",
            "https://example.com/answer",
            "https://s3.amazonaws.com.example.com/bucket/answer",
            "https://example.com/?https://bucket.s3.amazonaws.com/answer",
            "https://example.com\\@bucket.s3.amazonaws.com/answer",
            "",
        ],
    )
    def test_nobody_else_is_answered(
        self, bench: Bench, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nor is such an event served; a stand-in for AWS may have any address."""
        bench.serve(ID, {**event(), "ResponseURL": url})
        bench.resource.speak_for_the_dead({**event(), "ResponseURL": url}, CONTEXT, "died")
        assert bench.answers == []
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost")
        bench.serve(ID, {**event(), "ResponseURL": url})
        assert len(bench.answers) == 1

    def test_what_comes_past_the_queue_is_not_remembered(self, bench: Bench) -> None:
        """Whoever may invoke the function could tell it anything."""
        bench.does = ID
        bench.resource(event("Update", ANSWERED), CONTEXT)

        assert not bench.resource.memory.is_answered
        assert [each["Status"] for each in bench.answers] == ["SUCCESS"]

    def test_what_was_carried_is_no_attribute(self, bench: Bench) -> None:
        """What an event carries crhelper takes for attributes; this frame does not."""
        bench.serve(ID, event(memory=Memory(ID)))

        assert bench.answers[0].get("Data") in ({}, None)

    def test_an_answer_after_a_hand_over(self, bench: Bench) -> None:
        """That one request goes on says nothing of the next."""
        bench.serve(TimeToRelay())
        bench.serve(ID)

        assert [each["Status"] for each in bench.answers] == ["SUCCESS"]

    def test_the_log_names_the_request(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever serves or speaks, each line is of this request."""
        observed: list[str] = []
        monkeypatch.setattr(frame, "observe", lambda each: observed.append(each["RequestId"]))
        bench.serve(ID)
        bench.resource.speak_for_the_dead(event(), CONTEXT, "died")

        assert observed == ["r", "r"]

    def test_undelivered(self, bench: Bench) -> None:
        """Lambda delivers the event again, and only then."""
        bench.undelivered = True

        with pytest.raises(DeliveryFailed):
            bench.serve(ID)


class TestGoesOn:
    """Requests that another invocation ends."""

    def test_handed_over(self, bench: Bench) -> None:
        """With what is known and after how long; nobody is answered."""
        bench.serve(TimeToRelay(7.0), event(memory=Memory(ID)))

        assert [(memory.stack_set_id, after) for memory, after in bench.hands.taken] == [(ID, 7.0)]
        assert bench.answers == []
        assert bench.abandoned == 0

    def test_refused(self, bench: Bench) -> None:
        """Nobody goes on, so nothing may stay running, and the cause is told."""
        bench.hands.refusal = ValueError("no right")
        bench.serve(TimeToRelay())

        assert bench.abandoned == 1
        assert "could not go on in another invocation: no right" in bench.answers[0]["Reason"]

    def test_given_up(self, bench: Bench) -> None:
        """Nothing may stay running; nobody reads the answer if we are right."""
        bench.serve(GivenUp("it rolls back"))

        assert bench.abandoned == 1
        assert bench.answers[0]["Status"] == "FAILED"

    @pytest.mark.parametrize("lost", [False, True])
    def test_by_a_message(self, bench: Bench, *, lost: bool) -> None:
        """The message is hidden first; one that is lost is not to be deleted by Lambda."""
        bench.hands.lost = lost
        record = {"eventSource": "aws:sqs", "body": json.dumps(event()), "receiptHandle": "h"}
        with pytest.raises(MessageLost) if lost else nullcontext():
            bench.serve(ID, {"Records": [record]})

        assert bench.hands.hidden == 1
        assert [each["Status"] for each in bench.answers] == ([] if lost else ["SUCCESS"])

    @pytest.mark.parametrize("has_queue", [False, True])
    def test_with_or_without_a_queue(self, bench: Bench, *, has_queue: bool) -> None:
        """A message is served even by a function that has lost its queue."""
        bench.hands.has_queue = has_queue
        bench.serve(ID, as_message(event()))

        assert bench.resource.can_leave is has_queue
        assert [each["Status"] for each in bench.answers] == ["SUCCESS"]

    def test_an_early_answer_that_was_not_delivered(self, bench: Bench) -> None:
        """The event is delivered again, and nothing else is answered meanwhile."""

        def begin() -> None:
            bench.undelivered = True
            try:
                bench.resource.answer_early(ID)
            finally:
                bench.undelivered = False
            pytest.fail("went on")

        with pytest.raises(DeliveryFailed):
            bench.serve(begin)
        assert bench.answers == []
        assert bench.abandoned == 0


class TestAnsweredEarly:
    """Requests that were answered when they had begun."""

    def test_the_answer(self, bench: Bench) -> None:
        """It says SUCCESS with the attributes, at once."""

        def begin() -> None:
            bench.resource.Data = {"A": "1"}
            bench.resource.answer_early(ID)
            bench.resource.memory.first.answered_id = ID
            raise TimeToRelay

        bench.serve(begin)

        [answer] = bench.answers
        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", ID)
        assert answer["Data"] == {"A": "1"}
        assert bench.hands.taken[0][0].is_answered

    @pytest.mark.parametrize(
        ("does", "abandoned"),
        [
            (ID, 0),
            (StackSetResourceError("why"), 0),
            (GivenUp("a later one"), 1),
            (ValueError("odd"), 0),
        ],
    )
    def test_no_second_answer(self, bench: Bench, does: Any, abandoned: int) -> None:
        """However it ends, CloudFormation has its answer."""
        bench.serve(does, event(memory=ANSWERED))

        assert bench.answers == []
        assert bench.abandoned == abandoned


class TestDead:
    """Requests whose every sandbox has died."""

    @pytest.mark.parametrize(
        ("delivered", "physical_id"),
        [
            (event("Update"), ID),
            (event(memory=Memory("Made:1")), "Made:1"),
            (event(), "StackSet-unfinished-r"),
        ],
        ids=["known", "made", "nobody knows"],
    )
    def test_the_last_word(self, bench: Bench, delivered: dict[str, Any], physical_id: str) -> None:
        """It says FAILED, with what a rollback has to look for."""
        bench.resource.speak_for_the_dead(delivered, CONTEXT, "died")

        [answer] = bench.answers
        assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", physical_id)
        assert "died" in answer["Reason"]

    @pytest.mark.parametrize(("wanted", "alarms"), [({}, 0), ({"WaitFor": "START"}, 1)])
    def test_perhaps_answered(
        self, bench: Bench, logged: list[logging.LogRecord], wanted: dict[str, str], alarms: int
    ) -> None:
        """The sandbox that has answered early may have died before it could say so."""
        dead = {**event(), "ResourceProperties": wanted}
        bench.resource.speak_for_the_dead(dead, CONTEXT, "died")

        assert [each.getMessage() for each in logged].count("deployment died") == alarms
        assert len(bench.answers) == 1

    def test_after_an_early_answer(self, bench: Bench) -> None:
        """There is nobody to tell."""
        bench.resource.speak_for_the_dead(event(memory=ANSWERED), CONTEXT, "died")

        assert bench.answers == []

    def test_undelivered(self, bench: Bench) -> None:
        """The last word is tried again, and then it is heard."""
        bench.undelivered = True
        with pytest.raises(DeliveryFailed):
            bench.resource.speak_for_the_dead(event(), CONTEXT, "died")
        bench.undelivered = False
        bench.resource.speak_for_the_dead(event(), CONTEXT, "died")

        assert len(bench.answers) == 1
