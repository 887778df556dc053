"""Organizational units that are deleted while a stack set has instances for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from tests.simulation.story import new_stack, operations, template

HOME, ROOT = "111111111111", "r-root"
A, B = "ou-root-aaaaaaaa", "ou-root-bbbbbbbb"
ONE, TWO = "222222222222", "333333333333"
EAST, WEST = "us-east-1", "us-west-2"


@pytest.fixture
def aws() -> Iterator[VirtualAWS]:
    """A virtual AWS with an account in each of two units."""
    tree = Organization(HOME, root=ROOT)
    for account, unit in {ONE: A, TWO: B}.items():
        tree.join(account, tree.add_unit(unit))
    with world(seconds=10.0, organization=tree) as virtual:
        yield virtual


def _properties(*units: str, regions: tuple[str, ...] = (EAST,), **others: Any) -> dict[str, Any]:
    group: dict[str, Any] = {
        "DeploymentTargets": {"OrganizationalUnitIds": list(units)},
        "Regions": list(regions),
    }
    size = others.pop("size", "")
    if size:
        group["ParameterOverrides"] = [{"ParameterKey": "Size", "ParameterValue": size}]
    return {
        "StackSetName": "Units",
        "PermissionModel": "SERVICE_MANAGED",
        "TemplateBody": template(),
        "OperationPreferences": {"MaxConcurrentPercentage": 100},
        "StackInstancesGroup": [group],
        **others,
    }


def _lose(aws: VirtualAWS, where: str = ROOT) -> None:
    """Move the account of the second unit, and delete that."""
    assert aws.engine.organization is not None
    aws.engine.move(TWO, where)
    aws.clock.sleep(300)
    del aws.engine.organization.parents[B]


def _in(aws: VirtualAWS) -> set[tuple[str, str]]:
    return {(account, region) for account, region, _ in aws.deployer.stacks}


@pytest.mark.parametrize(("where", "denied"), [(ROOT, ()), (A, ("*",))])
@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        (_properties(A), {(ONE, EAST)}),
        (_properties(A, B, TemplateBody=template("2")), {(ONE, EAST), (TWO, EAST)}),
        (_properties(A, B, size="big"), {(ONE, EAST), (TWO, EAST)}),
    ],
    ids=["leaves", "stays", "overrides"],
)
def test_update_and_delete(
    aws: VirtualAWS, wanted: dict[str, Any], there: set[Any], where: str, denied: tuple[str, ...]
) -> None:
    """Its instances are named by their accounts, below the root."""
    stack = new_stack(aws)
    stack.deploy(_properties(A, B))
    _lose(aws, where)
    aws.organizations.denied.update(denied)
    assert stack.deploy(wanted) == "UPDATE_COMPLETE", stack.reason
    assert _in(aws) == there
    assert stack.delete() == "DELETE_COMPLETE", stack.reason
    assert _in(aws) == set()


def test_what_is_new(aws: VirtualAWS) -> None:
    """There is nobody to make it for, and the author is told."""
    stack = new_stack(aws)
    stack.deploy(_properties(A, B))
    _lose(aws)
    both = _properties(A, B, regions=(EAST, WEST))
    assert stack.deploy(both) == "UPDATE_COMPLETE", stack.reason
    assert _in(aws) == {(ONE, EAST), (ONE, WEST), (TWO, EAST)}
    assert f"The organization has no {B} any more" in stack.attributes["Warnings"]
    count = len(operations(aws))
    assert stack.deploy({**both, "Revision": "2"}) == "UPDATE_COMPLETE", stack.reason
    assert operations(aws)[count:] == []
