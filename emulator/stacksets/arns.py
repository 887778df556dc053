"""The names of things that AWS makes up."""

from __future__ import annotations

import uuid

PARTITIONS = {"aws-cn": ("cn-",), "aws-us-gov": ("us-gov-",), "aws-eusc": ("eusc-",)}
_ARN_PARTS = 6


def stack_set_arn(account: str, region: str, stack_set_id: str) -> str:
    """Return the ARN of a stack set."""
    return f"arn:{partition(region)}:cloudformation:{region}:{account}:stackset/{stack_set_id}"


def stack_arn(account: str, region: str, stack_name: str) -> str:
    """Return the ARN of the stack of an instance; the same for the same name."""
    suffix = uuid.uuid5(uuid.NAMESPACE_URL, stack_name)
    return f"arn:{partition(region)}:cloudformation:{region}:{account}:stack/{stack_name}/{suffix}"


def account_gate_arn(account: str, region: str) -> str:
    """Return the ARN of the function that may open or close an account to StackSets."""
    return (
        f"arn:{partition(region)}:lambda:{region}:{account}:"
        "function:AWSCloudFormationStackSetAccountGate"
    )


def default_roles(account: str, region: str) -> tuple[str, str]:
    """Return the administration role ARN and execution role name of calls that name none."""
    return (
        f"arn:{partition(region)}:iam::{account}:role/AWSCloudFormationStackSetAdministrationRole",
        "AWSCloudFormationStackSetExecutionRole",
    )


def service_roles(account: str, region: str) -> tuple[str, str]:
    """Return the same for service-managed stack sets that live in this account."""
    path = "aws-service-role/stacksets.cloudformation.amazonaws.com"
    name = "AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
    # The service draws the name of its role in the members; nothing shows it.
    suffix = uuid.uuid5(uuid.NAMESPACE_URL, account).hex
    return (
        f"arn:{partition(region)}:iam::{account}:role/{path}/{name}",
        f"stacksets-exec-{suffix}",
    )


def place_of_stack(arn: str) -> tuple[str, str] | None:
    """Return the account and the Region that the ARN of a stack names; None for another text."""
    parts = arn.split(":")
    if len(parts) != _ARN_PARTS or parts[2] != "cloudformation" or parts[5][:6] != "stack/":
        return None
    return parts[4], parts[3]


def partition(region: str) -> str:
    """Return the partition that a Region belongs to."""
    for name, prefixes in PARTITIONS.items():
        if region.startswith(prefixes):
            return name
    return "aws"
