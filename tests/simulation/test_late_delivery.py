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
    for at in prepared.moments(f"{change}{stage.__name__}")[::3]:
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            aws.at_call(at, stack.sibling_fails)
            aws.scheduler.wait(functools.partial(is_rolling_back, stack))
            late = stack.requests[-1]
            stage(aws, stack)
            began = aws.clock.now
            stack.function.start(late)
            stack.settle()
            wrong[at] = verdict(aws, stack) + writes_of(aws, late, began)

    assert {at: each for at, each in wrong.items() if each} == {}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("change", CHANGES)
def test_death_at_every_call(change: str, moment: str) -> None:
    """A sandbox dies, perhaps when its answer is out already, and nobody waits for the next try."""
    prepared, wrong = overlap(change), dict[int, list[str]]()
    for at in prepared.moments(f"{change}{moment}"):
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            setattr(aws, f"{moment}_call", killer(len(aws.calls) + at))
            status = stack.settle()
            wrong[at] = verdict(aws, stack)
            assert stack.function.deaths == 1
            assert status == ("CREATE_COMPLETE" if change == "create" else "UPDATE_COMPLETE")

    assert {at: each for at, each in wrong.items() if each} == {}


def has_died(stack: Stack) -> bool:
    """Tell whether a sandbox has died."""
    return stack.function.deaths > 0


def is_rolling_back(stack: Stack) -> bool:
    """Tell whether the stack has turned."""
    return stack.status.startswith(("ROLLBACK", "UPDATE_ROLLBACK"))


def killer(number: int) -> Callable[[str, str, int], None]:
    """A hook that lets the sandbox die at the call of this number."""

    def die(_service: str, _action: str, running: int) -> None:
        if running == number:
            raise SandboxDied

    return die


@pytest.mark.parametrize("sends_after", [0.0, 0.9])
def test_deleted_while_a_dead_create_waits(sends_after: float) -> None:
    """The user deletes the stack before Lambda tries a Create again whose sandbox has died."""
    prepared, wrong = overlap("create"), dict[int, list[str]]()
    for at in prepared.moments(f"deleted{sends_after}"):
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            stack.timing.sends_after = sends_after
            aws.before_call = killer(len(aws.calls) + at)
            aws.scheduler.wait(functools.partial(has_died, stack))
            stack.start_delete()
            assert stack.settle() == "DELETE_COMPLETE"
            wrong[at] = verdict(aws, stack)

    assert {at: each for at, each in wrong.items() if each} == {}
