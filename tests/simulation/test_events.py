"""The event that tells that a request has finished."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import Context
from tests.simulation.overlaps import give_up
from tests.simulation.scenarios import killer
from tests.simulation.story import ACCOUNTS, group, new_stack, properties, template

BUS = "operations"


@pytest.fixture
def aws() -> Iterator[VirtualAWS]:
    """A world in which the function has an event bus."""
    virtual = world(seconds=5)
    virtual.environment["EVENT_BUS_NAME"] = BUS
    with virtual:
        yield virtual


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)


def details(aws: VirtualAWS) -> list[dict[str, Any]]:
    """What was told, in order."""
    return [each["Detail"] for each in aws.events]


def test_schema(aws: VirtualAWS, stack: Stack) -> None:
    """Its form is documented, so it is pinned."""
    stack.deploy(properties())

    [event] = aws.events
    assert event["Source"] == "stackset-resource"
    assert event["DetailType"] == "Custom StackSet request finished"
    assert event["EventBusName"] == BUS
    assert event["Resources"] == [stack.stack_id]
    seconds = event["Detail"].pop("seconds")
    assert 5 <= seconds < 60
    assert event["Detail"] == {
        "version": "1",
        "status": "SUCCESS",
        "requestType": "Create",
        "requestId": stack.requests[0]["RequestId"],
        "stackId": stack.stack_id,
        "logicalResourceId": stack.requests[0]["LogicalResourceId"],
        "resourceType": "Custom::StackSet",
        "stackSetId": stack.physical_id,
        "instances": 3,
        "failedInstances": 0,
    }


def test_every_request_once(aws: VirtualAWS, stack: Stack) -> None:
    """A failure and its rollback are told, after CloudFormation, and no value is."""
    stack.deploy(properties())
    fault = DeploymentFault("No", account=ACCOUNTS[1], marker="version 2", seconds=1)
    aws.engine.faults.deployments.append(fault)
    stack.deploy(properties(TemplateBody=template("2"), Parameters=[{"Size": "a secret"}]))
    stack.delete()

    told = [(each["requestType"], each["status"]) for each in details(aws)]
    assert told == [(kind, answer.status) for kind, answer in stack.answers]
    assert [each["failedInstances"] for each in details(aws)] == [0, 1, 0, 0]
    actions = [action for _, _, action in aws.calls if action in {"PUT", "PutEvents"}]
    assert actions == ["PUT", "PutEvents"] * 4
    assert "a secret" not in json.dumps(aws.events)


def test_that_it_cannot_be_sent(aws: VirtualAWS, stack: Stack) -> None:
    """A bus that refuses fails nothing."""
    aws.refused_events = True
    assert stack.deploy(properties()) == "CREATE_COMPLETE"
    assert aws.events == []


def test_without_a_bus(stack: Stack, aws: VirtualAWS, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a bus EventBridge is not called."""
    monkeypatch.delenv("EVENT_BUS_NAME")
    stack.deploy(properties())
    assert "PutEvents" not in [action for _, _, action in aws.calls]


def test_a_request_that_is_given_up(aws: VirtualAWS, stack: Stack) -> None:
    """What CloudFormation does not wait for has not finished."""
    aws.call_seconds, stack.timing.overlaps = 0.3, True
    stack.start(properties())
    give_up(aws, stack, 8, Stack.sibling_fails)
    stack.settle()
    aws.scheduler.drain()
    assert [(each["requestType"], each["status"]) for each in details(aws)] == [
        ("Delete", "SUCCESS")
    ]


def test_a_sandbox_that_dies_over_it(aws: VirtualAWS, stack: Stack) -> None:
    """The next delivery tells the same, if CloudFormation still shows the request as waited for."""
    stack.deploy(properties())
    last = len(aws.calls)
    aws.events.clear()
    fresh = new_stack(aws)
    fresh.name = "another"
    fresh._sent.record = fresh._new_record()
    aws.before_call = killer(aws, last)
    wanted = properties(group(ACCOUNTS[:3]), StackSetName="Another")
    assert fresh.deploy(wanted) == "CREATE_COMPLETE"
    aws.scheduler.drain()
    assert fresh.function.deaths == 1
    assert [each["status"] for each in details(aws)] == ["SUCCESS"]


def test_an_early_answer(aws: VirtualAWS, stack: Stack) -> None:
    """A deployment that is answered at its start is told of at its end."""
    stack.timing.overlaps = True
    stack.deploy(properties(WaitFor="START"))
    assert details(aws) == []
    aws.scheduler.drain()
    [told] = details(aws)
    assert (told["status"], told["stackSetId"]) == ("SUCCESS", stack.physical_id)
    assert told["seconds"] >= 5


def test_the_last_word(aws: VirtualAWS, stack: Stack) -> None:
    """A request on which every sandbox died is told of as failed."""
    stack.deploy(properties())
    aws.events.clear()
    event = {**stack.requests[0], "RequestType": "Update", "PhysicalResourceId": stack.physical_id}
    record = {"requestPayload": event, "responsePayload": {"errorMessage": "died"}}
    function: Any = stack.function.sandboxes.take()
    function.last_word(record, Context(aws, aws.clock.now + 60))
    stack.function.sandboxes.give_back(function)
    assert [(each["requestType"], each["status"]) for each in details(aws)] == [
        ("Update", "FAILED")
    ]
