"""Any instruction may be the last: the sandbox dies before and after every single API call."""

from __future__ import annotations

import pytest

from tests.simulation.deaths import deaths
from tests.simulation.scenarios import SCENARIOS, Stage, check_answers, killer, outcome
from tests.simulation.story import operations


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_death_at_every_call(name: str, moment: str) -> None:
    """Wherever the sandbox dies, the same stacks are touched as often and the same is told."""
    scenario = SCENARIOS[name]
    stage = Stage(scenario)
    with stage.enter() as (aws, stack):
        already = len(aws.calls)
        undisturbed = outcome(aws, stack, scenario.change(stack))
        numbers = deaths(aws, moment, already)
    for at in numbers:
        with stage.enter() as (aws, stack):
            setattr(aws, f"{moment}_call", killer(aws, at))
            disturbed = outcome(aws, stack, scenario.change(stack))
            check_answers(aws)
            assert stack.function.deaths == 1
            assert disturbed == undisturbed, f"died {moment} call {at}: {operations(aws)}"
