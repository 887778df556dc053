"""A small custom resource that logs what it is asked, sleeps, and looks at its own stack."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from emulator.local.aws import ADMINISTRATOR, LocalAWS
from emulator.local.waiting import pause

_ARN = f"arn:aws:lambda:eu-west-1:{ADMINISTRATOR}:function:{{}}"
_SECONDS = 60.0
SIBLING = "Sibling"
# Fails or succeeds when a test signals it.
SIGNALLED = {
    "Type": "AWS::CloudFormation::WaitCondition",
    "CreationPolicy": {"ResourceSignal": {"Timeout": "PT1M"}},
}

_TEMPLATE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}
      Policies:
        - PolicyName: Look
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: RIGHTS
                Resource: !Sub arn:aws:cloudformation:*:${AWS::AccountId}:stack/RESOURCE/*
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: NAME
      Runtime: python3.13
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 20
      Code:
        ZipFile: |
          import json, time, urllib.request, boto3

          def look(event, cloudformation):
              stack = cloudformation.describe_stacks(StackName=event["StackId"])["Stacks"][0]
              resource = cloudformation.describe_stack_resource(
                  StackName=event["StackId"], LogicalResourceId=event["LogicalResourceId"]
              )["StackResourceDetail"]
              return {
                  "StackStatus": stack["StackStatus"],
                  "LastOperations": stack["LastOperations"],
                  "ResourceStatus": resource["ResourceStatus"],
                  "PhysicalResourceId": resource.get("PhysicalResourceId", ""),
                  "LastUpdatedTimestamp": resource["LastUpdatedTimestamp"].timestamp(),
              }

          def handler(event, context):
              began = time.time()
              properties = event["ResourceProperties"]
              cloudformation = boto3.client("cloudformation")
              try:
                  seen = look(event, cloudformation)
              except Exception as error:
                  seen = {"error": str(error)}
              time.sleep(float(properties.get("Sleep" + event["RequestType"], 0)))
              answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
              answer["PhysicalResourceId"] = properties.get("Id", "plain")
              if event["RequestType"] == "Delete":
                  answer["PhysicalResourceId"] = event["PhysicalResourceId"]
              answer["Status"] = properties.get(event["RequestType"], "SUCCESS")
              answer["Reason"] = "as asked"
              body, headers = json.dumps(answer).encode(), {"content-type": ""}
              request = urllib.request.Request(event["ResponseURL"], body, headers, method="PUT")
              urllib.request.urlopen(request)
              told = {"event": event, "began": began, "ended": time.time(), "seen": seen}
              print("PROBE " + json.dumps(told))
"""


@dataclass(frozen=True)
class Asked:
    """One invocation of the probe.

    Attributes:
        event: The request.
        began: When it began, in seconds since 1970.
        ended: When it had answered.
        seen: What it saw of its stack and its resource when it began.
    """

    event: Mapping[str, Any]
    began: float
    ended: float
    seen: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The type of the request."""
        kind: str = self.event["RequestType"]
        return kind

    @property
    def signed(self) -> float:
        """When the response URL was signed, in whole seconds since 1970."""
        stamp = self.event["ResponseURL"].partition("X-Amz-Date=")[2].partition("&")[0]
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def deploy_probe(aws: LocalAWS, name: str = "probe", resource: str = "overlap-*") -> None:
    """Deploy the function with the rights to look at stacks of a name."""
    rights = "[cloudformation:DescribeStacks, cloudformation:DescribeStackResource]"
    text = _TEMPLATE.replace("NAME", name).replace("RIGHTS", rights)
    aws.deploy(name, text.replace("RESOURCE", resource)).require()


class ProbedStack:
    """A stack with one probed resource and, on demand, a sibling that fails when told.

    Args:
        aws: Where; the probe is there.
        name: Name of the stack.
        function: Name of the probe.
    """

    def __init__(self, aws: LocalAWS, name: str, function: str = "probe") -> None:
        self._aws, self.name, self._function = aws, name, function
        self.cloudformation = aws.client("cloudformation")
        self.id = ""

    def template(self, *, sibling: str = "", **properties: str) -> str:
        """The template; a sibling of that name waits for a signal."""
        token = _ARN.format(self._function)
        resources: dict[str, Any] = {
            "Probed": {
                "Type": "Custom::Probed",
                "Properties": {"ServiceToken": token, "ServiceTimeout": 15, **properties},
            }
        }
        if sibling:
            resources[sibling] = SIGNALLED
        return json.dumps({"Resources": resources})

    def create(self, *, sibling: str = "", **options: Any) -> None:
        """Start to create the stack; options named in capitals are the resource's properties."""
        properties = {key: options.pop(key) for key in list(options) if key[0].isupper()}
        template = self.template(sibling=sibling, **properties)
        self.id = self.cloudformation.create_stack(
            StackName=self.name, TemplateBody=template, **_request(options)
        )["StackId"]

    def update(self, *, sibling: str = "", **properties: str) -> None:
        """Start to update the stack."""
        template = self.template(sibling=sibling, **properties)
        self.cloudformation.update_stack(StackName=self.id, TemplateBody=template)

    def end_sibling(self, status: str = "FAILURE") -> float:
        """Let the sibling fail, or succeed, once it waits for that; return when."""
        signal_sibling(self.cloudformation, self.id, status)
        return time.time()

    def status(self) -> str:
        """The stack's status."""
        status: str = self.cloudformation.describe_stacks(StackName=self.id)["Stacks"][0][
            "StackStatus"
        ]
        return status

    def resource(self) -> Mapping[str, Any]:
        """The probed resource as CloudFormation describes it, {} when it is not there."""
        try:
            found = self.cloudformation.describe_stack_resource(
                StackName=self.id, LogicalResourceId="Probed"
            )
        except ClientError:
            return {}
        detail: Mapping[str, Any] = found["StackResourceDetail"]
        return detail

    def events(self, logical_id: str = "Probed") -> list[tuple[str, str]]:
        """Statuses and reasons of a resource's events, oldest first."""
        found = self.cloudformation.describe_stack_events(StackName=self.id)["StackEvents"]
        return [
            (event["ResourceStatus"], event.get("ResourceStatusReason", ""))
            for event in reversed(found)
            if event["LogicalResourceId"] == logical_id
        ]

    def settle(self) -> str:
        """Wait until the stack has settled; return its status."""
        until(lambda: not self.status().endswith("_IN_PROGRESS"))
        return self.status()

    def wait_for_work(self, status: str) -> None:
        """Wait until the provider works, as the resource's status says."""
        until(lambda: self.resource().get("ResourceStatus") == status)

    def asked(self, count: int) -> list[Asked]:
        """Return the probe's invocations, the earliest first, once there are enough."""
        until(lambda: len(self._asked()) >= count)
        return sorted(self._asked(), key=lambda asked: asked.began)

    def _asked(self) -> list[Asked]:
        lines = self._aws.function_logs(self._function)
        told = [json.loads(line.removeprefix("PROBE ")) for line in lines if "PROBE {" in line]
        return [Asked(**one) for one in told if one["event"]["StackId"] == self.id]


def until(condition: Callable[[], bool], seconds: float = _SECONDS) -> None:
    """Wait for a condition, for so many seconds at most.

    Raises:
        TimeoutError: It did not come true.
    """
    began = time.monotonic()
    while not condition():
        if time.monotonic() > began + seconds:
            message = "what the test waits for did not happen"
            raise TimeoutError(message)
        pause(began)


def signal_sibling(cloudformation: Any, stack: str, status: str) -> None:
    """Send the signal that a stack's sibling waits for, as soon as it waits."""

    def is_sent() -> bool:
        try:
            cloudformation.signal_resource(
                StackName=stack, LogicalResourceId=SIBLING, UniqueId="one", Status=status
            )
        except ClientError:
            return False
        return True

    until(is_sent)


def _request(options: Mapping[str, Any]) -> dict[str, Any]:
    return {"".join(part.title() for part in key.split("_")): options[key] for key in options}
