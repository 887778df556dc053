"""Writes the lock files in requirements/ anew from pyproject.toml.

`python -m tools.locks` keeps every version that still fits; `python -m tools.locks boto3 botocore`
takes the newest of these. Needs uv, which comes with the project's own environment.
"""

import shutil
import sys

from tools import environments
from tools.environments import REQUIREMENTS, ROOT
from tools.programs import CommandFailed, run

# The oldest Python that pyproject.toml allows: a lock serves all from there.
OLDEST = "3.11"

# What the command needs, and what is needed besides to work on all of it.
_PROJECT = {"command": ["pyproject.toml"], "dev": ["pyproject.toml", "--group", "dev"]}
_GROUPS = ("audit", "awscli", "build", "deploy", "lambda", "runtime")
# The local AWS asks for a botocore of its own, but the StackSets and the handler in it must know
# the same service model: this lock goes against what ministack asks for.
_OVERRIDDEN = {"emulator": "emulator.overrides"}


def commands(uv: str, upgrade: list[str]) -> dict[str, list[str]]:
    """Return the command that writes each lock, by its file's name without the ending."""
    start = [uv, "pip", "compile", "--quiet", "--generate-hashes", "--no-header"]
    start += ["--universal", "--python-version", OLDEST]
    for package in upgrade:
        start += ["--upgrade-package", package]
    sources = {**_PROJECT, **{group: ["--group", group] for group in _GROUPS}}
    for group, overrides in _OVERRIDDEN.items():
        sources[group] = ["--group", group, "--overrides", f"requirements/{overrides}"]
    return {
        name: [*start, *source, "--output-file", f"requirements/{name}.txt"]
        for name, source in sources.items()
    }


def main(upgrade: list[str]) -> int:
    """Write all locks; returns the exit status."""
    uv = environments.uv() or shutil.which("uv")
    if uv is None:
        print("locks: needs uv, which ./build.sh installs.", file=sys.stderr)
        return 1
    try:
        for name, command in commands(uv, upgrade).items():
            run(command, cwd=ROOT)
            print(REQUIREMENTS / f"{name}.txt")
    except CommandFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
