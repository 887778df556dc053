"""The example pipeline: from a change in the repository to every account, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.local.aws import ADMINISTRATOR, LocalAWS
from emulator.local.pipeline import ActionFailed, Pipeline
from tests.local.consumer import MEMBERS, Consumer
from tests.local.pipelines import EXAMPLE, Delivery, build_image, copy_example

_ACCOUNTS = MEMBERS[:3]
_STACKS = ("application-development", "application-production")
_CONNECTION = f"arn:aws:codeconnections:eu-west-1:{ADMINISTRATOR}:connection/0"
_BROKEN = """
  Broken:
    Type: AWS::SSM::Parameter
    Properties: {Type: Nonsense, Value: x}

Outputs:"""


@pytest.fixture(scope="module")
def delivery(provider: LocalAWS, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    """The example's bucket and pipeline, deployed; what they deployed is gone afterwards."""
    bucket = provider.deploy(
        "stackset-resource-artifacts",
        EXAMPLE.parent / "bucket.yaml",
        {"ReaderAccounts": ",".join(_ACCOUNTS)},
    ).require()
    deployed = provider.deploy(
        "delivery",
        EXAMPLE / "pipeline.yaml",
        {
            "ArtifactBucket": bucket.outputs["BucketName"],
            "ConnectionArn": _CONNECTION,
            "Repository": "example/application",
        },
    ).require()
    folder = tmp_path_factory.mktemp("delivery")
    repository = copy_example(folder / "repository")
    programs = build_image(folder / "image")
    name = deployed.outputs["PipelineName"]
    pipeline = Pipeline(provider, name, folder / "execution", programs)
    yield Delivery(provider, repository, pipeline, [])
    for stack in (*_STACKS, "delivery"):
        provider.delete(stack).require()


@pytest.fixture
def deployed(delivery: Delivery) -> Delivery:
    """The application in every account, as the repository has it."""
    if list(delivery.greetings(MEMBERS)) != _ACCOUNTS:
        delivery.push()
    delivery.plans.clear()
    return delivery


def test_first_push_reaches_every_account(delivery: Delivery) -> None:
    """The first execution makes both stack sets, and the plan is shown before each."""
    execution = delivery.push()

    assert delivery.greetings(MEMBERS) == {
        account: f"Hello from {account} in eu-west-1" for account in _ACCOUNTS
    }
    assert delivery.plans == [f"Changes of {stack}: Add Application" for stack in _STACKS]
    assert execution.results["Production.Deploy"] == "CREATE_COMPLETE"


def test_one_character_reaches_every_account(deployed: Delivery, consumer: Consumer) -> None:
    """One character of the code is a new function everywhere; other stack sets are left alone."""
    consumer.deploy(MEMBERS[:1]).require()
    before = deployed.operations()
    deployed.edit("app/src/index.py", "from {account}", "From {account}")
    deployed.push()
    after, said = deployed.operations(), deployed.greetings(MEMBERS)

    assert list(said) == _ACCOUNTS
    assert all(greeting.startswith("Hello From ") for greeting in said.values())
    assert deployed.plans[0].startswith(f"Changes of {_STACKS[0]}: Modify Application")
    assert after[consumer.name] == before[consumer.name]
    changes = sorted(len(after[name]) - len(before[name]) for name in after)
    assert changes == [*[0] * (len(changes) - 2), 1, 1]


def test_nothing_new_is_nothing_done(deployed: Delivery) -> None:
    """The same commit once more: no change set to execute, no operation."""
    before = deployed.operations()
    (deployed.repository / "app" / "src" / "index.py").touch()
    execution = deployed.push()

    assert deployed.operations() == before
    assert deployed.plans == [f"Changes of {stack}: nothing" for stack in _STACKS]
    for stage in ("Development", "Production"):
        assert "didn't contain changes" in execution.results[f"{stage}.Prepare"]


def test_broken_template_is_rolled_back(deployed: Delivery) -> None:
    """A template that no account can deploy stops in development, back on what was there."""
    said, before = deployed.greetings(MEMBERS), deployed.templates()
    with (
        deployed.edited("app/src/index.py", "{os.environ['GREETING']}", "broken"),
        deployed.edited("app/template.yaml", "\nOutputs:", _BROKEN),
        pytest.raises(ActionFailed, match=r"Development.Deploy: .*UPDATE_ROLLBACK_COMPLETE"),
    ):
        deployed.push()

    assert deployed.greetings(MEMBERS) == said
    assert deployed.templates() == before
    assert len(deployed.plans) == 1


def test_rejection_deploys_nothing(deployed: Delivery) -> None:
    """Who says no to the plan keeps what is there."""
    said, before = deployed.greetings(MEMBERS), deployed.operations()
    with (
        deployed.edited("development.json", "Hello", "Bonjour"),
        pytest.raises(ActionFailed, match=r"Development.Approve: rejected"),
    ):
        deployed.pipeline.run(deployed.repository, lambda _: False)

    assert deployed.greetings(MEMBERS) == said
    assert deployed.operations() == before


def test_requirement_is_the_tested_one(request: pytest.FixtureRequest) -> None:
    """The pipeline installs the version of the AWS CLI that this project tests with."""
    root: Path = request.config.rootpath
    lock = (root / "requirements" / "awscli.txt").read_text("utf-8")
    [wanted] = [
        line
        for line in (EXAMPLE / "requirements.txt").read_text("utf-8").splitlines()
        if not line.startswith("#")
    ]

    assert wanted in lock.split()
