"""Build what Lambda runs: build/bundle/ and the same as build/bundle.zip.

Beside them lie an SBOM (bundle.cdx.json) and the checksums of both files (bundle.sha256).

One bundle serves both architectures, and the same sources make the same bytes
(docs/decisions/0001-one-bundle-for-both-architectures.md).
"""

import filecmp
import hashlib
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from tools import interpreters, sbom, wheels
from tools.environments import ROOT, RUNTIME, alone
from tools.options import build_parser
from tools.programs import CommandFailed, run
from tools.release import version
from tools.wheels import Machine

BUILD = ROOT / "build"
PLATFORMS = ("aarch64", "x86_64")

# Ours.
PACKAGES = ("handler", "macro")

# The services they call, by the names of botocore's data folders.
SERVICES = frozenset(
    {"account", "cloudformation", "events", "lambda", "organizations", "s3", "sqs", "sts"}
)

# Never imported in Lambda, or meant for the developer's machine.
UNWANTED = (
    "*.data/*",
    "boto3/examples/*",
    "botocore/data/*/examples-1.json",
    "*/__pycache__/*",
    "*.pyi",
    "*/py.typed",
    "*/tests/*",
    # PyYAML's C part: it reads what its Python part reads, and differs by architecture.
    "_yaml/*",
    "yaml/*.so",
    "yaml/cyaml.py",
)
# The rest tells how the package was installed, which differs from machine to machine.
KEPT_METADATA = ("METADATA", "LICENSE", "LICENSE.txt", "NOTICE", "NOTICE.txt", "licenses")

# 1980-01-01, the oldest time that a zip file can hold.
OLDEST = 315_532_800


def build(target: Path, *, runs_here: bool = False) -> Path:
    """Build the bundle into a folder, and beside it the same as a zip file.

    Args:
        target: The folder; what it held is replaced, and so are the files beside it.
        runs_here: Whether it has to run on this machine, too, where Lambda's Python may be missing.

    Returns:
        The path of the zip file.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".") as scratch:
        stage = Path(scratch) / "bundle"
        machines = [Machine(platform) for platform in PLATFORMS]
        if runs_here and interpreters.find(RUNTIME) is None:
            machines.append(Machine())
        for machine in machines:
            # Machines differ in native modules, whose names tell them apart.
            wheels.unpack(machine, stage, _ships)
        _shorten_metadata(stage)
        _add_packages(stage)
        _add_bytecode(stage)
        _normalise(stage)
        files = _add_files(stage, target.name)
        with alone("bundle"):
            # Only renamed into place, so that nobody meets half a bundle; whoever works with an
            # equal one is not disturbed.
            if not _equal(stage, target):
                shutil.rmtree(target, ignore_errors=True)
                stage.rename(target)
            for file in files:
                file.replace(target.with_name(file.name))
    return target.with_name(files[0].name)


def _add_files(stage: Path, name: str) -> list[Path]:
    """Put beside a bundle what is made of it: first the zip file, then what tells about it."""
    archive, bill, sums = (
        stage.with_name(f"{name}.{kind}") for kind in ("zip", "cdx.json", "sha256")
    )
    _zip(stage, archive)
    bill.write_text(sbom.describe(stage, archive), encoding="utf-8")
    sums.write_text(sbom.checksums(archive, bill), encoding="utf-8")
    return [archive, bill, sums]


def _ships(name: str) -> bool:
    """Whether the handler may ever read a file of a package."""
    top, *below = PurePosixPath(name).parts
    if top.endswith(".dist-info"):
        return below[0] in KEPT_METADATA
    match below:
        case ["data", service, _, *_] if top in {"boto3", "botocore"} and service not in SERVICES:
            return False
    return not any(fnmatchcase(name, pattern) for pattern in UNWANTED)


def _shorten_metadata(stage: Path) -> None:
    """Keep name, version and licence, which scanners look for, and drop the READMEs."""
    for path in stage.glob("*.dist-info/METADATA"):
        headers, _, _ = path.read_text(encoding="utf-8").partition("\n\n")
        path.write_text(headers + "\n", encoding="utf-8")


def _add_packages(stage: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyi", "py.typed")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, stage / package, ignore=ignored)


def _add_bytecode(stage: Path) -> None:
    """Compile with the interpreter of the Lambda runtime, or leave the bytecode out.

    The files are checked by no one at run time (unchecked-hash), so they hold no time,
    and name their sources as they lie in Lambda.
    """
    python = interpreters.find(RUNTIME)
    if python is None:
        print("No Python 3.13 found: the bundle has no bytecode, so cold starts take longer.")
        return
    command = [str(python), "-m", "compileall", "-q", "-j", "1", "-o", "0"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(stage), "-p", "/var/task"]
    # Set order depends on the hash seed, and the order is written into the bytecode.
    run([*command, str(stage)], PYTHONHASHSEED="0")


def _normalise(stage: Path) -> None:
    """Give every file and folder the same time and mode on every machine."""
    moment = int(os.environ.get("SOURCE_DATE_EPOCH", OLDEST))
    for path in [*sorted(stage.rglob("*"), reverse=True), stage]:
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (moment, moment))


def _zip(folder: Path, archive: Path) -> None:
    """Pack a folder so that equal folders make equal archives."""
    moment = max(int(folder.stat().st_mtime), OLDEST)
    stamp = datetime.fromtimestamp(moment, tz=UTC).timetuple()[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as pack:
        for path in _files(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), stamp)
            entry.external_attr = (0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            pack.writestr(entry, path.read_bytes())


def _files(folder: Path) -> Iterator[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    yield from sorted(files, key=lambda path: path.relative_to(folder).as_posix())


def _equal(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files."""
    names, others = (
        [path.relative_to(folder).as_posix() for path in _files(folder)] for folder in (one, other)
    )
    if names != others:
        return False
    _, different, unreadable = filecmp.cmpfiles(one, other, names, shallow=False)
    return not (different or unreadable)


def main() -> int:
    """Build the bundle and print its size and fingerprint."""
    given = build_parser().parse_args()
    target = given.output.resolve()
    try:
        archive = build(target, runs_here=given.runs_here)
    except CommandFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    unpacked = sum(path.stat().st_size for path in _files(target))
    sizes = f"{unpacked:,} bytes unpacked, {archive.stat().st_size:,} bytes zipped"
    print(f"{target}: version {version()}, {sizes}")
    print(f"{archive}: sha256 {hashlib.sha256(archive.read_bytes()).hexdigest()}")
    print(f"Beside it: {target.name}.cdx.json (CycloneDX), {target.name}.sha256 (checksums)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
