"""What follows a successful update: the resources that are replaced or removed are deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import now_iso
from ministack.services.cloudformation import provisioners, stacks
from ministack.services.cloudformation.engine import _topological_sort

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Replaced:
    """A resource that is another one now.

    Attributes:
        logical_id: Its logical id.
        type: Its type.
        old_id: The physical id that is to be deleted.
        new_id: The one that it has now.
        properties: The old one's properties.
        deletes: Calls of ministack's own that delete the old one.
    """

    logical_id: str
    type: str
    old_id: str
    new_id: str
    properties: dict[str, Any]
    deletes: list[Any] = field(default_factory=list)


class CleanUp:
    """The last part of one update.

    A delete that fails is told by an event; the update succeeds all the same, as on AWS.

    Args:
        stack: The stack's record.
        previous: The stack before the update.
        context: The new template, its parameters and its conditions.
    """

    def __init__(
        self,
        stack: dict[str, Any],
        previous: dict[str, Any],
        context: tuple[dict[str, Any], dict[str, Any], dict[str, Any]],
    ) -> None:
        self._stack, self._previous = stack, previous
        self._name, self._id = stack["StackName"], stack["StackId"]
        self._template, self._parameters, self._conditions = context

    async def delete_replaced(self, replaced: Sequence[Replaced]) -> None:
        """Delete what was replaced, the latest first, so that dependents go first."""
        for one in reversed(replaced):
            if self._is_retained(one):
                if one.new_id != one.old_id:
                    self._tell(one.logical_id, one.type, "DELETE_SKIPPED", one.old_id)
                continue
            try:
                for delete, arguments, options in one.deletes:
                    delete(*arguments, **options)
                if one.new_id != one.old_id:
                    self._tell(one.logical_id, one.type, "DELETE_IN_PROGRESS", one.old_id)
                    await self._delete(one.logical_id, one.type, one.old_id, one.properties)
                    self._tell(one.logical_id, one.type, "DELETE_COMPLETE", one.old_id)
            except Exception as error:  # noqa: BLE001 - any provisioner's complaint
                self._tell(one.logical_id, one.type, "DELETE_FAILED", one.old_id, str(error))

    async def delete_removed(self, removed: set[str]) -> None:
        """Delete what the template no longer has, dependents first."""
        old = self._previous.get("_template") or {}
        definitions = old.get("Resources") or {}
        conditions = self._previous.get("_conditions", self._conditions)
        ordered = [name for name in _topological_sort(definitions, conditions) if name in removed]
        ordered += sorted(removed - set(ordered))
        for logical_id in reversed(ordered):
            await self._remove(logical_id, definitions.get(logical_id), conditions)

    async def _remove(self, logical_id: str, definition: Any, conditions: Any) -> None:  # noqa: ANN401
        resources, known = self._stack["_resources"], self._previous["_resources"]
        record = known[logical_id]
        kind, physical_id = record["ResourceType"], record["PhysicalResourceId"]
        policy = stacks._resource_policy(  # noqa: SLF001
            definition,
            "DeletionPolicy",
            known,
            self._previous.get("_resolved_params", {}),
            conditions,
            self._previous.get("_template", {}).get("Mappings", {}),
            self._name,
            self._id,
        )
        if policy in stacks._RETAINING_POLICIES:  # noqa: SLF001
            self._tell(logical_id, kind, "DELETE_SKIPPED", physical_id)
            resources.pop(logical_id, None)
            return
        self._tell(logical_id, kind, "DELETE_IN_PROGRESS", physical_id)
        try:
            if policy == "Snapshot":
                provisioners._snapshot_resource(kind, physical_id, record.get("Properties", {}))  # noqa: SLF001
            await self._delete(logical_id, kind, physical_id, record.get("Properties", {}))
        except Exception as error:  # noqa: BLE001 - any provisioner's complaint
            self._tell(logical_id, kind, "DELETE_FAILED", physical_id, str(error))
            # It stays in the stack, and the next update or the stack's deletion tries again.
            left = {"ResourceStatus": "DELETE_FAILED", "ResourceStatusReason": str(error)}
            resources[logical_id] = {**record, **left, "Timestamp": now_iso()}
            return
        self._tell(logical_id, kind, "DELETE_COMPLETE", physical_id)
        resources.pop(logical_id, None)

    def _is_retained(self, replaced: Replaced) -> bool:
        policy = stacks._resource_policy(  # noqa: SLF001
            self._template.get("Resources", {}).get(replaced.logical_id),
            "UpdateReplacePolicy",
            self._stack["_resources"],
            self._parameters,
            self._conditions,
            self._template.get("Mappings", {}),
            self._name,
            self._id,
        )
        return policy in stacks._RETAINING_POLICIES  # noqa: SLF001

    async def _delete(
        self, logical_id: str, kind: str, physical_id: str, properties: dict[str, Any]
    ) -> None:
        arguments = (kind, physical_id, properties, self._name, logical_id)
        if stacks._runs_on_worker_thread(kind):  # noqa: SLF001
            await run_reentrant(provisioners._delete_resource, *arguments)  # noqa: SLF001
        else:
            provisioners._delete_resource(*arguments)  # noqa: SLF001

    def _tell(
        self, logical_id: str, kind: str, status: str, physical_id: str, reason: str = ""
    ) -> None:
        stacks._add_event(  # noqa: SLF001
            self._id, self._name, logical_id, kind, status, reason, physical_id
        )
