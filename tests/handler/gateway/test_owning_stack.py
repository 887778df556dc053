"""What CloudFormation tells of the stack that owns the resource, and of what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from handler.gateway.owning_stack import OwningStack
from handler.values.observation import OwningStackState, ResourceState
from tests.factories import STACK_ID

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Rig:
    """CloudFormation's client with answers prepared, and what was warned of."""

    def __init__(self) -> None:
        self.client = boto3.client(
            "cloudformation",
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        self.answers = Stubber(self.client)
        self.answers.activate()
        self.warnings: list[dict[str, Any]] = []
        self.stack = OwningStack(self.client, STACK_ID, "StackSet", self._warn)

    def _warn(self, _text: str, **details: Any) -> None:
        self.warnings.append(details)


@pytest.fixture
def rig() -> Rig:
    """A client without answers."""
    return Rig()


def test_stack(rig: Rig) -> None:
    """The status, and the operations but those that change nothing."""
    stack = {
        "StackName": "stacksets",
        "CreationTime": NOW,
        "StackStatus": "UPDATE_IN_PROGRESS",
        "DeploymentConfig": {"Mode": "EXPRESS"},
        "LastOperations": [
            {"OperationType": "UPDATE_STACK", "OperationId": "op-2"},
            {"OperationType": "CREATE_CHANGESET", "OperationId": "op-1"},
        ],
    }
    rig.answers.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": STACK_ID})

    assert rig.stack.stack() == OwningStackState("UPDATE_IN_PROGRESS", ("op-2",), is_express=True)


def test_resource(rig: Rig) -> None:
    """The status, since when, and the physical id if there is one."""
    detail = {
        "LogicalResourceId": "StackSet",
        "ResourceType": "Custom::StackSet",
        "LastUpdatedTimestamp": NOW,
        "ResourceStatus": "CREATE_IN_PROGRESS",
    }
    asked = {"StackName": STACK_ID, "LogicalResourceId": "StackSet"}
    rig.answers.add_response("describe_stack_resource", {"StackResourceDetail": detail}, asked)

    assert rig.stack.resource() == ResourceState("CREATE_IN_PROGRESS", "", NOW.timestamp())


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling", "ValidationError", "InternalError"])
def test_no_answer(rig: Rig, code: str) -> None:
    """Whatever keeps CloudFormation from telling is no error, and is warned of once."""
    for method in ("describe_stack_resource", "describe_stack_resource", "describe_stacks"):
        rig.answers.add_client_error(method, code)

    assert rig.stack.resource() is None
    assert rig.stack.resource() is None
    assert rig.stack.stack() is None
    assert [each["call"] for each in rig.warnings] == ["describe_stack_resource", "describe_stacks"]


def _event(status: str, reason: str = "", logical_id: str = "StackSet") -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "EventId": "e",
        "StackName": "stacksets",
        "Timestamp": NOW,
        "LogicalResourceId": logical_id,
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


@pytest.mark.parametrize(
    ("events", "answered"),
    [
        ([("UPDATE_FAILED", "Received response status [FAILED] from custom resource.")], True),
        ([("UPDATE_COMPLETE", "")], True),
        ([("UPDATE_FAILED", "Resource update cancelled")], False),
        ([("UPDATE_FAILED", "CloudFormation did not receive a response from your Custom")], False),
        ([("CREATE_FAILED", "something new")], False),
        ([("UPDATE_IN_PROGRESS", "")], False),
        ([], False),
    ],
)
def test_previous_request(rig: Rig, events: list[tuple[str, str]], *, answered: bool) -> None:
    """Only an answer of the function's own tells that its sandbox is done."""
    listed = [
        _event("UPDATE_IN_PROGRESS"),
        _event("UPDATE_FAILED", "Received response status [FAILED]", "Other"),
        *(_event(*each) for each in events),
        _event("CREATE_COMPLETE") if not events else _event("UPDATE_IN_PROGRESS"),
    ]
    if not events:
        listed.pop()
    rig.answers.add_response("describe_stack_events", {"StackEvents": listed})

    assert rig.stack.previous_request_was_answered() is answered


def test_no_events(rig: Rig) -> None:
    """Without the right to see events nobody knows."""
    rig.answers.add_client_error("describe_stack_events", "AccessDenied")

    assert not rig.stack.previous_request_was_answered()


def test_silence_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The write after it is asked for again, or one that was given up would go on."""

    class Unreachable:
        def describe_stack_resource(self, **_: str) -> Any:
            raise ConnectTimeoutError(endpoint_url="https://cloudformation")

    now = 1000.0
    monkeypatch.setattr("time.time", lambda: now)
    client: Any = Unreachable()
    stack = OwningStack(client, STACK_ID, "StackSet", lambda *_, **__: None)
    assert (stack.resource(), stack.is_silent) == (None, True)
    now += 20.0
    assert not stack.is_silent


@pytest.mark.parametrize(
    ("shown", "is_to_go"),
    [
        (["DELETE_IN_PROGRESS", "UPDATE_COMPLETE"], True),
        (["DELETE_FAILED", "DELETE_IN_PROGRESS"], True),
        (["DELETE_SKIPPED", "UPDATE_COMPLETE"], False),
        (["DELETE_COMPLETE", "DELETE_IN_PROGRESS"], True),
        (["UPDATE_COMPLETE"], False),
        ([], None),
    ],
)
def test_is_to_go(rig: Rig, shown: list[str], *, is_to_go: bool | None) -> None:
    """The newest event with the id tells; those with another say nothing of it."""
    events = [{**_event(each), "PhysicalResourceId": "old"} for each in shown]
    events.insert(0, {**_event("DELETE_IN_PROGRESS"), "PhysicalResourceId": "other"})
    answer = {"StackEvents": events}
    rig.answers.add_response("describe_stack_events", answer, {"StackName": STACK_ID})

    assert rig.stack.is_to_go("old") is is_to_go


def test_whatever_goes_wrong_is_no_answer() -> None:
    """An endpoint that does not know a call at all is no reason to fail."""

    class Unable:
        def describe_stack_events(self, **_: object) -> None:
            raise NotImplementedError

    client: Any = Unable()
    stack = OwningStack(client, STACK_ID, "StackSet", lambda *_, **__: None)

    assert not stack.previous_request_was_answered()


def _event_at(status: str, second: int, physical_id: str = "Set:1") -> dict[str, Any]:
    return {
        "StackId": STACK_ID,
        "EventId": f"{status}-{second}",
        "StackName": "stacksets",
        "LogicalResourceId": "StackSet",
        "PhysicalResourceId": physical_id,
        "ResourceStatus": status,
        "Timestamp": NOW.replace(second=second),
    }


@pytest.mark.parametrize(
    ("events", "seconds"),
    [
        ([("UPDATE_COMPLETE", 9), ("UPDATE_IN_PROGRESS", 5), ("CREATE_COMPLETE", 3)], [5]),
        ([("UPDATE_IN_PROGRESS", 5), ("CREATE_COMPLETE", 3), ("CREATE_IN_PROGRESS", 1)], [5, 1]),
        ([("CREATE_COMPLETE", 9), ("CREATE_IN_PROGRESS", 8), ("CREATE_IN_PROGRESS", 2)], [2]),
        ([("DELETE_IN_PROGRESS", 9), ("UPDATE_COMPLETE", 7), ("UPDATE_IN_PROGRESS", 4)], [4]),
        ([], []),
    ],
    ids=["ended", "running", "told twice", "clean-up of what was replaced", "nothing known"],
)
def test_requests_began(rig: Rig, events: list[tuple[str, int]], seconds: list[int]) -> None:
    """The first beginning since an end tells, however often it is told."""
    answer = {"StackEvents": [_event_at(*each) for each in events]}
    rig.answers.add_response("describe_stack_events", answer, {"StackName": STACK_ID})

    expected = [NOW.replace(second=second).timestamp() for second in seconds]
    assert rig.stack.requests_began() == expected


@pytest.mark.parametrize(
    ("events", "deployed"),
    [
        ([("CREATE_FAILED", "Set:1"), ("CREATE_IN_PROGRESS", "")], False),
        ([("DELETE_IN_PROGRESS", "Set:1"), ("CREATE_FAILED", "Set:1")], False),
        ([("CREATE_COMPLETE", "Set:1"), ("CREATE_IN_PROGRESS", "Set:1")], True),
        ([("UPDATE_FAILED", "Set:1"), ("UPDATE_IN_PROGRESS", "Set:1")], True),
        ([("UPDATE_COMPLETE", "Set:2"), ("UPDATE_IN_PROGRESS", "Set:1")], True),
        ([("CREATE_COMPLETE", "Set:2"), ("CREATE_FAILED", "Set:1")], False),
        ([("CREATE_IN_PROGRESS", "Set:1")], None),
        ([("CREATE_COMPLETE", "Set:2")], None),
        ([], None),
    ],
)
def test_was_deployed(
    rig: Rig,
    events: list[tuple[str, str]],
    deployed: bool | None,  # noqa: FBT001
) -> None:
    """Only what has succeeded once is updated, or complete, with the same physical id."""
    listed = [_event_at(status, 9, physical_id) for status, physical_id in events]
    rig.answers.add_response("describe_stack_events", {"StackEvents": listed})

    assert rig.stack.was_deployed("Set:1") is deployed


OLD, NEW, MADE_UP = "Set:old", "Set:new", "stack-StackSet-1"


def _history(*events: tuple[str, str]) -> list[dict[str, Any]]:
    """Events, the oldest first and a minute apart: status, and the physical id or "stack"."""
    told = [
        {
            "StackId": STACK_ID,
            "EventId": str(number),
            "StackName": "stacksets",
            "LogicalResourceId": "stacksets" if physical_id == "stack" else "StackSet",
            "PhysicalResourceId": STACK_ID if physical_id == "stack" else physical_id,
            "ResourceStatus": status,
            "Timestamp": NOW + timedelta(minutes=number),
        }
        for number, (status, physical_id) in enumerate(events)
    ]
    return told[::-1]


CREATED = (("CREATE_IN_PROGRESS", "stack"), ("CREATE_IN_PROGRESS", ""), ("CREATE_COMPLETE", NEW))
SETTLED = (*CREATED, ("CREATE_COMPLETE", "stack"))
RENAMED = (
    ("UPDATE_IN_PROGRESS", "stack"),
    ("UPDATE_IN_PROGRESS", OLD),
    ("UPDATE_COMPLETE", NEW),
)
BACK = (
    ("UPDATE_ROLLBACK_IN_PROGRESS", "stack"),
    ("UPDATE_IN_PROGRESS", NEW),
    ("UPDATE_COMPLETE", OLD),
    ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "stack"),
)


@pytest.mark.parametrize(
    ("events", "physical_id", "minute"),
    [
        pytest.param((*CREATED, ("ROLLBACK_IN_PROGRESS", "stack")), NEW, 1, id="rollback"),
        pytest.param((*CREATED, ("DELETE_IN_PROGRESS", "stack")), NEW, 1, id="in-the-middle"),
        pytest.param((*CREATED, ("ROLLBACK_FAILED", "stack")), NEW, 1, id="rollback-failed"),
        pytest.param((*CREATED[:2], ("CREATE_FAILED", MADE_UP)), MADE_UP, 1, id="given-up"),
        pytest.param((*SETTLED, ("DELETE_IN_PROGRESS", "stack")), NEW, None, id="for-good"),
        pytest.param(
            (*SETTLED, ("UPDATE_IN_PROGRESS", NEW), ("UPDATE_FAILED", NEW)), NEW, None, id="kept"
        ),
        pytest.param((*RENAMED, *BACK), NEW, 1, id="rename-undone"),
        pytest.param(
            (*RENAMED, ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "stack")), OLD, None, id="renamed"
        ),
        pytest.param(
            (*RENAMED, *BACK, ("UPDATE_ROLLBACK_COMPLETE", "stack")), OLD, None, id="rolled-back"
        ),
        pytest.param(
            (*CREATED[:2], ("CREATE_IN_PROGRESS", NEW), ("CREATE_COMPLETE", NEW)),
            NEW,
            1,
            id="twice",
        ),
    ],
)
def test_unsettled_since(
    rig: Rig, events: tuple[tuple[str, str], ...], physical_id: str, minute: int | None
) -> None:
    """What comes first, going back: an end of the stack's operation, or what made the id."""
    told = _history(*events)
    rig.answers.add_response("describe_stack_events", {"StackEvents": told[:2], "NextToken": "1"})
    rig.answers.add_response("describe_stack_events", {"StackEvents": told[2:]})

    began = (NOW + timedelta(minutes=minute)).timestamp() if minute is not None else 0.0
    assert rig.stack.unsettled_since(physical_id) == began


def test_unsettled_since_for_unknown(rig: Rig) -> None:
    """Where CloudFormation does not tell, nothing is known."""
    rig.answers.add_client_error("describe_stack_events", "AccessDenied")

    assert rig.stack.unsettled_since(NEW) is None
