"""What docs/command.md shows is what the command says.

`python -m tests.cli.test_command_docs` writes it anew.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
import time
from pathlib import Path
from unittest import mock

import boto3
import pytest

from cli.main import run
from emulator.stacksets.faults import DeploymentFault, Faults
from emulator.virtual.aws import world

_PAGE = Path(__file__).parents[2] / "docs" / "command.md"
_RUN = re.compile(r"```console\n\$ stackset (.*)\n((?:.*\n)*?)```\n")
_TEMPLATE = re.compile(r"```text\n(Resources:(?:.*\n)*?)```\n")
_ONE, _TWO, _THREE = "111111111111", "222222222222", "333333333333"
_REASON = (
    'Resource handler returned message: "Role team-audit already exists"'
    " (HandlerErrorCode: AlreadyExists)"
)


def _renewed(page: str, folder: Path) -> str:
    """Returns the page with what each of its commands says now."""
    [template] = _TEMPLATE.findall(page)
    (folder / "guardrails.yaml").write_text(template)
    fault = DeploymentFault(_REASON, account=_TWO, region="eu-west-1")
    with world(region="us-east-1", faults=Faults(deployments=[fault])):
        client = boto3.client("cloudformation", region_name="us-east-1")
        client.create_stack_set(
            StackSetName="guard",
            TemplateBody="Resources:\n  Topic: {Type: 'AWS::SNS::Topic'}\n",
            Tags=[{"Key": "team", "Value": "security"}],
        )
        client.create_stack_instances(
            StackSetName="guard",
            Accounts=[_ONE, _TWO, _THREE],
            Regions=["eu-west-1", "us-east-1"],
            OperationId="7c1f3a52-roll-out",
            OperationPreferences={
                "MaxConcurrentCount": 3,
                "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
            },
        )
        time.sleep(600)
        with contextlib.chdir(folder):
            return _RUN.sub(lambda found: _shown(found[1]), page)


def _shown(words: str) -> str:
    output = io.StringIO()
    settings = {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "COLUMNS": "80"}
    with (
        mock.patch.object(sys, "argv", ["stackset", *words.split()]),
        mock.patch.dict("os.environ", settings),
        contextlib.redirect_stdout(output),
        pytest.raises(SystemExit),
    ):
        run()
    told = "\n".join(line.rstrip() for line in output.getvalue().splitlines())
    return f"```console\n$ stackset {words}\n{told}\n```\n"


def test_the_page_shows_what_the_command_says(tmp_path: Path) -> None:
    """Each recorded run is as a run of today."""
    page = _PAGE.read_text(encoding="utf-8")
    assert len(_RUN.findall(page)) > 1
    assert _renewed(page, tmp_path) == page


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as made:
        _PAGE.write_text(_renewed(_PAGE.read_text("utf-8"), Path(made)), encoding="utf-8")
