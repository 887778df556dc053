"""Templates with a mistake each; the line that has it ends in ``#! what is said of it``."""

from __future__ import annotations

from textwrap import indent
from typing import NamedTuple

_TOP = """\
Parameters:
  Stage: {Type: String}
  Where: {Type: CommaDelimitedList}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsTest: !Equals [!Ref Stage, test]
Resources:
"""
_TOKEN = "ServiceToken: !ImportValue StackSetCustomResource\n"
_SET = "StackSetName: guardrails\nTemplateURL: https://bucket.s3.amazonaws.com/member.yaml\n"
_GROUPS = "StackInstancesGroup:\n"
_GROUP = "  - DeploymentTargets: {Accounts: ['111122223333']}\n    Regions: [eu-west-1]\n"
_UNITS = (
    "  - DeploymentTargets: {OrganizationalUnitIds: [ou-abcd-12345678]}\n    Regions: [eu-west-1]\n"
)
_MANAGED = "PermissionModel: SERVICE_MANAGED\n"


class Mistake(NamedTuple):
    """A template and what is wrong with it.

    Attributes:
        text: The template.
        line: Where, from 1.
        said: A part of what is said of it.
    """

    text: str
    line: int
    said: str


def _of_resource(body: str) -> str:
    return _TOP + indent(f"Guardrails:\n  Type: Custom::StackSet\n{body}", "  ")


def _of(properties: str, *, token: str = _TOKEN) -> str:
    return _of_resource("  Properties:\n" + indent(token + properties, "    "))


def _mistake(text: str) -> Mistake:
    lines = text.splitlines()
    [number] = [number for number, line in enumerate(lines) if "#!" in line]
    said = lines[number].partition("#!")[2].strip()
    return Mistake(text.replace(f"#! {said}", ""), number + 1, said)


_PROPERTIES = {
    "unknown": f"{_SET}Tmplate: x #! not a property of Custom::StackSet",
    "capital": f"{_SET}Stacksetname: x #! did you mean `StackSetName`",
    "name": _SET.replace("guardrails", "my set #! a letter first"),
    "long-name": _SET.replace("guardrails", "a" * 129 + " #! at most 128"),
    "console": "TemplateURL: https://console.aws.amazon.com/s3/buckets/x #! console",
    "github": "TemplateURL: https://github.com/a/b/blob/main/c.yaml #! TemplateURL is",
    "http": "TemplateURL: http://bucket.s3.amazonaws.com/member.yaml #! https",
    "local": "TemplateURL: ./no-such-file.yaml #! TemplateURL is",
    "unresolved": "TemplateURL: 'https://${Bucket}.s3.amazonaws.com/x' #! ${Bucket}",
    "both": f"{_SET}TemplateBody: '{{}}'\n".replace("yaml\n", "yaml #! both given\n"),
    "capability": f"{_SET}Capabilities: [CAPABILITY_NAMED_IAN] #! write CAPABILITY_IAM",
    "account": f"{_SET}{_GROUPS}" + _GROUP.replace("']}", "4']} #! 12 digits"),
    "octal": f"{_SET}{_GROUPS}" + _GROUP.replace("'111122223333']}", "011111111111]} #! in quotes"),
    "region": f"{_SET}{_GROUPS}" + _GROUP.replace("[eu-west-1]", "[Ireland] #! Regions[0]"),
    "zone": f"{_SET}{_GROUPS}" + _GROUP.replace("[eu-west-1]", "[eu-west-1a] #! Regions[0]"),
    "twice": f"{_SET}{_GROUPS}" + _GROUP.replace("-1]", "-1, eu-west-1] #! twice"),
    "again": f"{_SET}{_GROUPS}{_GROUP}"
    "  - DeploymentTargets: {Accounts: ['111122223333']} #! in eu-west-1 again\n"
    "    Regions: [eu-west-1]",
    "no-regions": f"{_SET}{_GROUPS}"
    "  - DeploymentTargets: {Accounts: ['111122223333']} #! Regions",
    "units": f"{_SET}{_MANAGED}{_GROUPS}" + _UNITS.replace("78]}", "78, o-abcdefghij]} #! o-abcde"),
    "roles": f"{_SET}{_MANAGED}ExecutionRoleName: deployer #! SERVICE_MANAGED",
    "call-as": f"{_SET}CallAs: DELEGATED_ADMIN #! CallAs",
    "automatic": f"{_SET}AutoDeployment: {{Enabled: true}} #! AutoDeployment",
    "group-parameters": f"{_SET}{_GROUPS}{_GROUP}    Parameters: {{A: b}} #! ParameterOverrides",
    "targets-at-top": f"{_SET}DeploymentTargets: {{Accounts: ['111122223333']}} #! group",
    "count": f"{_SET}OperationPreferences:\n  MaxConcurrentCount: many #! whole number",
    "percentage": f"{_SET}OperationPreferences: {{MaxConcurrentPercentage: 120}} #! 120",
    "preference": f"{_SET}OperationPreferences: {{MaxConcurentCount: 2}} #! MaxConcurrentCount",
    "exclusive": f"{_SET}OperationPreferences: #! both\n"
    "  FailureToleranceCount: 1\n  FailureTolerancePercentage: 1",
    "boolean": f"{_SET}RetainStacks: perhaps #! RetainStacks is",
    "tag": f"{_SET}Tags:\n  - {{Key: 'aws:x', Value: y}} #! aws:",
    "dry-run": f"{_SET}DryRun: true #! DryRun",
    "wait": f"{_SET}WaitFor: START\nOutputKeys: [Arn] #! WaitFor",
    "existing": f"{_SET}OnExistingStackSet: TAKE #! ADOPT",
    "in-if": f"{_SET}{_GROUPS}  - !If\n    - IsProd\n    - DeploymentTargets:"
    " {Accounts: [prod] #! 12 digits\n        }\n      Regions: [eu-west-1]\n"
    "    - !Ref AWS::NoValue",
    "token": "TemplateBody: x #! TemplateBody",
    "after-nothing": f"{_SET}{_GROUPS}  - !If [IsTest, !Ref AWS::NoValue, !Ref AWS::NoValue]\n"
    + _GROUP.replace("[eu-west-1]", "[nowhere] #! Regions[0]"),
    "long-if": f"{_SET}CallAs:\n  Fn::If:\n    - IsTest\n    - SELF\n    - ME #! CallAs is",
}
_OTHERS = {
    "no-token": _of(_SET, token="").replace("Guardrails:", "Guardrails: #! ServiceToken"),
    "no-template": _of("StackSetName: x").replace("Guardrails:", "Guardrails: #! TemplateURL"),
    "list": _of_resource("  Properties: [] #! no map"),
    "tab": "Resources:\n\tA: {} #! no YAML",
    "alias": "A: &a {Type: String}\nParameters: {B: *a} #! alias",
    "open": "Resources:\n  A: {Type: x\n  B: y #! no YAML",
    "scalar": "hello #! no template",
    "json": '{"Resources": {"A": {"Type": "Custom::StackSet", "Properties": {\n'
    '\t"ServiceToken": "x",\n\t"TemplateBody": 5, "Nope": 1 #! `Nope`\n}}}}',
    "missing-value": _of(
        "TemplateBody: |\n  Parameters:\n    Bucket: {Type: String}\n"
        "  Resources:\n    A: {Type: 'AWS::SNS::Topic'}\n"
    ).replace("Guardrails:", "Guardrails: #! no value to Bucket"),
    "unknown-value": _of(
        "Parameters:\n  Buckt: x #! Buckt\n"
        "TemplateBody: |\n  Resources: {A: {Type: 'AWS::SNS::Topic'}}"
    ),
    "iam": _of("TemplateBody: |\n  Resources: {A: {Type: 'AWS::IAM::Role'}}").replace(
        "Guardrails:", "Guardrails: #! CAPABILITY_IAM"
    ),
}
MISTAKES = {
    name: _mistake(text)
    for name, text in ({n: _of(each) for n, each in _PROPERTIES.items()} | _OTHERS).items()
}
"""Each by a word of its own."""

GOOD = _of(f"{_SET}{_GROUPS}{_GROUP}")
"""A template without one."""
