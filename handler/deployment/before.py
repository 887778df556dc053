"""What the stack set was before a request, as far as anybody knows."""

from __future__ import annotations

from dataclasses import dataclass, replace

from handler.deployment.liveness import Liveness
from handler.deployment.request import Request
from handler.errors import InvalidProperties
from handler.gateway.stacksets import StackSets
from handler.plan.configuration import is_given_otherwise
from handler.plan.execution_roles import ExecutionRoles
from handler.plan.instances import doubtful_overrides, interrupted
from handler.plan.marks import Marks
from handler.plan.outcomes import QUIET, have_ended_well
from handler.plan.removal import is_too_much, limits_deletions
from handler.properties.reading import read_previous, read_properties
from handler.values.spec import Previous, StackSetSpec


@dataclass(frozen=True)
class Before:
    """What stack sets were before a request.

    Attributes:
        request: The request.
        stack_sets: The gateway.
        marks: Those of the request.
        liveness: Tells whether the request is a rollback, and when the one before it began.
        execution_roles: Those that stack sets may name.
    """

    request: Request
    stack_sets: StackSets
    marks: Marks
    liveness: Liveness
    execution_roles: ExecutionRoles

    def of_update(self, spec: StackSetSpec) -> Previous:
        """What the stack set was before; the same as wanted where the update was refused."""
        old = self.request.old_properties
        if self.liveness.is_rollback:
            try:
                read_properties(old, self.request.properties)
            except InvalidProperties:
                return self.as_left(self.request.physical_id, spec)
        previous = read_previous(old)
        if self.liveness.is_rollback and self._was_refused(spec, previous.spec):
            return self.as_left(self.request.physical_id, spec)
        if spec.service_managed is not None and self._may_be_half_applied():
            # No list of instances tells which selections were applied.
            previous = replace(previous, certain=False)
        if self._goes_back_to_what_was_cut_short():
            return self._interrupted(self.request.physical_id, previous)
        if not self.request.follows_early_answer:
            return previous
        if self._has_ended_well(self.request.physical_id):
            return doubtful_overrides(previous, spec)
        return self._interrupted(self.request.physical_id, previous)

    def _may_be_half_applied(self) -> bool:
        """Whether a request has failed, this one's cause or a rollback that has failed as well."""
        return self.liveness.is_rollback or self.liveness.has_failed_before()

    def as_left(self, stack_set_id: str, spec: StackSetSpec) -> Previous:
        """What a stack set is that no request has touched since the one that this goes back to."""
        if self.request.answers_early and not self._has_ended_well(stack_set_id):
            return self._interrupted(stack_set_id, untouched(spec))
        return untouched(spec)

    def _was_refused(self, spec: StackSetSpec, refused: StackSetSpec | None) -> bool:
        """Whether the update that this goes back from has written nothing, though it was read.

        What its properties alone do not tell: it would have deleted too much, its template or its
        units did not suit it, a role was not allowed or not there. Of these only that request
        knows; its reason tells.
        """
        if refused is None:
            return False
        if spec.service_managed is not None or refused.memberships:
            return self.liveness.has_refused_before() and self._has_begun_nothing()
        may_be_refused = (
            is_given_otherwise(spec, refused)
            or refused.names_all_regions
            or refused.imports
            or refused.output_keys
            or self.execution_roles.fault(refused) is not None
        )
        if may_be_refused and self.liveness.has_refused_before():
            return True
        return limits_deletions(refused) and self._would_have_deleted_too_much(spec, refused)

    def _has_begun_nothing(self) -> bool:
        """Whether no operation is known of since the request before began."""
        began = self.liveness.request_before_began()
        newest = self.stack_sets.recent_operations(self.request.physical_id, most=1)
        return began is not None and all(each.began < began for each in newest)

    def _would_have_deleted_too_much(self, spec: StackSetSpec, refused: StackSetSpec) -> bool:
        there = self.stack_sets.instances(self.request.physical_id)
        kept, wanted = spec.targets, refused.targets
        going = [
            each
            for each in there
            if each in kept and each not in wanted and each.account not in refused.in_all_regions
        ]
        return is_too_much(refused, going, len(there))

    def _goes_back_to_what_was_cut_short(self) -> bool:
        """Whether a rollback goes back to a deployment that the request between had superseded."""
        if not (self.liveness.is_rollback and self.request.answers_early):
            return False
        superseded_at = self.liveness.request_before_began()
        if superseded_at is None:
            return False
        recent = self.stack_sets.recent_operations(self.request.physical_id)
        earlier = [each for each in recent if each.began < superseded_at]
        return not have_ended_well(earlier, self.marks, superseded_at, QUIET)

    def _has_ended_well(self, stack_set_id: str) -> bool:
        """Whether the deployment before, which was answered early, looks done."""
        recent = self.stack_sets.recent_operations(stack_set_id)
        return have_ended_well(recent, self.marks, self.request.began, QUIET)

    def _interrupted(self, stack_set_id: str, previous: Previous) -> Previous:
        """What a stack set was if the properties before were perhaps never all applied."""
        instances = self.stack_sets.instances(stack_set_id)
        return interrupted(previous, instances, self.marks)


def untouched(spec: StackSetSpec) -> Previous:
    """What a stack set was that is to go back to what it has been all the time."""
    return Previous(spec.instances, spec=spec)


def as_it_stands(spec: StackSetSpec, previous: Previous) -> StackSetSpec:
    """The same with the template that an untouched stack set has: its address may hold another."""
    is_touched = spec.template_digest or previous != untouched(spec)
    return spec if is_touched else replace(spec, template_url=None)


def unsure(spec: StackSetSpec) -> Previous:
    """What a stack set was of which nobody knows which properties were applied last."""
    return Previous({}, certain=False, spec=spec)
