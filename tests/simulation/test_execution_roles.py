"""Execution roles that the function's stack does not name, at every turn of a stack's life."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import (
    ACCOUNTS,
    EXECUTION_ROLE,
    REGIONS,
    group,
    operations,
    properties,
    stacks_of,
    template,
    wanted_stacks,
)

_LIST = "EXECUTION_ROLE_NAMES"
_REFUSED = "The properties have a fault: ExecutionRoleName is Other, and the function lets"
_OVERRIDDEN = group(ACCOUNTS[:2], Size="large")


def test_create_is_refused(aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first write; the rollback's Delete finds nothing to do."""
    monkeypatch.setenv(_LIST, EXECUTION_ROLE)
    assert stack.deploy(properties(ExecutionRoleName="Other")) == "ROLLBACK_COMPLETE"
    assert _REFUSED in stack.reason
    assert "add the role's name to the parameter ExecutionRoleNames" in stack.reason
    assert operations(aws) == []


@pytest.mark.parametrize("refused", [{"ExecutionRoleName": "Other"}, {"OutputKeys": ["Arn"]}])
def test_update_is_refused(
    aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch, refused: dict[str, Any]
) -> None:
    """Its rollback has nothing to do: an instance that only it names is a stranger's, and stays."""
    monkeypatch.setenv(_LIST, EXECUTION_ROLE)
    assert stack.deploy(properties()) == "CREATE_COMPLETE", stack.reason
    place = {"Accounts": [ACCOUNTS[3]], "Regions": [REGIONS[0]]}
    aws.engine.call("CreateStackInstances", {"StackSetName": "StackSetsTest", **place})
    aws.clock.sleep(60)
    before = len(operations(aws))
    wanted = properties(group(ACCOUNTS), **refused)
    assert stack.deploy(wanted) == "UPDATE_ROLLBACK_COMPLETE"
    assert f"The properties have a fault: {next(iter(refused))} " in stack.reason
    assert operations(aws)[before:] == []


def test_service_managed_without_its_role(
    aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role that the stack set brings along counts as well."""
    monkeypatch.setenv(_LIST, EXECUTION_ROLE)
    name = "stacksets-exec-custom-mine"
    targets = {"OrganizationalUnitIds": ["ou-root-aaaaaaaa"]}
    wanted = {
        "PermissionModel": "SERVICE_MANAGED",
        "TemplateBody": template(),
        "ExecutionRoleName": name,
        "ExecutionRoleTemplateBody": json.dumps({"Resources": {}}),
        "StackInstancesGroup": [{"DeploymentTargets": targets, "Regions": ["us-east-1"]}],
    }
    assert stack.deploy(wanted) == "ROLLBACK_COMPLETE"
    assert f"ExecutionRoleName is {name}, and the function lets" in stack.reason
    assert operations(aws) == []


def test_delete_is_not_refused(
    aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was deployed before the list was narrowed goes; an update of it is refused."""
    assert stack.deploy(properties()) == "CREATE_COMPLETE", stack.reason
    monkeypatch.setenv(_LIST, "Allowed")
    assert stack.deploy(properties(_OVERRIDDEN)) == "UPDATE_ROLLBACK_COMPLETE"
    assert f"ExecutionRoleName is {EXECUTION_ROLE}, and" in stack.reason
    assert stack.delete() == "DELETE_COMPLETE", stack.reason
    assert not aws.deployer.stacks


@pytest.mark.parametrize("is_told_late", [False, True])
def test_rollback_is_not_refused(
    aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch, *, is_told_late: bool
) -> None:
    """It goes back to a role that is not allowed any more, whether that is told at once or not."""
    served = properties()
    assert stack.deploy(served) == "CREATE_COMPLETE", stack.reason
    monkeypatch.setenv(_LIST, "Allowed")
    fault = DeploymentFault("No", account=ACCOUNTS[1], marker="version 2")
    aws.engine.faults.deployments.append(fault)
    if is_told_late:
        aws.engine.faults.calls.append(CallFault("DescribeStacks", Answer.ACCESS_DENIED, skip=1))
    wanted = properties(ExecutionRoleName="Allowed", TemplateBody=template("2"))
    assert stack.deploy(wanted) == "UPDATE_ROLLBACK_COMPLETE", stack.reason
    assert stacks_of(aws, stack.physical_id) == wanted_stacks(served)


def test_narrowed_meanwhile(aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that has begun to write goes to its end."""

    def narrow(_service: str, action: str, _number: int) -> None:
        if action == "CreateStackInstances":
            monkeypatch.setenv(_LIST, "Allowed")

    aws.before_call = narrow
    assert stack.deploy(properties()) == "CREATE_COMPLETE", stack.reason
    assert len(stack.requests) == 1
