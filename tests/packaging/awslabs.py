"""What a user of the awslabs function has: its stack, and a stack in the property shape of 2018."""

import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from emulator.local.aws import ADMINISTRATOR, HOME_REGION, LocalAWS
from emulator.local.stacks import StackOutcome

MEMBERS = ("222222222222", "333333333333", "444444444444")
ROLE = "team/OwnAdministrator"
BUCKET = "old-templates"
STACK_SET = "guardrails"

_EXECUTION_ROLE = "OwnExecution"
_SETTING = "/guardrails/level"
_TEMPLATE = (Path(__file__).parent / "awslabs.yaml").read_text("utf-8")

# As far as the old function is needed: it waits for nothing but its turn, and answers.
_CODE = """
import json, time, urllib.request
import boto3

GIVEN = ("StackSetName", "TemplateURL", "Capabilities", "AdministrationRoleARN",
         "ExecutionRoleName")

def pairs(entries, key, value):
    return [{key: name, value: each} for entry in entries for name, each in entry.items()]

def create(client, given):
    client.create_stack_set(
        Description=given["StackSetDescription"],
        Parameters=pairs(given["Parameters"], "ParameterKey", "ParameterValue"),
        Tags=pairs(given["Tags"], "Key", "Value"),
        **{name: given[name] for name in GIVEN},
    )
    for entry in given["StackInstances"]:
        overrides = pairs(entry["ParameterOverrides"], "ParameterKey", "ParameterValue")
        places = {"Accounts": entry["Accounts"], "Regions": entry["Regions"]}
        asked = {"StackSetName": given["StackSetName"], **places, "ParameterOverrides": overrides}
        while True:
            try:
                client.create_stack_instances(**asked)
                break
            except client.exceptions.OperationInProgressException:
                time.sleep(0.2)
    found = client.describe_stack_set(StackSetName=given["StackSetName"])["StackSet"]
    return found["StackSetId"]

def handler(event, context):
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    try:
        made = create(boto3.client("cloudformation"), event["ResourceProperties"])
        answer.update(Status="SUCCESS", PhysicalResourceId=made)
    except Exception as error:
        answer.update(Status="FAILED", PhysicalResourceId="NONE", Reason=str(error)[:255])
    body = json.dumps(answer).encode()
    request = urllib.request.Request(event["ResponseURL"], body, {"Content-Type": ""}, method="PUT")
    urllib.request.urlopen(request)
"""

_MEMBER = {
    "Parameters": {"Level": {"Type": "String"}},
    "Resources": {
        "Setting": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": _SETTING, "Type": "String", "Value": {"Ref": "Level"}},
        }
    },
}


def deploy_function(aws: LocalAWS, stack: str) -> StackOutcome:
    """Deploy the old template as `aws cloudformation package` leaves it, with the old code."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("lambda_function.py", _CODE)
    aws.upload("old-code", "awslabs.zip", archive.getvalue())
    code = "Code: {S3Bucket: old-code, S3Key: awslabs.zip}"
    return aws.deploy(stack, _TEMPLATE.replace("Code: ../lambda", code)).require()


def make_roles(aws: LocalAWS) -> None:
    """Make roles as a team has them that does not use AWS's names."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole"}
    trusts = {**trust, "Principal": {"Service": "cloudformation.amazonaws.com"}}
    takes = {**trust, "Resource": f"arn:aws:iam::*:role/{_EXECUTION_ROLE}"}
    path, _, name = ROLE.rpartition("/")
    iam = aws.client("iam")
    iam.create_role(RoleName=name, Path=f"/{path}/", AssumeRolePolicyDocument=_policy(trusts))
    iam.put_role_policy(RoleName=name, PolicyName="Take", PolicyDocument=_policy(takes))
    for account in MEMBERS:
        trusts = {**trust, "Principal": {"AWS": f"arn:aws:iam::{ADMINISTRATOR}:role/{ROLE}"}}
        member = aws.client("iam", account)
        member.create_role(RoleName=_EXECUTION_ROLE, AssumeRolePolicyDocument=_policy(trusts))
        allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        member.put_role_policy(
            RoleName=_EXECUTION_ROLE, PolicyName="All", PolicyDocument=_policy(allowed)
        )


def deploy_consumer(
    aws: LocalAWS, level: str = "low", more: Sequence[str] = (), **properties: Any
) -> StackOutcome:
    """Create or update the stack that uses the function, in the shape of 2018.

    Args:
        aws: Where.
        level: What the accounts have that have no override.
        more: Accounts besides the two of the beginning.
        properties: Others.
    """
    aws.upload(BUCKET, f"{STACK_SET}.json", json.dumps(_MEMBER).encode())
    plain = {
        "ServiceToken": {"Fn::ImportValue": "StackSetCustomResource"},
        "StackSetName": STACK_SET,
        "StackSetDescription": "What every account has",
        "TemplateURL": {"Fn::Sub": f"https://${{Bucket}}.s3.amazonaws.com/{STACK_SET}.json"},
        "Parameters": [{"Level": level}],
        "Tags": [{"Team": "security"}],
        "Capabilities": ["CAPABILITY_IAM"],
        "AdministrationRoleARN": {"Fn::Sub": f"arn:aws:iam::${{AWS::AccountId}}:role/{ROLE}"},
        "ExecutionRoleName": _EXECUTION_ROLE,
        "OperationPreferences": {"FailureToleranceCount": 0, "MaxConcurrentCount": 1},
        "StackInstances": [
            {"Accounts": [account], "Regions": [HOME_REGION], "ParameterOverrides": overrides}
            for account, overrides in (
                (MEMBERS[0], []),
                (MEMBERS[1], [{"Level": "high"}]),
                *((account, []) for account in more),
            )
        ],
    }
    resource = {"Type": "Custom::StackSet", "Properties": {**plain, **properties}}
    template = {
        "Parameters": {"Bucket": {"Type": "String", "Default": BUCKET}},
        "Resources": {"Set": resource},
        "Outputs": {"Id": {"Value": {"Ref": "Set"}}},
    }
    return aws.deploy("consumer", json.dumps(template)).require()


def stacks(aws: LocalAWS) -> dict[str, tuple[str, str]]:
    """Returns the id of the stack in each account that has one, and the level there."""
    found = {}
    for account in MEMBERS:
        client = aws.client("cloudformation", account)
        ids = [each["StackId"] for each in client.describe_stacks()["Stacks"]]
        for stack_id in ids:
            setting = aws.client("ssm", account).get_parameter(Name=_SETTING)["Parameter"]
            found[account] = (stack_id, setting["Value"])
    return found


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement})
