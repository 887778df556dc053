"""How far a request got that has run out of time."""

from __future__ import annotations

from handler.deployment.planners import Planner
from handler.gateway.stacksets import StackSets
from handler.values.observation import Observation, StackSetState
from handler.values.spec import StackSetSpec

_UNSEEN = StackSetState("", "", "", "")


def of_deployment(
    stack_sets: StackSets, stack_set_id: str, spec: StackSetSpec, planner: Planner
) -> str:
    """Returns how many stacks are where they should be, and how many should not be there any more.

    Raises:
        StackSetResourceError: The stack set or its organization cannot be asked.
    """
    listed = stack_sets.instances(stack_set_id)
    going = planner.going(Observation(_UNSEEN, listed))
    staying = {target: state for target, state in listed.items() if target not in going}
    left = f" {len(going)} have still to be deleted." if going else ""
    if spec.service_managed is not None:
        current = sum(state.is_current for state in staying.values())
        return f"{current} of {len(staying)} stacks are as the stack set says.{left}"
    wanted = spec.targets
    done = sum(state.is_current and target in wanted for target, state in staying.items())
    return f"{done} of {len(wanted)} stacks are where the template says.{left}"


def of_deletion(stack_sets: StackSets, stack_set_id: str) -> str:
    """Returns how many instances are left.

    Raises:
        StackSetResourceError: The stack set cannot be asked.
    """
    left = sum(1 for _ in stack_sets.each_instance(stack_set_id))
    return f"{left} stack instances are left; deleting again goes on with them."
