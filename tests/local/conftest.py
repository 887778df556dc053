"""One local AWS with the deployed function for all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from emulator.local.aws import LocalAWS
from tests.local.consumer import MEMBERS, Consumer

_PARAMETERS = {
    "AdministrationRoleNames": (
        "AWSCloudFormationStackSetAdministrationRole,OwnStackSetAdministrationRole"
    )
}
_ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def emulator_python() -> Path:
    """The Python of the emulator's environment: EMULATOR_PYTHON, or what build.sh has made."""
    named = os.environ.get("EMULATOR_PYTHON")
    python = Path(named or _ROOT / ".tools" / "emulator" / "bin" / "python")
    if not named and not python.exists():
        pytest.skip("no emulator here: ./build.sh test sets one up")
    return python


@pytest.fixture(scope="session")
def aws(emulator_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAWS]:
    """A local AWS that enforces IAM."""
    with LocalAWS(emulator_python, tmp_path_factory.mktemp("local-aws")) as running:
        yield running


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The built bundle: BUNDLE, or what ./build.sh build has made."""
    path = Path(os.environ.get("BUNDLE", _ROOT / "build" / "bundle.zip"))
    if not path.exists():
        pytest.fail(f"no bundle at {path}: run ./build.sh build first")
    return path


@pytest.fixture(scope="session")
def provider(aws: LocalAWS, bundle: Path) -> LocalAWS:
    """The local AWS with both roles and the built function in it."""
    aws.make_roles(MEMBERS)
    aws.deploy_provider(bundle, _ROOT / "template.yaml", _PARAMETERS)
    return aws


@pytest.fixture
def consumer(provider: LocalAWS, request: pytest.FixtureRequest) -> Iterator[Consumer]:
    """A stack of this test's own that owns a stack set; gone afterwards, as are all faults."""
    name = request.node.name.removeprefix("test_").partition("[")[0].replace("_", "-")
    made = Consumer(provider, name)
    yield made
    provider.set_faults({})
    made.remove()


@pytest.fixture
def fail_in(provider: LocalAWS) -> Iterator[Callable[..., None]]:
    """Make deployments in an account fail."""

    def fail(account: str, **rule: object) -> None:
        fault = {"account": account, "reason": "Access denied by a guardrail", "seconds": 0.2}
        provider.set_faults({"deployments": [{**fault, **rule}]})

    yield fail
    provider.set_faults({})
