"""What ships, for whoever has to know: an SBOM beside the bundle, and checksums of both.

CycloneDX 1.6 is plain JSON, and the libraries for it bring seven packages that everybody who
deploys would install; so it is written here, and tests/packaging/test_sbom.py has the library's
strict validator look at it. Like the bundle, it is the same bytes each time.
"""

import email.message
import email.parser
import hashlib
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.environments import REQUIREMENTS
from tools.release import NAME, version

_LICENCE = "Apache-2.0"
# What packages write in place of an SPDX expression.
_SPDX = {
    "Apache2": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Dual License": "Apache-2.0 OR BSD-3-Clause",  # python-dateutil's LICENSE
}
_PINNED = re.compile(r"([a-z0-9._-]+)==")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_USER = re.compile(r"^    # +(?:via )?(?!via$)([a-z0-9._-]+)", re.MULTILINE)


@dataclass(frozen=True)
class Pinned:
    """A package as the lock has it.

    Attributes:
        hashes: SHA-256 of every file that may be installed for it.
        users: Names of the packages that need it.
    """

    hashes: tuple[str, ...]
    users: tuple[str, ...]


def describe(bundle: Path, archive: Path) -> str:
    """Return the SBOM of a bundle as JSON.

    Args:
        bundle: The folder; its packages have their METADATA.
        archive: The same as a zip file.
    """
    pinned = _locked((REQUIREMENTS / "runtime.txt").read_text(encoding="utf-8"))
    components = [*_components(bundle, pinned)]
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # One bundle, one number.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}",
        "version": 1,
        "metadata": {"component": _itself(digest)},
        "components": components,
        "dependencies": _dependencies(components, pinned),
    }
    return json.dumps(document, indent=2) + "\n"


def checksums(*files: Path) -> str:
    """Return the text that `sha256sum --check` reads beside the files."""
    return "".join(
        f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files
    )


def _itself(digest: str) -> dict[str, Any]:
    return {
        "type": "application",
        "bom-ref": NAME,
        "name": NAME,
        "version": version(),
        "licenses": [{"license": {"id": _LICENCE}}],
        "purl": f"pkg:generic/{NAME}@{version()}",
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def _dependencies(
    components: list[dict[str, Any]], pinned: Mapping[str, Pinned]
) -> list[dict[str, Any]]:
    references = {NAME: NAME, **{each["name"]: each["bom-ref"] for each in components}}
    return [
        {
            "ref": reference,
            "dependsOn": [
                each["bom-ref"] for each in components if name in pinned[each["name"]].users
            ],
        }
        for name, reference in references.items()
    ]


def _components(bundle: Path, pinned: Mapping[str, Pinned]) -> Iterator[dict[str, Any]]:
    for metadata in sorted(bundle.glob("*.dist-info/METADATA")):
        told = email.parser.HeaderParser().parsestr(metadata.read_text(encoding="utf-8"))
        name = re.sub(r"[-_.]+", "-", told["Name"]).lower()
        purl = f"pkg:pypi/{name}@{told['Version']}"
        hashes = [{"alg": "SHA-256", "content": each} for each in pinned[name].hashes]
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": told["Version"],
            "licenses": [_licence(told)],
            "purl": purl,
            # Any of these files may have been installed, and pip takes no other.
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": f"https://pypi.org/project/{name}/{told['Version']}/#files",
                    "hashes": hashes,
                }
            ],
        }


def _licence(told: email.message.Message) -> dict[str, Any]:
    """A package's licence, as an SPDX expression wherever it can be made one."""
    text = told["License-Expression"] or _SPDX.get(told["License"] or "", told["License"])
    if text is None:
        return {"license": {"name": "see the package"}}
    return {"expression": text}


def _locked(text: str) -> dict[str, Pinned]:
    """Read a lock file: packages by name."""
    return {
        pinned[1]: Pinned(tuple(_HASH.findall(block)), tuple(_USER.findall(block)))
        for block in re.split(r"\n(?=[a-z])", text)
        if (pinned := _PINNED.match(block))
    }
