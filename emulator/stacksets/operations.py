"""Running operations as a simulation that jumps from one event to the next."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.stacksets.deployment import Outcome
from emulator.stacksets.orders import order_for, write_outcome
from emulator.stacksets.state import Operation, Preferences, RegionRun, StackInstance, Target

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

    from emulator.stacksets.deployment import Deployer, Deployment, DeploymentOrder
    from emulator.stacksets.faults import Faults
    from emulator.stacksets.history import History
    from emulator.stacksets.readings import Readings
    from emulator.stacksets.state import StackSet

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
    """

    def __init__(  # noqa: PLR0913  all that an operation meets
        self,
        deployer: Deployer,
        faults: Faults,
        readings: Readings,
        history: History,
        *,
        region: str,
        new_uuid: Callable[[], str],
        dice: random.Random,
    ) -> None:
        self.deployments: list[tuple[float, DeploymentOrder, Outcome | None]] = []
        self._deployer = deployer
        self._faults = faults
        self._readings = readings
        self._history = history
        self._region = region
        self._new_uuid = new_uuid
        self._dice = dice
        self._sequence = 0
        self._scheduled: list[tuple[float, int, _Running]] = []
        self._polled: list[_Running] = []

    def submit(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        """Start the operation, or queue it behind those that it conflicts with."""
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
        if operation.configuration is not None:
            changed = operation.configuration.outdates(stack_set.configuration)
            if changed or operation.outdates_all:
                for target in stack_set.instances:
                    stack_set.outdate(target)
            stack_set.configuration = operation.configuration
        targets = [*self._targets(stack_set, operation)]
        for target in targets:
            operation.record(target, "PENDING")
            stack_set.outdate(target)
            stack_set.change(
                target,
                detailed_status="PENDING",
                status_reason="",
                last_operation_id=operation.operation_id,
                overrides=stack_set.instances[target].overridden(operation.overrides),
            )
        operation.runs = _region_runs(operation, targets)
        if self._readings.shuffles_accounts:
            for run in operation.runs:
                self._dice.shuffle(run.pending)
        self._settle(stack_set, operation, now)

    def _targets(self, stack_set: StackSet, operation: Operation) -> Iterable[Target]:
        """Yield the targets at which the operation has work to do."""
        instances = stack_set.instances
        targets = operation.targets
        if targets is None:
            targets = tuple(sorted(instances, key=lambda target: (target.region, target.account)))
        for target in targets:
            instance = instances.get(target)
            if operation.action == "CREATE":
                if instance is None:
                    stack_set.add(StackInstance(target, self._new_uuid()))
                elif instance.status != "OUTDATED":
                    operation.record(target, "SUCCEEDED")
                    continue
                yield target
            elif instance is None:
                continue
            elif operation.action == "DELETE" or instance.status != "INOPERABLE":
                yield target

    # --- going on ----------------------------------------------------------------------------

    def _settle(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        """Start whatever may start now; end the operation when nothing is left."""
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
        if target.account in self._faults.suspended_accounts:
            skipped = "SKIPPED_SUSPENDED_ACCOUNT"
            stack_set.change(target, detailed_status=skipped, status_reason=_SUSPENDED)
            operation.record(target, "CANCELLED", _SUSPENDED)
            return
        stack_set.change(target, detailed_status="RUNNING")
        operation.record(target, "RUNNING")
        run.running += 1
        order = order_for(stack_set, operation, stack_set.instances[target], self._readings)
        self.deployments.append((now, order, None))
        running = _Running(
            stack_set, operation, run, target, self._deploy(order, now), len(self.deployments) - 1
        )
        self._schedule(running, now)

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
            write_outcome(stack_set, operation, order, outcome)
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
                stack_set.change(target, detailed_status="CANCELLED", status_reason=reason)
            run.pending.clear()

    def _finish(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        if operation.status == "STOPPING":
            operation.status = "STOPPED"
        else:
            operation.status = "FAILED" if operation.over_tolerance else "SUCCEEDED"
        operation.ended_at = now
        waiting_for: list[Operation] = []
        for other in stack_set.unfinished:
            # An earlier one, just begun, may have ended and begun this one already.
            if other.status == "QUEUED" and not self._must_wait(other, waiting_for):
                self._begin(stack_set, other, now)
            if other.ended_at is None:
                waiting_for.append(other)


def _region_runs(operation: Operation, targets: list[Target]) -> list[RegionRun]:
    """Group the targets by Region: first those of RegionOrder, then as they come."""
    by_region: dict[str, deque[Target]] = {
        region: deque() for region in operation.preferences.region_order
    }
    for target in targets:
        by_region.setdefault(target.region, deque()).append(target)
    return [
        RegionRun(region, accounts=len(pending), pending=pending)
        for region, pending in by_region.items()
    ]
