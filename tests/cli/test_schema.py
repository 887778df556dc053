"""The schemas for editors take what is right, and complain at the right line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from cli.documents import Document, read_document
from cli.places import locate
from cli.schema import resource_schema, template_schema
from tests.cli.mistakes import GOOD, MISTAKES

_EXAMPLES = sorted((Path(__file__).parents[2] / "examples").rglob("*.yaml"))
_NO_TEMPLATES = {"tab", "alias", "open", "scalar"}
# What values have to do with each other, with what lies elsewhere, or with a condition.
_BETWEEN = {
    *("local", "unresolved", "both", "again", "roles", "call-as", "automatic", "exclusive"),
    *("tag", "wait", "in-if", "token", "long-if", "no-template", "missing-value"),
    *("unknown-value", "iam"),
}
# What is missing is told at the map that lacks it.
_OTHERWISE = {"no-token": MISTAKES["no-token"].line + 2}
_CHECK = Draft202012Validator(template_schema())


def _lines(document: Document) -> set[int]:
    """Returns the lines at which something is wrong, functions apart."""
    found = set()
    stack: list[ValidationError] = list(_CHECK.iter_errors(document.content))
    while stack:
        error = stack.pop()
        if error.context:
            # The first alternative is the value itself, the other what only the deployment tells.
            stack += [each for each in error.context if each.schema_path[0] == 0]
            continue
        place = tuple(error.absolute_path)
        if error.validator == "additionalProperties":
            given: Any = error.instance
            schema: Any = error.schema
            place = (*place, min(given.keys() - schema["properties"].keys()))
        mark = locate(document.root, place, lambda _: None)
        assert mark is not None
        found.add(mark.line)
    return found


def test_the_schemas_are_schemas() -> None:
    """Of the dialect that they name."""
    Draft202012Validator.check_schema(resource_schema())
    Draft202012Validator.check_schema(template_schema())


@pytest.mark.parametrize("path", _EXAMPLES, ids=lambda path: path.stem)
def test_what_is_right_is_taken(path: Path) -> None:
    """With functions in every place."""
    assert not list(_CHECK.iter_errors(read_document(path.read_text()).content))


@pytest.mark.parametrize("name", sorted(MISTAKES.keys() - _NO_TEMPLATES))
def test_a_mistake_is_told_at_its_line(name: str) -> None:
    """What a value tells by itself is told where it is, and nothing is told elsewhere."""
    text, line, _ = MISTAKES[name]
    told = _OTHERWISE.get(name, line)
    assert _lines(read_document(text)) == (set() if name in _BETWEEN else {told})


def test_what_is_right_has_no_mistake() -> None:
    """The mistakes' own frame is right, and most of them are seen."""
    assert not list(_CHECK.iter_errors(read_document(GOOD).content))
    assert len(MISTAKES) - len(_BETWEEN) - len(_NO_TEMPLATES) > 20
