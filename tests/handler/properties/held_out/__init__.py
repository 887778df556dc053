"""Uses of the service-managed native resource in public repositories, with what they refer to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

UNITS = ("ou-ab12-aaaaaaaa", "ou-ab12-bbbbbbbb")
ROOT, HOME, REGION = "r-ab12", "111111111111", "us-east-1"
ACCOUNTS = ("222222222222", "333333333333")
REFERENCES: dict[str, Any] = {
    "AWS::AccountId": HOME,
    "AWS::Region": REGION,
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
    "AccountIds": [ACCOUNTS[0]],
    "AutoDeploy": "true",
    "CallAsMode": "SELF",
    "Deployment": ["archive.zip"],
    "FirstOu": UNITS[0],
    "OrganizationalUnitIds": list(UNITS),
    "ProductionOu": UNITS[0],
    "RegionIds": [REGION, "us-west-2"],
    "Regions": REGION,
    "Registration": [REGION, "us-west-2"],
    "RoleName": "Reader",
    "RootId": ROOT,
    "RootIds": [ROOT],
    "Roots": ROOT,
    "SandboxOu": UNITS[0],
    "SecondOu": UNITS[1],
    "SourceBucket": "artifacts",
    "StagingOu": UNITS[1],
    "TargetOus": [UNITS[0]],
    "TemplateAddress": "https://artifacts.s3.amazonaws.com/vendor/template.yaml",
    "UnitList": ",".join(UNITS),
    "WorkloadOu": UNITS[0],
}
"""What Ref and Fn::GetAtt come to."""
_FALSE = {"ChoosesUnits", "ExcludesAccounts"}
"""The conditions that are not true."""

_NO_VALUE = object()


def uses() -> list[dict[str, Any]]:
    """Returns all uses, as they are written."""
    text = Path(__file__).with_name("uses.yaml").read_text(encoding="utf-8")
    return [dict(each) for each in yaml.safe_load(text)]


def template(use: dict[str, Any]) -> str:
    """Returns the template of a use, with as many parameters as it tells."""
    text = {"Type": "String"}
    declared = {
        **{f"Parameter{number}": text for number in _numbers(use, "parameters")},
        **{f"Default{number}": {**text, "Default": ""} for number in _numbers(use, "defaults")},
    }
    topic = {"Topic": {"Type": "AWS::SNS::Topic"}}
    return json.dumps({"Parameters": declared, "Resources": topic})


def delivered(use: dict[str, Any]) -> dict[str, Any]:
    """Returns the properties as CloudFormation delivers them to a custom resource."""
    properties: dict[str, Any] = {"StackSetName": "HeldOut", **resolved(use["properties"])}
    if "TemplateURL" not in properties and not use.get("without_template"):
        properties["TemplateBody"] = template(use)
    if "parameters" in use and "Parameters" not in properties:
        properties["Parameters"] = [
            {"ParameterKey": f"Parameter{number}", "ParameterValue": "value"}
            for number in _numbers(use, "parameters")
        ]
    texts: dict[str, Any] = _as_text(properties)
    return texts


def resolved(value: Any) -> Any:
    """Returns a value with its intrinsic functions resolved."""
    if isinstance(value, list):
        return [each for each in map(resolved, value) if each is not _NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](argument)
    members = {key: resolved(each) for key, each in value.items()}
    return {key: each for key, each in members.items() if each is not _NO_VALUE}


def _numbers(use: dict[str, Any], name: str) -> range:
    return range(1, use.get(name, 0) + 1)


def _reference(name: str) -> Any:
    return _NO_VALUE if name == "AWS::NoValue" else REFERENCES[name]


def _substituted(text: str) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda found: str(REFERENCES[found[1]]), text)


def _as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "Ref": _reference,
    "Fn::GetAtt": lambda given: REFERENCES[given[0]],
    "Fn::Sub": _substituted,
    "Fn::If": lambda given: resolved(given[2 if given[0] in _FALSE else 1]),
    "Fn::Join": lambda given: given[0].join(resolved(given[1])),
    "Fn::Split": lambda given: resolved(given[1]).split(given[0]),
    "Fn::Select": lambda given: resolved(given[1])[given[0]],
}
