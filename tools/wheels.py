"""The packages that ship, fetched once: later builds need no network.

They lie in .tools/wheels/, in a folder for each lock file, by its digest, and kind of machine.
"""

import hashlib
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.environments import REQUIREMENTS, ROOT, RUNTIME, alone
from tools.programs import run

STORE = ROOT / ".tools" / "wheels"
LOCK = REQUIREMENTS / "runtime.txt"
# Each package as the lock has it, and nothing that would have to be compiled.
_DOWNLOAD = [
    *(sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"),
    *("--require-hashes", "--no-deps", "--only-binary", ":all:", "--retries", "2"),
]


@dataclass(frozen=True)
class Machine:
    """Where packages are to run: in Lambda, or here.

    Args:
        architecture: That of a Lambda function; None for this Python on this machine.
    """

    architecture: str | None = None

    @property
    def name(self) -> str:
        """What its folder is called."""
        here = f"{sys.platform}-{sys.version_info[0]}.{sys.version_info[1]}"
        return self.architecture or here

    def for_pip(self) -> list[str]:
        """Returns the words that tell it to pip."""
        if self.architecture is None:
            return []
        words = ["--python-version", _runtime()]
        for tag in ("manylinux_2_28", "manylinux_2_17", "manylinux2014"):
            words += ["--platform", f"{tag}_{self.architecture}"]
        return words


def _runtime() -> str:
    return ".".join(map(str, RUNTIME))


def unpack(machine: Machine, target: Path, ships: Callable[[str], bool]) -> None:
    """Unpack what ships for a machine, beside what is there already.

    Args:
        machine: Where it is to run.
        target: The folder.
        ships: Whether a file is wanted, by its path in the wheel.

    Raises:
        CommandFailed: The wheels are not there, and could not be fetched.
    """
    for wheel in sorted(fetch(machine).iterdir()):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if not name.endswith("/") and ships(name) and not (target / name).exists():
                    archive.extract(name, target)


def fetch(machine: Machine) -> Path:
    """Fetch the wheels that the lock file names for a machine, unless they are there.

    Returns:
        The folder that holds them and nothing else.

    Raises:
        CommandFailed: They could not be fetched.
    """
    folder = STORE / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16] / machine.name
    with alone("wheels"):
        if not _intact(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as scratch:
                draft = Path(scratch) / folder.name
                run([*_DOWNLOAD, "-r", str(LOCK), "--dest", str(draft), *machine.for_pip()])
                shutil.rmtree(folder, ignore_errors=True)
                draft.rename(folder)
    return folder


def _intact(folder: Path) -> bool:
    """Whether each package of the lock is there, as the lock has it."""
    lock = LOCK.read_text("utf-8")
    found = [hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*")]
    complete = len(found) == len(re.findall(r"^\S+==", lock, re.MULTILINE))
    return complete and all(f"--hash=sha256:{digest}" in lock for digest in found)
