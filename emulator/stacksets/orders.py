"""What a stack instance needs of a deployment, and what the deployment leaves of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.stacksets import arns, templates
from emulator.stacksets.deployment import DeploymentOrder
from emulator.stacksets.state import NOT_CHECKED, Target

if TYPE_CHECKING:
    from emulator.stacksets.deployment import Outcome
    from emulator.stacksets.readings import Readings
    from emulator.stacksets.state import Operation, StackInstance, StackSet


def order_for(
    stack_set: StackSet, operation: Operation, instance: StackInstance, readings: Readings
) -> DeploymentOrder:
    """Return the order for one deployment; an update of what never came up is a create."""
    configuration = stack_set.configuration
    declared = templates.parse(configuration.template_body).parameters
    values = {**configuration.parameters, **instance.overrides}
    account, region = instance.target
    stack_name = f"StackSet-{stack_set.name}-{instance.uuid}"
    action = operation.action
    imported = operation.imports.get(instance.target)
    if imported is not None:
        action = "IMPORT"
    elif action not in {"DELETE", "DETECT_DRIFT"}:
        action = "UPDATE" if instance.deployed else "CREATE"
    keeps_tags = (
        action == "UPDATE"
        and operation.updates_instances
        and not readings.updated_instances_take_tags
    )
    return DeploymentOrder(
        action=action,
        stack_set_name=stack_set.name,
        stack_set_id=stack_set.stack_set_id,
        account=account,
        region=region,
        stack_name=stack_name,
        stack_id=imported or instance.stack_id,
        expected_stack_id=arns.stack_arn(account, region, stack_name),
        template_body=configuration.template_body,
        parameters={name: value for name, value in values.items() if name in declared},
        tags=dict(instance.tags if keeps_tags else configuration.tags),
        capabilities=configuration.capabilities,
        administration_role_arn=configuration.administration_role_arn,
        execution_role_name=configuration.execution_role_name,
        operation_id=operation.operation_id,
        service_managed=configuration.service_managed,
        execution_role_template=configuration.execution_role_template,
    )


def write_outcome(
    stack_set: StackSet,
    operation: Operation,
    order: DeploymentOrder,
    outcome: Outcome,
    readings: Readings,
) -> None:
    """Write the outcome of a deployment into its instance and its result."""
    target = Target(order.account, order.region)
    operation.record(target, "SUCCEEDED" if outcome.succeeded else "FAILED", outcome.reason)
    if outcome.succeeded and operation.action == "DELETE":
        stack_set.remove(target)
        return
    stack_set.change(target, stack_id=outcome.stack_id or order.stack_id)
    if outcome.succeeded:
        stack_set.change(
            target,
            deployed=True,
            status="CURRENT",
            detailed_status="SUCCEEDED",
            tags=order.tags,
            declared=frozenset(templates.parse(order.template_body).parameters),
            drift_status=NOT_CHECKED,
        )
        if order.action == "IMPORT":
            stack_set.change(target, overrides=_overrides(order, outcome, readings))
        return
    if order.action == "IMPORT" and not readings.failed_imports_stay:
        stack_set.remove(target)
        return
    stack_set.change(target, detailed_status="FAILED", status_reason=outcome.reason)
    if operation.action == "DELETE":
        stack_set.change(target, status="INOPERABLE", detailed_status="INOPERABLE")
    elif order.action == "IMPORT":
        stack_set.change(target, status="INOPERABLE", detailed_status="FAILED_IMPORT")


def _overrides(order: DeploymentOrder, outcome: Outcome, readings: Readings) -> dict[str, str]:
    """What an imported stack has otherwise than the stack set, or all that it has."""
    return {
        name: value
        for name, value in outcome.parameters.items()
        if name in order.parameters
        and (readings.imports_override_everything or value != order.parameters[name])
    }
