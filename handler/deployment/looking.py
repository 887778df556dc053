"""Looking at a stack set through lists that may lag behind: what to believe, and when."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from handler.deployment.look_ups import LookUps
from handler.deployment.operations import Operations
from handler.deployment.planners import Planner
from handler.gateway.look import look, with_overrides
from handler.gateway.stacksets import StackSets
from handler.observability import logger
from handler.plan.marks import Marks
from handler.plan.outcomes import (
    LAG,
    contradicts,
    corrected,
    hides_passed_over,
    is_settled_by,
    is_stale,
)
from handler.plan.steps import CREATE, Step
from handler.values.observation import InstanceState, Observation, OperationState
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Target

_PAUSE = 3.0
# A look-up is a call, and an operation takes minutes: past so many, setting overrides once more,
# known or not, is done sooner.
_MOST_LOOK_UPS = 500
_LOOK_UPS_AN_OPERATION = 200


class Part(Protocol):
    """Some of a stack set's instances, of which the others have nothing to fear."""

    def of(
        self, listed: Mapping[Target, InstanceState], recent: Iterable[OperationState]
    ) -> Mapping[Target, InstanceState]:
        """Returns those of all listed instances, by the last operations on the stack set."""

    def is_surely_all(self) -> bool:
        """Whether the lists could tell of all; waits where they could not."""


@dataclass(frozen=True)
class Looking:
    """How one request looks at its stack sets.

    Attributes:
        sleep: Patience's.
        look_ups: What the request has looked up already, and looks up.
        began: When CloudFormation sent the request, in seconds since the epoch.
        lag: Seconds for which what is shown may be of before, as far as there is time to wait.
    """

    stack_sets: StackSets
    marks: Marks
    sleep: Callable[[float], None]
    look_ups: LookUps
    began: float
    lag: float

    def look(
        self,
        operations: Operations,
        spec: StackSetSpec,
        previous: Previous,
        recent: list[OperationState],
        planner: Planner,
    ) -> Observation | None:
        """Returns a look at everything; None, after a pause, where a list cannot be believed yet.

        Args:
            operations: Those of the stack set.
            spec: What the template says.
            previous: What it said before.
            recent: The last operations, newest first; all have ended.
            planner: Tells which overrides have to be looked up.
        """
        listed = self.fresh_instances(operations, recent)
        if listed is None:
            return None
        if self._surprises(operations, spec, previous, listed, recent):
            self.sleep(_PAUSE)
            return None
        newest = recent[0].operation_id if recent else ""
        seen = look(self.stack_sets, operations.stack_set_id, listed, newest)
        unknown = planner.unknown_overrides(seen)
        others = (e for e in recent if self.marks.action_of(e.operation_id) is None)
        other = next(others, None)
        as_of = other.operation_id if other is not None else ""
        found = self.look_ups.of(operations.stack_set_id, as_of)
        left = [each for each in unknown if each not in found]
        if left and other is not None and time.time() - other.ended < self.lag:
            self.sleep(_PAUSE)  # an instance may be shown as it was before that
            return None
        if not _are_worth_looking_up(left, planner):
            logger.warning("overrides are set without looking them up", instances=len(left))
            left = []
        return with_overrides(self.stack_sets, seen, left, found)

    def may_lack_some(self, steps: Iterable[Step], recent: Iterable[OperationState]) -> bool:
        """Whether what steps create has perhaps just been made by somebody else; waits for lists.

        What was there before has to stay when a request fails that takes a stack set over.
        """
        if not any(each.action == CREATE for each in steps):
            return False
        others = [e.ended for e in recent if self.marks.action_of(e.operation_id) is None]
        until = max(self.began, *others) + LAG if others else self.began + LAG
        if time.time() >= until:
            return False
        self.sleep(until - time.time())
        return True

    def fresh_instances(
        self, operations: Operations, recent: list[OperationState]
    ) -> Mapping[Target, InstanceState] | None:
        """Returns all instances; None, after a pause, where the list is older than what is known.

        Another sandbox may serve the same request at the same time: an operation that has begun
        since makes the list old, too.
        """
        listed = self.stack_sets.instances(operations.stack_set_id)
        now = time.time()
        newest = self.stack_sets.recent_operations(operations.stack_set_id, most=1)
        known = {each.operation_id for each in recent}
        own = operations.successes()
        is_joined = any(each.operation_id not in known for each in newest)
        is_old = is_stale(listed, recent, now) or hides_passed_over(listed, own, now)
        if is_joined or is_old or self._works_unlisted(listed, known):
            self.sleep(_PAUSE)
            return None
        return corrected(listed, own, now)

    def _works_unlisted(
        self, listed: Mapping[Target, InstanceState], known: Collection[str]
    ) -> bool:
        """Whether an operation of this request is at work that no list of operations shows yet."""
        at_work = {each.last_operation_id for each in listed.values() if each.is_unfinished}
        return any(self.marks.action_of(each) is not None for each in at_work - set(known))

    def _surprises(
        self,
        operations: Operations,
        spec: StackSetSpec,
        previous: Previous,
        listed: Mapping[Target, InstanceState],
        recent: list[OperationState],
    ) -> bool:
        """Whether instances that were deployed are missing, or others there, perhaps for a lag."""
        if time.time() > self.began + self.lag:
            return False
        newest = recent[0] if recent else None
        is_contrary = contradicts(spec, previous, listed, operations.successes())
        return is_contrary and not is_settled_by(listed, newest, self.marks)


def _are_worth_looking_up(targets: list[Target], planner: Planner) -> bool:
    """Whether looking overrides up takes less than setting them once more may."""
    if len(targets) <= _MOST_LOOK_UPS:
        return True
    operations = planner.operations_that_override(targets)
    return len(targets) <= _MOST_LOOK_UPS + _LOOK_UPS_AN_OPERATION * operations
