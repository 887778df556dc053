"""Lists lag behind: that changes nothing but seconds."""

from __future__ import annotations

import functools

import pytest

from emulator.stacksets.history import Lag
from emulator.virtual.aws import VirtualAWS
from tests.simulation.scenarios import SCENARIOS, Outcome, Stage, check_answers, outcome
from tests.simulation.story import operations

LAGS = {
    "operations": Lag(operations=5.0, fixed=True),
    "results": Lag(results=3.0, fixed=True),
    "instances": Lag(instances=5.0, fixed=True),
    "all by seconds": Lag(operations=4.0, results=6.0, instances=5.0, fixed=True),
    "all by half a minute": Lag(operations=30.0, results=30.0, instances=30.0, fixed=True),
    "all by a minute": Lag(operations=59.0, results=59.0, instances=59.0, fixed=True),
    "each listing its own": Lag(operations=59.0, results=59.0, instances=59.0, seed=1),
    "each listing its own way": Lag(operations=20.0, results=20.0, instances=20.0, seed=2),
}
_MOST_CALLS_A_SECOND = 2.0


@functools.cache
def _stage(name: str) -> Stage:
    return Stage(SCENARIOS[name])


@functools.cache
def _undisturbed(name: str) -> tuple[Outcome, list[str]]:
    with _stage(name).enter() as (aws, stack):
        return outcome(aws, stack, SCENARIOS[name].change(stack)), _started(aws)


def _started(aws: VirtualAWS) -> list[str]:
    """The operations that were started, and the stack sets made; others may be tried again."""
    retried = {"StopStackSetOperation", "DeleteStackSet"}
    return [each for each in operations(aws) if each not in retried]


@pytest.mark.parametrize("lag", LAGS)
@pytest.mark.parametrize("name", SCENARIOS)
def test_lists_that_lag(name: str, lag: str) -> None:
    """The same operations lead to the same end with the same answers, without a busy loop."""
    wanted, writes = _undisturbed(name)
    with _stage(name).enter() as (aws, stack):
        aws.engine.lag = LAGS[lag]
        began, already = aws.clock.now, len(aws.calls)
        found = outcome(aws, stack, SCENARIOS[name].change(stack))
        seconds, calls = aws.clock.now - began, len(aws.calls) - already
        check_answers(aws)

    assert found == wanted, operations(aws)
    assert _started(aws) == writes
    assert calls < 40 + _MOST_CALLS_A_SECOND * seconds


@pytest.mark.parametrize("name", ["failing create", "failing update", "failing delete"])
def test_a_failure_is_told_in_full(name: str) -> None:
    """With lists that lag the reason still names account, Region and cause."""
    reasons = []
    for lag in (Lag(), LAGS["all by seconds"], LAGS["all by half a minute"]):
        with _stage(name).enter() as (aws, stack):
            aws.engine.lag = lag
            SCENARIOS[name].change(stack)
            failed = [answer.reason for _, answer in stack.answers if answer.status == "FAILED"]
            reasons.append([each.partition(" operation ")[0] for each in failed])

    assert reasons[0]
    assert reasons[1] == reasons[2] == reasons[0]
