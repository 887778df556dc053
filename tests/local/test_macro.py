"""A template that changes under the same URL deploys itself, and a rollback brings it back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.local.aws import ADMINISTRATOR, PROVIDER_STACK, LocalAWS
from tests.local.consumer import ADMINISTRATION_ROLE, MEMBERS, REGION, Consumer

BUCKET = "stackset-resource-macro"


class Author:
    """Somebody who never touches the stacksets template again once it is written.

    Args:
        aws: Where.
        name: Name of the stack and of its stack set.
    """

    def __init__(self, aws: LocalAWS, name: str) -> None:
        self.consumer = Consumer(aws, name)
        self.aws, self.name = aws, name
        self.cloudformation = aws.client("cloudformation")
        self.made = 0

    def push(self, colour: str) -> None:
        """Put another content under the same address."""
        key = f"{self.name}.json"
        self.aws.upload(BUCKET, key, self.consumer.template(colour).encode())

    def template(self, **properties: Any) -> str:
        """The stacksets template."""
        url = f"https://${{Bucket}}.s3.${{AWS::Region}}.amazonaws.com/{self.name}.json"
        plain = {
            "ServiceToken": {"Fn::ImportValue": "StackSetCustomResource"},
            "ServiceTimeout": 60,
            "StackSetName": self.name,
            "TemplateURL": {"Fn::Sub": url},
            "AdministrationRoleARN": ADMINISTRATION_ROLE,
            "StackInstances": [{"Regions": [REGION], "Accounts": {"Ref": "Accounts"}}],
        }
        return json.dumps(
            {
                "Transform": "StackSetTemplate",
                "Parameters": {
                    "Bucket": {"Type": "String", "Default": BUCKET},
                    "Accounts": {"Type": "CommaDelimitedList", "Default": ",".join(MEMBERS[:2])},
                },
                "Resources": {
                    "Set": {"Type": "Custom::StackSet", "Properties": {**plain, **properties}}
                },
            }
        )

    def change_set(self, **properties: Any) -> dict[str, Any]:
        """Create a change set of the same template and return its description."""
        self.made += 1
        names = {"StackName": self.name, "ChangeSetName": f"change-{self.made}"}
        self.cloudformation.create_change_set(
            **names,
            TemplateBody=self.template(**properties),
            ChangeSetType="CREATE" if self.made == 1 else "UPDATE",
        )
        described: dict[str, Any] = self.cloudformation.describe_change_set(**names)
        return described

    def execute(self, change_set: dict[str, Any]) -> str:
        """Execute a change set; returns the stack's status."""
        self.cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        while True:
            [stack] = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
            if not stack["StackStatus"].endswith("_IN_PROGRESS"):
                return str(stack["StackStatus"])
            time.sleep(0.1)

    def deploy(self) -> str:
        """Create and execute a change set; returns the stack's status."""
        return self.execute(self.change_set())


@pytest.fixture
def author(provider: LocalAWS, request: pytest.FixtureRequest) -> Iterator[Author]:
    """An author with a versioned bucket; gone afterwards."""
    name = request.node.name.removeprefix("test_").partition("[")[0]
    made = Author(provider, name.replace("_", "-"))
    made.push("blue")
    provider.client("s3").put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    yield made
    provider.set_faults({})
    made.consumer.remove()


def test_changed_content_deploys_itself(author: Author, provider: LocalAWS) -> None:
    """Another content under the same URL is one operation, on this stack set only; then none."""
    other = Consumer(provider, "bystander")
    other.deploy(MEMBERS[:1]).require()
    untouched = other.operations()
    assert author.deploy() == "CREATE_COMPLETE"
    before = len(author.consumer.operations())

    author.push("green")
    change_set = author.change_set()
    [change] = change_set["Changes"]
    assert change["ResourceChange"]["LogicalResourceId"] == "Set"
    assert author.execute(change_set) == "UPDATE_COMPLETE"
    assert author.consumer.settings() == dict.fromkeys(MEMBERS[:2], "green light")
    assert len(author.consumer.operations()) == before + 1
    assert other.operations() == untouched

    again = author.change_set()
    assert again["Status"] == "FAILED"
    assert "didn't contain changes" in again["StatusReason"]
    assert len(author.consumer.operations()) == before + 1
    other.remove()


def test_broken_content_is_rolled_back(author: Author, fail_in: Callable[..., None]) -> None:
    """A content that cannot be deployed leaves every account on the previous one."""
    author.deploy()
    fail_in(MEMBERS[1], marker="red")
    author.push("red")

    assert author.deploy() == "UPDATE_ROLLBACK_COMPLETE"
    assert author.consumer.settings() == dict.fromkeys(MEMBERS[:2], "blue light")

    author.push("green")
    assert author.deploy() == "UPDATE_COMPLETE"
    assert author.consumer.settings() == dict.fromkeys(MEMBERS[:2], "green light")


def test_typing_error_fails_at_once(author: Author) -> None:
    """What is wrong in the template fails the change set, and no stack comes of it."""
    with pytest.raises(ClientError, match="StackSetTemplate failed with: Set: ") as caught:
        author.change_set(StackInstancez=[])

    assert "did you mean `StackInstances`" in str(caught.value)
    assert author.consumer.stack_set() is None
    author.made = 0
    assert author.deploy() == "CREATE_COMPLETE"


def test_missing_template_fails_at_once(author: Author) -> None:
    """A template that is not there, or may not be read, fails the change set with the mend."""
    there = author.template().replace(f"{author.name}.json", "elsewhere.json")
    for text, told in (
        (there, "Upload|upload"),
        (author.template().replace(BUCKET, "unknown-bucket"), "TemplateBuckets|Upload"),
    ):
        with pytest.raises(ClientError, match=told):
            author.cloudformation.create_stack(
                StackName=author.name, TemplateBody=text, Capabilities=["CAPABILITY_AUTO_EXPAND"]
            )
    author.deploy()


def test_update_without_a_change_set(author: Author) -> None:
    """CreateStack and UpdateStack call the macro, too."""
    author.aws.deploy(author.name, author.template()).require()
    author.push("green")
    author.aws.deploy(author.name, author.template()).require()

    assert author.consumer.settings() == dict.fromkeys(MEMBERS[:2], "green light")
    before = author.consumer.operations()
    author.aws.deploy(author.name, author.template()).require()
    assert author.consumer.operations() == before


_WITHOUT_MACRO = ["cloudformation:*", "s3:GetObject"]


def _caller(aws: LocalAWS, name: str, *statements: dict[str, Any]) -> Any:
    """CloudFormation's client with the rights of a role of its own."""
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ADMINISTRATOR}}
    iam = aws.client("iam")
    role = iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    iam.put_role_policy(
        RoleName=name,
        PolicyName="Own",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    taken = aws.client("sts").assume_role(RoleArn=role, RoleSessionName="caller")["Credentials"]
    credentials = {
        "aws_access_key_id": taken["AccessKeyId"],
        "aws_secret_access_key": taken["SecretAccessKey"],
        "aws_session_token": taken["SessionToken"],
    }
    return aws.client("cloudformation", credentials=credentials)


def test_caller_needs_the_right_to_call_the_macro(author: Author) -> None:
    """CloudFormation calls the macro as who makes the change set; the export names its function."""
    [stack] = author.cloudformation.describe_stacks(StackName=PROVIDER_STACK)["Stacks"]
    [macro] = (
        each["OutputValue"]
        for each in stack["Outputs"]
        if each.get("ExportName") == "StackSetTemplateMacro"
    )
    plain = {"Effect": "Allow", "Action": _WITHOUT_MACRO, "Resource": "*"}
    calls = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": macro}
    author.cloudformation = _caller(author.aws, "without-macro", plain)
    with pytest.raises(ClientError, match=r"not authorized to perform: lambda:InvokeFunction"):
        author.change_set()

    author.made = 0
    author.cloudformation = _caller(author.aws, "with-macro", plain, calls)
    assert author.deploy() == "CREATE_COMPLETE"


def test_unknown_macro_is_told(author: Author) -> None:
    """A macro that nobody has defined is an error, as on AWS."""
    text = author.template().replace("StackSetTemplate", "Unheard")
    with pytest.raises(ClientError, match=r"No transform named \d+::Unheard found"):
        author.cloudformation.create_stack(
            StackName=author.name, TemplateBody=text, Capabilities=["CAPABILITY_AUTO_EXPAND"]
        )
    author.deploy()


def _looped(template: str, *transforms: str) -> str:
    """The same with the stack set made by a loop, and these transforms."""
    made = json.loads(template)
    resource = made["Resources"].pop("Set")
    resource["Properties"]["StackSetName"] = {"Ref": "Name"}
    made["Transform"] = list(transforms)
    made["Resources"] = {"Fn::ForEach::Sets": ["Name", ["loopset"], {"Set${Name}": resource}]}
    return json.dumps(made)


def test_loops_are_written_out_first(author: Author) -> None:
    """CloudFormation's loops come before the macro where that is listed last; else it says so."""
    names = {"StackName": author.name, "Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
    plain = author.template()
    with pytest.raises(ClientError, match="list StackSetTemplate last"):
        author.cloudformation.create_stack(
            **names,
            TemplateBody=_looped(plain, "StackSetTemplate", "AWS::LanguageExtensions"),
        )
    author.cloudformation.create_change_set(
        StackName=author.name,
        ChangeSetName="right",
        ChangeSetType="CREATE",
        TemplateBody=_looped(plain, "AWS::LanguageExtensions", "StackSetTemplate"),
    )
    processed = author.cloudformation.get_template(
        StackName=author.name, ChangeSetName="right", TemplateStage="Processed"
    )["TemplateBody"]
    assert "TemplateDigest" in json.dumps(processed)
    author.cloudformation.delete_stack(StackName=author.name)


@pytest.mark.parametrize(
    ("content", "properties", "told"),
    [
        (b"Resources: [", {}, "TemplateURL holds no template"),
        (None, {"Parameters": {"Shadow": "x"}}, "Parameters names Shadow"),
        (None, {"StackInstances": [{"ParameterOverrides": {"Shadow": "x"}}]}, "names Shadow"),
        (b'{"Resources": {"R": {"Type": "AWS::IAM::Group"}}}', {}, "Capabilities lacks"),
    ],
)
def test_template_that_does_not_suit(
    author: Author, content: bytes | None, properties: dict[str, Any], told: str
) -> None:
    """What the template is, declares and needs fails the change set, not the deployment."""
    if content is not None:
        author.aws.upload(BUCKET, f"{author.name}.json", content)
    for group in properties.get("StackInstances", []):
        group |= {"Regions": [REGION], "Accounts": MEMBERS[:1]}
    with pytest.raises(ClientError, match=told):
        author.change_set(**properties)
    author.push("blue")
    author.made = 0
    author.deploy()
