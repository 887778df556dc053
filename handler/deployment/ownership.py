"""Which stack sets are a resource's own, though CloudFormation knows another physical id or none.

A stack set is the resource's own where an operation on it carries the resource's mark, where the
present one's operations tell that it was made to replace this one, or where the API recognises the
ClientRequestToken with which one of the resource's requests created it.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from enum import Enum

from handler.deployment.liveness import Liveness
from handler.errors import StackSetExists, StackSetResourceError
from handler.gateway.signals import NameTaken, NameTakenAndModified
from handler.gateway.stacksets import StackSets
from handler.plan.marks import Marks
from handler.plan.outcomes import LAG
from handler.values.observation import StackSetState
from handler.values.organization import SELF_MANAGED, SERVICE_MANAGED
from handler.values.spec import StackSetSpec

_PAUSE = 5.0
# A token may have been used for a stack set that is gone; then the next one is taken.
_ATTEMPTS = ("", "1", "2", "3", "4")


class Origin(Enum):
    """How a stack set came to be the resource's own."""

    MADE = "this request has made it"
    REPLACED = "the present stack set was made to replace it, and nothing has touched it since"
    FOUND = "an earlier request has worked on it"
    ADOPTED = "the resource takes it over, whoever has made it"


@dataclass(frozen=True)
class Own:
    """A stack set of the resource's own."""

    stack_set_id: str
    origin: Origin


@dataclass
class Ownership:
    """Finds and makes stack sets for one request.

    Attributes:
        stack_sets: The gateway.
        marks: Those of the request.
        liveness: Tells when the request began, and sleeps, for lists that lag behind.
        present: The StackSetId that CloudFormation knows; empty where it knows none.
    """

    stack_sets: StackSets
    marks: Marks
    liveness: Liveness
    present: str = ""

    def find(self, name: str, spec: StackSetSpec) -> Own | None:
        """Find the resource's own stack set of this name.

        Args:
            name: Its name.
            spec: What it was made of, if it was: the same call again gives the same stack set.

        Returns:
            None where there is none, or it is somebody else's.
        """
        live = self.stack_sets.describe(name)
        if live is None:
            return None
        if spec.adopts:
            return self._take_over(name, live, spec)
        own = self._by_marks(live.stack_set_id)
        if own is not None:
            return own
        try:
            if self._is_recognised(name, live.stack_set_id, spec):
                return Own(live.stack_set_id, Origin.FOUND)
        except NameTakenAndModified:
            return self._by_late_marks(live.stack_set_id)
        return None

    def make(self, name: str, spec: StackSetSpec) -> Own:
        """Create a stack set without instances.

        Raises:
            StackSetExists: The name has gone to a stack set that is not the resource's own.
        """
        for attempt in (*self._attempts(spec), self.marks.request):
            token = self.marks.client_request_token(name, attempt)
            try:
                made = self.stack_sets.create(name, spec, token)
            except NameTaken as error:
                own = self.find(name, spec)
                if own is None:
                    raise StackSetExists(name) from error
                return own
            if self.stack_sets.describe(made) is not None:
                return Own(made, Origin.MADE)
        message = f"StackSetName: {name} was used too often, so choose another name."
        raise StackSetResourceError(message)

    def _take_over(self, name: str, live: StackSetState, spec: StackSetSpec) -> Own:
        """Whose a stack set is that the author wants in any case.

        It is this request's own only if this very request has made it: what an earlier one has
        made was perhaps kept on purpose.

        Raises:
            StackSetResourceError: It is of a kind that cannot be taken over.
        """
        stack_set_id = live.stack_set_id
        own = self._by_marks(stack_set_id)
        if own is not None and own.origin is Origin.REPLACED:
            return own
        recent = self.stack_sets.recent_operations(stack_set_id)
        marks = [self.marks.read(each.operation_id) for each in recent]
        if any(m and m.request == self.marks.request and not m.adopts for m in marks):
            return Own(stack_set_id, Origin.FOUND)
        with contextlib.suppress(NameTakenAndModified):
            if self._is_recognised(name, stack_set_id, spec):
                return Own(stack_set_id, Origin.FOUND)
        if live.is_service_managed != (spec.service_managed is not None):
            there = SERVICE_MANAGED if live.is_service_managed else SELF_MANAGED
            message = (
                f"OnExistingStackSet: stack set {name!r} is {there}, so it cannot be taken over"
                f" with PermissionModel {spec.permission_model}. Write its own, or another name."
            )
            raise StackSetResourceError(message)
        return Own(stack_set_id, Origin.ADOPTED)

    def _attempts(self, spec: StackSetSpec) -> tuple[str, ...]:
        """What tells the tokens of further attempts apart; all are the request's own to adopt."""
        if not spec.adopts:
            return _ATTEMPTS
        return (f"{self.marks.request}-adopts", f"{self.marks.request}-adopts-1")

    def is_of_later_request(self, stack_set_id: str) -> bool:
        """Whether a request has worked on the stack set that was signed after this one."""
        recent = self.stack_sets.recent_operations(stack_set_id)
        return any(self.marks.is_of_later_request(each.operation_id) for each in recent)

    def _by_marks(self, stack_set_id: str) -> Own | None:
        if self.present:
            successors = self.stack_sets.recent_operations(self.present)
            if any(self.marks.is_of_successor(e.operation_id, stack_set_id) for e in successors):
                return Own(stack_set_id, Origin.REPLACED)
        recent = self.stack_sets.recent_operations(stack_set_id)
        if any(self.marks.is_of_resource(each.operation_id) for each in recent):
            return Own(stack_set_id, Origin.FOUND)
        return None

    def _by_late_marks(self, stack_set_id: str) -> Own | None:
        """Look again while no operation is listed: the list may lag behind one that has begun."""
        own, until = None, self.liveness.request.began + LAG
        while own is None and time.time() < until:
            if self.stack_sets.recent_operations(stack_set_id, most=1):
                return self._by_marks(stack_set_id)
            self.liveness.sleep(_PAUSE)
            own = self._by_marks(stack_set_id)
        return own

    def _is_recognised(self, name: str, stack_set_id: str, spec: StackSetSpec) -> bool:
        """Whether the API recognises one of the resource's tokens for this stack set.

        Raises:
            NameTakenAndModified: It does, perhaps, but the stack set has been changed since.
        """
        for attempt in self._attempts(spec):
            token = self.marks.client_request_token(name, attempt)
            try:
                shown = self.stack_sets.create(name, spec, token)
            except NameTakenAndModified:
                raise
            except NameTaken:
                continue
            if shown == stack_set_id:
                return True
            if self.stack_sets.describe(shown) is not None:
                # The stack set went away in between, so the try has made another.
                self.stack_sets.delete(shown)
                return False
        return False
