"""Stack sets of a resource that CloudFormation does not know, or tries to delete no more.

A rename that fails leaves a new stack set to its rollback, and one that succeeds leaves the old one
to CloudFormation's clean-up. Where these cannot delete it, and nobody tries again, the resource's
own Delete does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from handler.deployment.leftovers import taken_back
from handler.deployment.reconcile import Reconciliation
from handler.deployment.request import Request, is_stack_set_id
from handler.errors import StackSetResourceError
from handler.observability import logger
from handler.plan.marks import read_mark
from handler.properties.reading import read_leniently
from handler.values.spec import StackSetSpec


@dataclass(frozen=True)
class Forsaken:
    """The stack sets that go with a resource though its physical id is another.

    Attributes:
        request: A Delete.
        loop: Deletes stack sets.
    """

    request: Request
    loop: Reconciliation

    def delete(self) -> None:
        """Delete those that the stack's events tell of; none where the resource goes on.

        Raises:
            StackSetResourceError: It could not be done, and why.
        """
        stack = self.loop.liveness.stack
        shown, present = stack.resource(), self.request.physical_id
        is_end = shown is not None and shown.status.startswith("DELETE_")
        if shown is None or not is_end or shown.physical_id != present:
            return
        for stack_set_id, spec in self._find(present):
            logger.warning("a stack set that nobody owns any more goes", stack_set_id=stack_set_id)
            self.loop.stack_sets.call_as = spec.call_as
            self.loop.delete(stack_set_id, spec)

    def _find(self, present: str) -> Iterator[tuple[str, StackSetSpec]]:
        stack_sets, removals = self.loop.stack_sets, self.loop.removals
        failures, deployed = self.loop.liveness.stack.unmended()
        seen = {present}
        for each in failures:
            spec = read_leniently(each.properties or {}).spec
            was_to_go = each.kind == "DELETE"
            wanted = each.physical_id if was_to_go else self.request.name_of(spec)
            stack_sets.call_as = spec.call_as
            if not each.properties or (was_to_go and not is_stack_set_id(wanted)):
                continue
            live = None
            with contextlib.suppress(StackSetResourceError):  # a name may be none, or not allowed
                live = stack_sets.describe(wanted)
            if live is None or live.stack_set_id in seen:
                continue
            found = live.stack_set_id
            seen.add(found)
            if was_to_go and self._is_own(found):
                yield found, taken_back(spec) if removals.is_of_what_failed(found, spec) else spec
            elif not was_to_go and found not in deployed and self._is_own(found, present=False):
                yield found, taken_back(spec)

    def _is_own(self, stack_set_id: str, *, present: bool = True) -> bool:
        """Whether only the resource has worked on a stack set, and has not taken it over.

        Somebody who has worked on it last, by hand or with another tool, has taken charge of it.

        Args:
            stack_set_id: The stack set.
            present: Whether CloudFormation may ever have known it.
        """
        marks = self.loop.marks
        recent = self.loop.stack_sets.recent_operations(stack_set_id)
        ids = [each.operation_id for each in recent if read_mark(each.operation_id) is not None]
        own = [marks.read(each) for each in ids]
        was_known = any(
            marks.is_of_successor(e, stack_set_id) or marks.is_of_create(e) for e in ids
        )
        is_last = bool(recent) and marks.read(recent[0].operation_id) is not None
        is_alone = is_last and all(each is not None and not each.adopts for each in own)
        return is_alone and (present or not was_known)
