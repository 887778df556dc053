"""Running operations as a simulation that jumps from one event to the next."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.stacksets.beginnings import begin, find_targets, region_runs
from emulator.stacksets.deployment import Outcome
from emulator.stacksets.drift import CHECK_SECONDS, write_finding
from emulator.stacksets.orders import order_for, write_outcome
from emulator.stacksets.selection import Preferences
from emulator.stacksets.state import Operation, RegionRun, Target

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

    from emulator.stacksets.deployment import Deployer, Deployment, DeploymentOrder
    from emulator.stacksets.faults import Faults
    from emulator.stacksets.history import History
    from emulator.stacksets.organization import Organization
    from emulator.stacksets.readings import Readings
    from emulator.stacksets.state import StackSet

ROLE_SECONDS = 20.0
"""How long it takes to make custom execution roles in the accounts of an operation."""
_NOWHERE = Target("", "")
_OVER_TOLERANCE = "Cancelled since failure tolerance has exceeded"
_STOPPED = "Cancelled since the operation was stopped"
_SUSPENDED = (
    "This account is suspended. To remove this instance from the stack set, run "
    "DeleteStackInstances with the RetainStacks parameter."
)


@dataclass(frozen=True)
class _Scheduled:
    """A deployment of which the end is known beforehand, whatever it is."""

    ready_at: float
    outcome: Outcome

    def poll(self, now: float) -> Outcome | None:
        return self.outcome if now >= self.ready_at else None


@dataclass
class _Running:
    stack_set: StackSet
    operation: Operation
    run: RegionRun
    target: Target
    deployment: Deployment
    record: int | None = None


class Runner:
    """Carries out the operations of all stack sets.

    Attributes:
        deployments: (start, order, outcome or None) of every deployment ever started.
        on_end: Called with each operation that has ended.
    """

    def __init__(  # noqa: PLR0913  all that an operation meets
        self,
        deployer: Deployer,
        faults: Faults,
        readings: Readings,
        history: History,
        *,
        organization: Organization | None,
        region: str,
        new_uuid: Callable[[], str],
        dice: random.Random,
    ) -> None:
        self.deployments: list[tuple[float, DeploymentOrder, Outcome | None]] = []
        self._deployer = deployer
        self._faults = faults
        self._readings = readings
        self._history = history
        self._organization = organization
        self.on_end: list[Callable[[StackSet, Operation, float], None]] = []
        self._region = region
        self._new_uuid = new_uuid
        self._dice = dice
        self._sequence = 0
        self._scheduled: list[tuple[float, int, _Running]] = []
        self._polled: list[_Running] = []

    def submit(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        """Start the operation, or queue it behind those that it conflicts with."""
        if self._organization is not None:
            find_targets(stack_set, operation, self._organization)
        earlier = stack_set.unfinished
        stack_set.operations[operation.operation_id] = operation
        if not self._must_wait(operation, earlier):
            self._begin(stack_set, operation, now)
        self._history.note(stack_set, now)

    def occupy(self, stack_set: StackSet, seconds: float, now: float) -> None:
        """Let a stranger's operation, which changes nothing, run on the stack set."""
        operation = Operation(
            operation_id=self._new_uuid(),
            action="UPDATE",
            created_at=now,
            preferences=Preferences(),
            targets=None,
            exclusive=True,
            status="RUNNING",
        )
        run = RegionRun(region="", accounts=1, pending=deque(), running=1)
        operation.runs.append(run)
        stack_set.operations[operation.operation_id] = operation
        deployment = _Scheduled(now + seconds, Outcome(succeeded=True))
        self._schedule(_Running(stack_set, operation, run, _NOWHERE, deployment), now)
        self._history.note(stack_set, now)

    def stop(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        """Cancel what has not begun; the operation ends with the last running deployment."""
        started = operation.active
        operation.status = "STOPPING"
        self._cancel_pending(stack_set, operation, operation.runs, _STOPPED)
        if not started:
            self._finish(stack_set, operation, now)
        self._history.note(stack_set, now)

    def next_event_at(self) -> float | None:
        """Return the time of the next foreseeable event, or None."""
        return self._scheduled[0][0] if self._scheduled else None

    def run_until(self, now: float) -> None:
        """Let everything happen that happens up to now, each event at its own instant."""
        while self._scheduled and self._scheduled[0][0] <= now:
            instant, _, running = heapq.heappop(self._scheduled)
            self._look_at(running, instant)
        polled, self._polled = self._polled, []
        for running in polled:
            self._look_at(running, now)

    # --- beginning ---------------------------------------------------------------------------

    def _must_wait(self, operation: Operation, earlier: list[Operation]) -> bool:
        if not self._readings.runs_disjoint_side_by_side:
            return bool(earlier)
        return any(map(operation.conflicts_with, earlier))

    def _begin(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        operation.status = "RUNNING"
        targets = begin(stack_set, operation, self._organization, self._new_uuid)
        operation.runs = region_runs(operation, targets)
        if self._readings.shuffles_accounts:
            for run in operation.runs:
                self._dice.shuffle(run.pending)
        if targets and _makes_roles(stack_set, operation):
            operation.roles = RegionRun("", operation.accounts, deque(), running=1)
            made = _Scheduled(now + ROLE_SECONDS, Outcome(succeeded=True))
            running = _Running(stack_set, operation, operation.roles, _NOWHERE, made)
            self._schedule(running, now)
        self._settle(stack_set, operation, now)

    # --- going on ----------------------------------------------------------------------------

    def _settle(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        """Start whatever may start now; end the operation when nothing is left."""
        if operation.roles is not None and not operation.roles.finished:
            return
        for run in operation.runs:
            while run.pending and run.running < operation.preferences.concurrency(
                run.accounts, run.failures
            ):
                self._start(stack_set, operation, run, now)
            if not run.finished and not operation.preferences.parallel:
                return
        if all(run.finished for run in operation.runs):
            self._finish(stack_set, operation, now)

    def _start(self, stack_set: StackSet, operation: Operation, run: RegionRun, now: float) -> None:
        target = run.pending.popleft()
        if operation.retain_stacks:
            stack_set.remove(target)
            operation.record(target, "SUCCEEDED")
            return
        if self._is_suspended(target.account):
            skipped = "SKIPPED_SUSPENDED_ACCOUNT"
            _show(stack_set, operation, target, skipped, _SUSPENDED)
            operation.record(target, "CANCELLED", _SUSPENDED)
            return
        _show(stack_set, operation, target, "RUNNING")
        operation.record(target, "RUNNING")
        run.running += 1
        order = order_for(stack_set, operation, stack_set.instances[target], self._readings)
        if operation.detects_drift:
            outcome = self._faults.drift_outcome(order)
            looked = _Scheduled(now + CHECK_SECONDS, outcome)
            self._schedule(_Running(stack_set, operation, run, target, looked), now)
            return
        self.deployments.append((now, order, None))
        running = _Running(
            stack_set, operation, run, target, self._deploy(order, now), len(self.deployments) - 1
        )
        self._schedule(running, now)

    def _is_suspended(self, account: str) -> bool:
        return account in self._faults.suspended_accounts or bool(
            self._organization and not self._organization.is_active(account)
        )

    def _deploy(self, order: DeploymentOrder, now: float) -> Deployment:
        fault = self._faults.take_deployment(order, now, self._region)
        if fault is None:
            return self._deployer.start(order, now)
        made = order.stack_id or (fault.stack_made and order.expected_stack_id) or None
        failure = Outcome(succeeded=False, reason=fault.reason, stack_id=made)
        return _Scheduled(now + fault.seconds, failure)

    def _schedule(self, running: _Running, now: float) -> None:
        ready_at = running.deployment.ready_at
        if ready_at is None:
            self._polled.append(running)
        else:
            self._sequence += 1
            entry = (max(ready_at, now), self._sequence, running)
            heapq.heappush(self._scheduled, entry)

    def _look_at(self, running: _Running, now: float) -> None:
        outcome = running.deployment.poll(now)
        if outcome is None:
            ready_at = running.deployment.ready_at
            if ready_at is not None and ready_at <= now:
                message = f"the deployment to {running.target} is not done when it said: {now}"
                raise AssertionError(message)
            self._schedule(running, now)
        else:
            self._complete(running, outcome, now)
            self._history.note(running.stack_set, now)

    # --- ending ------------------------------------------------------------------------------

    def _complete(self, running: _Running, outcome: Outcome, now: float) -> None:
        stack_set, operation, run = running.stack_set, running.operation, running.run
        run.running -= 1
        if running.record is not None:
            start, order, _ = self.deployments[running.record]
            self.deployments[running.record] = (start, order, outcome)
            write_outcome(stack_set, operation, order, outcome, self._readings)
        elif operation.detects_drift:
            drifted = self._faults.is_drifted(running.target)
            write_finding(stack_set, operation, running.target, outcome, now, drifted=drifted)
        if not outcome.succeeded:
            run.failures += 1
            if operation.over_tolerance:
                others = self._readings.failure_cancels_parallel_regions
                affected = operation.runs if others or not operation.preferences.parallel else [run]
                self._cancel_pending(stack_set, operation, affected, _OVER_TOLERANCE)
        self._settle(stack_set, operation, now)

    def _cancel_pending(
        self, stack_set: StackSet, operation: Operation, runs: Iterable[RegionRun], reason: str
    ) -> None:
        for run in runs:
            for target in run.pending:
                operation.record(target, "CANCELLED", reason)
                _show(stack_set, operation, target, "CANCELLED", reason)
            run.pending.clear()

    def _finish(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        if operation.status == "STOPPING":
            operation.status = "STOPPED"
        else:
            operation.status = "FAILED" if operation.over_tolerance else "SUCCEEDED"
        operation.ended_at = now
        if operation.detects_drift:
            stack_set.drift = operation
        for listener in self.on_end:
            listener(stack_set, operation, now)
        waiting_for: list[Operation] = []
        for other in stack_set.unfinished:
            # An earlier one, just begun, may have ended and begun this one already.
            if other.status == "QUEUED" and not self._must_wait(other, waiting_for):
                self._begin(stack_set, other, now)
            if other.ended_at is None:
                waiting_for.append(other)


def _show(
    stack_set: StackSet,
    operation: Operation,
    target: Target,
    detailed_status: str,
    reason: str = "",
) -> None:
    """Let an instance show where it is; a drift detection leaves it as it is."""
    if not operation.detects_drift:
        stack_set.change(target, detailed_status=detailed_status, status_reason=reason)


def _makes_roles(stack_set: StackSet, operation: Operation) -> bool:
    custom = stack_set.configuration.execution_role_template is not None
    return custom and operation.action in {"CREATE", "UPDATE"}
