"""What is told of stacks that cannot join before anything is written, and what afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from emulator.stacksets.faults import Answer, CallFault
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.imports import (
    DELETE,
    EAST,
    FOUR,
    IMPORT,
    ONE,
    SET,
    THREE,
    TWO,
    UNIT,
    done,
    importing,
    members,
    stand,
    standing,
    steps,
)
from tests.simulation.story import group, new_stack, operations, properties, template

HOME = "111111111111"


@pytest.fixture
def aws() -> Iterator[VirtualAWS]:
    """A virtual AWS with an organization."""
    organization = Organization(HOME, root="r-root")
    for unit in (UNIT, "ou-root-bbbbbbbb"):
        organization.add_unit(unit)
    for account in (ONE, TWO, THREE):
        organization.join(account, UNIT)
    with world(seconds=10.0, organization=organization) as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)


def refused(aws: VirtualAWS, stack: Stack, wanted: dict[str, Any]) -> str:
    """Deploy what is refused before anything is written; returns the reason."""
    before = operations(aws)
    assert stack.deploy(wanted) in {"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
    assert operations(aws) == before
    return next(a.reason for _, a in stack.answers[::-1] if a.status == "FAILED")


class TestOwnAccount:
    """Stacks of the function's own account, which it can read."""

    def test_right(self, aws: VirtualAWS, stack: Stack) -> None:
        """They join."""
        here, there = stand(aws, HOME), stand(aws, ONE)
        assert done(aws, stack, importing(there, here)) == [IMPORT]
        assert set(members(aws, stack)) == {HOME, ONE}
        changed = importing(there, here, TemplateBody=template("2"))
        assert done(aws, stack, changed) == [SET]

    def test_another_template(self, aws: VirtualAWS, stack: Stack) -> None:
        """The reason says at which entry, and what to write."""
        there, here = stand(aws, ONE), stand(aws, HOME, version="other")
        reason = refused(aws, stack, importing(there, here))
        told = f"ImportStacks[1] names {here}, whose template is another than the stack set's:"
        assert f"{told} update that stack to the stack set's template first" in reason

    def test_no_such_stack(self, aws: VirtualAWS, stack: Stack) -> None:
        """Nor is there one of another Region than its id says."""
        here = stand(aws, HOME)
        elsewhere = here.replace(EAST, "eu-west-1")
        reason = refused(aws, stack, importing({"StackId": elsewhere}))
        assert f"ImportStacks[0] names {elsewhere}, and there is no such stack in eu-w" in reason
        assert "`aws cloudformation describe-stacks --region eu-west-1` shows it." in reason

    def test_in_an_update(self, aws: VirtualAWS, stack: Stack) -> None:
        """Its rollback finds nothing to do, overrides neither."""
        done(aws, stack, properties(group((FOUR,), (EAST,), Size="big")))
        here = stand(aws, HOME, version="other")
        groups = (group((FOUR,), (EAST,), Size="huge"),)
        assert "ImportStacks[0]" in refused(aws, stack, importing(here, groups=groups))

    def test_that_has_joined_already(self, aws: VirtualAWS, stack: Stack) -> None:
        """For an update whose rollback failed: it has the template of then, and is brought up."""
        done(aws, stack, properties(group((FOUR,), (EAST,))))
        here = stand(aws, HOME)
        aws.engine.faults.calls.append(CallFault(DELETE, Answer.ACCESS_DENIED, times=None))
        stack.others_fail = True
        held = importing(here, groups=(group((FOUR,), (EAST,)),))
        assert stack.deploy(held) == "UPDATE_ROLLBACK_FAILED"
        aws.engine.faults.calls.clear()
        stack.others_fail = False
        assert done(aws, stack, {**held, "TemplateBody": template("2")}) == [SET]
        assert members(aws, stack)[HOME] == here

    @pytest.mark.parametrize("action", ["DescribeStacks", "GetTemplate"])
    def test_without_the_right(self, aws: VirtualAWS, stack: Stack, action: str) -> None:
        """CloudFormation tells, then."""
        here = stand(aws, HOME, version="other")
        aws.engine.faults.calls.append(CallFault(action, Answer.ACCESS_DENIED, times=None))
        assert stack.deploy(importing(here)) == "ROLLBACK_COMPLETE"
        assert f"has another template than the stack set ({HOME}/{EAST})" in stack.reason


class TestElsewhere:
    """Stacks of other accounts."""

    def test_told_where_it_is_written(self, aws: VirtualAWS, stack: Stack) -> None:
        """What CloudFormation says is followed by the entries that are meant, and what to do."""
        first, second = stand(aws, ONE), stand(aws, TWO, version="other")
        assert stack.deploy(importing(first, second)) == "ROLLBACK_COMPLETE"
        told = "Mend ImportStacks[1]: a stack joins if it is there, has the stack set's template"
        assert told in stack.reason
        assert standing(aws) == {first, second}

    def test_another_failure(self, aws: VirtualAWS, stack: Stack) -> None:
        """Which is no import's says nothing of imports."""
        first = stand(aws, ONE)
        done(aws, stack, importing(first))
        del aws.deployer.stacks[ONE, EAST, stack.physical_id]
        stack.deploy(importing(first, TemplateBody=template("2")))
        assert "does not exist" in stack.answers[1][1].reason
        assert "Mend ImportStacks" not in stack.answers[1][1].reason

    def test_hidden_parameters(self, aws: VirtualAWS, stack: Stack) -> None:
        """StackSets imports no stack whose template has NoEcho parameters."""
        secret = template().replace('"Type": "String",', '"Type": "String", "NoEcho": true,', 1)
        reason = refused(aws, stack, importing(stand(aws, ONE), TemplateBody=secret))
        assert (
            "ImportStacks names stacks, and the template has the NoEcho parameter Size," in reason
        )


class TestNamedNoMore:
    """Ids that are taken out, on purpose or not."""

    @pytest.mark.parametrize("blank", [["", ""], [" "]])
    def test_blank(self, aws: VirtualAWS, stack: Stack, blank: list[Any]) -> None:
        """A list that has become blank takes nothing out."""
        first, second = stand(aws, ONE), stand(aws, TWO)
        done(aws, stack, importing(first, second))
        reason = refused(aws, stack, importing(*blank))
        assert "ImportStacks is blank now, which would take 2 stacks out of the" in reason
        assert members(aws, stack) == {ONE: first, TWO: second}

    def test_blank_entry(self, aws: VirtualAWS, stack: Stack) -> None:
        """Neither does an entry."""
        first, second = stand(aws, ONE), stand(aws, TWO)
        done(aws, stack, importing(first, second))
        reason = refused(aws, stack, importing(first, ""))
        assert "ImportStacks[1] is blank now, which would take 1 stack out of the" in reason

    def test_blank_where_a_group_names_it(self, aws: VirtualAWS, stack: Stack) -> None:
        """It stays, so nothing is refused."""
        first = stand(aws, ONE)
        groups = (group((ONE,), (EAST,)),)
        done(aws, stack, importing(first, groups=groups))
        assert done(aws, stack, importing("", groups=groups)) == []
        assert "ImportStacks" not in stack.attributes["Warnings"]

    def test_left_out(self, aws: VirtualAWS, stack: Stack) -> None:
        """The instances go, the stacks stay, and Warnings says so."""
        first = stand(aws, ONE)
        done(aws, stack, importing(first))
        held = {**properties(), "StackInstances": []}
        assert done(aws, stack, held) == [DELETE]
        assert standing(aws) == {first}
        told = f"ImportStacks does not name the stacks in {ONE}/{EAST} any more: they leave the"
        assert told in stack.attributes["Warnings"]


class TestUnits:
    """The same by units."""

    def wanted(self, stack_id: str, unit: str) -> dict[str, Any]:
        """Properties that import a stack into a unit."""
        return {
            "StackSetName": "Units",
            "PermissionModel": "SERVICE_MANAGED",
            "TemplateBody": template(),
            "Parameters": {"Size": "small"},
            "ImportStacks": [{"StackId": stack_id, "OrganizationalUnitIds": [unit]}],
        }

    def test_unknown_unit(self, aws: VirtualAWS, stack: Stack) -> None:
        """The reason has its path."""
        reason = refused(aws, stack, self.wanted(stand(aws, ONE), "ou-root-zzzzzzzz"))
        told = "ImportStacks[0].OrganizationalUnitIds names ou-root-zzzzzzzz, which is no unit of"
        assert told in reason

    def test_another_unit(self, aws: VirtualAWS, stack: Stack) -> None:
        """It names the account's own."""
        reason = refused(aws, stack, self.wanted(stand(aws, ONE), "ou-root-bbbbbbbb"))
        told = f"ImportStacks[0].OrganizationalUnitIds names ou-root-bbbbbbbb, and {ONE} is not in"
        assert f"{told} it: write {UNIT}, the unit of that account, or one above it." in reason

    def test_unknown_account(self, aws: VirtualAWS, stack: Stack) -> None:
        """It is none of the organization's."""
        reason = refused(aws, stack, self.wanted(stand(aws, FOUR), UNIT))
        assert f"ImportStacks[0] names a stack of {FOUR}, which is no account of the org" in reason

    @pytest.mark.parametrize("unit", [UNIT, "r-root"])
    def test_right(self, aws: VirtualAWS, stack: Stack, unit: str) -> None:
        """A unit above is right, too."""
        first = stand(aws, ONE)
        assert done(aws, stack, self.wanted(first, unit)) == [IMPORT]

    def test_nobody_tells(self, aws: VirtualAWS, stack: Stack) -> None:
        """Where the organization may not be asked, CloudFormation tells."""
        aws.organizations.denied = {"*"}
        stack.deploy(self.wanted(stand(aws, ONE), "ou-root-bbbbbbbb"))
        assert "is in none of the organizational units given" in stack.reason
        assert "Mend ImportStacks[0]" in stack.reason
        assert DELETE not in steps(aws)
