"""What becomes of stacks whose instances go: as the template says, but for a rollback.

A rollback takes back what its own failed request has made, whatever the template retains: nobody
would own those stacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from handler.deployment.liveness import Liveness
from handler.deployment.operations import Operations
from handler.errors import OperationFailed
from handler.gateway.stacksets import StackSets
from handler.observability import logger
from handler.plan.instances import failure
from handler.plan.marks import Marks
from handler.plan.removal import (
    Removal,
    check_removal,
    check_share,
    is_made_by_resource,
    is_too_much,
    limits_deletions,
    newly_leaving,
)
from handler.plan.steps import DELETE, Step, reached
from handler.values.observation import InstanceState, Observation, OperationState
from handler.values.spec import START, Previous, StackSetSpec
from handler.values.targets import Target

_ROLLING_BACK = {
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
}
_MOST_IN_A_LINE = 500


@dataclass
class Removals:
    """What becomes of the stacks of one request's instances that go.

    Attributes:
        stack_sets: The gateway.
        marks: Those of the request.
        liveness: Tells what CloudFormation is about.
    """

    stack_sets: StackSets
    marks: Marks
    liveness: Liveness

    def of_update(
        self,
        operations: Operations,
        spec: StackSetSpec,
        going: Mapping[Target, InstanceState],
        there: int,
        previous: Previous,
    ) -> Removal:
        """Returns how instances leave in a deployment.

        Args:
            operations: Those of the stack set.
            spec: What the template says.
            going: The instances that leave.
            there: How many instances there are.
            previous: What the template said before.

        Raises:
            TooManyDeletions: They are more than the template allows, and nothing is written yet.
            OperationFailed: Some cannot be reached, and are not to be forgotten.
        """
        if not operations.has_begun():
            self._check_share(spec, newly_leaving(going, previous, self.marks), there)
        fails = spec.fails_on_unreachable and not self.liveness.is_rollback
        if fails:
            check_removal(going, self.marks)
        return Removal(
            retains=spec.retain_stacks_on_removal,
            takes_back=bool(going) and spec.retain_stacks_on_removal and self._is_surely_rollback,
            fails_on_unreachable=fails,
            failed=operations.let_off(),
            imported=spec.imported | previous.imported,
            staying=spec.imported,
            done=operations.named(DELETE),
        )

    def check_replacement(self, stack_set_id: str, spec: StackSetSpec) -> None:
        """Refuse to replace a stack set that would go with more instances than are allowed to.

        Raises:
            TooManyDeletions: See there.
        """
        if limits_deletions(spec):
            there = self.stack_sets.instances(stack_set_id)
            self._check_share(spec, there, len(there))

    def of_delete(
        self,
        operations: Operations,
        spec: StackSetSpec,
        recent: Sequence[OperationState],
    ) -> Removal:
        """Returns how instances go with their stack set.

        Args:
            operations: Those of the stack set.
            spec: How, as `as_deployed` has it.
            recent: The last operations, newest first.
        """
        newest = recent[0].operation_id if recent else ""
        return Removal(
            retains=spec.retain_stacks,
            fails_on_unreachable=spec.fails_on_unreachable,
            failed=operations.let_off(),
            imported=spec.imported,
            newest_operation_id=newest,
        )

    def is_of_what_failed(self, stack_set_id: str, spec: StackSetSpec) -> bool:
        """Whether a Delete takes back what a Create, or a stack's operation, has made in vain.

        CloudFormation knows that; where it does not tell, what ran on the stack set does: nothing
        but the operations of one Create, one of which has failed. In doubt it has succeeded, so
        that stacks stay.

        Args:
            stack_set_id: What is to be deleted.
            spec: What its Create wanted.
        """
        liveness = self.liveness
        if liveness.first.status in _ROLLING_BACK and liveness.is_surely(_ROLLING_BACK):
            return True
        was_deployed = liveness.stack.was_deployed(stack_set_id)
        if was_deployed is not None:
            return not was_deployed
        return spec.wait_for != START and self._is_of_failed_create(stack_set_id, spec)

    def verify_empty(self, operations: Operations, listed: Mapping[Target, InstanceState]) -> None:
        """Take a stack set for empty.

        Raises:
            OperationFailed: It is not, and why.
        """
        if not listed:
            return
        known = operations.failures_let_off()
        failures = [known.get(each) or failure(each, state) for each, state in listed.items()]
        text = "Deleting left these instances where they are."
        raise OperationFailed(text, failures)

    def log(self, steps: Iterable[Step], listed: Mapping[Target, InstanceState]) -> None:
        """Say which stacks stay where they are though their instances go."""
        stay = sorted(
            target
            for step in steps
            if step.action == DELETE and step.retain_stacks
            for target in reached(step, listed)
            if listed[target].has_stack or listed[target].is_suspended
        )
        _log("stacks stay where they are", stay)

    def log_unreachable(self, seen: Observation, wanted: Iterable[Target]) -> None:
        """Say which instances are not deployed, for their accounts cannot be reached."""
        passed_over = sorted(
            each for each in wanted if each in seen.instances and seen.instances[each].is_suspended
        )
        _log("instances in accounts that cannot be reached are passed over", passed_over)

    # --- what CloudFormation is about --------------------------------------------------------

    @cached_property
    def _is_surely_rollback(self) -> bool:
        return self.liveness.is_surely_rollback()

    def _check_share(
        self, spec: StackSetSpec, going: Mapping[Target, InstanceState], there: int
    ) -> None:
        """Never in a rollback: what the failed update made has to go.

        Where CloudFormation does not tell, what the resource has made last is not counted.
        """
        if self.liveness.request.kind != "Update" or not is_too_much(spec, going, there):
            return
        if self._is_surely_rollback:
            return
        counted = going
        if not self.liveness.first.status:
            logger.warning("it is not known whether this is a rollback, so fewer deletions count")
            counted = {t: s for t, s in going.items() if not is_made_by_resource(s, self.marks)}
        check_share(spec, counted, there)

    def _is_of_failed_create(self, stack_set_id: str, spec: StackSetSpec) -> bool:
        recent = self.stack_sets.recent_operations(stack_set_id)
        own = [each for each in recent if self.marks.is_of_other_request(each.operation_id)]
        return (
            bool(own)
            and all(self.marks.is_of_create(each.operation_id) for each in own)
            and any(
                each.status != "SUCCEEDED" or (each.failed_instances and spec.fails_on_tolerated)
                for each in own
                if each.action != "DELETE"
            )
        )


def _log(message: str, targets: Sequence[Target]) -> None:
    for start in range(0, len(targets), _MOST_IN_A_LINE):
        part = targets[start : start + _MOST_IN_A_LINE]
        places = [f"{each.account}/{each.region}" for each in part]
        logger.warning(message, count=len(targets), stacks=places)
