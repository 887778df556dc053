"""A deployment that was answered at its start, with sandboxes that die and others that join in."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from tests.simulation.deaths import deaths
from tests.simulation.overlaps import sampled
from tests.simulation.scenarios import (
    AFTER,
    BEFORE,
    NO_VERSION_2,
    RENAMED,
    Outcome,
    Scenario,
    Stage,
    check_answers,
    killer,
    outcome,
)
from tests.simulation.story import operations, template
from tests.simulation.verdicts import KNOWS_AFTER, verdict, writes_of

_CALL_SECONDS = 0.3125
_DEPLOYMENT_SECONDS = 40.0
_EARLY = {"WaitFor": "START"}


def _deploy(wanted: dict[str, Any], stack: Stack) -> str:
    stack.timing.overlaps = True
    return stack.deploy({**wanted, **_EARLY})


def _scenario(
    before: dict[str, object] | None,
    after: dict[str, Any],
    fault: DeploymentFault | None = None,
) -> Scenario:
    return Scenario(before, functools.partial(_deploy, after), fault)


SCENARIOS = {
    "create": _scenario(None, AFTER),
    "update": _scenario(BEFORE, AFTER),
    "update after an early answer": _scenario({**BEFORE, **_EARLY}, AFTER),
    "replace": _scenario(BEFORE, RENAMED),
    "failing create": _scenario(None, AFTER, NO_VERSION_2),
    "failing update": _scenario(BEFORE, AFTER, NO_VERSION_2),
}


def _outcome(aws: VirtualAWS, stack: Stack, name: str) -> Outcome:
    """What comes of it; a replaced stack set is cleaned up while the other is deployed."""
    told = outcome(aws, stack, SCENARIOS[name].change(stack))
    return told._replace(deployments=sorted(told.deployments))


@functools.cache
def _prepared(name: str) -> tuple[Stage, Outcome, int, dict[str, list[int]]]:
    """A scenario's stage, its undisturbed outcome, how many calls that takes, where to die."""
    stage = Stage(SCENARIOS[name])
    with stage.enter() as (aws, stack):
        already = len(aws.calls)
        undisturbed = _outcome(aws, stack, name)
        numbers = {moment: deaths(aws, moment, already) for moment in ("before", "after")}
        return stage, undisturbed, len(aws.calls) - already, numbers


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_death_at_every_call(name: str, moment: str) -> None:
    """Wherever the sandbox dies, before the answer or after it, the deployment is the same."""
    stage, undisturbed, _, numbers = _prepared(name)
    for at in numbers[moment]:
        with stage.enter() as (aws, stack):
            setattr(aws, f"{moment}_call", killer(aws, at))
            disturbed = _outcome(aws, stack, name)
            check_answers(aws)
            assert stack.function.deaths == 1
            assert disturbed == undisturbed, f"died {moment} call {at}: {operations(aws)}"


def _deliver_again(stack: Stack) -> None:
    stack.function.start(stack.requests[-1])


@pytest.mark.parametrize("name", SCENARIOS)
def test_second_delivery(name: str) -> None:
    """A second delivery, even long after the answer, joins in and changes nothing."""
    stage, undisturbed, calls, _ = _prepared(name)
    for at in sampled(range(1, calls + 1), name):
        with stage.enter() as (aws, stack):
            aws.scheduler.mix(at)
            aws.at_call(at, functools.partial(_deliver_again, stack))
            disturbed = _outcome(aws, stack, name)
            check_answers(aws)
            assert disturbed == undisturbed, f"joined at call {at}: {operations(aws)}"


def _update(stack: Stack) -> None:
    stack.start({**AFTER, "TemplateBody": template("3")})


def _update_early(stack: Stack) -> None:
    stack.start({**AFTER, "TemplateBody": template("3"), **_EARLY})


def _back(stack: Stack) -> None:
    stack.start(BEFORE)


DEEDS: dict[str, Callable[[Stack], None]] = {
    "update": _update,
    "update early": _update_early,
    "back": _back,
    "delete": Stack.start_delete,
}


_CHANGES: dict[str, tuple[dict[str, Any] | None, dict[str, Any]]] = {
    "create": (None, AFTER),
    "update": (BEFORE, AFTER),
    "update after an early answer": ({**BEFORE, **_EARLY}, AFTER),
    "replace": (BEFORE, RENAMED),
}


@functools.cache
def _begun(name: str) -> tuple[Stage, int]:
    """A world before a change whose calls take their time, and how many calls that makes."""
    before, after = _CHANGES[name]
    stage = Stage(Scenario(before, lambda stack: stack.status), _DEPLOYMENT_SECONDS)
    with stage.enter() as (aws, stack):
        already = len(aws.calls)
        _start(aws, stack, after)
        aws.scheduler.drain()
        assert verdict(aws, stack) == []
        return stage, len(aws.calls) - already


def _start(aws: VirtualAWS, stack: Stack, after: dict[str, Any]) -> None:
    aws.call_seconds = _CALL_SECONDS
    stack.timing.overlaps = True
    stack.start({**after, **_EARLY})


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("name", _CHANGES)
def test_superseded_at_every_call(name: str, deed: str) -> None:
    """Whenever the user goes on, the world is as the last request says, and the first silent."""
    stage, calls = _begun(name)
    for at in sampled(range(1, calls + 1), name + deed):
        with stage.enter() as (aws, stack):
            moments: list[float] = []
            number = len(stack.requests)

            def go_on(aws: VirtualAWS = aws, stack: Stack = stack) -> None:
                stack.settle()
                moments.append(aws.clock.now)  # noqa: B023 - it is done within this turn
                DEEDS[deed](stack)

            def begin(aws: VirtualAWS = aws, go_on: Callable[[], None] = go_on) -> None:
                aws.scheduler.spawn("the user", go_on)

            aws.at_call(at, begin)
            _start(aws, stack, _CHANGES[name][1])
            aws.scheduler.drain()
            assert verdict(aws, stack) == [], f"at call {at}: {operations(aws)}"
            late = writes_of(aws, stack.requests[number], moments[0] + KNOWS_AFTER)
            assert late == [], f"at call {at}"
