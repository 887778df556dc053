"""Whatever is there and whatever is wanted, a plan covers exactly the difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from handler.plan.cover import cover
from handler.plan.instances import plan_deployment
from handler.plan.marks import Marks
from handler.plan.steps import CREATE, DELETE, UPDATE, UPDATE_SET, Step
from handler.values.observation import InstanceState, Observation
from handler.values.spec import Overrides, Previous, StackSetSpec
from handler.values.targets import Rectangle, Target
from tests.factories import (
    MARKS,
    ONE,
    STACK_ID,
    THREE,
    TWO,
    VIRGINIA,
    current,
    observation,
    places,
)

_BIG: Overrides = (("Size", "big"),)
_SMALL: Overrides = (("Size", "small"),)
_AT_ONE, _AT_TWO, _AT_THREE = (Target(each, VIRGINIA) for each in (ONE, TWO, THREE))
_CREATED = MARKS.operation_id(Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)))
_UPDATED = MARKS.operation_id(Step(UPDATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)))
_DELETED = MARKS.operation_id(Step(DELETE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)))
_SET = MARKS.operation_id(Step(UPDATE_SET, None, (VIRGINIA,)))
_ELSEWHERE = Marks.of(STACK_ID, "StackSet", "request-0").operation_id(
    Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))
)


def _plan(
    wanted: Mapping[Target, Overrides],
    previous: Mapping[Target, Overrides],
    seen: Observation,
    set_content: str | None = None,
) -> list[Step]:
    spec = StackSetSpec(instances=wanted)
    return plan_deployment(spec, Previous(previous), seen, MARKS, set_content)


def _all(overrides: Overrides, *targets: Target) -> dict[Target, Overrides]:
    return dict.fromkeys(targets, overrides)


def _in_place(*targets: Target) -> Observation:
    return observation(dict.fromkeys(targets, current()))


_NOT_OF_THIS_REQUEST = {"", _ELSEWHERE, "by-hand"}
_overrides = st.sampled_from([(), _BIG, _SMALL])
_states = st.builds(
    InstanceState,
    st.sampled_from(["CURRENT", "OUTDATED", "INOPERABLE"]),
    st.sampled_from(["", "SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED_SUSPENDED_ACCOUNT"]),
    last_operation_id=st.sampled_from(["", _CREATED, _UPDATED, _SET, _ELSEWHERE, "by-hand"]),
)


@st.composite
def _situations(
    draw: st.DrawFn,
) -> tuple[dict[Target, Overrides], dict[Target, Overrides], Observation, str | None]:
    """What is wanted, what was before, what is there, and what UpdateStackSet has to send."""
    instances = draw(st.dictionaries(places, _states, max_size=12))
    wanted = draw(st.dictionaries(places, _overrides, max_size=12))
    known = {
        target: wanted.get(target, ())
        if state.last_operation_id in {_CREATED, _UPDATED}
        else draw(_overrides)
        for target, state in instances.items()
    }
    return (
        wanted,
        draw(st.dictionaries(places, _overrides, max_size=12)),
        observation(instances, known),
        draw(st.sampled_from([None, "new tags"])),
    )


_Situation = tuple[dict[Target, Overrides], dict[Target, Overrides], Observation, str | None]


def _covered(steps: list[Step], action: str) -> list[Target]:
    return [target for step in steps if step.action == action for target in step.targets]


def _half_deleted(seen: Observation) -> set[Target]:
    return {
        target
        for target, state in seen.instances.items()
        if state.status == "INOPERABLE"
        and state.detailed_status != "SKIPPED_SUSPENDED_ACCOUNT"
        and state.last_operation_id in _NOT_OF_THIS_REQUEST
    }


@given(_situations())
def test_steps_cover_exactly_the_difference(situation: _Situation) -> None:
    """Deleted is what left, created what is missing, updated what differs or stayed behind.

    What an earlier request left half deleted is both deleted and created.
    """
    wanted, previous, seen, set_content = situation

    steps = _plan(*situation)

    there = set(seen.instances)
    replaced = _half_deleted(seen) & set(wanted)
    behind = {
        target
        for target, state in seen.instances.items()
        if state.status == "OUTDATED"
        and state.detailed_status != "SKIPPED_SUSPENDED_ACCOUNT"
        and state.last_operation_id in _NOT_OF_THIS_REQUEST
        and set_content is None
    }
    assert set(_covered(steps, DELETE)) == (set(previous) - set(wanted)) & there | replaced
    assert set(_covered(steps, CREATE)) == set(wanted) - there | replaced
    assert set(_covered(steps, UPDATE)) == {
        target
        for target in (set(wanted) & there) - replaced
        if seen.known_overrides[target] != wanted[target] or target in behind
    }
    assert [each.content for each in steps if each.action == UPDATE_SET] == (
        [] if set_content is None else [set_content]
    )


@given(_situations())
def test_steps_come_in_order(situation: _Situation) -> None:
    """Deletes, the stack set, creates, updates; but overrides that hold back come first."""
    order = [DELETE, UPDATE_SET, CREATE, UPDATE]
    actions = [step.action for step in _plan(*situation)]
    if UPDATE in actions and UPDATE_SET in actions[actions.index(UPDATE) :]:
        order = [DELETE, UPDATE, UPDATE_SET, CREATE]
    ranks = [order.index(step.action) for step in _plan(*situation)]

    assert ranks == sorted(ranks)


@given(_situations())
def test_no_target_in_two_steps(situation: _Situation) -> None:
    """No instance is worked on twice, but by UpdateStackSet or where it is replaced."""
    wanted, _, seen, _ = situation
    steps = _plan(*situation)
    times = Counter(
        target for action in (DELETE, CREATE, UPDATE) for target in _covered(steps, action)
    )

    twice = {target for target, count in times.items() if count > 1}
    assert twice == _half_deleted(seen) & set(wanted)
    assert not twice & set(_covered(steps, UPDATE))


@given(_situations())
def test_steps_carry_what_is_wanted(situation: _Situation) -> None:
    """Creates and updates set the overrides that the template says, and name their regions."""
    wanted = situation[0]
    for step in _plan(*situation):
        if step.reach is not None:
            assert step.regions == step.reach.regions
            if step.action != DELETE:
                assert {wanted[target] for target in step.targets} == {step.overrides}


@given(_situations())
def test_as_few_operations_as_rectangles(situation: _Situation) -> None:
    """Each kind of step takes one operation a rectangle of the instances that it is for."""
    wanted, _, seen, _ = situation
    steps = _plan(*situation)

    for action in (CREATE, UPDATE):
        by_overrides: dict[Overrides, list[Target]] = {}
        for target in _covered(steps, action):
            by_overrides.setdefault(wanted[target], []).append(target)
        fewest = sum(len(cover(targets)) for targets in by_overrides.values())
        assert sum(step.action == action for step in steps) == fewest
    for step in steps:
        if step.action == DELETE:
            kinds = {seen.instances[target].is_suspended for target in step.targets}
            assert kinds == {step.retain_stacks}


@given(_situations())
def test_order_of_input_does_not_matter(situation: _Situation) -> None:
    """The same content in another order gives the same steps, and so the same OperationIds."""
    wanted, previous, seen, set_content = situation
    backwards = observation(_reversed(seen.instances), _reversed(seen.known_overrides))

    assert _plan(_reversed(wanted), _reversed(previous), backwards, set_content) == _plan(
        *situation
    )


def _reversed(given: Mapping[Target, Any]) -> dict[Target, Any]:
    return dict(reversed(list(given.items())))


def _carried_out(seen: Observation, steps: list[Step]) -> Observation:
    """What is there when every step has succeeded."""
    instances, known = dict(seen.instances), dict(seen.known_overrides)
    for step in steps:
        state = current(MARKS.operation_id(step))
        if step.reach is None:
            instances = dict.fromkeys(instances, state)
            continue
        for target in step.targets:
            if step.action == DELETE:
                del instances[target]
            else:
                instances[target] = state
                known[target] = step.overrides
    return observation(instances, known)


@given(_situations())
def test_plan_is_empty_once_carried_out(situation: _Situation) -> None:
    """When every step has succeeded, nothing is left to do."""
    wanted, previous, seen, _ = situation

    done = _carried_out(seen, _plan(*situation))

    assert _plan(wanted, previous, done) == []
    assert set(wanted) <= set(done.instances)
