"""Service-managed stack sets: units, Regions and filters, in an organization."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.stacksets.history import Lag
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.deaths import deaths
from tests.simulation.scenarios import killer
from tests.simulation.story import new_stack, operations, template, wait_for

ROOT, A, B, C, EMPTY = (
    "r-root",
    "ou-root-aaaaaaaa",
    "ou-root-bbbbbbbb",
    "ou-root-cccccccc",
    "ou-root-eeeeeeee",
)
HOME, EAST, WEST = "111111111111", "us-east-1", "us-west-2"
ONE, TWO, THREE, FOUR, FIVE, SIX = (str(number) * 12 for number in range(2, 8))
MEMBERS = {A: (ONE, TWO, THREE, SIX), B: (FOUR, FIVE), C: (SIX,), EMPTY: ()}
MEMBERS[ROOT] = (ONE, TWO, THREE, FOUR, FIVE, SIX)


def organization() -> Organization:
    """One with two units, an empty one, and one below the first."""
    made = Organization(HOME, root=ROOT)
    for unit in (A, B, EMPTY):
        made.add_unit(unit)
    made.add_unit(C, A)
    for unit, accounts in {A: (ONE, TWO, THREE), B: (FOUR, FIVE), C: (SIX,)}.items():
        for account in accounts:
            made.join(account, unit)
    return made


def units(
    *ids: str,
    regions: tuple[str, ...] = (EAST,),
    filtered: str = "",
    accounts: tuple[str, ...] = (),
    **overrides: str,
) -> dict[str, Any]:
    """One group, as the native resource has it."""
    targets: dict[str, Any] = {"OrganizationalUnitIds": list(ids)} if ids else {}
    if accounts:
        targets["Accounts"] = list(accounts)
    if filtered:
        targets["AccountFilterType"] = filtered
    group: dict[str, Any] = {"DeploymentTargets": targets, "Regions": list(regions)}
    if overrides:
        group["ParameterOverrides"] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in overrides.items()
        ]
    return group


def properties(*groups: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Properties of a service-managed stack set."""
    return {
        "StackSetName": "Units",
        "PermissionModel": "SERVICE_MANAGED",
        "TemplateBody": template(),
        "Parameters": [{"ParameterKey": "Size", "ParameterValue": "small"}],
        "OperationPreferences": {
            "MaxConcurrentPercentage": 100,
            "RegionConcurrencyType": "PARALLEL",
        },
        "StackInstancesGroup": list(groups),
        **others,
    }


def _selected(group: dict[str, Any]) -> set[tuple[str, str]]:
    targets = group["DeploymentTargets"]
    inside = {each for unit in targets.get("OrganizationalUnitIds", ()) for each in MEMBERS[unit]}
    named, kind = set(targets.get("Accounts", ())), targets.get("AccountFilterType", "NONE")
    chosen = {
        "NONE": inside or named,
        "INTERSECTION": inside & named,
        "DIFFERENCE": inside - named,
        "UNION": inside | named,
    }[kind]
    return {(account, region) for account in chosen for region in group["Regions"]}


def wanted(properties: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """Template and size of each stack that properties ask for, by account and Region."""
    stacks = {}
    for group in properties["StackInstancesGroup"]:
        size = {
            each["ParameterKey"]: each["ParameterValue"]
            for each in group.get("ParameterOverrides", ())
        }
        for place in _selected(group):
            stacks[place] = (properties["TemplateBody"], size.get("Size", "small"))
    return stacks


def there(aws: VirtualAWS, stack: Stack) -> dict[tuple[str, str], tuple[str, str]]:
    """The same of each stack that there is."""
    return {
        (account, region): (each.template_body, each.parameters["Size"])
        for (account, region, owner), each in aws.deployer.stacks.items()
        if owner == stack.physical_id
    }


@pytest.fixture
def aws() -> Any:
    """A virtual AWS with an organization."""
    with world(seconds=10.0, organization=organization()) as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)


def deploy(aws: VirtualAWS, stack: Stack, properties: dict[str, Any]) -> list[str]:
    """Deploy, make sure that the world is as wanted, and return the writes."""
    before = len(operations(aws))
    status = stack.deploy(properties)
    assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack.reason
    assert there(aws, stack) == wanted(properties)
    return operations(aws)[before:]


CREATE, UPDATE, DELETE, SET = (
    "CreateStackInstances",
    "UpdateStackInstances",
    "DeleteStackInstances",
    "UpdateStackSet",
)
ALL = properties(units(A, B))
CHANGES: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
    ("nothing", ALL, ALL, []),
    ("a unit joins", properties(units(A)), ALL, [CREATE]),
    ("a unit leaves", ALL, properties(units(A)), [DELETE]),
    ("a Region joins", ALL, properties(units(A, B, regions=(EAST, WEST))), [CREATE]),
    ("a Region leaves", properties(units(A, B, regions=(EAST, WEST))), ALL, [DELETE]),
    (
        "a filter comes",
        ALL,
        properties(units(A, B, filtered="DIFFERENCE", accounts=(ONE, FOUR))),
        [DELETE],
    ),
    (
        "an account leaves the exceptions",
        properties(units(A, B, filtered="DIFFERENCE", accounts=(ONE, FOUR))),
        properties(units(A, B, filtered="DIFFERENCE", accounts=(ONE,))),
        [CREATE],
    ),
    (
        "an account joins a list",
        properties(units(A, filtered="INTERSECTION", accounts=(ONE,))),
        properties(units(A, filtered="INTERSECTION", accounts=(ONE, TWO))),
        [CREATE],
    ),
    ("another template", ALL, properties(units(A, B), TemplateBody=template("2")), [SET]),
    ("overrides", ALL, properties(units(A, Size="big"), units(B)), [UPDATE]),
    (
        "overrides for one",
        properties(units(A)),
        properties(
            units(A, filtered="DIFFERENCE", accounts=(ONE,)),
            units(A, filtered="INTERSECTION", accounts=(ONE,), Size="big"),
        ),
        [UPDATE],
    ),
    ("overrides go", properties(units(A, Size="big"), units(B)), ALL, [UPDATE]),
    (
        "accounts alone",
        ALL,
        properties(units(A, B), units(accounts=(SIX, FOUR), regions=(WEST,))),
        [CREATE],
    ),
    (
        "a union",
        properties(units(A)),
        properties(units(A, filtered="UNION", accounts=(FOUR,))),
        [CREATE],
    ),
    ("the root comes", properties(units(A)), properties(units(ROOT)), [CREATE]),
    ("the root above a unit", properties(units(ROOT)), properties(units(ROOT), units(A)), []),
    ("a unit below goes", properties(units(A, C)), properties(units(A)), []),
    ("a unit above goes", properties(units(A)), properties(units(C)), [DELETE]),
    ("an empty unit", properties(units(EMPTY)), properties(units(EMPTY), units(A)), [CREATE]),
    ("all goes", ALL, properties(), [DELETE]),
    ("automatic", ALL, properties(units(A, B), AutoDeployment={"Enabled": "true"}), [SET]),
    (
        "automatic goes",
        properties(
            units(A, B), AutoDeployment={"Enabled": "true", "RetainStacksOnAccountRemoval": "true"}
        ),
        properties(
            units(A), AutoDeployment={"Enabled": "false", "RetainStacksOnAccountRemoval": "true"}
        ),
        [SET, DELETE],
    ),
    (
        "automatic with all else",
        properties(units(A)),
        properties(units(A, B), AutoDeployment={"Enabled": "true"}, TemplateBody=template("2")),
        [SET, CREATE, SET],
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "writes"), [each[1:] for each in CHANGES], ids=[each[0] for each in CHANGES]
)
def test_change(
    aws: VirtualAWS, stack: Stack, old: dict[str, Any], new: dict[str, Any], writes: list[str]
) -> None:
    """Every account has what is wanted, after as few operations as can be."""
    deploy(aws, stack, old)
    assert deploy(aws, stack, new) == writes
    assert deploy(aws, stack, {**new, "ServiceTimeout": "3000"}) == []
    assert stack.delete() == "DELETE_COMPLETE", stack.reason
    assert aws.deployer.stacks == {}


BEFORE = properties(
    units(A, regions=(EAST, WEST), filtered="DIFFERENCE", accounts=(ONE,)), units(B, Size="big")
)
AFTER = properties(
    units(A, regions=(EAST,)),
    units(B, regions=(EAST, WEST)),
    TemplateBody=template("2"),
    AutoDeployment={"Enabled": "true"},
)
NO_VERSION_2 = DeploymentFault("No", account=FIVE, marker="version 2", seconds=1)

STORIES: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None, bool]] = {
    "create": (None, AFTER, False),
    "update": (BEFORE, AFTER, False),
    "delete": (BEFORE, None, False),
    "failing create": (None, AFTER, True),
    "failing update": (BEFORE, AFTER, True),
}


def _play(aws: VirtualAWS, name: str, prepare: Any) -> tuple[Stack, list[str]]:
    """One story, and what is wrong in the end."""
    before, after, fails = STORIES[name]
    stack = new_stack(aws)
    if before is not None:
        deploy(aws, stack, before)
    if fails:
        aws.engine.faults.deployments.append(NO_VERSION_2)
    prepare(aws, stack)
    status = stack.delete() if after is None else stack.deploy(after)
    aws.scheduler.drain()
    return stack, _wrong(aws, stack, status, name)


def _wrong(aws: VirtualAWS, stack: Stack, status: str, name: str) -> list[str]:
    before, after, fails = STORIES[name]
    active = [each for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
    wrong = [f"{each.name} works" for each in active if each.unfinished]
    if after is None or (before is None and fails):
        wrong += [f"{status}, {each.name} is left: {stack.reason}" for each in active]
        return wrong + [f"left: {each}" for each in aws.deployer.stacks]
    expected, is_as = (before, "UPDATE_ROLLBACK_COMPLETE") if fails else (after, "COMPLETE")
    if not status.endswith(is_as):
        wrong.append(f"{status}: {stack.reason}")
    if there(aws, stack) != wanted(expected or {}):
        wrong.append("the stacks are others than wanted")
    return wrong


def _undisturbed(name: str, moment: str) -> tuple[list[int], list[str]]:
    with world(seconds=10.0, organization=organization()) as aws:
        already: list[int] = []
        _, wrong = _play(aws, name, lambda aws, _: already.append(len(aws.calls)))
        assert wrong == []
        return deaths(aws, moment, already[0]), operations(aws)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", STORIES)
def test_death_at_every_call(name: str, moment: str) -> None:
    """Wherever the sandbox dies, the world ends as wanted, after the same operations."""
    numbers, writes = _undisturbed(name, moment)
    for at in numbers:
        with world(seconds=10.0, organization=organization()) as aws:

            def kill(aws: VirtualAWS, _: Stack, at: int = at) -> None:
                setattr(aws, f"{moment}_call", killer(aws, at))

            _, wrong = _play(aws, name, kill)
            assert wrong == [], f"died {moment} call {at}: {operations(aws)}"
            again = [each for each in operations(aws) if each in writes]
            assert len(again) <= len(writes) + 2, f"died {moment} call {at}: {again}"


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", STORIES)
def test_lists_that_lag(name: str, seed: int) -> None:
    """A list of a moment ago changes nothing."""
    dice = random.Random(seed)
    lag = Lag(dice.uniform(0, 60), dice.uniform(0, 60), dice.uniform(0, 60))
    with world(seconds=10.0, organization=organization(), lag=lag) as aws:
        _, wrong = _play(aws, name, lambda *_: None)
        assert wrong == [], operations(aws)


def _some(dice: random.Random) -> dict[str, Any]:
    groups = []
    for unit in dice.sample([A, B, EMPTY], dice.randint(0, 3)):
        kind = dice.choice(["", "INTERSECTION", "DIFFERENCE"])
        accounts = tuple(dice.sample(MEMBERS[ROOT], dice.randint(1, 3))) if kind else ()
        regions = tuple(dice.sample([EAST, WEST], dice.randint(1, 2)))
        size = {"Size": "big"} if dice.random() < 0.3 else {}
        groups.append(units(unit, regions=regions, filtered=kind, accounts=accounts, **size))
    others: dict[str, Any] = {"TemplateBody": template(dice.choice("12"))}
    if dice.random() < 0.3:
        others["AutoDeployment"] = {"Enabled": "true"}
    if dice.random() < 0.3:
        others["ManagedExecution"] = {"Active": "true"}
    return properties(*groups, **others)


@pytest.mark.parametrize("seed", range(30))
def test_history(seed: int) -> None:
    """Whatever comes after whatever, failures too, the world is what the last request says."""
    dice = random.Random(seed)
    with world(seconds=10.0, organization=organization(), seed=seed) as aws:
        stack = new_stack(aws)
        held = _some(dice)
        assert stack.deploy(held) == "CREATE_COMPLETE", stack.reason
        for _ in range(4):
            asked = _some(dice)
            if dice.random() < 0.4:
                fault = DeploymentFault(
                    "No", account=dice.choice(MEMBERS[ROOT]), times=1, seconds=1
                )
                aws.engine.faults.deployments.append(fault)
            if dice.random() < 0.2:
                stack.others_fail = True
            status = stack.deploy(asked)
            stack.others_fail = False
            aws.engine.faults.deployments.clear()
            assert status.endswith("_COMPLETE"), stack.reason
            held = held if status == "UPDATE_ROLLBACK_COMPLETE" else asked
            assert there(aws, stack) == wanted(held), (status, held)
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert aws.deployer.stacks == {}


class TestOthers:
    """What somebody else does, and what the organization does not tell."""

    def test_what_stacksets_made_is_left_alone(self, aws: VirtualAWS, stack: Stack) -> None:
        """An account that has joined by itself is neither given overrides nor taken away."""
        automatic = {"AutoDeployment": {"Enabled": "true"}}
        deploy(aws, stack, properties(units(B, Size="big"), **automatic))
        aws.engine.join("8" * 12, B)
        aws.clock.sleep(100)
        writes = len(operations(aws))
        stack.deploy(properties(units(B, Size="huge"), **automatic))
        assert operations(aws)[writes:] == [UPDATE]
        sizes = {account: size for (account, _), (_, size) in there(aws, stack).items()}
        assert sizes == {FOUR: "huge", FIVE: "huge", "8" * 12: "small"}
        assert stack.delete() == "DELETE_COMPLETE"
        assert aws.deployer.stacks == {}

    def test_accounts_that_have_joined(
        self, aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who may read the organization finds them; suspended accounts are not missed."""
        monkeypatch.setenv("READ_ORGANIZATION", "EVERYTHING")
        tree, joined = aws.engine.organization, "8" * 12
        assert tree is not None
        deploy(aws, stack, properties(units(A, B)))
        assert deploy(aws, stack, properties(units(A, B), Revision="2")) == []
        for account, unit in ((joined, C), ("9" * 12, B)):
            tree.join(account, unit)
        tree.suspend("9" * 12)
        before = len(operations(aws))
        assert stack.deploy(properties(units(A, B), Revision="3")) == "UPDATE_COMPLETE"
        assert operations(aws)[before:] == [CREATE]
        assert (joined, EAST) in there(aws, stack)
        joining = properties(units(A, B, regions=(EAST, WEST)))
        assert stack.deploy(joining) == "UPDATE_COMPLETE"
        assert operations(aws)[before:] == [CREATE, CREATE]
        assert (joined, WEST) in there(aws, stack)
        assert stack.deploy({**joining, "Revision": "4"}) == "UPDATE_COMPLETE"
        assert operations(aws)[before:] == [CREATE, CREATE]

    def test_nobody_tells_who_has_joined(
        self, aws: VirtualAWS, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The parameter alone is no right: the deployment goes on, and the answer says so."""
        monkeypatch.setenv("READ_ORGANIZATION", "EVERYTHING")
        aws.organizations.denied = {"*"}
        deploy(aws, stack, properties(units(A)))
        deploy(aws, stack, properties(units(A), Revision="2"))
        assert "joined since is not known" in stack.attributes["Warnings"]

    def test_units_that_nobody_may_ask_about(self, aws: VirtualAWS, stack: Stack) -> None:
        """They are taken for separate, and the answer says so."""
        aws.organizations.denied = {"*"}
        deploy(aws, stack, properties(units(A, B)))
        deploy(aws, stack, properties(units(A)))
        assert "is not known" in stack.attributes["Warnings"]

    def test_a_unit_above_that_goes(self, aws: VirtualAWS, stack: Stack) -> None:
        """Who stays has to be known before anything is deleted."""
        deploy(aws, stack, properties(units(ROOT)))
        aws.organizations.denied = {"*"}
        before = len(operations(aws))
        assert stack.deploy(properties(units(B))) == "UPDATE_ROLLBACK_COMPLETE"
        assert operations(aws)[before:] == []
        assert f"Unit {ROOT} leaves, and {B} below it stays" in stack.reason
        aws.organizations.denied = set()
        deploy(aws, stack, properties(units(B)))

    def test_accounts_without_a_root(self, aws: VirtualAWS, stack: Stack) -> None:
        """Where the root is not known, the author has to write it; nothing is made before."""
        aws.organizations.denied = {"*"}
        assert stack.deploy(properties(units(accounts=(ONE,)))) == "ROLLBACK_COMPLETE"
        assert "AccountFilterType: INTERSECTION" in stack.reason
        assert operations(aws) == []
        aws.engine.stack_sets.clear()

    def test_the_update_reaches_what_is_not_named(
        self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The log says so: the stack set's own configuration holds for all of its instances."""
        deploy(aws, stack, properties(units(B)))
        targets = {"OrganizationalUnitIds": [A], "AccountFilterType": "NONE"}
        asked = {"StackSetName": "Units", "DeploymentTargets": targets, "Regions": [EAST]}
        aws.engine.call("CreateStackInstances", asked)
        aws.clock.sleep(200)
        changed = properties(units(B), TemplateBody=template("2"))
        assert stack.deploy(changed) == "UPDATE_COMPLETE", stack.reason
        assert "the update reaches instances of others, too" in caplog.text

    def test_what_a_person_has_touched(self, aws: VirtualAWS, stack: Stack) -> None:
        """It counts as theirs, the answer says so, and what it says mends it."""
        deploy(aws, stack, properties(units(B)))
        targets = {
            "OrganizationalUnitIds": [B],
            "AccountFilterType": "INTERSECTION",
            "Accounts": [FOUR],
        }
        asked = {"StackSetName": "Units", "DeploymentTargets": targets, "Regions": [EAST]}
        aws.engine.call("UpdateStackInstances", asked)
        aws.clock.sleep(200)
        stack.deploy(properties(units(B, Size="big")))
        assert "worked last on 1 of the stack instances" in stack.attributes["Warnings"]
        mended = {"StackSetDescription": "mended"}
        stack.deploy(properties(units(B, Size="big"), **mended))
        assert stack.attributes["Warnings"] == ""
        deploy(aws, stack, properties(units(B, Size="huge"), **mended))

    def test_a_region_that_nobody_knows(self, stack: Stack) -> None:
        """It is named in a warning here, too."""
        stack.deploy(properties(units(EMPTY, regions=("us-west-9",))))
        assert "Regions names us-west-9" in stack.attributes["Warnings"]

    def test_trusted_access(self) -> None:
        """Without it there is no stack set."""
        with world(seconds=1) as aws:
            stack = new_stack(aws)
            assert stack.deploy(ALL) == "ROLLBACK_COMPLETE"
            assert "organizations access" in stack.reason


def test_delegated_administrator() -> None:
    """Every call is made in the organization's name."""
    tree = organization()
    tree.delegated_administrators.add(ONE)
    delegated = {"CallAs": "DELEGATED_ADMIN"}
    with world(seconds=1, account=ONE, organization=tree) as aws:
        stack = new_stack(aws)
        deploy(aws, stack, properties(units(B), **delegated))
        deploy(aws, stack, properties(units(B), units(A, regions=(WEST,)), **delegated))
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert aws.deployer.stacks == {}


def test_permission_model_changes(aws: VirtualAWS, stack: Stack) -> None:
    """Another model is another stack set, so another name."""
    own = {**properties(), "PermissionModel": "SELF_MANAGED"}
    assert stack.deploy(own) == "CREATE_COMPLETE", stack.reason
    assert stack.deploy(ALL) == "UPDATE_ROLLBACK_COMPLETE"
    assert "write another StackSetName" in stack.reason
    deploy(aws, stack, {**ALL, "StackSetName": "Other"})
    active = [each.name for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
    assert active == ["Other"]


def test_permission_model_changes_without_a_name(aws: VirtualAWS, stack: Stack) -> None:
    """A name that is made up is another then; a rollback brings the first one back."""
    nameless = {key: value for key, value in ALL.items() if key != "StackSetName"}
    own = {**nameless, "PermissionModel": "SELF_MANAGED", "StackInstancesGroup": []}
    assert stack.deploy(own) == "CREATE_COMPLETE", stack.reason
    first = stack.physical_id
    stack.others_fail = True
    assert stack.deploy(nameless) == "UPDATE_ROLLBACK_COMPLETE", stack.reason
    stack.others_fail = False
    assert stack.physical_id == first
    deploy(aws, stack, nameless)
    assert stack.physical_id != first
    assert sum(each.status == "ACTIVE" for each in aws.engine.stack_sets.values()) == 1


def test_accounts_behind_an_address(aws: VirtualAWS, stack: Stack) -> None:
    """The list counts as it is when the update comes, whatever it was before."""
    url = "https://s3.amazonaws.com/bucket/accounts.csv"
    group = units(A, filtered="INTERSECTION")
    group["DeploymentTargets"]["AccountsUrl"] = url
    for listed in ((ONE, TWO), (TWO, THREE), (THREE,)):
        aws.objects["bucket", "accounts.csv"] = ",\n".join(listed).encode()
        status = stack.deploy(properties(group, Revision=str(listed)))
        assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack.reason
        assert {account for account, _ in there(aws, stack)} == set(listed)


@pytest.mark.parametrize("body", [template(), template("2")], ids=["same", "another"])
def test_taken_over(aws: VirtualAWS, stack: Stack, body: str) -> None:
    """What was there before is the resource's from then on, and what is not wanted stays."""
    made = {"StackSetName": "Units", "PermissionModel": "SERVICE_MANAGED"}
    aws.engine.call(
        "CreateStackSet",
        {**made, "TemplateBody": template(), "AutoDeployment": {"Enabled": False}},
    )
    for unit in (A, B):
        targets = {"OrganizationalUnitIds": [unit], "AccountFilterType": "NONE"}
        asked = {"StackSetName": "Units", "DeploymentTargets": targets, "Regions": [EAST]}
        aws.engine.call("CreateStackInstances", asked)
        aws.clock.sleep(200)
    held = properties(units(A), OnExistingStackSet="ADOPT", TemplateBody=body, Parameters=[])
    assert stack.deploy(held) == "CREATE_COMPLETE", stack.reason
    assert len(aws.deployer.stacks) == 6
    bigger = properties(units(A, Size="big"), OnExistingStackSet="ADOPT", TemplateBody=body)
    assert stack.deploy({**bigger, "Parameters": []}) == "UPDATE_COMPLETE", stack.reason
    sizes = {place[0]: each.parameters.get("Size") for place, each in aws.deployer.stacks.items()}
    assert {sizes[each] for each in MEMBERS[A]} == {"big"}
    assert {sizes[each] for each in MEMBERS[B]} == {None}


def test_a_failed_take_over_is_undone(aws: VirtualAWS, stack: Stack) -> None:
    """What it has created goes, account by account; what was there before stays."""
    made = {"StackSetName": "Units", "PermissionModel": "SERVICE_MANAGED"}
    aws.engine.call(
        "CreateStackSet",
        {**made, "TemplateBody": template(), "AutoDeployment": {"Enabled": False}},
    )
    targets = {
        "OrganizationalUnitIds": [B],
        "AccountFilterType": "INTERSECTION",
        "Accounts": [FOUR],
    }
    asked = {"StackSetName": "Units", "DeploymentTargets": targets, "Regions": [EAST]}
    aws.engine.call("CreateStackInstances", asked)
    aws.clock.sleep(200)
    aws.engine.faults.deployments.append(DeploymentFault("No", account=SIX, seconds=1))
    held = properties(units(B, C), OnExistingStackSet="ADOPT")
    assert stack.deploy(held) == "ROLLBACK_COMPLETE", stack.reason
    assert {account for account, _, _ in aws.deployer.stacks} == {FOUR}


def test_answered_early(aws: VirtualAWS, stack: Stack) -> None:
    """A wait goes by the last operation of the plan here, too."""
    stack.timing.overlaps = True
    stack.deploy(properties(units(A), units(B, Size="big"), WaitFor="START"))
    waiting = wait_for(stack)
    assert waiting.status == "CREATE_COMPLETE", waiting.reason
    assert there(aws, stack) == wanted(stack.properties)
    changed = properties(units(A), units(B, Size="huge"), WaitFor="START")
    assert stack.deploy(changed) == "UPDATE_COMPLETE", stack.reason
    assert stack.attributes["InstanceCount"] == "6"


@pytest.mark.parametrize(("timeout", "told"), [("120", True), ("3600", False)])
def test_too_little_time(aws: VirtualAWS, stack: Stack, timeout: str, *, told: bool) -> None:
    """Who is in a unit is known by its instances in other Regions, and what takes too long told."""
    aws.deployer.seconds = 60.0
    stack.deploy(properties(units(A)))
    slow = {"OperationPreferences": "CAREFUL", "ServiceTimeout": timeout}

    stack.deploy(properties(units(A, regions=(EAST, WEST)), **slow))
    reasons = [each.reason for _, each in stack.answers]
    estimate = "estimated to take 4 minutes, at 60 seconds a stack, when 1 were left"
    assert any(estimate in each for each in reasons) is told
    assert any("or a longer ServiceTimeout" in each for each in reasons) is told


def test_suspended_accounts_block_nothing(aws: VirtualAWS, stack: Stack) -> None:
    """They are passed over, and forgotten when the stack set goes."""
    deploy(aws, stack, ALL)
    assert aws.engine.organization is not None
    aws.engine.organization.suspend(ONE)
    status = stack.deploy(properties(units(A, B), TemplateBody=template("2")))
    assert status == "UPDATE_COMPLETE", stack.reason
    assert stack.attributes["FailedInstanceCount"] == "1"
    assert stack.delete() == "DELETE_COMPLETE", stack.reason


@pytest.mark.parametrize(
    ("part", "word"),
    [
        ({"Transform": "AWS::Serverless-2016-10-31"}, "the macro AWS::Serverless-2016-10-31"),
        ({"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack"}}}, "nested stacks"),
    ],
)
def test_templates_that_need_a_role(
    aws: VirtualAWS, stack: Stack, part: dict[str, Any], word: str
) -> None:
    """Macros and nested stacks are refused before anything is made."""
    body = json.dumps({**json.loads(template()), **part})
    capabilities = ["CAPABILITY_AUTO_EXPAND"]
    asked = properties(units(B), TemplateBody=body, Capabilities=capabilities)
    assert stack.deploy(asked) == "ROLLBACK_COMPLETE"
    assert f"TemplateBody uses {word}, which a service-managed stack set" in stack.reason
    assert operations(aws) == []


def test_a_role_of_its_own(aws: VirtualAWS, stack: Stack) -> None:
    """It is sent with every update, and goes when the template has it no more."""
    name = "stacksets-exec-custom-mine"
    made = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": name}}
    role = {
        "ExecutionRoleName": name,
        "ExecutionRoleTemplateBody": json.dumps({"Resources": {"Role": made}}),
        "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    deploy(aws, stack, properties(units(B), **role))
    assert deploy(aws, stack, properties(units(B), **role, TemplateBody=template("2"))) == [SET]
    deploy(aws, stack, properties(units(B), TemplateBody=template("2")))
    sent = [asked for _, action, asked in aws.engine.calls if action == SET]
    assert "ExecutionRoleTemplateBody" in sent[0]
    assert sent[1]["UseAdminExecutionRole"] is True


class TestNobody:
    """What goes well though nobody, or not everybody who is named, has a stack, is told."""

    @pytest.mark.parametrize(
        ("group", "told"),
        [
            (units(EMPTY), f"[0] selects nobody, so nothing is deployed for it: {EMPTY} has no"),
            (
                units(A, filtered="INTERSECTION", accounts=(FOUR,)),
                f"[0] names {FOUR}, and StackSets finds no such active account in {A}, so nothing",
            ),
            (
                units(A, filtered="INTERSECTION", accounts=(ONE, FOUR)),
                f"[0] names {FOUR}, and StackSets finds no such active account in {A}, so nothing",
            ),
            (
                units(accounts=("9" * 12,)),
                f"[0] names {'9' * 12}, and StackSets finds no such active account in the org",
            ),
            (
                units(A, filtered="DIFFERENCE", accounts=(ONE, FOUR)),
                f"[0].DeploymentTargets.Accounts excepts {FOUR}, which is not in {A}: see that",
            ),
            (
                units(A, filtered="DIFFERENCE", accounts=MEMBERS[A]),
                f"[0] selects nobody, so nothing is deployed for it: {A} has no active account but",
            ),
        ],
        ids=["empty", "another unit", "some", "unknown", "exception", "all excepted"],
    )
    def test_told(
        self,
        stack: Stack,
        caplog: pytest.LogCaptureFixture,
        group: dict[str, Any],
        told: str,
    ) -> None:
        """In Warnings and once in the log."""
        assert stack.deploy(properties(group)) == "CREATE_COMPLETE", stack.reason
        assert f"StackInstancesGroup{told}" in stack.attributes["Warnings"]
        assert sum(told in each for each in caplog.messages) == 1
        assert stack.deploy(properties(group, Revision="2")) == "UPDATE_COMPLETE", stack.reason

    @pytest.mark.parametrize(
        "groups",
        [
            [units(A), units(C)],
            [units(ROOT), units(B, filtered="DIFFERENCE", accounts=(FOUR,))],
            [
                units(A, filtered="INTERSECTION", accounts=(ONE,)),
                units(B, accounts=(THREE,), filtered="UNION"),
            ],
            [units(A, filtered="DIFFERENCE", accounts=(SIX,))],
        ],
        ids=["nested", "root", "filters", "exception"],
    )
    @pytest.mark.parametrize("reads", ["", "EVERYTHING"])
    def test_nothing_to_tell(
        self,
        stack: Stack,
        monkeypatch: pytest.MonkeyPatch,
        groups: list[dict[str, Any]],
        reads: str,
    ) -> None:
        """Where everybody has a stack, by whatever unit."""
        monkeypatch.setenv("READ_ORGANIZATION", reads)
        assert stack.deploy(properties(*groups)) == "CREATE_COMPLETE", stack.reason
        assert stack.attributes["Warnings"] == ""
