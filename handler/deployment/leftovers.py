"""What an earlier request has made and nobody owns: found, and removed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from handler.deployment.adoption import withdraw
from handler.deployment.ownership import Own, Ownership
from handler.deployment.reconcile import Reconciliation
from handler.deployment.request import Request
from handler.errors import RequestRefused
from handler.observability import logger
from handler.values.observation import StackSetState
from handler.values.organization import DELEGATED_ADMIN
from handler.values.spec import StackSetSpec


@dataclass(frozen=True)
class Leftovers:
    """The leftovers of earlier requests of one resource.

    Attributes:
        request: The request.
        loop: Deletes stack sets.
        ownership: Finds those of the resource.
    """

    request: Request
    loop: Reconciliation
    ownership: Ownership

    def delete_made(self, spec: StackSetSpec) -> None:
        """Delete what a Create made that never told."""
        try:
            found = self._find_settled(spec)
        except RequestRefused as error:
            # What keeps the function from looking has kept it from making anything, too.
            if spec.call_as != DELEGATED_ADMIN or "delegated admin" not in str(error):
                raise
            found = ""
        if not found:
            logger.info("nothing was created, so nothing is deleted")
        elif found == self.loop.liveness.shown_id:
            logger.warning("a later request owns the stack set, so nothing is deleted")
        elif self.ownership.is_of_later_request(found):
            logger.warning("a later request works on the stack set, so nothing is deleted")
        else:
            self.remove(found, spec)

    def remove_replacement(self, before: StackSetSpec) -> None:
        """Remove what was to replace the present stack set, called as its own properties say."""
        stack_sets = self.loop.stack_sets
        present = stack_sets.call_as
        stack_sets.call_as = before.call_as
        try:
            self.remove(self._find_settled(before), before)
        finally:
            stack_sets.call_as = present

    def remove(self, stack_set_id: str, spec: StackSetSpec) -> None:
        """Remove what a request that is undone has made of a stack set; empty for none."""
        if stack_set_id and spec.adopts:
            withdraw(self.loop, self.request, stack_set_id, taken_back(spec))
        elif stack_set_id:
            self.loop.delete(stack_set_id, taken_back(spec))

    def _find_settled(self, spec: StackSetSpec) -> str:
        """Find what an earlier request made, even if its last write has not arrived yet.

        Returns:
            The StackSetId; empty for none. Where the request could take a stack set over, it is
            any of that name.
        """
        found = self._find(spec)
        if found or not self._may_still_come():
            return found
        seconds = self.loop.liveness.seconds_until_quiet(time.time())
        if seconds > 0:
            self.loop.patience.sleep(seconds)
            found = self._find(spec)
        return found

    def _find(self, spec: StackSetSpec) -> str:
        name = self.request.name_of(spec)
        own: StackSetState | Own | None
        if spec.adopts:
            own = self.loop.stack_sets.describe(name)
        else:
            own = self.ownership.find(name, spec)
        return own.stack_set_id if own is not None else ""

    def _may_still_come(self) -> bool:
        """Whether the earlier request was perhaps given up between two of its calls."""
        return self.request.kind == "Update" or self.request.may_be_unfinished


def taken_back(spec: StackSetSpec) -> StackSetSpec:
    """The same for what a failed request has made: its stacks go as far as they can be reached."""
    return replace(spec, retain_stacks=False, fails_on_unreachable=False)
