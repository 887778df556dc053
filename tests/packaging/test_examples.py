"""The templates of `examples/`: what they grant, and what their commands do."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from handler.properties.concerns import concerns
from handler.properties.reading import parse_properties
from tools import template
from tools.environments import ROOT

STACK = "arn:aws:cloudformation:eu-west-1:222222222222:stack/by-hand/0a1b"
EXAMPLES = sorted(
    path
    for path in (ROOT / "examples").glob("*.yaml")
    if "Type: Custom::StackSet\n" in path.read_text()
)
ACCOUNTS = ["222222222222", "333333333333", "444444444444"]
GIVEN: dict[str, Any] = {
    "DeployDate": "2026-11-25",
    "TemplateURL": "https://stackset-resource-templates.s3.amazonaws.com/app.yaml",
    "AdministrationRoleARN": "arn:aws:iam::111111111111:role/Administration",
    "Accounts": ACCOUNTS,
    "DevelopmentAccounts": ACCOUNTS[:1],
    "ProductionAccounts": ACCOUNTS[1:],
    "OrganizationalUnitIds": ["ou-ab12-11111111"],
    "StackIds": [STACK],
    "StackSetName": "ByHand",
}
PIPELINE = template.load(ROOT / "examples" / "pipeline" / "pipeline.yaml")


@pytest.mark.parametrize("exceptions", [[""], ACCOUNTS[:1]], ids=["all", "but-one"])
@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in EXAMPLES])
def test_stack_set(path: Path, exceptions: list[str]) -> None:
    """With its parameters, each is what the function takes, and does what it seems to."""
    given = {**GIVEN, "ExcludedAccounts": exceptions}
    made = template.resources(template.load(path), given)
    [properties] = [r["Properties"] for r in made.values() if r["Type"] == "Custom::StackSet"]
    assert list(concerns(parse_properties(properties))) == []


def _plans() -> list[list[str]]:
    """The commands of each stage's plan, with the names of the stack in them."""
    made = template.resources(PIPELINE, {"ConnectionArn": "c", "Repository": "r"})
    stages = made["Pipeline"]["Properties"]["Stages"]
    return [
        action["Commands"]
        for stage in stages
        for action in stage["Actions"]
        if "Commands" in action
    ]


@pytest.mark.parametrize(
    ("answer", "shown"), [("echo Modify App", "Modify App"), ("true", "nothing")]
)
def test_plan(tmp_path: Path, answer: str, shown: str) -> None:
    """What the change set would change, or nothing."""
    for commands in _plans():
        ended = _run(tmp_path, answer, commands)
        assert (ended.returncode, ended.stdout) == (0, f"{shown}\n")


def test_plan_that_cannot_be_read(tmp_path: Path) -> None:
    """It fails the stage, and does not look like nothing."""
    for commands in _plans():
        ended = _run(tmp_path, "echo denied >&2; exit 254", commands)
        assert (ended.returncode, ended.stdout) == (254, "")


def _run(folder: Path, answer: str, commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Run commands one after another until one fails, with an AWS CLI that answers so."""
    command_line = folder / "aws"
    command_line.write_text(f"#!/bin/sh\n{answer}\n")
    command_line.chmod(0o755)
    script = "set -e\n" + "\n".join(commands)
    environment = {"PATH": f"{folder}:/usr/bin:/bin"}
    return subprocess.run(
        ["/bin/sh", "-c", script], env=environment, capture_output=True, text=True, check=False
    )


def test_conditions_that_the_service_is_known_to_meet() -> None:
    """That CloudFormation names an account when it takes a stack's role is written nowhere."""
    assert "Condition" not in _trust(PIPELINE, "StackRole", {})
    assert "Condition" in _trust(PIPELINE, "PipelineRole", {})


@pytest.mark.parametrize(
    ("regions", "services"),
    [
        ("", "cloudformation.amazonaws.com"),
        (
            "ap-east-1,me-south-1",
            [
                "cloudformation.amazonaws.com",
                "cloudformation.ap-east-1.amazonaws.com",
                "cloudformation.me-south-1.amazonaws.com",
            ],
        ),
    ],
)
def test_opt_in_regions(regions: str, services: object) -> None:
    """There StackSets takes the role under the Region's own name."""
    administration = template.load(ROOT / "examples" / "roles" / "administration.yaml")
    given = {"OptInRegions": regions.split(",")}
    assert _trust(administration, "AdministrationRole", given)["Principal"]["Service"] == services


def _trust(made: dict[str, Any], role: str, given: dict[str, Any]) -> dict[str, Any]:
    properties = template.resources(made, given)[role]["Properties"]
    [statement] = properties["AssumeRolePolicyDocument"]["Statement"]
    found: dict[str, Any] = statement
    return found
