"""The macro stays small, and takes from the function only what knows no AWS."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_architecture import _PURE

_MACRO = Path(__file__).parents[2] / "macro"
_MODULES = sorted(path.stem for path in _MACRO.glob("*.py") if path.stem != "__init__")
_AWS = {"objects": {"botocore"}, "app": {"boto3", "botocore"}}
# Each room may import the rooms before it, and none after it.
_ROOMS = ("intrinsics", "faults", "nested", "fragment", "objects", "app")


def _imports(name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((_MACRO / f"{name}.py").read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def test_every_room_has_its_place() -> None:
    """A new room is put into the order before anything imports it."""
    assert sorted(_ROOMS) == _MODULES


@pytest.mark.parametrize("name", _MODULES)
def test_imports_go_one_way(name: str) -> None:
    """No room knows one after it, and of the function's rooms only the pure ones."""
    imported = set(_imports(name))
    before = {f"macro.{each}" for each in _ROOMS[: _ROOMS.index(name)]}
    pure = {f"handler.{each}" for each in _PURE}
    log = {"handler.observability"} if name == "app" else set()

    assert {each for each in imported if each.startswith("macro.")} <= before
    assert {each for each in imported if each.startswith("handler.")} <= pure | log
    sdk = {each.partition(".")[0] for each in imported} & {"boto3", "botocore", "urllib3"}
    assert sdk == _AWS.get(name, set())
