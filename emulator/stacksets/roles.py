"""The roles that a stack set works with, by its permission model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from emulator.stacksets import errors
from emulator.stacksets.configuration import SELF_MANAGED
from emulator.stacksets.errors import invalid
from emulator.stacksets.sources import template_source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.stacksets.configuration import Configuration
    from emulator.stacksets.readings import Readings
    from emulator.stacksets.templates import Template

CUSTOM_PREFIX = "stacksets-exec-custom-"
_CUSTOM_CAPABILITIES = ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


class Roles(NamedTuple):
    """Roles, and under service-managed permissions where a custom one comes from."""

    administration_role_arn: str
    execution_role_name: str
    execution_role_template: str | None = None
    output_bucket: str | None = None


def chosen(  # noqa: PLR0913  all that roles depend on
    asked: Mapping[str, Any],
    previous: Configuration | None,
    model: str,
    *,
    default: tuple[str, str],
    fetch_template: Callable[[str], str],
    readings: Readings,
) -> Roles:
    """Return the roles that a create or an update asks for.

    Args:
        asked: Members of `CreateStackSet` or `UpdateStackSet`.
        previous: What the stack set has; None on create.
        model: The permission model that it will have.
        default: Administration role ARN and execution role name for calls without.
        fetch_template: Reads the address of a role template.
        readings: What the service is taken to do where it is not documented.

    Raises:
        ApiError: ValidationError.
    """
    if previous is not None and previous.permission_model != model:
        previous = None
    if model == SELF_MANAGED:
        execution = previous.execution_role_name if previous else default[1]
        return Roles(
            _administration_role(asked, previous, default[0], readings),
            asked.get("ExecutionRoleName") or execution,
        )
    template = _role_template(asked, previous, fetch_template, readings)
    if template is None:
        if asked.get("ExecutionRoleName") is not None:
            message = "ExecutionRoleName needs an execution role template under SERVICE_MANAGED"
            raise invalid(message)
        return Roles(*default)
    had = previous if previous is not None and previous.execution_role_template else None
    bucket = asked.get("StackSetOutputBucket") or (had.output_bucket if had else None)
    return Roles(default[0], _custom_name(asked, had, template), template, bucket)


def require_provisionable(template: Template, roles: Roles, capabilities: tuple[str, ...]) -> None:
    """Check that the service's role, or the custom one, may deploy a template.

    Raises:
        ApiError: ValidationError, or InsufficientCapabilitiesException.
    """
    if roles.execution_role_template is not None:
        if missing := [each for each in _CUSTOM_CAPABILITIES if each not in capabilities]:
            raise errors.insufficient_capabilities(missing)
    elif template.transforms or "AWS::CloudFormation::Stack" in template.resource_types:
        message = (
            "Templates with transforms, macros or nested stacks are not supported with "
            "SERVICE_MANAGED permissions unless a custom execution role template is specified"
        )
        raise invalid(message)


def _administration_role(
    asked: Mapping[str, Any], previous: Configuration | None, default: str, readings: Readings
) -> str:
    if given := asked.get("AdministrationRoleARN"):
        return str(given)
    custom = previous is not None and previous.administration_role_arn != default
    if custom and readings.requires_custom_administration_role:
        message = "You must specify the customized administration role of this stack set"
        raise invalid(message)
    return default


def _role_template(
    asked: Mapping[str, Any],
    previous: Configuration | None,
    fetch_template: Callable[[str], str],
    readings: Readings,
) -> str | None:
    if asked.get("UseAdminExecutionRole"):
        return None
    members = ("ExecutionRoleTemplateBody", "ExecutionRoleTemplateUrl")
    given = template_source(asked, fetch_template, members)
    if given is None and previous is not None and readings.keeps_execution_role_template:
        return previous.execution_role_template
    return given


def _custom_name(asked: Mapping[str, Any], previous: Configuration | None, template: str) -> str:
    name = asked.get("ExecutionRoleName") or (previous.execution_role_name if previous else "")
    if not name.startswith(CUSTOM_PREFIX):
        message = f"ExecutionRoleName must begin with {CUSTOM_PREFIX} under SERVICE_MANAGED"
        raise invalid(message)
    if name not in template:
        message = f"The execution role template has no role with the name {name}"
        raise invalid(message)
    return str(name)
