"""How one resource of a stack is made or changed; the statuses are the deployment's."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import now_iso
from ministack.services.cloudformation import provisioners, stacks
from ministack.services.cloudformation.engine import (
    _NO_VALUE,
    _resolve_dynamic_references,
    _resolve_refs,
)

from emulator.server.clean_up import Replaced

if TYPE_CHECKING:
    from collections.abc import Mapping

_NEW_RESOURCE = (
    "Requested update requires the creation of a new physical resource; hence creating one."
)


def is_custom(resource_type: str) -> bool:
    """Whether a function provides such resources."""
    return (
        resource_type.startswith("Custom::")
        or resource_type == "AWS::CloudFormation::CustomResource"
    )


@dataclass(frozen=True)
class Definition:
    """One resource of a template."""

    logical_id: str
    body: Mapping[str, Any]

    @property
    def type(self) -> str:
        """The resource's type."""
        kind: str = self.body.get("Type", "AWS::CloudFormation::CustomResource")
        return kind


@dataclass(frozen=True)
class Made:
    """A resource that is as the template wants it.

    Attributes:
        definition: What the template says.
        record: What the stack keeps of it.
        unchanged: Whether nothing had to be done.
        replaced: What it was before, when it is another one now.
    """

    definition: Definition
    record: dict[str, Any]
    unchanged: bool = False
    replaced: Replaced | None = None


@dataclass(frozen=True)
class Failed:
    """A resource that is not as the template wants it.

    Attributes:
        definition: What the template says.
        reason: Why.
        physical_id: The id that it had before.
        properties: What it was asked for; None if it was not asked.
        applied: New and old properties with tags, and old attributes, when it may have changed.
    """

    definition: Definition
    reason: str
    physical_id: str = ""
    properties: dict[str, Any] | None = None
    applied: tuple[Any, Any, Any] | None = None


class Provisioner:
    """Makes and changes the resources of one stack.

    Args:
        stack: The stack's record.
        template: The new template.
        parameters: Its parameters' values.
        conditions: Its conditions' values.
        previous: The stack before the update; empty when it is created.
    """

    def __init__(
        self,
        stack: dict[str, Any],
        template: dict[str, Any],
        parameters: dict[str, Any],
        conditions: dict[str, Any],
        previous: dict[str, Any],
    ) -> None:
        self._stack, self._previous = stack, previous
        self._name, self._id = stack["StackName"], stack["StackId"]
        self._template, self._parameters = template, parameters
        self._conditions = conditions
        self._known: dict[str, Any] = previous.get("_resources", {})

    async def make(self, resource: Definition) -> Made | Failed:
        """Make or change one resource; a failure is an outcome like any other."""
        before = self._known.get(resource.logical_id)
        attempt: dict[str, Any] = {}
        try:
            properties, dynamic = self._resolved(resource, before)
            attempt["properties"] = properties
            if before is None:
                return await self._create(resource, properties, dynamic)
            return await self._update(resource, before, properties, dynamic, attempt)
        except Exception as error:  # noqa: BLE001 - any provisioner's complaint fails its resource
            physical_id = (before or {}).get("PhysicalResourceId", "")
            return Failed(resource, str(error), physical_id, **attempt)

    def _resolved(
        self, resource: Definition, before: dict[str, Any] | None
    ) -> tuple[dict[str, Any], Any]:
        """Return the properties as the provider gets them, and the dynamic references' values."""
        properties = _resolve_refs(
            copy.deepcopy(resource.body.get("Properties", {})), *self._context()
        )
        if isinstance(properties, dict):
            properties = {key: value for key, value in properties.items() if value is not _NO_VALUE}
        old = self._previous.get("_template", {})
        resolved: tuple[dict[str, Any], Any] = _resolve_dynamic_references(
            properties,
            (before or {}).get("_dynamic"),
            reuse_ssm=bool(self._previous)
            and self._template == old
            and self._parameters == self._previous.get("_resolved_params"),
            reuse_secrets=before is not None
            and old.get("Resources", {}).get(resource.logical_id) == resource.body,
        )
        return resolved

    def _context(self) -> tuple[Any, ...]:
        mappings = self._template.get("Mappings", {})
        resources = self._stack["_resources"]
        return resources, self._parameters, self._conditions, mappings, self._name, self._id

    async def _create(
        self,
        resource: Definition,
        properties: dict[str, Any],
        dynamic: Any,  # noqa: ANN401
    ) -> Made:
        self._tell(resource, "CREATE_IN_PROGRESS")
        (physical_id, attributes), seed = await _call(
            resource.type,
            stacks._provision_keeping_seed,  # noqa: SLF001
            resource.type,
            resource.logical_id,
            self._tagged(resource, properties, self._stack),
            self._name,
        )
        record = _record(resource, physical_id, properties, attributes, dynamic, seed)
        return Made(resource, record)

    async def _update(
        self,
        resource: Definition,
        before: dict[str, Any],
        properties: dict[str, Any],
        dynamic: Any,  # noqa: ANN401
        attempt: dict[str, Any],
    ) -> Made:
        old_id, old = before["PhysicalResourceId"], before.get("Properties", {})
        old_attributes = before.get("Attributes", {})
        old_tagged = self._tagged(resource, old, self._previous)
        new_tagged = self._tagged(resource, properties, self._stack)
        if old_tagged == new_tagged and before.get("ResourceType") == resource.type:
            # CloudFormation does not touch it, so it shows neither a new status nor a new time.
            return Made(resource, {**before, "Properties": properties}, unchanged=True)
        self._tell(resource, "UPDATE_IN_PROGRESS", old_id)
        refused = provisioners._custom_named_replacement_error(  # noqa: SLF001
            resource.type, old_tagged, new_tagged
        )
        replacing = provisioners._replacing_change(resource.type, old_tagged, new_tagged)  # noqa: SLF001
        if not refused and replacing:
            self._tell(resource, "UPDATE_IN_PROGRESS", old_id, _NEW_RESOURCE)
        elif not refused:
            attempt["applied"] = (new_tagged, old_tagged, old_attributes)
        deletes: list[Any] = []
        # Each resource has a task, and so a context, of its own.
        stacks._RETAIN_REPLACED.set(self._is_retained(resource))  # noqa: SLF001
        stacks._DEFERRED_PREDECESSOR_DELETES.set(deletes)  # noqa: SLF001
        stacks._NAME_SEED.set(before.get("_name_seed", ""))  # noqa: SLF001
        (physical_id, attributes), seed = await _call(
            resource.type,
            stacks._update_keeping_seed,  # noqa: SLF001
            resource.type,
            old_id,
            old_tagged,
            new_tagged,
            self._name,
            resource.logical_id,
            old_attributes,
        )
        record = _record(resource, physical_id, properties, attributes, dynamic, seed)
        replaced = None
        if physical_id != old_id or deletes:
            replaced = Replaced(
                resource.logical_id, resource.type, old_id, physical_id, old, deletes
            )
        return Made(resource, record, replaced=replaced)

    def _is_retained(self, resource: Definition) -> bool:
        policy = stacks._resource_policy(resource.body, "UpdateReplacePolicy", *self._context())  # noqa: SLF001
        return policy in stacks._RETAINING_POLICIES  # noqa: SLF001

    def _tagged(
        self, resource: Definition, properties: dict[str, Any], stack: Mapping[str, Any]
    ) -> Any:  # noqa: ANN401
        tags = stack.get("Tags") or []
        return stacks._with_stack_tags(  # noqa: SLF001
            resource.type, properties, tags, self._name, self._id, resource.logical_id
        )

    def _tell(
        self, resource: Definition, status: str, physical_id: str = "", reason: str = ""
    ) -> None:
        stacks._add_event(  # noqa: SLF001
            self._id,
            self._name,
            resource.logical_id,
            resource.type,
            status,
            reason,
            physical_id,
        )


async def _call(resource_type: str, function: Any, *arguments: Any) -> Any:  # noqa: ANN401
    if stacks._runs_on_worker_thread(resource_type):  # noqa: SLF001
        return await run_reentrant(function, *arguments)
    return function(*arguments)


def _record(  # noqa: PLR0913, PLR0917 - what ministack keeps of a resource
    resource: Definition,
    physical_id: str,
    properties: dict[str, Any],
    attributes: Any,  # noqa: ANN401
    dynamic: Any,  # noqa: ANN401
    seed: str,
) -> dict[str, Any]:
    record = {
        "PhysicalResourceId": physical_id,
        "ResourceType": resource.type,
        "LogicalResourceId": resource.logical_id,
        "Properties": properties,
        "Attributes": attributes,
        "Timestamp": now_iso(),
    }
    optional = {"_dynamic": dynamic, "_name_seed": seed}
    return record | {key: value for key, value in optional.items() if value}
