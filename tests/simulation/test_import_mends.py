"""What ImportStacks gets over: failed rollbacks, groups that come, places that are taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.stacksets.history import Lag
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import SandboxDied
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
    done,
    importing,
    members,
    sizes,
    stand,
    standing,
    steps,
)
from tests.simulation.story import group, properties, template


def _deny(aws: VirtualAWS, action: str) -> None:
    aws.engine.faults.calls.append(CallFault(action, Answer.ACCESS_DENIED, times=None))


class TestNeverDeleted:
    """A stack that was there before, whatever has touched it since."""

    def test_updated_since(self, aws: VirtualAWS, stack: Stack) -> None:
        """By its group, before the rollback failed."""
        done(aws, stack, properties(group((FOUR,), (EAST,))))
        first = stand(aws, ONE, "huge")
        _deny(aws, DELETE)
        stack.others_fail = True
        held = importing(first, groups=(group((FOUR, ONE), (EAST,)),))
        assert stack.deploy(held) == "UPDATE_ROLLBACK_FAILED"
        aws.engine.faults.calls.clear()
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert standing(aws) == {first}

    def test_updated_with_the_stack_set_since(self, aws: VirtualAWS, stack: Stack) -> None:
        """Though the properties have never named it in a request that succeeded."""
        before = properties(group((FOUR,), (EAST,)))
        done(aws, stack, before)
        first = stand(aws, ONE, "huge")
        _deny(aws, DELETE)
        stack.others_fail = True
        assert stack.deploy(importing(first, groups=(group((FOUR,), (EAST,)),))) == (
            "UPDATE_ROLLBACK_FAILED"
        )
        aws.engine.faults.calls.clear()
        stack.others_fail = False
        done(aws, stack, {**before, "TemplateBody": template("2")})
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert standing(aws) == {first}

    def test_left_out_of_the_second_try(self, aws: VirtualAWS, stack: Stack) -> None:
        """A create that failed with rollback disabled, and its second try."""
        stack.disable_rollback = True
        first = stand(aws, ONE, "huge")
        fault = DeploymentFault("No", account=TWO, actions=("CREATE",), seconds=1)
        aws.engine.faults.deployments.append(fault)
        held = importing(first, groups=(group((ONE, TWO), (EAST,)),))
        assert stack.deploy(held) == "CREATE_FAILED"
        aws.engine.faults.deployments.clear()
        done(aws, stack, properties(group((THREE,), (EAST,))))
        assert first in standing(aws)

    def test_id_is_taken_out_and_the_group_stays(self, aws: VirtualAWS, stack: Stack) -> None:
        """It stays where it is when the stack goes."""
        first = stand(aws, ONE)
        groups = (group((ONE,), (EAST,)),)
        done(aws, stack, importing(first, groups=groups))
        assert done(aws, stack, properties(*groups)) == []
        assert stack.delete() == "DELETE_COMPLETE"
        assert standing(aws) == {first}


class TestGroupsComeAndGo:
    """A group for an imported stack gives it its overrides."""

    def test_comes(self, aws: VirtualAWS, stack: Stack) -> None:
        """Later than the import."""
        first = stand(aws, ONE, "huge")
        done(aws, stack, importing(first))
        wanted = importing(first, groups=(group((ONE,), (EAST,)),))
        assert done(aws, stack, wanted) == [UPDATE]
        assert sizes(aws) == {ONE: "small"}

    def test_goes_and_comes_back(self, aws: VirtualAWS, stack: Stack) -> None:
        """In a rollback."""
        first = stand(aws, ONE, "huge")
        done(aws, stack, importing(first, groups=(group((ONE,), (EAST,)),)))
        stack.others_fail = True
        assert stack.deploy(importing(first)) == "UPDATE_ROLLBACK_COMPLETE"
        assert sizes(aws) == {ONE: "small"}

    @pytest.mark.parametrize("seed", range(6))
    def test_looked_up_too_early(self, aws: VirtualAWS, stack: Stack, seed: int) -> None:
        """An instance may be shown as it was before its import ended."""
        aws.engine.lag = Lag(instances=20.0, seed=seed)
        stacks = [stand(aws, each, "huge") for each in (ONE, TWO, THREE)]
        done(aws, stack, importing(*stacks, groups=(group((ONE, TWO, THREE), (EAST,)),)))
        assert sizes(aws) == dict.fromkeys((ONE, TWO, THREE), "small")


class TestPlaces:
    """One account and Region has one instance."""

    def test_own_stack(self, aws: VirtualAWS, stack: Stack) -> None:
        """A stack of the resource's own is in the way: refused before anything is written."""
        done(aws, stack, properties(group((ONE,), (EAST,))))
        before = steps(aws)
        held = importing(stand(aws, ONE), groups=(group((ONE,), (EAST,)),))
        assert stack.deploy(held) == "UPDATE_ROLLBACK_COMPLETE"
        assert "but the stack set has another stack in" in stack.reason
        assert steps(aws) == before

    def test_another_id(self, aws: VirtualAWS, stack: Stack) -> None:
        """So is a stack that has joined."""
        first = stand(aws, ONE)
        done(aws, stack, importing(first))
        second = first.replace("by-hand", "other-one")
        assert stack.deploy(importing(second)) == "UPDATE_ROLLBACK_COMPLETE"
        assert f"ImportStacks names {second}, but" in stack.reason
        assert members(aws, stack) == {ONE: first}

    def test_replacement(self, aws: VirtualAWS, stack: Stack) -> None:
        """A stack can be in one stack set only, so a renamed one cannot have it at once."""
        first = stand(aws, ONE)
        done(aws, stack, importing(first))
        before = steps(aws)
        assert stack.deploy(importing(first, StackSetName="Renamed")) == "UPDATE_ROLLBACK_COMPLETE"
        assert "a stack can be in one stack set only" in stack.reason
        assert steps(aws) == before

    def test_tolerated_and_taken_out(self, aws: VirtualAWS, stack: Stack) -> None:
        """What has not joined makes room for a stack of the group's."""
        second = stand(aws, TWO, version="other")
        tolerant: dict[str, Any] = {
            "FailOnTolerated": "false",
            "OperationPreferences": {"FailureToleranceCount": 1},
        }
        groups = (group((TWO,), (EAST,)),)
        done(aws, stack, importing(second, groups=groups, **tolerant))
        done(aws, stack, properties(*groups, **tolerant))
        assert second in standing(aws)
        assert len(standing(aws)) == 2

    @pytest.mark.parametrize("groups", [(), (group((TWO,), (EAST,)),)], ids=["none", "one"])
    def test_left_by_a_rollback_that_has_failed(
        self, aws: VirtualAWS, stack: Stack, groups: tuple[Any, ...]
    ) -> None:
        """Whoever names it no more has nothing left of it in the stack set but a group's stack."""
        done(aws, stack, importing())
        second = stand(aws, TWO, version="other")
        _deny(aws, DELETE)
        stack.others_fail = True
        assert stack.deploy(importing(second)) == "UPDATE_ROLLBACK_FAILED"
        aws.engine.faults.calls.clear()
        stack.others_fail = False
        done(aws, stack, importing(Revision="2", groups=groups))
        assert set(members(aws, stack)) == ({TWO} if groups else set())
        assert second in standing(aws)


class TestUnits:
    """The same by units."""

    @pytest.fixture
    def aws(self) -> Iterator[VirtualAWS]:
        """A virtual AWS with an organization."""
        organization = Organization("111111111111", root="r-root")
        organization.add_unit(UNIT)
        for account in (ONE, TWO, THREE):
            organization.join(account, UNIT)
        with world(seconds=10.0, organization=organization) as virtual:
            yield virtual
            assert virtual.unexpected == []

    def wanted(self, *stack_ids: str, size: str = "", unit: str = UNIT, **others: Any) -> Any:
        """Properties that import stacks into a unit, with a group for the unit or without."""
        targets: dict[str, Any] = {"OrganizationalUnitIds": [UNIT]}
        made: dict[str, Any] = {"DeploymentTargets": targets, "Regions": [EAST]}
        overrides = [{"ParameterKey": "Size", "ParameterValue": size}]
        return {
            "StackSetName": "Units",
            "PermissionModel": "SERVICE_MANAGED",
            "TemplateBody": template(),
            "StackInstances": [{**made, "ParameterOverrides": overrides}] if size else [],
            "ImportStacks": [
                {"StackId": each, "OrganizationalUnitIds": [unit]} for each in stack_ids
            ],
            **others,
        }

    def test_a_group_comes(self, aws: VirtualAWS, stack: Stack) -> None:
        """It gives the imported stack its overrides."""
        first = stand(aws, ONE, "huge")
        done(aws, stack, self.wanted(first))
        done(aws, stack, self.wanted(first, size="x"))
        assert sizes(aws) == dict.fromkeys((ONE, TWO, THREE), "x")

    def test_another_unit(self, aws: VirtualAWS, stack: Stack) -> None:
        """What is imported for a unit that no group names gets no overrides, and that is told."""
        first = stand(aws, ONE, "huge")
        done(aws, stack, self.wanted(first, size="x", unit="r-root"))
        assert "ImportStacks: no group names r-root" in stack.attributes["Warnings"]

    def test_side_by_side(self, aws: VirtualAWS, stack: Stack) -> None:
        """Under managed execution a unit's create waits for the import, or it makes another."""
        first, second = stand(aws, ONE, version="other"), stand(aws, THREE)
        managed: dict[str, Any] = {"ManagedExecution": {"Active": True}}
        done(aws, stack, self.wanted(**managed))
        there = standing(aws)
        held = self.wanted(first, second, size="x", **managed)
        assert stack.deploy(held) == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert standing(aws) == there

    def test_never_deleted(self, aws: VirtualAWS, stack: Stack) -> None:
        """Updated with the stack set after a rollback that has failed."""
        done(aws, stack, self.wanted(size="x"))
        aws.engine.organization.join(FOUR, UNIT)  # type: ignore[union-attr]
        first = stand(aws, FOUR, "huge")
        _deny(aws, DELETE)
        stack.others_fail = True
        stack.deploy(self.wanted(first, size="x"))
        aws.engine.faults.calls.clear()
        stack.others_fail = False
        done(aws, stack, self.wanted(size="x", TemplateBody=template("2")))
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert standing(aws) == {first}

    def test_suspended(self, aws: VirtualAWS, stack: Stack) -> None:
        """What cannot join for its account's sake fails the request, and is no instance later."""
        first = stand(aws, ONE)
        aws.engine.organization.suspend(ONE)  # type: ignore[union-attr]
        assert stack.deploy(self.wanted(first)) == "ROLLBACK_COMPLETE"
        assert "could not join" in stack.reason
        assert {IMPORT, SET} >= set(steps(aws)) - {DELETE}
        assert standing(aws) == {first}

    TOLERANT: ClassVar[dict[str, Any]] = {
        "FailOnTolerated": "false",
        "OperationPreferences": {"FailureToleranceCount": 1, "MaxConcurrentCount": 2},
    }

    def test_tolerated_and_taken_out(self, aws: VirtualAWS, stack: Stack) -> None:
        """What has not joined makes room for a stack of the unit's; it stays where it is."""
        second = stand(aws, TWO, version="other")
        done(aws, stack, self.wanted(second, size="x", **self.TOLERANT))
        assert stack.attributes["FailedInstanceCount"] == "1"
        assert done(aws, stack, self.wanted(size="x", **self.TOLERANT)) == [DELETE, CREATE]
        assert second in standing(aws)
        assert members(aws, stack)[TWO] not in {second, "None"}
        assert done(aws, stack, self.wanted(size="x", **self.TOLERANT, Revision="2")) == []

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_made_again_by_another_sandbox(
        self, aws: VirtualAWS, stack: Stack, moment: str
    ) -> None:
        """A sandbox that dies between the delete and the create does not forget the create."""
        second = stand(aws, TWO, version="other")
        done(aws, stack, self.wanted(second, size="x", **self.TOLERANT))
        action = DELETE if moment == "after" else CREATE

        def die(_service: str, asked: str, _number: int) -> None:
            if asked == action:
                aws.before_call = aws.after_call = None
                raise SandboxDied

        setattr(aws, f"{moment}_call", die)
        done(aws, stack, self.wanted(size="x", **self.TOLERANT))
        assert members(aws, stack)[TWO] not in {second, "None"}

    def test_tolerated_and_named_again(self, aws: VirtualAWS, stack: Stack) -> None:
        """The next update imports it, once it can join, and no unit's create comes before."""
        second = stand(aws, TWO, version="other")
        held = self.wanted(second, size="x", **self.TOLERANT)
        done(aws, stack, held)
        stand(aws, TWO, "huge")
        done(aws, stack, {**held, "Revision": "2"})
        assert members(aws, stack)[TWO] == second
        assert sizes(aws)[TWO] == "x"

    def test_tolerated_without_a_group(self, aws: VirtualAWS, stack: Stack) -> None:
        """Taken out, nothing is left of it but its stack."""
        first, second = stand(aws, ONE), stand(aws, TWO, version="other")
        done(aws, stack, self.wanted(first, second, **self.TOLERANT))
        done(aws, stack, self.wanted(first, **self.TOLERANT))
        assert set(members(aws, stack)) == {ONE}
        assert standing(aws) == {first, second}

    def test_left_by_a_rollback_that_has_failed(self, aws: VirtualAWS, stack: Stack) -> None:
        """It goes, though no properties that were deployed have ever named it."""
        done(aws, stack, self.wanted())
        second = stand(aws, TWO, version="other")
        _deny(aws, DELETE)
        stack.others_fail = True
        stack.deploy(self.wanted(second))
        aws.engine.faults.calls.clear()
        stack.others_fail = False
        done(aws, stack, self.wanted(Revision="2"))
        assert members(aws, stack) == {}
        assert standing(aws) == {second}

    @pytest.mark.parametrize("named", [True, False])
    def test_after_a_rollback_that_has_failed(
        self, aws: VirtualAWS, stack: Stack, *, named: bool
    ) -> None:
        """The next update heals what an import has left."""
        done(aws, stack, self.wanted())
        second = stand(aws, TWO, version="other")
        _deny(aws, DELETE)
        stack.others_fail = True
        stack.deploy(self.wanted(second, size="x"))
        aws.engine.faults.calls.clear()
        stack.others_fail = False
        if named:
            stand(aws, TWO)
        done(aws, stack, self.wanted(*([second] if named else []), size="x"))
        assert (members(aws, stack)[TWO] == second) is named
        assert second in standing(aws)
