"""Changes that are given up in the middle, and how often that is tried."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack, Timing
from tests.simulation.scenarios import AFTER, BEFORE, RENAMED, Scenario, Stage
from tests.simulation.verdicts import KNOWS_AFTER, verdict, writes_of

FULL = os.environ.get("SWEEPS") == "full"
_SAMPLE = 5
_ENDS = (0, 1, -2, -1)

# Deployments are slow and calls take their time, so that there is something to interrupt.
DEPLOYMENT_SECONDS = 40.0
CALL_SECONDS = 0.3125

CHANGES: dict[str, tuple[dict[str, object] | None, dict[str, Any]]] = {
    "create": (None, AFTER),
    "update": (BEFORE, AFTER),
    "replace": (BEFORE, RENAMED),
}
DEEDS: dict[str, Callable[[Stack], None]] = {
    "sibling fails": Stack.sibling_fails,
    "user cancels": Stack.cancel,
    "user deletes": Stack.start_delete,
}


class Overlap:
    """A change during which something happens at one of its calls.

    Attributes:
        calls: How many API calls the undisturbed change takes, with that of the answer; those of
            a clean-up, which cannot be given up, are left out.
    """

    def __init__(self, change: str) -> None:
        before, self._after = CHANGES[change]
        self._stage = Stage(Scenario(before, lambda stack: stack.status), DEPLOYMENT_SECONDS)
        with self.begun(Timing(overlaps=True)) as (aws, stack):
            already = len(aws.calls)
            stack.settle()
            made = [service for _, service, _ in aws.calls[already:]]
            self.calls = made.index("response") + 1
            assert verdict(aws, stack) == []

    @contextmanager
    def begun(self, timing: Timing) -> Iterator[tuple[VirtualAWS, Stack]]:
        """A world in which the change has begun and made no call yet."""
        with self._stage.enter() as (aws, stack):
            aws.call_seconds = CALL_SECONDS
            stack.timing.overlaps = timing.overlaps
            stack.timing.rolls_back_after = timing.rolls_back_after
            stack.start(self._after)
            yield aws, stack

    def moments(self, seed: str) -> list[int]:
        """The numbers of the calls at which something is tried: all, or a few by a seed."""
        return sampled(range(1, self.calls + 1), seed)


def sampled(numbers: Sequence[int], seed: str) -> list[int]:
    """All of the numbers, or those at both ends and a few between when sweeps are not full."""
    if FULL or len(numbers) <= _SAMPLE + len(_ENDS):
        return list(numbers)
    step = len(numbers) / _SAMPLE
    offset = sum(seed.encode()) % 97 / 97
    between = {numbers[int((index + offset) * step)] for index in range(_SAMPLE)}
    return sorted(between | {numbers[index] for index in _ENDS})


def give_up(aws: VirtualAWS, stack: Stack, at: int, deed: Callable[[Stack], None]) -> list[float]:
    """Have something happen at a call; gives the list that will hold the moment."""
    moments: list[float] = []

    def act() -> None:
        moments.append(aws.clock.now)
        deed(stack)

    aws.at_call(at, act)
    return moments


def faults_of(aws: VirtualAWS, stack: Stack, given_up_at: float) -> list[str]:
    """Everything that is wrong after a request was given up and all has ended."""
    wrong = verdict(aws, stack)
    for event in given_up(stack):
        wrong += writes_of(aws, event, given_up_at + KNOWS_AFTER)
    return wrong


def given_up(stack: Stack) -> list[dict[str, Any]]:
    """The requests that CloudFormation did not wait for."""
    told = zip(stack.requests, stack.answers, strict=False)
    return [event for event, (_, answer) in told if answer.reason.endswith("cancelled")]
