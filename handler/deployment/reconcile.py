"""The loop: look at what is there, decide on the next step, act, wait, until no step is left.

No plan outlives an invocation. A first delivery, a relay and a repeat after a crash all do the
same: they wait until the stack set is quiet, look, and go on from what they see.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from handler.deployment.patience import Patience, poll_intervals
from handler.errors import (
    AccessDenied,
    Failure,
    OperationFailed,
    OutOfTime,
    RequestRefused,
)
from handler.gateway.stacksets import AlreadyStarted, NotFound, StackSetBusy, StackSets
from handler.gateway.templates import Templates
from handler.observability import logger, metrics
from handler.plan import instances as plan
from handler.plan.configuration import differs
from handler.plan.marks import Marks
from handler.plan.parameters import operation_preferences, update_parameters
from handler.plan.steps import ALL_STEPS, DELETE, Step, batches
from handler.values.observation import InstanceState, Observation, OperationState
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Target

_BUSY_PAUSE = 5.0
_STOP_PAUSE = 2.0
_LAST_MOMENT = 15.0


class Superseded(Exception):
    """CloudFormation has gone on to a later request: nobody waits for this one any more."""


@dataclass
class Reconciliation:
    """One request's way from what is there to what the template says.

    Attributes:
        stack_sets: The gateway to the StackSets API.
        marks: Those of the request.
        patience: How long to wait.
        began: When CloudFormation sent the request, in seconds since the epoch.
        deadline: When CloudFormation gives up, in seconds since the epoch.
        templates: Gives the wanted template's text.
        finished: OperationIds of this request's operations that are known to have succeeded.
    """

    stack_sets: StackSets
    marks: Marks
    patience: Patience
    began: float
    deadline: float
    templates: Templates
    finished: set[str] = field(default_factory=set)

    def deploy(self, stack_set_id: str, spec: StackSetSpec, previous: Previous) -> Observation:
        """Bring a stack set and its instances to where the template wants them.

        Returns:
            The last look, in which everything is in place.

        Raises:
            NotFound: The stack set is gone.
            StackSetResourceError: It could not be done, and why.
        """
        try:
            while True:
                newest = self._settle(stack_set_id, ALL_STEPS)
                seen = self._look(stack_set_id, spec, previous, newest)
                if self._newest(stack_set_id) != newest:
                    continue
                settled = self.templates.settle(spec, seen.stack_set.template_body)
                steps = self._deployment_steps(seen, settled, previous)
                if not steps:
                    plan.verify(spec, seen)
                    return seen
                self._take(stack_set_id, steps, settled)
        except (AccessDenied, RequestRefused):
            self._abandon(stack_set_id)
            raise
        except OutOfTime as error:
            running = self._stop(stack_set_id)
            instances = self.stack_sets.instances(stack_set_id)
            done = sum(_is_current(instances.get(each)) for each in spec.instances)
            total = len(spec.instances)
            text = f"{error} {done} of {total} stacks are where the template says. {running}"
            raise OutOfTime(text) from error

    def delete(self, stack_set_id: str, spec: StackSetSpec) -> None:
        """Delete every instance that is there, listed in the template or not, then the stack set.

        Args:
            stack_set_id: What to delete; done where it is gone.
            spec: Gives the operation preferences.

        Raises:
            StackSetResourceError: It could not be done, and why.
        """
        try:
            gone = self.stack_sets.describe(stack_set_id) is None
            while not gone:
                gone = self._delete_some(stack_set_id, spec)
        except NotFound:
            return
        except (AccessDenied, RequestRefused):
            self._abandon(stack_set_id)
            raise
        except OutOfTime as error:
            running = self._stop(stack_set_id)
            left = len(self.stack_sets.instances(stack_set_id))
            text = f"{error} {left} stack instances are left. {running}"
            raise OutOfTime(text) from error

    def _delete_some(self, stack_set_id: str, spec: StackSetSpec) -> bool:
        """Take the steps that can be taken; tells whether the stack set is gone."""
        newest = self._settle(stack_set_id, {DELETE})
        instances = self.stack_sets.instances(stack_set_id)
        if self._newest(stack_set_id) != newest:
            return False
        steps = self._unfinished(plan.plan_deletion(instances, self.marks))
        if steps:
            self._take(stack_set_id, steps, spec)
            return False
        if instances:
            failures = [plan.failure(target, state) for target, state in instances.items()]
            text = "Deleting left these instances where they are."
            raise OperationFailed(text, failures)
        try:
            self.stack_sets.delete(stack_set_id)
        except StackSetBusy:
            self.patience.sleep(_BUSY_PAUSE)
            return False
        return True

    def _settle(self, stack_set_id: str, relevant: Collection[str]) -> str:
        """Wait until the stack set is quiet; stop what an earlier request has left running.

        Args:
            stack_set_id: The stack set.
            relevant: The actions whose failure earlier in this request is the request's own.

        Returns:
            The OperationId of the newest operation; empty where there has been none.
        """
        while True:
            self.patience.check()
            recent = self.stack_sets.recent_operations(stack_set_id)
            self._refuse_if_superseded(recent)
            active = [each for each in recent if each.is_active]
            if not active:
                break
            for operation in active:
                if self._is_left_over(operation) and operation.status != "STOPPING":
                    self.stack_sets.stop(stack_set_id, operation.operation_id)
            self._wait(stack_set_id, active[-1].operation_id)
        for operation in recent:
            if self.marks.action_of(operation.operation_id) in relevant:
                self._judge(stack_set_id, operation)
        return recent[0].operation_id if recent else ""

    def _newest(self, stack_set_id: str) -> str:
        """The OperationId of the newest operation: another than before the look, and it is stale.

        Another sandbox may serve the same request at the same time.
        """
        return next(
            (each.operation_id for each in self.stack_sets.recent_operations(stack_set_id)), ""
        )

    def _is_left_over(self, operation: OperationState) -> bool:
        own = operation.operation_id
        return self.marks.is_of_resource(own) and self.marks.action_of(own) is None

    def _refuse_if_superseded(self, recent: Iterable[OperationState]) -> None:
        # CloudFormation dates its requests in whole seconds.
        until = self.began + 1
        later = [each for each in recent if self._is_left_over(each) and each.began >= until]
        if later:
            raise Superseded(later[0].operation_id)

    def _look(
        self, stack_set_id: str, spec: StackSetSpec, previous: Previous, newest_operation_id: str
    ) -> Observation:
        live = self.stack_sets.describe(stack_set_id)
        if live is None:
            raise NotFound(stack_set_id)
        instances = self.stack_sets.instances(stack_set_id)
        seen = Observation(live, instances, newest_operation_id=newest_operation_id)
        unknown = plan.unknown_overrides(spec, previous, seen, self.marks)
        known = {each: self.stack_sets.overrides(stack_set_id, each) for each in unknown}
        return replace(seen, known_overrides=known)

    def _deployment_steps(
        self, seen: Observation, spec: StackSetSpec, previous: Previous
    ) -> list[Step]:
        content = None
        # What CloudFormation read when it made the stack set may have been another content.
        is_as_made = previous.is_new and not (spec.template_digest and spec.template_url)
        if not is_as_made and differs(spec, previous, seen.stack_set, self.templates.read(spec)):
            content = json.dumps(update_parameters(spec), sort_keys=True)
        return self._unfinished(plan.plan_deployment(spec, previous, seen, self.marks, content))

    def _unfinished(self, steps: Iterable[Step]) -> list[Step]:
        return [each for each in steps if self.marks.operation_id(each) not in self.finished]

    def _take(self, stack_set_id: str, steps: Iterable[Step], spec: StackSetSpec) -> None:
        """Take steps in their order, side by side if the stack set's managed execution allows."""
        managed = batches(steps) if spec.managed_execution else [[step] for step in steps]
        for batch in managed:
            started = [each for each in batch if self._start(stack_set_id, each, spec)]
            marked = [self.marks.operation_id(each) for each in started]
            ended = [self._wait(stack_set_id, operation_id) for operation_id in marked]
            for operation in ended:
                self._judge(stack_set_id, operation)
            if len(started) < len(batch):
                # The rest of the plan may be wrong by now: the next look tells.
                self.patience.sleep(_BUSY_PAUSE)
                return

    def _start(self, stack_set_id: str, step: Step, spec: StackSetSpec) -> bool:
        """Start a step's operation, or find it started; False where the stack set has changed."""
        operation_id = self.marks.operation_id(step)
        preferences = operation_preferences(spec, step.regions)
        try:
            self.stack_sets.start(stack_set_id, step, operation_id, preferences, spec)
        except AlreadyStarted:
            logger.info("operation was started before", operation_id=operation_id)
        except (StackSetBusy, NotFound) as error:
            logger.info("stack set has changed meanwhile", cause=type(error).__name__)
            return False
        else:
            logger.info("operation started", operation_id=operation_id, action=step.action)
            metrics.add_metric("Operations", "Count", 1)
        return True

    def _wait(self, stack_set_id: str, operation_id: str) -> OperationState:
        """Wait until an operation has ended, however it has."""
        intervals = poll_intervals()
        while True:
            operation = self.stack_sets.operation(stack_set_id, operation_id)
            if not operation.is_active:
                return operation
            self.patience.sleep(next(intervals))

    def _judge(self, stack_set_id: str, operation: OperationState) -> None:
        """Take an operation of this request for done, or the whole request for failed."""
        if operation.operation_id in self.finished:
            return
        logger.info("operation ended", operation_id=operation.operation_id, status=operation.status)
        if operation.status == "SUCCEEDED" and not operation.failed_instances:
            self.finished.add(operation.operation_id)
            return
        failures, cancelled = self.stack_sets.failures(stack_set_id, operation.operation_id)
        if operation.action == "DELETE" and self._can_be_forgotten(stack_set_id, failures):
            self.finished.add(operation.operation_id)
            return
        text = f"{operation.action} operation {operation.operation_id} {operation.status}."
        raise OperationFailed(f"{text} {operation.reason}".strip(), failures, cancelled)

    def _can_be_forgotten(self, stack_set_id: str, failures: Collection[Failure]) -> bool:
        """Whether a delete failed only on instances that never had a stack."""
        instances = self.stack_sets.instances(stack_set_id)
        states = [instances.get(Target(each.account, each.region)) for each in failures]
        return bool(states) and not any(state and state.stack_id for state in states)

    def _abandon(self, stack_set_id: str) -> None:
        """Leave no operation of this request running, as far as the API lets us."""
        with contextlib.suppress(AccessDenied, RequestRefused, OutOfTime):
            self._stop_own(stack_set_id)

    def _stop_own(self, stack_set_id: str) -> None:
        for operation in self.stack_sets.recent_operations(stack_set_id):
            if operation.is_active and self.marks.action_of(operation.operation_id):
                self.stack_sets.stop(stack_set_id, operation.operation_id)

    def _stop(self, stack_set_id: str) -> str:
        """Stop this request's operations, wait for it while there is time, and say what runs."""
        self.patience.extend(self.deadline - _LAST_MOMENT)
        active: list[OperationState] = []
        try:
            self._stop_own(stack_set_id)
            while active := [
                each for each in self.stack_sets.recent_operations(stack_set_id) if each.is_active
            ]:
                self.patience.sleep(_STOP_PAUSE)
        except OutOfTime:
            names = ", ".join(f"{each.operation_id} ({each.status})" for each in active[:3])
            return f"Still on the stack set: operation {names}."
        return "No operation runs any more."


def _is_current(state: InstanceState | None) -> bool:
    return state is not None and state.is_current
