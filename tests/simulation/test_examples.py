"""The templates of examples/ that stand alone: what a stack of each makes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.stacksets import arns
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from emulator.virtual.deployer import DeployedStack
from tests.simulation.adoptions import make_by_hand
from tests.simulation.story import ACCOUNTS, ADMINISTRATION_ROLE, new_stack, operations
from tools import template
from tools.environments import ROOT

UNIT, REGION = "ou-root-aaaaaaaa", "eu-west-1"
ONE, TWO, THREE, FOUR = ACCOUNTS
APP = (ROOT / "examples" / "app.yaml").read_text(encoding="utf-8")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[VirtualAWS]:
    """A virtual AWS with two accounts in a unit, which the function may read."""
    monkeypatch.setenv("READ_ORGANIZATION", "EVERYTHING")
    organization = Organization("111111111111", root="r-root")
    organization.add_unit(UNIT)
    for account in (ONE, TWO):
        organization.join(account, UNIT)
    with world(seconds=5.0, organization=organization) as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)


def example(name: str, **parameters: Any) -> dict[str, Any]:
    """Properties of the stack set of an example, with its application's text."""
    loaded = template.load(ROOT / "examples" / f"{name}.yaml")
    given = {"AdministrationRoleARN": ADMINISTRATION_ROLE, **parameters}
    made = template.resources(loaded, given)
    [properties] = [r["Properties"] for r in made.values() if r["Type"] == "Custom::StackSet"]
    del properties["TemplateURL"]
    return {**properties, "TemplateBody": APP}


def deployed(aws: VirtualAWS, stack: Stack, wanted: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Deploy; returns what each stack says, by place."""
    assert stack.deploy(wanted).endswith("TE_COMPLETE"), stack.reason
    return {
        place[:2]: each.parameters.get("Greeting", "Hello")
        for place, each in aws.deployer.stacks.items()
        if place[2] == stack.physical_id
    }


@pytest.mark.parametrize("name", ["units", "units-self-managed"])
def test_units(aws: VirtualAWS, stack: Stack, name: str) -> None:
    """All accounts of a unit, with whoever joins it, and all but the exceptions."""
    wanted = example(name, OrganizationalUnitIds=[UNIT])
    assert {account for account, _ in deployed(aws, stack, wanted)} == {ONE, TWO}
    assert aws.engine.organization is not None
    aws.engine.organization.join(THREE, UNIT)
    again = {**wanted, "Revision": "2"}
    assert {account for account, _ in deployed(aws, stack, again)} == {ONE, TWO, THREE}
    but_one = example(name, OrganizationalUnitIds=[UNIT], ExcludedAccounts=[ONE])
    assert {account for account, _ in deployed(aws, stack, but_one)} == {TWO, THREE}


def test_overrides(aws: VirtualAWS, stack: Stack) -> None:
    """Each group has its own values, or those of all."""
    wanted = example("overrides", DevelopmentAccounts=[ONE], ProductionAccounts=[TWO])
    assert deployed(aws, stack, wanted) == {
        (ONE, REGION): "Hello, developer",
        (TWO, REGION): "Good morning",
        (TWO, "us-east-1"): "Good morning",
    }


def test_import(aws: VirtualAWS, stack: Stack) -> None:
    """A stack that is there becomes an instance, and stays when the resource goes."""
    there = arns.stack_arn(ONE, REGION, "by-hand")
    aws.deployer.stacks[ONE, REGION, "by-hand"] = DeployedStack(
        there, "by-hand", APP, {"Greeting": "Hi"}, {}
    )
    wanted = example("import", StackIds=[there], Accounts=[ONE, TWO])
    assert deployed(aws, stack, wanted) == {(ONE, REGION): "Hello", (TWO, REGION): "Hello"}
    assert stack.delete() == "DELETE_COMPLETE"
    assert [each.stack_id for each in aws.deployer.stacks.values()] == [there]


def test_adopt(aws: VirtualAWS, stack: Stack) -> None:
    """A stack set that is there is the resource's, and what it has already costs nothing."""
    made = make_by_hand(
        aws,
        [(ONE, REGION)],
        TemplateBody=APP,
        Parameters=[{"ParameterKey": "Greeting", "ParameterValue": "Hi"}],
        Capabilities=["CAPABILITY_IAM"],
        ExecutionRoleName="AWSCloudFormationStackSetExecutionRole",
    )
    wanted = example("adopt", StackSetName="StackSetsTest", Accounts=[ONE, TWO], Greeting="Hi")
    before = len(operations(aws))
    assert deployed(aws, stack, wanted) == {(ONE, REGION): "Hi", (TWO, REGION): "Hi"}
    assert stack.physical_id == made
    assert "UpdateStackSet" not in operations(aws)[before:]
