"""Stacks of the awslabs function, whose properties it had never looked at closely."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import (
    ACCOUNTS,
    REGIONS,
    group,
    operations,
    properties,
    stacks_of,
    template,
    wanted_stacks,
)

IGNORED: dict[str, Any] = {
    "ForceUpdate": "1",
    "OperationPreferences": {"MaxConcurrentCount": "3", "ThrottlePercentage": "10"},
}


def inherit(stack: Stack, **ignored: Any) -> None:
    """Make the stack one whose properties an earlier version has accepted."""
    stack.properties = {**stack.properties, **ignored}


def test_ignored_properties_stay(stack: Stack) -> None:
    """What it ignored, and what nobody touches, is warned of and not refused."""
    stack.deploy(properties())
    inherit(stack, **IGNORED)

    assert stack.deploy(properties(TemplateBody=template("2"), **IGNORED)) == "UPDATE_COMPLETE"
    assert "ForceUpdate" in stack.attributes["Warnings"]
    assert "ThrottlePercentage" in stack.attributes["Warnings"]


def test_ignored_properties_come(aws: VirtualAWS, stack: Stack) -> None:
    """What is new and unknown is refused; the rollback to what was ignored is not."""
    stack.deploy(properties())
    inherit(stack, ForceUpdate="1")
    before = len(operations(aws))

    assert stack.deploy(properties(ForceUpdate="1", Nonsense="1")) == "UPDATE_ROLLBACK_COMPLETE"
    assert "Nonsense" in stack.reason
    assert "ForceUpdate" not in stack.reason
    assert operations(aws)[before:] == []


def test_name_that_was_edited(aws: VirtualAWS, stack: Stack) -> None:
    """A name that was edited while nobody looked at it does not move the stack set."""
    stack.deploy(properties())
    physical_id = stack.physical_id
    inherit(stack, StackSetName="Edited")

    wanted = properties(StackSetName="Edited", Tags=[{"Stage": "new"}])
    assert stack.deploy(wanted) == "UPDATE_COMPLETE"
    assert stack.physical_id == physical_id
    assert stacks_of(aws, physical_id) == wanted_stacks(wanted)
    assert stack.deploy({**wanted, "StackSetName": "Moved"}) == "UPDATE_COMPLETE"
    assert stack.physical_id.startswith("Moved:")


@pytest.mark.parametrize(
    "inherited",
    [
        {"ForceUpdate": "1"},
        {"StackInstances": [{"Accounts": [""], "Regions": [""]}, group()]},
        {"StackInstances": [group(), group()]},
        {"Description": "Another", "TemplateURL": "ftp://elsewhere"},
        {"OperationPreferences": {"MaxConcurrentCount": "many", "Unknown": "1"}},
        {"Tags": [{"DeployDate": "2026-01-01"}, {"Environment": "Testing"}, {"Empty": ""}]},
        {"StackSetName": "Edited"},
        {"StackSetName": "no name at all!"},
    ],
    ids="-".join,
)
def test_a_rollback_is_never_refused(
    aws: VirtualAWS, stack: Stack, inherited: dict[str, Any]
) -> None:
    """Whatever an earlier version has accepted can be gone back to."""
    stack.deploy(properties())
    physical_id, deployed = stack.physical_id, dict(aws.deployer.stacks)
    inherit(stack, **inherited)
    fault = DeploymentFault("No", account=ACCOUNTS[1], marker="version 2", seconds=1)
    aws.engine.faults.deployments.append(fault)

    assert stack.deploy(properties(TemplateBody=template("2"))) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.physical_id == physical_id
    assert aws.deployer.stacks.keys() == deployed.keys()
    assert {each.template_body for each in aws.deployer.stacks.values()} == {template()}


BLANKS: dict[str, Any] = {
    "accounts": [group(("",))],
    "regions": [group(ACCOUNTS[:3], ("",))],
    "one of two": [group(ACCOUNTS[:2]), group(("",), REGIONS[:1])],
    "text": "",
    "list of text": [""],
}


@pytest.mark.parametrize("blank", BLANKS)
def test_a_list_that_becomes_blank(aws: VirtualAWS, stack: Stack, blank: str) -> None:
    """An empty parameter does not delete every stack."""
    stack.deploy(properties(group(ACCOUNTS[:2]), group(ACCOUNTS[2:3])))
    deployed, before = dict(aws.deployer.stacks), len(operations(aws))

    status = stack.deploy({**properties(), "StackInstances": BLANKS[blank]})

    assert status == "UPDATE_ROLLBACK_COMPLETE"
    assert "AWS::NoValue" in stack.reason
    assert aws.deployer.stacks == deployed
    assert operations(aws)[before:] == []


def test_blank_from_the_beginning(aws: VirtualAWS, stack: Stack) -> None:
    """On a Create a blank list means none, and the answer says so."""
    blank = {**properties(), "StackInstances": [group(("",))]}

    assert stack.deploy(blank) == "CREATE_COMPLETE"
    assert "StackInstances[0]" in stack.attributes["Warnings"]
    assert stack.deploy({**blank, "Tags": [{"New": "tag"}]}) == "UPDATE_COMPLETE"
    assert stack.deploy(properties()) == "UPDATE_COMPLETE"
    assert len(aws.deployer.stacks) == 3


def test_a_deliberate_removal(aws: VirtualAWS, stack: Stack) -> None:
    """A group that is left out is deleted."""
    stack.deploy(properties())

    assert stack.deploy({**properties(), "StackInstances": []}) == "UPDATE_COMPLETE"
    assert aws.deployer.stacks == {}


def test_accounts_with_blanks_around_them(aws: VirtualAWS, stack: Stack) -> None:
    """Account ids that Fn::Split has left with a blank are read."""
    spaced = tuple(f" {account}" for account in ACCOUNTS[:3])

    assert stack.deploy(properties(group(spaced))) == "CREATE_COMPLETE"
    assert len(aws.deployer.stacks) == 3
