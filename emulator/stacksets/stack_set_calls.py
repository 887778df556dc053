"""The calls that make, change and delete stack sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets import arns, creations, errors, inputs, targeting, templates, wanted
from emulator.stacksets import outputs as responses
from emulator.stacksets.registry import (
    require_acceptable,
    require_idle,
    require_instances,
    view_of,
)
from emulator.stacksets.sources import template_source
from emulator.stacksets.state import Operation, StackSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.stacksets.configuration import Configuration
    from emulator.stacksets.context import Context

_SCOPE = ("Accounts", "DeploymentTargets", "Regions")


class StackSetCalls:
    """Answers them.

    Attributes:
        answers: What answers a call, by the name of its API operation.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self.answers = {
            "CreateStackSet": self._create,
            "UpdateStackSet": self._update,
            "DeleteStackSet": self._delete,
            "GetTemplateSummary": self._summarize_template,
            "DescribeOrganizationsAccess": self._describe_access,
        }

    def _create(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        context = self._context
        name = inputs.stack_set_name(asked)
        stack_set_id = f"{name}:{context.new_uuid()}"
        item = StackSet(
            name=name,
            stack_set_id=stack_set_id,
            arn=arns.stack_set_arn(context.owner(asked), context.region, stack_set_id),
            token=str(asked.get("ClientRequestToken") or context.new_uuid()),
            configuration=self._configuration(asked, None),
            created_at=context.now(),
            call_as=view_of(asked),
        )
        if existing := creations.repeated(context.stack_sets, item, context.readings):
            return {"StackSetId": existing.stack_set_id}
        context.stack_sets[stack_set_id] = item
        return {"StackSetId": stack_set_id}

    def _update(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        context = self._context
        item = context.stack_sets.named(asked)
        configuration = self._configuration(asked, item.configuration)
        if item.instances and configuration.permission_model != item.configuration.permission_model:
            message = "PermissionModel cannot be changed while the stack set has stack instances"
            raise errors.invalid(message)
        operation = self._operation(asked, item, configuration)
        require_acceptable(item, operation, context.readings)
        if (
            item.unfinished
            and configuration.managed_execution != item.configuration.managed_execution
        ):
            message = "ManagedExecution cannot be changed while operations run or are queued"
            raise errors.invalid_operation(message)
        if operation.selection is None:
            require_instances(item, operation.targets or ())
        else:
            organization = context.reachable(asked)
            targeting.require_instances_of(
                operation.selection, item, organization, context.readings
            )
        context.runner.submit(item, operation, context.now())
        return {"OperationId": operation.operation_id}

    def _operation(
        self, asked: Mapping[str, Any], item: StackSet, configuration: Configuration
    ) -> Operation:
        context = self._context
        scoped = any(asked.get(key) for key in _SCOPE)
        selection, targets = None, None
        if not configuration.service_managed:
            targets = inputs.targets(asked) if scoped else None
        elif scoped:
            if asked.get("AutoDeployment") is not None:
                message = "AutoDeployment cannot be specified with DeploymentTargets or Regions"
                raise errors.invalid(message)
            organization = context.reachable(asked)
            selection = targeting.selection(asked, organization, context.fetch, creates=False)
        areas = (
            selection.regions if selection else {each.region for each in targets or item.instances}
        )
        names_content = any(asked.get(key) for key in ("TemplateBody", "TemplateURL", "Parameters"))
        return Operation(
            operation_id=inputs.operation_id(asked, context.new_uuid),
            action="UPDATE",
            created_at=context.now(),
            targets=targets,
            selection=selection,
            preferences=inputs.preferences(asked, areas),
            configuration=configuration,
            exclusive=True,
            outdates_all=context.readings.scoped_update_outdates_others and names_content,
        )

    def _delete(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item = self._context.stack_sets.active(asked["StackSetName"], view_of(asked))
        if item is None:
            return {}
        require_idle(item)
        if item.instances:
            raise errors.stack_set_not_empty()
        item.status = "DELETED"
        return {}

    def _summarize_template(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        body = template_source(asked, self._context.fetch)
        if (body is None) == (asked.get("StackSetName") is None):
            message = "Specify exactly one of TemplateBody, TemplateURL and StackSetName"
            raise errors.invalid(message)
        if body is None:
            body = self._context.stack_sets.named(asked).configuration.template_body
        return responses.template_summary(templates.parse(body), self._context.readings)

    def _describe_access(self, _asked: Mapping[str, Any]) -> dict[str, Any]:
        organization = self._context.organization
        enabled = organization is not None and organization.trusted_access
        return {"Status": "ENABLED" if enabled else "DISABLED"}

    def _configuration(
        self, asked: Mapping[str, Any], previous: Configuration | None
    ) -> Configuration:
        context = self._context
        configuration = wanted.configuration(
            asked,
            previous,
            fetch_template=context.fetch,
            default_roles=context.default_roles(asked),
            readings=context.readings,
        )
        if configuration.service_managed:
            context.reachable(asked)
        return configuration
