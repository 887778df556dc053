"""Units of an organization, and lists elsewhere, in self-managed stack sets."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.stacksets.history import Lag
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.deaths import deaths
from tests.simulation.scenarios import killer
from tests.simulation.story import (
    ADMINISTRATION_ROLE,
    EXECUTION_ROLE,
    new_stack,
    operations,
    template,
)

ROOT, A, B, BELOW = "r-root", "ou-root-aaaaaaaa", "ou-root-bbbbbbbb", "ou-root-cccccccc"
HOME, EAST, WEST = "111111111111", "us-east-1", "us-west-2"
ONE, TWO, THREE, FOUR, FIVE = (str(number) * 12 for number in range(2, 7))
JOINED = "8" * 12
LIST = "https://s3.amazonaws.com/bucket/accounts.csv"
CREATE, UPDATE, DELETE, SET = (
    "CreateStackInstances",
    "UpdateStackInstances",
    "DeleteStackInstances",
    "UpdateStackSet",
)


def organization() -> Organization:
    """One with two units, and one below the first."""
    made = Organization(HOME, root=ROOT)
    for unit, above in ((A, ROOT), (B, ROOT), (BELOW, A)):
        made.add_unit(unit, above)
    for account, unit in ((ONE, A), (TWO, A), (THREE, BELOW), (FOUR, B), (FIVE, B)):
        made.join(account, unit)
    return made


def units(*ids: str, regions: tuple[str, ...] = (EAST,), size: str = "", **more: Any) -> Any:
    """One group, as the native resource has it."""
    targets = {"OrganizationalUnitIds": list(ids), **more} if ids else more
    group: dict[str, Any] = {"DeploymentTargets": targets, "Regions": list(regions)}
    if size:
        group["ParameterOverrides"] = [{"ParameterKey": "Size", "ParameterValue": size}]
    return group


def properties(*groups: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Properties of a self-managed stack set."""
    return {
        "StackSetName": "Members",
        "TemplateBody": template(),
        "Parameters": [{"ParameterKey": "Size", "ParameterValue": "small"}],
        "AdministrationRoleARN": ADMINISTRATION_ROLE,
        "ExecutionRoleName": EXECUTION_ROLE,
        "OperationPreferences": {"MaxConcurrentPercentage": 100},
        "StackInstancesGroup": list(groups),
        **others,
    }


def there(aws: VirtualAWS, stack: Stack, region: str = EAST) -> dict[str, str]:
    """The size of the stack in each account of a Region."""
    return {
        account: each.parameters["Size"]
        for (account, where, owner), each in aws.deployer.stacks.items()
        if owner == stack.physical_id and where == region
    }


def deploy(aws: VirtualAWS, stack: Stack, wanted: dict[str, Any]) -> list[str]:
    """Deploy, and return the writes."""
    before = len(operations(aws))
    status = stack.deploy(wanted)
    assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack.reason
    return operations(aws)[before:]


@pytest.fixture(autouse=True)
def everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function may read the organization."""
    monkeypatch.setenv("READ_ORGANIZATION", "EVERYTHING")


@pytest.fixture
def aws() -> Any:
    """A virtual AWS with an organization."""
    with world(seconds=10.0, organization=organization()) as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def tree(aws: VirtualAWS) -> Organization:
    """Its organization."""
    assert aws.engine.organization is not None
    return aws.engine.organization


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)


class TestMembers:
    """Who is meant."""

    def test_nested_units(self, aws: VirtualAWS, stack: Stack) -> None:
        """Accounts of units below count, and nobody is created twice."""
        assert deploy(aws, stack, properties(units(A, BELOW))) == ["CreateStackSet", CREATE]
        assert set(there(aws, stack)) == {ONE, TWO, THREE}
        assert deploy(aws, stack, properties(units(A), Revision="2")) == []
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert aws.deployer.stacks == {}

    def test_root(self, aws: VirtualAWS, stack: Stack) -> None:
        """The management account is meant only where it is asked for."""
        deploy(aws, stack, properties(units(ROOT)))
        assert set(there(aws, stack)) == {ONE, TWO, THREE, FOUR, FIVE}
        asked = properties(units(ROOT, IncludeManagementAccount="true"))
        assert deploy(aws, stack, asked) == [CREATE]
        assert set(there(aws, stack)) == {HOME, ONE, TWO, THREE, FOUR, FIVE}
        assert deploy(aws, stack, properties(units(ROOT))) == [DELETE]
        assert HOME not in there(aws, stack)

    def test_exceptions_and_others(self, aws: VirtualAWS, stack: Stack) -> None:
        """Excluded accounts of units are not meant; accounts that are listed are."""
        group = units(A, ExcludedAccounts=[ONE], Accounts=[FIVE], AccountFilterType="UNION")
        deploy(aws, stack, properties(group))
        assert set(there(aws, stack)) == {TWO, THREE, FIVE}

    def test_accounts_become_units(self, aws: VirtualAWS, stack: Stack) -> None:
        """What was named before is neither made nor deployed again."""
        deploy(aws, stack, properties(units(Accounts=[ONE, TWO, FOUR])))
        assert deploy(aws, stack, properties(units(A))) == [DELETE, CREATE]
        assert set(there(aws, stack)) == {ONE, TWO, THREE}
        assert deploy(aws, stack, properties(units(Accounts=[ONE]))) == [DELETE]
        assert set(there(aws, stack)) == {ONE}

    def test_list_elsewhere(
        self, aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It takes no right to read the organization, and counts as it is now."""
        monkeypatch.setenv("READ_ORGANIZATION", "NOTHING")
        for listed in ((ONE, TWO), (TWO, THREE), (THREE,)):
            aws.objects["bucket", "accounts.csv"] = ",\n".join(listed).encode()
            deploy(aws, stack, properties(units(AccountsUrl=LIST), Revision=str(listed)))
            assert set(there(aws, stack)) == set(listed)


class TestChanges:
    """Who comes and goes."""

    def test_join_and_leave(self, aws: VirtualAWS, stack: Stack, tree: Organization) -> None:
        """The next update finds them, whatever else it is for."""
        deploy(aws, stack, properties(units(A)))
        tree.join(JOINED, BELOW)
        assert deploy(aws, stack, properties(units(A), Revision="2")) == [CREATE]
        assert set(there(aws, stack)) == {ONE, TWO, THREE, JOINED}
        tree.leave(ONE)
        changed = properties(units(A), TemplateBody=template("2"))
        assert deploy(aws, stack, changed) == [DELETE, SET]
        assert set(there(aws, stack)) == {TWO, THREE, JOINED}
        tree.move(TWO, B)
        assert deploy(aws, stack, {**changed, "Revision": "3"}) == [DELETE]
        assert set(there(aws, stack)) == {THREE, JOINED}

    def test_move_between_groups(self, aws: VirtualAWS, stack: Stack, tree: Organization) -> None:
        """The overrides of the new unit come into force, though no property has changed."""
        wanted = properties(units(A, size="big"), units(B))
        deploy(aws, stack, wanted)
        tree.move(ONE, B)
        assert deploy(aws, stack, {**wanted, "Revision": "2"}) == [UPDATE]
        assert there(aws, stack) == {
            ONE: "small",
            TWO: "big",
            THREE: "big",
            FOUR: "small",
            FIVE: "small",
        }
        assert deploy(aws, stack, {**wanted, "Revision": "3"}) == []

    def test_overrides(self, aws: VirtualAWS, stack: Stack) -> None:
        """Those of a whole unit change in one operation, without a look at each instance."""
        deploy(aws, stack, properties(units(A)))
        before = len(aws.calls)
        assert deploy(aws, stack, properties(units(A, size="big"))) == [UPDATE]
        assert set(there(aws, stack).values()) == {"big"}
        assert deploy(aws, stack, properties(units(A, size="big"), Revision="2")) == []
        looked_up = [each for _, _, each in aws.calls[before:] if each == "DescribeStackInstance"]
        assert len(looked_up) <= 3

    def test_what_others_made_stays(self, aws: VirtualAWS, stack: Stack) -> None:
        """An instance without a mark of ours is nobody who has left."""
        deploy(aws, stack, properties(units(A)))
        aws.engine.call(
            CREATE, {"StackSetName": stack.physical_id, "Accounts": [FIVE], "Regions": [EAST]}
        )
        aws.clock.sleep(600)
        assert deploy(aws, stack, properties(units(A), Revision="2")) == []
        assert FIVE in there(aws, stack)

    @pytest.mark.parametrize("how", ["suspend", "close"])
    def test_suspended_accounts(
        self, aws: VirtualAWS, stack: Stack, tree: Organization, how: str
    ) -> None:
        """They block nothing: their instances are forgotten, and made again later."""
        deploy(aws, stack, properties(units(A)))
        getattr(tree, how)(ONE)
        deploy(aws, stack, properties(units(A), TemplateBody=template("2")))
        left = aws.engine.stack_sets[stack.physical_id].instances
        assert {each.account for each in left} == {TWO, THREE}
        assert stack.delete() == "DELETE_COMPLETE", stack.reason

    def test_suspended_from_the_start(
        self, aws: VirtualAWS, stack: Stack, tree: Organization
    ) -> None:
        """They are not tried."""
        tree.suspend(ONE)
        deploy(aws, stack, properties(units(A)))
        assert set(there(aws, stack)) == {TWO, THREE}


class TestRefusals:
    """What is refused, before anything is written."""

    @pytest.mark.parametrize("right", ["NOTHING", "PARENTS"])
    def test_without_the_parameter(
        self, aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch, right: str
    ) -> None:
        """The reason names the property, the parameter and the way out."""
        monkeypatch.setenv("READ_ORGANIZATION", right)
        assert stack.deploy(properties(units(A))) == "ROLLBACK_COMPLETE"
        assert operations(aws) == []
        assert "StackInstancesGroup[0].DeploymentTargets.OrganizationalUnitIds" in stack.reason
        assert "ReadOrganization of its stack to EVERYTHING" in stack.reason
        assert "write the accounts into Accounts" in stack.reason

    @pytest.mark.parametrize(
        "denied", ["ListAccountsForParent", "ListOrganizationalUnitsForParent", "*"]
    )
    def test_denied(self, aws: VirtualAWS, stack: Stack, denied: str) -> None:
        """An update that is not told all writes nothing, and its rollback neither."""
        deploy(aws, stack, properties(units(A)))
        aws.organizations.denied = {denied}
        before = len(operations(aws))
        assert stack.deploy(properties(units(B))) == "UPDATE_ROLLBACK_COMPLETE"
        assert operations(aws)[before:] == []
        assert "cannot be read in full" in stack.reason
        aws.organizations.denied = set()
        assert deploy(aws, stack, properties(units(B))) == [DELETE, CREATE]

    @pytest.mark.parametrize("skip", range(6))
    def test_half_a_listing(self, aws: VirtualAWS, stack: Stack, skip: int) -> None:
        """Where it breaks off nobody is taken for gone."""
        deploy(aws, stack, properties(units(A, B)))
        before = len(operations(aws))
        fault = CallFault("ListAccountsForParent", Answer.ACCESS_DENIED, times=1, skip=skip)
        aws.engine.faults.calls.append(fault)
        assert stack.deploy(properties(units(A, B), Revision="2")) == "UPDATE_ROLLBACK_COMPLETE"
        assert operations(aws)[before:] == []
        assert set(there(aws, stack)) == {ONE, TWO, THREE, FOUR, FIVE}

    def test_conflict(self, aws: VirtualAWS, stack: Stack) -> None:
        """An account that two groups give other overrides is told with both paths."""
        for other in (units(BELOW, size="big"), units(Accounts=[THREE], size="big")):
            assert stack.deploy(properties(units(A), other)) == "ROLLBACK_COMPLETE"
            assert "StackInstancesGroup[0]" in stack.reason
            assert "StackInstancesGroup[1]" in stack.reason
            assert f"{THREE} in {EAST}" in stack.reason
            assert operations(aws) == []
            stack = new_stack(aws)

    def test_unknown_unit(self, aws: VirtualAWS, stack: Stack) -> None:
        """It is no empty one, and the reason says where it is named."""
        held = properties(units("ou-root-eeeeeeee"), units(A, "ou-root-dddddddd"))
        assert stack.deploy(held) == "ROLLBACK_COMPLETE"
        assert operations(aws) == []
        for number, unit in ((0, "ou-root-eeeeeeee"), (1, "ou-root-dddddddd")):
            path = f"StackInstancesGroup[{number}].DeploymentTargets.OrganizationalUnitIds"
            assert f"{path} names {unit}, which is no unit of the organization" in stack.reason

    def test_empty_unit(self, aws: VirtualAWS, stack: Stack, tree: Organization) -> None:
        """It is right, and Warnings says that nothing is deployed."""
        tree.add_unit("ou-root-eeeeeeee")
        deploy(aws, stack, properties(units("ou-root-eeeeeeee")))
        told = "StackInstancesGroup[0].DeploymentTargets selects nobody, so nothing is deployed"
        assert told in stack.attributes["Warnings"]

    def test_excluded_account(self, aws: VirtualAWS, stack: Stack) -> None:
        """One that is in none of the units is told; the others are not, nor is the owner."""
        held = units(A, ExcludedAccounts=[ONE, HOME, "7" * 12])
        deploy(aws, stack, properties(held))
        told = f"ExcludedAccounts names {'7' * 12}, and {A} has no such account: see that"
        assert told in stack.attributes["Warnings"]
        deploy(aws, stack, properties(units(A, ExcludedAccounts=[ONE]), Revision="2"))
        assert stack.attributes["Warnings"] == ""

    def test_list_that_is_none(self, aws: VirtualAWS, stack: Stack) -> None:
        """It selects nobody, and deletes nobody."""
        aws.objects["bucket", "accounts.csv"] = ONE.encode()
        deploy(aws, stack, properties(units(AccountsUrl=LIST)))
        aws.objects["bucket", "accounts.csv"] = b"no accounts"
        before = len(operations(aws))
        again = properties(units(AccountsUrl=LIST), Revision="2")
        assert stack.deploy(again) == "UPDATE_ROLLBACK_COMPLETE"
        assert operations(aws)[before:] == []
        assert "DeploymentTargets.AccountsUrl names a list that is of no use" in stack.reason


class TestRollbacks:
    """Going back."""

    def test_from_another_unit(self, aws: VirtualAWS, stack: Stack) -> None:
        """What has left comes again, and what has come leaves."""
        deploy(aws, stack, properties(units(A)))
        fault = DeploymentFault("no", account=FIVE, actions=("CREATE",))
        aws.engine.faults.deployments.append(fault)
        assert stack.deploy(properties(units(B))) == "UPDATE_ROLLBACK_COMPLETE"
        assert set(there(aws, stack)) == {ONE, TWO, THREE}

    def test_from_accounts(self, aws: VirtualAWS, stack: Stack) -> None:
        """The same where the update names accounts, and overrides."""
        deploy(aws, stack, properties(units(A, size="big")))
        stack.others_fail = True
        failing = properties(units(Accounts=[ONE, FIVE]))
        assert stack.deploy(failing) == "UPDATE_ROLLBACK_COMPLETE", stack.reason
        assert there(aws, stack) == dict.fromkeys((ONE, TWO, THREE), "big")

    def test_create(self, aws: VirtualAWS, stack: Stack) -> None:
        """Nothing is left of it."""
        fault = DeploymentFault("no", account=ONE, actions=("CREATE",))
        aws.engine.faults.deployments.append(fault)
        assert stack.deploy(properties(units(A))) == "ROLLBACK_COMPLETE"
        assert aws.deployer.stacks == {}

    def test_when_the_organization_falls_silent(self, aws: VirtualAWS, stack: Stack) -> None:
        """Instances of units stay as they are then, and the stack is no ruin."""
        deploy(aws, stack, properties(units(A)))
        fault = DeploymentFault("no", account=FIVE, actions=("CREATE",))
        aws.engine.faults.deployments.append(fault)

        def deny(_service: str, action: str, _number: int) -> None:
            if action == CREATE:
                aws.organizations.denied = {"*"}

        aws.before_call = deny
        assert stack.deploy(properties(units(A, B))) == "UPDATE_ROLLBACK_COMPLETE"
        assert {ONE, TWO, THREE} <= set(there(aws, stack))
        assert "StopStackSetOperation" in operations(aws)
        aws.before_call = lambda *_: None
        aws.organizations.denied = set()
        aws.engine.faults.deployments.clear()
        deploy(aws, stack, properties(units(A), Revision="2"))
        assert set(there(aws, stack)) == {ONE, TWO, THREE}


def _change(aws: VirtualAWS, stack: Stack) -> dict[str, Any]:
    """Deploy, and let accounts come and go; returns what to deploy then."""
    deploy(aws, stack, properties(units(A, size="big"), units(B)))
    tree = aws.engine.organization
    assert tree is not None
    tree.join(JOINED, A)
    tree.leave(TWO)
    tree.move(ONE, B)
    return properties(units(A, size="big"), units(B), TemplateBody=template("2"))


_AFTERWARDS = {ONE: "small", THREE: "big", FOUR: "small", FIVE: "small", JOINED: "big"}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_at_every_call(moment: str) -> None:
    """Wherever the sandbox dies, everybody is where the organization says."""
    with world(seconds=10.0, organization=organization()) as aws:
        stack = new_stack(aws)
        wanted = _change(aws, stack)
        already = len(aws.calls)
        writes = deploy(aws, stack, wanted)
        assert there(aws, stack) == _AFTERWARDS
        numbers = deaths(aws, moment, already)
    for at in numbers:
        with world(seconds=10.0, organization=organization()) as aws:
            stack = new_stack(aws)
            wanted = _change(aws, stack)
            before = len(operations(aws))
            setattr(aws, f"{moment}_call", killer(aws, at))
            assert stack.deploy(wanted) == "UPDATE_COMPLETE", stack.reason
            assert there(aws, stack) == _AFTERWARDS, f"died {moment} call {at}"
            assert len(operations(aws)[before:]) <= len(writes) + 2, f"died {moment} call {at}"


@pytest.mark.parametrize("seconds", [5.0, 30.0, 60.0])
def test_lists_that_lag(seconds: float) -> None:
    """A list of a moment ago changes nothing."""
    lag = Lag(seconds, seconds, seconds)
    with world(seconds=10.0, organization=organization(), lag=lag) as aws:
        stack = new_stack(aws)
        deploy(aws, stack, _change(aws, stack))
        assert there(aws, stack) == _AFTERWARDS
