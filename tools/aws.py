"""The AWS CLI as a function, with its errors as exceptions."""

import functools
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

from tools.environments import prepare

_ERROR = re.compile(r"An error occurred \((?P<code>[^)]+)\).*?: (?P<text>.*)", re.DOTALL)


class AwsError(Exception):
    """The AWS CLI failed.

    Attributes:
        code: The service's error code, or empty when the call never reached a service.
        text: What it said.
    """

    def __init__(self, said: str) -> None:
        match = _ERROR.search(said)
        self.code = match["code"] if match else ""
        self.text = (match["text"] if match else said).strip().rstrip(".")
        super().__init__(f"{self.text} ({self.code})" if self.code else self.text)


@dataclass(frozen=True)
class Aws:
    """The AWS CLI for one region and profile."""

    region: str
    profile: str

    def __call__(self, *words: str) -> Any:  # noqa: ANN401
        """Run a command and return its JSON output; None when it printed nothing.

        Raises:
            AwsError: The command failed.
        """
        done = self._run(words, capture=True)
        if done.returncode:
            raise AwsError(done.stderr.strip() or f"aws {' '.join(words)} failed")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def show(self, *words: str) -> bool:
        """Run a command before the user's eyes; tell whether it succeeded."""
        return self._run(words, capture=False).returncode == 0

    def _run(self, words: tuple[str, ...], *, capture: bool) -> subprocess.CompletedProcess[str]:
        options = [f"--region={self.region}"] if self.region else []
        options += [f"--profile={self.profile}"] if self.profile else []
        command = [program(), *words, *options]
        env = {**os.environ, "AWS_PAGER": "", "AWS_DEFAULT_OUTPUT": "json"}
        return subprocess.run(command, check=False, text=True, capture_output=capture, env=env)


def configured_region(profile: str) -> str:
    """The region of the environment or of the profile; empty when there is none."""
    told = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if told:
        return told
    command = [program(), "configure", "get", "region"]
    command += [f"--profile={profile}"] if profile else []
    done = subprocess.run(command, check=False, text=True, capture_output=True)
    return done.stdout.strip()


@functools.cache
def program() -> str:
    """The AWS CLI on PATH when it works, else one in an environment of the project's own."""
    found = shutil.which("aws")
    if found:
        command = [found, "--version"]
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return found
    return str(prepare("awscli").program("aws"))
