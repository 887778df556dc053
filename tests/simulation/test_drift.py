"""DetectDrift: one more operation when all is deployed, which fails nothing."""

from __future__ import annotations

import inspect

import pytest

from emulator.stacksets import engine
from emulator.stacksets.faults import Answer, CallFault
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.deaths import deaths
from tests.simulation.scenarios import killer
from tests.simulation.story import new_stack, properties, template

DETECT = "DetectStackSetDrift"
KNOWS_DRIFT = "DetectStackSetDrift" in inspect.getsource(engine)
pytestmark = pytest.mark.skipif(not KNOWS_DRIFT, reason="the emulator knows no drift yet")
ASKED = properties(DetectDrift="true")


def detections(aws: VirtualAWS) -> int:
    """How many detections were run."""
    sets = aws.engine.stack_sets.values()
    return sum(o.action == "DETECT_DRIFT" for each in sets for o in each.operations.values())


def test_detected(aws: VirtualAWS, stack: Stack) -> None:
    """The answer tells what was found; a change that touches nothing asks again."""
    assert stack.deploy(ASKED) == "CREATE_COMPLETE"
    assert stack.attributes["DriftStatus"] == "IN_SYNC"
    assert stack.attributes["DriftedInstanceCount"] == "0"
    assert detections(aws) == 1
    assert stack.deploy({**ASKED, "TemplateBody": template("2")}) == "UPDATE_COMPLETE"
    assert detections(aws) == 2
    assert stack.delete() == "DELETE_COMPLETE"
    assert detections(aws) == 2


def test_not_asked_for(aws: VirtualAWS, stack: Stack) -> None:
    """Who does not ask pays nothing."""
    stack.deploy(properties())
    assert stack.attributes["DriftStatus"] == "NOT_CHECKED"
    assert detections(aws) == 0


def test_not_allowed(aws: VirtualAWS, stack: Stack) -> None:
    """A right that is missing fails nothing."""
    aws.engine.faults.calls.append(CallFault(DETECT, Answer.ACCESS_DENIED, times=None))
    assert stack.deploy(ASKED) == "CREATE_COMPLETE"
    assert stack.attributes["DriftStatus"] == "NOT_CHECKED"


def test_not_in_a_rollback(aws: VirtualAWS, stack: Stack) -> None:
    """A rollback goes back and does no more."""
    stack.deploy(ASKED)
    stack.others_fail = True
    assert stack.deploy({**ASKED, "TemplateBody": template("2")}) == "UPDATE_ROLLBACK_COMPLETE"
    assert detections(aws) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_at_every_call(moment: str) -> None:
    """Wherever the sandbox dies, drift is detected once."""
    with world(seconds=5) as aws:
        new_stack(aws).deploy(ASKED)
        numbers = deaths(aws, moment)
    for at in numbers:
        with world(seconds=5) as aws:
            stack = new_stack(aws)
            setattr(aws, f"{moment}_call", killer(aws, at))
            assert stack.deploy(ASKED) == "CREATE_COMPLETE"
            assert stack.attributes["DriftStatus"] == "IN_SYNC"
            assert detections(aws) == 1, f"died {moment} call {at}"
