"""The operations of one stack set: start, wait, judge, stop.

What DescribeStackSetOperation says decides; lists only tell which operations to ask for.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from handler.deployment.liveness import GivenUp, Liveness
from handler.deployment.patience import Patience, poll_intervals
from handler.errors import Failure, OperationFailed
from handler.gateway.stacksets import AlreadyStarted, NotFound, StackSetBusy, StackSets
from handler.observability import logger, metrics
from handler.plan.marks import Marks
from handler.plan.outcomes import LAG, Success
from handler.plan.steps import UPDATE_SET, Step
from handler.values.observation import OperationState
from handler.values.spec import StackSetSpec
from handler.values.targets import Target

BUSY_PAUSE = 5.0
_INSISTENCE = 15.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0


class Started(NamedTuple):
    """An operation of this request that has been started.

    Attributes:
        targets: The instances that it reaches, as far as they are known.
    """

    operation_id: str
    targets: frozenset[Target]


@dataclass
class Operations:
    """The operations of one stack set, as one request sees them.

    Attributes:
        successes: This request's operations that are known to have succeeded, in their order.
    """

    stack_sets: StackSets
    marks: Marks
    patience: Patience
    liveness: Liveness
    stack_set_id: str
    successes: dict[str, Success] = field(default_factory=dict)
    _started: set[str] = field(default_factory=set)
    _running: str = ""
    _has_insisted: bool = False

    def wait_until_quiet(self, spared: Collection[str] = ()) -> list[OperationState]:
        """Wait until no operation runs; stop what an earlier request has left running.

        Args:
            spared: Actions of operations that are waited for instead, since they help.

        Returns:
            The last operations, newest first; all have ended.

        Raises:
            GivenUp: A later request has taken over.
        """
        while True:
            recent = [self._as_it_is(each) for each in self._recent()]
            self._heed_later_requests(recent)
            active = [each for each in recent if each.is_active]
            if not active:
                return recent
            for operation in active:
                is_spared = operation.action in spared
                if self.marks.is_of_other_request(operation.operation_id) and not is_spared:
                    self._stop(operation)
            self.wait(active[-1].operation_id)

    def start(self, step: Step, preferences: dict[str, Any], spec: StackSetSpec) -> Started | None:
        """Start a step's operation, or find it started.

        Returns:
            The operation; None where the stack set has changed since it was looked at.
        """
        started = Started(self.marks.operation_id(step), step.reached)
        self._started.add(started.operation_id)
        operation_id = started.operation_id
        try:
            self.stack_sets.start(self.stack_set_id, step, operation_id, preferences, spec)
        except AlreadyStarted:
            logger.info("operation was started before", operation_id=operation_id)
            if step.action == UPDATE_SET:
                # Its id does not tell which instances it was to reach.
                return started._replace(targets=frozenset())
        except NotFound:
            logger.info("stack set has changed meanwhile")
            return None
        except StackSetBusy as busy:
            self._running = busy.operation_id
            if busy.operation_id != operation_id:
                logger.info("stack set is busy", operation_id=busy.operation_id)
                return None
        else:
            logger.info("operation started", operation_id=operation_id, action=step.action)
            metrics.add_metric("Operations", "Count", 1)
        return started

    def wait(self, operation_id: str) -> OperationState:
        """Returns an operation once it has ended, however it has.

        Raises:
            GivenUp: The request is not waited for any more.
        """
        intervals = poll_intervals()
        while True:
            operation = self.stack_sets.operation(self.stack_set_id, operation_id)
            if not operation.is_active:
                self._started.discard(operation_id)
                return operation
            self.liveness.watch()
            self.patience.sleep(next(intervals))

    def judge(self, operation: OperationState, targets: Iterable[Target] = ()) -> None:
        """Take an operation of this request for done, or the whole request for failed.

        Args:
            operation: It has ended.
            targets: The instances that it reached, where they are known.

        Raises:
            OperationFailed: It failed on some instance, or was stopped.
        """
        if operation.operation_id in self.successes:
            return
        logger.info("operation ended", operation_id=operation.operation_id, status=operation.status)
        if operation.status == "SUCCEEDED" and not operation.failed_instances:
            self.note_success(operation, targets)
            return
        failures, cancelled = self._failures(operation)
        if operation.action != "DELETE" or not self._can_be_forgotten(failures):
            text = f"{operation.action} operation {operation.operation_id} {operation.status}."
            raise OperationFailed(f"{text} {operation.reason}".strip(), failures, cancelled)
        # What is left of its instances is taken care of by the next look.
        failed = {Target(each.account, each.region) for each in failures}
        self.note_success(operation, () if cancelled else set(targets) - failed)

    def note_success(self, operation: OperationState, targets: Iterable[Target]) -> None:
        """Remember that an operation of this request has succeeded on these instances."""
        action = self.marks.action_of(operation.operation_id) or ""
        ended = operation.ended or time.time()
        self.successes[operation.operation_id] = Success(
            operation.operation_id, action, frozenset(targets), ended
        )

    def stop_own(self) -> None:
        """Stop every operation of this request that runs, first those that need no list."""
        known = set(self._started)
        for operation_id in sorted(known):
            self.stack_sets.stop(self.stack_set_id, operation_id)
        for each in self.stack_sets.recent_operations(self.stack_set_id):
            is_own = self.marks.action_of(each.operation_id) is not None
            if each.is_active and is_own and each.operation_id not in known:
                self.stack_sets.stop(self.stack_set_id, each.operation_id)

    def active(self) -> list[OperationState]:
        """Returns the operations that run, newest first."""
        recent = [self._as_it_is(each) for each in self._recent()]
        return [each for each in recent if each.is_active]

    def _recent(self) -> list[OperationState]:
        """The last operations, and one that the API says is running though the list lacks it."""
        recent = self.stack_sets.recent_operations(self.stack_set_id)
        hinted = self._running
        if hinted and hinted not in {each.operation_id for each in recent}:
            recent = [OperationState(hinted, "", "RUNNING"), *recent]
        return recent

    def _heed_later_requests(self, recent: Iterable[OperationState]) -> None:
        """A later mark decides, unless CloudFormation insists that it waits for this request.

        What CloudFormation shows may be a moment old; the clocks of those who sign may differ.
        """
        marks = (self.marks.is_of_later_request(each.operation_id) for each in recent)
        if self._has_insisted or not any(marks):
            return
        if self.liveness.is_known:
            self.patience.sleep(_INSISTENCE)
            self.liveness.require()
        if not self.liveness.is_known:
            why = "a later one works on the stack set"
            raise GivenUp(why)
        self._has_insisted = True

    def _as_it_is(self, operation: OperationState) -> OperationState:
        """An operation that the list shows running may have ended since."""
        if not operation.is_active:
            return operation
        return self.stack_sets.operation(self.stack_set_id, operation.operation_id)

    def _stop(self, operation: OperationState) -> None:
        if operation.status != "STOPPING":
            self.stack_sets.stop(self.stack_set_id, operation.operation_id)

    def _failures(self, operation: OperationState) -> tuple[list[Failure], int]:
        """Which instances an operation failed on: read again until the list has them all."""
        expected = max(operation.failed_instances, int(operation.status == "FAILED"))
        until, pause = time.time() + LAG + _FIRST_PAUSE, _FIRST_PAUSE
        while True:
            failures, cancelled = self.stack_sets.failures(
                self.stack_set_id, operation.operation_id
            )
            left = until - time.time()
            if len(failures) >= expected or left <= 0:
                return failures, cancelled
            self.patience.sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _can_be_forgotten(self, failures: Collection[Failure]) -> bool:
        """Whether a delete failed only on instances that never had a stack."""
        instances = self.stack_sets.instances(self.stack_set_id)
        states = [instances.get(Target(each.account, each.region)) for each in failures]
        return bool(states) and not any(state and state.has_stack for state in states)
