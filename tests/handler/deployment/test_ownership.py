"""Whose a stack set is, in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from emulator.stacksets.history import Lag
from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from handler.deployment.ownership import Origin, Ownership
from handler.errors import StackSetExists, StackSetResourceError
from handler.gateway.stacksets import StackSets
from handler.plan.marks import Marks
from handler.plan.steps import CREATE, Step
from handler.values.spec import StackSetSpec
from handler.values.targets import Rectangle
from tests.factories import ONE, STACK_ID, VIRGINIA

NAME = "Network"
TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
SPEC = StackSetSpec(template_body=TEMPLATE)
OTHER_SPEC = StackSetSpec(template_body=TEMPLATE, description="Other")
STEP = Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))


def marks(request: str, physical_id: str = "", logical_id: str = "StackSet") -> Marks:
    """The marks of a request."""
    return Marks.of(STACK_ID, logical_id, request, physical_id, 1_767_225_600)


class Bench:
    """A virtual AWS, and requests that look at it."""

    def __init__(self, aws: VirtualAWS) -> None:
        self.aws = aws
        make: Any = boto3.client
        once = Config(retries={"mode": "standard", "total_max_attempts": 1})
        self.client = make("cloudformation", config=once)
        self.gateway = StackSets(self.client, aws.clock.sleep, lambda: None)

    def of(self, own: Marks, present: str = "") -> Ownership:
        """How a request with these marks looks."""
        request = SimpleNamespace(began=self.aws.clock.now)
        liveness: Any = SimpleNamespace(sleep=self.aws.clock.sleep, request=request)
        return Ownership(self.gateway, own, liveness, present)

    def work(self, own: Marks, stack_set_id: str) -> None:
        """Let a request work on a stack set."""
        self.gateway.start(stack_set_id, STEP, own.operation_id(STEP), {}, SPEC)
        self.aws.clock.sleep(100)

    @property
    def active(self) -> list[str]:
        """The stack sets that are there."""
        sets = self.aws.engine.stack_sets.values()
        return [each.stack_set_id for each in sets if each.status == "ACTIVE"]


@pytest.fixture
def bench() -> Iterator[Bench]:
    """An empty account."""
    with world(seconds=5) as aws:
        yield Bench(aws)


class TestFind:
    """Finding what the resource has."""

    def test_nothing(self, bench: Bench) -> None:
        """Where there is no stack set of the name, one look tells."""
        assert bench.of(marks("1")).find(NAME, SPEC) is None
        assert len(bench.aws.calls) == 1

    def test_by_marks(self, bench: Bench) -> None:
        """Any request of the resource has worked on it, whatever was changed since."""
        made = bench.of(marks("1")).make(NAME, SPEC).stack_set_id
        bench.work(marks("1"), made)

        own = bench.of(marks("2")).find(NAME, OTHER_SPEC)
        assert own is not None
        assert (own.stack_set_id, own.origin) == (made, Origin.FOUND)

    def test_replaced(self, bench: Bench) -> None:
        """What the present stack set was made to replace is the resource's, and untouched."""
        old = bench.of(marks("1")).make(NAME, SPEC).stack_set_id
        bench.work(marks("1"), old)
        new = bench.of(marks("2", old), old).make("Renamed", SPEC).stack_set_id
        bench.work(marks("2", old), new)

        own = bench.of(marks("3", new), new).find(NAME, SPEC)
        assert own is not None
        assert (own.stack_set_id, own.origin) == (old, Origin.REPLACED)

    def test_without_operations(self, bench: Bench) -> None:
        """One on which nothing has worked yet is recognised by its token."""
        made = bench.of(marks("1")).make(NAME, SPEC).stack_set_id

        own = bench.of(marks("2")).find(NAME, SPEC)
        assert own is not None
        assert (own.stack_set_id, own.origin) == (made, Origin.FOUND)
        assert bench.active == [made]

    def test_somebody_elses(self, bench: Bench) -> None:
        """A token that the API does not know makes nothing, and it stays a stranger's."""
        foreign = bench.of(marks("1", logical_id="Other")).make(NAME, SPEC).stack_set_id
        bench.work(marks("1", logical_id="Other"), foreign)

        assert bench.of(marks("2")).find(NAME, SPEC) is None
        assert bench.active == [foreign]

    def test_modified_since(self, bench: Bench) -> None:
        """The token is the resource's, but only marks tell, and the list lags behind them."""
        made = bench.of(marks("1")).make(NAME, SPEC).stack_set_id
        bench.aws.engine.lag = Lag(operations=30, fixed=True)
        bench.work(marks("1"), made)
        bench.client.update_stack_set(
            StackSetName=made, TemplateBody=TEMPLATE, Description="Other", OperationId="foreign"
        )
        bench.aws.clock.sleep(10)

        own = bench.of(marks("2")).find(NAME, SPEC)
        assert own is not None
        assert own.stack_set_id == made

    def test_modified_by_a_stranger(self, bench: Bench) -> None:
        """Where the only operation is somebody else's, it is not ours; nobody waits for more."""
        made = bench.of(marks("1")).make(NAME, SPEC).stack_set_id
        bench.client.update_stack_set(
            StackSetName=made, TemplateBody=TEMPLATE, Description="Other", OperationId="foreign"
        )
        bench.aws.clock.sleep(100)
        began = bench.aws.clock.now

        assert bench.of(marks("2")).find(NAME, SPEC) is None
        assert bench.aws.clock.now == began

    def test_no_operation_ever(self, bench: Bench) -> None:
        """Where none is listed for as long as a list may lag, it is nobody's."""
        bench.of(marks("1")).make(NAME, SPEC)
        began = bench.aws.clock.now

        assert bench.of(marks("2")).find(NAME, OTHER_SPEC) is None
        assert 60 <= bench.aws.clock.now - began < 70

    def test_not_replaced(self, bench: Bench) -> None:
        """The resource's, but not what the present one was made to replace."""
        old = bench.of(marks("1")).make(NAME, SPEC).stack_set_id
        bench.work(marks("1"), old)
        new = bench.of(marks("2")).make("Renamed", SPEC).stack_set_id
        bench.work(marks("2"), new)

        own = bench.of(marks("3", new), new).find(NAME, SPEC)
        assert own is not None
        assert (own.stack_set_id, own.origin) == (old, Origin.FOUND)

    def test_a_try_that_has_made_another_is_taken_back(self) -> None:
        """Where the stack set goes away in between, what the token has made is deleted."""
        with world() as aws:
            bench = Bench(aws)
            foreign = bench.of(marks("1", logical_id="Other")).make(NAME, SPEC).stack_set_id

            def vanish(_service: str, action: str, _number: int) -> None:
                if action == "CreateStackSet" and aws.before_call is not None:
                    aws.before_call = None
                    aws.engine.call("DeleteStackSet", {"StackSetName": foreign})

            aws.before_call = vanish
            assert bench.of(marks("2")).find(NAME, SPEC) is None
            assert bench.active == []


class TestMake:
    """Making what the resource is to have."""

    def test_made(self, bench: Bench) -> None:
        """A new one is told from one that was found."""
        own = bench.of(marks("1")).make(NAME, SPEC)

        assert own.origin is Origin.MADE
        assert bench.active == [own.stack_set_id]

    def test_taken(self, bench: Bench) -> None:
        """A name that is somebody else's is told."""
        foreign = bench.of(marks("1", logical_id="Other")).make(NAME, SPEC).stack_set_id
        bench.work(marks("1", logical_id="Other"), foreign)

        with pytest.raises(StackSetExists):
            bench.of(marks("2")).make(NAME, SPEC)

    def test_made_by_an_earlier_request(self, bench: Bench) -> None:
        """What an earlier request of the resource has made and changed since is found."""
        made = bench.of(marks("1")).make(NAME, SPEC).stack_set_id
        bench.work(marks("1"), made)

        own = bench.of(marks("2")).make(NAME, OTHER_SPEC)
        assert (own.stack_set_id, own.origin) == (made, Origin.FOUND)

    @pytest.mark.parametrize("times", [1, 7])
    def test_a_token_that_is_used_up(self, times: int) -> None:
        """Where a token goes on giving a deleted stack set, the next one makes a new one."""
        with world(readings=Readings(token_outlives_stack_set=True)) as aws:
            bench = Bench(aws)
            for number in range(times):
                made = bench.of(marks(str(number))).make(NAME, SPEC).stack_set_id
                bench.gateway.delete(made)

            own = bench.of(marks("last")).make(NAME, SPEC)
            assert own.origin is Origin.MADE
            assert bench.active == [own.stack_set_id]


def test_all_tokens_used_up() -> None:
    """In the end the author is told, and nothing is made."""
    with world(readings=Readings(token_outlives_stack_set=True)) as aws:
        bench = Bench(aws)
        for _ in range(6):
            bench.gateway.delete(bench.of(marks("1")).make(NAME, SPEC).stack_set_id)

        with pytest.raises(StackSetResourceError, match="used too often"):
            bench.of(marks("1")).make(NAME, SPEC)
        assert bench.active == []


def test_later_requests(bench: Bench) -> None:
    """A request that was signed later has worked on it, or none has."""
    later = Marks.of(STACK_ID, "StackSet", "2", signed_at=1_767_225_700)
    made = bench.of(marks("1")).make(NAME, SPEC).stack_set_id
    bench.work(marks("1"), made)
    assert not bench.of(marks("1")).is_of_later_request(made)
    bench.gateway.start(made, STEP, later.operation_id(STEP), {}, SPEC)

    assert bench.of(marks("1")).is_of_later_request(made)
