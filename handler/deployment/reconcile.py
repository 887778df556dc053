"""The loop: look at what is there, decide on the next step, act, wait, until no step is left.

No plan outlives an invocation. A first delivery, a relay and a repeat after a crash all do the
same: they wait until the stack set is quiet, look, and go on from what they see.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from handler.deployment.content import content_to_send, log_others
from handler.deployment.drift import has_been_detected
from handler.deployment.ending import Ending
from handler.deployment.forecast import Forecast
from handler.deployment.liveness import Liveness
from handler.deployment.look_ups import LookUps
from handler.deployment.looking import Looking, Part
from handler.deployment.operations import BUSY_PAUSE, Operations
from handler.deployment.patience import Patience
from handler.deployment.placing import Placing
from handler.deployment.planners import plan_deletion, planner_for
from handler.deployment.progress import of_deletion, of_deployment
from handler.deployment.removals import Removals
from handler.errors import RequestRefused
from handler.gateway.signals import NotFound, StackSetBusy
from handler.gateway.stacksets import StackSets
from handler.gateway.templates import Templates
from handler.observability import logger
from handler.plan.imports import check_places
from handler.plan.marks import Marks
from handler.plan.outcomes import LAG, OwnOperation
from handler.plan.parameters import (
    NO_PREFERENCES,
    operation_preferences,
    with_default_roles,
)
from handler.plan.steps import Step, batches
from handler.values.observation import Observation, OperationState
from handler.values.preferences import as_fast_as_possible
from handler.values.spec import Previous, StackSetSpec


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
        forecast: Tells where that takes longer than there is time.
        placing: Works out where a service-managed stack set is deployed.
        default_preferences: What holds where a template has no operation preferences.
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
    forecast: Forecast
    placing: Placing
    default_preferences: Mapping[str, Any] = field(default_factory=lambda: NO_PREFERENCES)
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
        operations.begun, operations.tolerates = begun, not spec.fails_on_tolerated

        def progress() -> str:
            planner = planner_for(spec, previous, self.marks, self.removals, self.placing)
            return of_deployment(self.stack_sets, stack_set_id, spec, planner)

        with self._ending(operations).left_in_order(progress):
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
            spec: Says what becomes of the stacks, and gives the order of Regions.
            part: Tells the instances to delete, if the others and the stack set stay.

        Raises:
            GivenUp: The request is not waited for any more.
            StackSetResourceError: It could not be done, and why.
        """
        operations = self._operations(stack_set_id)
        # What is left is told at the end: one failure is no reason to leave the others.
        operations.tolerates = True
        spec = replace(spec, preferences=as_fast_as_possible(spec.preferences))
        with (
            contextlib.suppress(NotFound),
            self._ending(operations).left_in_order(
                functools.partial(of_deletion, self.stack_sets, stack_set_id)
            ),
        ):
            gone = self.stack_sets.describe(stack_set_id) is None
            while not gone:
                gone = self._delete_some(operations, spec, part)

    def stop_own(self, stack_set_id: str) -> None:
        """Leave no operation of this request running, as far as the API lets us."""
        self._ending(self._operations(stack_set_id)).stop_own()

    def _ending(self, operations: Operations) -> Ending:
        return Ending(operations, self.patience, self.began, self.deadline)

    @cached_property
    def _looking(self) -> Looking:
        return Looking(
            self.stack_sets,
            self.marks,
            self.patience.sleep,
            self.look_ups,
            self.began,
            lag=min(LAG, (self.deadline - self.began) / 4),
        )

    @cached_property
    def removals(self) -> Removals:
        """What becomes of the stacks of instances that go."""
        return Removals(self.stack_sets, self.marks, self.liveness)

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
        planner = planner_for(spec, previous, self.marks, self.removals, self.placing)
        seen = self._looking.look(operations, spec, previous, recent, planner)
        if seen is None:
            return None
        if not (operations.has_begun() or self.liveness.is_rollback):
            check_places(spec, seen)
        settled = self.templates.settle(spec, seen.stack_set.template_body, previous.spec)
        content = content_to_send(operations, seen, settled, previous, self.templates)
        planned = planner.steps(operations, seen, settled, content)
        planned = self.placing.lost.around(planned, seen.instances)
        steps = self._untaken(operations, planned)
        if self.marks.adopts and self._looking.may_lack_some(steps, recent):
            return None
        if not steps:
            self.forecast.clear()
            learnt = sum(operations.learns(each) for each in planned)
            if learnt or self._may_be_surprised():
                return None
            planner.verify(operations, seen)
            self.removals.log_unreachable(seen, planner.wanted(seen))
            if not has_been_detected(operations, spec, seen):
                return None
            if not self.liveness.is_rollback:
                planner.tell_of_nobody(seen)
            return seen
        self.removals.log(steps, seen.instances)
        log_others(steps, seen, planner.wanted(seen))
        outlook = self.forecast.outlook(spec, steps, seen, recent, operations.successes())
        if not self.liveness.is_rollback:
            self.forecast.make(spec, outlook)
        else:
            settled = self._in_time(settled, self.forecast.in_time(settled, outlook))
        self._take(operations, steps, with_default_roles(settled, seen.stack_set))
        return None

    def _in_time(self, written: StackSetSpec, hurried: StackSetSpec) -> StackSetSpec:
        """Returns what goes faster than is written only if this is surely a rollback."""
        if hurried is written or not self.liveness.is_surely_rollback():
            return written
        logger.warning("the rollback goes faster than OperationPreferences says, to be in time")
        return hurried

    def _delete_some(self, operations: Operations, spec: StackSetSpec, part: Part | None) -> bool:
        """Take the steps that can be taken; tells whether what is to go is gone."""
        # A delete that an earlier request has started does what is wanted.
        recent = self._quiet(operations, {"DELETE"})
        listed = self._looking.fresh_instances(operations, recent)
        if listed is None:
            return False
        if part is not None:
            listed = part.of(listed, recent)
        removal = self.removals.of_delete(operations, spec, recent)
        planned = plan_deletion(spec, listed, self.marks, removal, is_all=part is None)
        planned = self.placing.lost.around(planned, listed)
        steps = self._untaken(operations, planned)
        if steps:
            self.removals.log(steps, listed)
            self._take(operations, steps, spec)
            return False
        self.removals.verify_empty(operations, listed)
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
                preferences = operation_preferences(spec, step.regions, self.default_preferences)
                try:
                    one = operations.start(step, preferences, spec)
                except RequestRefused as error:
                    if not self.placing.lost.learn(step, error):
                        raise
                    one = None
                if one is not None:
                    started.append(one)
            ended = []
            for one in started:
                ended.append(operations.wait(one.operation_id))
                operations.judge(ended[-1])
            if any(each.may_have_passed_over for each in ended):
                return  # what is left has to go before anything else reaches it
            if len(started) < len(batch):
                # The rest of the plan may be wrong by now: the next look tells.
                self.patience.sleep(BUSY_PAUSE)
                return
            if not self.liveness.is_known:
                return  # marks of a later request tell, and the next look sees them
