"""Changes to a stack that sweeps play again and again, and what has to be the same each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from emulator.stacksets.faults import DeploymentFault
from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import SandboxDied
from tests.simulation.stages import KeptWorld
from tests.simulation.story import (
    ACCOUNTS,
    REGIONS,
    group,
    new_stack,
    properties,
    stacks_of,
    template,
)

BEFORE = properties(group(ACCOUNTS[:2], REGIONS[:2]), group(ACCOUNTS[2:3], REGIONS[:1]))
AFTER = properties(
    group(ACCOUNTS[:1], REGIONS[:2]),
    group(ACCOUNTS[2:3], REGIONS[:1], Size="large"),
    group(ACCOUNTS[3:], REGIONS[:1]),
    TemplateBody=template("2"),
)
RENAMED = {**AFTER, "StackSetName": "Renamed"}

NO_VERSION_2 = DeploymentFault("No", account=ACCOUNTS[2], marker="version 2", seconds=1)
NO_DELETE = DeploymentFault("No", account=ACCOUNTS[1], actions=("DELETE",), seconds=1)


class Scenario(NamedTuple):
    """One change to a stack, with a sandbox that dies on the way.

    Attributes:
        before: Properties deployed undisturbed at first; None for no stack yet.
        change: The change during which the sandbox dies.
        fault: What goes wrong in one account; None where nothing does.
        suspended: Accounts that are suspended before the change.
    """

    before: dict[str, object] | None
    change: Callable[[Stack], str]
    fault: DeploymentFault | None = None
    suspended: tuple[str, ...] = ()


SCENARIOS = {
    "create": Scenario(None, lambda stack: stack.deploy(AFTER)),
    "update": Scenario(BEFORE, lambda stack: stack.deploy(AFTER)),
    "replace": Scenario(BEFORE, lambda stack: stack.deploy(RENAMED)),
    "delete": Scenario(BEFORE, lambda stack: stack.delete()),
    "failing delete": Scenario(BEFORE, lambda stack: stack.delete(), NO_DELETE),
    "failing create": Scenario(None, lambda stack: stack.deploy(AFTER), NO_VERSION_2),
    "failing update": Scenario(BEFORE, lambda stack: stack.deploy(AFTER), NO_VERSION_2),
    "failing removal": Scenario(BEFORE, lambda stack: stack.deploy(AFTER), NO_DELETE),
    "failing replacement": Scenario(BEFORE, lambda stack: stack.deploy(RENAMED), NO_VERSION_2),
    "bad update": Scenario(BEFORE, lambda stack: stack.deploy({**AFTER, "Nonsense": "1"})),
}

_TOLERANT = {
    "FailOnTolerated": False,
    "OperationPreferences": {"FailureToleranceCount": 1, "MaxConcurrentCount": 2},
}
_RETAINING = {"RetainStacks": True, "RetainStacksOnRemoval": True}
_FAILING = {"UnreachableAccounts": "FAIL"}
_CLOSED = ACCOUNTS[:1]
KEEPING = {
    "retaining delete": Scenario(
        {**BEFORE, **_RETAINING}, lambda stack: stack.delete(), suspended=_CLOSED
    ),
    "retaining removal": Scenario(BEFORE, lambda stack: stack.deploy({**AFTER, **_RETAINING})),
    "retaining replacement": Scenario(
        {**BEFORE, **_RETAINING}, lambda stack: stack.deploy({**RENAMED, **_RETAINING})
    ),
    "failing retaining create": Scenario(
        None, lambda stack: stack.deploy({**AFTER, **_RETAINING}), NO_VERSION_2
    ),
    "failing retaining update": Scenario(
        {**BEFORE, **_RETAINING},
        lambda stack: stack.deploy({**AFTER, **_RETAINING}),
        NO_VERSION_2,
    ),
    "delete past a closed account": Scenario(BEFORE, lambda stack: stack.delete(), None, _CLOSED),
    "failing delete past one": Scenario(BEFORE, lambda stack: stack.delete(), NO_DELETE, _CLOSED),
    "delete that minds one": Scenario(
        {**BEFORE, **_FAILING}, lambda stack: stack.delete(), NO_DELETE, _CLOSED
    ),
    "removal of one": Scenario(BEFORE, lambda stack: stack.deploy(AFTER), None, ACCOUNTS[1:2]),
    "removal that minds one": Scenario(
        BEFORE, lambda stack: stack.deploy({**AFTER, **_FAILING}), None, ACCOUNTS[1:2]
    ),
    "tolerated update": Scenario(
        BEFORE, lambda stack: stack.deploy({**AFTER, **_TOLERANT}), NO_VERSION_2
    ),
    "tolerated removal": Scenario(
        BEFORE, lambda stack: stack.deploy({**AFTER, **_TOLERANT}), NO_DELETE
    ),
    "too many deletions": Scenario(
        BEFORE, lambda stack: stack.deploy({**AFTER, "MaxDeletePercentage": 19})
    ),
}
"""Changes in which instances go and stacks stay, or failures pass."""

SCENARIOS |= KEEPING


class Outcome(NamedTuple):
    """What has to be the same whether the sandbox died or not."""

    status: str
    stacks: dict[object, object]
    active: list[str]
    instances: dict[object, object]
    answers: list[tuple[str, str | None]]
    deployments: list[tuple[str, str, str]]


class Stage(KeptWorld):
    """A world in which a scenario's change is about to happen, as often as it is wanted."""

    def __init__(
        self, scenario: Scenario, seconds: float = 5.0, readings: Readings | None = None
    ) -> None:
        """Play what comes before the change; a deployment takes so many seconds."""
        with world(seconds=seconds, readings=readings) as aws:
            stack = new_stack(aws)
            if scenario.before is not None:
                stack.deploy(scenario.before)
            aws.engine.faults.suspended_accounts.update(scenario.suspended)
            if scenario.fault:
                aws.engine.faults.deployments.append(scenario.fault)
        super().__init__(aws, stack)


def outcome(aws: VirtualAWS, stack: Stack, status: str) -> Outcome:
    """What the world looks like in the end; ids, which are random, are left out."""
    aws.scheduler.drain()
    sets = [each for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
    assert not any(each.unfinished for each in sets)
    return Outcome(
        status,
        {place: each for one in sets for place, each in stacks_of(aws, one.stack_set_id).items()},
        [each.name for each in sets],
        {
            target: (each.status, dict(each.overrides))
            for one in sets
            for target, each in one.instances.items()
        },
        [(request, answer.status) for request, answer in stack.answers],
        [(order.action, order.account, order.region) for _, order, _ in aws.engine.deployments],
    )


def check_answers(aws: VirtualAWS) -> None:
    """An answer that is given twice says the same both times."""
    told: dict[str, object] = {}
    for delivery in aws.responses:
        body = {key: delivery.body[key] for key in ("Status", "PhysicalResourceId")}
        assert told.setdefault(delivery.body["RequestId"], body) == body


def killer(aws: VirtualAWS, at: int) -> Callable[[str, str, int], None]:
    """A hook that lets the sandbox die at one call."""
    already = len(aws.calls)

    def die(_service: str, _action: str, number: int) -> None:
        if number == already + at:
            raise SandboxDied

    return die
