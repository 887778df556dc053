"""Lambda delivers an event twice at the same time: two sandboxes work on one request."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import SANDBOX_SECONDS, Context
from tests.simulation.scenarios import SCENARIOS, check_answers, outcome, scene
from tests.simulation.story import operations

# The rest answers before it does anything.
NAMES = [name for name in SCENARIOS if name != "bad update"]


@contextmanager
def another_sandbox() -> Iterator[Callable[[Any, Any], None]]:
    """The function loaded a second time, with nothing in common with the first."""
    ours = {name: module for name, module in sys.modules.items() if name.startswith("handler")}
    for name in ours:
        del sys.modules[name]
    try:
        yield importlib.import_module("handler.app").handler
    finally:
        sys.modules.update(ours)


def second_sandbox_at(
    aws: VirtualAWS, stack: Stack, at: int, handler: Callable[[Any, Any], None]
) -> Callable[[str, str, int], None]:
    """A hook that has another sandbox serve the same request to its end before one call."""
    already = len(aws.calls)

    def deliver(_service: str, _action: str, number: int) -> None:
        if number == already + at:
            handler(stack.requests[-1], Context(aws, aws.clock.now + SANDBOX_SECONDS))

    return deliver


@pytest.mark.parametrize("name", NAMES)
def test_second_delivery_at_every_call(name: str) -> None:
    """Whenever another sandbox gets the same event, no stack is touched more often for it."""
    scenario = SCENARIOS[name]
    with scene(scenario) as (aws, stack):
        already = len(aws.calls)
        undisturbed = outcome(aws, stack, scenario.change(stack))
        calls = len(aws.calls) - already
    with another_sandbox() as handler:
        for at in range(1, calls + 1):
            with scene(scenario) as (aws, stack):
                aws.before_call = second_sandbox_at(aws, stack, at, handler)
                disturbed = outcome(aws, stack, scenario.change(stack))
                check_answers(aws)
                assert disturbed == undisturbed, f"second at call {at}: {operations(aws)}"
