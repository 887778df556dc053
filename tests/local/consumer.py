"""A stack that owns a stack set, and the world that it makes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.local.aws import ADMINISTRATOR, PROVIDER_STACK, LocalAWS
from emulator.local.stacks import StackOutcome

MEMBERS = ["222222222222", "333333333333", "444444444444", "555555555555"]
REGION = "ap-northeast-1"
ATTRIBUTES = (
    "StackSetId",
    "StackSetName",
    "StackSetArn",
    "OperationId",
    "InstanceCount",
    "FailedInstanceCount",
    "Status",
)
ADMINISTRATION_ROLE = (
    f"arn:aws:iam::{ADMINISTRATOR}:role/AWSCloudFormationStackSetAdministrationRole"
)


class Consumer:
    """One stack with a `Custom::StackSet`.

    Args:
        aws: Where.
        name: Name of the stack; its stack set and its members' setting are named after it.
    """

    def __init__(self, aws: LocalAWS, name: str) -> None:
        self.aws = aws
        self.name = name
        self._cloudformation = aws.client("cloudformation")

    def template(self, colour: str = "blue") -> str:
        """A template with one setting, which shows what has been deployed."""
        setting = {
            "Type": "AWS::SSM::Parameter",
            "Properties": {
                "Name": f"/e2e/{self.name}",
                "Type": "String",
                "Value": {"Fn::Sub": f"{colour} ${{Shade}}"},
            },
        }
        parameters = {"Shade": {"Type": "String", "Default": "light"}}
        return json.dumps({"Parameters": parameters, "Resources": {"Setting": setting}})

    def deploy(self, accounts: list[str] = MEMBERS[:2], **properties: Any) -> StackOutcome:
        """Create or update the stack; properties are laid over plain ones, None takes one away."""
        return self.aws.deploy(self.name, self.stack_template(accounts, **properties))

    def stack_template(
        self,
        accounts: list[str] = MEMBERS[:2],
        siblings: Mapping[str, Any] | None = None,
        **properties: Any,
    ) -> str:
        """Return the template that `deploy` deploys, with other resources beside the stack set."""
        plain: dict[str, Any] = {
            "ServiceToken": {"Fn::ImportValue": "StackSetCustomResource"},
            "ServiceTimeout": 60,
            "StackSetName": self.name,
            "TemplateBody": self.template(),
            "AdministrationRoleARN": ADMINISTRATION_ROLE,
            "OperationPreferences": {"MaxConcurrentCount": 3},
            "StackInstances": [{"Regions": [REGION], "Accounts": accounts}],
        }
        wanted = {key: value for key, value in (plain | properties).items() if value is not None}
        resource = {"Type": "Custom::StackSet", "Properties": wanted}
        outputs: dict[str, Any] = {
            name: {"Value": {"Fn::GetAtt": ["Set", name]}} for name in ATTRIBUTES
        }
        outputs["Ref"] = {"Value": {"Ref": "Set"}}
        return json.dumps({"Resources": {"Set": resource, **(siblings or {})}, "Outputs": outputs})

    def delete(self) -> StackOutcome:
        """Delete the stack."""
        return self.aws.delete(self.name)

    def remove(self) -> None:
        """Delete the stack if the test has left it."""
        try:
            self.delete().require()
        except LookupError:
            return

    def stack_set(self, name: str | None = None) -> dict[str, Any] | None:
        """Return the stack set as the API describes it, or None when it is not there."""
        absent = self._cloudformation.exceptions.StackSetNotFoundException
        try:
            found = self._cloudformation.describe_stack_set(StackSetName=name or self.name)
        except absent:
            return None
        described: dict[str, Any] = found["StackSet"]
        return described

    def tags(self) -> dict[str, str]:
        """Return the stack set's tags."""
        found = self.stack_set() or {}
        return {tag["Key"]: tag["Value"] for tag in found["Tags"]}

    def operations(self) -> list[dict[str, Any]]:
        """Return the stack set's operations, newest first."""
        found = self._cloudformation.list_stack_set_operations(StackSetName=self.name)
        operations: list[dict[str, Any]] = found["Summaries"]
        return operations

    def settings(self) -> dict[str, str]:
        """Return what each member account has, by account."""
        settings = {}
        for account in MEMBERS:
            ssm = self.aws.client("ssm", account, REGION)
            try:
                found = ssm.get_parameter(Name=f"/e2e/{self.name}")
            except ssm.exceptions.ParameterNotFound:
                continue
            settings[account] = found["Parameter"]["Value"]
        return settings

    def member_stacks(self) -> list[str]:
        """Return the names of this stack set's stacks in all member accounts."""
        return [
            stack["StackName"]
            for account in MEMBERS
            for stack in self.aws.client("cloudformation", account, REGION).describe_stacks()[
                "Stacks"
            ]
            if stack["StackName"].startswith(f"StackSet-{self.name}-")
        ]


@contextlib.contextmanager
def configured(aws: LocalAWS, **configuration: object) -> Iterator[str]:
    """Change the function's configuration for a while; gives its name."""
    found = aws.client("cloudformation").describe_stack_resource(
        StackName=PROVIDER_STACK, LogicalResourceId="StackSetResourceFunction"
    )
    name: str = found["StackResourceDetail"]["PhysicalResourceId"]
    functions = aws.client("lambda")
    before = functions.get_function_configuration(FunctionName=name)
    functions.update_function_configuration(FunctionName=name, **configuration)
    try:
        yield name
    finally:
        functions.update_function_configuration(
            FunctionName=name, **{key: before[key] for key in configuration}
        )
