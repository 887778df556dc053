"""The artifact bucket, and the bundle in it: only what was built here runs later.

Whoever may write the bucket could otherwise put code of theirs under the bundle's key. So the key
is believed only with S3's own checksum of the whole object, and the version that has it is pinned.
"""

import base64
import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tools.aws import Aws, AwsError
from tools.standing import DeployFailed

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ARN = re.compile(r"(s3://|arn:[a-z-]+:s3:::)(?P<name>[^/]*)")
_WAYS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_MISSING = {"404", "NoSuchBucket"}
_ENCRYPTED = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
_OWNED = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
# Versioning that was just turned on may take a while to reach every part of S3.
_TRIES = 6
_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class Artifact:
    """An object whose content is known.

    Attributes:
        bucket: Its bucket.
        key: Its key.
        version: Its version, which nobody can overwrite.
    """

    bucket: str
    key: str
    version: str

    def __str__(self) -> str:
        """The location as SAM's CodeUri takes it."""
        names = {"Bucket": self.bucket, "Key": self.key, "Version": self.version}
        return json.dumps(names)


def check_name(bucket: str) -> str:
    """Return a bucket's name.

    Raises:
        DeployFailed: It is none.
    """
    if _NAME.fullmatch(bucket):
        return bucket
    address = _ARN.match(bucket)
    name = address["name"] if address else ""
    meant = f": --bucket {name}" if _NAME.fullmatch(name) else ""
    msg = f"--bucket takes the name of a bucket alone, which '{bucket}' is not{meant}."
    raise DeployFailed(msg)


@dataclass(frozen=True)
class Bucket:
    """The artifact bucket.

    Attributes:
        aws: The AWS CLI, bound to region and profile.
        account: The account that it has to belong to.
        name: Its name.
        tags: Tags of a bucket that is made.
    """

    aws: Aws
    account: str
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def is_missing(self) -> bool:
        """Whether there is no such bucket, and so it would be made."""
        try:
            self.aws("s3api", "head-bucket", *self._owned())
        except AwsError as error:
            return error.code in _MISSING
        return False

    def prepare(self) -> None:
        """Make it unless it is there and this account's, and make it safe in either case.

        Raises:
            DeployFailed: It is somebody else's, in another Region, or stays unsafe.
        """
        try:
            found = self.aws("s3api", "head-bucket", *self._owned()) or {}
        except AwsError as error:
            if error.code not in _MISSING:
                msg = (
                    f"Bucket {self.name} belongs to another account, or you may not use it "
                    f"({error}). Name another one with --bucket."
                )
                raise DeployFailed(msg) from error
            self._make()
        else:
            region = found.get("BucketRegion", self.aws.region)
            if region != self.aws.region:
                msg = (
                    f"Bucket {self.name} is in {region}, and Lambda takes code from a bucket in "
                    f"its own Region, {self.aws.region}, alone. Name another one with --bucket."
                )
                raise DeployFailed(msg)
        self._harden()

    def put(self, archive: Path) -> Artifact:
        """Upload a file under the hash of its content, unless that very content is there.

        Raises:
            DeployFailed: The bucket gives it no version.
        """
        digest = hashlib.sha256(archive.read_bytes())
        key = f"stackset-resource/{digest.hexdigest()}.zip"
        checksum = base64.b64encode(digest.digest()).decode()
        version = self._version_of(key, checksum)
        if version:
            print(f"s3://{self.name}/{key} is there already.")
            return Artifact(self.name, key, version)
        print(f"Uploading s3://{self.name}/{key} ...")
        # S3 compares what arrives with the checksum, and keeps it with the object.
        body = ("--body", str(archive), "--checksum-sha256", checksum)
        for trial in range(_TRIES):
            if trial:
                time.sleep(_PAUSE_SECONDS)
            # The last upload counts: one that came too early for versioning may show as missing.
            version = _told(self.aws("s3api", "put-object", *self._owned(), "--key", key, *body))
            if version and self._is_visible(key, version):
                return Artifact(self.name, key, version)
        msg = (
            f"Bucket {self.name} shows no versions yet: versioning that was just turned on may take"
            " a quarter of an hour. Deploy again then."
        )
        raise DeployFailed(msg)

    def _version_of(self, key: str, checksum: str) -> str:
        """The version that lies under a key if its content is the wanted one, else empty."""
        asked = ("--key", key, "--checksum-mode", "ENABLED")
        try:
            found = self.aws("s3api", "head-object", *self._owned(), *asked)
        except AwsError as error:
            # Without the right to list, a missing object answers 403, too.
            if error.code not in {"403", "404", "NoSuchKey"}:
                raise
            return ""
        # The checksum of an object that came in parts is another, and ends with their number.
        if found.get("ChecksumSHA256") != checksum:
            print(f"s3://{self.name}/{key} has not the checksum of what was built.")
            return ""
        return _told(found)

    def _is_visible(self, key: str, version: str) -> bool:
        """Whether a version that was uploaded can be read, which takes a while at first."""
        try:
            asked = ("--key", key, "--version-id", version)
            self.aws("s3api", "head-object", *self._owned(), *asked)
        except AwsError as error:
            return error.code not in {*_MISSING, "NoSuchKey", "NoSuchVersion"}
        return True

    def _owned(self) -> tuple[str, ...]:
        return ("--bucket", self.name, "--expected-bucket-owner", self.account)

    def _make(self) -> None:
        print(f"Making bucket {self.name} ...")
        place = f"LocationConstraint={self.aws.region}"
        # The one region that refuses to be named here.
        elsewhere = self.aws.region != "us-east-1"
        where = ("--create-bucket-configuration", place) if elsewhere else ()
        self.aws("s3api", "create-bucket", "--bucket", self.name, *where)
        if self.tags:
            tags = {"TagSet": [{"Key": key, "Value": each} for key, each in self.tags.items()]}
            self.aws("s3api", "put-bucket-tagging", *self._owned(), "--tagging", json.dumps(tags))

    def _harden(self) -> None:
        """Close it for the public, let ACLs no longer count, encrypt and version it, if need be."""
        block = ",".join(f"{way}=true" for way in _WAYS)
        encryption = ("--server-side-encryption-configuration", json.dumps(_ENCRYPTED))
        settings = {
            "closed for the public": (
                self._is_closed,
                ("put-public-access-block", "--public-access-block-configuration", block),
            ),
            # So all that is in it is its owner's, whoever has put it there.
            "without ACLs": (
                self._owns_all,
                ("put-bucket-ownership-controls", "--ownership-controls", json.dumps(_OWNED)),
            ),
            "encrypted": (self._is_encrypted, ("put-bucket-encryption", *encryption)),
            "versioned": (
                self._is_versioned,
                ("put-bucket-versioning", "--versioning-configuration", "Status=Enabled"),
            ),
        }
        for what, (holds, (command, *arguments)) in settings.items():
            try:
                if not holds():
                    self.aws("s3api", command, *self._owned(), *arguments)
                    print(f"Bucket {self.name} is {what} now.")
            except AwsError as error:
                msg = (
                    f"Bucket {self.name} has to be {what}, since its content runs with the "
                    f"function's rights, and {command} failed ({error}). Have it changed, or name "
                    "another one with --bucket."
                )
                raise DeployFailed(msg) from error

    def _is_closed(self) -> bool:
        try:
            found = self.aws("s3api", "get-public-access-block", *self._owned())
        except AwsError:
            return False
        return all(found["PublicAccessBlockConfiguration"].get(way) for way in _WAYS)

    def _owns_all(self) -> bool:
        try:
            found = self.aws("s3api", "get-bucket-ownership-controls", *self._owned())
        except AwsError:
            return False
        return bool(found["OwnershipControls"] == _OWNED)

    def _is_encrypted(self) -> bool:
        """Whether it has any encryption of its own: a key of the owner's choice stays."""
        try:
            found = self.aws("s3api", "get-bucket-encryption", *self._owned())
        except AwsError as error:
            # Whoever may not look must not replace what is there.
            return error.code != "ServerSideEncryptionConfigurationNotFoundError"
        return bool(found["ServerSideEncryptionConfiguration"]["Rules"])

    def _is_versioned(self) -> bool:
        try:
            found = self.aws("s3api", "get-bucket-versioning", *self._owned()) or {}
        except AwsError:
            return False
        return bool(found.get("Status") == "Enabled")


def _told(answer: Mapping[str, str] | None) -> str:
    """The version in an answer; that of an object without one can be overwritten, so none."""
    version = (answer or {}).get("VersionId", "")
    return "" if version == "null" else version
