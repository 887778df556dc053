"""What the small CloudFormation sends, shows and gives up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from emulator.stacksets.faults import Answer, CallFault
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack, Timing
from emulator.virtual.functions import Sandboxes
from tests.emulator.virtual.functions import Told, die

ONE, TWO = {"Is": "1"}, {"Is": "2"}


@pytest.fixture
def aws() -> Iterator[VirtualAWS]:
    """A virtual AWS."""
    with world() as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def function() -> Told:
    """A function that takes 10 s."""
    return Told()


@pytest.fixture
def stack(aws: VirtualAWS, function: Told) -> Stack:
    """A stack that takes answers when they come."""
    return Stack(aws, Sandboxes(function, lambda: function), timing=Timing(overlaps=True))


def client() -> Any:
    """Return a client as the product makes it."""
    make: Any = boto3.client
    config = botocore.config.Config(retries={"total_max_attempts": 1})
    return make("cloudformation", config=config)


def shown(stack: Stack) -> tuple[str, str, str | None]:
    """The stack's status, and the resource's with its physical id, as they are described."""
    asked = client().describe_stacks(StackName=stack.stack_id)["Stacks"][0]
    detail = resource(stack)
    return asked["StackStatus"], detail["ResourceStatus"], detail.get("PhysicalResourceId")


def resource(stack: Stack) -> dict[str, Any]:
    """The resource as it is described."""
    answer = client().describe_stack_resource(
        StackName=stack.stack_id, LogicalResourceId="StackSet"
    )
    detail: dict[str, Any] = answer["StackResourceDetail"]
    return detail


def history(stack: Stack) -> list[tuple[str, str, str]]:
    """(logical id, physical id, status) of the stack's events, oldest first."""
    events = client().describe_stack_events(StackName=stack.stack_id)["StackEvents"]
    return [
        (each["LogicalResourceId"], each.get("PhysicalResourceId", ""), each["ResourceStatus"])
        for each in reversed(events)
    ]


def kinds(stack: Stack) -> list[tuple[str, str]]:
    """Type and physical id of every request."""
    return [(each["RequestType"], each.get("PhysicalResourceId", "")) for each in stack.requests]


MADE_UP = re.compile(r"story-StackSet-[A-Z0-9]{12}")


class TestShown:
    """What can be asked while and after a request."""

    def test_create(self, aws: VirtualAWS, stack: Stack) -> None:
        """In progress without an id, then complete with the one that was answered."""
        stack.start(ONE)
        aws.clock.sleep(5)
        meanwhile = shown(stack)
        stack.settle()

        assert meanwhile == ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", None)
        assert shown(stack) == ("CREATE_COMPLETE", "CREATE_COMPLETE", "made")

    def test_moment_of_a_request(self, aws: VirtualAWS, stack: Stack) -> None:
        """Its status begins, in milliseconds, before the whole second of the signature ends."""
        aws.clock.sleep(0.9375)
        stack.start(ONE)
        aws.clock.sleep(5)
        since = resource(stack)["LastUpdatedTimestamp"]

        assert since == datetime(2026, 1, 1, 0, 0, 0, 937_000, tzinfo=UTC)
        assert "X-Amz-Date=20260101T000001Z" in stack.requests[0]["ResponseURL"]

    def test_replacement(self, aws: VirtualAWS, stack: Stack, function: Told) -> None:
        """While the old id is cleaned up, the new one is shown as complete."""
        stack.deploy(ONE)
        function.says["Update"] = "other"
        stack.start(TWO)
        aws.clock.sleep(5)
        first = shown(stack)
        aws.clock.sleep(10)
        second = shown(stack)
        stack.settle()

        assert first == ("UPDATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "made")
        assert second == ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE", "other")
        assert shown(stack) == ("UPDATE_COMPLETE", "UPDATE_COMPLETE", "other")
        assert kinds(stack)[-1] == ("Delete", "made")
        assert ("StackSet", "made", "DELETE_IN_PROGRESS") in history(stack)

    def test_rollback_of_a_replacement(self, aws: VirtualAWS, stack: Stack, function: Told) -> None:
        """The new id is rolled back, then cleaned up."""
        stack.deploy(ONE)
        stack.others_fail = True
        function.says["Update"] = "other"
        stack.start(TWO)
        aws.clock.sleep(12)
        function.says["Update"] = "made"
        meanwhile = shown(stack)
        aws.clock.sleep(10)
        later = shown(stack)

        assert stack.settle() == "UPDATE_ROLLBACK_COMPLETE"
        assert meanwhile == ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS", "other")
        assert later[0] == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        assert later[1:] == ("UPDATE_COMPLETE", "made")
        assert kinds(stack)[2:] == [("Update", "other"), ("Delete", "other")]

    def test_failure(self, stack: Stack, function: Told) -> None:
        """A failure shows what was answered."""
        stack.deploy(ONE)
        function.says["Update"] = None

        assert stack.deploy(TWO) == "UPDATE_ROLLBACK_FAILED"
        assert resource(stack)["ResourceStatusReason"] == (
            "Received response status [FAILED] from custom resource. Message returned: as told"
        )

    def test_deleted_stack(self, aws: VirtualAWS, stack: Stack) -> None:
        """It is described by its id only."""
        stack.deploy(ONE)
        stack.start_delete()
        aws.clock.sleep(5)
        meanwhile = shown(stack)
        stack.settle()
        described = client().describe_stacks(StackName=stack.stack_id)["Stacks"][0]

        assert meanwhile == ("DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS", "made")
        assert shown(stack) == ("DELETE_COMPLETE", "DELETE_COMPLETE", "made")
        assert described["DeletionTime"] >= described["CreationTime"]
        with pytest.raises(botocore.exceptions.ClientError, match="story does not exist"):
            client().describe_stacks(StackName="story")

    def test_a_new_stack_of_the_same_name(self, stack: Stack) -> None:
        """It has an id of its own; the old one stays describable."""
        stack.deploy(ONE)
        stack.delete()
        old_id = stack.stack_id
        stack.deploy(ONE)

        statuses = [
            client().describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
            for name in (old_id, stack.stack_id, "story")
        ]
        assert statuses == ["DELETE_COMPLETE", "CREATE_COMPLETE", "CREATE_COMPLETE"]

    def test_operations(self, stack: Stack) -> None:
        """The records tell which operation on the stack was the last."""
        stack.deploy(ONE)
        created = stack.record.now.operations
        stack.deploy(TWO)
        updated = stack.record.now.operations

        assert [kind for kind, _ in updated] == ["UPDATE_STACK", "CREATE_STACK"]
        assert updated[1:] == created
        assert len({operation_id for _, operation_id in updated}) == 2

    def test_mode(self, stack: Stack) -> None:
        """The mode of deployment is shown."""
        stack.record.mode = "EXPRESS"
        stack.deploy(ONE)
        described = client().describe_stacks(StackName=stack.stack_id)["Stacks"][0]

        assert described.get("DeploymentConfig", {}).get("Mode", "EXPRESS") == "EXPRESS"

    def test_events_tell_properties(self, stack: Stack) -> None:
        """An event tells what the resource was to become, each value as text."""
        stack.deploy(ONE)
        stack.deploy({"Is": 2})
        events = client().describe_stack_events(StackName="story")["StackEvents"]
        told = [
            (each["ResourceStatus"], json.loads(each["ResourceProperties"])["Is"])
            for each in reversed(events)
            if each["LogicalResourceId"] == "StackSet"
        ]

        assert told == [
            ("CREATE_IN_PROGRESS", "1"),
            ("CREATE_COMPLETE", "1"),
            ("UPDATE_IN_PROGRESS", "2"),
            ("UPDATE_COMPLETE", "2"),
        ]


class TestAskedInVain:
    """What goes wrong with questions."""

    @pytest.mark.parametrize(
        ("answer", "code"),
        [(Answer.ACCESS_DENIED, "AccessDenied"), (Answer.THROTTLED, "Throttling")],
    )
    def test_refused(self, aws: VirtualAWS, stack: Stack, answer: Answer, code: str) -> None:
        """The right is missing, or the call is throttled, for one of the questions."""
        stack.deploy(ONE)
        fault = CallFault("DescribeStackResource", answer, times=None)
        aws.engine.faults.calls.append(fault)

        with pytest.raises(botocore.exceptions.ClientError, match=code):
            resource(stack)
        assert client().describe_stacks(StackName="story")["Stacks"]

    def test_unanswered(self, aws: VirtualAWS, stack: Stack) -> None:
        """Nobody answers, which takes its time."""
        stack.deploy(ONE)
        aws.asking.unanswered.add("DescribeStacks")
        began = aws.clock.now

        with pytest.raises(botocore.exceptions.ReadTimeoutError):
            client().describe_stacks(StackName="story")
        assert aws.clock.now == began + 30

    def test_lag(self, aws: VirtualAWS, stack: Stack) -> None:
        """For some seconds the resource does not exist, or shows what was before."""
        aws.asking.lag["DescribeStackResource"] = 8.0
        seen = list[str]()

        def look() -> None:
            try:
                seen.append(resource(stack)["ResourceStatus"])
            except botocore.exceptions.ClientError as error:
                seen.append(error.response["Error"]["Message"])

        stack.start(ONE)
        for _ in range(12):
            aws.clock.sleep(1)
            look()

        missing = "Resource StackSet does not exist for stack story"
        assert set(seen[:7]) == {missing, "CREATE_IN_PROGRESS"}
        assert missing not in seen[8:]
        assert set(seen[7:]) <= {missing, "CREATE_IN_PROGRESS", "CREATE_COMPLETE"}

    def test_no_such_resource(self, stack: Stack) -> None:
        """A resource that is not in the stack is told apart from a stack that is not there."""
        stack.deploy(ONE)
        ask = client().describe_stack_resource

        with pytest.raises(botocore.exceptions.ClientError, match="Resource Other does not exist"):
            ask(StackName="story", LogicalResourceId="Other")
        with pytest.raises(botocore.exceptions.ClientError, match="Stack 'other' does not exist"):
            ask(StackName="other", LogicalResourceId="StackSet")


class TestGivenUp:
    """Requests whose answer nobody waits for."""

    @pytest.mark.parametrize("pause", [0.0, 1.0, 2.0])
    def test_sibling_fails_while_creating(
        self, aws: VirtualAWS, stack: Stack, function: Told, pause: float
    ) -> None:
        """A Delete with a made-up id comes while the Create works, whose answer is ignored."""
        stack.timing.rolls_back_after = pause
        stack.start(ONE)
        aws.clock.sleep(3)
        stack.sibling_fails()
        aws.clock.sleep(0)
        cancelled = resource(stack)
        status = stack.settle()
        aws.scheduler.drain()

        assert cancelled["ResourceStatus"] in {"CREATE_FAILED", "DELETE_IN_PROGRESS"}
        assert "CREATE_FAILED" in [each for _, _, each in history(stack)]
        assert status == "ROLLBACK_COMPLETE"
        assert [kind for _, kind, _ in function.served] == ["Create", "Delete"]
        assert MADE_UP.fullmatch(kinds(stack)[1][1])
        times = {kind: moment for moment, kind, _ in function.served}
        ended = {kind: moment for moment, kind, _ in function.finished}
        assert times["Delete"] == times["Create"] + 3 - 0.125 + pause + 0.125
        assert ended["Create"] < ended["Delete"]
        assert stack.answers[0][1].reason == "Resource creation cancelled"

    def test_retain(self, aws: VirtualAWS, stack: Stack) -> None:
        """With DeletionPolicy Retain no Delete follows."""
        stack.retain = True
        stack.start(ONE)
        aws.clock.sleep(3)
        stack.sibling_fails()

        assert stack.settle() == "ROLLBACK_COMPLETE"
        assert [kind for kind, _ in kinds(stack)] == ["Create"]
        assert shown(stack)[1] == "DELETE_SKIPPED"

    def test_deleted_while_creating(self, aws: VirtualAWS, stack: Stack) -> None:
        """The user deletes the stack in the middle of its create."""
        stack.start(ONE)
        aws.clock.sleep(3)
        stack.start_delete()
        aws.clock.sleep(3)

        assert shown(stack)[0] == "DELETE_IN_PROGRESS"
        assert stack.record.now.operations[0][0] == "DELETE_STACK"
        assert stack.settle() == "DELETE_COMPLETE"
        assert [kind for kind, _ in kinds(stack)] == ["Create", "Delete"]

    @pytest.mark.parametrize("how", [Stack.cancel, Stack.sibling_fails])
    def test_update(
        self, aws: VirtualAWS, stack: Stack, function: Told, how: Callable[[Stack], None]
    ) -> None:
        """The rollback, old and new swapped, comes while the update works."""
        stack.deploy(ONE)
        stack.start(TWO)
        aws.clock.sleep(3)
        how(stack)
        aws.clock.sleep(0.5)
        meanwhile = shown(stack)
        status = stack.settle()
        aws.scheduler.drain()

        assert meanwhile == ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_FAILED", "made")
        assert status == "UPDATE_ROLLBACK_COMPLETE"
        forward, back = stack.requests[1:]
        assert forward["ResourceProperties"]["Is"] == back["OldResourceProperties"]["Is"] == "2"
        assert back["ResourceProperties"]["Is"] == "1"
        assert len(function.finished) == 3
        assert stack.properties["Is"] == "1"

    def test_nothing_to_give_up(self, stack: Stack) -> None:
        """What does not run cannot be cancelled."""
        stack.deploy(ONE)

        with pytest.raises(RuntimeError, match="CREATE_COMPLETE cannot be cancelled"):
            stack.cancel()

    def test_disabled_rollback(self, aws: VirtualAWS, stack: Stack) -> None:
        """The failed create's Delete comes in the clean-up, after a new Create."""
        stack.disable_rollback = True
        stack.start(ONE)
        aws.clock.sleep(3)
        stack.sibling_fails()
        failed = stack.settle()
        made_up = stack.physical_id

        assert failed == "CREATE_FAILED"
        assert stack.deploy(ONE) == "UPDATE_COMPLETE"
        assert kinds(stack) == [("Create", ""), ("Create", ""), ("Delete", made_up)]
        assert stack.physical_id == "made"

    def test_too_late(self, aws: VirtualAWS, stack: Stack, function: Told) -> None:
        """A request that takes longer than its ServiceTimeout has failed; its answer is ignored."""
        function.seconds = 100
        status = stack.deploy({**ONE, "ServiceTimeout": 60})
        aws.scheduler.drain()

        assert status == "ROLLBACK_FAILED"
        assert kinds(stack)[1][0] == "Delete"
        assert MADE_UP.fullmatch(kinds(stack)[1][1])
        assert "did not receive a response" in stack.answers[0][1].reason

    def test_late_delivery(self, aws: VirtualAWS, stack: Stack, function: Told) -> None:
        """A sandbox dies, CloudFormation rolls back, and only then Lambda tries again."""
        died = list[str]()

        def die_once(event: dict[str, Any]) -> None:
            if event["RequestType"] == "Create" and not died:
                died.append("Create")
                die(event)

        function.during = die_once
        stack.start(ONE)
        aws.clock.sleep(6)
        stack.sibling_fails()
        status = stack.settle()
        aws.scheduler.drain()

        assert status == "ROLLBACK_COMPLETE"
        assert [kind for _, kind, _ in function.served] == ["Create", "Delete", "Create"]
        assert stack.status == "ROLLBACK_COMPLETE"


def test_without_overlaps_a_delivery_ends_first(aws: VirtualAWS, function: Told) -> None:
    """A stack that is not told to overlap waits for its sandboxes, and one copy is enough."""
    stack = Stack(aws, function)
    stack.deploy(ONE)
    stack.start(TWO)
    aws.clock.sleep(5)
    stack.cancel()

    assert stack.settle() == "UPDATE_ROLLBACK_COMPLETE"
    assert [moment for moment, *_ in function.served][2] == function.finished[1][0]
