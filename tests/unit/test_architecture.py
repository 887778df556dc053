"""The rooms stay apart: imports go one way, the API has one gateway, nothing grows too large."""

from __future__ import annotations

import ast
import dataclasses
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.loaders import Loader

_HANDLER = Path(__file__).parents[2] / "handler"
_MOST_LINES = 320
_MOST_LINES_OF_A_FUNCTION = 50

# Each room may import the rooms before it, and none after it.
_ROOMS = (
    *("errors", "targets", "spec", "pairs", "dialects", "properties", "observation", "cover"),
    *("steps", "addresses", "plan", "configuration", "request", "waiting", "observability"),
    *("response", "templates", "stacksets", "ownership", "reconcile", "lifecycle", "resource"),
    "app",
)
# No AWS, no network: what a test can hold in its hand.
_PURE = (
    *("errors", "targets", "spec", "pairs", "dialects", "properties", "observation", "cover"),
    *("steps", "addresses", "plan", "configuration", "request", "waiting"),
)
_OUTSIDE = {"boto3", "botocore", "crhelper", "urllib3", "aws_lambda_powertools", "logging"}
_MODULES = sorted(path.stem for path in _HANDLER.glob("*.py") if path.stem != "__init__")

_each_module = pytest.mark.parametrize("name", _MODULES)


def _tree(name: str) -> ast.Module:
    return ast.parse((_HANDLER / f"{name}.py").read_text())


def _imports(name: str) -> Iterator[tuple[str, str]]:
    """The modules that a module imports from, wherever in it, each with the name it takes."""
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            yield from ((str(node.module), alias.name) for alias in node.names)


def _rooms_imported(name: str) -> set[str]:
    rooms = set()
    for module, taken in _imports(name):
        if module == "handler":
            rooms.add(taken)
        elif module.startswith("handler."):
            rooms.add(module.removeprefix("handler."))
    return rooms


def _functions(name: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_every_room_has_its_place() -> None:
    """A new room is put into the order before anything imports it."""
    assert sorted(_ROOMS) == _MODULES


@_each_module
def test_imports_go_one_way(name: str) -> None:
    """Nothing on the right of the design's picture is known on its left."""
    assert _rooms_imported(name) <= set(_ROOMS[: _ROOMS.index(name)])


@pytest.mark.parametrize("name", _PURE)
def test_pure_rooms_know_no_aws(name: str) -> None:
    """The pure rooms import no SDK, no network, no frame and no logger."""
    assert {module.partition(".")[0] for module, _ in _imports(name)} & _OUTSIDE == set()


@pytest.mark.parametrize("name", _PURE)
def test_pure_rooms_import_pure_rooms(name: str) -> None:
    """A pure room stays pure by what it imports, too."""
    assert _rooms_imported(name) <= set(_PURE)


def _operations() -> set[str]:
    """The methods of boto3's CloudFormation client."""
    model = Loader().load_service_model("cloudformation", "service-2")
    return {xform_name(operation) for operation in model["operations"]}


@_each_module
def test_one_gateway_to_the_api(name: str) -> None:
    """Only stacksets names operations of the CloudFormation client."""
    named = {
        node.attr if isinstance(node, ast.Attribute) else node.value
        for node in ast.walk(_tree(name))
        if isinstance(node, ast.Attribute)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    }

    assert bool(named & _operations()) is (name == "stacksets")


@_each_module
def test_clients_are_made_in_one_place(name: str) -> None:
    """Only app imports boto3."""
    assert ("boto3" in {module for module, _ in _imports(name)}) is (name == "app")


@_each_module
def test_a_virtual_clock_can_replace_time(name: str) -> None:
    """Time is asked for through the module `time`, never by a function taken out of it."""
    taken = set(_imports(name))

    assert not {each for each in taken if each[0] == "time" and each[1]}
    assert not {"sched", "threading", "asyncio"} & {module for module, _ in taken}


@pytest.mark.parametrize("name", [each for each in _PURE if each != "waiting"])
def test_values_are_frozen(name: str) -> None:
    """What a pure room hands out cannot be changed by who gets it."""
    module = importlib.import_module(f"handler.{name}")
    values = [each for each in vars(module).values() if dataclasses.is_dataclass(each)]
    public = [each for each in values if not str(each).startswith("<class 'handler.pairs._")]

    assert [each for each in public if each.__setattr__ is object.__setattr__] == []


@_each_module
def test_module_fits_a_head(name: str) -> None:
    """No module is longer than 320 lines."""
    assert len((_HANDLER / f"{name}.py").read_text().splitlines()) <= _MOST_LINES


@_each_module
def test_function_fits_a_screen(name: str) -> None:
    """No function is longer than 50 lines."""
    lengths = {each.name: (each.end_lineno or 0) - each.lineno + 1 for each in _functions(name)}

    assert {each for each in lengths if lengths[each] > _MOST_LINES_OF_A_FUNCTION} == set()


@_each_module
def test_what_is_public_is_described(name: str) -> None:
    """Every public function, class and module has a docstring."""
    tree = _tree(name)
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]

    assert ast.get_docstring(tree)
    assert [node.name for node in public if not ast.get_docstring(node)] == []
