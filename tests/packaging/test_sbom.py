"""What tells about the bundle: valid, complete, and of this very bundle."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import release, sbom
from tools.environments import ROOT, prepare

# The validators live where the policy linters do.
VALIDATE = """
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import get_spdx_licensing
text = sys.stdin.read()
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) or "valid")
spdx = get_spdx_licensing()
for each in json.loads(text)["components"]:
    for licence in each["licenses"]:
        print(*spdx.validate(licence["expression"]).errors)
"""


@pytest.fixture(scope="module")
def document(bundle: Path) -> dict[str, Any]:
    """The SBOM beside the bundle."""
    found: dict[str, Any] = json.loads(bundle.with_name("bundle.cdx.json").read_text("utf-8"))
    return found


def test_it_is_valid(bundle: Path) -> None:
    """The schema of CycloneDX 1.6 holds, and each licence is an expression that SPDX knows."""
    done = subprocess.run(
        [prepare("audit").python, "-W", "ignore", "-c", VALIDATE],
        input=bundle.with_name("bundle.cdx.json").read_text("utf-8"),
        text=True,
        check=True,
        stdout=subprocess.PIPE,
    )
    first, *errors = done.stdout.splitlines()
    assert first == "valid"
    assert errors
    assert not any(errors)


def test_it_has_what_ships(bundle: Path, document: dict[str, Any]) -> None:
    """Each package that is installed is a component with the lock's own version and hashes."""
    packages = {each.name for each in bundle.glob("*.dist-info")}
    components = document["components"]
    assert {
        f"{each['name'].replace('-', '_')}-{each['version']}.dist-info" for each in components
    } == packages
    lock = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
    for each in components:
        assert f"{each['name']}=={each['version']}" in lock
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        hashes = [one["content"] for one in each["externalReferences"][0]["hashes"]]
        assert hashes
        assert all(f"--hash=sha256:{one}" in lock for one in hashes)
    told = [one for each in components for one in each["externalReferences"][0]["hashes"]]
    assert len(told) == lock.count("--hash=sha256:")


def test_it_tells_who_needs_what(document: dict[str, Any]) -> None:
    """Everything that ships is needed by something, and our own needs are those of the project."""
    uses = {each["ref"]: each["dependsOn"] for each in document["dependencies"]}
    assert {each["bom-ref"] for each in document["components"]} == {
        each for used in uses.values() for each in used
    }
    own = {each.partition("@")[0] for each in uses[release.NAME]}
    assert own == {
        f"pkg:pypi/{name}" for name in ("aws-lambda-powertools", "boto3", "crhelper", "pyyaml")
    }


def test_it_is_of_this_bundle(bundle: Path, document: dict[str, Any]) -> None:
    """It names the project's version and the zip file's digest."""
    itself = document["metadata"]["component"]
    digest = hashlib.sha256(bundle.with_name("bundle.zip").read_bytes()).hexdigest()
    assert itself["version"] == release.version()
    assert itself["hashes"] == [{"alg": "SHA-256", "content": digest}]


def test_checksums(bundle: Path, tmp_path: Path) -> None:
    """`sha256sum --check` takes both files as they are, and no other."""
    done = subprocess.run(
        ["sha256sum", "--check", "bundle.sha256"],  # noqa: S607 - the very program is meant
        cwd=bundle.parent,
        text=True,
        check=True,
        stdout=subprocess.PIPE,
    )
    assert done.stdout.splitlines() == ["bundle.zip: OK", "bundle.cdx.json: OK"]
    other = tmp_path / "bundle.zip"
    other.write_bytes(b"another")
    assert sbom.checksums(other).split()[0] not in bundle.with_name("bundle.sha256").read_text()
