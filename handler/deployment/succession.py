"""Which stack set an Update is about: the present one, or another that takes its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from handler.deployment.liveness import Liveness
from handler.deployment.memory import Memory
from handler.deployment.ownership import Own, Ownership
from handler.deployment.request import Request, is_stack_set_id, name_in
from handler.errors import Fault, InvalidProperties
from handler.gateway.stacksets import StackSets
from handler.observability import logger
from handler.values.spec import StackSetSpec


@dataclass(frozen=True)
class Succession:
    """Whether a stack set is replaced, for one request.

    Attributes:
        request: The request.
        memory: What earlier invocations have left, and this one leaves.
        liveness: Tells whether the request is a rollback.
        stack_sets: Tells which stack sets there are.
        ownership: Finds those of the resource.
    """

    request: Request
    memory: Memory
    liveness: Liveness
    stack_sets: StackSets
    ownership: Callable[[], Ownership]

    def replacement_name(self, spec: StackSetSpec, before: StackSetSpec) -> str | None:
        """The name of the stack set to make instead of the present one; None to keep that."""
        present = self.request.physical_id
        if not is_stack_set_id(present):
            return self.request.name_of(spec)
        if any(each.stack_set_id == present for each in self.memory.own.values()):
            return None  # decided by an earlier invocation
        if spec.permission_model != before.permission_model:
            return self._name_of_other_model(spec, present)
        # A name that was edited while nobody looked at it does not move the stack set.
        is_kept = spec.name in {None, name_in(present), before.name}
        if is_kept and self.stack_sets.describe(present) is not None:
            return None
        wanted, liveness = spec.name or name_in(present), self.liveness
        is_gone = liveness.is_rollback and not is_kept and not self._is_there(wanted, spec)
        if is_gone and liveness.is_surely_rollback():
            logger.warning("no stack set of the old name is left, so the present one stays")
            return None
        return wanted

    def _name_of_other_model(self, spec: StackSetSpec, present: str) -> str | None:
        """The name of the stack set with another permission model; None to keep the present one.

        Raises:
            InvalidProperties: The author asks for the present one's name.
        """
        name = self.request.name_of(spec)
        if name != name_in(present):
            return name
        if self.liveness.is_rollback or self.liveness.is_surely_rollback():
            return None
        message = (
            f"cannot change to {spec.permission_model} while the stack set keeps its name: write"
            " another StackSetName, and the stack set is replaced"
        )
        raise InvalidProperties([Fault("PermissionModel", message)])

    def _is_there(self, name: str, spec: StackSetSpec) -> bool:
        if not self.memory.stack_set_id:
            self.remember(self.ownership().find(name, spec))
        return bool(self.memory.stack_set_id)

    def remember(self, own: Own | None) -> None:
        """Keep in mind which stack set it is, for the next sandbox."""
        if own is not None:
            self.memory.stack_set_id, self.memory.origin = own.stack_set_id, own.origin.name

    def was_to_be_replaced(self, spec: StackSetSpec, before: StackSetSpec) -> bool:
        """Whether this goes back from properties that name another stack set, as far as is known.

        An update may come from such properties, too, where a rollback has kept the stack set.
        """
        liveness, is_same = self.liveness, before.permission_model == spec.permission_model
        if is_same and before.name in {None, spec.name}:
            return False
        if self.request.name_of(before) == name_in(self.request.physical_id):
            return False
        is_rollback = liveness.is_rollback or liveness.is_surely_rollback()
        return is_rollback or not liveness.first.status
