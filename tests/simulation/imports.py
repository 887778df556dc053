"""Stacks that stand already, and what a stack that imports them does."""

from __future__ import annotations

from typing import Any

from emulator.stacksets import arns
from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from emulator.virtual.deployer import DeployedStack
from tests.simulation.story import ACCOUNTS, properties, template

EAST = "us-east-1"
ONE, TWO, THREE, FOUR = ACCOUNTS
CREATE, UPDATE, DELETE, SET, IMPORT = (
    "CreateStackInstances",
    "UpdateStackInstances",
    "DeleteStackInstances",
    "UpdateStackSet",
    "ImportStacksToStackSet",
)
STEPS = (CREATE, UPDATE, DELETE, SET, IMPORT)
UNIT = "ou-root-aaaaaaaa"


def stand(aws: VirtualAWS, account: str, size: str = "small", version: str = "1") -> str:
    """Let a stack stand that somebody made by hand; returns its id."""
    name = f"by-hand-{account}"
    stack_id = arns.stack_arn(account, EAST, name)
    values = {"Size": size, "Colour": "default"}
    aws.deployer.stacks[account, EAST, name] = DeployedStack(
        stack_id, name, template(version), values, {}
    )
    return stack_id


def importing(*stack_ids: object, groups: tuple[Any, ...] = (), **others: Any) -> dict[str, Any]:
    """Properties that import stacks, beside groups."""
    wanted = properties(*groups, ImportStacks=list(stack_ids), **others)
    return wanted if groups else {**wanted, "StackInstances": []}


def steps(aws: VirtualAWS) -> list[str]:
    """The operations that were started."""
    return [action for _, _, action in aws.calls if action in STEPS]


def done(aws: VirtualAWS, stack: Stack, wanted: dict[str, Any]) -> list[str]:
    """Deploy and return the operations."""
    before = len(steps(aws))
    status = stack.deploy(wanted)
    assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack.reason
    return steps(aws)[before:]


def members(aws: VirtualAWS, stack: Stack) -> dict[str, str]:
    """The stack of each instance in the one Region, by account."""
    item = aws.engine.stack_sets[stack.physical_id]
    return {account: str(each.stack_id) for (account, _), each in item.instances.items()}


def standing(aws: VirtualAWS) -> set[str]:
    """The ids of all stacks that there are."""
    return {each.stack_id for each in aws.deployer.stacks.values()}


def sizes(aws: VirtualAWS) -> dict[str, str]:
    """The size of each stack, by account."""
    return {a: each.parameters["Size"] for (a, _, _), each in aws.deployer.stacks.items()}


def deliver_again(stack: Stack) -> None:
    """Deliver the last request a second time."""
    stack.function.start(stack.requests[-1])
