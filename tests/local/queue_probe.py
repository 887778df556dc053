"""A small function behind a queue: it logs each message, and sleeps, dies or sends as told."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.local.aws import ADMINISTRATOR, LocalAWS
from emulator.local.stacks import StackOutcome

RIGHTS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
SENDING = ("SendMessage", "ChangeMessageVisibility")
_ARN = f"arn:aws:lambda:eu-west-1:{ADMINISTRATOR}:function:{{}}"
_SECONDS = 30.0

_TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  MaximumConcurrency: {Type: Number, Default: 5}
  Visibility: {Type: Number, Default: 6}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      SqsManagedSseEnabled: true
      VisibilityTimeout: !Ref Visibility
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt DeadLetters.Arn
        maxReceiveCount: 3
  DeadLetters:
    Type: AWS::SQS::Queue
    Properties: {VisibilityTimeout: 30}
  Guarded:
    Type: AWS::SQS::Queue
  OnlyTheFunctionSends:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Guarded]
      PolicyDocument:
        Statement:
          - Effect: Deny
            Principal: "*"
            Action: sqs:SendMessage
            Resource: !GetAtt Guarded.Arn
            Condition:
              ArnNotEquals: {"aws:PrincipalArn": !GetAtt Role.Arn}
          - Effect: Deny
            Principal: "*"
            Action: sqs:*
            Resource: !GetAtt Guarded.Arn
            Condition:
              Bool: {"aws:SecureTransport": "false"}
  Role:
    Type: AWS::IAM::Role
    Properties:
      Path: /team/
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}
      Policies:
        - PolicyName: Queue
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - Effect: Allow
                Action: [ACTIONS]
                Resource: [!GetAtt Queue.Arn, !GetAtt DeadLetters.Arn, !GetAtt Guarded.Arn]
  Function:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: NAME
      Runtime: python3.13
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 5
      RecursiveLoop: Allow
      RESERVED
      Environment:
        Variables: {QUEUE_URL: !Ref Queue, GUARDED_URL: !Ref Guarded}
      Events:
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            BatchSize: 1
            ScalingConfig: {MaximumConcurrency: !Ref MaximumConcurrency}
      InlineCode: |
        import json, os, time, boto3

        def handler(event, context):
            began = time.time()
            sqs, queue = boto3.client("sqs"), os.environ["QUEUE_URL"]
            record = event["Records"][0] if "Records" in event else {}
            told = json.loads(record["body"]) if record else event
            count = int(record["attributes"]["ApproximateReceiveCount"]) if record else 0
            if "visibility" in told:
                sqs.change_message_visibility(
                    QueueUrl=queue,
                    ReceiptHandle=record["receiptHandle"],
                    VisibilityTimeout=told["visibility"],
                )
            if count < told.get("dies_before", 0):
                os._exit(1)
            time.sleep(told.get("sleep", 0))
            if "again" in told:
                delay = told.pop("again")
                sqs.send_message(
                    QueueUrl=queue, MessageBody=json.dumps(told), DelaySeconds=delay
                )
            if "guarded" in told:
                sqs.send_message(QueueUrl=os.environ["GUARDED_URL"], MessageBody=told["id"])
            ended = time.time()
            taken = {"id": told["id"], "began": began, "ended": ended, "count": count}
            print("TAKEN " + json.dumps(taken))
  LastWord:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: NAME-last-word
      Runtime: python3.13
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Timeout: 5
      Events:
        DeadLetters:
          Type: SQS
          Properties: {Queue: !GetAtt DeadLetters.Arn, BatchSize: 1}
      InlineCode: |
        import json, time

        def handler(event, context):
            told, now = json.loads(event["Records"][0]["body"]), time.time()
            taken = {"id": told["id"], "began": now, "ended": now, "count": 1}
            print("TAKEN " + json.dumps(taken))
Outputs:
  QueueUrl: {Value: !Ref Queue}
  QueueArn: {Value: !GetAtt Queue.Arn}
  GuardedUrl: {Value: !Ref Guarded}
"""


@dataclass(frozen=True)
class Taken:
    """A message that the function has seen through.

    Attributes:
        id: The message's own name.
        began: When the function began on it, in seconds since 1970.
        ended: When it was done.
        count: How often the message has been received, 0 if it came by an invocation.
    """

    id: str
    began: float
    ended: float
    count: int


def template(
    name: str, actions: tuple[str, ...] = (*RIGHTS, *SENDING), reserved: int | None = None
) -> str:
    """The template of a probe of that name, with these rights on its queues."""
    listed = ", ".join(f"sqs:{action}" for action in actions)
    reservation = "" if reserved is None else f"ReservedConcurrentExecutions: {reserved}"
    text = _TEMPLATE.replace("NAME", name).replace("ACTIONS", listed)
    return text.replace("RESERVED", reservation)


class QueueProbe:
    """A deployed probe.

    Args:
        aws: Where.
        name: Name of its stack and its function.
        parameters: Of its template.
    """

    def __init__(
        self, aws: LocalAWS, name: str, parameters: Mapping[str, str] | None = None
    ) -> None:
        self.aws, self.name = aws, name
        self.deployed: StackOutcome = aws.deploy(name, template(name), parameters).require()
        self.sqs = aws.client("sqs")
        self.queue_url = self.deployed.outputs["QueueUrl"]

    def send(self, identity: str, **told: Any) -> None:
        """Send a message; what the function shall do with it by keyword."""
        body = json.dumps({"id": identity, **told})
        self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)

    def invoke(self, identity: str, **told: Any) -> None:
        """Invoke the function asynchronously, past the queue."""
        self.aws.client("lambda").invoke(
            FunctionName=_ARN.format(self.name),
            InvocationType="Event",
            Payload=json.dumps({"id": identity, **told}),
        )

    def taken(self, prefix: str, count: int, function: str = "") -> list[Taken]:
        """Return what has been seen through, the earliest first, once there is enough of it.

        Args:
            prefix: With what the messages' names begin.
            count: How many are waited for.
            function: Suffix of the function's name.

        Raises:
            TimeoutError: There were not as many.
        """
        deadline = time.monotonic() + _SECONDS
        while len(found := self._taken(prefix, function)) < count:
            if time.monotonic() > deadline:
                message = f"{len(found)} messages instead of {count}"
                raise TimeoutError(message)
            time.sleep(0.1)
        return sorted(found, key=lambda each: each.began)

    def _taken(self, prefix: str, function: str) -> list[Taken]:
        lines = self.aws.function_logs(self.name + function)
        told = [json.loads(line.removeprefix("TAKEN ")) for line in lines if "TAKEN {" in line]
        return [Taken(**one) for one in told if one["id"].startswith(prefix)]


def most_at_once(taken: list[Taken]) -> int:
    """The largest number of messages that were being worked on at one moment."""
    return max(sum(other.began <= each.began < other.ended for other in taken) for each in taken)
