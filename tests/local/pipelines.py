"""A repository with the example pipeline's files, and the pipeline that deploys it."""

from __future__ import annotations

import contextlib
import shutil
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from emulator.local.aws import HOME_REGION, LocalAWS
from emulator.local.pipeline import Execution, Pipeline
from tools.environments import ROOT, prepare

EXAMPLE = ROOT / "examples" / "pipeline"
_DESCRIPTION = "Greets, and says where it runs"


def build_image(folder: Path) -> Path:
    """Make what a build machine has: python, pip and the AWS CLI, its packages already cached.

    Args:
        folder: Takes it.

    Returns:
        The folder of its programs.
    """
    awscli = prepare("awscli")
    venv.create(folder, with_pip=True)
    [site] = folder.glob("lib/python*/site-packages")
    [packages] = awscli.path.glob("lib/python*/site-packages")
    (site / "awscli.pth").write_text(f"{packages}\n", encoding="utf-8")
    programs = folder / "bin"
    (programs / "aws").symlink_to(awscli.program("aws"))
    return programs


def copy_example(repository: Path) -> Path:
    """Make a repository as the guide does: the example, and the package step beside it."""
    shutil.copytree(EXAMPLE, repository)
    shutil.copy(ROOT / "tools" / "package.py", repository)
    return repository


@dataclass
class Delivery:
    """A repository and its pipeline.

    Attributes:
        aws: The local AWS.
        repository: The repository's folder.
        pipeline: The pipeline.
        plans: What reviewers were shown, oldest first.
    """

    aws: LocalAWS
    repository: Path
    pipeline: Pipeline
    plans: list[str]

    def push(self) -> Execution:
        """Run the stages on what the repository holds; everything is approved."""

        def approve(text: str) -> bool:
            self.plans.append(text)
            return True

        return self.pipeline.run(self.repository, approve)

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that occurs once in a file of the repository."""
        path = self.repository / file
        text = path.read_text("utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")

    @contextlib.contextmanager
    def edited(self, file: str, old: str, new: str) -> Iterator[None]:
        """Edit a file, and take it back afterwards."""
        path = self.repository / file
        text = path.read_text("utf-8")
        self.edit(file, old, new)
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")

    def greetings(self, accounts: list[str]) -> dict[str, str]:
        """Call the application in each account; an account without it is not in the answer."""
        greetings = {}
        for account in accounts:
            functions = self.aws.client("lambda", account, HOME_REGION)
            for found in functions.list_functions()["Functions"]:
                if found["Description"] == _DESCRIPTION:
                    answer = functions.invoke(FunctionName=found["FunctionName"])
                    greetings[account] = answer["Payload"].read().decode().strip('"')
        return greetings

    def templates(self) -> dict[str, str]:
        """The template of every stack set there is, by its name."""
        client = self.aws.client("cloudformation")
        return {
            name: client.describe_stack_set(StackSetName=name)["StackSet"]["TemplateBody"]
            for name in self._stack_sets()
        }

    def operations(self) -> dict[str, list[str]]:
        """The operations of every stack set there is, by its name."""
        client = self.aws.client("cloudformation")
        return {
            name: [
                each["OperationId"]
                for each in client.list_stack_set_operations(StackSetName=name)["Summaries"]
            ]
            for name in self._stack_sets()
        }

    def _stack_sets(self) -> list[str]:
        found = self.aws.client("cloudformation").list_stack_sets(Status="ACTIVE")
        return [each["StackSetName"] for each in found["Summaries"]]
