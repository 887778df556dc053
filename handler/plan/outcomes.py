"""What is known of instances whatever a list says, for lists lag behind.

DescribeStackSetOperation is strongly consistent, ListStackInstances may show what was a moment ago.
So an operation that is known to have succeeded counts for a while more than the list, and a list
that contradicts what is known is looked at again before anything is concluded from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from handler.plan.marks import Marks
from handler.plan.steps import CREATE, DELETE
from handler.values.observation import InstanceState, OperationState
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Target

LAG = 60.0
"""Seconds for which a list may lag behind."""


@dataclass(frozen=True)
class Success:
    """An operation of this request that has succeeded.

    Attributes:
        action: The API call that started it.
        targets: The instances that it reached.
        ended: When it was seen to have ended, in seconds since the epoch.
    """

    operation_id: str
    action: str
    targets: Collection[Target]
    ended: float


def corrected(
    listed: Mapping[Target, InstanceState], successes: Iterable[Success], now: float
) -> Mapping[Target, InstanceState]:
    """Returns the instances as they are, from a list that may lag behind.

    Args:
        listed: What ListStackInstances shows.
        successes: This request's operations that have succeeded, in their order.
        now: The time, in seconds since the epoch.
    """
    recent = [each for each in successes if now - each.ended < LAG]
    if not recent:
        return listed
    instances = dict(listed)
    for success in recent:
        for target in success.targets:
            state = instances.get(target)
            if success.action == DELETE:
                instances.pop(target, None)
            elif (success.action == CREATE) if state is None else _is_behind(state, success):
                instances[target] = InstanceState(
                    "CURRENT", "SUCCEEDED", last_operation_id=success.operation_id, has_stack=True
                )
    return instances


def _is_behind(state: InstanceState, success: Success) -> bool:
    if state.is_inoperable or state.is_suspended:
        return False  # an update passes those over
    return state.last_operation_id != success.operation_id or state.is_unfinished


def is_stale(
    listed: Mapping[Target, InstanceState], ended: Collection[OperationState], now: float
) -> bool:
    """Whether a list shows instances at work though no operation runs.

    Args:
        listed: What ListStackInstances shows.
        ended: The last operations, all of which have ended.
        now: The time, in seconds since the epoch.
    """
    recent = {each.operation_id for each in ended if now - each.ended < LAG}
    return any(
        state.is_unfinished and state.last_operation_id in recent for state in listed.values()
    )


def contradicts(spec: StackSetSpec, previous: Previous, listed: Collection[Target]) -> bool:
    """Whether a list differs from what CloudFormation takes for deployed.

    Args:
        spec: What the template says.
        previous: What it said before.
        listed: The instances that ListStackInstances shows, before this request has changed any.
    """
    if not previous.certain or previous.is_new:
        return False
    before = previous.instances
    return any((target in before) != (target in listed) for target in {*before, *spec.instances})


def is_settled_by(
    listed: Mapping[Target, InstanceState], newest: OperationState | None, marks: Marks
) -> bool:
    """Whether a list shows the end of an operation after which an earlier request did nothing.

    A request starts nothing more after an operation that failed.
    """
    if newest is None or newest.status not in {"FAILED", "STOPPED"}:
        return False
    if not marks.is_of_other_request(newest.operation_id):
        return False
    reached = [each for each in listed.values() if each.last_operation_id == newest.operation_id]
    return bool(reached) and not any(each.is_unfinished for each in reached)
