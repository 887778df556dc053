"""What Create, Update and Delete mean for a stack set."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handler.deployment.adoption import adopt, is_for_good
from handler.deployment.before import Before, as_it_stands, unsure
from handler.deployment.confirmation import Confirmation
from handler.deployment.forsaken import Forsaken
from handler.deployment.leftovers import Leftovers, taken_back
from handler.deployment.liveness import GivenUp
from handler.deployment.membership import Memberships
from handler.deployment.memory import Memory
from handler.deployment.ownership import Origin, Ownership
from handler.deployment.patience import FIRST_POLL, TimeToRelay
from handler.deployment.preflight import Preflight
from handler.deployment.reconcile import Reconciliation
from handler.deployment.request import Request, is_stack_set_id
from handler.deployment.succession import Succession
from handler.errors import InvalidProperties, OutOfTime, StackSetGone
from handler.gateway.signals import NotFound
from handler.observability import logger
from handler.plan.imports import check_move
from handler.plan.instances import known_before
from handler.properties.reading import (
    Reading,
    read_leniently,
    read_properties,
)
from handler.values.observation import InstanceState, Observation
from handler.values.spec import START, Previous, StackSetSpec

_MOST_LOGGED = 50
_MOST_REPEATED = 3
_TOLD_BY = (
    "answered at the start of the deployment: its end is told by a Custom::StackSetWait, and"
    " without one by this log and the metric FailedDeployments alone"
)


@dataclass
class Lifecycle:
    """One request from its properties to its end.

    Attributes:
        request: The request.
        memory: What earlier invocations have left, and this one leaves.
        loop: Brings a stack set to where it should be.
        preflight: Looks at the template before anything is written.
        answer: Tells CloudFormation that what it waits for has begun.
        confirmation: Makes sure that CloudFormation has sent the request.
        warnings: What was passed over in the properties.
        deployment_id: What a wait for the deployment names.
        output_keys: The outputs of the member stacks that the answer is to tell.
    """

    request: Request
    memory: Memory
    loop: Reconciliation
    preflight: Preflight
    answer: Callable[[Observation], None]
    confirmation: Confirmation
    warnings: Sequence[str] = ()
    deployment_id: str = ""
    output_keys: Sequence[str] = ()

    def create(self) -> Observation:
        """Create a stack set and its instances.

        Raises:
            GivenUp: CloudFormation does not wait for it any more.
            StackSetResourceError: It could not be done. What was made is named in ``memory``, and
                CloudFormation's rollback deletes it.
        """
        self._begin(read_leniently(self.request.properties).spec)
        spec = self._read(read_properties(self.request.properties))
        self.preflight.require(spec)
        return self._deploy_another(self.request.name_of(spec), spec)

    def update(self) -> Observation:
        """Bring a stack set to its new properties, or replace it where its name changes.

        CloudFormation keeps the old stack set when a replacement fails, and knows nothing of the
        new one. The rollback, an Update back to the old name, finds and removes that.

        Raises:
            GivenUp: CloudFormation does not wait for it any more.
            StackSetResourceError: It could not be done.
        """
        self._begin(self._old_spec)
        spec = self._wanted()
        before = self._old_spec
        name = self._succession().replacement_name(spec, before)
        if name is not None:
            if not (self.loop.liveness.is_rollback or self.memory.stack_set_id):
                check_move(spec, before)
            return self._deploy_another(name, spec)
        present = self.request.physical_id
        if not self._succession().was_to_be_replaced(spec, before):
            return self._deploy(present, spec, self._before().of_update(spec))
        return self._take_back(spec, before)

    def delete(self) -> None:
        """Delete a stack set with all its instances; done where there is none.

        A physical id that names no stack set is what a failed Create leaves behind.

        Raises:
            GivenUp: CloudFormation does not wait for it any more.
            StackSetResourceError: It could not be done, and why.
        """
        spec = read_leniently(self.request.properties).spec
        try:
            self._begin(spec)
            if not is_stack_set_id(self.request.physical_id):
                self._leftovers.delete_made(spec)
            elif spec.adopts and not is_for_good(self.loop, self.request):
                self._leftovers.remove(self.request.physical_id, spec)
            else:
                self.loop.delete(self.request.physical_id, self._as_deployed(spec))
                Forsaken(self.request, self.loop).delete()
        except GivenUp as given_up:
            if not given_up.is_unasked_delete:
                raise
            logger.warning("CloudFormation keeps this stack set, so nothing is deleted")

    def _begin(self, spec: StackSetSpec) -> None:
        """Make sure that the request is CloudFormation's, and waited for.

        Args:
            spec: How to call for what is there.
        """
        self.loop.stack_sets.call_as = spec.call_as
        self.loop.liveness.begin()
        self.confirmation.require()

    def abandon(self) -> None:
        """Leave no operation of this request running on the stack set that it works on."""
        known = self.memory.stack_set_id or self.request.physical_id
        if is_stack_set_id(known):
            self.loop.stop_own(known)

    # --- properties --------------------------------------------------------------------------

    @functools.cached_property
    def _old_spec(self) -> StackSetSpec:
        """What an Update comes from, as far as it can be read."""
        return read_leniently(self.request.old_properties).spec

    def _wanted(self) -> StackSetSpec:
        """What an Update asks for; a rollback is never refused for what it says."""
        wanted = self.request.properties
        if self.loop.liveness.is_rollback:
            return self._read(read_leniently(wanted))
        try:
            spec = self._read(read_properties(wanted, self.request.old_properties))
            self.preflight.require(spec, self._old_spec)
            return spec  # noqa: TRY300 - what the preflight raises is caught here, too
        except InvalidProperties:
            if self.loop.liveness.is_surely_rollback():
                return self._read(read_leniently(wanted))
            raise

    def _read(self, reading: Reading) -> StackSetSpec:
        self.loop.stack_sets.call_as = reading.spec.call_as
        spec = self._with_members(self.preflight.with_regions(reading.spec))
        unknown = self._memberships.warnings
        self.warnings = (*reading.warnings, *self.preflight.warnings(spec), *unknown)
        for warning in () if self.memory.own else self.warnings[:_MOST_LOGGED]:
            logger.warning(warning)
        self.deployment_id = self._deployment_id(spec)
        # An answer that comes before the stacks knows nothing of them.
        self.output_keys = () if spec.wait_for == START else spec.output_keys
        return spec

    def _with_members(self, spec: StackSetSpec) -> StackSetSpec:
        try:
            return self._memberships.resolve(spec)
        except InvalidProperties:
            if self.memory.own:
                # The organization told an earlier invocation, and does not tell this one.
                self.abandon()
            raise

    @functools.cached_property
    def _memberships(self) -> Memberships:
        placing = self.loop.placing
        return Memberships(
            placing.organization, placing.read_list, placing.goes_back, placing.reads_members
        )

    def _deployment_id(self, spec: StackSetSpec, last_planned: str = "") -> str:
        tolerates = not spec.fails_on_tolerated
        marks = self.request.marks
        return marks.deployment(len(spec.targets), last_planned, tolerates=tolerates).id

    # --- stack sets --------------------------------------------------------------------------

    def _take_back(self, spec: StackSetSpec, before: StackSetSpec) -> Observation:
        """Keep the present stack set, and remove what was to replace it and has failed.

        Once it is answered a request may be superseded, so what is half made goes before that.
        """
        present, is_early = self.request.physical_id, spec.wait_for == START
        if is_early and not self.memory.is_answered:
            self._leftovers.remove_replacement(before)
        if self.loop.liveness.is_rollback:
            # Nothing has touched the present one.
            previous = self._before().as_left(present, spec)
            seen = self._deploy(present, as_it_stands(spec, previous), previous)
        else:
            seen = self._deploy(present, spec, unsure(spec))
        if not is_early:
            self._leftovers.remove_replacement(before)
        return seen

    def _deploy_another(self, name: str, spec: StackSetSpec) -> Observation:
        """Deploy a stack set of this name: a new one, or one that the resource has already."""
        if not self.memory.stack_set_id:
            own = self._ownership().find(name, spec)
            if own is None:
                if is_stack_set_id(self.request.physical_id):
                    self.loop.removals.check_replacement(self.request.physical_id, spec)
                self.loop.templates.check(spec)
                self.loop.placing.check(spec.service_managed)
                own = self._ownership().make(name, spec)
            self._succession().remember(own)
        if self.memory.origin == Origin.MADE.name:
            if spec.adopts:
                text = f"OnExistingStackSet: no stack set is named {name}, so one was made."
                self.warnings = (*self.warnings, text)
            previous = Previous({}, spec=spec, is_new=True)
        elif self.memory.origin == Origin.REPLACED.name:
            previous = self._before().as_left(self.memory.stack_set_id, spec)
            if self.loop.liveness.is_rollback:
                spec = as_it_stands(spec, previous)
        elif self.memory.has_adopted:
            previous, told = adopt(self.loop, self.memory.stack_set_id)
            self.warnings = (*self.warnings, *told)
        else:
            instances = self.loop.stack_sets.instances(self.memory.stack_set_id)
            previous = known_before(instances, self.loop.marks)
        return self._deploy(self.memory.stack_set_id, spec, previous)

    def _deploy(self, stack_set_id: str, spec: StackSetSpec, previous: Previous) -> Observation:
        is_answered_early = spec.wait_for == START and not self.memory.is_answered
        begun = functools.partial(self._begun, stack_set_id, spec) if is_answered_early else None
        try:
            return self.loop.deploy(stack_set_id, spec, previous, begun)
        except NotFound as error:
            self.loop.liveness.require()
            raise StackSetGone(stack_set_id) from error
        except OutOfTime as error:
            warnings = (*self.loop.placing.warnings, *self.warnings)[:_MOST_REPEATED]
            repeated = (*self.loop.forecast.warnings, *warnings)
            if not repeated:
                raise
            message = " ".join((str(error), *repeated))
            raise OutOfTime(message) from error

    def _begun(
        self, stack_set_id: str, spec: StackSetSpec, operation_id: str, last_planned: str
    ) -> float:
        """Answer before the end: the whole plan is possible, and its first operation runs.

        Returns:
            Seconds for which not to answer yet.

        Raises:
            TimeToRelay: It is answered: as of now there is more time than CloudFormation's.
        """
        is_rollback = self.loop.liveness.is_rollback
        held_back = self.request.answer_early_at - time.time() if is_rollback else 0.0
        if held_back > 0:
            return held_back
        live = self.loop.stack_sets.describe(stack_set_id)
        if live is None:
            raise NotFound(stack_set_id)
        self.loop.liveness.require()
        # Who is in units nobody knows beforehand: of those, what is there.
        by_unit = spec.service_managed is not None
        known = self.loop.stack_sets.instances(stack_set_id) if by_unit else spec.targets
        wanted = dict.fromkeys(known, InstanceState("CURRENT"))
        self.deployment_id = self._deployment_id(spec, last_planned)
        self.answer(Observation(live, wanted, newest_operation_id=operation_id))
        self.memory.first.answered_id = live.stack_set_id
        logger.info(_TOLD_BY)
        raise TimeToRelay(FIRST_POLL)

    def _as_deployed(self, spec: StackSetSpec) -> StackSetSpec:
        """What to heed of the properties of a Delete: a rollback takes its own stacks back."""
        keeps = spec.retain_stacks or spec.fails_on_unreachable
        is_undone = keeps and self.loop.removals.is_of_what_failed(self.request.physical_id, spec)
        return taken_back(spec) if is_undone else spec

    @property
    def _leftovers(self) -> Leftovers:
        return Leftovers(self.request, self.loop, self._ownership())

    def _succession(self) -> Succession:
        loop = self.loop
        return Succession(
            self.request, self.memory, loop.liveness, loop.stack_sets, self._ownership
        )

    def _before(self) -> Before:
        loop, roles = self.loop, self.preflight.execution_roles
        return Before(self.request, loop.stack_sets, loop.marks, loop.liveness, roles)

    def _ownership(self) -> Ownership:
        present = self.request.physical_id if is_stack_set_id(self.request.physical_id) else ""
        return Ownership(self.loop.stack_sets, self.loop.marks, self.loop.liveness, present)
