"""The project's virtual environments, each made once from its lock file.

Needs nothing but the standard library: it runs before anything is installed.
`python -m tools.environments NAME` makes the environment and prints its interpreter.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools import interpreters

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
        runs_bundle: Whether the bundle runs here, which takes the Python of the Lambda runtime.
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
    "emulator": Environment(".tools/emulator", ("emulator",), runs_bundle=True, overridden=True),
    "audit": Environment(".tools/audit", ("audit",)),
    "awscli": Environment(".tools/awscli", ("awscli",)),
    # As bare as the Lambda runtime: what the bundle lacks is missing here, too.
    "lambda": Environment(".tools/lambda", ("lambda",), runs_bundle=True),
}


class CommandFailed(Exception):
    """A command did not succeed; the text names it and says what it wrote."""


def prepare(name: str) -> Environment:
    """Make an environment unless it is there already, made from the same locks."""
    environment = ENVIRONMENTS[name]
    stamp = environment.path / ".made-from"
    with alone(environment.path.name):
        wanted = _fingerprint(environment)
        if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
            return environment
        print(f"Preparing {environment.folder} ...", file=sys.stderr)
        shutil.rmtree(environment.path, ignore_errors=True)
        _make(environment)
        for lock in environment.locks:
            _install(environment, REQUIREMENTS / f"{lock}.txt")
        stamp.write_text(wanted, encoding="utf-8")
    return environment


def uv() -> str | None:
    """The path of uv, installed with the project's own environment, if it is there."""
    program = ENVIRONMENTS["project"].program("uv")
    return str(program) if program.exists() else None


def _make(environment: Environment) -> None:
    """Make it empty; pip, slow to set up, goes only where it is needed."""
    program = uv()
    python = interpreters.find(RUNTIME) if environment.runs_bundle else Path(sys.executable)
    if python:
        bare = ["--without-pip"] if program and not environment.keeps_pip else []
        run([str(python), "-m", "venv", *bare, str(environment.path)])
        return
    version = ".".join(map(str, RUNTIME))
    if program is None:
        msg = f"{environment.folder} needs Python {version}, as in Lambda: install it first."
        raise CommandFailed(msg)
    # Fetches a Python where the machine has none of this version.
    run([program, "venv", "--quiet", "--python", version, str(environment.path)])


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
        CommandFailed: Neither worked.
    """
    program = uv()
    if program:
        try:
            run([program, "pip", *uv_pip], UV_SYSTEM_CERTS="1")
        except CommandFailed:
            print("uv could not reach the packages; trying pip.", file=sys.stderr)
        else:
            return
    run(pip)


def run(command: list[str], cwd: Path | None = None, **variables: str) -> None:
    """Run a command in silence, in a folder, with additional environment variables.

    Raises:
        CommandFailed: It did not succeed; the text is what it wrote.
    """
    env = {**os.environ, **variables}
    done = subprocess.run(command, check=False, text=True, capture_output=True, env=env, cwd=cwd)
    if done.returncode:
        msg = f"{' '.join(command)} failed:\n{(done.stderr or done.stdout).strip()}"
        raise CommandFailed(msg)


def _fingerprint(environment: Environment) -> str:
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
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
