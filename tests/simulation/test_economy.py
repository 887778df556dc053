"""How many calls and how much time a request takes where there is much to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import Sandboxes
from handler import app
from handler.deployment.look_ups import LookUps
from handler.values.targets import Target
from tests.simulation import sandboxes
from tests.simulation.story import ACCOUNTS, REGIONS, group, new_stack, operations, properties
from tests.simulation.verdicts import verdict

MANY = tuple(f"{number:012d}" for number in range(200_000_000_000, 200_000_000_300))


@pytest.fixture
def aws() -> Iterator[VirtualAWS]:
    """A virtual AWS whose deployments take a second."""
    with world(seconds=1.0) as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)


def _calls(aws: VirtualAWS, since: int) -> dict[str, int]:
    made = [action for _, _, action in aws.calls[since:]]
    return {action: made.count(action) for action in set(made)}


def _failing(service: str, error: Exception) -> Callable[[str, str, int], None]:
    """A hook that lets every call of a service fail."""

    def fail(called: str, _action: str, _number: int) -> None:
        if called == service:
            raise error

    return fail


@pytest.mark.parametrize("succeeds", [True, False], ids=["sibling fails", "rename fails"])
def test_rollback_of_a_rename(aws: VirtualAWS, stack: Stack, *, succeeds: bool) -> None:
    """The old stack set is as it was: nobody asks for its 300 instances one by one."""
    many = properties(group(MANY), OperationPreferences={"MaxConcurrentPercentage": 100})
    stack.deploy(many)
    old = stack.physical_id
    renamed = {**many, "StackSetName": "Renamed", "StackInstances": [group(MANY[:1])]}
    stack.others_fail = succeeds
    if not succeeds:
        renamed["TemplateBody"] = "{}"
    already, writes = len(aws.calls), len(operations(aws))

    assert stack.deploy(renamed) == "UPDATE_ROLLBACK_COMPLETE"

    calls = _calls(aws, already)
    assert stack.physical_id == old
    assert calls.get("DescribeStackInstance", 0) == 0
    assert calls["ListStackInstances"] < 40
    assert "UpdateStackInstances" not in operations(aws)[writes:]
    assert len(aws.engine.stack_sets[old].instances) == len(MANY)


def test_s3_that_cannot_be_reached(aws: VirtualAWS, stack: Stack) -> None:
    """Where the template cannot be read for a fault, nothing is taken for deployed."""
    url = "https://bucket.s3.us-east-1.amazonaws.com/key"
    aws.objects["bucket", "key"] = properties()["TemplateBody"].encode()
    wanted = {
        key: each for key, each in properties(TemplateURL=url).items() if key != "TemplateBody"
    }
    stack.deploy(wanted)
    aws.objects["bucket", "key"] = b'{"Resources": {"Topic": {"Type": "AWS::SQS::Queue"}}}'
    aws.before_call = _failing("s3", EndpointConnectionError(endpoint_url="https://s3"))
    already = len(operations(aws))

    stack.deploy({**wanted, "Tags": []})

    assert "S3 could not be reached" in stack.answers[1][1].reason
    assert operations(aws)[already:] == []


def test_the_answer_comes_in_time(aws: VirtualAWS, stack: Stack) -> None:
    """Counting 2,000 instances of a slow service never makes the answer late."""
    some = tuple(f"{number:012d}" for number in range(300_000_000_000, 300_000_002_000))
    aws.call_seconds = 2.0
    aws.deployer.seconds = lambda _: 10_000.0
    wanted = properties(group(some), ServiceTimeout="600")
    began = aws.clock.now

    stack.deploy(wanted)

    assert stack.answers[0][1].status == "FAILED"
    assert "CloudFormation is about to give up waiting" in stack.answers[0][1].reason
    assert aws.responses[0].time < began + 600


def test_a_refused_relay(aws: VirtualAWS, stack: Stack) -> None:
    """Where no other invocation can go on, the request fails and leaves nothing running."""
    aws.deployer.seconds = lambda _: 2_000.0
    refused: Any = {"Error": {"Code": "AccessDeniedException", "Message": "No"}}
    aws.before_call = _failing("sqs", ClientError(refused, "SendMessage"))

    stack.deploy(properties())

    assert stack.answers[0][1].status == "FAILED"
    assert "could not go on in another invocation" in stack.answers[0][1].reason
    (operation,) = next(iter(aws.engine.stack_sets.values())).operations.values()
    assert operation.status in {"STOPPING", "STOPPED"}


def test_calls_that_are_throttled_are_spaced(aws: VirtualAWS, stack: Stack) -> None:
    """Throttling is waited out with growing pauses."""
    aws.engine.faults.calls.append(CallFault("*", Answer.THROTTLED, times=40))
    began, already = aws.clock.now, len(aws.calls)

    assert stack.deploy(properties(group(ACCOUNTS[:1]))) == "CREATE_COMPLETE"
    assert len(aws.calls) - already < 80 + (aws.clock.now - began)


class TestLookUps:
    """Overrides of which nobody knows whether they are in force, after an early answer."""

    @pytest.fixture
    def stack(self, aws: VirtualAWS) -> Stack:
        """A stack that is served by the modules that are changed here."""
        sandboxes.forget_clients()
        return Stack(aws, Sandboxes(app, sandboxes.load))

    @pytest.fixture(autouse=True)
    def few(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What counts as many is few here."""
        monkeypatch.setattr("handler.deployment.looking._MOST_LOOK_UPS", 20)
        monkeypatch.setattr("handler.deployment.looking._LOOK_UPS_AN_OPERATION", 5)

    def test_many_alike_are_set_once_more(self, aws: VirtualAWS, stack: Stack) -> None:
        """One operation is less than a call for each instance."""
        early = {**properties(group(MANY[:60], Size="large")), "WaitFor": "START"}
        stack.deploy(early)
        aws.clock.sleep(3600)
        before = len(aws.calls)
        assert stack.deploy({**early, "Tags": [{"Changed": "yes"}]}) == "UPDATE_COMPLETE"
        aws.scheduler.drain()
        calls = _calls(aws, before)
        assert "DescribeStackInstance" not in calls
        assert calls["UpdateStackSet"] == calls["UpdateStackInstances"] == 1
        assert verdict(aws, stack) == []

    def test_many_of_many_kinds_are_looked_up_once(self, aws: VirtualAWS, stack: Stack) -> None:
        """Sandboxes that end in the middle leave to the next what they have learnt."""
        kinds = [group(MANY[n * 7 : n * 7 + 7], Size=f"s{n}") for n in range(8)]
        early = {**properties(*kinds), "WaitFor": "START"}
        stack.deploy(early)
        aws.clock.sleep(3600)
        before = len(aws.calls)
        aws.call_seconds = 20.0
        assert stack.deploy({**early, "Tags": [{"Changed": "yes"}]}) == "UPDATE_COMPLETE"
        aws.scheduler.drain()
        calls = _calls(aws, before)
        assert calls["DescribeStackInstance"] == 56
        assert calls["UpdateStackSet"] == 1
        assert "UpdateStackInstances" not in calls
        assert verdict(aws, stack) == []

    def test_look_ups_leave_time_for_the_rest(self, aws: VirtualAWS, stack: Stack) -> None:
        """A request with little time does not spend it on waiting for lists that may lag."""
        wanted = {**properties(group(MANY[:1], Size="large")), "ServiceTimeout": "60"}
        stack.deploy(wanted)
        aws.engine.call(
            "CreateStackInstances",
            {"StackSetName": "StackSetsTest", "Accounts": [MANY[1]], "Regions": [REGIONS[0]]},
        )
        aws.clock.sleep(2)
        more = {**wanted, "StackInstances": [group(MANY[:2], Size="large")]}
        assert stack.deploy(more) == "UPDATE_COMPLETE", stack.reason
        assert verdict(aws, stack) == []

    def test_others_make_look_ups_void(self) -> None:
        """What somebody else has changed since is looked up again."""
        look_ups = LookUps()
        target = Target(MANY[0], "us-east-1")
        look_ups.of("set:1", "theirs")[target] = (("Size", "large"),)
        carried = LookUps.from_json(look_ups.to_json())
        assert carried == look_ups
        assert carried.of("set:1", "theirs") == {target: (("Size", "large"),)}
        assert carried.of("set:1", "theirs-too") == {}
        assert LookUps.from_json(LookUps().to_json()) == LookUps()


def test_a_failure_beside_long_operations_is_told_at_once() -> None:
    """With managed execution, whichever operation fails first ends the request, and the others."""
    long, short = ACCOUNTS[:2]
    with world(seconds=lambda order: 2000.0 if order.account == long else 10.0) as aws:
        stack = new_stack(aws)
        aws.engine.faults.deployments.append(DeploymentFault("No", account=short))
        kinds = [group((long,), Size="a"), group((short,), Size="b")]
        began = aws.clock.now
        managed = {"ManagedExecution": {"Active": True}}
        stack.disable_rollback = True
        stack.deploy(properties(*kinds, **managed))
        assert stack.status == "CREATE_FAILED"
        assert short in stack.reason
        assert aws.clock.now - began < 100
        stopping = [e.status for each in aws.engine.stack_sets.values() for e in each.unfinished]
        assert "RUNNING" not in stopping
