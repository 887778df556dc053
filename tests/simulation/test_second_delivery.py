"""Lambda delivers an event twice at the same time: two sandboxes work on one request."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import SANDBOX_SECONDS, Context
from tests.simulation.overlaps import FULL, sampled
from tests.simulation.sandboxes import load
from tests.simulation.scenarios import SCENARIOS, Stage, check_answers, outcome
from tests.simulation.story import operations

# The rest answers before it does anything.
NAMES = [name for name in SCENARIOS if name != "bad update"]


def second_sandbox_at(
    aws: VirtualAWS, stack: Stack, at: int, handler: Callable[[Any, Any], None]
) -> Callable[[str, str, int], None]:
    """A hook that has another sandbox serve the same request to its end before one call."""
    already = len(aws.calls)

    def deliver(_service: str, _action: str, number: int) -> None:
        if number == already + at:
            handler(stack.requests[-1], Context(aws, aws.clock.now + SANDBOX_SECONDS))

    return deliver


def turns(actions: Sequence[str]) -> list[int]:
    """The numbers of calls, from 1: of a question that is asked again and again, both ends.

    Who waits for an operation asks the same until it has ended, and a second delivery that comes
    between finds what those at its first and its last time find.
    """
    beside = zip(("", *actions), actions, (*actions[1:], ""), strict=False)
    apart = [FULL or one != action or action != other for one, action, other in beside]
    return [number for number, each in enumerate(apart, 1) if each]


@pytest.mark.parametrize("name", NAMES)
def test_second_delivery_at_every_call(name: str) -> None:
    """Whenever another sandbox gets the same event, no stack is touched more often for it."""
    scenario = SCENARIOS[name]
    stage = Stage(scenario)
    with stage.enter() as (aws, stack):
        already = len(aws.calls)
        undisturbed = outcome(aws, stack, scenario.change(stack))
        numbers = turns([action for _, _, action in aws.calls[already:]])
    another = load()
    for at in numbers:
        with stage.enter() as (aws, stack):
            aws.before_call = second_sandbox_at(aws, stack, at, another.handler)
            disturbed = outcome(aws, stack, scenario.change(stack))
            check_answers(aws)
            assert disturbed == undisturbed, f"second at call {at}: {operations(aws)}"


def deliver_again(stack: Stack) -> None:
    """Give the newest request to one more sandbox."""
    stack.function.start(stack.requests[-1])


@pytest.mark.parametrize("name", NAMES)
def test_two_sandboxes_side_by_side(name: str) -> None:
    """Whenever a second sandbox joins in, the two take turns and no stack is touched more often."""
    scenario = SCENARIOS[name]
    stage = Stage(scenario)
    with stage.enter() as (aws, stack):
        already = len(aws.calls)
        undisturbed = outcome(aws, stack, scenario.change(stack))
        calls = len(aws.calls) - already
    for at in sampled(range(1, calls + 1), name):
        with stage.enter() as (aws, stack):
            aws.scheduler.mix(at)
            aws.at_call(at, functools.partial(deliver_again, stack))
            disturbed = outcome(aws, stack, scenario.change(stack))
            check_answers(aws)
            assert disturbed == undisturbed, f"joined at call {at}: {operations(aws)}"
