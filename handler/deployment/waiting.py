"""Waiting for a deployment that was answered before its end: what Custom::StackSetWait does.

No one is told when a deployment ends: it lives in the queue, and between two of its operations
nothing on the stack set shows that it does. So a wait goes by what the stack set shows:

- While any operation is active, the deployment runs.
- An operation of the awaited deployment that failed ends the wait at once, with what it failed on.
- A deployment has ended well when the last operation of its plan, which its DeploymentId names, has
  succeeded, every instance that a request of ours touched last is CURRENT or in a suspended
  account, and, if the deployment is the one that the wait names, as many are as its template names.
- Where the last operation is not known, as in a rollback, nothing has run instead for so long that
  the deployment would have gone on if it were to (`QUIET`, longer than a sandbox's death takes to
  be made good).
- If nothing has run for longer than any sandbox's death takes (`_STALLED`), it has failed in a way
  that left no operation behind.

The newest deployment counts, whichever is named: in a rollback a wait names an old one. Since
lists lag, what is not the named one's failure, and what a rollback has started, is believed only
when it has had the time to be listed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from handler.deployment.liveness import Liveness
from handler.deployment.operations import Operations
from handler.deployment.patience import Patience
from handler.deployment.request import Request
from handler.errors import OperationFailed, OutOfTime, StackSetResourceError
from handler.gateway.stacksets import StackSets
from handler.plan.instances import failure
from handler.plan.marks import Deployment, Marks, read_mark
from handler.plan.outcomes import QUIET
from handler.values.observation import InstanceState, OperationState
from handler.values.spec import WaitSpec
from handler.values.targets import Target

# A message whose sandbox died before it could say so is hidden for a quarter of an hour.
_STALLED = 1800.0
_INTERVAL = 20.0
_LONG_INTERVAL = 60.0
# To go on from one operation to the next, a deployment reads the list of all instances.
_LISTED_A_SECOND = 200


@dataclass
class Wait:
    """One wait, which changes nothing.

    Attributes:
        request: The wait's own.
        wanted: What it waits for.
        stack_sets: The gateway.
        patience: How long to wait.
        liveness: Whether the wait is waited for.
    """

    request: Request
    wanted: WaitSpec
    stack_sets: StackSets
    patience: Patience
    liveness: Liveness
    _running: list[str] = field(default_factory=list)

    def until_the_end(self) -> bool:
        """Wait for the deployment, or for as long as CloudFormation waits.

        Returns:
            Whether it has ended well; False for one that still runs, if another wait follows.

        Raises:
            GivenUp: CloudFormation does not wait for this any more.
            StackSetResourceError: The deployment has failed, or the last wait has run out of time.
        """
        self.liveness.begin()
        try:
            while not self._has_ended():
                self.liveness.watch()
        except OutOfTime as error:
            if not self.wanted.is_last:
                return False
            runs = f" Operation {self._running[0]} runs." if self._running else ""
            message = (
                f"The deployment of {self.wanted.stack_set_id} has not ended within its last wait."
                f"{runs} List more waits, with Last: false in all but the last."
            )
            raise OutOfTime(message) from error
        return True

    def _has_ended(self) -> bool:
        """Look once; pause where the deployment has not ended.

        Raises:
            OperationFailed: It has failed.
        """
        if self.stack_sets.describe(self.wanted.stack_set_id) is None:
            message = f"There is no stack set {self.wanted.stack_set_id} any more."
            raise StackSetResourceError(message)
        recent = self._recent()
        newest = _newest(recent)
        operations = self._operations(newest)
        active = [each.operation_id for each in recent if each.is_active]
        self._running = active
        failed = [
            each
            for each in recent
            if not each.is_active and self._has_failed(each) and _is_of(newest, each)
        ]
        if _is_of_named(newest, self._named):
            self._judge(operations, [each for each in failed if each.status != "STOPPED"])
        if active:
            operations.wait(active[-1])
            return False
        last = self._last_planned(newest)
        if last is not None and last.is_active and last.action:
            operations.wait(last.operation_id)  # no list shows it yet
            return False
        quiet = time.time() - self._quiet_since(recent)
        if last is None and not self._has_been_quiet(quiet):
            return False
        if last is None or last.status == "SUCCEEDED":
            return self._are_where_they_should_be(operations, recent, failed, quiet)
        self._wait_on(operations, failed, quiet, _INTERVAL)
        return False

    def _has_been_quiet(self, quiet: float) -> bool:
        """Whether a deployment of which nothing more is known would have gone on; pauses if not."""
        if quiet < QUIET:
            self.patience.wait(min(QUIET - quiet, _INTERVAL))
            return False
        needed = QUIET + self._instances / _LISTED_A_SECOND
        if quiet < needed:
            self.patience.wait(min(needed - quiet, _LONG_INTERVAL))
            return False
        return True

    def _are_where_they_should_be(
        self,
        operations: Operations,
        recent: list[OperationState],
        failed: list[OperationState],
        quiet: float,
    ) -> bool:
        """Whether the instances are as the deployment wants them; pauses if not."""
        listed = self.stack_sets.instances(self.wanted.stack_set_id)
        behind = self._behind(listed, recent)
        if not behind and self._are_all_there(listed, recent):
            return True
        pause = _INTERVAL if quiet < QUIET else _LONG_INTERVAL
        self._wait_on(operations, failed, quiet, pause, behind)
        return False

    def _wait_on(
        self,
        operations: Operations,
        failed: list[OperationState],
        quiet: float,
        pause: float,
        behind: Mapping[Target, InstanceState] | None = None,
    ) -> None:
        """Pause, unless what has failed, or how long nothing has run, says that it is over."""
        if quiet >= QUIET:
            self._judge(operations, failed)
        if quiet >= _STALLED:
            text = f"Nothing has run for {quiet:.0f} seconds; the function's log tells why."
            raise OperationFailed(text, [failure(*each) for each in (behind or {}).items()])
        self.patience.wait(pause)

    def _last_planned(self, newest: Marks | None) -> OperationState | None:
        """The last operation of the deployment's plan, without an action while nobody knows it.

        Returns:
            None where it is not known which that is.
        """
        named = self._named
        if named is None or not named.last or self.liveness.is_rollback:
            return None
        if newest is not None and newest.signed_at > named.signed_at:
            return None
        return self.stack_sets.operation(self.wanted.stack_set_id, named.last)

    @cached_property
    def _instances(self) -> int:
        """How many instances a deployment lists before it goes on."""
        named = self._named
        if named is not None and not self.liveness.is_rollback:
            return named.instances
        return len(self.stack_sets.instances(self.wanted.stack_set_id))

    @property
    def _named(self) -> Deployment | None:
        return Deployment.read(self.wanted.deployment_id)

    def _recent(self) -> list[OperationState]:
        """The last operations, newest first: those that the list shows active as they are."""
        stack_set_id = self.wanted.stack_set_id
        return [
            self.stack_sets.operation(stack_set_id, each.operation_id) if each.is_active else each
            for each in self.stack_sets.recent_operations(stack_set_id)
        ]

    def _operations(self, newest: Marks | None) -> Operations:
        return Operations(
            self.stack_sets,
            newest or self.request.marks,
            self.patience,
            self.liveness,
            self.wanted.stack_set_id,
            own={},
        )

    def _quiet_since(self, recent: list[OperationState]) -> float:
        """Since when nothing has run, as far as it can be known.

        The operations of a deployment that no list shows yet may run.
        """
        ended = max((each.ended for each in recent), default=0.0)
        named = self._named
        is_listed = named is not None and any(named.has_started(e.operation_id) for e in recent)
        if is_listed and not self.liveness.is_rollback:
            return ended
        return max(ended, self.request.began)

    def _are_all_there(
        self, listed: Mapping[Target, InstanceState], recent: list[OperationState]
    ) -> bool:
        """Whether there are as many as the named deployment wants, if that is the newest."""
        named, newest = self._named, _newest(recent)
        if named is None or (newest is not None and newest.signed_at > named.signed_at):
            return True
        let_off = self._tolerated(recent)
        well = sum(
            each.is_current or each.is_suspended or each.last_operation_id in let_off
            for each in listed.values()
        )
        return well >= named.instances

    def _has_failed(self, operation: OperationState) -> bool:
        if operation.status != "SUCCEEDED":
            return True
        return operation.failed_instances > 0 and not self._tolerates

    def _behind(
        self, listed: Mapping[Target, InstanceState], recent: Iterable[OperationState]
    ) -> dict[Target, InstanceState]:
        """The instances that are not as they should be; what others have touched last is theirs."""
        let_off = self._tolerated(recent)
        return {
            target: state
            for target, state in listed.items()
            if not (state.is_current or state.is_suspended)
            and read_mark(state.last_operation_id) is not None
            and state.last_operation_id not in let_off
        }

    @property
    def _tolerates(self) -> bool:
        return self._named is not None and self._named.tolerates

    def _tolerated(self, recent: Iterable[OperationState]) -> set[str]:
        """The operations that were allowed to fail on some instances."""
        if not self._tolerates:
            return set()
        ended = (each for each in recent if each.status == "SUCCEEDED" and each.failed_instances)
        return {each.operation_id for each in ended}

    @staticmethod
    def _judge(operations: Operations, failed: list[OperationState]) -> None:
        for each in failed:
            operations.judge(each)


def _newest(recent: list[OperationState]) -> Marks | None:
    """The marks of the deployment that was signed last, of whichever resource; None for none."""
    marks = [each for each in (read_mark(one.operation_id) for one in recent) if each is not None]
    if not marks:
        return None
    newest = max(marks, key=lambda each: each.signed_at)
    return Marks(newest.resource, newest.request, newest.signed_at)


def _is_of(newest: Marks | None, operation: OperationState) -> bool:
    return newest is not None and newest.action_of(operation.operation_id) is not None


def _is_of_named(newest: Marks | None, named: Deployment | None) -> bool:
    if newest is None or named is None:
        return False
    return (newest.signed_at, newest.request) == (named.signed_at, named.request)
