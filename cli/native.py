"""What AWS::CloudFormation::StackSet wants otherwise than Custom::StackSet does. No AWS here.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stackset.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from handler.errors import Fault
from handler.properties.model import StackSetProperties

TYPE = "AWS::CloudFormation::StackSet"

_NEEDED = ("PermissionModel", "StackSetName")
_KNOWN = frozenset(
    {
        *_NEEDED,
        "AdministrationRoleARN",
        "AutoDeployment",
        "CallAs",
        "Capabilities",
        "Description",
        "ExecutionRoleName",
        "ManagedExecution",
        "OperationPreferences",
        "Parameters",
        "StackInstancesGroup",
        "Tags",
        "TemplateBody",
        "TemplateURL",
    }
)


def find_faults(properties: Mapping[str, Any]) -> Iterator[Fault]:
    """Yields what the native resource refuses, and ours takes."""
    for name in _NEEDED:
        if name not in properties:
            yield Fault(name, f"is missing: {TYPE} needs it")
    for name in properties:
        if name not in _KNOWN and name in StackSetProperties.model_fields:
            message = f"`{name}` is a property of Custom::StackSet, not of {TYPE}: take it out"
            yield Fault("", message, (name,))
