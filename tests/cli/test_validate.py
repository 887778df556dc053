"""Complaints name the line that has the mistake, whatever functions stand around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.validate import ERROR, check
from tests.cli.mistakes import GOOD, MISTAKES

_EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_at_its_line(name: str) -> None:
    """One complaint, at the line, in words that say which mistake it is."""
    text, line, said = MISTAKES[name]
    errors = [each for each in check("a.yaml", text) if each.level == ERROR]
    assert [each.mark.line for each in errors] == [line], errors
    assert said in errors[0].message


@pytest.mark.parametrize("path", sorted(_EXAMPLES.rglob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_have_none(path: Path) -> None:
    """What the documentation shows is right."""
    assert check(str(path), path.read_text(encoding="utf-8")) == []


def test_what_is_right_has_none() -> None:
    """The mistakes' own frame is right."""
    assert check("a.yaml", GOOD) == []
