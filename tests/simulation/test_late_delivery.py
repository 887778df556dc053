"""Lambda tries an event again when CloudFormation has long gone on."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack, Timing
from emulator.virtual.functions import SandboxDied
from tests.simulation.overlaps import CHANGES, Overlap, given_up
from tests.simulation.scenarios import BEFORE
from tests.simulation.story import template
from tests.simulation.verdicts import verdict, writes_of

LATER = {**BEFORE, "TemplateBody": template("3")}


def rolled_back(aws: VirtualAWS, stack: Stack) -> None:
    """The change was rolled back."""
    stack.settle()
    aws.scheduler.drain()


def going_on(aws: VirtualAWS, stack: Stack) -> None:
    """The stack was rolled back and is being deployed anew."""
    rolled_back(aws, stack)
    stack.start(LATER)
    aws.clock.sleep(30)


def deployed_anew(aws: VirtualAWS, stack: Stack) -> None:
    """The stack was rolled back and deployed anew."""
    rolled_back(aws, stack)
    stack.deploy(LATER)


def deleted(aws: VirtualAWS, stack: Stack) -> None:
    """The stack was deleted."""
    rolled_back(aws, stack)
    stack.delete()


STAGES: list[Callable[[VirtualAWS, Stack], None]] = [rolled_back, going_on, deployed_anew, deleted]


@functools.cache
def overlap(change: str) -> Overlap:
    """The change, prepared once."""
    return Overlap(change)


def die_and_fail(aws: VirtualAWS, stack: Stack, at: int) -> list[float]:
    """Have the sandbox die and a sibling fail at one call; gives the list of the moment."""
    moments: list[float] = []

    def act() -> None:
        moments.append(aws.clock.now)
        stack.sibling_fails()
        raise SandboxDied

    aws.at_call(at, act)
    return moments


@pytest.mark.parametrize("change", CHANGES)
def test_lambda_tries_again(change: str) -> None:
    """The sandbox dies, the rollback begins, and a minute later the event comes again."""
    prepared, wrong = overlap(change), dict[int, list[str]]()
    for at in prepared.moments(change):
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            moments = die_and_fail(aws, stack, at)
            stack.settle()
            aws.scheduler.drain()
            assert stack.function.deaths == 1
            (late,) = given_up(stack)
            wrong[at] = verdict(aws, stack) + writes_of(aws, late, moments[0])

    assert {at: each for at, each in wrong.items() if each} == {}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("change", CHANGES)
def test_at_each_stage(change: str, stage: Callable[[VirtualAWS, Stack], None]) -> None:
    """However far CloudFormation is, an event that it has given up writes nothing any more."""
    prepared, wrong = overlap(change), dict[int, list[str]]()
    for at in prepared.moments(f"{change}{stage.__name__}")[:3]:
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            aws.at_call(at, stack.sibling_fails)
            aws.scheduler.wait(lambda: stack.record.now.status.startswith(("ROLL", "UPDATE_ROLL")))
            late = stack.requests[-1]
            stage(aws, stack)
            began = aws.clock.now
            stack.function.start(late)
            stack.settle()
            wrong[at] = verdict(aws, stack) + writes_of(aws, late, began)

    assert {at: each for at, each in wrong.items() if each} == {}
