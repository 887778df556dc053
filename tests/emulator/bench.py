"""An engine on a clock that a test moves by hand."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from emulator.stacksets.deployment import DeploymentOrder
from emulator.stacksets.engine import Engine
from emulator.stacksets.errors import ApiError
from emulator.stacksets.faults import DeploymentFault, Faults
from emulator.stacksets.organization import Organization
from emulator.stacksets.readings import Readings
from emulator.stacksets.state import Operation, StackSet
from emulator.virtual.deployer import ScriptedDeployer
from emulator.virtual.s3 import Objects

NAME = "Network"
A, B, C, D = "111111111111", "222222222222", "333333333333", "444444444444"
EAST, WEST, TOKYO = "us-east-1", "us-west-2", "ap-northeast-1"
TOPIC = """
Parameters:
  Stage: {Type: String}
  Size: {Type: Number, Default: 3}
  Secret: {Type: String, NoEcho: true, Default: hush}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Sub "${Stage}-${Size}"}
"""
OTHER = TOPIC.replace("AWS::SNS::Topic", "AWS::SQS::Queue")
STAGE = {"ParameterKey": "Stage", "ParameterValue": "test"}


def parameter(name: str, value: str | None) -> dict[str, Any]:
    """Return a parameter; None means its previous value."""
    if value is None:
        return {"ParameterKey": name, "UsePreviousValue": True}
    return {"ParameterKey": name, "ParameterValue": value}


class Bench:
    """An engine, its deployer and its clock."""

    def __init__(
        self,
        *,
        seconds: float | Callable[[DeploymentOrder], float] = 10.0,
        faults: Faults | None = None,
        region: str = EAST,
        account: str = A,
        organization: Organization | None = None,
        **readings: bool,
    ) -> None:
        self.now = 0.0
        self.objects = Objects()
        self.deployer = ScriptedDeployer(seconds)
        self.faults = faults or Faults()
        self.engine = Engine(
            now=lambda: self.now,
            deployer=self.deployer,
            account=account,
            region=region,
            organization=organization,
            fetch_template=self.objects.fetch,
            faults=self.faults,
            # Most tests tell accounts apart by their turn.
            readings=Readings(**{"shuffles_accounts": False} | readings),
        )

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Call an action on the one stack set of the test."""
        return self.engine.call(action, {"StackSetName": NAME, **parameters})

    def refuse(self, action: str, **parameters: Any) -> ApiError:
        """Call an action that must be refused; return the error."""
        with pytest.raises(ApiError) as caught:
            self.call(action, **parameters)
        return caught.value

    def create(self, **parameters: Any) -> str:
        """Make the stack set; return its id."""
        asked = {"TemplateBody": TOPIC, "Parameters": [STAGE], **parameters}
        return str(self.call("CreateStackSet", **asked)["StackSetId"])

    def deploy(
        self, accounts: Sequence[str], regions: Sequence[str] = (EAST,), **parameters: Any
    ) -> str:
        """Call CreateStackInstances; return the operation id."""
        asked = {"Accounts": list(accounts), "Regions": list(regions), **parameters}
        return str(self.call("CreateStackInstances", **asked)["OperationId"])

    def update(self, **parameters: Any) -> str:
        """Call UpdateStackSet; return the operation id."""
        asked = {"Parameters": [parameter("Stage", None)], **parameters}
        if not {"TemplateBody", "TemplateURL"} & set(asked):
            asked["UsePreviousTemplate"] = True
        return str(self.call("UpdateStackSet", **asked)["OperationId"])

    def wait(self) -> float:
        """Let everything under way end; return the time."""
        while (instant := self.engine.next_event_at()) is not None:
            self.now = instant
            self.engine.run_until(instant)
        return self.now

    def at(self, now: float) -> None:
        """Move the clock."""
        self.now = now
        self.engine.run_until(now)

    def fail(self, account: str = "*", region: str = "*", **rule: Any) -> None:
        """Let deployments fail from now on, after five seconds each."""
        self.faults.deployments.append(DeploymentFault("broken", account, region, **rule))

    @property
    def stack_set(self) -> StackSet:
        """The ACTIVE stack set of the test."""
        return self.engine.stack_sets.find(NAME)

    def operation(self, operation_id: str) -> Operation:
        """Return an operation as the engine holds it."""
        return self.stack_set.operations[operation_id]

    def status(self, operation_id: str) -> str:
        """Return the status of an operation as the API tells it."""
        answer = self.call("DescribeStackSetOperation", OperationId=operation_id)
        return str(answer["StackSetOperation"]["Status"])

    def instances(self) -> dict[tuple[str, str], str]:
        """Return `STATUS/DETAILED_STATUS` by (account, region)."""
        return {
            (instance["Account"], instance["Region"]): instance["Status"]
            + "/"
            + instance["StackInstanceStatus"]["DetailedStatus"]
            for instance in self.call("ListStackInstances")["Summaries"]
        }

    def results(self, operation_id: str) -> dict[tuple[str, str], str]:
        """Return the result statuses of an operation by (account, region)."""
        answer = self.call("ListStackSetOperationResults", OperationId=operation_id)
        return {
            (result["Account"], result["Region"]): result["Status"]
            for result in answer["Summaries"]
        }

    def started(self) -> list[tuple[float, str, str, str]]:
        """Return (time, action, account, region) of every deployment."""
        return [
            (start, order.action, order.account, order.region)
            for start, order, _ in self.engine.deployments
        ]

    def deployed(self, account: str, region: str = EAST) -> dict[str, str]:
        """Return the parameters of the stack that stands there."""
        stack = self.deployer.stacks[account, region, self.stack_set.stack_set_id]
        return dict(stack.parameters)
