"""The operations of one stack set: start, wait, judge, stop.

What DescribeStackSetOperation says decides; lists only tell which operations to ask for.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from handler.deployment.liveness import GivenUp, Liveness
from handler.deployment.patience import Patience, poll_interval
from handler.errors import Failure, ImportFailed, OperationFailed
from handler.gateway.signals import AlreadyStarted, NotFound, StackSetBusy
from handler.gateway.stacksets import StackSets
from handler.observability import logger, metrics
from handler.plan.marks import Marks
from handler.plan.outcomes import LAG, OwnOperation
from handler.plan.removal import can_be_forgotten
from handler.plan.steps import DETECT_DRIFT, IMPORT, UPDATE_SET, Step
from handler.values.observation import OperationState
from handler.values.spec import StackSetSpec
from handler.values.targets import Box, Target

BUSY_PAUSE = 5.0
_INSISTENCE = 15.0
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
_MOST_LOGGED = 500


@dataclass
class Operations:
    """The operations of one stack set, as one request sees them.

    Attributes:
        own: This request's operations on any stack set, by id, in their order; what events carry.
        begun: Called before each look at one of them that is waited for, with its id and
            `last_planned`; returns the seconds after which it is to be called again.
        last_planned: The OperationId of the last step of the plan; empty while there is no plan.
        tolerates: Whether an operation may fail on as many instances as its preferences let it.
    """

    stack_sets: StackSets
    marks: Marks
    patience: Patience
    liveness: Liveness
    stack_set_id: str
    own: dict[str, OwnOperation]
    begun: Callable[[str, str], float] | None = None
    last_planned: str = ""
    tolerates: bool = False
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
        for each in self._unfinished():
            # The list of operations may not show yet that it has ended.
            self.judge(self.wait(each.operation_id))
        while True:
            # Asking comes first: marks that are seen after it are the newer news.
            self.liveness.watch()
            recent = self._recent()
            self._heed_later_requests(recent)
            active = [each for each in recent if each.is_active]
            if not active:
                return recent
            for operation in active:
                is_spared = operation.action in spared
                if self.marks.is_of_other_request(operation.operation_id) and not is_spared:
                    self.liveness.require()
                    if operation.status != "STOPPING":
                        self.stack_sets.stop(self.stack_set_id, operation.operation_id)
            self.wait(active[-1].operation_id)

    def start(
        self, step: Step, preferences: dict[str, Any], spec: StackSetSpec
    ) -> OwnOperation | None:
        """Start a step's operation, or find it started.

        Returns:
            The operation; None where the stack set has changed since it was looked at.
        """
        operation_id = self.marks.operation_id(step)
        started = OwnOperation.of(step, operation_id, self.stack_set_id)
        try:
            self.stack_sets.start(self.stack_set_id, step, operation_id, preferences, spec)
        except AlreadyStarted:
            logger.info("operation was started before", operation_id=operation_id)
            if step.action == UPDATE_SET:
                # Its id does not tell which instances it was to reach.
                started = OwnOperation(operation_id, self.stack_set_id, step.action)
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
            self.patience.act()
        return self.own.setdefault(operation_id, started)

    def wait(self, operation_id: str) -> OperationState:
        """Returns an operation once it has ended, however it has.

        Raises:
            GivenUp: The request is not waited for any more.
            OperationFailed: One of the request's own that runs beside it has failed.
        """
        is_own = self.marks.action_of(operation_id) is not None
        while True:
            longest = math.inf
            if self.begun is not None and is_own:
                longest = self.begun(operation_id, self.last_planned)
            operation = self.stack_sets.operation(self.stack_set_id, operation_id)
            if not operation.is_active:
                return operation
            self.liveness.watch()
            self._judge_those_beside(operation_id)
            elapsed = time.time() - operation.began if operation.began else 0.0
            self.patience.wait(min(poll_interval(elapsed, operation.percentage), longest))

    def _judge_those_beside(self, operation_id: str) -> None:
        """Judge what has ended of the operations beside one: a failure need not wait for others."""
        beside = {each.operation_id for each in self._unfinished()} - {operation_id}
        if not beside:
            return
        for each in self.stack_sets.recent_operations(self.stack_set_id):
            if each.operation_id in beside and not each.is_active:
                self.judge(each)

    def has_succeeded(self, operation_id: str) -> bool:
        """Whether an operation of this request is known to have succeeded."""
        known = self.own.get(operation_id)
        return known is not None and known.ended > 0

    def has_begun(self) -> bool:
        """Whether this request is known to have started an operation on the stack set."""
        return bool(self._of_this_set())

    def successes(self) -> list[OwnOperation]:
        """Returns this request's operations on the stack set that have succeeded."""
        return [each for each in self._of_this_set() if each.ended]

    def named(self, action: str) -> list[Box]:
        """Returns what this request has named of units in this kind of operation, if known."""
        return [e.box for e in self.successes() if e.action == action and e.box is not None]

    def learns(self, step: Step) -> bool:
        """Take note of which instances an operation has reached that an earlier sandbox started.

        Returns:
            Whether that was not known.
        """
        operation_id = self.marks.operation_id(step)
        known = self.own.get(operation_id)
        if known is None or not known.ended:
            return False
        if known.accounts or known.units or known.everywhere:
            return False
        # The id of an update of the set does not tell which instances that was to reach.
        if step.action == UPDATE_SET:
            return False
        self.own[operation_id] = known.that_reaches(step)
        return True

    def judge(self, operation: OperationState) -> None:
        """Take an operation of this request for done, or the whole request for failed.

        Args:
            operation: It has ended.

        Raises:
            OperationFailed: It failed on some instance, or was stopped.
        """
        if self.has_succeeded(operation.operation_id):
            return
        logger.info("operation ended", operation_id=operation.operation_id, status=operation.status)
        action = self.marks.action_of(operation.operation_id) or ""
        unknown = OwnOperation(operation.operation_id, self.stack_set_id, action)
        known = self.own.get(operation.operation_id, unknown)
        spared: tuple[Target, ...] = ()
        is_well = operation.status == "SUCCEEDED" and not operation.failed_instances
        if not is_well and action != DETECT_DRIFT:
            failures, cancelled = self._failures(operation)
            if not self._lets_off(operation, failures):
                kind = "IMPORT" if action == IMPORT else operation.action
                failed = ImportFailed if action == IMPORT else OperationFailed
                text = f"{kind} operation {operation.operation_id} {operation.status}."
                raise failed(f"{text} {operation.reason}".strip(), failures, cancelled)
            # What is left of its instances is taken care of by the next look.
            spared = tuple(Target(each.account, each.region) for each in failures)
            known = unknown if cancelled else known
        self.own[operation.operation_id] = replace(
            known,
            spared=spared,
            ended=operation.ended or time.time(),
            passed_over=operation.passed_over if operation.action == "DELETE" else 0,
        )

    def let_off(self) -> set[Target]:
        """Returns the instances on which this request's operations have failed, and were let off.

        Those that a delete has failed on are among them.
        """
        return {target for each in self.successes() for target in each.spared}

    def tolerated(self) -> set[Target]:
        """Returns the same, none where all has to succeed."""
        return self.let_off() if self.tolerates else set()

    def failures_let_off(self) -> dict[Target, Failure]:
        """Returns why they failed, as far as StackSets' lists tell."""
        found: dict[Target, Failure] = {}
        for each in self.successes():
            if each.spared:
                operation = self.stack_sets.operation(self.stack_set_id, each.operation_id)
                failures, _ = self._failures(operation)
                found.update({Target(one.account, one.region): one for one in failures})
        return found

    def stop_own(self) -> None:
        """Stop every operation of this request that runs, first those that need no list."""
        known = {each.operation_id for each in self._unfinished()}
        for operation_id in sorted(known):
            self.stack_sets.stop(self.stack_set_id, operation_id)
        for each in self.stack_sets.recent_operations(self.stack_set_id):
            is_own = self.marks.action_of(each.operation_id) is not None
            if each.is_active and is_own and each.operation_id not in known:
                self.stack_sets.stop(self.stack_set_id, each.operation_id)

    def active(self) -> list[OperationState]:
        """Returns the operations that run, newest first."""
        return [each for each in self._recent() if each.is_active]

    def _of_this_set(self) -> list[OwnOperation]:
        return [each for each in self.own.values() if each.stack_set_id == self.stack_set_id]

    def _unfinished(self) -> list[OwnOperation]:
        return [each for each in self._of_this_set() if not each.ended]

    def _recent(self) -> list[OperationState]:
        """The last operations as they are, with one that runs though the list lacks it."""
        recent = self.stack_sets.recent_operations(self.stack_set_id)
        hinted = self._running
        if hinted and hinted not in {each.operation_id for each in recent}:
            recent = [OperationState(hinted, "", "RUNNING"), *recent]
        return [self._as_it_is(each) for each in recent]

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

    def _lets_off(self, operation: OperationState, failures: Sequence[Failure]) -> bool:
        """Whether the request goes on though an operation has failed on some instances."""
        if operation.action == "DELETE" and can_be_forgotten(
            failures, self.stack_sets.instances(self.stack_set_id)
        ):
            return True
        if not self.tolerates or operation.status != "SUCCEEDED":
            return False
        logger.warning(
            "failures within the tolerance",
            operation_id=operation.operation_id,
            count=len(failures),
            failures=[asdict(each) for each in failures[:_MOST_LOGGED]],
        )
        return True
