"""The calls that start and stop operations on stack instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets import errors, imports, inputs, parameters, targeting, templates
from emulator.stacksets.registry import (
    require_acceptable,
    require_instances,
    require_overridable,
)
from emulator.stacksets.state import Operation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.stacksets.context import Context
    from emulator.stacksets.state import StackSet


class InstanceCalls:
    """Answers them.

    Attributes:
        answers: What answers a call, by the name of its API operation.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.answers = {
            "CreateStackInstances": self._create,
            "UpdateStackInstances": self._update,
            "DeleteStackInstances": self._delete,
            "DetectStackSetDrift": self._detect_drift,
            "ImportStacksToStackSet": self._import,
            "StopStackSetOperation": self._stop,
        }

    def _create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._submit(*self._operation(asked, "CREATE"))

    def _update(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        context = self._context
        item, operation = self._operation(asked, "UPDATE")
        if operation.selection is None:
            require_instances(item, operation.targets or ())
        else:
            organization = context.reachable(asked)
            targeting.require_instances_of(
                operation.selection, item, organization, context.readings
            )
        if context.readings.overrides_wait_for_all_instances:
            require_overridable(item, operation.overrides)
        return self._submit(item, operation)

    def _delete(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        retain = asked.get("RetainStacks")
        if retain is None:
            rule = "Member must not be null"
            raise errors.constraint(retain, "RetainStacks", rule)
        item, operation = self._operation(asked, "DELETE")
        operation.retain_stacks = bool(retain)
        return self._submit(item, operation)

    def _operation(self, asked: Mapping[str, Any], action: str) -> tuple[StackSet, Operation]:
        context = self._context
        item = context.stack_sets.named(asked)
        template = templates.parse(item.configuration.template_body)
        selection, targets = None, None
        if item.configuration.service_managed:
            organization = context.reachable(asked)
            creates = action == "CREATE"
            selection = targeting.selection(asked, organization, context.fetch, creates=creates)
            areas = {*selection.regions}
        else:
            targets = inputs.targets(asked)
            areas = {target.region for target in targets}
        if context.readings.refuses_unknown_regions:
            inputs.require_existing_regions(areas, context.region)
        operation = Operation(
            operation_id=inputs.operation_id(asked, context.new_uuid),
            action=action,
            created_at=context.now(),
            targets=targets,
            selection=selection,
            preferences=inputs.preferences(asked, areas),
            overrides=parameters.overrides(asked, template),
        )
        require_acceptable(item, operation, context.readings)
        return item, operation

    def _detect_drift(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        context = self._context
        item = context.stack_sets.named(asked)
        operation = Operation(
            operation_id=inputs.operation_id(asked, context.new_uuid),
            action="DETECT_DRIFT",
            created_at=context.now(),
            targets=None,
            preferences=inputs.preferences(asked, {each.region for each in item.instances}),
        )
        require_acceptable(item, operation, context.readings)
        return self._submit(item, operation)

    def _import(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        context = self._context
        item = context.stack_sets.named(asked)
        managed = item.configuration.service_managed
        organization = context.reachable(asked) if managed else None
        units = imports.units(asked, organization)
        stacks = imports.stacks(asked, item, context.fetch)
        operation = Operation(
            operation_id=inputs.operation_id(asked, context.new_uuid),
            action="CREATE",
            created_at=context.now(),
            targets=tuple(stacks),
            imports=stacks,
            units=imports.units_by_account(stacks, units, organization),
            preferences=inputs.preferences(asked, {target.region for target in stacks}),
        )
        require_acceptable(item, operation, context.readings)
        return self._submit(item, operation)

    def _submit(self, item: StackSet, operation: Operation) -> dict[str, Any]:
        self._context.runner.submit(item, operation, self._context.now())
        return {"OperationId": operation.operation_id}

    def _stop(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        context = self._context
        item, operation = context.stack_sets.operation(asked)
        if operation.status not in {"RUNNING", "QUEUED"}:
            message = f"Operation {operation.operation_id} is {operation.status}, not RUNNING"
            raise errors.invalid_operation(message)
        context.runner.stop(item, operation, context.now())
        return {}
