"""Stack sets that were there before the resource: taking one over, and taking that back.

Taken back is what CloudFormation undoes: a Create that failed or was given up, one whose stack
never settled with it, or a rename that is rolled back. What was there before stays then, and what
such a request has made goes: a stack set that it made, or else the instances that it created. Its
operations tell which those are, for those on a stack set that was taken over are marked so.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from handler.deployment.liveness import LONGEST_CALL, Liveness
from handler.deployment.patience import Patience
from handler.deployment.reconcile import Reconciliation
from handler.deployment.request import Request, is_stack_set_id
from handler.errors import StackSetGone, StackSetResourceError
from handler.gateway.stacksets import StackSets
from handler.observability import logger
from handler.plan.marks import Mark, Marks, read_mark
from handler.plan.outcomes import LAG
from handler.plan.steps import CREATE, DELETE, IMPORT
from handler.values.observation import InstanceState, OperationState
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Target

_SIGNED_WITHIN = 2


def adopt(loop: Reconciliation, stack_set_id: str) -> tuple[Previous, list[str]]:
    """Begin to work on a stack set that was there before.

    Returns:
        What it was: nothing of it is the template's, so that no instance leaves, overrides are
        looked up, and parameters that the template does not name go back to their defaults. And
        what its author should know.

    Raises:
        StackSetGone: It is not there any more.
    """
    live = loop.stack_sets.describe(stack_set_id)
    if live is None:
        raise StackSetGone(stack_set_id)
    loop.adopt()
    parameters = dict.fromkeys(live.parameters or {}, "")
    previous = Previous({}, certain=False, spec=StackSetSpec(parameters=parameters))
    recent = loop.stack_sets.recent_operations(stack_set_id)
    seen = (read_mark(each.operation_id) for each in recent)
    if not any(mark is not None and mark.resource != loop.marks.resource for mark in seen):
        return previous, []
    warning = (
        f"OnExistingStackSet: another Custom::StackSet resource has worked on stack set {live.name}"
        " and deletes it when it goes. Give that one DeletionPolicy: Retain, and take it out."
    )
    logger.warning(warning)
    return previous, [warning]


def withdraw(loop: Reconciliation, request: Request, stack_set_id: str, spec: StackSetSpec) -> None:
    """Delete what was made by a request that is undone, and leave what was there before.

    Raises:
        StackSetResourceError: It could not be done, and why.
    """
    withdrawal = Withdrawal.of_request(loop, request, stack_set_id)
    made_it = withdrawal.made_it()
    if made_it is None:
        logger.warning("nothing was made on this stack set, so it stays as it is")
    else:
        loop.delete(stack_set_id, spec, None if made_it else withdrawal)


def is_for_good(loop: Reconciliation, request: Request) -> bool:
    """Whether a Delete is one of a stack set with which its stack has settled.

    Raises:
        StackSetResourceError: CloudFormation does not tell.
    """
    return Withdrawal.of_request(loop, request, request.physical_id).is_all()


@dataclass
class Withdrawal:
    """What one request takes back, and how it tells that from what was there before.

    Attributes:
        request: The request: a Delete, or an Update that is a rollback.
        stack_sets: The gateway.
        marks: Those of the request.
        patience: How long to wait.
        liveness: Gives what CloudFormation tells.
        stack_set_id: The stack set.
    """

    request: Request
    stack_sets: StackSets
    marks: Marks
    patience: Patience
    liveness: Liveness
    stack_set_id: str
    _named: dict[str, set[Target]] = field(default_factory=dict)
    _began: list[float | None] = field(default_factory=list)

    @classmethod
    def of_request(cls, loop: Reconciliation, request: Request, stack_set_id: str) -> Self:
        """Returns what a request takes back on a stack set."""
        stack_sets, patience, liveness = loop.stack_sets, loop.patience, loop.liveness
        return cls(request, stack_sets, loop.marks, patience, liveness, stack_set_id)

    def is_all(self) -> bool:
        """Whether a Delete of a stack set is one of what the stack has settled with.

        Raises:
            StackSetResourceError: CloudFormation does not tell.
        """
        status = self.liveness.first.status
        if status.startswith("UPDATE_COMPLETE"):
            return True
        began = self._failed_began()
        if began is None:
            message = (
                "CloudFormation does not tell whether the stack set is deleted for good or a"
                " failed creation undone, which leaves what was there before. Grant"
                " cloudformation:DescribeStackEvents on the stack to the function's role, and"
                " delete again."
            )
            raise StackSetResourceError(message)
        return began == 0

    def made_it(self) -> bool | None:
        """Whether what is taken back has made the stack set; None where it has done nothing."""
        found = self._failed_marks()
        if not found and self._may_be_unseen() and self._wait_for_lists():
            found = self._failed_marks()
        return not any(each.adopts for each in found) if found else None

    def of(
        self, listed: Mapping[Target, InstanceState], recent: Iterable[OperationState]
    ) -> dict[Target, InstanceState]:
        """Returns the instances that were created by what is taken back.

        Args:
            listed: All instances.
            recent: The last operations on the stack set; all have ended.
        """
        created: set[Target] = set()
        replaced: set[Target] = set()
        for each in recent:
            mark = self._failed_mark(each.operation_id)
            if mark is not None and mark.action in {CREATE, IMPORT, DELETE}:
                named = replaced if mark.action == DELETE else created
                named.update(self._names(each.operation_id))
        for target, state in listed.items():
            mark = self._failed_mark(state.last_operation_id)
            if mark is not None and mark.action in {CREATE, IMPORT}:
                created.add(target)
        return {t: state for t, state in listed.items() if t in created - replaced}

    def is_surely_all(self) -> bool:
        """Whether the lists tell of all that what is taken back has done; waits for them."""
        return not self._wait_for_lists()

    def _failed_marks(self) -> list[Mark]:
        recent = self.stack_sets.recent_operations(self.stack_set_id)
        marks = (self._failed_mark(each.operation_id) for each in recent)
        return [each for each in marks if each is not None]

    def _failed_mark(self, operation_id: str) -> Mark | None:
        """What an OperationId tells if the request that is taken back has started it."""
        mark = self.marks.read(operation_id)
        if mark is None or mark.request == self.marks.request:
            return None
        if self.request.failed_request:
            return mark if mark.request == self._failed_digest() else None
        began = self._failed_began()
        return mark if began and mark.signed_at >= began - _SIGNED_WITHIN else None

    def _failed_digest(self) -> str:
        request = self.request
        return Marks.of(request.stack_id, request.logical_id, request.failed_request).request

    def _failed_began(self) -> float | None:
        """When the request began that is taken back; 0 for one that stays, None for unknown."""
        if not self._began:
            self._began.append(self._asked_when_it_began())
        return self._began[0]

    def _asked_when_it_began(self) -> float | None:
        if self.request.kind == "Update":
            return self.liveness.request_before_began()
        return self.liveness.stack.unsettled_since(self.request.physical_id)

    def _names(self, operation_id: str) -> set[Target]:
        if operation_id not in self._named:
            named = self.stack_sets.named(self.stack_set_id, operation_id)
            self._named[operation_id] = named
        return self._named[operation_id]

    def _may_be_unseen(self) -> bool:
        request = self.request
        return request.may_be_unfinished or is_stack_set_id(request.physical_id)

    def _wait_for_lists(self) -> bool:
        """Wait until lists show what the request before has done at last; tells whether it did."""
        request = self.request
        longest = (request.deadline - request.began) / 4
        seconds = request.began + min(LONGEST_CALL + LAG, longest) - time.time()
        if seconds <= 0:
            return False
        logger.info("lists may not show yet what is to be taken back", seconds=seconds)
        self.patience.wait(seconds)
        return True
