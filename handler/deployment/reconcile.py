"""The loop: look at what is there, decide on the next step, act, wait, until no step is left.

No plan outlives an invocation. A first delivery, a relay and a repeat after a crash all do the
same: they wait until the stack set is quiet, look, and go on from what they see.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from handler.deployment.drift import has_been_detected
from handler.deployment.liveness import Liveness
from handler.deployment.look_ups import LookUps
from handler.deployment.looking import Looking, Part
from handler.deployment.operations import BUSY_PAUSE, Operations
from handler.deployment.patience import Patience
from handler.errors import AccessDenied, OperationFailed, OutOfTime, RequestRefused
from handler.gateway.stacksets import NotFound, StackSetBusy, StackSets
from handler.gateway.templates import Templates
from handler.observability import logger
from handler.plan import instances as planning
from handler.plan.configuration import differs
from handler.plan.marks import Marks
from handler.plan.outcomes import LAG, OwnOperation
from handler.plan.parameters import operation_preferences, update_parameters, with_default_roles
from handler.plan.steps import UPDATE_SET, Step, batches
from handler.values.observation import Observation, OperationState
from handler.values.spec import Previous, StackSetSpec

_STOP_PAUSE = 2.0
_LAST_MOMENT = 15.0


@dataclass
class Reconciliation:
    """One request's way from what is there to what the template says.

    Attributes:
        stack_sets: The gateway to the StackSets API.
        marks: Those of the request.
        patience: How long to wait.
        liveness: Whether the request is waited for.
        began: When CloudFormation sent the request, in seconds since the epoch.
        deadline: When CloudFormation gives up, in seconds since the epoch.
        templates: Gives the wanted template's text.
        own: This request's operations, by id, as far as they are known.
        look_ups: The overrides that it has looked up.
    """

    stack_sets: StackSets
    marks: Marks
    patience: Patience
    liveness: Liveness
    began: float
    deadline: float
    templates: Templates
    own: dict[str, OwnOperation] = field(default_factory=dict)
    look_ups: LookUps = field(default_factory=LookUps)
    _known: dict[str, Operations] = field(default_factory=dict)

    def deploy(
        self,
        stack_set_id: str,
        spec: StackSetSpec,
        previous: Previous,
        begun: Callable[[str, str], float] | None = None,
    ) -> Observation:
        """Bring a stack set and its instances to where the template wants them.

        Args:
            stack_set_id: The stack set.
            spec: What the template wants.
            previous: What it wanted before.
            begun: Called before each look at an operation of the request that is waited for, with
                its OperationId and that of the last step of the plan, empty for unknown; returns
                the seconds after which it is to be called again.

        Returns:
            The last look, in which everything is in place.

        Raises:
            NotFound: The stack set is gone.
            GivenUp: The request is not waited for any more.
            StackSetResourceError: It could not be done, and why.
        """
        operations = self._operations(stack_set_id)
        operations.begun = begun
        with self._left_in_order(operations, lambda: self._progress(stack_set_id, spec)):
            while True:
                seen = self._deploy_some(operations, spec, previous)
                if seen is not None:
                    return seen

    def adopt(self) -> None:
        """Mark the operations of this request as ones on a stack set that was there before."""
        self.marks = replace(self.marks, adopts=True)

    def delete(self, stack_set_id: str, spec: StackSetSpec, part: Part | None = None) -> None:
        """Delete every instance that is there, listed in the template or not, then the stack set.

        Args:
            stack_set_id: What to delete; done where it is gone.
            spec: Gives the operation preferences.
            part: Tells the instances to delete, if the others and the stack set stay.

        Raises:
            GivenUp: The request is not waited for any more.
            StackSetResourceError: It could not be done, and why.
        """
        operations = self._operations(stack_set_id)
        with (
            contextlib.suppress(NotFound),
            self._left_in_order(operations, lambda: self._left(stack_set_id)),
        ):
            gone = self.stack_sets.describe(stack_set_id) is None
            while not gone:
                gone = self._delete_some(operations, spec, part)

    def stop_own(self, stack_set_id: str) -> None:
        """Leave no operation of this request running, as far as the API lets us."""
        with contextlib.suppress(AccessDenied, RequestRefused, OutOfTime):
            self._operations(stack_set_id).stop_own()

    @cached_property
    def _looking(self) -> Looking:
        until = self.began + min(LAG, (self.deadline - self.began) / 4)
        sleep, look_ups = self.patience.sleep, self.look_ups
        return Looking(self.stack_sets, self.marks, sleep, look_ups, self.began, until)

    def _operations(self, stack_set_id: str) -> Operations:
        return self._known.setdefault(
            stack_set_id,
            Operations(
                self.stack_sets,
                self.marks,
                self.patience,
                self.liveness,
                stack_set_id,
                self.own,
            ),
        )

    def _deploy_some(
        self, operations: Operations, spec: StackSetSpec, previous: Previous
    ) -> Observation | None:
        """Take the steps that can be taken; returns the last look where none is left."""
        recent = self._quiet(operations, ())
        seen = self._looking.look(operations, spec, previous, recent)
        if seen is None:
            return None
        settled = self.templates.settle(spec, seen.stack_set.template_body, previous.spec)
        planned = self._deployment_steps(operations, seen, settled, previous)
        steps = self._untaken(operations, planned)
        if self.marks.adopts and self._looking.may_lack_some(steps, recent):
            return None
        if not steps:
            learnt = sum(operations.learns(each) for each in planned)
            if learnt or self._may_be_surprised():
                return None
            planning.verify(spec, seen)
            return seen if self._is_drift_known(operations, spec, seen) else None
        self._take(operations, steps, with_default_roles(settled, seen.stack_set))
        return None

    def _is_drift_known(
        self, operations: Operations, spec: StackSetSpec, seen: Observation
    ) -> bool:
        """Whether drift need not be detected, or has been; a rollback has no time for it."""
        if not (spec.detects_drift and seen.instances) or self.liveness.is_rollback:
            return True
        return has_been_detected(operations, spec)

    def _delete_some(self, operations: Operations, spec: StackSetSpec, part: Part | None) -> bool:
        """Take the steps that can be taken; tells whether what is to go is gone."""
        # A delete that an earlier request has started does what is wanted.
        recent = self._quiet(operations, {"DELETE"})
        listed = self._looking.fresh_instances(operations, recent)
        if listed is None:
            return False
        if part is not None:
            listed = part.of(listed, recent)
        steps = self._untaken(operations, planning.plan_deletion(listed, self.marks))
        if steps:
            self._take(operations, steps, spec)
            return False
        if listed:
            failures = [planning.failure(target, state) for target, state in listed.items()]
            text = "Deleting left these instances where they are."
            raise OperationFailed(text, failures)
        if part is not None:
            return part.is_surely_all()
        try:
            self.stack_sets.delete(operations.stack_set_id)
        except StackSetBusy:
            self.patience.sleep(BUSY_PAUSE)
            return False
        return True

    def _quiet(self, operations: Operations, spared: Iterable[str]) -> list[OperationState]:
        """Wait until the stack set is quiet, and judge what this request has done so far."""
        recent = operations.wait_until_quiet(set(spared))
        for operation in reversed(recent):
            if self.marks.action_of(operation.operation_id) is not None:
                operations.judge(operation)
        return recent

    def _may_be_surprised(self) -> bool:
        """Whether a write of the request before may still arrive; waits for it."""
        if not self.liveness.may_overlap or time.time() >= self.began + LAG:
            return False
        seconds = self.liveness.seconds_until_quiet(self.began)
        if seconds <= 0:
            return False
        self.patience.sleep(seconds)
        return True

    def _deployment_steps(
        self,
        operations: Operations,
        seen: Observation,
        spec: StackSetSpec,
        previous: Previous,
    ) -> list[Step]:
        content = None
        # What CloudFormation read when it made the stack set may have been another content.
        is_as_made = previous.is_new and not (spec.template_digest and spec.template_url)
        if not is_as_made and differs(spec, previous, seen.stack_set, self.templates.read(spec)):
            content = json.dumps(update_parameters(spec), sort_keys=True)
            if self._has_rolled_out(operations, content):
                logger.warning("stack set is shown otherwise than it was updated")
                content = None
        return planning.plan_deployment(spec, previous, seen, self.marks, content)

    def _has_rolled_out(self, operations: Operations, content: str) -> bool:
        """Whether this request has updated the stack set to this content."""
        step = Step(UPDATE_SET, None, (), content=content)
        return operations.has_succeeded(self.marks.operation_id(step))

    def _untaken(self, operations: Operations, steps: Iterable[Step]) -> list[Step]:
        return [
            each for each in steps if not operations.has_succeeded(self.marks.operation_id(each))
        ]

    def _take(self, operations: Operations, steps: Sequence[Step], spec: StackSetSpec) -> None:
        """Take steps in their order, side by side if the stack set's managed execution allows."""
        operations.last_planned = self.marks.operation_id(steps[-1])
        managed = batches(steps) if spec.managed_execution else [[step] for step in steps]
        for batch in managed:
            started = []
            for step in batch:
                preferences = operation_preferences(spec, step.regions)
                one = operations.start(step, preferences, spec)
                if one is not None:
                    started.append(one)
            for one in started:
                operations.judge(operations.wait(one.operation_id))
            if len(started) < len(batch):
                # The rest of the plan may be wrong by now: the next look tells.
                self.patience.sleep(BUSY_PAUSE)
                return
            if not self.liveness.is_known:
                return  # marks of a later request tell, and the next look sees them

    @contextlib.contextmanager
    def _left_in_order(self, operations: Operations, progress: Callable[[], str]) -> Iterator[None]:
        """Leave no operation of this request running, whatever ends it before its time.

        Args:
            operations: Those of the stack set.
            progress: Says how far the request got.
        """
        try:
            yield
        except (AccessDenied, RequestRefused, OperationFailed):
            self.stop_own(operations.stack_set_id)
            raise
        except OutOfTime as error:
            last_moment = min(_LAST_MOMENT, (self.deadline - self.began) / 20)
            self.patience.extend(self.deadline - last_moment)
            texts = [str(error), self._stop_and_tell(operations)]
            with contextlib.suppress(OutOfTime, AccessDenied, RequestRefused):
                texts.insert(1, progress())
            raise OutOfTime(" ".join(texts)) from error

    def _stop_and_tell(self, operations: Operations) -> str:
        """Stop this request's operations, wait for it while there is time, and say what runs."""
        active: list[OperationState] = []
        try:
            operations.stop_own()
            while active := operations.active():
                self.patience.sleep(_STOP_PAUSE)
        except OutOfTime:
            if active:
                names = ", ".join(f"{each.operation_id} ({each.status})" for each in active[:3])
                return f"Still on the stack set: operation {names}."
            return "Operations perhaps still run on the stack set."
        return "No operation runs any more."

    def _progress(self, stack_set_id: str, spec: StackSetSpec) -> str:
        done = sum(
            state.is_current and target in spec.instances
            for target, state in self.stack_sets.each_instance(stack_set_id)
        )
        return f"{done} of {len(spec.instances)} stacks are where the template says."

    def _left(self, stack_set_id: str) -> str:
        left = sum(1 for _ in self.stack_sets.each_instance(stack_set_id))
        return f"{left} stack instances are left; deleting again goes on with them."
