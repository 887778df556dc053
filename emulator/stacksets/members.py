"""Members that a call may have: what is not honoured here is refused, never dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_A_SET = frozenset(
    {
        *("StackSetName", "Description", "TemplateBody", "TemplateURL", "Parameters", "Tags"),
        *("Capabilities", "AdministrationRoleARN", "ExecutionRoleName", "PermissionModel"),
        *("ManagedExecution", "CallAs", "AutoDeployment", "StackSetOutputBucket"),
        *("ExecutionRoleTemplateBody", "ExecutionRoleTemplateUrl"),
    }
)
_OF_INSTANCES = frozenset(
    {
        *("StackSetName", "Accounts", "DeploymentTargets", "Regions", "OperationPreferences"),
        *("OperationId", "CallAs"),
    }
)
_PAGED = frozenset({"StackSetName", "NextToken", "MaxResults", "CallAs"})
HONOURED: Mapping[str, frozenset[str]] = {
    "CreateStackSet": _OF_A_SET | {"ClientRequestToken"},
    "UpdateStackSet": _OF_A_SET | _OF_INSTANCES | {"UsePreviousTemplate", "UseAdminExecutionRole"},
    "DeleteStackSet": frozenset({"StackSetName", "CallAs"}),
    "CreateStackInstances": _OF_INSTANCES | {"ParameterOverrides"},
    "UpdateStackInstances": _OF_INSTANCES | {"ParameterOverrides"},
    "DeleteStackInstances": _OF_INSTANCES | {"RetainStacks"},
    "StopStackSetOperation": frozenset({"StackSetName", "OperationId", "CallAs"}),
    "GetTemplateSummary": frozenset({"TemplateBody", "TemplateURL", "StackSetName", "CallAs"}),
    "DescribeStackSet": frozenset({"StackSetName", "CallAs"}),
    "ListStackSets": _PAGED - {"StackSetName"} | {"Status"},
    "DescribeStackInstance": frozenset(
        {"StackSetName", "StackInstanceAccount", "StackInstanceRegion", "CallAs"}
    ),
    "ListStackInstances": _PAGED | {"Filters", "StackInstanceAccount", "StackInstanceRegion"},
    "DescribeStackSetOperation": frozenset({"StackSetName", "OperationId", "CallAs"}),
    "ListStackSetOperations": _PAGED,
    "ListStackSetOperationResults": _PAGED | {"OperationId", "Filters"},
    "ListStackSetAutoDeploymentTargets": _PAGED,
    "DescribeOrganizationsAccess": frozenset({"CallAs"}),
    "DetectStackSetDrift": frozenset(
        {"StackSetName", "OperationPreferences", "OperationId", "CallAs"}
    ),
    "ImportStacksToStackSet": frozenset(
        {
            *("StackSetName", "StackIds", "StackIdsUrl", "OrganizationalUnitIds"),
            *("OperationPreferences", "OperationId", "CallAs"),
        }
    ),
}
"""The members that the engine acts upon, by API operation."""
_TEXTS = {
    "StackId": "Importing a stack into a new stack set is not supported here",
}


def require_honoured(action: str, asked: Mapping[str, Any]) -> None:
    """Check that every member of a call is one that the engine acts upon.

    Raises:
        ApiError: ValidationError that names the first one that is not.
    """
    honoured = HONOURED.get(action)
    for member, value in asked.items():
        if value is not None and honoured is not None and member not in honoured:
            raise invalid(_TEXTS.get(member, f"{member} is not supported here"))
