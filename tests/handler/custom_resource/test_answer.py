"""Every answer fits, is valid, keeps the cause and where to read on, and is delivered."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.custom_resource.answer import Answer, DeliveryFailed, attributes, deliver
from handler.values.observation import InstanceState, Observation
from handler.values.targets import Target
from tests.factories import (
    ONE,
    STACK_ID,
    STACK_SET_ID,
    TWO,
    VIRGINIA,
    current,
    outdated,
    stack_set,
)

_WHERE = "More in log stream 2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef."
_EVENT = {
    "RequestType": "Create",
    "ResponseURL": "https://example.com/?Signature=secret",
    "StackId": STACK_ID,
    "RequestId": "51af3dc0-da77-11e4-872e-1234567db123",
    "LogicalResourceId": "StackSet",
    "ResourceType": "Custom::StackSet",
    "ResourceProperties": {"Parameters": {"Password": "hunter2"}},
}
_LONGEST_EVENT = {
    **_EVENT,
    "StackId": "arn:aws-us-gov:cloudformation:us-gov-west-1:999999999999:stack/"
    + "s" * 128
    + "/51af3dc0-da77-11e4-872e-1234567db123",
    "LogicalResourceId": "L" * 255,
}
_LONGEST_ID = "s" * 128 + ":51af3dc0-da77-11e4-872e-1234567db123"


def _failed(reason: str, **members: Any) -> Answer:
    return Answer("FAILED", STACK_SET_ID, reason, _WHERE, **members)


def _reason_in(body: bytes) -> str:
    reason = json.loads(body)["Reason"]
    assert isinstance(reason, str)
    return reason


class TestEncode:
    """The body of the answer."""

    def test_success(self) -> None:
        """A SUCCESS carries the ids of the request, the physical id and the attributes."""
        answer = Answer("SUCCESS", STACK_SET_ID, data={"Status": "ACTIVE"})

        assert json.loads(answer.encode(_EVENT)) == {
            "StackId": STACK_ID,
            "RequestId": "51af3dc0-da77-11e4-872e-1234567db123",
            "LogicalResourceId": "StackSet",
            "Status": "SUCCESS",
            "PhysicalResourceId": STACK_SET_ID,
            "Data": {"Status": "ACTIVE"},
            "Reason": "",
        }

    def test_success_reads_no_further(self) -> None:
        """Nobody has to read on after a SUCCESS."""
        assert _reason_in(Answer("SUCCESS", "x", "", _WHERE).encode(_EVENT)) == ""

    def test_no_echo(self) -> None:
        """What may hold secrets says so; an answer that does not is as it always was."""
        assert json.loads(Answer("SUCCESS", "x", no_echo=True).encode(_EVENT))["NoEcho"] is True
        assert b"NoEcho" not in Answer("SUCCESS", "x").encode(_EVENT)

    def test_failed(self) -> None:
        """A FAILED says why, then where to read on."""
        assert _reason_in(_failed("Role exists.").encode(_EVENT)) == (
            "Role exists. More in log stream 2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef."
        )

    def test_compact(self) -> None:
        """No byte is spent on white space, nor on escapes where UTF-8 does."""
        body = _failed("日本").encode(_EVENT)

        assert b'"Status":"FAILED","PhysicalResourceId":' in body
        assert "日本".encode() in body

    def test_long_reason_is_cut(self) -> None:
        """Of a reason that is too long the beginning stays, and where to read on."""
        body = _failed("x" * 10_000).encode(_EVENT)

        assert len(body) == 4096
        assert _reason_in(body).startswith("xxx")
        assert _reason_in(body).endswith(f"x ... {_WHERE}")

    def test_reason_that_just_fits(self) -> None:
        """A reason is whole as long as the answer has 4,096 bytes."""
        room = 4096 - len(_failed("").encode(_EVENT))

        whole = _failed("x" * room).encode(_EVENT)
        cut = _failed("x" * (room + 1)).encode(_EVENT)

        assert len(whole) == 4096
        assert _reason_in(whole) == "x" * room + f" {_WHERE}"
        assert len(cut) == 4096
        assert _reason_in(cut) == "x" * (room - 4) + f" ... {_WHERE}"

    @pytest.mark.parametrize(
        ("letter", "width"), [("é", 2), ("日", 3), ("🚀", 4), ('"', 2), ("\n", 2), ("\x00", 6)]
    )
    def test_letters_are_cut_whole(self, letter: str, width: int) -> None:
        """No letter is cut in two, and no room is left for another."""
        body = _failed(letter * 5_000).encode(_EVENT)

        assert 4096 - width < len(body) <= 4096
        assert set(_reason_in(body).removesuffix(f" ... {_WHERE}")) == {letter}

    def test_half_a_surrogate_pair(self) -> None:
        """What UTF-8 cannot carry is replaced."""
        assert _reason_in(_failed("a\ud800b").encode(_EVENT)) == f"a?b {_WHERE}"

    def test_long_names(self) -> None:
        """The longest names that there can be leave room for a reason."""
        data = attributes(
            Observation(stack_set(stack_set_id=_LONGEST_ID, name="s" * 128, arn="a" * 250))
        )
        answer = Answer("FAILED", _LONGEST_ID, "Role exists. " * 400, _WHERE, data)

        body = answer.encode(_LONGEST_EVENT)

        assert len(body) <= 4096
        assert _reason_in(body).startswith("Role exists. " * 100)
        assert _reason_in(body).endswith(_WHERE)

    def test_signed_address_stays_secret(self) -> None:
        """Nothing of the event but its ids is in the answer."""
        body = _failed("x").encode(_EVENT)

        assert b"secret" not in body
        assert b"hunter2" not in body

    @settings(max_examples=200)
    @given(
        st.text(st.characters(exclude_categories=()), max_size=30),
        st.integers(0, 3_000),
        st.sampled_from([_EVENT, _LONGEST_EVENT]),
    )
    def test_always_fits(self, text: str, times: int, event: dict[str, Any]) -> None:
        """Whatever the reason: valid, at most 4,096 bytes, the cause in front, the way out last."""
        reason = text * times
        readable = reason.encode("utf-8", "replace").decode()

        body = _failed(reason).encode(event)

        told = _reason_in(body)
        assert len(body) <= 4096
        if told != f"{readable} {_WHERE}":
            kept = told.removesuffix(f" ... {_WHERE}")
            assert kept != told
            assert readable.startswith(kept)
            assert len(body) > 4096 - 6


class TestAttributes:
    """What Fn::GetAtt gives."""

    def test_attributes(self) -> None:
        """Every attribute is a text; instances that are not CURRENT count as failed."""
        seen = Observation(
            stack_set(),
            {
                Target(ONE, VIRGINIA): current(),
                Target(TWO, VIRGINIA): outdated(),
                Target("333333333333", VIRGINIA): InstanceState("INOPERABLE"),
            },
            newest_operation_id="op-1",
        )

        assert attributes(seen, ["A.", "B."], "6a8f3c2b-0123456789abcdef-3") == {
            "StackSetId": STACK_SET_ID,
            "StackSetName": "StackSetsTest",
            "StackSetArn": (
                "arn:aws:cloudformation:us-east-1:999999999999:stackset/StackSetsTest:"
                "1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9"
            ),
            "OperationId": "op-1",
            "DeploymentId": "6a8f3c2b-0123456789abcdef-3",
            "InstanceCount": "3",
            "FailedInstanceCount": "2",
            "Status": "ACTIVE",
            "DriftStatus": "NOT_CHECKED",
            "DriftedInstanceCount": "0",
            "Warnings": "A. B.",
        }

    def test_warnings_are_cut(self) -> None:
        """However many there are, a few fit, and the log has the rest."""
        many = [f"Property {number} is passed over, for it is not known." for number in range(900)]
        long = ["x" * 5_000]

        assert attributes(Observation(stack_set()), many)["Warnings"].endswith(
            "895 more are in the log."
        )
        assert len(attributes(Observation(stack_set()), long)["Warnings"]) < 1_000

    def test_empty_stack_set(self) -> None:
        """A stack set without instances and operations has all its attributes, too."""
        found = attributes(Observation(stack_set()))

        assert (found["InstanceCount"], found["FailedInstanceCount"]) == ("0", "0")
        assert found["OperationId"] == ""


@dataclass
class _Bucket:
    """Where CloudFormation wants its answers, with a list of what it says to them."""

    answers: list[int]
    bodies: list[bytes] = field(default_factory=list)
    content_types: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def bucket() -> Iterator[_Bucket]:
    """A server that takes answers; a 0 among its own closes the connection without a word."""
    bucket = _Bucket([])

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            bucket.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            bucket.content_types.append(self.headers["Content-Type"])
            status = bucket.answers.pop(0)
            if status:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        bucket.url = f"http://127.0.0.1:{server.server_port}/answer?Signature=secret"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield bucket
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept between tries: on a clock that only sleeping moves."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "time", lambda: 1000.0 + sum(pauses))
    monkeypatch.setattr(time, "sleep", pauses.append)
    return pauses


class TestDeliver:
    """The PUT of the answer."""

    def test_taken(self, bucket: _Bucket, slept: list[float]) -> None:
        """An answer that is taken is put once, to the letter, with an empty content type."""
        bucket.answers = [200]

        deliver(bucket.url, b'{"Status":"SUCCESS"}', until=2000.0)

        assert bucket.bodies == [b'{"Status":"SUCCESS"}']
        assert bucket.content_types == [""]
        assert slept == []

    @pytest.mark.parametrize("status", [500, 503, 599, 0])
    def test_tried_again(self, bucket: _Bucket, slept: list[float], status: int) -> None:
        """A server's error or a broken connection is tried again after a pause."""
        bucket.answers = [status, status, 200]

        deliver(bucket.url, b"{}", until=2000.0)

        assert bucket.bodies == [b"{}", b"{}", b"{}"]
        assert len(slept) == 2

    @pytest.mark.parametrize("status", [300, 301, 400, 403, 404, 499])
    def test_refused(
        self,
        bucket: _Bucket,
        slept: list[float],
        status: int,
        logged: list[logging.LogRecord],
    ) -> None:
        """An answer that is refused for good, as by an expired signature, is not tried again."""
        bucket.answers = [status]

        deliver(bucket.url, b"{}", until=2000.0)

        assert len(bucket.bodies) == 1
        assert slept == []
        assert [(each.levelname, vars(each)["status"]) for each in logged] == [("ERROR", status)]

    @pytest.mark.parametrize("status", [200, 204, 299])
    def test_taken_quietly(
        self, bucket: _Bucket, status: int, logged: list[logging.LogRecord]
    ) -> None:
        """An answer that is taken is nothing to complain about."""
        bucket.answers = [status]

        deliver(bucket.url, b"{}", until=2000.0)

        assert logged == []

    def test_given_up(self, bucket: _Bucket, slept: list[float]) -> None:
        """What cannot be delivered until the end of the sandbox is told, after several tries."""
        bucket.answers = [503] * 50

        with pytest.raises(DeliveryFailed, match=r"^HTTP 503$"):
            deliver(bucket.url, b"{}", until=1060.0)

        assert 3 <= len(bucket.bodies) < 12
        assert sum(slept) <= 60

    def test_no_time_left(self, bucket: _Bucket, slept: list[float]) -> None:
        """Even without any time left, one try is made."""
        bucket.answers = [503]

        with pytest.raises(DeliveryFailed):
            deliver(bucket.url, b"{}", until=1000.0)

        assert len(bucket.bodies) == 1
        assert slept == []

    def test_signature_stays_secret(self, bucket: _Bucket, logged: list[logging.LogRecord]) -> None:
        """Neither the log nor the error shows the signed address."""
        bucket.answers = [0] * 50

        with pytest.raises(DeliveryFailed) as caught:
            deliver(bucket.url, b"{}", until=1010.0)

        assert str(caught.value) == "ProtocolError"
        assert {(each.getMessage(), vars(each)["cause"]) for each in logged} == {
            ("answer not delivered, trying again", "ProtocolError")
        }
        assert "secret" not in f"{caught.value!r} {[vars(each) for each in logged]}"
