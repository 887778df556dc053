"""The operations of one stack set, as one request sees them, in virtual time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import boto3
import pytest
from botocore.config import Config

from emulator.stacksets.faults import DeploymentFault
from emulator.stacksets.history import Lag
from emulator.virtual.aws import VirtualAWS, world
from handler.deployment.liveness import GivenUp
from handler.deployment.operations import Operations
from handler.deployment.patience import Patience
from handler.errors import OperationFailed
from handler.gateway.stacksets import StackSets
from handler.plan.marks import Marks
from handler.plan.outcomes import OwnOperation
from handler.plan.steps import CREATE, DELETE, UPDATE_SET, Step
from handler.values.observation import OperationState
from handler.values.spec import StackSetSpec
from handler.values.targets import Rectangle, Target
from tests.factories import ONE, STACK_ID, TWO, VIRGINIA

NAME = "Network"
TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
SPEC = StackSetSpec(template_body=TEMPLATE)
EARLIER, MINE, LATER = (
    Marks.of(STACK_ID, "StackSet", f"request-{number}", signed_at=1_767_225_600 + number)
    for number in range(3)
)


@dataclass
class Live:
    """Stands for what CloudFormation tells of the request.

    Attributes:
        is_known: Whether it tells that it waits.
        given_up: Whether it is found out to have given the request up when it is asked again.
    """

    is_known: bool = True
    given_up: bool = False
    asked: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Asked cheaply."""
        self.asked.append("watch")

    def require(self) -> None:
        """Asked for good."""
        self.asked.append("require")
        if self.given_up:
            why = "it rolls back"
            raise GivenUp(why)


def step(action: str, *accounts: str, **others: Any) -> Step:
    """A step that names accounts in one Region."""
    return Step(action, Rectangle(accounts, (VIRGINIA,)), (VIRGINIA,), **others)


@dataclass
class Bench:
    """A stack set in a virtual AWS, and requests that work on it."""

    aws: VirtualAWS

    def __post_init__(self) -> None:
        make: Any = boto3.client
        once = Config(retries={"mode": "standard", "total_max_attempts": 1})
        self.client = make("cloudformation", config=once)
        made = self.client.create_stack_set(StackSetName=NAME, TemplateBody=TEMPLATE)
        self.stack_set_id = made["StackSetId"]

    def of(self, marks: Marks, live: Live | None = None) -> Operations:
        """The operations as a request with these marks sees them."""
        liveness: Any = live or Live()
        patience = Patience(math.inf, math.inf)
        gateway = StackSets(self.client, patience.sleep, liveness.require)
        return Operations(gateway, marks, patience, liveness, self.stack_set_id, {})

    def start(self, marks: Marks, wanted: Step) -> str:
        """Have a request start a step; returns its OperationId."""
        started = self.of(marks).start(wanted, {}, SPEC)
        assert started is not None
        return started.operation_id

    def status(self, operation_id: str) -> str:
        """An operation's status."""
        return self.aws.engine.stack_sets[self.stack_set_id].operations[operation_id].status


@pytest.fixture
def bench() -> Iterator[Bench]:
    """Deployments take a hundred seconds."""
    with world(seconds=100.0) as aws:
        yield Bench(aws)


class TestQuiet:
    """Waiting until no operation runs."""

    def test_waits_for_its_own(self, bench: Bench) -> None:
        """What the request has started itself is waited for."""
        mine = bench.start(MINE, step(CREATE, ONE))

        [only] = bench.of(MINE).wait_until_quiet()
        assert (only.operation_id, only.status) == (mine, "SUCCEEDED")

    def test_stops_what_an_earlier_request_has_left(self, bench: Bench) -> None:
        """Nobody needs it any more, once CloudFormation has been asked."""
        left, live = bench.start(EARLIER, step(CREATE, ONE)), Live()

        bench.of(MINE, live).wait_until_quiet()
        assert bench.status(left) == "STOPPED"
        assert live.asked[:2] == ["watch", "require"]

    def test_given_up_before_the_stop(self, bench: Bench) -> None:
        """Who is not waited for stops nobody."""
        left = bench.start(EARLIER, step(CREATE, ONE))

        with pytest.raises(GivenUp):
            bench.of(MINE, Live(given_up=True)).wait_until_quiet()
        assert bench.status(left) == "RUNNING"

    def test_spares_what_helps(self, bench: Bench) -> None:
        """A delete that an earlier request has begun is waited for by a delete."""
        bench.start(MINE, step(CREATE, ONE))
        bench.of(MINE).wait_until_quiet()
        left = bench.start(EARLIER, step(DELETE, ONE))

        bench.of(MINE).wait_until_quiet({"DELETE"})
        assert bench.status(left) == "SUCCEEDED"

    def test_leaves_strangers_alone(self, bench: Bench) -> None:
        """Somebody else's operation is waited for."""
        asked = {"StackSetName": NAME, "Accounts": [ONE], "Regions": [VIRGINIA]}
        foreign = bench.client.create_stack_instances(**asked)["OperationId"]

        bench.of(MINE).wait_until_quiet()
        assert bench.status(foreign) == "SUCCEEDED"

    def test_a_failure_of_its_own_is_told(self, bench: Bench) -> None:
        """With account, Region and cause."""
        bench.aws.engine.faults.deployments.append(DeploymentFault("No", account=ONE))
        mine = bench.of(MINE)
        mine.start(step(CREATE, ONE), {}, SPEC)

        with pytest.raises(OperationFailed) as told:
            mine.wait_until_quiet()
        assert [(each.account, each.region) for each in told.value.failures] == [(ONE, VIRGINIA)]
        assert "No" in told.value.failures[0].reason


class TestLaterRequests:
    """Marks of requests that were signed later."""

    def test_decide_where_nobody_tells(self, bench: Bench) -> None:
        """Where CloudFormation does not tell, a later mark ends the request."""
        bench.start(LATER, step(CREATE, ONE))

        with pytest.raises(GivenUp, match="a later one works"):
            bench.of(MINE, Live(is_known=False)).wait_until_quiet()

    def test_do_not_decide_where_it_insists(self, bench: Bench) -> None:
        """CloudFormation is asked once more after a while, and then believed, once for all."""
        later, live = bench.start(LATER, step(CREATE, ONE)), Live()
        mine = bench.of(MINE, live)

        mine.wait_until_quiet()
        assert bench.status(later) == "STOPPED"
        assert live.asked.count("require") == 2
        mine.wait_until_quiet()
        assert live.asked.count("require") == 2

    def test_a_stale_look_is_found_out(self, bench: Bench) -> None:
        """Asked again after a while, it has given the request up."""
        later, began = bench.start(LATER, step(CREATE, ONE)), bench.aws.clock.now

        with pytest.raises(GivenUp):
            bench.of(MINE, Live(given_up=True)).wait_until_quiet()
        assert bench.status(later) == "RUNNING"
        assert bench.aws.clock.now - began >= 15


class TestStart:
    """Starting a step."""

    def test_twice(self, bench: Bench) -> None:
        """What was started before is found, with what it reaches."""
        first = bench.start(MINE, step(CREATE, ONE))
        mine = bench.of(MINE)

        again = mine.start(step(CREATE, ONE), {}, SPEC)
        assert again is not None
        assert (again.operation_id, again.accounts) == (first, (ONE,))
        assert mine.own == {first: again}

    def test_an_update_of_the_set_twice(self, bench: Bench) -> None:
        """Which instances it reaches is not known of one that an earlier sandbox started."""
        scope = step(UPDATE_SET, ONE, content="x")
        bench.start(MINE, step(CREATE, ONE))
        bench.of(MINE).wait_until_quiet()
        first = bench.start(MINE, scope)

        assert bench.of(MINE).start(scope, {}, SPEC) == OwnOperation(
            first, bench.stack_set_id, UPDATE_SET
        )

    def test_busy(self, bench: Bench) -> None:
        """The operation that is in the way is waited for, though no list may show it."""
        bench.aws.engine.lag = Lag(operations=60, fixed=True)
        running = bench.start(EARLIER, step(CREATE, ONE))
        mine = bench.of(MINE)

        assert mine.start(step(CREATE, TWO), {}, SPEC) is None
        assert mine.own == {}
        assert [each.operation_id for each in mine.active()] == [running]

    def test_gone(self, bench: Bench) -> None:
        """A stack set that is gone is looked at again."""
        bench.client.delete_stack_set(StackSetName=NAME)

        assert bench.of(MINE).start(step(CREATE, ONE), {}, SPEC) is None


class TestBegun:
    """Who is told that an operation is about to be waited for."""

    def test_its_own(self, bench: Bench) -> None:
        """Whoever answers early is told of it, and of the last of the plan."""
        told: list[tuple[str, str]] = []
        operation_id, mine = bench.start(MINE, step(CREATE, ONE)), bench.of(MINE)

        def begun(*ids: str) -> float:
            told.append((ids[0], ids[1]))
            return 60.0

        mine.begun, mine.last_planned = begun, "last"
        mine.wait(operation_id)

        assert set(told) == {(operation_id, "last")}

    def test_nobody_elses(self, bench: Bench) -> None:
        """What an earlier request has left does not begin this one."""
        left, mine = bench.start(EARLIER, step(CREATE, ONE)), bench.of(MINE)
        mine.begun = lambda *_: pytest.fail("told")

        assert mine.wait(left).status == "SUCCEEDED"


class TestLearning:
    """What an earlier sandbox of the same request has done."""

    def test_learnt_once(self, bench: Bench) -> None:
        """An operation that only its id has told of reaches what its step names, from then on."""
        operation_id = bench.start(MINE, step(CREATE, ONE))
        mine = bench.of(MINE)
        mine.judge(mine.wait(operation_id))
        assert mine.successes()[0].targets({}) == set()

        assert mine.learns(step(CREATE, ONE))
        [known] = mine.successes()
        assert known.targets({}) == {Target(ONE, VIRGINIA)}
        assert known.ended > 0
        assert not mine.learns(step(CREATE, ONE))

    def test_nothing_to_learn(self, bench: Bench) -> None:
        """Of an update of the set nothing can be learnt, and of what has not ended neither."""
        scope = step(UPDATE_SET, ONE, content="x")
        bench.start(MINE, step(CREATE, ONE))
        bench.of(MINE).wait_until_quiet()
        mine, operation_id = bench.of(MINE), bench.start(MINE, scope)
        assert not mine.learns(scope)
        mine.judge(mine.wait(operation_id))

        assert not mine.learns(scope)
        assert not mine.learns(step(CREATE, TWO))


class TestStop:
    """Leaving nothing running."""

    def test_its_own_listed_or_not(self, bench: Bench) -> None:
        """An earlier sandbox's is found in the list."""
        mine = bench.start(MINE, step(CREATE, ONE))

        bench.of(MINE).stop_own()
        assert bench.status(mine) == "STOPPING"

    def test_known_without_a_list(self, bench: Bench) -> None:
        """One that this sandbox has started needs no list."""
        mine = bench.of(MINE)
        started = mine.start(step(CREATE, ONE), {}, SPEC)
        assert started is not None
        already = len(bench.aws.calls)

        mine.stop_own()
        assert bench.status(started.operation_id) == "STOPPING"
        actions = [action for _, _, action in bench.aws.calls[already:]]
        assert actions == ["StopStackSetOperation", "ListStackSetOperations"]

    def test_nobody_elses(self, bench: Bench) -> None:
        """An earlier request's is none of its own."""
        left = bench.start(EARLIER, step(CREATE, ONE))

        bench.of(MINE).stop_own()
        assert bench.status(left) == "RUNNING"

    def test_ended_is_not_stopped(self, bench: Bench) -> None:
        """What has ended is left alone."""
        bench.start(MINE, step(CREATE, ONE))
        bench.aws.clock.sleep(200)
        already = len(bench.aws.calls)

        bench.of(MINE).stop_own()
        actions = [action for _, _, action in bench.aws.calls[already:]]
        assert actions == ["ListStackSetOperations"]


def test_a_delete_of_what_never_had_a_stack_may_be_forgotten(bench: Bench) -> None:
    """An instance without a stack is spared, and taken care of by the next look."""
    fault = DeploymentFault("no execution role", account=ONE)
    bench.aws.engine.faults.deployments.append(fault)
    with pytest.raises(OperationFailed):
        bench.of(EARLIER).judge(bench.of(EARLIER).wait(bench.start(EARLIER, step(CREATE, ONE))))
    mine = bench.of(MINE)
    started = mine.start(step(DELETE, ONE), {}, SPEC)
    assert started is not None

    mine.judge(mine.wait(started.operation_id))
    [done] = mine.successes()
    assert done.spared == (Target(ONE, VIRGINIA),)
    assert done.targets({}) == set()


class TestLettingOff:
    """Failures with which a request goes on."""

    WIDE: ClassVar[dict[str, Any]] = {"FailureToleranceCount": 1, "MaxConcurrentCount": 2}

    def _ended(self, bench: Bench, mine: Operations) -> OperationState:
        fault = DeploymentFault("No", account=ONE)
        bench.aws.engine.faults.deployments.append(fault)
        started = mine.start(step(CREATE, ONE, TWO), self.WIDE, SPEC)
        assert started is not None
        return mine.wait(started.operation_id)

    def test_within_the_tolerance(self, bench: Bench) -> None:
        """An operation that SUCCEEDED with failures passes, and tells on whom it has failed."""
        mine = bench.of(MINE)
        mine.tolerates = True
        mine.judge(self._ended(bench, mine))

        assert mine.tolerated() == mine.let_off() == {Target(ONE, VIRGINIA)}
        assert mine.failures_let_off()[Target(ONE, VIRGINIA)].reason == "No"

    def test_not_where_all_has_to_succeed(self, bench: Bench) -> None:
        """Without that, the same operation has failed."""
        mine = bench.of(MINE)

        with pytest.raises(OperationFailed):
            mine.judge(self._ended(bench, mine))

    @pytest.mark.parametrize("status", ["FAILED", "STOPPED"])
    def test_beyond_the_tolerance(self, bench: Bench, status: str) -> None:
        """An operation that has not SUCCEEDED never passes."""
        mine = bench.of(MINE)
        mine.tolerates = True
        ended = self._ended(bench, mine)

        with pytest.raises(OperationFailed):
            mine.judge(replace(ended, status=status))

    def test_a_delete_that_fails_on_a_suspended_account(self, bench: Bench) -> None:
        """Should the service say FAILED of a suspended account's instance, it is forgotten, too."""
        bench.of(EARLIER).wait(bench.start(EARLIER, step(CREATE, ONE)))
        mine = bench.of(MINE)
        bench.aws.engine.faults.deployments.append(DeploymentFault("Suspended", account=ONE))
        started = mine.start(step(DELETE, ONE), {}, SPEC)
        assert started is not None
        ended = mine.wait(started.operation_id)
        stack_set = bench.aws.engine.stack_sets[bench.stack_set_id]
        for target in stack_set.instances:
            stack_set.change(target, detailed_status="SKIPPED_SUSPENDED_ACCOUNT")

        mine.judge(ended)
        assert mine.let_off() == {Target(ONE, VIRGINIA)}
