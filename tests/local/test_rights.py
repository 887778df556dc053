"""Least privilege: the function's role grants what the function does, and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from emulator.local.aws import PROVIDER_STACK, LocalAWS
from tests.local.consumer import MEMBERS, REGION, Consumer

_BUCKET = "stackset-resource-rights"
# ministack writes the functions' logs and polls the queue by itself; test_queue shows that the
# mapping is refused without any of the three.
_NEVER_EVALUATED = {
    *("logs:CreateLogStream", "logs:PutLogEvents"),
    *("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"),
    # Lambda's own, for the network of a function.
    *("ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"),
    *("ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"),
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"),
}


def _role(aws: LocalAWS, logical_id: str = "StackSetResourceRole") -> str:
    found = aws.client("cloudformation").describe_stack_resource(
        StackName=PROVIDER_STACK, LogicalResourceId=logical_id
    )
    name: str = found["StackResourceDetail"]["PhysicalResourceId"]
    return name


def _granted(aws: LocalAWS, role: str) -> set[str]:
    iam = aws.client("iam")
    granted: set[str] = set()
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        found = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
        document = json.loads(unquote(found)) if isinstance(found, str) else found
        for statement in document["Statement"]:
            actions = statement["Action"]
            granted |= {actions} if isinstance(actions, str) else set(actions)
    return granted


def _used(aws: LocalAWS, role: str) -> set[str]:
    return {each["action"] for each in aws.iam_actions() if f"/{role}/" in each["principal"]}


def _do_everything(consumer: Consumer) -> None:
    """Go every way that needs a right of its own; whatever fails fails an assertion later."""
    aws = consumer.aws
    s3 = aws.client("s3")
    url = aws.upload(_BUCKET, "one.json", consumer.template().encode())
    s3.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    body = consumer.template("red").encode()
    version = s3.put_object(Bucket=_BUCKET, Key="two.json", Body=body)["VersionId"]
    versioned = url.replace("one.json", f"two.json?versionId={version}")
    group = {"Regions": [REGION], "Accounts": MEMBERS[:1]}
    dark: dict[str, Any] = {**group, "ParameterOverrides": [{"Shade": "dark"}]}
    plain: dict[str, Any] = {"TemplateBody": None, "TemplateURL": url}

    consumer.deploy(**plain, Tags=[{"Team": "blue"}]).require()
    consumer.deploy(**plain, StackInstances=[group], Tags=[{"Stage": "test"}]).require()
    consumer.deploy(**plain, StackInstances=[dark], DetectDrift=True).require()
    _add_by_hand(consumer, MEMBERS[1])
    dark["Accounts"] = MEMBERS[:2]
    consumer.deploy(**plain, StackInstances=[dark]).require()
    fault = {"reason": "guardrail", "marker": "red", "seconds": 0.1}
    aws.set_faults({"deployments": [fault]})
    consumer.deploy(**plain | {"TemplateURL": versioned, "StackInstances": [dark]})
    aws.set_faults({})
    meant = consumer.template("green").encode()
    for content in (meant, consumer.template("pale").encode()):
        s3.put_object(Bucket=_BUCKET, Key="one.json", Body=content)
    digest = hashlib.sha256(meant).hexdigest()
    consumer.deploy(**plain, StackInstances=[dark], TemplateDigest=digest).require()
    consumer.delete().require()


def _add_by_hand(consumer: Consumer, account: str) -> None:
    """Create an instance that no template has named so far: only the API knows its overrides."""
    consumer.aws.client("cloudformation").create_stack_instances(
        StackSetName=consumer.name, Accounts=[account], Regions=[REGION]
    )
    while consumer.operations()[0]["Status"] == "RUNNING":
        time.sleep(0.1)


def test_role_grants_exactly_what_is_used(consumer: Consumer) -> None:
    """Every action granted is used by some path, and every action used is granted."""
    role = _role(consumer.aws)
    _do_everything(consumer)
    # Only requests that outlast a time relay or stop, and only units are asked for:
    # test_lambda and test_organization show that they may.
    used = _used(consumer.aws, role) | {
        "lambda:InvokeFunction",
        "cloudformation:StopStackSetOperation",
        "organizations:ListParents",
        "sqs:ChangeMessageVisibility",
        "sqs:SendMessage",
    }

    assert used == _granted(consumer.aws, role) - _NEVER_EVALUATED


def test_macros_role_grants_exactly_what_is_used(provider: LocalAWS) -> None:
    """The macro may read templates and their versions, and needs both."""
    role = _role(provider, "StackSetMacroRole")
    template = Consumer(provider, "macro-rights").template().encode()
    s3, cloudformation = provider.client("s3"), provider.client("cloudformation")
    url = provider.upload(_BUCKET, "three.json", template)
    s3.put_bucket_versioning(Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=_BUCKET, Key="three.json", Body=template)["VersionId"]
    for number, address in enumerate((url, f"{url}?versionId={version}")):
        properties = {"ServiceToken": "unused", "TemplateURL": address}
        resource = {"Type": "Custom::StackSet", "Properties": properties}
        cloudformation.create_change_set(
            StackName=f"macro-rights-{number}",
            ChangeSetName="change",
            ChangeSetType="CREATE",
            TemplateBody=json.dumps(
                {"Transform": "StackSetTemplate", "Resources": {"Set": resource}}
            ),
        )

    assert _used(provider, role) == _granted(provider, role) - _NEVER_EVALUATED


@contextlib.contextmanager
def _denied(aws: LocalAWS, role: str, action: str) -> Iterator[None]:
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam").put_role_policy(RoleName=role, PolicyName="Denied", PolicyDocument=document)
    try:
        yield
    finally:
        aws.client("iam").delete_role_policy(RoleName=role, PolicyName="Denied")


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("cloudformation:CreateStackSet", "cloudformation:CreateStackSet"),
        ("cloudformation:TagResource", "cloudformation:TagResource"),
        ("iam:PassRole", "iam:PassRole"),
        ("s3:GetObject", "S3 error: Access Denied"),
        ("cloudformation:CreateStackInstances", "cloudformation:CreateStackInstances"),
    ],
)
def test_missing_right_is_named(consumer: Consumer, action: str, told: str) -> None:
    """Without a right the create fails at once, says which, and leaves nothing."""
    url = consumer.aws.upload(_BUCKET, "one.json", consumer.template().encode())
    with _denied(consumer.aws, _role(consumer.aws), action):
        outcome = consumer.deploy(
            MEMBERS[:1], TemplateBody=None, TemplateURL=url, Tags=[{"Team": "blue"}]
        )

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert told in outcome.reasons[0]
    assert consumer.stack_set() is None
