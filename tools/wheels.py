"""The packages that ship, fetched once: later builds need no network.

They lie in .tools/wheels/, in a folder for each lock file, by its digest, and kind of machine.
"""

import hashlib
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tools.environments import REQUIREMENTS, ROOT, RUNTIME, alone, run_either
from tools.programs import run

STORE = ROOT / ".tools" / "wheels"
LOCK = REQUIREMENTS / "runtime.txt"
_PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
# Each package as the lock has it, and nothing that would have to be compiled.
_STRICTLY = ["--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:"]


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

    def for_uv(self) -> list[str]:
        """Returns the words that tell it to uv."""
        this = ["--python", sys.executable]
        if self.architecture is None:
            return this
        platform = f"{self.architecture}-manylinux_2_28"
        return [*this, "--python-version", _runtime(), "--python-platform", platform]


def _runtime() -> str:
    return ".".join(map(str, RUNTIME))


def install(target: Path, machine: Machine) -> Path:
    """Install what ships, for a machine, from wheels that are fetched if need be.

    Args:
        target: The folder.
        machine: Where it is to run.

    Returns:
        The folder.

    Raises:
        CommandFailed: They could not be fetched, or are not those of the lock.
    """
    wanted = ["install", *_STRICTLY, "--target", str(target), "-r", str(LOCK)]
    wanted += ["--no-index", "--find-links", str(fetch(machine))]
    run_either(
        [*wanted, "--offline", *machine.for_uv()],
        [*_PIP, *wanted, "--no-compile", *machine.for_pip()],
    )
    return target


def fetch(machine: Machine) -> Path:
    """Fetch the wheels that the lock file names for a machine, unless they are there.

    Raises:
        CommandFailed: They could not be fetched.
    """
    folder = STORE / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16] / machine.name
    with alone("wheels"):
        if not folder.is_dir():
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".") as scratch:
                draft = Path(scratch) / folder.name
                download = ["download", *_STRICTLY, "--retries", "2", "-r", str(LOCK)]
                run([*_PIP, *download, "--dest", str(draft), *machine.for_pip()])
                draft.rename(folder)
    return folder
