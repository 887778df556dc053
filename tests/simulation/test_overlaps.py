"""CloudFormation gives a request up at any moment, and goes on while its sandbox works."""

from __future__ import annotations

import functools

import pytest

from emulator.stacksets.faults import Answer, CallFault
from emulator.virtual.asking import ACTIONS
from emulator.virtual.cloudformation import Timing
from tests.simulation.overlaps import CHANGES, DEEDS, Overlap, faults_of, give_up
from tests.simulation.verdicts import verdict

WAYS = [
    ("create", "sibling fails"),
    ("create", "user deletes"),
    ("update", "sibling fails"),
    ("update", "user cancels"),
    ("replace", "sibling fails"),
    ("replace", "user cancels"),
]


@functools.cache
def overlap(change: str) -> Overlap:
    """The change, prepared once."""
    return Overlap(change)


@pytest.mark.parametrize("rolls_back_after", [0.0, 1.0, 2.0])
@pytest.mark.parametrize(("change", "deed"), WAYS)
def test_given_up_at_every_call(change: str, deed: str, rolls_back_after: float) -> None:
    """Whenever it happens, what CloudFormation goes back to is there in the end, and no more."""
    prepared, wrong = overlap(change), dict[int, list[str]]()
    timing = Timing(overlaps=True, rolls_back_after=rolls_back_after)
    for at in prepared.moments(f"{change}{deed}{rolls_back_after}"):
        with prepared.begun(timing) as (aws, stack):
            moments = give_up(aws, stack, at, DEEDS[deed])
            stack.settle()
            wrong[at] = faults_of(aws, stack, moments[0])

    assert {at: each for at, each in wrong.items() if each} == {}


@pytest.mark.parametrize("change", CHANGES)
def test_the_next_change_after_one_that_was_given_up(change: str) -> None:
    """What was given up can be tried again, and then succeeds."""
    prepared, wrong = overlap(change), dict[int, str]()
    for at in prepared.moments(change):
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            give_up(aws, stack, at, DEEDS["sibling fails"])
            stack.settle()
            status = stack.deploy(CHANGES[change][1])
            if status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
                wrong[at] = f"{status}: {stack.reason}"

    assert wrong == {}


def test_retained() -> None:
    """With DeletionPolicy Retain no Delete comes: the Create ends by itself."""
    prepared, wrong = overlap("create"), dict[int, list[str]]()
    for at in prepared.moments("retain"):
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            stack.retain = True
            moments = give_up(aws, stack, at, DEEDS["sibling fails"])
            assert stack.settle() == "ROLLBACK_COMPLETE"
            found = faults_of(aws, stack, moments[0])
            # What was made until then stays: that is what Retain means.
            wrong[at] = [each for each in found if not each.startswith("nobody owns")]

    assert {at: each for at, each in wrong.items() if each} == {}


def test_rollback_disabled_and_tried_again() -> None:
    """The failed Create's Delete, which comes last, leaves alone what the new Create made."""
    prepared, wrong = overlap("create"), dict[int, list[str]]()
    for at in prepared.moments("disabled"):
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            stack.disable_rollback = True
            moments = give_up(aws, stack, at, DEEDS["sibling fails"])
            assert stack.settle() == "CREATE_FAILED"
            stack.deploy(CHANGES["create"][1])
            wrong[at] = faults_of(aws, stack, moments[0])

    assert {at: each for at, each in wrong.items() if each} == {}


@pytest.mark.parametrize("lag", [2.0, 8.0])
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_asked_lags(change: str, lag: float) -> None:
    """For some seconds CloudFormation tells what was before, or nothing: that harms nothing."""
    prepared, wrong = overlap(change), dict[int, list[str]]()
    for at in prepared.moments(f"{change}{lag}"):
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            aws.asking.lag["DescribeStackResource"] = lag
            give_up(aws, stack, at, DEEDS["sibling fails"])
            stack.settle()
            # How soon a request can know is told above.
            wrong[at] = faults_of(aws, stack, aws.clock.now)

    assert {at: each for at, each in wrong.items() if each} == {}


@pytest.mark.parametrize("answer", [Answer.ACCESS_DENIED, Answer.THROTTLED])
@pytest.mark.parametrize("change", CHANGES)
def test_nobody_can_be_asked(change: str, answer: Answer) -> None:
    """Without an answer of CloudFormation the stack sets themselves tell what has to be known."""
    prepared, wrong = overlap(change), dict[int, list[str]]()
    for at in prepared.moments(f"{change}{answer}"):
        with prepared.begun(Timing(overlaps=True)) as (aws, stack):
            aws.engine.faults.calls += [CallFault(each, answer, times=None) for each in ACTIONS]
            give_up(aws, stack, at, DEEDS["sibling fails"])
            stack.settle()
            wrong[at] = verdict(aws, stack)

    assert {at: each for at, each in wrong.items() if each} == {}
