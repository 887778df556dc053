"""One bundle and one local AWS for all tests of this folder."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.local.aws import ADMINISTRATOR, LocalAWS
from tools import bundle as bundler
from tools import interpreters
from tools.environments import ROOT, RUNTIME, prepare

Front = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly built bundle, unpacked; the zip file lies beside it."""
    prepare("lambda")
    folder = tmp_path_factory.mktemp("build") / "bundle"
    bundler.build(folder)
    return folder


@pytest.fixture(scope="session")
def runnable(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, as it runs on this machine, where Lambda's Python may be missing."""
    if interpreters.find(RUNTIME):
        return bundle
    folder = tmp_path_factory.mktemp("here") / "bundle"
    bundler.build(folder, runs_here=True)
    return folder


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAWS]:
    """A local AWS that enforces IAM."""
    python = prepare("emulator").python
    with LocalAWS(python, tmp_path_factory.mktemp("local-aws")) as running:
        yield running


@pytest.fixture(scope="session")
def front_door(tmp_path_factory: pytest.TempPathFactory) -> Front:
    """Run build.sh as a person with nothing configured would; more variables by keyword."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    def run(
        *words: str, root: Path = ROOT, cwd: Path = elsewhere, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        kept = {key: os.environ[key] for key in ("HOME", "PATH") if key in os.environ}
        nothing = str(elsewhere / "missing")
        env = {
            **kept,
            "AWS_CONFIG_FILE": nothing,
            "AWS_SHARED_CREDENTIALS_FILE": nothing,
            "AWS_EC2_METADATA_DISABLED": "true",
            **variables,
        }
        return subprocess.run(
            [root / "build.sh", *words],
            check=False,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    return run


@pytest.fixture(scope="session")
def as_administrator(aws: LocalAWS) -> dict[str, str]:
    """The variables with which the AWS CLI reaches the local AWS."""
    return {
        "AWS_ACCESS_KEY_ID": ADMINISTRATOR,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CA_BUNDLE": str(aws.certificate),
        "AWS_ENDPOINT_URL": aws.endpoint,
        "NO_PROXY": "127.0.0.1",
    }
