"""The project's virtual environments, each made once from its lock file.

Needs nothing but the standard library: it runs before anything is installed.
`python -m tools.environments NAME` makes the environment and prints its interpreter.
"""

import fcntl
import hashlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import interpreters
from tools.programs import CommandFailed, run

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"

# The Python of the Lambda runtime that template.yaml names.
RUNTIME = (3, 13)


@dataclass(frozen=True)
class Environment:
    """A virtual environment and what it holds.

    Attributes:
        folder: Where it lies, relative to the project.
        locks: Names of the lock files in requirements/, in the order of installation.
        runs_bundle: Whether the bundle runs here, best under the Python of the Lambda runtime.
        keeps_pip: Whether programs in it install with pip where there is no uv.
        overridden: Whether a lock goes against what a package asks for (see tools/locks.py).
    """

    folder: str
    locks: tuple[str, ...]
    runs_bundle: bool = False
    keeps_pip: bool = False
    overridden: bool = False

    @property
    def path(self) -> Path:
        """Its folder."""
        return ROOT / self.folder

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    def program(self, name: str) -> Path:
        """A program that one of its packages brings."""
        return self.path / "bin" / name


ENVIRONMENTS = {
    "project": Environment(".venv", ("build", "dev")),
    # To whom deploying is all, the tools of development are nothing but a risk.
    "deploy": Environment(".tools/deploy", ("deploy",), keeps_pip=True),
    "command": Environment(".tools/command", ("command",)),
    "emulator": Environment(".tools/emulator", ("emulator",), runs_bundle=True, overridden=True),
    "audit": Environment(".tools/audit", ("audit",)),
    "awscli": Environment(".tools/awscli", ("awscli",)),
    # As bare as the Lambda runtime: what the bundle lacks is missing here, too.
    "lambda": Environment(".tools/lambda", ("lambda",), runs_bundle=True),
}


def prepare(name: str) -> Environment:
    """Make an environment unless it is there already, made from the same locks."""
    environment = ENVIRONMENTS[name]
    stamp = environment.path / ".made-from"
    with alone(environment.path.name):
        python = _base(environment)
        wanted = _fingerprint(environment, python)
        made = stamp.is_file() and environment.python.exists()
        if made and stamp.read_text(encoding="utf-8") == wanted:
            return environment
        print(f"Preparing {environment.folder} ...", file=sys.stderr)
        # The stamp first: half an environment is none.
        stamp.unlink(missing_ok=True)
        shutil.rmtree(environment.path, ignore_errors=True)
        bare = ["--without-pip"] if uv() and not environment.keeps_pip else []
        run([str(python), "-m", "venv", *bare, str(environment.path)])
        for lock in environment.locks:
            _install(environment, REQUIREMENTS / f"{lock}.txt")
        stamp.write_text(wanted, encoding="utf-8")
    return environment


def uv() -> str | None:
    """The path of uv, installed with the project's own environment, if it is there."""
    program = ENVIRONMENTS["project"].program("uv")
    return str(program) if program.exists() else None


def _base(environment: Environment) -> Path:
    """The interpreter that it is made with: where Lambda's is missing, this one has to do."""
    lambdas = interpreters.find(RUNTIME) if environment.runs_bundle else None
    return lambdas or Path(sys.executable)


def _install(environment: Environment, lock: Path) -> None:
    wanted = ["install", "--quiet", "--require-hashes", "-r", str(lock)]
    if environment.overridden:
        # The lock is complete, so that nothing is missed.
        wanted.append("--no-deps")
    there = str(environment.python)
    installer = str(ENVIRONMENTS["project"].python) if uv() else there
    pip = [installer, "-m", "pip", "--disable-pip-version-check", "--python", there, *wanted]
    run_either([*wanted, "--python", there], pip)


def run_either(uv_pip: list[str], pip: list[str]) -> None:
    """Run `uv pip` with its arguments, which is fast, or else a pip command.

    Where a private index or certificate is set up for pip alone, only pip can work.

    Raises:
        CommandFailed: Neither worked; what pip says is what counts.
    """
    if program := uv():
        try:
            run([program, "pip", *uv_pip], UV_SYSTEM_CERTS="1")
        except CommandFailed:
            run(pip)
        return
    run(pip)


def _fingerprint(environment: Environment, python: Path) -> str:
    version = interpreters.version_of(python)
    digest = hashlib.sha256(f"{version} {ROOT}".encode())
    digest.update(b"--no-deps" if environment.overridden else b"")
    for lock in environment.locks:
        digest.update((REQUIREMENTS / f"{lock}.txt").read_bytes())
    return digest.hexdigest()


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Keep two commands started side by side from making the same thing, named in one word."""
    guard = ROOT / ".tools" / f"{name}.lock"
    guard.parent.mkdir(exist_ok=True)
    with guard.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Make the environments named on the command line; print each one's interpreter."""
    try:
        for name in sys.argv[1:]:
            print(prepare(name).python)
    except CommandFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
