"""What a service-managed stack set gets over: wrong units, failed deletes, failed rollbacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import new_stack, operations, template, wait_for

HOME, ROOT = "111111111111", "r-root"
A, B, C = (f"ou-root-{letter * 8}" for letter in "abc")
ONE, TWO, THREE, FOUR = (str(number) * 12 for number in range(2, 6))
MEMBERS = {A: (ONE, TWO, FOUR), B: (THREE,), C: (FOUR,), ROOT: (ONE, TWO, THREE, FOUR)}
EAST = "us-east-1"
URL = "https://s3.amazonaws.com/bucket/accounts.csv"
BIG = [{"ParameterKey": "Size", "ParameterValue": "big"}]


@pytest.fixture
def aws() -> Iterator[VirtualAWS]:
    """A virtual AWS with two units, and one below the first."""
    tree = Organization(HOME, root=ROOT)
    for unit in (A, B):
        tree.add_unit(unit)
    tree.add_unit(C, A)
    for account, unit in {ONE: A, TWO: A, THREE: B, FOUR: C}.items():
        tree.join(account, unit)
    with world(seconds=10.0, organization=tree) as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)


def group(*units: str, overrides: list[dict[str, str]] | None = None, **targets: Any) -> Any:
    """One group in one Region."""
    named = {**({"OrganizationalUnitIds": list(units)} if units else {}), **targets}
    made: dict[str, Any] = {"DeploymentTargets": named, "Regions": [EAST]}
    return {**made, "ParameterOverrides": overrides} if overrides else made


def properties(*groups: Any, **others: Any) -> dict[str, Any]:
    """Properties of a service-managed stack set."""
    return {
        "StackSetName": "Units",
        "PermissionModel": "SERVICE_MANAGED",
        "TemplateBody": template(),
        "OperationPreferences": {"MaxConcurrentPercentage": 100},
        "StackInstancesGroup": list(groups),
        **others,
    }


def sizes(aws: VirtualAWS) -> dict[str, str]:
    """The size of each account's stack."""
    return {
        account: each.parameters.get("Size", "default")
        for (account, _, _), each in aws.deployer.stacks.items()
    }


@pytest.mark.parametrize("units", [("ou-root-zzzzzzzz",), (A, "ou-root-zzzzzzzz")])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_unit_that_is_none(
    aws: VirtualAWS, stack: Stack, units: tuple[str, ...], *, is_told: bool
) -> None:
    """It is refused before anything is written, and nothing that stands is lost for it."""
    stack.deploy(properties(group(A)))
    aws.organizations.denied = set() if is_told else {"*"}
    before = len(operations(aws))
    assert stack.deploy(properties(group(*units))) == "UPDATE_ROLLBACK_COMPLETE", stack.reason
    assert sizes(aws).keys() == set(MEMBERS[A])
    if is_told:
        assert "names ou-root-zzzzzzzz, which is no unit of the organization" in stack.reason
        assert operations(aws)[before:] == []


def test_after_a_rollback_that_has_failed(aws: VirtualAWS, stack: Stack) -> None:
    """The next update does not take the old properties for applied."""
    stack.deploy(properties(group(A)))
    fault = DeploymentFault("No", account=THREE, seconds=1, actions=("DELETE",))
    aws.engine.faults.deployments.append(fault)
    stack.others_fail = True
    assert stack.deploy(properties(group(B))) == "UPDATE_ROLLBACK_FAILED"
    stack.others_fail = False
    aws.engine.faults.deployments.clear()
    assert stack.deploy(properties(group(A), Revision="2")) == "UPDATE_COMPLETE", stack.reason
    assert sizes(aws).keys() == set(MEMBERS[A])


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ([group(A)], [group(B)], DeploymentFault("No", account=ONE, actions=("DELETE",))),
        ([group(B)], [group(A)], DeploymentFault("No", account=THREE, actions=("DELETE",))),
        (
            [group(A, overrides=BIG), group(B)],
            [group(A)],
            DeploymentFault("No", account=THREE, actions=("DELETE",)),
        ),
        (
            [group(A)],
            [group(A, overrides=BIG)],
            DeploymentFault("No", account=ONE, actions=("UPDATE",)),
        ),
        ([group(A)], [group(B)], DeploymentFault("No", account=ONE, actions=("CREATE",))),
    ],
    ids=["delete", "only", "other", "update", "create"],
)
def test_answered_early_after_a_rollback_that_has_failed(
    aws: VirtualAWS, stack: Stack, old: list[Any], new: list[Any], fault: DeploymentFault
) -> None:
    """Once it is answered for, an update still knows that the request before it has failed."""
    stack.timing.overlaps = True
    stack.deploy(properties(*old))
    expected = sizes(aws)
    aws.engine.faults.deployments.append(fault)
    stack.others_fail = True
    assert stack.deploy(properties(*new)) == "UPDATE_ROLLBACK_FAILED"
    stack.others_fail = False
    aws.engine.faults.deployments.clear()
    again = properties(*old, Revision="2", WaitFor="START")
    assert stack.deploy(again) == "UPDATE_COMPLETE", stack.reason
    waiting = wait_for(stack)
    assert waiting.status == "CREATE_COMPLETE", waiting.reason
    assert sizes(aws) == expected


@pytest.mark.parametrize(
    ("old", "new", "big"),
    [
        (group(Accounts=[ONE]), [group(A, overrides=BIG)], MEMBERS[A]),
        (group(ROOT), [group(A), group(B, overrides=BIG)], MEMBERS[B]),
        (
            group(A, AccountFilterType="UNION", Accounts=[THREE]),
            [group(A), group(B, overrides=BIG)],
            MEMBERS[B],
        ),
        (group(A), [group(C, overrides=BIG)], MEMBERS[C]),
    ],
    ids=["account", "root", "union", "nested"],
)
def test_overrides_of_a_unit_below(
    aws: VirtualAWS, stack: Stack, old: Any, new: list[Any], big: tuple[str, ...]
) -> None:
    """They reach an account that was deployed to by a unit above it, or by the root."""
    stack.deploy(properties(old))
    assert stack.deploy(properties(*new)) == "UPDATE_COMPLETE", stack.reason
    assert {account for account, size in sizes(aws).items() if size == "big"} == set(big)


def test_a_suspended_account_that_leaves(aws: VirtualAWS, stack: Stack) -> None:
    """The delete passes it over; then it is forgotten."""
    stack.deploy(properties(group(A, B)))
    assert aws.engine.organization is not None
    aws.engine.organization.suspend(THREE)
    assert stack.deploy(properties(group(A))) == "UPDATE_COMPLETE", stack.reason
    [made] = [each for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
    assert {target.account for target in made.instances} == set(MEMBERS[A])


def test_a_tolerated_delete_is_tried_again(aws: VirtualAWS, stack: Stack) -> None:
    """The next update does, as the README says."""
    tolerant = {
        "FailOnTolerated": "false",
        "OperationPreferences": {"FailureToleranceCount": 1, "MaxConcurrentCount": 2},
    }
    stack.deploy(properties(group(A, B), **tolerant))
    fault = DeploymentFault("No", account=THREE, seconds=1, times=1, actions=("DELETE",))
    aws.engine.faults.deployments.append(fault)
    held = properties(group(A), **tolerant)
    assert stack.deploy(held) == "UPDATE_COMPLETE", stack.reason
    assert THREE in sizes(aws)
    assert stack.deploy({**held, "Revision": "2"}) == "UPDATE_COMPLETE", stack.reason
    assert THREE not in sizes(aws)


def test_an_unknown_override(aws: VirtualAWS, stack: Stack) -> None:
    """It is refused before anything is deleted, though the template is the same."""
    stack.deploy(properties(group(A, B)))
    before = len(operations(aws))
    unknown = [{"ParameterKey": "Nope", "ParameterValue": "x"}]
    asked = properties(group(A, overrides=unknown))
    assert stack.deploy(asked) == "UPDATE_ROLLBACK_COMPLETE", stack.reason
    assert operations(aws)[before:] == []


def test_a_list_elsewhere_counts_in_conflicts(aws: VirtualAWS, stack: Stack) -> None:
    """It is read before anybody says that groups give an account different overrides."""
    aws.objects["bucket", "accounts.csv"] = ONE.encode()
    huge = [{"ParameterKey": "Size", "ParameterValue": "huge"}]
    one = group(A, AccountFilterType="INTERSECTION", Accounts=[ONE], overrides=huge)
    both = group(A, AccountFilterType="INTERSECTION", AccountsUrl=URL, overrides=BIG)
    assert stack.deploy(properties(both, one)) == "ROLLBACK_COMPLETE"
    assert "other overrides" in stack.reason
    others = group(A, AccountFilterType="DIFFERENCE", AccountsUrl=URL)
    assert stack.deploy(properties(others, one)) == "CREATE_COMPLETE", stack.reason


@pytest.mark.parametrize("kind", ["INTERSECTION", "DIFFERENCE"])
def test_an_empty_list_elsewhere(aws: VirtualAWS, stack: Stack, kind: str) -> None:
    """It changes nothing, as a blank list in the properties does not."""
    aws.objects["bucket", "accounts.csv"] = ONE.encode()
    held = properties(group(A, AccountFilterType=kind, AccountsUrl=URL))
    stack.deploy(held)
    before, there = len(operations(aws)), sizes(aws)
    aws.objects["bucket", "accounts.csv"] = b"\n"
    assert stack.deploy({**held, "Revision": "2"}) == "UPDATE_ROLLBACK_COMPLETE", stack.reason
    assert "is an empty list" in stack.reason
    assert (operations(aws)[before:], sizes(aws)) == ([], there)


def test_no_delegated_administrator(aws: VirtualAWS, stack: Stack) -> None:
    """Nothing is made, so nothing stands in the way of the rollback."""
    asked = properties(group(A), CallAs="DELEGATED_ADMIN")
    assert stack.deploy(asked) == "ROLLBACK_COMPLETE"
    assert "not a delegated administrator" in stack.reason
    assert operations(aws) == []


def test_too_little_time_for_what_leaves(aws: VirtualAWS, stack: Stack) -> None:
    """What has still to go is told apart from what stays."""
    stack.deploy(properties(group(A, B)))
    aws.deployer.seconds = 60.0
    slow = {"OperationPreferences": "CAREFUL", "ServiceTimeout": "100"}
    assert stack.deploy(properties(group(B), **slow)).startswith("UPDATE_ROLLBACK")
    reason = stack.answers[1][1].reason
    assert "1 of 1 stacks are as the stack set says. 2 have still to be deleted." in reason


def test_a_root_without_anybody(aws: VirtualAWS, stack: Stack) -> None:
    """It goes like any other, and what the request makes meanwhile raises no new question."""
    nobody = group(ROOT, AccountFilterType="DIFFERENCE", Accounts=[ONE, TWO, THREE, FOUR])
    aws.organizations.denied = {"*"}
    stack.deploy(properties(nobody))
    assert stack.deploy(properties(group(A))) == "UPDATE_COMPLETE", stack.reason
    assert sizes(aws).keys() == set(MEMBERS[A])
    assert stack.delete() == "DELETE_COMPLETE", stack.reason


def test_all_regions_of_an_empty_unit(aws: VirtualAWS, stack: Stack) -> None:
    """Nothing is created anew with every update."""
    assert aws.engine.organization is not None
    empty = aws.engine.organization.add_unit("ou-root-eeeeeeee")
    everywhere = {**group(empty), "Regions": ["ALL_ENABLED"]}
    stack.deploy(properties(everywhere))
    before = len(operations(aws))
    assert stack.deploy(properties(everywhere, Revision="2")) == "UPDATE_COMPLETE", stack.reason
    assert stack.deploy(properties(group(empty))) == "UPDATE_COMPLETE", stack.reason
    assert operations(aws)[before:] == []
    both = {**group(empty, B), "Regions": ["ALL_ENABLED"]}
    assert stack.deploy(properties(both)) == "UPDATE_COMPLETE", stack.reason
    assert sizes(aws).keys() == set(MEMBERS[B])
