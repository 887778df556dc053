"""The state as the API shows it: botocore-shaped dictionaries."""

from __future__ import annotations

import base64
import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.stacksets import arns, drift, progress, templates
from emulator.stacksets.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from emulator.stacksets.configuration import Configuration
    from emulator.stacksets.readings import Readings
    from emulator.stacksets.state import Operation, Result, StackInstance, StackSet, Target

Shape = dict[str, Any]
_Item = TypeVar("_Item")

PAGE = 100
MASK = "****"


def page(
    asked: Mapping[str, Any],
    items: Iterable[_Item],
    shape: Callable[[_Item], Shape],
    keep: Callable[[_Item], bool] = lambda _: True,
    moment: float | None = None,
) -> Shape:
    """Return one page of a list as `Summaries`, with a `NextToken` when more may follow.

    Args:
        asked: The call, for `NextToken` and `MaxResults`.
        items: The whole list.
        shape: Makes a summary of an item.
        keep: Tells which items belong to the answer.
        moment: As of when the list is; the `NextToken` carries it on.
    """
    position, _ = place(asked)
    size = min(int(asked.get("MaxResults") or PAGE), PAGE)
    summaries: list[Shape] = []
    answer: Shape = {"Summaries": summaries}
    for item in itertools.islice(items, position, None):
        if len(summaries) == size:
            token = f"from:{position}:{'' if moment is None else repr(moment)}"
            answer["NextToken"] = base64.urlsafe_b64encode(token.encode()).decode()
            break
        position += 1
        if keep(item):
            summaries.append(shape(item))
    return answer


def place(asked: Mapping[str, Any]) -> tuple[int, float | None]:
    """Return where in its list a call goes on, and as of when that list is.

    Raises:
        ApiError: ValidationError when its `NextToken` was never given out.
    """
    token = asked.get("NextToken")
    if token is None:
        return 0, None
    try:
        prefix, number, moment = base64.urlsafe_b64decode(token).decode().split(":")
        if prefix == "from":
            return int(number), float(moment) if moment else None
    except ValueError:
        pass
    message = f"NextToken {token!r} is not one that was given out"
    raise invalid(message)


def stack_set(item: StackSet, readings: Readings) -> Shape:
    """Return a `StackSet` structure: template defaults filled in, NoEcho values masked."""
    configuration = item.configuration
    body = configuration.template_body
    return without_none(
        {
            "StackSetName": item.name,
            "StackSetId": item.stack_set_id,
            "StackSetARN": item.arn,
            "Description": configuration.description,
            "Status": item.status,
            "TemplateBody": body
            if readings.shows_non_ascii
            else body.encode("ascii", "replace").decode(),
            "Parameters": _parameters(item, readings),
            "Capabilities": [*configuration.capabilities],
            "Tags": [{"Key": key, "Value": value} for key, value in configuration.tags.items()],
            **_roles(configuration),
            "PermissionModel": configuration.permission_model,
            "AutoDeployment": _auto_deployment(configuration),
            "ManagedExecution": {"Active": configuration.managed_execution},
            "StackSetDriftDetectionDetails": _drift(item.drift),
            "OrganizationalUnitIds": [*item.followed],
            "Regions": sorted({target.region for target in item.instances}),
            "StackSetOutputBucketPath": f"{configuration.output_bucket}/{item.stack_set_id}"
            if configuration.output_bucket
            else None,
        }
    )


def _roles(configuration: Configuration) -> Shape:
    shown: Shape = {"AdministrationRoleARN": configuration.administration_role_arn}
    if not configuration.service_managed or configuration.execution_role_template is not None:
        shown["ExecutionRoleName"] = configuration.execution_role_name
    return shown


def _auto_deployment(configuration: Configuration) -> Shape | None:
    settings = configuration.auto_deployment
    if settings is None:
        return None
    shown: Shape = {"Enabled": settings.enabled}
    if settings.enabled:
        shown["RetainStacksOnAccountRemoval"] = settings.retain_stacks
    if settings.depends_on:
        shown["DependsOn"] = [*settings.depends_on]
    return shown


def _drift(operation: Operation | None) -> Shape:
    checked_at = None if operation is None else operation.ended_at or operation.created_at
    return without_none(
        {**drift.details(operation), "LastDriftCheckTimestamp": _timestamp(checked_at)}
    )


def _parameters(item: StackSet, readings: Readings) -> list[Shape]:
    template = templates.parse(item.configuration.template_body)
    given = item.configuration.parameters
    return [
        {
            "ParameterKey": name,
            "ParameterValue": MASK
            if template.no_echo(name)
            else given.get(name, template.default(name)),
            "UsePreviousValue": False,
        }
        for name in template.parameters
        if readings.lists_defaulted_parameters or name in given
    ]


def stack_set_summary(item: StackSet) -> Shape:
    """Return a `StackSetSummary`."""
    return without_none(
        {
            "StackSetName": item.name,
            "StackSetId": item.stack_set_id,
            "Description": item.configuration.description,
            "Status": item.status,
            "PermissionModel": item.configuration.permission_model,
            "AutoDeployment": _auto_deployment(item.configuration),
            "DriftStatus": drift.status(item.drift),
            "LastDriftCheckTimestamp": _timestamp(item.drift.ended_at if item.drift else None),
            "ManagedExecution": {"Active": item.configuration.managed_execution},
        }
    )


def stack_instance_summary(item: StackSet, instance: StackInstance, readings: Readings) -> Shape:
    """Return a `StackInstanceSummary`."""
    has_stack = instance.deployed or readings.failed_create_keeps_stack_id
    skipped = instance.detailed_status == "SKIPPED_SUSPENDED_ACCOUNT"
    return without_none(
        {
            "StackSetId": item.stack_set_id,
            "Account": instance.target.account,
            "Region": instance.target.region,
            "StackId": instance.stack_id if has_stack and not skipped else None,
            "Status": instance.status,
            "StackInstanceStatus": {"DetailedStatus": instance.detailed_status},
            "StatusReason": instance.status_reason or None,
            "OrganizationalUnitId": instance.unit,
            "DriftStatus": instance.drift_status,
            "LastDriftCheckTimestamp": _timestamp(instance.drift_checked_at),
            "LastOperationId": instance.last_operation_id or None,
        }
    )


def stack_instance(item: StackSet, instance: StackInstance, readings: Readings) -> Shape:
    """Return a `StackInstance` structure, which alone shows the overrides."""
    template = templates.parse(item.configuration.template_body)
    hidden = {name for name in template.parameters if template.no_echo(name)}
    return stack_instance_summary(item, instance, readings) | {
        "ParameterOverrides": [
            {"ParameterKey": name, "ParameterValue": MASK if name in hidden else value}
            for name, value in instance.overrides.items()
        ]
    }


def operation_summary(operation: Operation, readings: Readings) -> Shape:
    """Return a `StackSetOperationSummary`."""
    return without_none(
        {
            "OperationId": operation.operation_id,
            "Action": operation.action,
            "Status": operation.status,
            "StatusReason": operation.status_reason or None,
            "CreationTimestamp": _timestamp(operation.created_at),
            "EndTimestamp": _timestamp(operation.ended_at),
            "StatusDetails": progress.status_details(
                operation, tells_progress=readings.tells_progress
            ),
            "OperationPreferences": {"RegionOrder": []} | dict(operation.preferences.given),
        }
    )


def operation(item: StackSet, operation: Operation, readings: Readings) -> Shape:
    """Return a `StackSetOperation` structure."""
    return operation_summary(operation, readings) | without_none(
        {
            "StackSetId": item.stack_set_id,
            **_roles(item.configuration),
            "DeploymentTargets": _deployment_targets(operation),
            "StackSetDriftDetectionDetails": _drift(operation) if operation.detects_drift else None,
            "RetainStacks": operation.retain_stacks if operation.action == "DELETE" else None,
            "RegionalStatusDetails": progress.regional_status_details(operation)
            if readings.tells_progress
            else None,
        }
    )


def _deployment_targets(operation: Operation) -> Shape | None:
    if operation.selection is not None:
        return dict(operation.selection.given)
    if operation.automatic:
        return {"OrganizationalUnitIds": [*dict.fromkeys(operation.units.values())]}
    return None


def followed(pair: tuple[str, Mapping[str, None]]) -> Shape:
    """Return a `StackSetAutoDeploymentTargetSummary`."""
    unit, regions = pair
    return {"OrganizationalUnitId": unit, "Regions": [*regions]}


def operation_result(operation: Operation, target: Target, result: Result) -> Shape:
    """Return a `StackSetOperationResultSummary`."""
    gate = arns.account_gate_arn(*target)
    gated = result.status in {"RUNNING", "SUCCEEDED", "FAILED"}
    return without_none(
        {
            "Account": target.account,
            "Region": target.region,
            "Status": result.status,
            "StatusReason": result.status_reason or None,
            "AccountGateResult": {
                "Status": "SKIPPED",
                "StatusReason": f"Function not found: {gate}",
            }
            if gated
            else None,
            "OrganizationalUnitId": operation.units.get(target.account, ""),
        }
    )


def template_summary(template: templates.Template, readings: Readings) -> Shape:
    """Return what `GetTemplateSummary` tells."""
    why = ", ".join(name for name in template.resource_types if name.startswith("AWS::IAM::"))
    return without_none(
        {
            "Parameters": [_declaration(template, name, readings) for name in template.parameters],
            "Description": template.description,
            "Capabilities": [*template.capabilities] or None,
            "CapabilitiesReason": f"The following resource(s) require capabilities: [{why}]"
            if why
            else None,
            "ResourceTypes": [*template.resource_types],
            "Version": template.version,
            "Metadata": template.metadata,
            "DeclaredTransforms": [*template.transforms],
        }
    )


def _declaration(template: templates.Template, name: str, readings: Readings) -> Shape:
    declared = template.parameters[name]
    default = template.default(name)
    allowed = [templates.as_text(value) for value in declared.get("AllowedValues") or ()]
    return without_none(
        {
            "ParameterKey": name,
            "DefaultValue": default if default or readings.shows_empty_defaults else None,
            "ParameterType": declared["Type"],
            "NoEcho": template.no_echo(name),
            "Description": declared.get("Description"),
            "ParameterConstraints": {"AllowedValues": allowed} if allowed else {},
        }
    )


def _timestamp(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def without_none(shape: Shape) -> Shape:
    """Return the members that are there."""
    return {key: value for key, value in shape.items() if value is not None}
