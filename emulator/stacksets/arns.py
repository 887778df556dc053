"""The names of things that AWS makes up."""

from __future__ import annotations


def stack_set_arn(account: str, region: str, stack_set_id: str) -> str:
    """Return the ARN of a stack set."""
    return f"arn:{_partition(region)}:cloudformation:{region}:{account}:stackset/{stack_set_id}"


def default_roles(account: str, region: str) -> tuple[str, str]:
    """Return the administration role ARN and execution role name of calls that name none."""
    return (
        f"arn:{_partition(region)}:iam::{account}:role/AWSCloudFormationStackSetAdministrationRole",
        "AWSCloudFormationStackSetExecutionRole",
    )


def _partition(region: str) -> str:
    for prefix, partition in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
        if region.startswith(prefix):
            return partition
    return "aws"
