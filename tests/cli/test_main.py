"""The command as a shell starts it: exit codes, one line for what goes wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from cli.main import run
from emulator.virtual.aws import world
from tests.cli.mistakes import GOOD, MISTAKES


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    """A world with a stack set that has no instances."""
    with world(region="us-east-1"):
        client = boto3.client("cloudformation", region_name="us-east-1")
        body = "Resources: {T: {Type: 'AWS::SNS::Topic'}}"
        client.create_stack_set(StackSetName="guard", TemplateBody=body)
        yield


class Shell:
    """Starts the command."""

    def __init__(self, patch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]) -> None:
        self._patch, self._output = patch, output

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Returns the exit code, what it printed, and what it printed as an error."""
        self._patch.setattr(sys, "argv", ["stackset", *words])
        with pytest.raises(SystemExit) as ended:
            run()
        printed = self._output.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Returns what starts the command."""
    return Shell(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nonsense",), 64, "No such command 'nonsense'"),
        (("validat",), 64, "Did you mean 'validate'"),
        (("status",), 64, "Missing argument 'STACKSET'"),
        (("validate", "no-such-file.yaml"), 64, "no-such-file.yaml cannot be read"),
        (("validate", "--format", "xml", "a.yaml"), 64, "'xml' is not one of"),
        (("status", "nobody", "--region", "us-east-1"), 1, "There is no stack set nobody here"),
        (("status", "guard", "--profile", "nobody"), 1, "aws configure list-profiles"),
        (("explain", "guard", "nope", "--region", "us-east-1"), 1, "There is no operation nope"),
        (("report", "guard", "--html", "/no/where.html", "--region", "us-east-1"), 1, "/no/where"),
        (("status", "guard", "--region", "no where"), 1, "supported format"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    shell: Shell, words: tuple[str, ...], code: int, said: str
) -> None:
    """With the mend, without a traceback, on the side for errors."""
    ended, printed, told = shell(*words)
    assert (ended, printed) == (code, "")
    assert said in told
    assert told.startswith("stackset: ")
    assert told.count("\n") == 1


def test_validate_ends_by_what_it_finds(shell: Shell, tmp_path: Path) -> None:
    """0 for what is right and 1 for complaints, in each form."""
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(GOOD)
    bad.write_text(MISTAKES["name"].text)
    assert shell("validate", str(good)) == (0, "0 errors, 0 warnings.\n", "")
    code, printed, _ = shell("validate", str(bad), str(good), "--json")
    assert code == 1
    assert [each["line"] for each in json.loads(printed)] == [MISTAKES["name"].line]
    code, printed, _ = shell("validate", str(bad), "--format", "sarif")
    [found] = json.loads(printed)["runs"][0]["results"]
    assert found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == str(bad)
    assert shell("validate", str(bad), "--format", "github")[1].startswith("::error file=")


def test_schemas_are_written(shell: Shell) -> None:
    """One of the properties, one of templates."""
    assert json.loads(shell("schema")[1])["title"] == "Custom::StackSet"
    assert json.loads(shell("schema", "--template")[1])["properties"].keys() == {"Resources"}


def test_the_live_words(shell: Shell, tmp_path: Path) -> None:
    """Each does its part on a stack set of which nothing is deployed."""
    home = ("--region", "us-east-1")
    assert "guard  ACTIVE  SELF_MANAGED  0 instances" in shell("status", "guard", *home)[1]
    assert json.loads(shell("status", "guard", "--json", *home)[1])["Instances"] == []
    assert shell("explain", "guard", *home)[1] == "None of the last 100 operations has failed.\n"
    assert shell("stop", "guard", *home)[1] == "No operation runs.\n"
    page, template = tmp_path / "page.html", tmp_path / "template.yaml"
    assert shell("report", "guard", "--html", str(page), *home)[0] == 0
    assert "<h1>Stack set guard</h1>" in page.read_text()
    assert shell("export", "guard", "--output", str(template), *home)[0] == 0
    assert shell("validate", str(template))[0] == 0
