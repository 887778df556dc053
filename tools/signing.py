"""AWS Signer: the bundle with a signature, for functions with a code signing configuration."""

import hashlib
import io
import json
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

from tools.artifacts import Artifact
from tools.aws import Aws, AwsError
from tools.standing import DeployFailed

_PREFIX = "stackset-resource/signed-"
_SIGNATURE = "META-INF/"


def sign(aws: Aws, account: str, artifact: Artifact, profile: str, bundle: Path) -> Artifact:
    """Have a bundle signed, beside the unsigned one.

    What is signed is the version that was verified, and what is deployed is a version of the signed
    one that holds the bundle's files: nobody has put other code in its place since.

    Args:
        aws: The AWS CLI, bound to region and profile.
        account: The account that the bucket belongs to.
        artifact: The bundle.
        profile: Name of a signing profile for AWSLambda-SHA384-ECDSA.
        bundle: The same bundle as a file.

    Raises:
        DeployFailed: It was not signed, or lies there with another content.
    """
    print(f"Signing the bundle with profile {profile} ...")
    source = {"bucketName": artifact.bucket, "key": artifact.key, "version": artifact.version}
    destination = {"bucketName": artifact.bucket, "prefix": _PREFIX}
    # Signing the same again is the same job to Signer, and so the same object.
    token = hashlib.sha256(f"{artifact} {profile}".encode()).hexdigest()[:32]
    try:
        job = aws(
            *("signer", "start-signing-job", "--profile-name", profile),
            *("--source", json.dumps({"s3": source})),
            *("--destination", json.dumps({"s3": destination})),
            *("--client-request-token", token),
        )["jobId"]
        aws("signer", "wait", "successful-signing-job", "--job-id", job)
        told = aws("signer", "describe-signing-job", "--job-id", job)
        signed = replace(artifact, key=told["signedObject"]["s3"]["key"], version="")
        owned = ("--bucket", signed.bucket, "--expected-bucket-owner", account)
        found = aws("s3api", "head-object", *owned, "--key", signed.key)
    except AwsError as error:
        msg = f"Profile {profile} has not signed the bundle: {error}."
        raise DeployFailed(msg) from error
    signed = replace(signed, version=found["VersionId"])
    if not _holds(_read(aws, owned, signed), bundle):
        msg = (
            f"{signed.bucket}/{signed.key} does not hold the bundle's files: somebody has written"
            " there. Find out who, delete that object and deploy again."
        )
        raise DeployFailed(msg)
    return signed


def _read(aws: Aws, owned: tuple[str, ...], signed: Artifact) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "signed.zip"
        version = ("--key", signed.key, "--version-id", signed.version)
        try:
            aws("s3api", "get-object", *owned, *version, str(file))
        except AwsError as error:
            msg = f"The signed bundle cannot be read back: {error}."
            raise DeployFailed(msg) from error
        return file.read_bytes()


def _holds(signed: bytes, bundle: Path) -> bool:
    """Whether an archive has the bundle's files and besides them nothing but a signature."""
    try:
        with zipfile.ZipFile(io.BytesIO(signed)) as one, zipfile.ZipFile(bundle) as other:
            names, wanted = one.namelist(), other.namelist()
            added = set(names) - set(wanted)
            if len(names) != len(set(names)) or not set(wanted) <= set(names):
                return False
            is_signature = all(each.startswith(_SIGNATURE) for each in added)
            return is_signature and all(one.read(each) == other.read(each) for each in wanted)
    except zipfile.BadZipFile:
        return False
