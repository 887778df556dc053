"""What depends on the permission model, and who may ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets.configuration import SELF_MANAGED, SERVICE_MANAGED, AutoDeployment
from emulator.stacksets.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.stacksets.configuration import Configuration
    from emulator.stacksets.organization import Organization

DEPENDENCIES = 10
DELEGATED_ADMIN = "DELEGATED_ADMIN"
NO_ACCESS = "You must enable organizations access to operate a service managed stack set"
_NOT_AN_ADMINISTRATOR = (
    "You must be the management account or delegated admin account of an organization before "
    "operating a SERVICE_MANAGED stack set"
)
_SERVICE_MANAGED_ONLY = (
    "AutoDeployment",
    "ExecutionRoleTemplateBody",
    "ExecutionRoleTemplateUrl",
    "StackSetOutputBucket",
    "UseAdminExecutionRole",
)


def require_caller(
    asked: Mapping[str, Any], account: str, organization: Organization | None
) -> None:
    """Check that the account is what `CallAs` says, and that there is an organization if needed.

    Raises:
        ApiError: ValidationError.
    """
    if asked.get("CallAs") == DELEGATED_ADMIN and (
        organization is None or account not in organization.delegated_administrators
    ):
        message = "Account used is not a delegated administrator"
        raise invalid(message)
    if asked.get("PermissionModel") == SERVICE_MANAGED:
        reachable(asked, account, organization)
    if organization is None:
        # There can be no stack set for which these are.
        require_members(asked, SELF_MANAGED)


def reachable(
    asked: Mapping[str, Any], account: str, organization: Organization | None
) -> Organization:
    """Return the organization that service-managed stack sets of this caller work in.

    Raises:
        ApiError: ValidationError.
    """
    if organization is None or not organization.trusted_access:
        raise invalid(NO_ACCESS)
    delegated = asked.get("CallAs") == DELEGATED_ADMIN
    if account != organization.management_account and not delegated:
        raise invalid(_NOT_AN_ADMINISTRATOR)
    return organization


def model(asked: Mapping[str, Any], previous: Configuration | None) -> str:
    """Return the permission model that a stack set will have."""
    return asked.get("PermissionModel") or (previous.permission_model if previous else SELF_MANAGED)


def require_members(asked: Mapping[str, Any], permission_model: str) -> None:
    """Check that no member is for the other permission model.

    Raises:
        ApiError: ValidationError.
    """
    if permission_model == SERVICE_MANAGED:
        if asked.get("AdministrationRoleARN") is not None:
            message = "AdministrationRoleARN is only for stack sets with SELF_MANAGED permissions"
            raise invalid(message)
        return
    for member in _SERVICE_MANAGED_ONLY:
        if asked.get(member) is not None:
            message = f"{member} is only for stack sets with SERVICE_MANAGED permissions"
            raise invalid(message)
    if asked.get("CallAs") == DELEGATED_ADMIN:
        message = "DELEGATED_ADMIN is only for stack sets with SERVICE_MANAGED permissions"
        raise invalid(message)


def auto_deployment(
    asked: Mapping[str, Any], previous: Configuration | None, permission_model: str
) -> AutoDeployment | None:
    """Return whether a stack set will follow its units; None under self-managed permissions.

    Raises:
        ApiError: ValidationError.
    """
    if permission_model == SELF_MANAGED:
        return None
    given = asked.get("AutoDeployment")
    if given is None:
        if previous is None or previous.auto_deployment is None:
            message = "AutoDeployment is required for stack sets with SERVICE_MANAGED permissions"
            raise invalid(message)
        return previous.auto_deployment
    enabled, retain = bool(given.get("Enabled")), given.get("RetainStacksOnAccountRemoval")
    if retain is not None and not enabled:
        message = "RetainStacksOnAccountRemoval can only be specified if Enabled is true"
        raise invalid(message)
    depends_on = tuple(given.get("DependsOn") or ())
    if len(depends_on) > DEPENDENCIES:
        message = f"{len(depends_on)} DependsOn given; at most {DEPENDENCIES} are allowed"
        raise invalid(message)
    return AutoDeployment(enabled, bool(retain), depends_on)
