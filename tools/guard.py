"""Look at templates with the rules of tests/packaging/template.guard.

Runs in the environment `audit`: `python -m tools.guard TEMPLATE ...`. Guard takes a function for a
value, so a template is written out first: once with its defaults, once with everything chosen.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools import template
from tools.environments import ROOT

RULES = ROOT / "tests" / "packaging" / "template.guard"

# What an organization may choose; parameters that a template does not declare change nothing.
_REGION = "eu-west-1:111111111111"
EVERYTHING: Mapping[str, str | list[str]] = {
    "CodeSigningConfigArn": f"arn:aws:lambda:{_REGION}:code-signing-config:csc-0123456789abcdefg",
    "DelegatedAdministrator": "true",
    "EventBusName": "default",
    "ImportStacks": "true",
    "KmsKeyArn": f"arn:aws:kms:{_REGION}:key/0a1b",
    "OutputReaderRoleName": "Reader",
    "PermissionsBoundary": "arn:aws:iam::111111111111:policy/Boundary",
    "ReadOrganization": "EVERYTHING",
    "ReaderAccounts": ["222222222222"],
    "ReaderOrganizationId": "o-a1b2c3d4e5",
    "ReadRegions": "true",
    "ReportBucket": "reports",
    "ReservedConcurrency": "20",
    "RoleNamePrefix": "team-",
    "SecurityGroupIds": ["sg-1"],
    "SubnetIds": ["subnet-1"],
    "TemplateBucketAccounts": ["222222222222"],
}


def written_out(path: Path) -> Iterator[dict[str, Any]]:
    """What CloudFormation makes of a template: with its defaults, and with everything chosen."""
    read = template.load(path)
    for each in read["Resources"].values():
        if each["Type"] == "AWS::Serverless::Function":
            each["Properties"] = {**read["Globals"]["Function"], **each["Properties"]}
    chosen = {name: each for name, each in EVERYTHING.items() if name in read.get("Parameters", {})}
    for given in ({}, chosen) if chosen else ({},):
        yield {"Resources": template.resources(read, given), "Given": given}


def findings(document: Mapping[str, Any]) -> Iterator[str]:
    """What the rules find in a template that is written out: rule, place and mend.

    Raises:
        ValueError: There is something wrong with the rules themselves.
    """
    # Guard is there for some machines only.
    import guardpycfn  # type: ignore[import-not-found] # noqa: PLC0415

    # Anything but the verbose answer comes with its beginning cut off as soon as it is long.
    told = guardpycfn.validate_with_guard(json.dumps(document), RULES.read_text("utf-8"), True)  # noqa: FBT003
    if not told["success"]:
        raise ValueError(told["error"])
    for rule in told["result"]["children"]:
        for check in _failures(rule):
            place = next(_places(check), "the template")
            name = place.split("/")[2] if place.count("/") > 1 else ""
            if not _is_suppressed(document, name, rule["context"]):
                yield f"{rule['context']}: {place}: {check['custom_message']}"


def _failures(node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The clauses that make a rule fail; those of filters and alternatives make none."""
    container = node["container"]
    [told] = container.values() if isinstance(container, dict) else [None]
    if isinstance(told, dict):
        if told.get("status", "FAIL") != "FAIL":
            return
        yield from _clauses(told)
    for child in node["children"]:
        yield from _failures(child)


def _clauses(told: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """What did not hold and says so in our words, however deep Guard puts it."""
    if isinstance(told, dict):
        if told.get("custom_message"):
            yield told
        for each in told.values():
            yield from _clauses(each)


def _places(told: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(told, dict):
        if isinstance(told.get("path"), str):
            yield told["path"]
        told = [*told.values()]
    for each in told if isinstance(told, list) else []:
        yield from _places(each)


def _is_suppressed(document: Mapping[str, Any], resource: str, rule: str) -> bool:
    metadata = document["Resources"].get(resource, {}).get("Metadata", {})
    return rule in metadata.get("guard", {}).get("SuppressedRules", [])


def main() -> int:
    """Print what is found in the templates of the command line."""
    found = [
        f"{name}: {finding}"
        for name in sys.argv[1:]
        for document in written_out(Path(name))
        for finding in findings(document)
    ]
    for each in found:
        print(each)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
