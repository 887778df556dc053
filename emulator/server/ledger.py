"""What a deployment has done so far, for whoever finishes it or takes it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ministack.core.responses import now_iso
from ministack.services.cloudformation import stacks

from emulator.server.provisioning import Definition, Failed, Made, is_custom

if TYPE_CHECKING:
    from emulator.server.clean_up import Replaced


class Ledger:
    """The outcomes of one deployment, written into the stack and its events.

    Args:
        stack: The stack's record.
        previous: The stack before the update; empty when it is created.

    Attributes:
        verb: UPDATE or CREATE, as in the stack's statuses.
        changed: Logical ids that a rollback takes back, in the order of their outcomes.
        replaced: What the clean-up deletes.
        failed: Logical ids of the failed resources, the cause first.
        failed_update: ministack's note of an update that failed and may have changed something.
        failure: Why the deployment fails, empty as long as it does not.
    """

    def __init__(self, stack: dict[str, Any], previous: dict[str, Any]) -> None:
        self._stack, self._known = stack, previous.get("_resources", {})
        self.verb = "UPDATE" if previous else "CREATE"
        self.changed: list[str] = []
        self.replaced: list[Replaced] = []
        self.failed: list[str] = []
        self.failed_update: tuple[Any, ...] | None = None
        self.failure = ""

    def write_success(self, made: Made) -> None:
        """Write down a resource that is as the template wants it."""
        logical_id = made.definition.logical_id
        if made.replaced:
            self.replaced.append(made.replaced)
        if made.unchanged:
            self._stack["_resources"][logical_id] = made.record
            return
        status = f"{self._verb(logical_id)}_COMPLETE"
        self._stack["_resources"][logical_id] = {
            **made.record,
            "ResourceStatus": status,
            "Timestamp": now_iso(),
        }
        self.changed.append(logical_id)
        self._tell(made.definition, status, "", made.record["PhysicalResourceId"])

    def write_failure(self, failed: Failed) -> None:
        """Write down a failure: its provider may have done a part of its work."""
        definition = failed.definition
        logical_id = definition.logical_id
        records = self._stack["_resources"]
        shown = records.get(logical_id, {}) if is_custom(definition.type) else {}
        physical_id = shown.get("PhysicalResourceId", failed.physical_id)
        self._tell(definition, f"{self._verb(logical_id)}_FAILED", failed.reason, physical_id)
        self.failed.append(logical_id)
        self.failure = self.failure or f"Resource {logical_id} failed: {failed.reason}"
        if shown and failed.properties is not None:
            records[logical_id] = {**shown, "Properties": failed.properties}
            self.changed.append(logical_id)
        elif logical_id in self._known and not self.failed_update:
            applied = failed.applied or (None, None, None)
            kind = definition.type
            self.failed_update = (logical_id, kind, failed.physical_id, *applied)

    def _verb(self, logical_id: str) -> str:
        """UPDATE or CREATE, as in a resource's statuses: an update creates what is new."""
        return "UPDATE" if logical_id in self._known else "CREATE"

    def _tell(self, resource: Definition, status: str, reason: str, physical_id: str) -> None:
        stacks._add_event(  # noqa: SLF001
            self._stack["StackId"],
            self._stack["StackName"],
            resource.logical_id,
            resource.type,
            status,
            reason,
            physical_id,
        )
