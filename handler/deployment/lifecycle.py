"""What Create, Update and Delete mean for a stack set."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from handler.deployment.adoption import adopt, is_for_good, withdraw
from handler.deployment.before import Before, as_it_stands, unsure
from handler.deployment.liveness import GivenUp
from handler.deployment.memory import Memory
from handler.deployment.ownership import Origin, Own, Ownership
from handler.deployment.patience import FIRST_POLL, TimeToRelay
from handler.deployment.reconcile import Reconciliation
from handler.deployment.request import Request, is_stack_set_id, name_in
from handler.errors import InvalidProperties, StackSetResourceError
from handler.gateway.stacksets import NotFound
from handler.observability import logger
from handler.plan.instances import known_before
from handler.properties.reading import (
    Reading,
    read_leniently,
    read_properties,
)
from handler.values.observation import InstanceState, Observation, StackSetState
from handler.values.spec import START, Previous, StackSetSpec

_MOST_LOGGED = 50
# Longer than a message stays hidden whose sandbox died at once, and than any look takes.
_TIME_TO_ANSWER_IN = 1000.0


@dataclass
class Lifecycle:
    """One request from its properties to its end.

    Attributes:
        request: The request.
        memory: What earlier invocations have left, and this one leaves.
        loop: Brings a stack set to where it should be.
        answer: Tells CloudFormation that what it waits for has begun.
        warnings: What was passed over in the properties.
        deployment_id: What a wait for the deployment names.
    """

    request: Request
    memory: Memory
    loop: Reconciliation
    answer: Callable[[Observation], None]
    warnings: Sequence[str] = ()
    deployment_id: str = ""

    def create(self) -> Observation:
        """Create a stack set and its instances.

        Raises:
            GivenUp: CloudFormation does not wait for it any more.
            StackSetResourceError: It could not be done. What was made is named in ``memory``, and
                CloudFormation's rollback deletes it.
        """
        self.loop.liveness.begin()
        spec = self._read(read_properties(self.request.properties))
        return self._deploy_another(spec.name or self.request.default_name, spec)

    def update(self) -> Observation:
        """Bring a stack set to its new properties, or replace it where its name changes.

        CloudFormation keeps the old stack set when a replacement fails, and knows nothing of the
        new one. The rollback, an Update back to the old name, finds and removes that.

        Raises:
            GivenUp: CloudFormation does not wait for it any more.
            StackSetResourceError: It could not be done.
        """
        self.loop.liveness.begin()
        spec = self._wanted()
        name = self._replacement_name(spec)
        if name is not None:
            return self._deploy_another(name, spec)
        before = read_leniently(self.request.old_properties).spec
        present = self.request.physical_id
        if not self._was_to_be_replaced(spec, before):
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
            self.loop.liveness.begin()
            if not is_stack_set_id(self.request.physical_id):
                self._delete_what_was_made(spec)
            elif spec.adopts and not is_for_good(self.loop, self.request):
                withdraw(self.loop, self.request, self.request.physical_id, spec)
            else:
                self.loop.delete(self.request.physical_id, spec)
        except GivenUp as given_up:
            if not given_up.is_unasked_delete:
                raise
            logger.warning("CloudFormation keeps this stack set, so nothing is deleted")

    def abandon(self) -> None:
        """Leave no operation of this request running on the stack set that it works on."""
        known = self.memory.stack_set_id or self.request.physical_id
        if is_stack_set_id(known):
            self.loop.stop_own(known)

    # --- properties --------------------------------------------------------------------------

    def _wanted(self) -> StackSetSpec:
        """What an Update asks for; a rollback is never refused for what it says."""
        wanted = self.request.properties
        if self.loop.liveness.is_rollback:
            return self._read(read_leniently(wanted))
        try:
            return self._read(read_properties(wanted, self.request.old_properties))
        except InvalidProperties:
            if self.loop.liveness.is_surely_rollback():
                return self._read(read_leniently(wanted))
            raise

    def _read(self, reading: Reading) -> StackSetSpec:
        for warning in reading.warnings[:_MOST_LOGGED]:
            logger.warning(warning)
        self.warnings = reading.warnings
        self.deployment_id = self.request.marks.deployment(len(reading.spec.instances)).id
        return reading.spec

    def _replacement_name(self, spec: StackSetSpec) -> str | None:
        """The name of the stack set to make instead of the present one; None to keep that."""
        present = self.request.physical_id
        if not is_stack_set_id(present):
            return spec.name or self.request.default_name
        if any(each.stack_set_id == present for each in self.memory.own.values()):
            return None  # decided by an earlier invocation
        before = read_leniently(self.request.old_properties).spec
        # A name that was edited while nobody looked at it does not move the stack set.
        is_kept = spec.name in {None, name_in(present), before.name}
        if is_kept and self.loop.stack_sets.describe(present) is not None:
            return None
        wanted, liveness = spec.name or name_in(present), self.loop.liveness
        is_gone = liveness.is_rollback and not is_kept and not self._is_there(wanted, spec)
        if is_gone and liveness.is_surely_rollback():
            logger.warning("no stack set of the old name is left, so the present one stays")
            return None
        return wanted

    def _is_there(self, name: str, spec: StackSetSpec) -> bool:
        if not self.memory.stack_set_id:
            self._remember(self._ownership().find(name, spec))
        return bool(self.memory.stack_set_id)

    def _remember(self, own: Own | None) -> None:
        if own is not None:
            self.memory.stack_set_id, self.memory.origin = own.stack_set_id, own.origin.name

    def _was_to_be_replaced(self, spec: StackSetSpec, before: StackSetSpec) -> bool:
        """Whether this goes back from properties that name another stack set, as far as is known.

        An update may come from such properties, too, where a rollback has kept the stack set.
        """
        liveness = self.loop.liveness
        if before.name in {None, spec.name, name_in(self.request.physical_id)}:
            return False
        is_rollback = liveness.is_rollback or liveness.is_surely_rollback()
        return is_rollback or not liveness.first.status

    # --- stack sets --------------------------------------------------------------------------

    def _take_back(self, spec: StackSetSpec, before: StackSetSpec) -> Observation:
        """Keep the present stack set, and remove what was to replace it and has failed.

        Once it is answered a request may be superseded, so what is half made goes before that.
        """
        present, is_early = self.request.physical_id, spec.wait_for == START
        if is_early and not self.memory.is_answered:
            self._remove(self._find_settled(str(before.name), before), before)
        if self.loop.liveness.is_rollback:
            # Nothing has touched the present one.
            previous = self._before().as_left(present, spec)
            seen = self._deploy(present, as_it_stands(spec, previous), previous)
        else:
            seen = self._deploy(present, spec, unsure(spec))
        if not is_early:
            self._remove(self._find_settled(str(before.name), before), before)
        return seen

    def _deploy_another(self, name: str, spec: StackSetSpec) -> Observation:
        """Deploy a stack set of this name: a new one, or one that the resource has already."""
        if not self.memory.stack_set_id:
            own = self._ownership().find(name, spec)
            if own is None:
                self.loop.templates.check(spec)
                own = self._ownership().make(name, spec)
            self._remember(own)
        if self.memory.origin == Origin.MADE.name:
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
            message = f"Stack set {stack_set_id} was deleted by somebody else meanwhile."
            raise StackSetResourceError(message) from error

    def _begun(
        self, stack_set_id: str, spec: StackSetSpec, operation_id: str, last_planned: str
    ) -> float:
        """Answer before the end: the whole plan is possible, and its first operation runs.

        A rollback is answered so only where it may not end in time: CloudFormation calls no wait
        for it but those that it takes back as well.

        Returns:
            Seconds for which not to answer yet.

        Raises:
            TimeToRelay: It is answered: as of now there is more time than CloudFormation's.
        """
        request = self.request
        enough = min(_TIME_TO_ANSWER_IN, (request.deadline - request.began) / 3)
        left = request.deadline - enough - time.time()
        if self.loop.liveness.is_rollback and left > 0:
            return left
        live = self.loop.stack_sets.describe(stack_set_id)
        if live is None:
            raise NotFound(stack_set_id)
        self.loop.liveness.require()
        wanted = dict.fromkeys(spec.instances, InstanceState("CURRENT"))
        self.deployment_id = self.request.marks.deployment(len(wanted), last_planned).id
        self.answer(Observation(live, wanted, newest_operation_id=operation_id))
        self.memory.first.answered_id = live.stack_set_id
        raise TimeToRelay(FIRST_POLL)

    def _delete_what_was_made(self, spec: StackSetSpec) -> None:
        """Delete what a Create made that never told."""
        found = self._find_settled(spec.name or self.request.default_name, spec)
        if not found:
            logger.info("nothing was created, so nothing is deleted")
        elif found == self.loop.liveness.shown_id:
            logger.warning("a later request owns the stack set, so nothing is deleted")
        elif self._ownership().is_of_later_request(found):
            logger.warning("a later request works on the stack set, so nothing is deleted")
        else:
            self._remove(found, spec)

    def _find_settled(self, name: str, spec: StackSetSpec) -> str:
        """Find what an earlier request made, even if its last write has not arrived yet.

        Returns:
            The StackSetId; empty for none. Where the request could take a stack set over, it is
            any of that name.
        """
        found = self._found(name, spec)
        if found or not self._may_still_come():
            return found
        seconds = self.loop.liveness.seconds_until_quiet(time.time())
        if seconds > 0:
            self.loop.patience.sleep(seconds)
            found = self._found(name, spec)
        return found

    def _found(self, name: str, spec: StackSetSpec) -> str:
        own: StackSetState | Own | None
        if spec.adopts:
            own = self.loop.stack_sets.describe(name)
        else:
            own = self._ownership().find(name, spec)
        return own.stack_set_id if own is not None else ""

    def _may_still_come(self) -> bool:
        """Whether the earlier request was perhaps given up between two of its calls."""
        return self.request.kind == "Update" or self.request.may_be_unfinished

    def _remove(self, stack_set_id: str, spec: StackSetSpec) -> None:
        if stack_set_id and spec.adopts:
            withdraw(self.loop, self.request, stack_set_id, spec)
        elif stack_set_id:
            self.loop.delete(stack_set_id, spec)

    def _before(self) -> Before:
        return Before(self.request, self.loop.stack_sets, self.loop.marks, self.loop.liveness)

    def _ownership(self) -> Ownership:
        present = self.request.physical_id if is_stack_set_id(self.request.physical_id) else ""
        return Ownership(self.loop.stack_sets, self.loop.marks, self.loop.liveness, present)
