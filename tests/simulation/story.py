"""Templates of the simulated author, and what the world has to look like after them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack, Timing
from tests.simulation import sandboxes

ADMINISTRATION_ROLE = "arn:aws:iam::111111111111:role/Administration"
EXECUTION_ROLE = "Execution"
REGIONS = ("ap-northeast-1", "us-east-1", "eu-west-1")
ACCOUNTS = ("222222222222", "333333333333", "444444444444", "555555555555")


def template(version: str = "1") -> str:
    """A template with two parameters that have defaults; the version is part of its text."""
    parameter = {"Type": "String", "Default": "default"}
    return json.dumps(
        {
            "Description": f"version {version}",
            "Parameters": {"Size": parameter, "Colour": parameter},
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        }
    )


def group(
    accounts: tuple[str, ...] = ACCOUNTS[:3],
    regions: tuple[str, ...] = REGIONS[:1],
    **overrides: str,
) -> dict[str, Any]:
    """One group of StackInstances."""
    entry: dict[str, Any] = {"Accounts": list(accounts), "Regions": list(regions)}
    if overrides:
        entry["ParameterOverrides"] = [{key: value} for key, value in overrides.items()]
    return entry


def properties(*groups: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Properties of a stack set that is like the one of the story, with these groups."""
    return {
        "StackSetName": "StackSetsTest",
        "StackSetDescription": "Deployed by a stack",
        "TemplateBody": template(),
        "Parameters": [{"Size": "small"}],
        "Tags": [{"DeployDate": "2026-01-01"}, {"Environment": "Testing"}],
        "AdministrationRoleARN": ADMINISTRATION_ROLE,
        "ExecutionRoleName": EXECUTION_ROLE,
        "OperationPreferences": {
            "RegionOrder": ["ap-northeast-1"],
            "FailureToleranceCount": 0,
            "MaxConcurrentCount": 3,
        },
        "StackInstances": list(groups) or [group()],
        **others,
    }


class Deployed(NamedTuple):
    """A stack in a member account as a test compares it."""

    template_body: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


def wanted_stacks(wanted: Mapping[str, Any]) -> dict[tuple[str, str], Deployed]:
    """The stacks that properties made here ask for, by account and region."""
    tags = {key: value for each in wanted["Tags"] for key, value in each.items()}
    values = {key: value for each in wanted["Parameters"] for key, value in each.items()}
    stacks = {}
    for each in wanted["StackInstances"]:
        overrides = {k: v for pair in each.get("ParameterOverrides", ()) for k, v in pair.items()}
        for account in each["Accounts"]:
            for region in each["Regions"]:
                place = (account, region)
                stacks[place] = Deployed(wanted["TemplateBody"], {**values, **overrides}, tags)
    return stacks


def stacks_of(aws: VirtualAWS, stack_set_id: str) -> dict[tuple[str, str], Deployed]:
    """The stacks that a stack set has in the member accounts, by account and region."""
    return {
        (account, region): Deployed(each.template_body, each.parameters, each.tags)
        for (account, region, owner), each in aws.deployer.stacks.items()
        if owner == stack_set_id
    }


def operations(aws: VirtualAWS) -> list[str]:
    """The StackSets writes that were made, in order."""
    return [action for _, _, action in aws.calls if action in WRITES]


WRITES = {
    "CreateStackSet",
    "UpdateStackSet",
    "DeleteStackSet",
    "CreateStackInstances",
    "UpdateStackInstances",
    "DeleteStackInstances",
    "StopStackSetOperation",
}


def new_stack(aws: VirtualAWS) -> Stack:
    """Make a stack, not created yet, that the function serves with clients made for this world."""
    sandboxes.forget_clients()
    return Stack(aws, sandboxes.WARM)


def wait_for(stack: Stack, number: int = 1, **others: Any) -> Stack:
    """Let a wait of its own stack wait for the deployment; it has settled."""
    waiting = Stack(
        stack.aws,
        sandboxes.WARM,
        f"wait-{number}",
        resource_type="Custom::StackSetWait",
        timing=Timing(overlaps=True),
    )
    waiting.deploy(
        {
            "StackSetId": stack.physical_id,
            "DeploymentId": stack.attributes["DeploymentId"],
            **others,
        }
    )
    return waiting
