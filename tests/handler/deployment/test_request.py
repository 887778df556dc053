"""Requests are read as CloudFormation sends them; names are unique, deadlines in time."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.deployment.request import Request, is_stack_set_id, name_in
from handler.plan.marks import Marks
from handler.values.spec import StackSetSpec
from tests.factories import STACK_ID, STACK_SET_ID

_SIGNED = 1_787_443_200.0  # 20260823T000000Z
_NOW = _SIGNED + 7_199
_RESPONSE_URL = (
    "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/"
    "arn%3Aaws%3Acloudformation%3Aus-east-1%3A999999999999%3Astack/stacksets?X-Amz-Algorithm="
    "AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-SignedHeaders=host&X-Amz-Expires=7200"
)
_UUID = "51af3dc0-da77-11e4-872e-1234567db123"


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: _NOW)


def _event(**members: Any) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "ResponseURL": _RESPONSE_URL.format(date="20260823T000000Z"),
        "StackId": STACK_ID,
        "RequestId": "request-1",
        "LogicalResourceId": "StackSet",
        "ResourceType": "Custom::StackSet",
        **members,
    }


def _request(
    stack_name: str = "stacksets", logical_id: str = "StackSet", **members: Any
) -> Request:
    stack_id = f"arn:aws:cloudformation:us-east-1:999999999999:stack/{stack_name}/{_UUID}"
    given: dict[str, Any] = {"properties": {}, "began": 1000.0, **members}
    return Request(stack_id, logical_id, "request-1", "", **given)


class TestEvent:
    """What of an event is read."""

    def test_create(self) -> None:
        """A Create has no physical id and no old properties."""
        event = _event(ResourceProperties={"StackSetName": "Baseline"})

        assert Request.from_event(event) == Request(
            stack_id=STACK_ID,
            logical_id="StackSet",
            request_id="request-1",
            physical_id="",
            properties={"StackSetName": "Baseline"},
            old_properties={},
            began=_SIGNED,
            kind="Create",
            signed_at=int(_SIGNED),
        )

    def test_update(self) -> None:
        """An Update has all of it."""
        request = Request.from_event(
            _event(
                PhysicalResourceId=STACK_SET_ID,
                ResourceProperties={"StackSetName": "New"},
                OldResourceProperties={"StackSetName": "Old"},
            )
        )

        assert request.physical_id == STACK_SET_ID
        assert request.properties == {"StackSetName": "New"}
        assert request.old_properties == {"StackSetName": "Old"}

    def test_nulls(self) -> None:
        """Nulls are as good as nothing."""
        request = Request.from_event(
            _event(PhysicalResourceId=None, ResourceProperties=None, OldResourceProperties=None)
        )

        assert (request.physical_id, request.properties, request.old_properties) == ("", {}, {})

    def test_relay_remembers_when_it_began(self) -> None:
        """A relayed request began when the first invocation saw it."""
        assert Request.from_event(_event(), began=123.0).began == 123.0
        assert Request.from_event(_event(), began=0.0).began == 0.0

    @pytest.mark.parametrize(
        ("url", "began"),
        [
            (_RESPONSE_URL.format(date="20260823T000000Z"), _SIGNED),
            (_RESPONSE_URL.format(date="20991231T235959Z"), _NOW),
            (_RESPONSE_URL.format(date="20260822T235959Z"), _NOW),
            (_RESPONSE_URL.format(date="yesterday"), _NOW),
            ("https://x.s3.amazonaws.com/y?AWSAccessKeyId=A&Expires=1&Signature=z", _NOW),
            ("", _NOW),
        ],
        ids=["signed", "clock behind", "sample", "no date", "old signature", "no address"],
    )
    def test_began(self, url: str, began: float) -> None:
        """A request began when CloudFormation signed its address, or else now; never later.

        An address that is no longer valid is a sample's: such a request begins now.
        """
        assert Request.from_event(_event(ResponseURL=url)).began == began

    @pytest.mark.parametrize(
        ("age", "known"),
        [
            (-1, False),
            (0, True),
            (1, True),
            (3600, True),
            (7199, True),
            (7200, False),
            (1e7, False),
        ],
    )
    def test_age_of_the_signature(
        self, *, age: float, known: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A signature tells when the request began while it is valid, which is two hours.

        Deliveries of Lambda's come up to six hours late, when nobody can be answered any more.
        """
        monkeypatch.setattr(time, "time", lambda: _SIGNED + age)

        assert Request.from_event(_event()).began == (_SIGNED if known else _SIGNED + age)

    def test_no_address(self) -> None:
        """An event without an address for the answer began now."""
        event = _event()
        del event["ResponseURL"]

        assert Request.from_event(event).began == _NOW

    def test_began_when_nobody_says(self) -> None:
        """A request that is made by hand began at the beginning of time."""
        assert Request(STACK_ID, "StackSet", "request-1", "", {}).began == 0.0

    def test_marks(self) -> None:
        """A request marks its operations by stack, logical id, request and time of signing."""
        assert Request.from_event(_event()).marks == Marks.of(
            STACK_ID, "StackSet", "request-1", signed_at=int(_SIGNED)
        )

    def test_marks_do_not_depend_on_when_the_event_arrives(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A late delivery, and one without a signed address, marks as the first one did."""
        for event in (_event(), _event(ResponseURL="https://example.com")):
            first = Request.from_event(event).marks
            monkeypatch.setattr(time, "time", lambda: _SIGNED + 100_000.0)
            assert Request.from_event(event).marks == first


class TestPlaceholders:
    """The physical ids of what was never created, or perhaps was."""

    def test_recognisable(self) -> None:
        """Neither is taken for a stack set, and both tell resource and request."""
        request = _request()

        assert request.placeholder_id == "StackSet-not-created-request-1"
        assert request.unfinished_id == "StackSet-unfinished-request-1"
        assert not is_stack_set_id(request.placeholder_id)
        assert not is_stack_set_id(request.unfinished_id)
        assert request.adopting_id == "StackSet-adopting-request-1"
        assert not is_stack_set_id(request.adopting_id)

    @pytest.mark.parametrize(
        ("physical_id", "may_be"),
        [
            ("StackSet-unfinished-request-1", True),
            ("stacksets-StackSet-1A2B3C4D5E6F", True),
            (STACK_SET_ID, False),
            ("StackSet-not-created-request-1", False),
        ],
        ids=repr,
    )
    def test_unfinished_create(self, physical_id: str, *, may_be: bool) -> None:
        """An id that the last word or CloudFormation has made up tells of a Create unheard of."""
        request = Request.from_event(_event(PhysicalResourceId=physical_id))

        assert request.may_be_unfinished is may_be


_EARLY = "WaitFor: START and a Custom::StackSetWait for each hour"


class TestDeadline:
    """When CloudFormation gives up, and when we do."""

    @pytest.mark.parametrize(
        ("timeout", "deadline"),
        [
            (None, 4600.0),
            ("", 4600.0),
            ("0", 4600.0),
            ("soon", 4600.0),
            ("-5", 4600.0),
            (["600"], 4600.0),
            ("600", 1600.0),
            (600, 1600.0),
            ("1", 1001.0),
            ("3600", 4600.0),
        ],
        ids=repr,
    )
    def test_deadline(self, timeout: object, deadline: float) -> None:
        """CloudFormation waits an hour, or as long as ServiceTimeout says."""
        assert _request(properties={"ServiceTimeout": timeout}).deadline == deadline

    def test_no_timeout(self) -> None:
        """Without a ServiceTimeout CloudFormation waits an hour."""
        assert _request().deadline == 4600.0

    @pytest.mark.parametrize(
        ("kind", "properties", "ends_at", "later"),
        [
            ("Create", {}, 4540.0, [_EARLY]),
            (
                "Update",
                {"ServiceTimeout": "600"},
                1540.0,
                [
                    "a longer ServiceTimeout",
                    "WaitFor: START and a Custom::StackSetWait for each hour",
                ],
            ),
            ("Create", {"WaitFor": "START", "ServiceTimeout": "600"}, 44140.0, []),
        ],
    )
    def test_ends_at(
        self, kind: str, properties: dict[str, Any], ends_at: float, later: list[str]
    ) -> None:
        """What is answered early has longer, and so has what could be."""
        request = _request(kind=kind, properties=properties)

        assert request.ends_at == ends_at
        assert list(request.later_ends) == later
        assert all(each > ends_at for each in request.later_ends.values())

    @pytest.mark.parametrize(
        ("timeout", "give_up_at"), [("3600", 4540.0), ("600", 1540.0), ("100", 1090.0)]
    )
    def test_give_up(self, timeout: str, give_up_at: float) -> None:
        """We stop a minute before the deadline, or a tenth where the time is short."""
        assert _request(properties={"ServiceTimeout": timeout}).give_up_at == give_up_at


class TestDefaultName:
    """The StackSetName where the author gives none."""

    def test_tells_stack_and_resource(self) -> None:
        """The name begins with what a person would look for, and ends with what is unique."""
        request = _request()

        assert request.name_of(StackSetSpec()) == f"stacksets-StackSet-{request.marks.resource}"

    @given(
        st.from_regex(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", fullmatch=True),
        st.from_regex(r"[a-zA-Z0-9]{1,255}", fullmatch=True),
    )
    def test_api_takes_it(self, stack_name: str, logical_id: str) -> None:
        """The API takes the name, however long the names that it is made of."""
        name = _request(stack_name, logical_id).name_of(StackSetSpec())

        assert re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", name)

    @pytest.mark.parametrize(
        ("stack_name", "logical_id", "length"),
        [("s" * 128, "L" * 255, 128), ("s" * 128, "L", 128), ("s", "L" * 255, 89), ("s", "L", 20)],
        ids=["both long", "long stack", "long resource", "both short"],
    )
    def test_room_is_shared(self, stack_name: str, logical_id: str, length: int) -> None:
        """A long logical id leaves 40 characters to the stack's name, a short one all the room."""
        name = _request(stack_name, logical_id).name_of(StackSetSpec())

        assert len(name) == length
        assert name.startswith(stack_name[:40])
        assert f"-{logical_id[:70]}-" in name

    @pytest.mark.parametrize(
        "other",
        [
            _request("s" * 128, "L" * 254 + "M"),
            _request("s" * 127 + "t", "L" * 255),
            Request(STACK_ID, "StackSet", "request-1", "", {}),
        ],
        ids=["logical id", "stack name", "stack"],
    )
    def test_unique(self, other: Request) -> None:
        """Names that differ only where there is no room for it give different names."""
        assert other.name_of(StackSetSpec()) != _request("s" * 128, "L" * 255).name_of(
            StackSetSpec()
        )

    def test_same_for_every_request(self) -> None:
        """The name is that of the resource, not of the request."""
        again = Request(_request().stack_id, "StackSet", "request-2", "", {})

        assert again.name_of(StackSetSpec()) == _request().name_of(StackSetSpec())

    def test_odd_stack_id(self) -> None:
        """A stack id that is no ARN is its own name."""
        assert Request("mystack", "S", "r", "", {}).name_of(StackSetSpec()).startswith("mystack-S-")


@pytest.mark.parametrize(
    ("physical_id", "is_one"),
    [
        (STACK_SET_ID, True),
        ("A:1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9", True),
        ("a" * 128 + ":1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9", True),
        ("a" * 129 + ":1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9", False),
        ("", False),
        ("NONE", False),
        ("StackSetsTest", False),
        ("StackSetsTest:", False),
        (":1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9", False),
        ("StackSet-not-created-51af3dc0-da77-11e4-872e-1234567db123", False),
        ("parent_MySet_2UJ7K08P", False),
        ("2026/11/23/[$LATEST]c0ffee", False),
        (STACK_ID, False),
        (STACK_SET_ID + "\n", False),
    ],
    ids=repr,
)
def test_stack_set_id(*, physical_id: str, is_one: bool) -> None:
    """Only ``name:uuid`` is a stack set; every placeholder of old and new is none."""
    assert is_stack_set_id(physical_id) is is_one


def test_name_in_id() -> None:
    """A StackSetId begins with the name."""
    assert name_in(STACK_SET_ID) == "StackSetsTest"
    assert name_in("StackSetsTest") == "StackSetsTest"


class TestEarlyAnswer:
    """Requests that are answered before their end."""

    @pytest.mark.parametrize(
        ("kind", "wait_for", "expected"),
        [
            ("Create", "START", True),
            ("Update", " start ", True),
            ("Update", "END", False),
            ("Create", None, False),
            ("Delete", "START", False),
        ],
    )
    def test_answers_early(self, kind: str, wait_for: object, *, expected: bool) -> None:
        """A Create and an Update with WaitFor START are, a Delete never is."""
        given = {} if wait_for is None else {"WaitFor": wait_for}

        assert _request(kind=kind, properties=given).answers_early is expected

    @pytest.mark.parametrize(("kind", "expected"), [("Update", True), ("Delete", False)])
    def test_follows_early_answer(self, kind: str, *, expected: bool) -> None:
        """An Update of what was answered early may find it at work."""
        request = _request(kind=kind, old_properties={"WaitFor": "START"})

        assert request.follows_early_answer is expected

    def test_deadline(self) -> None:
        """After the answer twelve hours are left, whatever CloudFormation would have waited."""
        request = _request(properties={"ServiceTimeout": "60"}, is_answered=True)

        assert request.deadline == 1000.0 + 12 * 3600
        assert request.give_up_at == request.deadline - 60

    def test_wait_id(self) -> None:
        """A wait has a physical id that is no stack set's."""
        assert not is_stack_set_id(_request().wait_id)
