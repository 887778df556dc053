"""The bundle is signed where functions have a code signing configuration."""

import pytest

from tests.packaging.answers import ACCOUNT, DENIED, Answers
from tools.artifacts import Artifact
from tools.signing import sign
from tools.standing import DeployFailed

BUNDLE = Artifact("mine", "stackset-resource/0a1b.zip", "v1")
SIGNED = {
    "start-signing-job": {"jobId": "job"},
    "wait job": None,
    "describe-signing-job": {"signedObject": {"s3": {"bucketName": "mine", "key": "signed.zip"}}},
    "head-object": {"VersionId": "v2"},
}


def test_the_signed_bundle() -> None:
    """What Signer made of the verified version is deployed, in its own version."""
    aws = Answers(given=SIGNED)
    assert sign(aws, ACCOUNT, BUNDLE, "Team") == Artifact("mine", "signed.zip", "v2")
    commands = [each.split()[0] for each in aws.asked]
    assert commands == ["start-signing-job", "wait", "describe-signing-job", "head-object"]


def test_signing_again_is_the_same_job() -> None:
    """Signer knows the job by its token, which another bundle or profile does not have."""
    aws = Answers(given=SIGNED)
    other = Artifact("mine", "stackset-resource/0a1b.zip", "v3")
    for bundle, profile in ((BUNDLE, "Team"), (BUNDLE, "Team"), (other, "Team"), (BUNDLE, "Two")):
        sign(aws, ACCOUNT, bundle, profile)
    tokens = [each for each in aws.asked if each.startswith("start-signing-job")]
    assert tokens[0] == tokens[1]
    assert len(set(tokens)) == 3


@pytest.mark.parametrize("call", ["start-signing-job", "wait job", "describe-signing-job"])
def test_what_was_not_signed(call: str) -> None:
    """An unsigned bundle is not deployed in its place."""
    with pytest.raises(DeployFailed, match="Profile Team has not signed the bundle"):
        sign(Answers(given={**SIGNED, call: DENIED}), ACCOUNT, BUNDLE, "Team")
