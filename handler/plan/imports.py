"""Stacks that are there already, and are to join the stack set as they are. No AWS here."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from handler.errors import Failure, Fault, InvalidProperties
from handler.plan.marks import Marks, read_mark
from handler.plan.states import worth_retrying
from handler.plan.steps import IMPORT, UPDATE, Step
from handler.values.observation import InstanceState, Observation
from handler.values.spec import StackSetSpec
from handler.values.targets import Box, Rectangle, Stacks, Target, may_be_made_by, place_of_stack

MOST_STACKS = 10
"""How many stacks one ImportStacksToStackSet takes."""


def plan_imports(
    spec: StackSetSpec, seen: Observation, marks: Marks, going: Container[Target] = ()
) -> list[Step]:
    """The steps that have stacks join which are no instances yet.

    A step names the same stacks as long as the request lasts, though a list may show some of them
    as instances already and others not yet: it is one operation.

    Args:
        spec: What the template says.
        seen: What is there.
        marks: Those of this request.
        going: Instances that are deleted first.
    """

    def is_absent(stack_id: str) -> bool:
        target = place_of_stack(stack_id)
        state = seen.instances.get(target)
        if state is None or target in going:
            return True
        return state.is_failed_import and marks.action_of(state.last_operation_id) != IMPORT

    def is_of_request(stack_id: str) -> bool:
        state = seen.instances.get(place_of_stack(stack_id))
        return state is not None and marks.action_of(state.last_operation_id) == IMPORT

    found = []
    for stacks in spec.imports:
        meant = [each for each in stacks.stack_ids if is_absent(each) or is_of_request(each)]
        for start in range(0, len(meant), MOST_STACKS):
            some = tuple(meant[start : start + MOST_STACKS])
            if any(is_absent(each) for each in some):
                reach = Stacks(some, stacks.units)
                found.append(Step(IMPORT, reach, reach.regions))
    return found


def without_group(
    spec: StackSetSpec, instances: Mapping[Target, InstanceState], marks: Marks
) -> list[Target]:
    """Returns the instances that no group names, and that an update may bring up to date.

    Args:
        spec: What the template says.
        instances: Those that are there, and stay.
        marks: Those of this request.
    """
    named = spec.imported - spec.instances.keys()
    return [t for t, state in instances.items() if t in named and worth_retrying(state, marks)]


def plan_retries(reached: Iterable[Rectangle | Box]) -> list[Step]:
    """The steps that try to bring stacks up to date which joined, and which no group names.

    They keep what they have otherwise than the stack set.

    Args:
        reached: Where they are.
    """
    return [Step(UPDATE, each, each.regions, keeps_overrides=True) for each in reached]


def without_stack(imported: Iterable[Target], seen: Observation) -> list[Failure]:
    """Why stacks have not joined though nothing has failed: their accounts are passed over.

    UpdateStackSet would make stacks of its own for such instances once the accounts are back.
    """
    text = "The stack could not join, for its account is suspended: take it out of ImportStacks."
    return [
        Failure(*target, text)
        for target in sorted(imported)
        if (state := seen.instances.get(target)) is not None
        and state.is_suspended
        and not (state.has_stack or state.has_joined)
        and is_import(state)
    ]


def is_import(state: InstanceState) -> bool:
    """Whether nothing has touched an instance since a stack was imported for it."""
    mark = read_mark(state.last_operation_id)
    return mark is not None and mark.action == IMPORT


def check_places(spec: StackSetSpec, seen: Observation) -> None:
    """Refuse to import a stack where the stack set has another, for it would never join.

    Raises:
        InvalidProperties: See there.
    """
    faults = []
    for stack_id in sorted(_stack_ids(spec)):
        state = seen.instances.get(place_of_stack(stack_id))
        if state is None or not state.has_stack or state.joined_stack_id == stack_id:
            continue
        if not state.has_joined and may_be_made_by(stack_id, seen.stack_set.stack_set_id):
            continue  # one of its own that was left and comes back has such a name
        account, region = place_of_stack(stack_id)
        message = (
            f"names {stack_id}, but the stack set has another stack in {account}/{region}. Take"
            " that one out first, in an update of its own, or leave this id out"
        )
        faults.append(Fault("ImportStacks", message))
    if faults:
        raise InvalidProperties(faults)


def check_move(spec: StackSetSpec, before: StackSetSpec) -> None:
    """Refuse to have stacks join a stack set that replaces the one which they are in.

    Raises:
        InvalidProperties: See there.
    """
    moving = _stack_ids(spec) & _stack_ids(before)
    if moving:
        message = (
            f"names {min(moving)}, which is in the stack set that is to be replaced, and a stack"
            " can be in one stack set only. Take the ids out in an update of its own, which leaves"
            " their stacks where they are; then replace the stack set; then name them again"
        )
        raise InvalidProperties([Fault("ImportStacks", message)])


def _stack_ids(spec: StackSetSpec) -> set[str]:
    return {each for stacks in spec.imports for each in stacks.stack_ids}


def has_not_joined(state: InstanceState, marks: Marks) -> bool:
    """Whether an import of an earlier request was cut short before it came to an instance."""
    mark = marks.read(state.last_operation_id)
    was_import = mark is not None and mark.action == IMPORT
    is_earlier = marks.action_of(state.last_operation_id) is None
    return was_import and is_earlier and state.is_cancelled
