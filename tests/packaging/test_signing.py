"""The bundle is signed where functions have a code signing configuration."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.answers import ACCOUNT, DENIED, Answers
from tools.artifacts import Artifact
from tools.signing import sign
from tools.standing import DeployFailed

BUNDLE = Artifact("mine", "stackset-resource/0a1b.zip", "v1")
FILES = {"handler/app.py": "serve()", "macro/app.py": "process()"}
SIGNATURE = {"META-INF/aws_signer_signature_v1.0.SF": "signed"}


def archive(path: Path, *files: dict[str, str]) -> Path:
    """Write a zip file."""
    with zipfile.ZipFile(path, "w") as made:
        for each in files:
            for name, text in each.items():
                made.writestr(name, text)
    return path


def signed(*files: dict[str, str]) -> dict[str, object]:
    """The answers of a Signer, and of a bucket in which these files lie."""
    write: Callable[[str], Path] = lambda path: archive(Path(path), *files)  # noqa: E731
    return {
        "start-signing-job": {"jobId": "job"},
        "wait job": None,
        "describe-signing-job": {
            "signedObject": {"s3": {"bucketName": "mine", "key": "signed.zip"}}
        },
        "head-object": {"VersionId": "v2"},
        "get-object": write,
    }


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Returns the bundle as a file."""
    return archive(tmp_path / "bundle.zip", FILES)


def test_the_signed_bundle(bundle: Path) -> None:
    """What Signer made of the verified version is deployed, in its own version."""
    aws = Answers(given=signed(FILES, SIGNATURE))
    assert sign(aws, ACCOUNT, BUNDLE, "Team", bundle) == Artifact("mine", "signed.zip", "v2")
    commands = [each.split()[0] for each in aws.asked]
    start, describe = "start-signing-job", "describe-signing-job"
    assert commands == [start, "wait", describe, "head-object", "get-object"]


def test_signing_again_is_the_same_job(bundle: Path) -> None:
    """Signer knows the job by its token, which another bundle or profile does not have."""
    aws = Answers(given=signed(FILES, SIGNATURE))
    other = Artifact("mine", "stackset-resource/0a1b.zip", "v3")
    for each, profile in ((BUNDLE, "Team"), (BUNDLE, "Team"), (other, "Team"), (BUNDLE, "Two")):
        sign(aws, ACCOUNT, each, profile, bundle)
    tokens = [each for each in aws.asked if each.startswith("start-signing-job")]
    assert tokens[0] == tokens[1]
    assert len(set(tokens)) == 3


@pytest.mark.parametrize(
    "files",
    [
        [{**FILES, "handler/app.py": "steal()"}, SIGNATURE],
        [FILES, SIGNATURE, {"boto3.py": "steal()"}],
        [{"handler/app.py": "serve()"}, SIGNATURE],
    ],
)
def test_what_somebody_has_put_in_its_place(bundle: Path, files: list[dict[str, str]]) -> None:
    """Other code is not deployed, whoever may write the bucket."""
    with pytest.raises(DeployFailed, match="does not hold the bundle's files"):
        sign(Answers(given=signed(*files)), ACCOUNT, BUNDLE, "Team", bundle)


@pytest.mark.parametrize("call", ["start-signing-job", "wait job", "describe-signing-job"])
def test_what_was_not_signed(call: str, bundle: Path) -> None:
    """An unsigned bundle is not deployed in its place."""
    with pytest.raises(DeployFailed, match="Profile Team has not signed the bundle"):
        sign(Answers(given={**signed(FILES), call: DENIED}), ACCOUNT, BUNDLE, "Team", bundle)
