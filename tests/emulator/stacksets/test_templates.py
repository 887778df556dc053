"""Templates and GetTemplateSummary."""

import pytest

from emulator.stacksets import templates
from tests.emulator.bench import STAGE, TOPIC, Bench

TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Description: A role
Transform: [AWS::LanguageExtensions, {Name: AWS::Include}]
Metadata: {Owner: us}
Parameters:
  Stage: {Type: String, AllowedValues: [test, live], Description: Where}
  Open: {Type: String, Default: false}
  Secret: {Type: String, NoEcho: true}
Conditions:
  Live: !Equals [!Ref Stage, live]
Resources:
  Role:
    Type: AWS::IAM::Role
    Condition: Live
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: []}
      Path: !If [Live, !GetAtt Other.Path, !Sub "/${Stage}/"]
  Topic:
    Type: AWS::SNS::Topic
    Properties: {DisplayName: !Select [0, !Split [",", !ImportValue name]]}
"""


def test_short_forms_and_dates() -> None:
    """Short tags become functions; dates stay text."""
    template = templates.parse(TEMPLATE)

    assert template.version == "2010-09-09"
    assert template.resource_types == ("AWS::IAM::Role", "AWS::SNS::Topic")


def test_json() -> None:
    """JSON templates are read too."""
    assert templates.parse('{"Resources": {"A": {"Type": "X::Y::Z"}}}').resource_types == (
        "X::Y::Z",
    )


def test_summary(bench: Bench) -> None:
    """GetTemplateSummary tells parameters, capabilities, types and transforms."""
    assert bench.engine.call("GetTemplateSummary", {"TemplateBody": TEMPLATE}) == {
        "Parameters": [
            {
                "ParameterKey": "Stage",
                "ParameterType": "String",
                "NoEcho": False,
                "Description": "Where",
                "ParameterConstraints": {"AllowedValues": ["test", "live"]},
            },
            {
                "ParameterKey": "Open",
                "DefaultValue": "false",
                "ParameterType": "String",
                "NoEcho": False,
                "ParameterConstraints": {},
            },
            {
                "ParameterKey": "Secret",
                "ParameterType": "String",
                "NoEcho": True,
                "ParameterConstraints": {},
            },
        ],
        "Description": "A role",
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        "CapabilitiesReason": "The following resource(s) require capabilities: [AWS::IAM::Role]",
        "ResourceTypes": ["AWS::IAM::Role", "AWS::SNS::Topic"],
        "Version": "2010-09-09",
        "Metadata": '{"Owner": "us"}',
        "DeclaredTransforms": ["AWS::LanguageExtensions", "AWS::Include"],
    }


def test_summary_of_url_and_stack_set(bench: Bench) -> None:
    """The template may come from S3 or from a stack set."""
    bench.objects["bucket", "k"] = TOPIC.encode()
    bench.create(Parameters=[STAGE])

    by_url = bench.engine.call(
        "GetTemplateSummary", {"TemplateURL": "https://bucket.s3.amazonaws.com/k"}
    )

    assert by_url["ResourceTypes"] == ["AWS::SNS::Topic"]
    assert bench.call("GetTemplateSummary") == by_url


@pytest.mark.parametrize("asked", [{}, {"TemplateBody": TOPIC, "StackSetName": "Network"}])
def test_summary_of_one_thing(bench: Bench, asked: dict[str, str]) -> None:
    """Exactly one source is summed up."""
    bench.create()

    assert bench.refuse("GetTemplateSummary", **{"StackSetName": None, **asked}).code == (
        "ValidationError"
    )


def test_loop_instead_of_resource() -> None:
    """A loop of AWS::LanguageExtensions counts as resources."""
    body = """
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Topics: [Name, [A, B], {"Topic${Name}": {Type: AWS::SNS::Topic}}]
"""

    assert templates.parse(body).transforms == ("AWS::LanguageExtensions",)
