"""OutputKeys on the local AWS: real roles, real stacks, and what their administrators allow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.local.aws import PROVIDER_STACK, LocalAWS
from tests.local.consumer import MEMBERS, REGION, Consumer

_ROOT = Path(__file__).resolve().parent.parent.parent
_READER = "StackSetOutputReader"


@pytest.fixture(scope="module")
def aws(emulator_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAWS]:
    """A local AWS of its own, whose function is deployed with a parameter more."""
    with LocalAWS(emulator_python, tmp_path_factory.mktemp("outputs-aws")) as running:
        yield running


@pytest.fixture(scope="module")
def provider(aws: LocalAWS, bundle: Path) -> LocalAWS:
    """The function, and in two accounts the role that lets it read."""
    aws.make_roles(MEMBERS[:3])
    made = aws.deploy_provider(bundle, _ROOT / "template.yaml", {"OutputReaderRoleName": _READER})
    role = {"FunctionRoleArn": made.outputs["StackSetResourceRoleArn"]}
    template = _ROOT / "examples" / "roles" / "output-reader.yaml"
    for member in MEMBERS[:2]:
        aws.deploy("output-reader", template, role, account=member).require()
    return aws


def _template(consumer: Consumer) -> str:
    template = json.loads(consumer.template())
    template["Outputs"] = {"Colour": {"Value": {"Fn::GetAtt": ["Setting", "Value"]}}}
    return json.dumps(template)


def _outputs(*accounts: str) -> dict[str, Any]:
    """Outputs of the consumer's stack that give the attributes."""
    names = {each: f"Outputs.{each}.{REGION}.Colour" for each in accounts}
    wanted = {f"Of{each}": {"Value": {"Fn::GetAtt": ["Set", n]}} for each, n in names.items()}
    return {**wanted, "Warnings": {"Value": {"Fn::GetAtt": ["Set", "Warnings"]}}}


def _deploy(consumer: Consumer, accounts: list[str], told: list[str]) -> Any:
    stack = json.loads(
        consumer.stack_template(
            accounts,
            TemplateBody=_template(consumer),
            OperationPreferences="FAST",
            OutputKeys=["Colour"],
        )
    )
    stack["Outputs"] = _outputs(*told)
    return consumer.aws.deploy(consumer.name, json.dumps(stack)).require()


def test_outputs_of_other_accounts(consumer: Consumer) -> None:
    """The owning stack has the members' outputs; an account without the role is a warning."""
    made = _deploy(consumer, MEMBERS[:2], MEMBERS[:2])
    assert made.outputs == {f"Of{each}": "blue light" for each in MEMBERS[:2]} | {"Warnings": ""}

    made = _deploy(consumer, MEMBERS[:3], MEMBERS[:2])
    assert made.outputs[f"Of{MEMBERS[0]}"] == "blue light"
    assert f"{MEMBERS[2]}/{REGION}" in made.outputs["Warnings"]
    assert f"the role {_READER} cannot be assumed there" in made.outputs["Warnings"]
    consumer.delete().require()


def test_only_the_function_reads(provider: LocalAWS) -> None:
    """The role lets nobody else in, not even others of the function's account."""
    iam = provider.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    other = iam.create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName="other", PolicyName="all", PolicyDocument=document)
    taken = provider.client("sts").assume_role(RoleArn=other["Arn"], RoleSessionName="other")
    credentials = {
        "aws_access_key_id": taken["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": taken["Credentials"]["SecretAccessKey"],
        "aws_session_token": taken["Credentials"]["SessionToken"],
    }
    sts = provider.client("sts", credentials=credentials)
    with pytest.raises(sts.exceptions.ClientError, match="AccessDenied"):
        sts.assume_role(
            RoleArn=f"arn:aws:iam::{MEMBERS[0]}:role/{_READER}", RoleSessionName="other"
        )


def test_the_log_shows_no_value(provider: LocalAWS, consumer: Consumer) -> None:
    """Neither outputs nor credentials are in the function's log."""
    _deploy(consumer, MEMBERS[:3], MEMBERS[:2])
    consumer.delete().require()
    found = provider.client("cloudformation").describe_stack_resource(
        StackName=PROVIDER_STACK, LogicalResourceId="StackSetResourceFunction"
    )
    lines = provider.function_logs(found["StackResourceDetail"]["PhysicalResourceId"])

    assert any("outputs not read" in each for each in lines)
    assert not [each for each in lines if "blue light" in each or "SessionToken" in each]
