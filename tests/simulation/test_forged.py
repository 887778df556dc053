"""Requests that CloudFormation has never sent: whoever may invoke the function can write one."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.virtual import asking
from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack, Timing
from tests.simulation.adoptions import make_by_hand, places_in
from tests.simulation.story import ACCOUNTS, group, new_stack, operations, properties, template

EAST = "us-east-1"
HERE = properties(group(ACCOUNTS[:2], (EAST,)))
THERE = "Others:0a1b2c3d-0000-4000-8000-000000000000"


@pytest.fixture
def idle(aws: VirtualAWS, stack: Stack) -> Stack:
    """A stack that is deployed, with a stack set of two instances."""
    assert stack.deploy(HERE) == "CREATE_COMPLETE", stack.reason
    aws.clock.sleep(3600)
    return stack


def forge(stack: Stack, kind: str, **changed: Any) -> dict[str, Any]:
    """An event as CloudFormation would send it now, with changes."""
    event = copy.deepcopy(stack.requests[-1])
    signed = datetime.fromtimestamp(stack.aws.clock.now, UTC)
    address, _, _ = event["ResponseURL"].partition("?")
    wanted = {**event["ResourceProperties"], "TemplateBody": template("evil")}
    event |= {
        "RequestType": kind,
        "RequestId": str(uuid.uuid4()),
        "ResponseURL": f"{address}?X-Amz-Date={signed:%Y%m%dT%H%M%SZ}",
        "ResourceProperties": wanted,
        "PhysicalResourceId": stack.physical_id,
    }
    if kind == "Update":
        event["OldResourceProperties"] = stack.requests[-1]["ResourceProperties"]
    event |= changed
    return {key: each for key, each in event.items() if each is not None}


def serve(stack: Stack, event: dict[str, Any]) -> list[str]:
    """Have the function serve an event to its end; returns what it has written."""
    before = len(operations(stack.aws))
    stack.function.start(event)
    stack.aws.scheduler.drain()
    return operations(stack.aws)[before:]


def _of_another_account(stack: Stack) -> dict[str, Any]:
    stack_id = stack.requests[-1]["StackId"].replace("111111111111", "999999999999")
    return forge(stack, "Create", StackId=stack_id, PhysicalResourceId=None)


def _of_another_stack(stack: Stack) -> dict[str, Any]:
    stack_id = stack.requests[-1]["StackId"].replace("/story/", "/other/")
    return forge(stack, "Create", StackId=stack_id, PhysicalResourceId=None)


def _signed_earlier(stack: Stack) -> dict[str, Any]:
    address, _, _ = stack.requests[-1]["ResponseURL"].partition("?")
    return forge(stack, "Update", ResponseURL=f"{address}?X-Amz-Date=20250101T000000Z")


def _answered_early(stack: Stack) -> dict[str, Any]:
    """As if the request of which the stack's last event tells had been answered early."""
    event = forge(stack, "Create", PhysicalResourceId=None)
    event["ResponseURL"] = stack.requests[-1]["ResponseURL"]
    event["ResourceProperties"]["WaitFor"] = "START"
    return event


def _with_memory(stack: Stack) -> dict[str, Any]:
    """As if an earlier invocation had handed it over."""
    event = forge(stack, "Update")
    first = {"answered_id": stack.physical_id, "is_confirmed": True, "is_known": True}
    carried = {"first": first, "stack_set_id": stack.physical_id, "origin": "MADE"}
    return {**event, "CrHelperPoll": True, "CrHelperData": carried}


def _as_a_message(stack: Stack) -> dict[str, Any]:
    """As if it had come from the queue."""
    record = {
        "eventSource": "aws:sqs",
        "body": json.dumps(_with_memory(stack)),
        "receiptHandle": "made-up",
        "messageId": "made-up",
        "attributes": {"ApproximateReceiveCount": "1"},
    }
    return {**forge(stack, "Update"), "Records": [record]}


def _as_a_message_without_handle(stack: Stack) -> dict[str, Any]:
    """The same, with a handle that the SDK refuses before it asks SQS."""
    event = _as_a_message(stack)
    event["Records"][0]["receiptHandle"] = 0
    return event


FORGED: dict[str, Callable[[Stack], dict[str, Any]]] = {
    "create of what is there": lambda stack: forge(stack, "Create", PhysicalResourceId=None),
    "create in another account": _of_another_account,
    "create in no stack": _of_another_stack,
    "create of no resource": lambda stack: forge(
        stack, "Create", LogicalResourceId="Other", PhysicalResourceId=None
    ),
    "update": lambda stack: forge(stack, "Update"),
    "update that is older": _signed_earlier,
    "update without a time": lambda stack: forge(
        stack, "Update", ResponseURL=stack.requests[-1]["ResponseURL"].partition("?")[0]
    ),
    "update of another's": lambda stack: forge(stack, "Update", PhysicalResourceId=THERE),
    "delete": lambda stack: forge(stack, "Delete"),
    "delete without a time": lambda stack: forge(
        stack, "Delete", ResponseURL=stack.requests[-1]["ResponseURL"].partition("?")[0]
    ),
    "delete of another's": lambda stack: forge(stack, "Delete", PhysicalResourceId=THERE),
    "answered early": _answered_early,
    "with memory": _with_memory,
    "message": _as_a_message,
    "message without handle": _as_a_message_without_handle,
}


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "required"])
@pytest.mark.parametrize("name", FORGED)
def test_forged(
    aws: VirtualAWS, idle: Stack, name: str, monkeypatch: pytest.MonkeyPatch, *, is_told: bool
) -> None:
    """Nothing is written, whatever it names; where CloudFormation does not tell, if it has to."""
    make_by_hand(aws, name="Others")
    theirs = next(e.stack_set_id for e in aws.engine.stack_sets.values() if e.name == "Others")
    if not is_told:
        aws.engine.faults.calls.append(
            CallFault("DescribeStackResource", Answer.ACCESS_DENIED, times=None)
        )
        monkeypatch.setenv("REQUIRE_CONFIRMATION", "true")
    event = json.loads(json.dumps(FORGED[name](idle)).replace(THERE, theirs))
    assert serve(idle, event) == []
    assert places_in(aws, "Others")
    assert {each.template_body for each in aws.deployer.stacks.values()} <= {
        template(),
        template("by hand"),
    }


@pytest.mark.parametrize("kind", ["Update", "Delete"])
def test_marks_tell(aws: VirtualAWS, idle: Stack, kind: str) -> None:
    """Where CloudFormation does not tell, another resource's stack set is left alone."""
    other = Stack(aws, idle.served_by, "other")
    assert other.deploy({**HERE, "StackSetName": "Others"}) == "CREATE_COMPLETE", other.reason
    aws.clock.sleep(3600)
    for action in ("DescribeStackResource", "DescribeStacks", "DescribeStackEvents"):
        aws.engine.faults.calls.append(CallFault(action, Answer.ACCESS_DENIED, times=None))
    wanted = {**HERE, "StackSetName": "Others", "TemplateBody": template("evil")}
    event = forge(
        idle,
        kind,
        PhysicalResourceId=other.physical_id,
        ResourceProperties=wanted,
        **({"OldResourceProperties": wanted} if kind == "Update" else {}),
    )
    assert serve(idle, event) == []


@pytest.mark.parametrize("is_told", [True, False], ids=["told", "required"])
def test_what_was_kept(
    aws: VirtualAWS, idle: Stack, monkeypatch: pytest.MonkeyPatch, *, is_told: bool
) -> None:
    """What was replaced, and left in its place on purpose, is nobody's to delete by an event."""

    def keep(physical_id: str, wanted: dict[str, Any]) -> SimpleNamespace:
        idle._sent._note("DELETE_SKIPPED", physical_id, wanted)
        return SimpleNamespace(status="SUCCESS")

    monkeypatch.setattr(idle._sent, "clean_up", keep)
    if not is_told:
        monkeypatch.setenv("REQUIRE_CONFIRMATION", "true")
    kept, before = idle.physical_id, idle.requests[-1]["ResourceProperties"]
    assert idle.deploy({**HERE, "StackSetName": "Another"}) == "UPDATE_COMPLETE", idle.reason
    aws.clock.sleep(3600)
    event = forge(idle, "Delete", PhysicalResourceId=kept, ResourceProperties=before)
    assert serve(idle, event) == []
    assert any(each.stack_set_id == kept for each in aws.engine.stack_sets.values())


def test_a_resource_of_another_kind(aws: VirtualAWS, idle: Stack) -> None:
    """While CloudFormation makes a bucket, no stack set is made in its name."""
    bucket = Stack(aws, idle.served_by, "bucket", resource_type="AWS::S3::Bucket")
    bucket._open("CREATE_STACK", "CREATE_IN_PROGRESS")
    bucket._sent._show("CREATE_IN_PROGRESS", "", "", {})
    event = forge(idle, "Create", StackId=bucket.stack_id, PhysicalResourceId=None)
    assert serve(idle, event) == []


def test_told_why(aws: VirtualAWS, idle: Stack) -> None:
    """The answer says what CloudFormation does not show."""
    event = forge(idle, "Update", PhysicalResourceId=THERE)
    serve(idle, event)
    assert (
        "CloudFormation does not confirm this request, so nothing was done: stack"
        in (aws.responses[-1].body["Reason"])
    )


def test_an_upgrade(aws: VirtualAWS) -> None:
    """A stack set that no mark is on, as the awslabs function leaves it, is served."""
    aws.engine.faults.calls.append(
        CallFault("DescribeStackResource", Answer.ACCESS_DENIED, times=None)
    )
    made = new_stack(aws)
    assert made.deploy(HERE) == "CREATE_COMPLETE", made.reason
    assert made.delete() == "DELETE_COMPLETE", made.reason


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are refused unless CloudFormation confirms them."""
    monkeypatch.setenv("REQUIRE_CONFIRMATION", "true")


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_other_properties_meanwhile(aws: VirtualAWS, kind: str) -> None:
    """While CloudFormation waits for the resource, its request is not served with others."""
    made = Stack(aws, new_stack(aws).served_by, timing=Timing(overlaps=True))
    if kind == "Update":
        assert made.deploy(HERE) == "CREATE_COMPLETE", made.reason
    made.start({**HERE, "TemplateBody": template("wanted")})
    aws.clock.sleep(20)
    identity = {} if kind == "Update" else {"PhysicalResourceId": None}
    made.function.start(forge(made, kind, **identity))
    aws.scheduler.drain()
    assert {each.template_body for each in aws.deployer.stacks.values()} == {template("wanted")}
    reasons = [each.body.get("Reason", "") for each in aws.responses]
    assert any("or with other properties" in each for each in reasons)


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("is_hidden", [False, True])
def test_what_events_show(
    aws: VirtualAWS, monkeypatch: pytest.MonkeyPatch, *, is_hidden: bool
) -> None:
    """Requests of CloudFormation's own are confirmed from create to delete, and their rollbacks."""
    if is_hidden:
        shown = asking._event

        def hiding(*asked: Any) -> dict[str, Any]:
            event = shown(*asked)
            if "ResourceProperties" in event:
                event["ResourceProperties"] = event["ResourceProperties"].replace("small", "****")
            return event

        monkeypatch.setattr(asking, "_event", hiding)
    made = new_stack(aws)
    assert made.deploy(HERE) == "CREATE_COMPLETE", made.reason
    aws.engine.faults.deployments.append(DeploymentFault("No", marker="version 2", times=1))
    assert made.deploy({**HERE, "TemplateBody": template("2")}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "No" in made.reason
    assert made.deploy({**HERE, "StackSetName": "Another"}) == "UPDATE_COMPLETE", made.reason
    assert made.delete() == "DELETE_COMPLETE", made.reason
    assert not aws.deployer.stacks
