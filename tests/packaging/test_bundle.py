"""The bundle: the same bytes each time, complete, and nothing in it that Lambda never reads."""

import json
import marshal
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

from tests.packaging.runtime_api import run
from tools import bundle as bundler
from tools import interpreters, template
from tools.environments import ROOT, RUNTIME

# Source, then what it became: 16 bytes of header before the code object.
_HEADER = 16
HANDLERS = ("handler.app.handler", "handler.app.last_word", "macro.app.handler")


@pytest.fixture(scope="module")
def names(bundle: Path) -> set[str]:
    """The path of every file in the bundle."""
    return {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}


def test_zip_and_folder_agree(bundle: Path, names: set[str]) -> None:
    """The zip file holds the folder's files in order, readable by anyone, without a build time."""
    with zipfile.ZipFile(bundle.with_name("bundle.zip")) as archive:
        entries = archive.infolist()
        assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
        assert {entry.filename for entry in entries} == names
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in entries} == {0o100644}


def test_folder_is_normalised(bundle: Path) -> None:
    """Times and modes in the folder do not depend on the machine, either."""
    found = [path.stat() for path in bundle.rglob("*")]
    assert {stat.st_mtime for stat in found} == {bundler.OLDEST}
    assert {stat.st_mode & 0o777 for stat in found} == {0o644, 0o755}


def test_source_date_epoch_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH, where set, is the time of every file."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    (tmp_path / "file").touch()
    bundler._normalise(tmp_path)
    assert (tmp_path / "file").stat().st_mtime == 1_000_000_000


def test_native_code_of_both_architectures(names: set[str]) -> None:
    """The only native module is there once for each architecture."""
    native = {name for name in names if ".so" in Path(name).suffixes}
    assert native == {
        f"pydantic_core/_pydantic_core.cpython-313-{platform}-linux-gnu.so"
        for platform in bundler.PLATFORMS
    }


def test_nothing_unwanted(names: set[str]) -> None:
    """No tests, stubs, installer's notes, foreign services or stray top-level files."""
    folders = {part for name in names for part in Path(name).parts[:-1]}
    assert not folders & {"tests", "test", "bin", "examples", "sboms"}
    assert not {name for name in names if name.endswith((".pyi", "RECORD", "INSTALLER", ".lock"))}
    services = {name.split("/")[2] for name in names if name.startswith("botocore/data/")}
    assert {name for name in services if "." not in name} == bundler.SERVICES
    top_level = {name for name in names if "/" not in name}
    assert top_level == {"six.py", "typing_extensions.py"}


def test_every_package_keeps_name_version_and_licence(bundle: Path) -> None:
    """What vulnerability scanners and lawyers look for is still there."""
    packages = list(bundle.glob("*.dist-info"))
    locked = (ROOT / "requirements" / "runtime.txt").read_text("utf-8").count("==")
    assert len(packages) == locked
    for package in packages:
        assert "\nVersion: " in (package / "METADATA").read_text("utf-8")
        assert list(package.rglob("LICENSE*")), package.name


@pytest.mark.skipif(interpreters.find(RUNTIME) is None, reason="no Python 3.13 here")
def test_all_sources_are_compiled(names: set[str]) -> None:
    """Every module has its bytecode for the runtime's Python, and for no other."""
    sources = {name for name in names if name.endswith(".py")}
    compiled = {name for name in names if name.endswith(".pyc")}
    assert compiled == {_compiled(name) for name in sources}


def _compiled(name: str) -> str:
    """Where Python 3.13 looks for a module's bytecode."""
    path = Path(name)
    return (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").as_posix()


@pytest.mark.skipif(
    sys.version_info[:2] != RUNTIME, reason="only Python 3.13 reads its own bytecode"
)
def test_bytecode_names_sources_as_in_lambda(bundle: Path) -> None:
    """No code object tells where it was built, and none is checked against its source."""
    for path in bundle.rglob("*.pyc"):
        content = path.read_bytes()
        assert int.from_bytes(content[4:8], "little") == 1, f"{path} is not unchecked-hash"
        for code in _codes(marshal.loads(content[_HEADER:])):  # noqa: S302 - built a moment ago
            assert code.co_filename.startswith("/var/task/")


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def test_clients_of_every_partition(runnable: Path, tmp_path: Path) -> None:
    """With the pruned data, boto3 still finds its endpoints in every partition."""
    probe = tmp_path / "probe.py"
    probe.write_text(_PROBE, encoding="utf-8")
    result = run(runnable, "probe.handler", {}, {"PYTHONPATH": str(tmp_path)})
    assert result.kind == "response", result
    assert result.payload == {
        "eu-west-1": "https://cloudformation.eu-west-1.amazonaws.com",
        "cn-north-1": "https://cloudformation.cn-north-1.amazonaws.com.cn",
        "us-gov-west-1": "https://cloudformation.us-gov-west-1.amazonaws.com",
        "eusc-de-east-1": "https://cloudformation.eusc-de-east-1.amazonaws.eu",
    }


_PROBE = """
import boto3

REGIONS = ("eu-west-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1")

def handler(event, context):
    found = {}
    for region in REGIONS:
        for service in ("lambda", "s3"):
            boto3.client(service, region_name=region)
        client = boto3.client("cloudformation", region_name=region)
        client.get_paginator("list_stack_instances")
        found[region] = client.meta.endpoint_url
    boto3.client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    return found
"""


@pytest.mark.parametrize("handler", HANDLERS)
def test_handlers_load_without_anything_else(runnable: Path, handler: str) -> None:
    """In an environment with nothing but Lambda's client, the template's handlers can be loaded."""
    declared = template.load(ROOT / "template.yaml")["Resources"].values()
    assert handler in [each["Properties"].get("Handler") for each in declared]
    result = run(runnable, handler, {"not": "an event"}, _SETTINGS)
    assert result.kind != "init", result.payload
    assert "No module named" not in result.log + str(result.payload)
    assert "Unknown service" not in result.log
    first = json.loads(result.log.splitlines()[0])
    assert (first["message"], first["version"]) == ("cold start", "1.2.3")


_SETTINGS = {
    "VERSION": "1.2.3",
    "POWERTOOLS_SERVICE_NAME": "stackset-resource",
    "POWERTOOLS_METRICS_NAMESPACE": "StackSetResource",
}


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("echo", "response"),
        ("fail", "error"),
        ("die", "exit"),
        ("sleep", "timeout"),
        ("no", "init"),
    ],
)
def test_the_runtime_api_tells_how_it_ended(
    bundle: Path, tmp_path: Path, handler: str, kind: str
) -> None:
    """The stand-in for Lambda tells an answer from an error, a crash, a timeout and a bad name."""
    (tmp_path / "ends.py").write_text(_ENDS, encoding="utf-8")
    result = run(bundle, f"ends.{handler}", [1], {"PYTHONPATH": str(tmp_path)}, timeout=2)
    assert result.kind == kind
    if kind == "response":
        assert result.payload == [1]


_ENDS = """
import os, time

def echo(event, context):
    return event

def fail(event, context):
    raise ValueError("no")

def die(event, context):
    os._exit(1)

def sleep(event, context):
    time.sleep(60)
"""
