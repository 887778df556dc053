"""What the API calls send: our values in the API's form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from handler.plan.steps import DELETE, IMPORT, UPDATE, Step
from handler.values.observation import StackSetState
from handler.values.organization import ServiceManaged
from handler.values.spec import StackSetSpec

DEFAULT_EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"
CUSTOM_EXECUTION_ROLE = "stacksets-exec-custom-"
NO_PREFERENCES: Mapping[str, Any] = MappingProxyType({})
"""What the API takes for its own default."""

_DEFAULT_ADMINISTRATION_ROLE = "AWSCloudFormationStackSetAdministrationRole"


def create_parameters(spec: StackSetSpec) -> dict[str, Any]:
    """What CreateStackSet sends besides the name: only what the template gives."""
    parameters = update_parameters(spec, with_auto_deployment=True)
    parameters.pop("UsePreviousTemplate", None)
    parameters.pop("UseAdminExecutionRole", None)
    if not spec.managed_execution:
        del parameters["ManagedExecution"]
    if spec.service_managed is not None:
        parameters["PermissionModel"] = spec.permission_model
    return {name: value for name, value in parameters.items() if value}


def update_parameters(spec: StackSetSpec, *, with_auto_deployment: bool = False) -> dict[str, Any]:
    """What UpdateStackSet sends besides the name: all of it, so that what is gone goes.

    Empty lists are sent, for the API takes an absent list for "keep what is there".

    Args:
        spec: What the template says.
        with_auto_deployment: Whether to send AutoDeployment, which only a service-managed stack
            set has.
    """
    keeps_template = spec.template_body is None and spec.template_url is None
    optional: dict[str, Any] = {
        "UsePreviousTemplate": keeps_template or None,
        "Description": spec.description,
        "TemplateBody": spec.template_body,
        "TemplateURL": spec.template_url,
        "AdministrationRoleARN": spec.administration_role_arn,
        "ExecutionRoleName": spec.execution_role_name,
    }
    return {
        **{name: value for name, value in optional.items() if value is not None},
        "Parameters": api_parameters(spec.parameters),
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(spec.tags.items())],
        "Capabilities": sorted(spec.capabilities),
        "ManagedExecution": {"Active": spec.managed_execution},
        **_service_managed_parameters(
            spec.service_managed, with_auto_deployment=with_auto_deployment
        ),
    }


def _service_managed_parameters(
    wanted: ServiceManaged | None, *, with_auto_deployment: bool
) -> dict[str, Any]:
    """What only a service-managed stack set has.

    Whether an update without the role's template keeps the role is not documented, so it is sent
    each time.
    """
    if wanted is None:
        return {}
    optional = {
        "AutoDeployment": wanted.auto_deployment.to_api() if with_auto_deployment else None,
        "ExecutionRoleTemplateBody": wanted.role_template_body,
        "ExecutionRoleTemplateUrl": wanted.role_template_url,
        "StackSetOutputBucket": wanted.output_bucket,
        "UseAdminExecutionRole": wanted.uses_admin_role or None,
    }
    return {name: value for name, value in optional.items() if value is not None}


def with_default_roles(spec: StackSetSpec, live: StackSetState) -> StackSetSpec:
    """Returns what an update has to send so that roles go that the template names no more.

    Without an ExecutionRoleName UpdateStackSet keeps the previous one, and of a custom
    administration role it is only said that it has to be given again.
    """
    execution, administration = spec.execution_role_name, spec.administration_role_arn
    if spec.service_managed is not None:
        return _with_admin_role(spec, spec.service_managed, live)
    if execution is None and live.execution_role_name not in {None, DEFAULT_EXECUTION_ROLE}:
        execution = DEFAULT_EXECUTION_ROLE
    shown = live.administration_role_arn
    if administration is None and shown and not is_default_administration_role(shown):
        administration = _default_administration_role(live.arn)
    return replace(spec, execution_role_name=execution, administration_role_arn=administration)


def _with_admin_role(
    spec: StackSetSpec, wanted: ServiceManaged, live: StackSetState
) -> StackSetSpec:
    """Returns what has to be sent so that an execution role goes that the template has no more."""
    if wanted.has_custom_role or not is_custom_execution_role(live.execution_role_name):
        return spec
    return replace(spec, service_managed=replace(wanted, uses_admin_role=True))


def is_custom_execution_role(name: str | None) -> bool:
    """Whether it is an execution role that a service-managed stack set has brought along."""
    return bool(name) and str(name).startswith(CUSTOM_EXECUTION_ROLE)


def is_default_administration_role(arn: str) -> bool:
    """Whether it is the role that StackSets takes where none is named."""
    return arn.endswith(f":role/{_DEFAULT_ADMINISTRATION_ROLE}")


def _default_administration_role(stack_set_arn: str) -> str | None:
    _, partition, _, _, account, *_ = [*stack_set_arn.split(":"), "", "", "", "", ""]
    if not (partition and account):
        return None
    return f"arn:{partition}:iam::{account}:role/{_DEFAULT_ADMINISTRATION_ROLE}"


def api_parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Parameter values in the API's form, sorted by key."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(values.items())]


def operation_preferences(
    spec: StackSetSpec, regions: tuple[str, ...], default: Mapping[str, Any] = NO_PREFERENCES
) -> dict[str, Any]:
    """The preferences of one operation: a RegionOrder names exactly the regions it reaches.

    Args:
        spec: What the template says.
        regions: Those that the operation reaches.
        default: What holds where the template has no preferences.
    """
    preferences = dict(spec.preferences or default)
    order = preferences.pop("RegionOrder", None)
    if order and regions:
        listed = [region for region in order if region in regions]
        preferences["RegionOrder"] = [*listed, *(each for each in regions if each not in listed)]
    return preferences


def instance_parameters(step: Step) -> dict[str, Any]:
    """Returns what a call on instances sends besides their places and its preferences."""
    if step.action == DELETE:
        return {"RetainStacks": step.retain_stacks}
    if step.action == IMPORT or step.keeps_overrides:
        return {}
    overrides = api_parameters(dict(step.overrides))
    # An empty list takes an instance's overrides away; no list would keep them.
    return {"ParameterOverrides": overrides} if overrides or step.action == UPDATE else {}
