"""AWS Signer: the bundle with a signature, for functions with a code signing configuration."""

import hashlib
import json
from dataclasses import replace

from tools.artifacts import Artifact
from tools.aws import Aws, AwsError
from tools.standing import DeployFailed

_PREFIX = "stackset-resource/signed-"


def sign(aws: Aws, account: str, artifact: Artifact, profile: str) -> Artifact:
    """Have a bundle signed, beside the unsigned one.

    What is signed is the version that was verified. That Lambda gets what Signer made, and not what
    somebody put in its place since, is for the signing configuration to enforce.

    Args:
        aws: The AWS CLI, bound to region and profile.
        account: The account that the bucket belongs to.
        artifact: The bundle.
        profile: Name of a signing profile for AWSLambda-SHA384-ECDSA.

    Raises:
        DeployFailed: It was not signed.
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
    return replace(signed, version=found["VersionId"])
