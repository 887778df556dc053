"""What build machines do: run commands, one after the other, in one shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import yaml

# In the order in which CodeBuild goes through them.
_PHASES = ("install", "pre_build", "build", "post_build")


@dataclass(frozen=True)
class BuildSpec:
    """What a build does.

    Attributes:
        commands: The commands of all phases, in order.
        files: Patterns of the files that it hands on.
    """

    commands: Sequence[str]
    files: Sequence[str]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a buildspec file."""
        spec = yaml.safe_load(path.read_text("utf-8"))
        phases = [spec["phases"].get(name, {}) for name in _PHASES]
        commands = [command for phase in phases for command in phase.get("commands", [])]
        return cls(commands, spec["artifacts"]["files"])


@dataclass(frozen=True)
class Result:
    """How commands ended.

    Attributes:
        returncode: 0, or that of the command that failed.
        text: What they wrote.
        variables: The variables that were asked for.
    """

    returncode: int
    text: str
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shell:
    """A shell with programs and variables of its own.

    Attributes:
        programs: A folder that comes first on PATH.
        variables: What is set besides PATH and HOME.
    """

    programs: Path
    variables: Mapping[str, str]

    def run(self, commands: Sequence[str], folder: Path, wanted: Sequence[str] = ()) -> Result:
        """Run commands until one fails.

        Args:
            commands: The commands; what one exports, the next one sees.
            folder: Where they start.
            wanted: Variables whose values are told afterwards.
        """
        told = folder.parent / "variables"
        tell = [f"printf '%s\\0' \"${{{name}}}\" >> '{told}'" for name in wanted]
        told.write_bytes(b"")
        done = subprocess.run(  # noqa: S603 - running commands is what it is for
            ["/bin/bash", "-e", "-u", "-o", "pipefail", "-c", "\n".join([*commands, *tell])],
            check=False,
            cwd=folder,
            env={
                "HOME": os.environ.get("HOME", "/"),
                "PATH": f"{self.programs}:/usr/local/bin:/usr/bin:/bin",
                **self.variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        values = told.read_text("utf-8").split("\0")
        return Result(done.returncode, done.stdout, dict(zip(wanted, values, strict=False)))
