"""ImportStacks: stacks that are there already join the stack set as they are."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.stacksets.history import Lag
from emulator.stacksets.organization import Organization
from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.adoptions import make_by_hand, the_set
from tests.simulation.imports import (
    CREATE,
    DELETE,
    EAST,
    FOUR,
    IMPORT,
    ONE,
    SET,
    THREE,
    TWO,
    UNIT,
    UPDATE,
    deliver_again,
    done,
    importing,
    members,
    sizes,
    stand,
    standing,
)
from tests.simulation.scenarios import killer
from tests.simulation.story import group, new_stack, properties, template

DOUBTS = ("imports_override_everything", "failed_imports_stay")
READINGS = {
    "as documented": Readings(),
    **{k: r for k, r in Readings.alternatives() if k in DOUBTS},
}


@pytest.fixture(params=READINGS)
def aws(request: pytest.FixtureRequest) -> Iterator[VirtualAWS]:
    """A virtual AWS for each reading."""
    with world(readings=READINGS[request.param]) as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)


def overriding(aws: VirtualAWS) -> list[str]:
    """The operation that takes away what a group does not override."""
    return [UPDATE] if aws.engine.readings.imports_override_everything else []


def test_create(aws: VirtualAWS, stack: Stack) -> None:
    """They join first, and what is missing of the groups is created, nothing twice."""
    first, second = stand(aws, ONE), stand(aws, TWO)
    wanted = importing(first, {"StackId": second}, groups=(group((TWO, THREE), (EAST,)),))
    assert done(aws, stack, wanted) == [IMPORT, CREATE, *overriding(aws)]
    found = members(aws, stack)
    assert (found[ONE], found[TWO], set(found)) == (first, second, {ONE, TWO, THREE})
    assert done(aws, stack, {**wanted, "Revision": "2"}) == []


def test_overrides_of_a_group(aws: VirtualAWS, stack: Stack) -> None:
    """What a stack has otherwise than the template says is set; without a group it is kept."""
    stacks = [stand(aws, each, "huge") for each in (ONE, TWO, THREE)]
    groups = (group((ONE,), (EAST,), Size="huge"), group((TWO,), (EAST,)))
    assert done(aws, stack, importing(*stacks, groups=groups)) == [IMPORT, UPDATE]
    assert sizes(aws) == {ONE: "huge", TWO: "small", THREE: "huge"}
    changed = importing(*stacks, groups=groups, TemplateBody=template("2"))
    assert done(aws, stack, changed) == [SET]
    assert sizes(aws) == {ONE: "huge", TWO: "small", THREE: "huge"}


def test_update(aws: VirtualAWS, stack: Stack) -> None:
    """With a new template, too: stacks that have the new one join once the stack set has it."""
    done(aws, stack, properties(group((ONE,), (EAST,))))
    second = stand(aws, TWO, version="2")
    groups = (group((ONE,), (EAST,)),)
    wanted = importing(second, groups=groups, TemplateBody=template("2"))
    assert done(aws, stack, wanted) == [SET, IMPORT]
    assert members(aws, stack)[TWO] == second


def test_batches(aws: VirtualAWS, stack: Stack) -> None:
    """Ten a call."""
    stacks = [stand(aws, f"{number:012}") for number in range(1, 24)]
    assert done(aws, stack, importing(*stacks)) == [IMPORT] * 3
    assert set(members(aws, stack).values()) == set(stacks)


@pytest.mark.parametrize("lag", [Lag(instances=20.0), Lag(operations=20.0)], ids=["i", "o"])
def test_lists_lag(aws: VirtualAWS, stack: Stack, lag: Lag) -> None:
    """Nothing joins twice for a list that does not show it yet."""
    aws.engine.lag = lag
    stacks = [stand(aws, f"{number:012}") for number in range(1, 14)]
    assert done(aws, stack, importing(*stacks)) == [IMPORT] * 2


def test_failed_create(aws: VirtualAWS, stack: Stack) -> None:
    """The reason names account, Region and cause, and the rollback leaves every stack."""
    first, second = stand(aws, ONE), stand(aws, TWO, version="other")
    assert stack.deploy(importing(first, second)) == "ROLLBACK_COMPLETE"
    assert "IMPORT operation" in stack.reason
    assert f"has another template than the stack set ({TWO}/{EAST})" in stack.reason
    assert standing(aws) == {first, second}
    assert all(each.status != "ACTIVE" for each in aws.engine.stack_sets.values())


def test_create_that_fails_later(aws: VirtualAWS, stack: Stack) -> None:
    """What was imported stays, also where it was updated, and what was created goes."""
    first = stand(aws, ONE, "huge")
    fault = DeploymentFault("No", account=THREE, actions=("CREATE",), seconds=1)
    aws.engine.faults.deployments.append(fault)
    wanted = importing(first, groups=(group((ONE, TWO, THREE), (EAST,)),))
    assert stack.deploy(wanted) == "ROLLBACK_COMPLETE"
    assert standing(aws) == {first}


def test_failed_update(aws: VirtualAWS, stack: Stack) -> None:
    """The rollback takes out what has joined, and a better update imports it again."""
    before = properties(group((FOUR,), (EAST,)))
    done(aws, stack, before)
    first, second = stand(aws, ONE), stand(aws, TWO, version="other")
    wanted = importing(first, second, groups=(group((FOUR, ONE), (EAST,)),))
    assert stack.deploy(wanted) == "UPDATE_ROLLBACK_COMPLETE"
    assert set(members(aws, stack)) == {FOUR}
    assert standing(aws) >= {first, second}
    stand(aws, TWO)
    assert done(aws, stack, wanted) == [IMPORT, *overriding(aws)]
    assert members(aws, stack)[TWO] == second


def test_an_id_is_taken_out(aws: VirtualAWS, stack: Stack) -> None:
    """Its instance goes and its stack stays; one that a group names stays an instance."""
    first, second = stand(aws, ONE), stand(aws, TWO)
    groups = (group((TWO,), (EAST,)),)
    done(aws, stack, importing(first, second, groups=groups))
    assert done(aws, stack, properties(*groups)) == [DELETE]
    assert set(members(aws, stack)) == {TWO}
    assert standing(aws) == {first, second}
    assert stack.delete() == "DELETE_COMPLETE"
    assert standing(aws) == {first, second}


def test_delete(aws: VirtualAWS, stack: Stack) -> None:
    """What the template names in ImportStacks is never deleted."""
    first = stand(aws, ONE)
    done(aws, stack, importing(first, groups=(group((ONE, TWO), (EAST,)),)))
    assert stack.delete() == "DELETE_COMPLETE"
    assert standing(aws) == {first}


def test_an_update_that_failed_on_it(aws: VirtualAWS, stack: Stack) -> None:
    """A stack that no group names is tried again, and keeps what it has otherwise."""
    first, second = stand(aws, ONE, "huge"), stand(aws, TWO, "huge")
    done(aws, stack, importing(first, second))
    fault = DeploymentFault("No", account=TWO, actions=("UPDATE",), seconds=1)
    aws.engine.faults.deployments.append(fault)
    stack.others_fail = True
    wanted = importing(first, second, TemplateBody=template("2"))
    assert stack.deploy(wanted) == "UPDATE_ROLLBACK_FAILED"
    assert f"({TWO}/{EAST})" in stack.reason
    stack.others_fail = False
    aws.engine.faults.deployments.clear()
    done(aws, stack, wanted)
    assert {each.template_body for each in aws.deployer.stacks.values()} == {template("2")}
    assert sizes(aws) == {ONE: "huge", TWO: "huge"}


def test_without_the_right(aws: VirtualAWS, stack: Stack) -> None:
    """The reason names the parameter that grants it."""
    first = stand(aws, ONE)
    aws.engine.faults.calls.append(CallFault(IMPORT, Answer.ACCESS_DENIED, times=None))
    assert stack.deploy(importing(first)) == "ROLLBACK_COMPLETE"
    assert "ImportStacksToStackSet. Set the parameter ImportStacks to true in" in stack.reason
    assert standing(aws) == {first}


def test_a_tolerated_failure(aws: VirtualAWS, stack: Stack) -> None:
    """The next update tries the import again, and nothing is deleted for it."""
    first, second = stand(aws, ONE), stand(aws, TWO, version="other")
    tolerant: dict[str, Any] = {
        "FailOnTolerated": "false",
        "OperationPreferences": {"FailureToleranceCount": 1},
    }
    wanted = importing(first, second, **tolerant)
    done(aws, stack, wanted)
    assert stack.attributes["FailedInstanceCount"] == "1"
    stand(aws, TWO)
    assert done(aws, stack, {**wanted, "Revision": "2"}) == [IMPORT]
    assert members(aws, stack) == {ONE: first, TWO: second}


def test_a_group_goes_and_the_id_stays(aws: VirtualAWS, stack: Stack) -> None:
    """The stack stays an instance."""
    first = stand(aws, ONE)
    done(aws, stack, importing(first, groups=(group((ONE, TWO), (EAST,)),)))
    assert done(aws, stack, importing(first)) == [DELETE]
    assert members(aws, stack) == {ONE: first}


def test_stacks_stay_on_removal(aws: VirtualAWS, stack: Stack) -> None:
    """With RetainStacksOnRemoval both the imported and the created stay, as no instances."""
    first = stand(aws, ONE)
    keeping = {"RetainStacksOnRemoval": "true"}
    done(aws, stack, importing(first, groups=(group((TWO,), (EAST,)),), **keeping))
    there = standing(aws)
    done(aws, stack, {**properties(**keeping), "StackInstances": []})
    assert members(aws, stack) == {}
    assert standing(aws) == there


def test_delete_after_a_rollback_that_has_failed(aws: VirtualAWS, stack: Stack) -> None:
    """What has joined for an update in vain is known by its mark, and its stack stays."""
    done(aws, stack, properties(group((FOUR,), (EAST,))))
    first, second = stand(aws, ONE), stand(aws, TWO, version="other")
    aws.engine.faults.calls.append(CallFault(DELETE, Answer.ACCESS_DENIED, times=None))
    stack.others_fail = True
    wanted = importing(first, second, groups=(group((FOUR,), (EAST,)),))
    assert stack.deploy(wanted) == "UPDATE_ROLLBACK_FAILED"
    stack.others_fail = False
    aws.engine.faults.calls.clear()
    assert stack.delete() == "DELETE_COMPLETE", stack.reason
    assert standing(aws) == {first, second}


def test_adopted(aws: VirtualAWS, stack: Stack) -> None:
    """A Create that took a stack set over, and failed, takes out what it has imported."""
    make_by_hand(aws, [(FOUR, EAST)], TemplateBody=template())
    first = stand(aws, ONE)
    fault = DeploymentFault("No", account=TWO, actions=("CREATE",), seconds=1)
    aws.engine.faults.deployments.append(fault)
    wanted = importing(first, groups=(group((FOUR, TWO), (EAST,)),), OnExistingStackSet="ADOPT")
    assert stack.deploy(wanted) == "ROLLBACK_COMPLETE"
    assert [*aws.engine.stack_sets[the_set(aws)].instances] == [(FOUR, EAST)]
    assert sizes(aws).keys() == {ONE, FOUR}


@pytest.mark.parametrize("fails", [False, True])
def test_deaths(*, fails: bool) -> None:
    """It ends the same whichever call is the last of a sandbox."""
    number, calls = 1, 2
    while number < calls:
        with world(seconds=5.0) as aws:
            stack = new_stack(aws)
            stacks = [stand(aws, f"{each:012}", "huge") for each in range(1, 12)]
            if fails:
                fault = DeploymentFault("No", account=THREE, actions=("CREATE",), seconds=1)
                aws.engine.faults.deployments.append(fault)
            groups = (group((f"{1:012}", TWO, THREE), (EAST,)),)
            aws.before_call = killer(aws, number)
            status = stack.deploy(importing(*stacks, groups=groups))
            aws.scheduler.drain()
            assert status == ("ROLLBACK_COMPLETE" if fails else "CREATE_COMPLETE"), number
            assert standing(aws) >= set(stacks)
            assert len(standing(aws)) == len(stacks) + (0 if fails else 2), number
            if not fails:
                assert members(aws, stack).keys() > {each.split(":")[4] for each in stacks}
            calls = max(calls, len(aws.calls))
            number += 2
        assert aws.unexpected == []


@pytest.mark.parametrize("fails", [False, True])
def test_deaths_of_an_update(*, fails: bool) -> None:
    """It ends the same, with a second delivery beside it, and the rollback leaves every stack."""
    number, calls = 1, 2
    while number < calls:
        with world(seconds=5.0) as aws:
            stack = new_stack(aws)
            done(aws, stack, properties(group((FOUR,), (EAST,))))
            already = len(aws.calls)
            first, second = (
                stand(aws, ONE, "huge"),
                stand(aws, TWO, version="bad" if fails else "1"),
            )
            wanted = importing(first, second, groups=(group((FOUR, THREE), (EAST,)),))
            aws.before_call = killer(aws, already + number)
            aws.at_call(already + number + 3, functools.partial(deliver_again, stack))
            status = stack.deploy(wanted)
            aws.scheduler.drain()
            assert status == ("UPDATE_ROLLBACK_COMPLETE" if fails else "UPDATE_COMPLETE"), number
            assert standing(aws) >= {first, second}
            named = {FOUR} if fails else {ONE, TWO, THREE, FOUR}
            assert set(members(aws, stack)) == named, number
            calls = max(calls, len(aws.calls) - already)
            number += 3
        assert aws.unexpected == []


class TestUnits:
    """Service-managed stack sets."""

    @pytest.fixture(params=READINGS)
    def aws(self, request: pytest.FixtureRequest) -> Iterator[VirtualAWS]:
        """A virtual AWS with an organization, for each reading."""
        organization = Organization("111111111111", root="r-root")
        organization.add_unit(UNIT)
        for account in (ONE, TWO, THREE):
            organization.join(account, UNIT)
        readings = READINGS[request.param]
        with world(seconds=10.0, organization=organization, readings=readings) as virtual:
            yield virtual
            assert virtual.unexpected == []

    def wanted(self, *stack_ids: str, groups: tuple[Any, ...] = (), **others: Any) -> Any:
        """Properties that import stacks into a unit."""
        return {
            "StackSetName": "Units",
            "PermissionModel": "SERVICE_MANAGED",
            "TemplateBody": template(),
            "Parameters": {"Size": "small"},
            "StackInstances": list(groups),
            "ImportStacks": [
                {"StackId": each, "OrganizationalUnitIds": [UNIT]} for each in stack_ids
            ],
            **others,
        }

    def test_life(self, aws: VirtualAWS, stack: Stack) -> None:
        """Imported first, then the rest of the unit is created; overrides follow the group."""
        first = stand(aws, ONE, "huge")
        unit: dict[str, Any] = {
            "DeploymentTargets": {"OrganizationalUnitIds": [UNIT]},
            "Regions": [EAST],
        }
        assert done(aws, stack, self.wanted(first, groups=(unit,))) == [IMPORT, CREATE, UPDATE]
        assert members(aws, stack)[ONE] == first
        assert sizes(aws) == dict.fromkeys((ONE, TWO, THREE), "small")
        count = len(aws.calls)
        assert done(aws, stack, self.wanted(first, groups=(unit,), Revision="2")) == []
        assert "DescribeStackInstance" not in {action for _, _, action in aws.calls[count:]}
        big = [{"ParameterKey": "Size", "ParameterValue": "big"}]
        unit["ParameterOverrides"] = big
        assert done(aws, stack, self.wanted(first, groups=(unit,))) == [UPDATE]
        assert sizes(aws) == dict.fromkeys((ONE, TWO, THREE), "big")
        assert stack.delete() == "DELETE_COMPLETE"
        assert standing(aws) == {first}

    def test_alone(self, aws: VirtualAWS, stack: Stack) -> None:
        """Without a group; taken out, the stack stays."""
        first, second = stand(aws, ONE, "huge"), stand(aws, TWO)
        assert done(aws, stack, self.wanted(first, second)) == [IMPORT]
        assert done(aws, stack, self.wanted(second)) == [DELETE]
        assert set(members(aws, stack)) == {TWO}
        assert standing(aws) == {first, second}

    def test_a_unit_leaves_and_the_id_stays(self, aws: VirtualAWS, stack: Stack) -> None:
        """The imported stack stays an instance, and is brought up to date."""
        first = stand(aws, ONE, "huge")
        unit = {"DeploymentTargets": {"OrganizationalUnitIds": [UNIT]}, "Regions": [EAST]}
        done(aws, stack, self.wanted(first, groups=(unit,)))
        assert done(aws, stack, self.wanted(first)) == [DELETE]
        assert members(aws, stack) == {ONE: first}
        changed = self.wanted(first, TemplateBody=template("2"))
        assert done(aws, stack, changed) == [SET]
        assert done(aws, stack, {**changed, "Revision": "2"}) == []

    def test_an_update_that_failed_on_it(self, aws: VirtualAWS, stack: Stack) -> None:
        """A stack that no group names is tried again, and keeps what it has otherwise."""
        first, second = stand(aws, ONE, "huge"), stand(aws, TWO, "huge")
        done(aws, stack, self.wanted(first, second))
        fault = DeploymentFault("No", account=TWO, actions=("UPDATE",), seconds=1)
        aws.engine.faults.deployments.append(fault)
        stack.others_fail = True
        wanted = self.wanted(first, second, TemplateBody=template("2"))
        assert stack.deploy(wanted) == "UPDATE_ROLLBACK_FAILED"
        stack.others_fail = False
        aws.engine.faults.deployments.clear()
        done(aws, stack, wanted)
        assert {each.template_body for each in aws.deployer.stacks.values()} == {template("2")}
        assert sizes(aws) == {ONE: "huge", TWO: "huge"}

    def test_failed_create(self, aws: VirtualAWS, stack: Stack) -> None:
        """The rollback leaves every stack."""
        first, second = stand(aws, ONE), stand(aws, TWO, version="other")
        assert stack.deploy(self.wanted(first, second)) == "ROLLBACK_COMPLETE"
        assert f"({TWO}/{EAST})" in stack.reason
        assert standing(aws) == {first, second}

    def test_a_unit_leaves(self, aws: VirtualAWS, stack: Stack) -> None:
        """With all stacks but the imported one."""
        first = stand(aws, ONE)
        unit = {"DeploymentTargets": {"OrganizationalUnitIds": [UNIT]}, "Regions": [EAST]}
        done(aws, stack, self.wanted(first, groups=(unit,)))
        assert set(done(aws, stack, self.wanted())) == {DELETE}
        assert members(aws, stack) == {}
        assert standing(aws) == {first}
