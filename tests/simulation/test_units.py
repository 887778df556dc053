"""Service-managed stack sets: units, Regions and filters, in an organization."""

from __future__ import annotations

import random
from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.stacksets.history import Lag
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.scenarios import killer
from tests.simulation.story import new_stack, operations, template

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


def _calls(name: str) -> tuple[int, list[str]]:
    with world(seconds=10.0, organization=organization()) as aws:
        already: list[int] = []
        _, wrong = _play(aws, name, lambda aws, _: already.append(len(aws.calls)))
        assert wrong == []
        return len(aws.calls) - already[0], operations(aws)


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", STORIES)
def test_death_at_every_call(name: str, moment: str) -> None:
    """Wherever the sandbox dies, the world ends as wanted, after the same operations."""
    calls, writes = _calls(name)
    for at in range(1, calls + 1):
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
            assert status in {"UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}, stack.reason
            held = asked if status == "UPDATE_COMPLETE" else held
            assert there(aws, stack) == wanted(held), (status, held)
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert aws.deployer.stacks == {}
