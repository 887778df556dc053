"""Running operations as a simulation that jumps from one event to the next."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.stacksets.deployment import Outcome
from emulator.stacksets.orders import order_for
from emulator.stacksets.state import (
    Operation,
    Preferences,
    RegionRun,
    Result,
    StackInstance,
    Target,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from emulator.stacksets.deployment import Deployer, Deployment, DeploymentOrder
    from emulator.stacksets.faults import Faults
    from emulator.stacksets.state import StackSet

_NOWHERE = Target("", "")
_OVER_TOLERANCE = "Cancelled since failure tolerance has exceeded"
_STOPPED = "Cancelled since the operation was stopped"
_SUSPENDED = "Skipped since the account is suspended"


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

    def __init__(self, deployer: Deployer, faults: Faults, new_uuid: Callable[[], str]) -> None:
        self.deployments: list[tuple[float, DeploymentOrder, Outcome | None]] = []
        self._deployer = deployer
        self._faults = faults
        self._new_uuid = new_uuid
        self._sequence = 0
        self._scheduled: list[tuple[float, int, _Running]] = []
        self._polled: list[_Running] = []

    def submit(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        """Start the operation, or queue it behind those that it conflicts with."""
        earlier = stack_set.unfinished
        stack_set.operations[operation.operation_id] = operation
        if not any(operation.conflicts_with(other) for other in earlier):
            self._begin(stack_set, operation, now)

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

    def stop(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        """Cancel what has not begun; the operation ends with the last running deployment."""
        started = operation.active
        operation.status = "STOPPING"
        self._cancel_pending(stack_set, operation, _STOPPED)
        if not started:
            self._finish(stack_set, operation, now)

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

    def _begin(self, stack_set: StackSet, operation: Operation, now: float) -> None:
        operation.status = "RUNNING"
        if operation.configuration is not None:
            if operation.configuration.outdates(stack_set.configuration):
                for instance in stack_set.instances.values():
                    _outdate(instance)
            stack_set.configuration = operation.configuration
        instances = [*self._instances(stack_set, operation)]
        for instance in instances:
            operation.results[instance.target] = Result()
            _outdate(instance)
            instance.detailed_status = "PENDING"
            instance.status_reason = ""
            instance.last_operation_id = operation.operation_id
            instance.apply_overrides(operation.overrides)
        operation.runs = _region_runs(operation, [instance.target for instance in instances])
        self._settle(stack_set, operation, now)

    def _instances(self, stack_set: StackSet, operation: Operation) -> Iterable[StackInstance]:
        """Yield the instances on which the operation has work to do."""
        instances = stack_set.instances
        targets = operation.targets
        if targets is None:
            targets = tuple(sorted(instances, key=lambda target: (target.region, target.account)))
        for target in targets:
            instance = instances.get(target)
            if operation.action == "CREATE":
                if instance is None:
                    instances[target] = StackInstance(target, self._new_uuid())
                elif instance.status != "OUTDATED":
                    operation.results[target] = Result("SUCCEEDED")
                    continue
                yield instances[target]
            elif instance is None:
                continue
            elif operation.action == "DELETE" or instance.status != "INOPERABLE":
                yield instance

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
        instance = stack_set.instances[target]
        if operation.retain_stacks:
            del stack_set.instances[target]
            operation.results[target] = Result("SUCCEEDED")
            return
        if target.account in self._faults.suspended_accounts:
            instance.detailed_status = "SKIPPED_SUSPENDED_ACCOUNT"
            instance.status_reason = _SUSPENDED
            operation.results[target] = Result("CANCELLED", _SUSPENDED)
            return
        instance.detailed_status = operation.results[target].status = "RUNNING"
        run.running += 1
        order = order_for(stack_set, operation, instance)
        self.deployments.append((now, order, None))
        running = _Running(
            stack_set, operation, run, target, self._deploy(order, now), len(self.deployments) - 1
        )
        self._schedule(running, now)

    def _deploy(self, order: DeploymentOrder, now: float) -> Deployment:
        if fault := self._faults.take_deployment(order):
            failure = Outcome(succeeded=False, reason=fault.reason, stack_id=order.stack_id)
            return _Scheduled(now + fault.seconds, failure)
        return self._deployer.start(order, now)

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

    # --- ending ------------------------------------------------------------------------------

    def _complete(self, running: _Running, outcome: Outcome, now: float) -> None:
        stack_set, operation, run = running.stack_set, running.operation, running.run
        run.running -= 1
        if running.record is not None:
            start, order, _ = self.deployments[running.record]
            self.deployments[running.record] = (start, order, outcome)
            _apply(stack_set, operation, running.target, outcome)
        if not outcome.succeeded:
            run.failures += 1
            if operation.over_tolerance:
                self._cancel_pending(stack_set, operation, _OVER_TOLERANCE)
        self._settle(stack_set, operation, now)

    def _cancel_pending(self, stack_set: StackSet, operation: Operation, reason: str) -> None:
        for run in operation.runs:
            for target in run.pending:
                operation.results[target] = Result("CANCELLED", reason)
                stack_set.instances[target].detailed_status = "CANCELLED"
                stack_set.instances[target].status_reason = reason
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
            if other.status == "QUEUED" and not any(map(other.conflicts_with, waiting_for)):
                self._begin(stack_set, other, now)
            if other.ended_at is None:
                waiting_for.append(other)


def _outdate(instance: StackInstance) -> None:
    if instance.status != "INOPERABLE":
        instance.status = "OUTDATED"


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


def _apply(stack_set: StackSet, operation: Operation, target: Target, outcome: Outcome) -> None:
    """Write the outcome of a deployment into its instance and its result."""
    instance = stack_set.instances[target]
    instance.stack_id = outcome.stack_id or instance.stack_id
    if outcome.succeeded:
        operation.results[target] = Result("SUCCEEDED")
        instance.deployed = True
        instance.status, instance.detailed_status = "CURRENT", "SUCCEEDED"
        if operation.action == "DELETE":
            del stack_set.instances[target]
        return
    operation.results[target] = Result("FAILED", outcome.reason)
    instance.status_reason = outcome.reason
    if operation.action == "DELETE":
        instance.status = instance.detailed_status = "INOPERABLE"
    else:
        instance.detailed_status = "FAILED"
