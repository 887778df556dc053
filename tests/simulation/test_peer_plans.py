"""Changes that the native resource's own tests plan: what is wanted is there, in few operations."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.unit_changes import ACCOUNTS, UNIT_CHANGES, UNITS, Groups, UnitChange
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import new_stack, operations, template

_HOME = "111111111111"
_MORE = {
    "create two groups that overlap": 4,
    "delete two groups that overlap": 4,
    "named accounts and exceptions come": 4,
}
"""Operations of those that take more than the fewest: boxes of a cover do not overlap."""


def _members(first: int) -> dict[str, set[str]]:
    """Who is in which unit: one that nothing names in each, the others in turn from a first one."""
    members = {unit: {str(900000000000 + place)} for place, unit in enumerate(UNITS)}
    for place, account in enumerate(ACCOUNTS):
        members[UNITS[(first + place * (first != 0)) % len(UNITS)]].add(account)
    return members


def _properties(groups: Groups) -> dict[str, Any]:
    return {
        "StackSetName": "Peer",
        "PermissionModel": "SERVICE_MANAGED",
        "TemplateBody": template(),
        "StackInstancesGroup": [
            {
                "DeploymentTargets": {
                    "OrganizationalUnitIds": list(group.units),
                    "AccountFilterType": group.account_filter,
                    **({"Accounts": list(group.accounts)} if group.accounts else {}),
                },
                "Regions": list(group.regions),
                "ParameterOverrides": [
                    {"ParameterKey": key, "ParameterValue": value} for key, value in group.overrides
                ],
            }
            for group in groups
        ],
    }


def _wanted(groups: Groups, members: dict[str, set[str]]) -> dict[tuple[str, str], str]:
    wanted = {}
    for group in groups:
        for unit in group.units:
            named = {*group.accounts}
            chosen = {
                "NONE": members[unit],
                "INTERSECTION": members[unit] & named,
                "DIFFERENCE": members[unit] - named,
            }[group.account_filter]
            size = dict(group.overrides).get("Size", "default")
            wanted.update(
                {(account, region): size for account in chosen for region in group.regions}
            )
    return wanted


def _deploy(aws: VirtualAWS, stack: Stack, groups: Groups, members: dict[str, set[str]]) -> int:
    before = len(operations(aws))
    status = stack.deploy(_properties(groups))
    assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack.reason
    there = {
        (a, r): each.parameters.get("Size", "default")
        for (a, r, _), each in aws.deployer.stacks.items()
    }
    assert there == _wanted(groups, members)
    return len(operations(aws)) - before


@pytest.mark.parametrize("first", range(3))
@pytest.mark.parametrize("change", UNIT_CHANGES, ids=lambda each: each.name)
def test_plan(change: UnitChange, first: int) -> None:
    """The stacks are as wanted, after at most the fewest operations where that is reached."""
    members = _members(first)
    organization = Organization(_HOME)
    for unit, accounts in members.items():
        organization.add_unit(unit)
        for account in sorted(accounts):
            organization.join(account, unit)
    with world(seconds=1.0, organization=organization) as aws:
        stack = new_stack(aws)
        _deploy(aws, stack, change.before, members)
        took = _deploy(aws, stack, change.after, members)
        assert took <= _MORE.get(change.name, change.best), operations(aws)
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert aws.deployer.stacks == {}
