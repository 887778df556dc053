"""Whether a request is CloudFormation's: asked of CloudFormation before anything is written.

Whoever may invoke the function can write an event. It is served only if a stack of this account
and Region has the resource that it names, under way as it says, with its physical id. A Delete of
what was replaced, or a deployment that was answered before its end, is known by what is left of it:
the stack's events, or marks that only this resource's requests can have made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handler.deployment.liveness import Liveness
from handler.deployment.request import is_stack_set_id
from handler.errors import NotConfirmed
from handler.gateway.stacksets import StackSets
from handler.plan.confirmation import confirms, contradicts, is_for
from handler.plan.marks import Mark, Marks, read_mark
from handler.values.observation import ResourceState

_ELSEWHERE = "its stack is in another account or Region than the function"
_ANOTHERS = "the stack set is another resource's, by the operations on it"
_NOT_TOLD = (
    "CloudFormation does not tell, and the parameter RequireConfirmation is true. Grant the"
    " function's role cloudformation:DescribeStackResource on the stack"
)
_LOOKS = 6
_PAUSE = 5.0


@dataclass(frozen=True)
class Confirmation:
    """The confirmation of one request.

    Attributes:
        liveness: The request's: where to ask; keeps that it was confirmed.
        stack_sets: Tells whose marks a stack set has.
        marks: Those of the request.
        function_arn: The function's own ARN.
        is_required: Whether a request is refused where CloudFormation does not tell, or shows other
            properties.
    """

    liveness: Liveness
    stack_sets: StackSets
    marks: Marks
    function_arn: str
    is_required: bool = False

    def require(self) -> None:
        """Make sure that CloudFormation has sent the request, once for all its invocations.

        Raises:
            NotConfirmed: It has not, or does not tell where it has to.
        """
        if self.liveness.first.is_confirmed:
            return
        request = self.liveness.request
        if request.stack_id.split(":")[3:5] != self.function_arn.split(":")[3:5]:
            raise NotConfirmed(_ELSEWHERE)
        stack, resource = self.liveness.stack, self.liveness.shown
        for look in range(_LOOKS):
            if look:
                self.liveness.sleep(_PAUSE)
            if look or resource is None:
                resource = stack.resource()
            is_confirmed = self._is_confirmed(resource)
            if is_confirmed:
                self.liveness.first.is_confirmed = True
                return
            if is_confirmed is None:
                self._require_marks()
                return
        seen = f"stack {request.stack_id} shows no {request.kind} of {request.logical_id} under way"
        also = ", or with other properties" if self.is_required else ""
        message = f"{seen} with this physical id{also}"
        raise NotConfirmed(message)

    def _is_confirmed(self, resource: ResourceState | None) -> bool | None:
        """Whether one look shows the request; None where CloudFormation does not tell."""
        stack, first, request = self.liveness.stack, self.liveness.first, self.liveness.request
        if resource is None:
            return False if stack.is_absent else None
        if not resource.is_custom:
            return False  # Anybody's bucket that is being made; no function is asked for it.
        if confirms(self.liveness.asked(), resource, is_express=first.is_express):
            return not self.is_required or self._has_begun_so()
        if first.answered_id:
            return first.answered_id == resource.physical_id and self._has_begun()
        if request.kind == "Delete" and resource.physical_id != request.physical_id:
            is_to_go = stack.is_to_go(request.physical_id)
            return any(self._own_marks()) if is_to_go is None else is_to_go
        return False

    def _has_begun_so(self) -> bool:
        """Whether the stack's events show the request, to this function, with its properties."""
        request = self.liveness.request
        shown = self.liveness.stack.begun_properties(request.kind, request.physical_id)
        if shown is None or not is_for(shown, self.function_arn):
            return False
        return not contradicts(shown, request.properties)

    def _has_begun(self) -> bool:
        """Whether this very request has started an operation, as an early answer tells."""
        answered = self.liveness.first.answered_id
        return any(each.request == self.marks.request for each in self._own_marks(answered))

    def _require_marks(self) -> None:
        """Refuse what only another resource of ours has worked on, where nothing else tells.

        Raises:
            NotConfirmed: See there; or what CloudFormation tells is required.
        """
        if self.is_required:
            raise NotConfirmed(_NOT_TOLD)
        known = list(self._marks_on(self.liveness.request.physical_id))
        if known and not any(each.resource == self.marks.resource for each in known):
            raise NotConfirmed(_ANOTHERS)

    def _own_marks(self, stack_set_id: str = "") -> Iterable[Mark]:
        found = self._marks_on(stack_set_id or self.liveness.request.physical_id)
        return (each for each in found if each.resource == self.marks.resource)

    def _marks_on(self, stack_set_id: str) -> Iterable[Mark]:
        if not is_stack_set_id(stack_set_id):
            return ()
        recent = self.stack_sets.recent_operations(stack_set_id)
        marks = (read_mark(each.operation_id) for each in recent)
        return (each for each in marks if each is not None)
