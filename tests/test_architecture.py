"""The rooms stay apart: imports go one way, outside things have one owner, nothing grows large."""

from __future__ import annotations

import ast
import dataclasses
import functools
import graphlib
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.loaders import Loader

import handler
from tools.bundle import SERVICES

_ROOT = Path(__file__).parents[1]
_PACKAGES = ("handler", "macro", "cli", "emulator", "benchmarks", "tools")
_MOST_LINES = 320
_MOST_LINES_OF_A_FUNCTION = 50

# The handler's folders from the event to the values: each imports only what stands after it.
_FLOORS: tuple[tuple[str, ...], ...] = (
    ("app",),
    ("custom_resource",),
    ("deployment",),
    ("gateway",),
    ("plan", "properties"),
    ("values", "errors"),
    ("causes",),
)
# What every room but the pure ones may use; the gateway may not, for a command works without it.
_OBSERVABILITY = {"app", "custom_resource", "deployment"}
_PURE = {"plan", "properties", "values", "errors", "causes"}
_MACRO = (
    *("scope", "intrinsics", "given", "faults", "parsing", "loops", "nested", "sealing", "fitting"),
    *("fragment", "objects", "summaries", "app"),
)
# The command's modules from the values to the words.
_CLI = (
    *("trouble", "options", "documents", "native", "places", "summary", "worlds", "validate"),
    *(
        "formats",
        "service",
        "events",
        "snapshot",
        "explain",
        "export",
        "matrix",
        "status",
        "report",
    ),
    *("schema", "lint", "live", "main"),
)
_IMPURE = {
    *("boto3", "botocore", "crhelper", "urllib3", "aws_lambda_powertools", "logging"),
    *("time", "random", "os"),
}
# The emulator's folders: each may import these.
_EMULATOR: Mapping[str, set[str]] = {
    "stacksets": set(),
    "virtual": {"stacksets"},
    "server": {"stacksets"},
    "local": set(),
    "demo": {"local"},
}
# Who may import what lies outside; a name ends with a dot where it stands for a whole folder.
_OWNERS: Mapping[str, tuple[str, ...]] = {
    "boto3": (
        *("handler.app", "macro.app", "emulator.local.", "emulator.server.", "tools."),
        *("cli.service", "benchmarks."),
    ),
    # The virtual world has threads of its own in their place.
    "concurrent.futures": ("handler.deployment.outputs", "emulator.virtual.threads", "tools."),
    "crhelper": ("handler.custom_resource.frame",),
    "pydantic": ("handler.properties.",),
    "pydantic_core": ("handler.properties.",),
    "cfnlint": ("cli.lint",),
    "ministack": ("emulator.server.",),
    "rich": ("cli.", "emulator.demo."),
    "typer": ("cli.",),
    "trustme": ("emulator.server.",),
    "unittest.mock": ("emulator.virtual.",),
}
_CLOCKS = (
    "cli.",
    "handler.deployment.",
    "handler.custom_resource.",
    "handler.gateway.retry",
    "handler.gateway.owning_stack",
)


@functools.cache
def _paths() -> dict[str, Path]:
    """Every module that ships or serves, by its dotted name."""
    return {
        ".".join(path.relative_to(_ROOT).with_suffix("").parts): path
        for package in _PACKAGES
        for path in sorted((_ROOT / package).rglob("*.py"))
    }


def _modules(*packages: str) -> list[str]:
    return [
        name
        for name in _paths()
        if name.partition(".")[0] in packages and not name.endswith("__init__")
    ]


@functools.cache
def _tree(name: str) -> ast.Module:
    return ast.parse(_paths()[name].read_text())


def _imports(name: str) -> Iterator[tuple[str, str]]:
    """The modules that a module imports from, wherever in it, each with the name it takes."""
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            yield from ((str(node.module), alias.name) for alias in node.names)


def _imported(name: str) -> set[str]:
    """Dotted names of the modules that a module imports, ours and others."""
    return {
        f"{module}.{taken}" if f"{module}.{taken}" in _paths() else module
        for module, taken in _imports(name)
    }


def _rooms(name: str, package: str) -> set[str]:
    """The folders (or modules at the top) of a package that a module imports."""
    return {each.split(".")[1] for each in _imported(name) if each.startswith(f"{package}.")}


def _floor(room: str) -> int:
    return next(index for index, rooms in enumerate(_FLOORS) if room in rooms)


def _each(*packages: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", _modules(*packages))


def _is_one_of(name: str, owners: tuple[str, ...]) -> bool:
    return any(name == each or (each.endswith(".") and name.startswith(each)) for each in owners)


def test_every_room_has_its_floor() -> None:
    """A new folder is put into the order before anything imports it."""
    rooms = {name.split(".")[1] for name in _modules("handler")} - {"observability"}

    assert rooms == {each for floor in _FLOORS for each in floor}


def test_the_package_tells_its_order() -> None:
    """The first file that a newcomer opens names the floors as they are."""
    told = " > ".join(", ".join(floor) for floor in _FLOORS)

    assert told in " ".join(str(handler.__doc__).split())


@_each("handler")
def test_imports_go_down(name: str) -> None:
    """Nothing above is known below, and floormates do not know each other."""
    room = name.split(".")[1]
    if room == "observability":
        assert _rooms(name, "handler") == set()
        return
    others = _rooms(name, "handler") - {room}
    if "observability" in others:
        assert room in _OBSERVABILITY
    assert {each for each in others - {"observability"} if _floor(each) <= _floor(room)} == set()


@pytest.mark.parametrize("package", _PACKAGES)
def test_no_cycles(package: str) -> None:
    """Within a package modules import each other in one order."""
    graph = {
        name: {each for each in _imported(name) if each.startswith(f"{package}.")}
        for name in _modules(package)
    }

    list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    "name", [each for each in _modules("handler") if each.split(".")[1] in _PURE]
)
def test_pure_rooms_know_no_world(name: str) -> None:
    """The pure rooms import no SDK, no network, no frame, no logger, no clock and no dice."""
    assert {module.partition(".")[0] for module in _imported(name)} & _IMPURE == set()


@_each("macro")
def test_the_macro_keeps_its_order(name: str) -> None:
    """No room of the macro knows one after it, and of the function's rooms only the pure ones."""
    room = name.split(".")[1]
    of_handler = _rooms(name, "handler")

    assert _rooms(name, "macro") <= set(_MACRO[: _MACRO.index(room)])
    assert of_handler <= _PURE | ({"observability"} if room == "app" else set())
    sdk = {each.partition(".")[0] for each in _imported(name)} & {"boto3", "botocore", "urllib3"}
    reading = {"objects": {"botocore"}, "summaries": {"botocore"}}
    assert sdk == {**reading, "app": {"boto3", "botocore"}}.get(room, set())


@_each("cli")
def test_the_command_stands_on_what_needs_no_lambda(name: str) -> None:
    """It has an order of its own, and of the others takes what neither serves nor deploys."""
    room = name.split(".")[1]
    assert _rooms(name, "cli") <= set(_CLI[: _CLI.index(room)])
    below = {*_PURE, "gateway"}
    assert _rooms(name, "handler") <= below
    assert not _rooms(name, "macro") & {"app", "objects", "summaries"}


@_each("handler", "macro", "emulator", "benchmarks", "tools")
def test_nobody_stands_on_the_command(name: str) -> None:
    """It is for people, and its libraries are nobody else's."""
    assert not _rooms(name, "cli")


@_each("emulator")
def test_the_emulator_keeps_its_order(name: str) -> None:
    """What runs in ministack's process, in virtual time and in ours stay apart."""
    room = name.split(".")[1]

    assert _rooms(name, "emulator") - {room} <= _EMULATOR[room]
    assert not {each for each in _imported(name) if each.startswith(("handler.", "tests."))}


@_each("benchmarks", "tools", "handler", "macro")
def test_nothing_imports_tests(name: str) -> None:
    """Tests depend on what they test, never the other way round."""
    assert not {each for each in _imported(name) if each.startswith("tests")}


def test_no_test_imports_a_test() -> None:
    """What several tests need lies in a module of its own."""
    guilty = {
        path.name
        for path in (_ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[-1].startswith("test_")
    }

    assert guilty == set()


@pytest.mark.parametrize("library", _OWNERS)
def test_each_outside_thing_has_one_owner(library: str) -> None:
    """A library is imported where it belongs and nowhere else."""
    users = {
        name
        for name in _modules(*_PACKAGES)
        if library in _imported(name) | {f"{module}.{taken}" for module, taken in _imports(name)}
    }

    assert {each for each in users if not _is_one_of(each, _OWNERS[library])} == set()


def test_every_service_that_is_called_ships() -> None:
    """The bundle has the models of those services for which clients are made, and no others."""
    called = {
        node.args[0].value
        for name in ("handler.app", "macro.app")
        for node in ast.walk(_tree(name))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "boto3.client"
        and isinstance(node.args[0], ast.Constant)
    }

    assert called == SERVICES


def _operations() -> set[str]:
    """The methods of boto3's CloudFormation client."""
    model = Loader().load_service_model("cloudformation", "service-2")
    return {xform_name(operation) for operation in model["operations"]}


@_each("handler")
def test_one_gateway_to_the_api(name: str) -> None:
    """Only the gateway names operations of the CloudFormation client."""
    named = {
        node.attr if isinstance(node, ast.Attribute) else node.value
        for node in ast.walk(_tree(name))
        if isinstance(node, ast.Attribute)
        or (isinstance(node, ast.Constant) and isinstance(node.value, str))
    }

    assert not named & _operations() or name.startswith("handler.gateway.")


@_each("handler")
def test_a_virtual_clock_can_replace_time(name: str) -> None:
    """Time is asked for in few places, and through the module `time`."""
    taken = set(_imports(name))

    assert not {each for each in taken if each[0] == "time" and each[1]}
    taken -= {("threading", "Lock")}  # which nobody holds while time passes
    assert not {"sched", "threading", "asyncio"} & {module for module, _ in taken}
    assert ("time", "") not in taken or _is_one_of(name, _CLOCKS)


@pytest.mark.parametrize(
    "name", [each for each in _modules("handler") if each.split(".")[1] in {"values", "plan"}]
)
def test_values_are_frozen(name: str) -> None:
    """What a pure room hands out cannot be changed by who gets it."""
    module = importlib.import_module(name)
    values = [each for each in vars(module).values() if dataclasses.is_dataclass(each)]

    assert [each for each in values if each.__setattr__ is object.__setattr__] == []


@_each("handler", "macro", "emulator")
def test_module_fits_a_head(name: str) -> None:
    """No module is longer than 320 lines."""
    assert len(_paths()[name].read_text().splitlines()) <= _MOST_LINES


@_each("handler", "macro", "emulator")
def test_function_fits_a_screen(name: str) -> None:
    """No function is longer than 50 lines."""
    lengths = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(_tree(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {each for each in lengths if lengths[each] > _MOST_LINES_OF_A_FUNCTION} == set()


@_each("handler", "macro", "emulator")
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


@pytest.mark.parametrize("package", _PACKAGES)
def test_folders_hold_no_code_of_their_own(package: str) -> None:
    """An `__init__.py` is one docstring."""
    inits = list((_ROOT / package).rglob("__init__.py"))
    trees = {path: ast.parse(path.read_text()) for path in inits}

    assert [str(path) for path, tree in trees.items() if len(tree.body) != 1] == []
    assert all(ast.get_docstring(tree) for tree in trees.values())
