"""The rules of cfn-lint say what `stackset validate` says, at the same line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.lint import StackSetConcerns, StackSetFaults
from tests.cli.mistakes import GOOD, MISTAKES

_ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_at_its_line(name: str, tmp_path: Path) -> None:
    """Lines are counted from 0 there."""
    path = tmp_path / "a.yaml"
    path.write_text(MISTAKES[name].text)
    [found] = StackSetFaults().match(SimpleNamespace(filename=str(path)))
    assert found.location[0] == MISTAKES[name].line - 1
    assert MISTAKES[name].said in found.message


def test_what_is_right_or_elsewhere_is_left_alone(tmp_path: Path) -> None:
    """A template that cannot be read again is cfn-lint's affair."""
    path = tmp_path / "a.yaml"
    path.write_text(GOOD)
    for filename in (str(path), str(tmp_path / "none.yaml"), None):
        for rule in (StackSetFaults(), StackSetConcerns()):
            assert list(rule.match(SimpleNamespace(filename=filename))) == []


def test_the_linter_takes_the_rules(tmp_path: Path) -> None:
    """Appended by name, they are told beside its own."""
    path = tmp_path / "a.yaml"
    path.write_text(MISTAKES["region"].text)
    linted = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("cfn-lint")), "--append-rules", "cli.lint"),
            *("--regions", "us-east-1", "--format", "json", str(path)),
        ],
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [each for each in json.loads(linted.stdout) if each["Rule"]["Id"] == "E9151"]
    assert [each["Location"]["Start"]["LineNumber"] for each in found] == [MISTAKES["region"].line]
