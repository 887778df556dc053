"""ImportStacksToStackSet."""

from typing import Any

import pytest

from emulator.stacksets import arns
from emulator.virtual.deployer import DeployedStack
from tests.emulator.bench import EAST, STAGE, TOPIC, WEST, A, B, Bench, C, parameter
from tests.emulator.organizations import NETWORK, PLATFORM, ROOT, SANDBOX, ManagedBench

PLAIN = TOPIC.replace("  Secret: {Type: String, NoEcho: true, Default: hush}\n", "")
IMPORT = "ImportStacksToStackSet"


@pytest.fixture
def ready(bench: Bench) -> Bench:
    """A stack set whose template hides nothing."""
    bench.create(TemplateBody=PLAIN)
    return bench


def stand(
    bench: Bench, account: str, region: str = EAST, body: str = PLAIN, **parameters: str
) -> str:
    """Let a stack stand that belongs to no stack set; return its id."""
    stack_id = arns.stack_arn(account, region, "by-hand")
    bench.deployer.stacks[account, region, "by hand"] = DeployedStack(
        stack_id, "by-hand", body, {"Stage": "test", **parameters}, {}
    )
    return stack_id


def take_in(bench: Bench, *stack_ids: str, **more: Any) -> str:
    """Import stacks and wait; return the id of the operation."""
    operation = bench.call(IMPORT, StackIds=[*stack_ids], **more)["OperationId"]
    bench.wait()
    return str(operation)


def test_stacks_become_instances(ready: Bench) -> None:
    """They keep their ids, are CURRENT, and are updated and deleted as any others."""
    first, second = stand(ready, A), stand(ready, B, WEST)
    operation = take_in(ready, first, second)

    assert ready.instances() == {
        (A, EAST): "CURRENT/SUCCEEDED",
        (B, WEST): "CURRENT/SUCCEEDED",
    }
    summaries = ready.call("ListStackInstances")["Summaries"]
    assert [each["StackId"] for each in summaries] == [first, second]
    shown = ready.call("DescribeStackSetOperation", OperationId=operation)["StackSetOperation"]
    assert (shown["Action"], shown["Status"]) == ("CREATE", "SUCCEEDED")
    ready.update(TemplateBody=PLAIN.replace("SNS::Topic", "SQS::Queue"))
    ready.wait()
    assert {each.stack_id for each in ready.deployer.stacks.values()} == {first, second}
    assert ready.instances()[B, WEST] == "CURRENT/SUCCEEDED"
    asked = {"Accounts": [A], "Regions": [EAST], "RetainStacks": False}
    ready.call("DeleteStackInstances", **asked)
    ready.wait()
    assert {each.stack_id for each in ready.deployer.stacks.values()} == {second}


def test_other_values_become_overrides(ready: Bench) -> None:
    """What a stack has otherwise than the set stays so."""
    take_in(ready, stand(ready, A, Stage="own", Size="3"))

    asked = {"StackInstanceAccount": A, "StackInstanceRegion": EAST}
    shown = ready.call("DescribeStackInstance", **asked)["StackInstance"]
    assert shown["ParameterOverrides"] == [{"ParameterKey": "Stage", "ParameterValue": "own"}]


def test_failed_import(ready: Bench) -> None:
    """The instance is INOPERABLE by FAILED_IMPORT with its reason, until another try succeeds."""
    stack_id = stand(ready, A)
    ready.fail(A, actions=("IMPORT",), times=1)
    operation = take_in(ready, stack_id)

    assert ready.status(operation) == "FAILED"
    assert ready.instances() == {(A, EAST): "INOPERABLE/FAILED_IMPORT"}
    (instance,) = ready.call("ListStackInstances")["Summaries"]
    assert instance["StatusReason"] == "broken"
    take_in(ready, stack_id)
    assert ready.instances() == {(A, EAST): "CURRENT/SUCCEEDED"}


@pytest.mark.parametrize(
    ("body", "reason"), [(TOPIC, "another template"), (None, "does not exist")]
)
def test_stack_that_does_not_fit(ready: Bench, body: str | None, reason: str) -> None:
    """A stack with another template, and one that is not there, fail to be imported."""
    stack_id = stand(ready, A, body=body) if body else arns.stack_arn(A, EAST, "nowhere")
    take_in(ready, stack_id)

    (instance,) = ready.call("ListStackInstances")["Summaries"]
    assert reason in instance["StatusReason"]


def test_stacks_from_a_file(ready: Bench) -> None:
    """StackIdsUrl lists up to 200."""
    stacks = [stand(ready, A), stand(ready, B)]
    url = {"StackIdsUrl": "https://bucket.s3.amazonaws.com/ids.csv"}
    ready.objects["bucket", "ids.csv"] = ",".join(stacks).encode()
    ready.call(IMPORT, StackIdsUrl="s3://bucket/ids.csv")
    ready.wait()
    assert len(ready.instances()) == 2

    ready.objects["bucket", "ids.csv"] = "\n".join(stacks * 101).encode()
    assert "between 1 and 200" in ready.refuse(IMPORT, **url).message


class TestRefusals:
    """Imports that are refused before anything happens."""

    @pytest.mark.parametrize(
        ("asked", "text"),
        [
            ({}, "either StackIds or StackIdsUrl"),
            ({"StackIds": ["a"], "StackIdsUrl": "https://b"}, "either StackIds or StackIdsUrl"),
            ({"StackIds": []}, "between 1 and 10"),
            ({"StackIds": [arns.stack_arn(A, EAST, str(n)) for n in range(11)]}, "1 and 10"),
            ({"StackIds": [arns.stack_arn(A, EAST, n) for n in "xy"]}, "one stack instance"),
            ({"StackIds": ["by-hand"]}, "is not the id of a stack"),
            (
                {"StackIds": [arns.stack_arn(A, EAST, "x")], "OrganizationalUnitIds": [ROOT]},
                "only for SERVICE_MANAGED",
            ),
        ],
    )
    def test_texts(self, ready: Bench, asked: dict[str, Any], text: str) -> None:
        """The complaint says what is wrong."""
        assert text in ready.refuse(IMPORT, **asked).message
        assert ready.stack_set.operations == {}

    def test_instance_that_is_there(self, ready: Bench) -> None:
        """An account has one instance in a Region."""
        ready.deploy([A])
        ready.wait()

        assert "one stack instance" in ready.refuse(IMPORT, StackIds=[stand(ready, A)]).message

    def test_hidden_parameters(self, bench: Bench) -> None:
        """Stacks of a template with NoEcho parameters cannot be imported."""
        bench.create()

        assert "NoEcho" in bench.refuse(IMPORT, StackIds=[stand(bench, A)]).message


class TestServiceManaged:
    """Imports into units."""

    def test_units(self) -> None:
        """Each instance carries the unit that holds its account, and the set follows it."""
        bench = ManagedBench(asked={"TemplateBody": PLAIN, "Parameters": [STAGE]})
        stacks = [stand(bench, B), stand(bench, C)]
        take_in(bench, *stacks, OrganizationalUnitIds=[NETWORK, PLATFORM])

        assert bench.units() == {B: PLATFORM, C: NETWORK}
        assert bench.shown()["OrganizationalUnitIds"] == [PLATFORM, NETWORK]

    @pytest.mark.parametrize(
        ("units", "text"),
        [
            (None, "must be specified"),
            (["ou-root-unknown1"], "does not exist"),
            ([SANDBOX], "in none of the organizational units"),
        ],
    )
    def test_refused(self, units: list[str] | None, text: str) -> None:
        """Units are needed, exist, and hold the accounts."""
        bench = ManagedBench(asked={"TemplateBody": PLAIN})
        asked = {"OrganizationalUnitIds": units} if units else {}

        assert text in bench.refuse(IMPORT, StackIds=[stand(bench, B)], **asked).message


def test_overridden_value_outlives_updates(ready: Bench) -> None:
    """A new value of the set does not reach an imported stack that had its own."""
    take_in(ready, stand(ready, A, Stage="own"))
    ready.update(Parameters=[parameter("Stage", "new")])
    ready.wait()

    assert ready.deployed(A)["Stage"] == "own"
