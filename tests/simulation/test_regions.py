"""ALL_ENABLED among the Regions of a group: those that are enabled in the function's account."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.scenarios import killer
from tests.simulation.story import ACCOUNTS, group, new_stack, operations, properties, stacks_of
from tests.simulation.story import template as template_of

ALL, EAST, WEST, OPT_IN = "ALL_ENABLED", "us-east-1", "us-west-2", "af-south-1"
ENABLED = {"ap-east-1", "ap-northeast-1", "eu-west-1", EAST, WEST}
ONE, TWO = ACCOUNTS[:2]
FIRST = properties(group((ONE,), (ALL,)), group((TWO,), (EAST,)))
A, B = "ou-root-aaaaaaaa", "ou-root-bbbbbbbb"
IN_A, ALSO_IN_A, IN_B = ACCOUNTS[:3]
CREATE, DELETE = "CreateStackInstances", "DeleteStackInstances"


def of_unit(
    unit: str, *regions: str, targets: dict[str, Any] | None = None, **overrides: str
) -> dict[str, Any]:
    """A group of the accounts of a unit."""
    return {
        "DeploymentTargets": {"OrganizationalUnitIds": [unit], **(targets or {})},
        "Regions": list(regions),
        "ParameterOverrides": overrides,
    }


def units(*groups: dict[str, Any]) -> dict[str, Any]:
    """Properties of a service-managed stack set."""
    return {
        "StackSetName": "Units",
        "PermissionModel": "SERVICE_MANAGED",
        "TemplateBody": template_of(),
        "Parameters": {"Size": "small"},
        "StackInstances": list(groups),
    }


UNITS = units(of_unit(A, ALL), of_unit(B, EAST))


def places(aws: VirtualAWS, stack: Stack, account: str = ONE) -> set[str]:
    """The Regions in which an account has a stack."""
    there = stacks_of(aws, stack.physical_id)
    return {region for each, region in there if each == account}


def done(aws: VirtualAWS, stack: Stack, wanted: dict[str, Any]) -> list[str]:
    """Deploy and return the writes."""
    before = len(operations(aws))
    status = stack.deploy(wanted)
    assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack.reason
    return operations(aws)[before:]


def test_those_that_are_enabled(aws: VirtualAWS, stack: Stack) -> None:
    """All of them, page after page, beside groups that name theirs; a repeat does nothing."""
    done(aws, stack, FIRST)
    assert places(aws, stack) == ENABLED
    assert places(aws, stack, TWO) == {EAST}
    assert done(aws, stack, {**FIRST, "Revision": "2"}) == []
    assert stack.delete() == "DELETE_COMPLETE"
    assert aws.deployer.stacks == {}


def test_beside_named_ones(aws: VirtualAWS, stack: Stack) -> None:
    """A named Region counts though it is not enabled here, and one that is counts once."""
    done(aws, stack, properties(group((ONE,), (OPT_IN, EAST, ALL), Size="large")))
    assert places(aws, stack) == {*ENABLED, OPT_IN}


def test_a_region_becomes_enabled_and_another_not(aws: VirtualAWS, stack: Stack) -> None:
    """The next update, whatever it is for, creates the one and deletes the other."""
    done(aws, stack, FIRST)
    aws.regions.statuses |= {OPT_IN: "ENABLED", "ap-east-1": "DISABLED"}
    assert done(aws, stack, {**FIRST, "Revision": "2"}) == [DELETE, CREATE]
    assert places(aws, stack) == ENABLED - {"ap-east-1"} | {OPT_IN}


def test_what_others_made_stays(aws: VirtualAWS, stack: Stack) -> None:
    """Regions are named again: only instances with the resource's mark go."""
    done(aws, stack, FIRST)
    aws.engine.call(
        "CreateStackInstances",
        {
            "StackSetName": stack.physical_id,
            "Accounts": [ONE],
            "Regions": [OPT_IN],
            "OperationId": "by-hand",
        },
    )
    aws.clock.sleep(600)
    named = properties(group((ONE,), (EAST,)), group((TWO,), (EAST,)))
    assert done(aws, stack, named) == [DELETE]
    assert places(aws, stack) == {EAST, OPT_IN}


def test_an_account_leaves(aws: VirtualAWS, stack: Stack) -> None:
    """With all its Regions."""
    done(aws, stack, FIRST)
    assert done(aws, stack, properties(group((TWO,), (EAST,)))) == [DELETE]
    assert places(aws, stack) == set()


def test_overrides_change_everywhere(aws: VirtualAWS, stack: Stack) -> None:
    """They are compared without looking them up."""
    done(aws, stack, FIRST)
    before = len(aws.calls)
    changed = properties(group((ONE,), (ALL,), Size="large"), group((TWO,), (EAST,)))
    assert done(aws, stack, changed) == ["UpdateStackInstances"]
    assert "DescribeStackInstance" not in {action for _, _, action in aws.calls[before:]}
    there = stacks_of(aws, stack.physical_id)
    assert {each.parameters["Size"] for (account, _), each in there.items() if account == ONE} == {
        "large"
    }


@pytest.mark.parametrize("before", [None, properties(group((ONE,), (EAST,)))])
def test_without_the_right(aws: VirtualAWS, stack: Stack, before: dict[str, Any] | None) -> None:
    """Nothing is written, and the reason names path, right, parameter and way out."""
    if before is not None:
        done(aws, stack, before)
    aws.regions.denied, writes = True, len(operations(aws))
    assert stack.deploy(FIRST) in {"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
    assert operations(aws)[writes:] == []
    for word in ("StackInstances[0].Regions", "account:ListRegions", "ReadRegions", "write the"):
        assert word in stack.reason


def test_the_right_is_taken_away(aws: VirtualAWS, stack: Stack) -> None:
    """An update is refused, and its rollback changes nothing and succeeds."""
    done(aws, stack, FIRST)
    aws.regions.denied, writes = True, len(operations(aws))
    changed = {**FIRST, "TemplateBody": template_of("2")}
    assert stack.deploy(changed) == "UPDATE_ROLLBACK_COMPLETE"
    assert operations(aws)[writes:] == []
    assert places(aws, stack) == ENABLED
    assert stack.delete() == "DELETE_COMPLETE"


def test_an_answer_that_breaks_off(aws: VirtualAWS, stack: Stack) -> None:
    """Half a list of Regions is none: nothing is deleted for it."""
    done(aws, stack, FIRST)
    writes = len(operations(aws))
    aws.engine.faults.calls.append(CallFault("ListRegions", Answer.SERVER_ERROR, None, skip=1))
    assert stack.deploy({**FIRST, "Revision": "2"}) == "UPDATE_ROLLBACK_COMPLETE"
    assert operations(aws)[writes:] == []
    assert places(aws, stack) == ENABLED


def test_a_failure_is_taken_back(aws: VirtualAWS, stack: Stack) -> None:
    """The rollback deletes what the update has made in Regions that are not named."""
    named = properties(group((ONE,), (EAST,)), group((TWO,), (EAST,)))
    done(aws, stack, named)
    fault = DeploymentFault("No", account=ONE, region=WEST, actions=("CREATE",), seconds=1)
    aws.engine.faults.deployments.append(fault)
    assert stack.deploy(FIRST) == "UPDATE_ROLLBACK_COMPLETE"
    assert places(aws, stack) == {EAST}


def test_deaths() -> None:
    """An update in which a Region comes and one goes ends the same, whichever call is the last."""
    number, calls = 1, 2
    while number < calls:
        with world(seconds=5.0) as aws:
            stack = new_stack(aws)
            done(aws, stack, FIRST)
            aws.regions.statuses |= {OPT_IN: "ENABLED", "ap-east-1": "DISABLED"}
            before = len(aws.calls)
            if number > 1:
                aws.before_call = killer(aws, number - 1)
            assert {*done(aws, stack, {**FIRST, "Revision": "2"})} == {DELETE, CREATE}
            assert places(aws, stack) == ENABLED - {"ap-east-1"} | {OPT_IN}
            calls = max(calls, len(aws.calls) - before)
            number += 3
        assert aws.unexpected == []


class TestUnits:
    """The same for organizational units."""

    @pytest.fixture
    def aws(self) -> Any:
        """A virtual AWS with an organization."""
        organization = Organization("111111111111", root="r-root")
        for unit, accounts in {A: (IN_A, ALSO_IN_A), B: (IN_B,)}.items():
            organization.add_unit(unit)
            for account in accounts:
                organization.join(account, unit)
        with world(seconds=10.0, organization=organization) as virtual:
            yield virtual
            assert virtual.unexpected == []

    def test_regions_come_and_go(self, aws: VirtualAWS, stack: Stack) -> None:
        """One create for the one, one delete for the other, and nothing where nothing is."""
        done(aws, stack, UNITS)
        assert places(aws, stack, IN_A) == ENABLED
        assert places(aws, stack, IN_B) == {EAST}
        assert done(aws, stack, {**UNITS, "Revision": "2"}) == []
        aws.regions.statuses |= {OPT_IN: "ENABLED", "ap-east-1": "DISABLED"}
        assert done(aws, stack, {**UNITS, "Revision": "3"}) == [DELETE, CREATE]
        now = ENABLED - {"ap-east-1"} | {OPT_IN}
        assert places(aws, stack, IN_A) == now
        assert done(aws, stack, {**UNITS, "TemplateBody": template_of("2")}) == ["UpdateStackSet"]
        assert places(aws, stack, IN_A) == now

    def test_names_again(self, aws: VirtualAWS, stack: Stack) -> None:
        """The other Regions of the unit go by one delete."""
        done(aws, stack, UNITS)
        named = units(of_unit(A, EAST), of_unit(B, EAST))
        assert done(aws, stack, named) == [DELETE]
        assert places(aws, stack, IN_A) == {EAST}

    def test_two_groups_of_one_unit(self, aws: VirtualAWS, stack: Stack) -> None:
        """A new Region is created for both, each with its overrides."""
        one = {"Accounts": [IN_A], "AccountFilterType": "INTERSECTION"}
        others = {"Accounts": [IN_A], "AccountFilterType": "DIFFERENCE"}
        wanted = units(of_unit(A, ALL, targets=one, Size="large"), of_unit(A, ALL, targets=others))
        done(aws, stack, wanted)
        aws.regions.statuses[OPT_IN] = "ENABLED"
        assert done(aws, stack, {**wanted, "Revision": "2"}) == [CREATE, CREATE]
        assert OPT_IN in places(aws, stack, IN_A) & places(aws, stack, ALSO_IN_A)

    def test_without_the_right(self, aws: VirtualAWS, stack: Stack) -> None:
        """Refused before anything is made; once deployed, an update is refused and taken back."""
        aws.regions.denied = True
        assert stack.deploy(UNITS) == "ROLLBACK_COMPLETE"
        assert operations(aws) == []
        assert "StackInstances[0].Regions" in stack.reason
        aws.regions.denied = False
        stack = new_stack(aws)
        done(aws, stack, UNITS)
        aws.regions.denied, writes = True, len(operations(aws))
        changed = {**UNITS, "TemplateBody": template_of("2")}
        assert stack.deploy(changed) == "UPDATE_ROLLBACK_COMPLETE"
        assert operations(aws)[writes:] == []
        assert places(aws, stack, IN_A) == ENABLED

    def test_a_conflict_that_only_the_names_show(self, aws: VirtualAWS, stack: Stack) -> None:
        """Other overrides in a Region that is among all are refused with both paths."""
        wanted = units(of_unit(A, ALL), of_unit(A, EAST, Size="large"))
        assert stack.deploy(wanted) == "ROLLBACK_COMPLETE"
        assert operations(aws) == []
        assert "StackInstances[0]" in stack.reason
        assert "StackInstances[1]" in stack.reason
