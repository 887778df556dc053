"""The artifact bucket is safe on every run, and only the content that was built is deployed."""

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.answers import ACCOUNT, DENIED, Answers
from tools import artifacts
from tools.artifacts import Artifact, Bucket, check_name
from tools.aws import AwsError
from tools.standing import DeployFailed

CONTENT = b"what was built"
SUM = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
KEY = f"stackset-resource/{hashlib.sha256(CONTENT).hexdigest()}.zip"
MISSING = AwsError("An error occurred (404) when calling the HeadObject operation: Not Found")
UNENCRYPTED = AwsError(
    "An error occurred (ServerSideEncryptionConfigurationNotFoundError) when calling the "
    "GetBucketEncryption operation: The server side encryption configuration was not found"
)
CLOSED = {"PublicAccessBlockConfiguration": dict.fromkeys(artifacts._WAYS, True)}
SETTINGS = [
    "put-public-access-block",
    "put-bucket-ownership-controls",
    "put-bucket-encryption",
    "put-bucket-versioning",
]
OPEN = {
    "head-bucket": {"BucketRegion": "eu-west-1"},
    "get-public-access-block": DENIED,
    "get-bucket-ownership-controls": {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    },
    "get-bucket-encryption": UNENCRYPTED,
    "get-bucket-versioning": None,
    **dict.fromkeys(SETTINGS),
}
SAFE = {
    **OPEN,
    "get-public-access-block": CLOSED,
    "get-bucket-ownership-controls": {
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    },
    "get-bucket-encryption": {
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        }
    },
    "get-bucket-versioning": {"Status": "Enabled"},
}


def _bucket(answers: dict[str, Any], **tags: str) -> tuple[Bucket, Answers]:
    aws = Answers(given=answers)
    return Bucket(aws, ACCOUNT, "mine", tags), aws


def _commands(aws: Answers) -> list[str]:
    return [each.split()[0] for each in aws.asked]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """What was built."""
    file = tmp_path / "bundle.zip"
    file.write_bytes(CONTENT)
    return file


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "_PAUSE_SECONDS", 0.0)


class TestPrepare:
    """The bucket."""

    def test_one_that_was_there_is_made_safe(self) -> None:
        """The awslabs function's bucket has neither encryption nor versions: it gets all."""
        bucket, aws = _bucket(OPEN)
        bucket.prepare()
        assert [each for each in _commands(aws) if each.startswith("put-")] == SETTINGS

    def test_a_safe_one_stays_as_it_is(self) -> None:
        """What holds is not set again, and a key of the owner's choice stays."""
        bucket, aws = _bucket(SAFE)
        bucket.prepare()
        assert not [each for each in _commands(aws) if each.startswith("put-")]

    def test_who_may_not_look_replaces_no_encryption(self) -> None:
        """An encryption that may not be seen may be a key of the owner's choice."""
        bucket, aws = _bucket({**OPEN, "get-bucket-encryption": DENIED})
        bucket.prepare()
        assert "put-bucket-encryption" not in _commands(aws)

    @pytest.mark.parametrize("setting", SETTINGS)
    def test_one_that_stays_unsafe_is_refused(self, setting: str) -> None:
        """Without the right to make it safe nothing goes into it."""
        bucket, _ = _bucket({**OPEN, setting: DENIED})
        with pytest.raises(DeployFailed, match=f"Bucket mine has to be .*{setting} failed"):
            bucket.prepare()

    def test_one_of_another_region_is_refused(self) -> None:
        """Lambda would refuse its code only when the stack is half made."""
        bucket, _ = _bucket({**SAFE, "head-bucket": {"BucketRegion": "us-east-1"}})
        with pytest.raises(DeployFailed, match="Bucket mine is in us-east-1"):
            bucket.prepare()

    def test_a_new_one_has_the_tags(self) -> None:
        """A bucket that is made is safe and has the tags of everything."""
        made = {**OPEN, "head-bucket": MISSING, "create-bucket": None, "put-bucket-tagging": None}
        bucket, aws = _bucket(made, team="a")
        bucket.prepare()
        written = [each for each in _commands(aws) if each.startswith(("put-", "create-"))]
        assert written == ["create-bucket", "put-bucket-tagging", *SETTINGS]

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("s3://mine", "mine"),
            ("arn:aws-cn:s3:::mine/key", "mine"),
            ("My_Bucket", ""),
            ("s3://", ""),
        ],
    )
    def test_names(self, written: str, meant: str) -> None:
        """An address is refused with the name in it; what is no name, without one."""
        with pytest.raises(DeployFailed) as refused:
            check_name(written)
        assert str(refused.value).endswith(f": --bucket {meant}." if meant else "is not.")
        assert check_name("mine.2") == "mine.2"


class TestPut:
    """The bundle in the bucket."""

    def test_what_is_there_is_pinned(self, archive: Path) -> None:
        """An object with S3's checksum of what was built is taken, in its version."""
        bucket, aws = _bucket({"head-object": {"ChecksumSHA256": SUM, "VersionId": "v1"}})
        artifact = bucket.put(archive)
        assert artifact == Artifact("mine", KEY, "v1")
        assert str(artifact) == f'{{"Bucket": "mine", "Key": "{KEY}", "Version": "v1"}}'
        assert _commands(aws) == ["head-object"]

    @pytest.mark.parametrize(
        "there",
        [
            {"VersionId": "v1"},
            {"ChecksumSHA256": "of something else", "VersionId": "v1"},
            {"ChecksumSHA256": f"{SUM}-1", "VersionId": "v1"},
            {"ChecksumSHA256": SUM, "VersionId": "null"},
            {"ChecksumSHA256": SUM},
            MISSING,
        ],
    )
    def test_what_is_not_proven_is_uploaded(self, archive: Path, there: object) -> None:
        """What has no checksum, another, or no version counts for nothing."""
        answers = {"head-object": there, "put-object": {"VersionId": "v2"}, "head-object v2": {}}
        bucket, aws = _bucket(answers)
        assert bucket.put(archive).version == "v2"
        assert aws.asked[1:] == [f"put-object {SUM}", "head-object v2"]

    def test_versions_that_come_late(self, archive: Path) -> None:
        """Versioning that was just turned on is waited for."""
        turns = [None, {"VersionId": "null"}, {"VersionId": "v3"}]
        bucket, _ = _bucket({"head-object": MISSING, "head-object v3": {}, "put-object": turns})
        assert bucket.put(archive).version == "v3"

    @pytest.mark.parametrize(("seen", "version"), [(MISSING, "v2"), (DENIED, "v1"), ({}, "v1")])
    def test_versions_that_are_not_seen_at_once(
        self, archive: Path, seen: object, version: str
    ) -> None:
        """A version that Lambda would not find is uploaded again; who may not look goes on."""
        turns = [{"VersionId": "v1"}, {"VersionId": "v2"}]
        answers = {"head-object": MISSING, "head-object v1": seen, "head-object v2": {}}
        bucket, _ = _bucket({**answers, "put-object": turns})
        assert bucket.put(archive).version == version

    def test_no_versions(self, archive: Path) -> None:
        """What could be overwritten is not deployed."""
        bucket, _ = _bucket({"head-object": MISSING, "put-object": None})
        with pytest.raises(DeployFailed, match="Bucket mine shows no versions yet"):
            bucket.put(archive)
