"""The lock files: made by one program, and one service model on both sides of the local AWS."""

import re
from pathlib import Path

import pytest

from tools import environments, locks
from tools.environments import ENVIRONMENTS, REQUIREMENTS


def _pinned(lock: str) -> dict[str, str]:
    text = (REQUIREMENTS / f"{lock}.txt").read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("package", ["boto3", "botocore"])
def test_one_service_model(package: str) -> None:
    """What ships, what is tested and what answers locally have the same SDK."""
    assert len({_pinned(lock)[package] for lock in ("runtime", "dev", "emulator")}) == 1


def test_every_lock_is_made_by_the_program() -> None:
    """Each lock has a command, of this very file, and each environment's locks are among them."""
    made = locks.commands("uv", [])
    assert made.keys() == {path.stem for path in REQUIREMENTS.glob("*.txt")}
    assert {lock for each in ENVIRONMENTS.values() for lock in each.locks} <= made.keys()
    for name, command in made.items():
        assert command[-2:] == ["--output-file", f"requirements/{name}.txt"]
        assert "--generate-hashes" in command


def test_overridden_locks_install_without_a_second_opinion(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only the environment whose lock goes against a package is installed with --no-deps."""
    asked: list[list[str]] = []
    monkeypatch.setattr(environments, "run_either", lambda uv_pip, _: asked.append(uv_pip))
    for environment in ENVIRONMENTS.values():
        environments._install(environment, tmp_path)
    without = [words[-1] for words in asked if "--no-deps" in words]
    assert without == [str(ENVIRONMENTS["emulator"].python)]


def test_newest_versions_by_name() -> None:
    """Packages named on the command line are upgraded, the others stay."""
    [command] = [each for name, each in locks.commands("uv", ["a", "b"]).items() if name == "dev"]
    upgraded = [command[i + 1] for i, word in enumerate(command) if word == "--upgrade-package"]
    assert upgraded == ["a", "b"]
