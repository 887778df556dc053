"""What is known of instances whatever a list says, for lists lag behind.

DescribeStackSetOperation is strongly consistent, ListStackInstances may show what was a moment ago.
So an operation that is known to have succeeded counts for a while more than the list, and a list
that contradicts what is known is looked at again before anything is concluded from it.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from handler.plan.marks import Marks
from handler.plan.steps import CREATE, DELETE, DETECT_DRIFT, IMPORT, Step
from handler.values.observation import InstanceState, OperationState
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Box, Rectangle, Stacks, Target, place_of_stack

LAG = 60.0
"""Seconds for which a list may lag behind."""

QUIET = 180.0
"""Seconds without an operation after which a deployment has ended, even if a sandbox has died."""


@dataclass(frozen=True)
class OwnOperation:
    """An operation that this request has started; events carry it from invocation to invocation.

    Attributes:
        action: The API call that started it.
        accounts: With ``regions`` the instances that it names, or what its filter does.
        units: The organizational units that it names, if it does.
        account_filter: Which of their accounts.
        everywhere: Whether it reaches every instance instead.
        spared: Instances that it names and has not done with: it failed on them, and was let off.
        ended: When it succeeded, in seconds since the epoch; 0 while that is not known.
        passed_over: How many instances it has left for their accounts' sake, if it is a delete.
        stack_ids: The stacks that it names, if it is an import.
    """

    operation_id: str
    stack_set_id: str
    action: str
    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    everywhere: bool = False
    spared: tuple[Target, ...] = ()
    ended: float = 0.0
    units: tuple[str, ...] = ()
    account_filter: str = ""
    passed_over: int = 0
    stack_ids: tuple[str, ...] = ()

    @classmethod
    def of(cls, step: Step, operation_id: str, stack_set_id: str) -> OwnOperation:
        """Returns the operation of a step."""
        reach = step.reach
        return cls(
            operation_id,
            stack_set_id,
            step.action,
            accounts=reach.accounts if reach else (),
            regions=reach.regions if reach else (),
            everywhere=reach is None and step.action != DETECT_DRIFT,
            units=reach.units if isinstance(reach, Box) else (),
            account_filter=reach.account_filter if isinstance(reach, Box) else "",
            stack_ids=reach.stack_ids if isinstance(reach, Stacks) else (),
        )

    def that_reaches(self, step: Step) -> OwnOperation:
        """Returns the same operation with what its step tells of its reach."""
        named = self.of(step, self.operation_id, self.stack_set_id)
        return replace(named, spared=self.spared, ended=self.ended, passed_over=self.passed_over)

    @classmethod
    def from_json(cls, carried: Mapping[str, Any]) -> OwnOperation:
        """Returns what an event has carried."""
        return cls(
            operation_id=carried["operation_id"],
            stack_set_id=carried["stack_set_id"],
            action=carried["action"],
            accounts=tuple(carried["accounts"]),
            regions=tuple(carried["regions"]),
            everywhere=carried["everywhere"],
            spared=tuple(Target(*each) for each in carried["spared"]),
            ended=carried["ended"],
            units=tuple(carried.get("units", ())),
            account_filter=carried.get("account_filter", ""),
            passed_over=carried.get("passed_over", 0),
            stack_ids=tuple(carried.get("stack_ids", ())),
        )

    @property
    def box(self) -> Box | None:
        """What it names of organizational units; None for accounts, or everything."""
        if not self.units:
            return None
        return Box(self.units, self.regions, self.account_filter, self.accounts)

    def targets(self, listed: Mapping[Target, InstanceState]) -> set[Target]:
        """Returns the instances that it has done with, of all that a list shows."""
        if self.everywhere:
            return set(listed) - set(self.spared)
        if (box := self.box) is not None:
            reached = {each for each, state in listed.items() if box.reaches(state.unit, *each)}
            return reached - set(self.spared)
        if self.stack_ids:
            return set(Stacks(self.stack_ids).targets()) - set(self.spared)
        named = Rectangle(self.accounts, self.regions).targets()
        return set(named) - set(self.spared)


def corrected(
    listed: Mapping[Target, InstanceState], own: Iterable[OwnOperation], now: float
) -> Mapping[Target, InstanceState]:
    """Returns the instances as they are, from a list that may lag behind.

    Args:
        listed: What ListStackInstances shows.
        own: This request's operations, in their order.
        now: The time, in seconds since the epoch.
    """
    recent = [each for each in own if now - each.ended < LAG]
    if not recent:
        return listed
    instances = dict(listed)
    for number, operation in enumerate(recent):
        since = {each.operation_id for each in recent[number:]}
        joined = {place_of_stack(each): each for each in operation.stack_ids}
        is_made = operation.action in {CREATE, IMPORT}
        for target in operation.targets(instances):
            state = instances.get(target)
            if operation.action == DELETE:
                if state is None or not _is_passed_over(state, since):
                    instances.pop(target, None)
            elif operation.units and state is not None and state.is_current:
                continue  # a create passes over what is there, and whose it was
            elif is_made if state is None else _is_behind(state, operation):
                instances[target] = InstanceState(
                    "CURRENT",
                    "SUCCEEDED",
                    last_operation_id=operation.operation_id,
                    has_stack=True,
                    unit=state.unit if state is not None else "",
                    joined_stack_id=_joined_stack_id(state, joined.get(target, "")),
                )
        for target in operation.spared if operation.action != DELETE else ():
            state = instances.get(target)
            if is_made if state is None else _is_behind(state, operation):
                has_stack = state is not None and state.has_stack
                instances[target] = InstanceState(
                    "OUTDATED",
                    "FAILED_IMPORT" if operation.action == IMPORT else "FAILED",
                    last_operation_id=operation.operation_id,
                    has_stack=has_stack,
                )
    return instances


def _joined_stack_id(state: InstanceState | None, imported: str) -> str:
    return imported or (state.joined_stack_id if state is not None else "")


def _is_passed_over(state: InstanceState, since: Container[str]) -> bool:
    """Whether a list shows that a delete has left an instance for its account's sake.

    Args:
        state: What the list shows.
        since: The delete, and this request's later operations.
    """
    return state.is_suspended and state.last_operation_id in since


def _is_behind(state: InstanceState, operation: OwnOperation) -> bool:
    if state.is_inoperable or state.is_suspended:
        return False  # an update passes those over
    return state.last_operation_id != operation.operation_id or state.is_unfinished


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


def hides_passed_over(
    listed: Mapping[Target, InstanceState], own: Sequence[OwnOperation], now: float
) -> bool:
    """Whether a list does not show yet what a delete has just left for its account's sake.

    Args:
        listed: What ListStackInstances shows.
        own: This request's operations that have succeeded, in their order.
        now: The time, in seconds since the epoch.
    """
    newest = own[-1] if own else None
    if newest is None or not newest.passed_over or now - newest.ended >= LAG:
        return False
    return not any(each.last_operation_id == newest.operation_id for each in listed.values())


def contradicts(
    spec: StackSetSpec,
    previous: Previous,
    listed: Collection[Target],
    own: Iterable[OwnOperation] = (),
) -> bool:
    """Whether a list differs from what CloudFormation takes for deployed.

    Args:
        spec: What the template says.
        previous: What it said before.
        listed: The instances that ListStackInstances shows.
        own: This request's operations that have succeeded, which count more than the list.
    """
    if not previous.certain or previous.is_new:
        return False
    before = previous.instances
    changed = {
        target
        for operation in own
        if operation.action in {CREATE, DELETE, IMPORT}
        for target in operation.targets({})
    }
    # Of members nobody knows whether they were there before.
    expected = {*before, *spec.instances} - spec.members - changed
    return any((target in before) != (target in listed) for target in expected)


def have_ended_well(
    recent: Collection[OperationState], marks: Marks, since: float, quiet: float
) -> bool:
    """Whether the operations before this request look like those of a deployment that is done.

    Args:
        recent: The last operations, newest first.
        marks: This request's.
        since: When this request began, in seconds since the epoch.
        quiet: For how long before that nothing has to have run.
    """
    newest = next((e for e in recent if marks.action_of(e.operation_id) is None), None)
    if newest is None:
        return True
    is_well = newest.status == "SUCCEEDED" and not newest.failed_instances
    return is_well and newest.ended < since - quiet


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
