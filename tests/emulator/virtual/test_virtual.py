"""The virtual AWS, through real boto3 clients."""

import time
from typing import Any

import boto3
import botocore.config
import botocore.exceptions
import pytest

from emulator.stacksets.faults import Answer, CallFault, Faults
from emulator.virtual.aws import EPOCH, RESPONSE_HOST, VirtualAWS, VirtualClock, world
from tests.emulator.bench import EAST, NAME, STAGE, TOPIC, WEST, A, B

REAL_SLEEP, REAL_TIME = time.sleep, time.time
URL = f"https://{RESPONSE_HOST}/bucket?Signature=x"


class SandboxDiedError(BaseException):
    """Stands for the end of a Lambda sandbox."""


def client(service: str = "cloudformation", **config: Any) -> Any:
    """Return a client as the product makes it."""
    make: Any = boto3.client
    return make(service, config=botocore.config.Config(**config))


def create(cloudformation: Any) -> str:
    """Make the stack set of the test; return its id."""
    answer = cloudformation.create_stack_set(
        StackSetName=NAME, TemplateBody=TOPIC, Parameters=[STAGE]
    )
    return str(answer["StackSetId"])


class TestClock:
    """VirtualClock."""

    def test_sleep_takes_no_time(self) -> None:
        """Sleeping moves all clocks of the time module and calls back."""
        clock, seen = VirtualClock(), list[float]()
        clock.on_advance.append(seen.append)

        with clock:
            started = time.monotonic()
            assert time.time() == EPOCH
            time.sleep(3600)
            assert (time.time(), time.monotonic() - started) == (EPOCH + 3600, 3600)

        assert seen == [EPOCH + 3600]
        assert (time.sleep, time.time) == (REAL_SLEEP, REAL_TIME)

    def test_may_be_entered_twice(self) -> None:
        """The inner end leaves virtual time in place."""
        clock = VirtualClock()

        with clock:
            with clock:
                pass
            assert time.time() == EPOCH

        assert time.time is REAL_TIME

    def test_callback_may_end_the_sleeper(self) -> None:
        """What a callback raises reaches the sleeper."""

        def die(_now: float) -> None:
            raise SandboxDiedError

        clock = VirtualClock()
        clock.on_advance.append(die)

        with clock, pytest.raises(SandboxDiedError):
            time.sleep(1)


class TestCloudFormation:
    """StackSets through boto3."""

    def test_story(self) -> None:
        """Create, wait, list, delete: an hour passes in no time."""
        with world(seconds=600) as aws:
            cloudformation = client()
            stack_set_id = create(cloudformation)
            operation = cloudformation.create_stack_instances(
                StackSetName=NAME, Accounts=[A, B], Regions=[EAST, WEST]
            )["OperationId"]
            while self.running(cloudformation, operation):
                time.sleep(15)
            pages = cloudformation.get_paginator("list_stack_instances").paginate(StackSetName=NAME)
            statuses = [item["Status"] for page in pages for item in page["Summaries"]]
            deployed = len(aws.deployer.stacks)
            operation = cloudformation.delete_stack_instances(
                StackSetName=NAME, Accounts=[A, B], Regions=[EAST, WEST], RetainStacks=False
            )["OperationId"]
            while self.running(cloudformation, operation):
                time.sleep(15)
            cloudformation.delete_stack_set(StackSetName=NAME)
            gone = cloudformation.describe_stack_set(StackSetName=stack_set_id)

            assert statuses == ["CURRENT"] * 4
            assert (deployed, len(aws.deployer.stacks)) == (4, 0)
            assert gone["StackSet"]["Status"] == "DELETED"
            assert aws.clock.now == EPOCH + 4800
            assert not aws.unexpected

    @staticmethod
    def running(cloudformation: Any, operation: str) -> bool:
        """Tell whether an operation still runs."""
        answer = cloudformation.describe_stack_set_operation(
            StackSetName=NAME, OperationId=operation
        )
        return bool(answer["StackSetOperation"]["Status"] == "RUNNING")

    def test_modelled_exceptions(self) -> None:
        """Errors arrive as the classes of the client."""
        with world():
            cloudformation = client()
            create(cloudformation)

            with pytest.raises(cloudformation.exceptions.NameAlreadyExistsException):
                create(cloudformation)
            with pytest.raises(cloudformation.exceptions.StackSetNotFoundException):
                cloudformation.describe_stack_set(StackSetName="other")
            with pytest.raises(cloudformation.exceptions.StackInstanceNotFoundException):
                cloudformation.update_stack_instances(
                    StackSetName=NAME, Accounts=[A], Regions=[EAST]
                )
            with pytest.raises(cloudformation.exceptions.OperationNotFoundException):
                cloudformation.stop_stack_set_operation(StackSetName=NAME, OperationId="x")

    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    def test_retries_sleep_in_virtual_time(self, mode: str) -> None:
        """The SDK retries throttled calls itself, and waits in virtual time."""
        faults = Faults(calls=[CallFault("DescribeStackSet", Answer.THROTTLED, times=3)])
        started = time.perf_counter()
        with world(faults=faults) as aws:
            cloudformation = client(retries={"mode": mode, "total_max_attempts": 9})
            create(cloudformation)

            assert cloudformation.describe_stack_set(StackSetName=NAME)
            assert [action for _, _, action in aws.calls] == [
                "CreateStackSet",
                *["DescribeStackSet"] * 4,
            ]
            assert aws.clock.now > EPOCH
        assert time.perf_counter() - started < 5

    def test_access_denied(self) -> None:
        """A refusal by IAM is an AccessDenied ClientError."""
        faults = Faults(calls=[CallFault("*", Answer.ACCESS_DENIED, times=None)])
        with (
            world(faults=faults),
            pytest.raises(botocore.exceptions.ClientError, match=r"AccessDenied.*CreateStackSet"),
        ):
            create(client())

    def test_lost_response_breaks_the_connection(self) -> None:
        """The caller gets a connection error; the call was carried out."""
        faults = Faults(calls=[CallFault("CreateStackSet", Answer.RESPONSE_LOST)])
        with world(faults=faults) as aws:
            with pytest.raises(botocore.exceptions.ConnectionClosedError):
                create(client(retries={"total_max_attempts": 1}))

            assert aws.engine.stack_sets.find(NAME).status == "ACTIVE"

    def test_lost_response_is_retried_by_botocore(self) -> None:
        """The SDK repeats the call with the same token, which finds its own stack set."""
        faults = Faults(calls=[CallFault("CreateStackSet", Answer.RESPONSE_LOST)])
        with world(faults=faults) as aws:
            assert create(client()) in aws.engine.stack_sets
            assert len(aws.calls) == 2

    def test_unknown_call(self) -> None:
        """A call that the emulator does not know is an assertion of its own."""
        with world() as aws:
            with pytest.raises(AssertionError, match="ListStackInstanceResourceDrifts"):
                client().list_stack_instance_resource_drifts(
                    StackSetName=NAME,
                    StackInstanceAccount="1" * 12,
                    StackInstanceRegion="us-east-1",
                    OperationId="x",
                )

            assert len(aws.unexpected) == 1


class TestHooks:
    """before_call and after_call."""

    @pytest.mark.parametrize(("hook", "made"), [("before_call", 0), ("after_call", 1)])
    def test_death(self, hook: str, made: int) -> None:
        """The sandbox may die before a call is carried out, or before its answer is seen."""

        def die(service: str, action: str, number: int) -> None:
            assert (service, action) == ("cloudformation", "CreateStackSet")
            if number == 1:
                raise SandboxDiedError

        with world() as aws:
            setattr(aws, hook, die)
            with pytest.raises(SandboxDiedError):
                create(client())

            assert len(aws.engine.stack_sets) == made

    def test_something_happens_at_a_call(self) -> None:
        """Something may happen right before a call, which is told with who made it."""
        with world() as aws:
            cloudformation = client()
            create(cloudformation)
            seen = list[int]()
            aws.at_call(2, lambda: seen.append(len(aws.calls)))
            for _ in range(3):
                cloudformation.describe_stack_set(StackSetName=NAME)

            assert seen == [3]
            assert aws.callers == ["main"] * 4

    def test_calls_take_time(self) -> None:
        """Every call may take some seconds."""
        with world() as aws:
            aws.call_seconds = 0.5
            create(client())

            assert aws.clock.now == EPOCH + 0.5


def test_speed() -> None:
    """Thousands of calls take seconds: simulations live on it."""
    started = time.perf_counter()
    with world():
        cloudformation = client()
        create(cloudformation)
        for _ in range(300):
            cloudformation.describe_stack_set(StackSetName=NAME)

    assert time.perf_counter() - started < 10


def test_two_worlds_do_not_meet() -> None:
    """Each context answers its own clients, also one within another."""
    with world(account=A), world(account=B):
        assert client("sts").get_caller_identity()["Account"] == B
    assert isinstance(world(), VirtualAWS)
