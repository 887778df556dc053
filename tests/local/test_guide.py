"""docs/guide.md, from its first command to its last."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pytest

from emulator.local.aws import ADMINISTRATOR, HOME_REGION, LocalAWS
from emulator.local.pipeline import Pipeline
from tests.local.consumer import MEMBERS
from tests.local.pipelines import build_image
from tools.environments import ROOT, prepare

_PROFILES = dict(
    zip(
        ("administrator", "development", "production-1", "production-2"),
        (ADMINISTRATOR, *MEMBERS),
        strict=False,
    )
)
_PROFILE = """[profile {name}]
aws_access_key_id = {account}
aws_secret_access_key = test
"""
# The AWS CLI looks every half minute whether a stack is there; this one need not sleep that long.
_IMPATIENT = """import time
sleep = time.sleep
time.sleep = lambda seconds: sleep(min(seconds, 0.5))
"""
_END = "--- end of block"


@dataclass
class Reader:
    """Somebody who types what the guide says.

    Attributes:
        aws: The local AWS.
        folder: Takes the reader's files.
        programs: A folder of programs that come first on PATH.
        deployed: The commits that went through the pipeline.
    """

    aws: LocalAWS
    folder: Path
    programs: Path
    deployed: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(self.folder / "host"))
        self._git("clone", "--quiet", str(self.folder / "host"), str(self.folder / "application"))
        (self.folder / "config").write_text(
            "".join(_PROFILE.format(name=name, account=_PROFILES[name]) for name in _PROFILES)
        )
        (self.folder / "sitecustomize.py").write_text(_IMPATIENT)
        self._shell = subprocess.Popen(
            ["/bin/bash", "-e", "-u", "-o", "pipefail"],
            cwd=ROOT,
            env=self._environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.communicate()

    def type(self, block: str) -> str:
        """Type a block into the shell, whose variables stay; return what was written.

        Raises:
            AssertionError: A command failed.
        """
        assert self._shell.stdin
        assert self._shell.stdout
        self._shell.stdin.write(f"{block}\necho '{_END}'\n")
        self._shell.stdin.flush()
        written: list[str] = []
        for line in self._shell.stdout:
            if line.rstrip().endswith(_END):
                return "".join(written) + line.removesuffix(f"{_END}\n")
            written.append(line)
        message = f"this failed:\n{block}\n{''.join(written)}"
        raise AssertionError(message)

    def deliver(self) -> None:
        """Do what the pipeline does when the repository's host has a new commit."""
        stacks = self.aws.client("cloudformation").describe_stacks()["Stacks"]
        outputs = [
            each["Outputs"] for each in stacks if each["StackName"] == "application-pipeline"
        ]
        if not outputs:
            return
        commit = self._git("-C", str(self.folder / "host"), "rev-parse", "main")
        if commit in self.deployed:
            return
        self.deployed.append(commit)
        source = self.folder / commit
        self._git("clone", "--quiet", str(self.folder / "host"), str(source))
        name = outputs[0][0]["OutputValue"]
        Pipeline(self.aws, name, self.folder / "execution", self.programs).run(
            source, lambda _: True
        )

    def is_sealed(self) -> dict[str, bool]:
        """Whether the macro has put a digest into each application's template."""
        client = self.aws.client("cloudformation")
        names = [each["StackName"] for each in client.describe_stacks()["Stacks"]]
        return {
            name: "TemplateDigest"
            in json.dumps(
                client.get_template(StackName=name, TemplateStage="Processed")["TemplateBody"]
            )
            for name in sorted(names)
            if name.startswith("application-") and name != "application-pipeline"
        }

    def _environment(self) -> dict[str, str]:
        kept = {
            key: value
            for key, value in os.environ.items()
            if key in {"HOME", "LANG"} or key.startswith(("PIP_", "UV_"))
        }
        return {
            **kept,
            **self.aws.command_line(),
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "PYTHONPATH": str(self.folder),
            "AWS_CONFIG_FILE": str(self.folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.folder / "none"),
            "APPLICATION": str(self.folder / "application"),
            "REPOSITORY": "owner/application",
            "CONNECTION": (
                f"arn:aws:codeconnections:{HOME_REGION}:{ADMINISTRATOR}:connection/"
                "00000000-0000-0000-0000-000000000000"
            ),
            **_GIT,
        }

    def _git(self, *words: str) -> str:
        done = subprocess.run(
            ["git", *words],  # noqa: S607 - whichever git there is
            check=True,
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], **_GIT},
        )
        return done.stdout.strip()


_GIT = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_AUTHOR_NAME": "Reader",
    "GIT_AUTHOR_EMAIL": "reader@example.com",
    "GIT_COMMITTER_NAME": "Reader",
    "GIT_COMMITTER_EMAIL": "reader@example.com",
}


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader with four empty accounts."""
    python = Path(os.environ.get("EMULATOR_PYTHON") or prepare("emulator").python)
    programs = build_image(tmp_path / "image")
    with LocalAWS(python, tmp_path / "aws") as aws, Reader(aws, tmp_path, programs) as typing:
        yield typing


def test_guide(reader: Reader) -> None:
    """Every command works, every account greets as the guide says, and the macro sees it all."""
    text = (ROOT / "docs" / "guide.md").read_text("utf-8")
    greetings = []
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        greetings += re.findall(r'"(Hello[^"]*)"', reader.type(block))
        reader.deliver()
    plain = [f"Hello from {account} in {HOME_REGION}" for account in MEMBERS[:3]]

    assert greetings == [
        *plain,
        *(greeting.replace("Hello", "Hello greets you") for greeting in plain),
        *plain,
    ]
    assert len(reader.deployed) == 3
    assert reader.is_sealed() == {"application-development": True, "application-production": True}
