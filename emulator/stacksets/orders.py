"""What a stack instance needs, put together from its stack set and the operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.stacksets import templates
from emulator.stacksets.deployment import DeploymentOrder

if TYPE_CHECKING:
    from emulator.stacksets.state import Operation, StackInstance, StackSet


def order_for(
    stack_set: StackSet, operation: Operation, instance: StackInstance
) -> DeploymentOrder:
    """Return the order for one deployment; an update of what never came up is a create."""
    configuration = stack_set.configuration
    declared = templates.parse(configuration.template_body).parameters
    values = {**configuration.parameters, **instance.overrides}
    action = operation.action
    if action != "DELETE":
        action = "UPDATE" if instance.deployed else "CREATE"
    return DeploymentOrder(
        action=action,
        stack_set_name=stack_set.name,
        stack_set_id=stack_set.stack_set_id,
        account=instance.target.account,
        region=instance.target.region,
        stack_name=f"StackSet-{stack_set.name}-{instance.uuid}",
        stack_id=instance.stack_id,
        template_body=configuration.template_body,
        parameters={name: value for name, value in values.items() if name in declared},
        tags=dict(configuration.tags),
        capabilities=configuration.capabilities,
        administration_role_arn=configuration.administration_role_arn,
        execution_role_name=configuration.execution_role_name,
        operation_id=operation.operation_id,
    )
