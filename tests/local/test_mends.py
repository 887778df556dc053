"""What the emulator adds to ministack, one test for each mend."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from emulator.local.aws import ADMINISTRATOR, LocalAWS
from emulator.local.stacks import StackOutcome
from tests.local.consumer import MEMBERS

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

_PROVIDER = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: "sts:AssumeRole"}
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: actor
      Runtime: python3.13
      Handler: index.handler
      Role: !GetAtt Role.Arn
      RecursiveLoop: Allow
      Timeout: 10
      Code:
        ZipFile: |
          import json, pathlib, tempfile, urllib.request

          def handler(event, context):
              if "requestPayload" in event:
                  print("LOST " + event["requestPayload"]["LogicalResourceId"])
                  return
              print("EVENT " + json.dumps(event))
              act = event["ResourceProperties"].get(event["RequestType"], "SUCCESS")
              calls = pathlib.Path(tempfile.gettempdir(), event["RequestId"])
              with calls.open("a") as log:
                  log.write("x")
              if act == "CRASH" or (act == "CRASH TWICE" and calls.stat().st_size < 3):
                  raise RuntimeError("crashed")
              if act == "SILENCE":
                  return
              answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
              old_id = event.get("PhysicalResourceId")
              answer["PhysicalResourceId"] = event["ResourceProperties"].get("Id", old_id)
              answer["Status"] = "FAILED" if act == "FAILED" else "SUCCESS"
              answer["Reason"] = "as asked"
              if act == "LONG":
                  answer["Data"] = {"x": "x" * 4096}
              if act.startswith("WRONG "):
                  answer[act.removeprefix("WRONG ")] = "another"
              if act.startswith("WITHOUT "):
                  del answer[act.removeprefix("WITHOUT ")]
              body = b"nonsense" if act == "NONSENSE" else json.dumps(answer).encode()
              headers = {"content-type": "text/plain"} if act == "TYPED" else {"content-type": ""}
              url = event["ResponseURL"]
              request = urllib.request.Request(url, body, headers, method="PUT")
              urllib.request.urlopen(request)
  OnFailure:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Function
      Qualifier: $LATEST
      DestinationConfig:
        OnFailure:
          Destination: !GetAtt Function.Arn
"""
_FUNCTION_ARN = f"arn:aws:lambda:eu-west-1:{ADMINISTRATOR}:function:actor"


@pytest.fixture(scope="module")
def actor(aws: LocalAWS) -> LocalAWS:
    """A custom resource that does what its properties say."""
    aws.deploy("actor", _PROVIDER).require()
    return aws


def _deploy(aws: LocalAWS, name: str, **properties: str) -> StackOutcome:
    template = {
        "Resources": {
            "Acted": {
                "Type": "Custom::Acted",
                "Properties": {
                    "ServiceToken": _FUNCTION_ARN,
                    "ServiceTimeout": 20,
                    "Id": f"id-{name}",
                    **properties,
                },
            },
            "Topic": {"Type": "AWS::SNS::Topic"},
        }
    }
    return aws.deploy(name, json.dumps(template))


def _events(aws: LocalAWS, stack_id: str) -> list[dict[str, Any]]:
    logged = [line.removeprefix("EVENT ") for line in aws.function_logs("actor")]
    events = [json.loads(line) for line in logged if line.startswith("{")]
    return [event for event in events if event["StackId"] == stack_id]


def test_failed_create_is_deleted_on_rollback(actor: LocalAWS) -> None:
    """A Delete with the physical id of the FAILED answer follows a failed Create."""
    outcome = _deploy(actor, "failed-create", Create="FAILED")

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert "Received response status [FAILED] from custom resource." in outcome.reasons[0]
    assert "Message returned: as asked (RequestId: " in outcome.reasons[0]
    create, delete = _events(actor, outcome.stack_id)
    assert create["RequestType"] == "Create"
    assert (delete["RequestType"], delete["PhysicalResourceId"]) == ("Delete", "id-failed-create")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("LONG", "Response object is too long."),
        ("WRONG RequestId", "Invalid RequestId"),
        ("WRONG StackId", "Invalid StackId"),
        ("WRONG LogicalResourceId", "Invalid LogicalResourceId"),
        ("WITHOUT PhysicalResourceId", "Invalid PhysicalResourceId"),
        ("NONSENSE", "Response is not valid JSON"),
    ],
)
def test_unusable_answer_fails_the_resource(actor: LocalAWS, act: str, reason: str) -> None:
    """An answer that breaks the protocol is a failure, and is deleted under a made-up id."""
    name = act.lower().replace(" ", "-")
    outcome = _deploy(actor, name, Create=act)

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert outcome.reasons[0] == reason
    assert _events(actor, outcome.stack_id)[-1]["PhysicalResourceId"].startswith(f"{name}-Acted-")


def test_silence_ends_with_the_service_timeout(actor: LocalAWS) -> None:
    """A provider that never answers fails after ServiceTimeout, with CloudFormation's text."""
    outcome = _deploy(actor, "silent", Create="SILENCE", ServiceTimeout="1")

    assert outcome.reasons[0].startswith("CloudFormation did not receive a response from your")


def test_typed_answer_is_refused_by_the_url(actor: LocalAWS) -> None:
    """An answer with a Content-Type is turned away, as by URLs that are signed without one."""
    outcome = _deploy(actor, "typed", Create="TYPED", ServiceTimeout="2")

    assert not outcome.succeeded


def test_crash_is_retried_twice(actor: LocalAWS) -> None:
    """Lambda invokes a crashing function three times with the same request."""
    outcome = _deploy(actor, "crash-twice", Create="CRASH TWICE")

    assert outcome.succeeded
    assert len({event["RequestId"] for event in _events(actor, outcome.stack_id)}) == 1
    assert len(_events(actor, outcome.stack_id)) == 3


def test_third_crash_goes_to_the_destination(actor: LocalAWS) -> None:
    """After the last retry the event reaches the on-failure destination."""
    _deploy(actor, "crash", Create="CRASH", ServiceTimeout="3")

    assert any("LOST Acted" in line for line in actor.function_logs("actor"))


def test_response_url_tells_when_it_was_signed(actor: LocalAWS) -> None:
    """The request's URL has X-Amz-Date, by which a late invocation knows when it began."""
    outcome = _deploy(actor, "dated").require()

    assert "?X-Amz-Date=20" in _events(actor, outcome.stack_id)[0]["ResponseURL"]


def test_recursive_loop_is_set(actor: LocalAWS) -> None:
    """CloudFormation sets a function's RecursiveLoop."""
    found = actor.client("lambda").get_function_recursion_config(FunctionName="actor")

    assert found["RecursiveLoop"] == "Allow"


def test_failed_update_is_rolled_back_with_the_old_properties(actor: LocalAWS) -> None:
    """An Update with old and new exchanged follows a failed Update."""
    _deploy(actor, "failed-update", Size="1").require()
    outcome = _deploy(actor, "failed-update", Size="2", Update="FAILED")

    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    update, back = _events(actor, outcome.stack_id)[1:]
    assert [update["RequestType"], back["RequestType"]] == ["Update", "Update"]
    assert back["ResourceProperties"] == update["OldResourceProperties"]
    assert back["OldResourceProperties"] == update["ResourceProperties"]


def test_replaced_resource_is_deleted(actor: LocalAWS) -> None:
    """After an Update that answers a new physical id, the old one is deleted."""
    _deploy(actor, "replaced", Id="one").require()
    outcome = _deploy(actor, "replaced", Id="two").require()

    delete = _events(actor, outcome.stack_id)[-1]
    assert (delete["RequestType"], delete["PhysicalResourceId"]) == ("Delete", "one")


@pytest.mark.parametrize(
    ("reader", "status"), [(MEMBERS[0], "CREATE_COMPLETE"), (MEMBERS[1], "ROLLBACK_COMPLETE")]
)
def test_code_in_a_bucket_of_another_account(aws: LocalAWS, reader: str, status: str) -> None:
    """Lambda fetches code from another account's bucket if the bucket's policy lets it."""
    bucket = f"code-for-{reader}"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as pack:
        pack.writestr("index.py", "def handler(event, context):\n    return 'found'\n")
    aws.upload(bucket, "code.zip", archive.getvalue())
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": MEMBERS[0]},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    code = f"Code: {{S3Bucket: {bucket}, S3Key: code.zip}}"
    template = _PROVIDER[: _PROVIDER.index("Code:")] + code
    outcome = aws.deploy("code-reader", template, account=reader)
    aws.delete("code-reader", account=reader)

    assert outcome.status == status


def test_regions_are_told_to_whoever_may_ask(aws: LocalAWS) -> None:
    """The account API wants `account:ListRegions` on the caller's account."""
    iam = aws.client("iam")
    iam.create_user(UserName="asker")
    key = iam.create_access_key(UserName="asker")["AccessKey"]
    credentials = {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }
    asker = aws.client("account", credentials=credentials)
    with pytest.raises(asker.exceptions.AccessDeniedException, match="account:ListRegions"):
        asker.list_regions()
    statement = {
        "Effect": "Allow",
        "Action": "account:ListRegions",
        "Resource": f"arn:aws:account::{ADMINISTRATOR}:account",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="asker", PolicyName="ask", PolicyDocument=policy)

    assert asker.list_regions()["Regions"]
