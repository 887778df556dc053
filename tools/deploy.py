"""Put the bundle into S3 and deploy template.yaml with it."""

import argparse
import hashlib
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tools import bundle
from tools.aws import Aws, AwsError, configured_region
from tools.environments import ROOT, CommandFailed

STACK = "StackSetCustomResource"
EXPORT = "StackSetCustomResource"
CODE = "CodeUri: build/bundle"

# A stack in one of these states takes no update, and only a person can help.
STUCK = {
    "ROLLBACK_COMPLETE": "its first deployment failed; delete the stack, then deploy again",
    "ROLLBACK_FAILED": "delete the stack, then deploy again",
    "DELETE_FAILED": "delete the stack, then deploy again",
    "UPDATE_ROLLBACK_FAILED": "continue its rollback (aws cloudformation continue-update-rollback)",
}


class DeployFailed(Exception):
    """The deployment cannot go on; the text says why and what would help."""


@dataclass(frozen=True)
class Deployment:
    """One deployment.

    Attributes:
        aws: The AWS CLI, bound to region and profile.
        account: The account that it acts in.
        bucket: The artifact bucket.
        stack: Name of the stack.
        overrides: Template parameters, as NAME=VALUE.
    """

    aws: Aws
    account: str
    bucket: str
    stack: str = STACK
    overrides: list[str] = field(default_factory=list)

    def run(self) -> str:
        """Deploy; return the exported ARN."""
        self._check_stack()
        self._make_bucket()
        archive = bundle.build(bundle.BUILD / "bundle")
        packaged = self._package(archive)
        self._deploy(packaged)
        return self._export()

    def _check_stack(self) -> None:
        """Refuse a stack that would refuse the deployment, before anything is uploaded."""
        try:
            found = self.aws("cloudformation", "describe-stacks", "--stack-name", self.stack)
        except AwsError as error:
            if "does not exist" in error.text:
                return
            raise
        status = found["Stacks"][0]["StackStatus"]
        mend = STUCK.get(status)
        if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
            mend = "wait until that is over, then deploy again"
        if mend:
            msg = f"Stack {self.stack} is in {status}: {mend}."
            raise DeployFailed(msg)

    def _make_bucket(self) -> None:
        """Make the artifact bucket unless it is there and this account's."""
        owned = ("--bucket", self.bucket, "--expected-bucket-owner", self.account)
        try:
            self.aws("s3api", "head-bucket", *owned)
        except AwsError as error:
            if error.code not in {"404", "NoSuchBucket"}:
                msg = (
                    f"Bucket {self.bucket} belongs to another account, or you may not use it "
                    f"({error}). Name another one with --bucket."
                )
                raise DeployFailed(msg) from error
        else:
            return
        print(f"Making bucket {self.bucket} ...")
        place = f"LocationConstraint={self.aws.region}"
        # The one region that refuses to be named here.
        elsewhere = self.aws.region != "us-east-1"
        where = ("--create-bucket-configuration", place) if elsewhere else ()
        self.aws("s3api", "create-bucket", "--bucket", self.bucket, *where)
        for command, *arguments in _bucket_settings():
            self.aws("s3api", command, *owned, *arguments)

    def _package(self, archive: Path) -> Path:
        """Upload the bundle under the hash of its content; return the template that names it."""
        key = f"stackset-resource/{hashlib.sha256(archive.read_bytes()).hexdigest()}.zip"
        place = ("--bucket", self.bucket, "--key", key, "--expected-bucket-owner", self.account)
        try:
            self.aws("s3api", "head-object", *place)
        except AwsError as error:
            # Without the right to list, a missing object answers 403, too.
            if error.code not in {"403", "404", "NoSuchKey"}:
                raise
            print(f"Uploading s3://{self.bucket}/{key} ...")
            self.aws("s3api", "put-object", *place, "--body", str(archive))
        else:
            print(f"s3://{self.bucket}/{key} is there already.")
        text = (ROOT / "template.yaml").read_text(encoding="utf-8")
        packaged = archive.with_name("packaged.yaml")
        there = f"CodeUri: s3://{self.bucket}/{key}"
        packaged.write_text(text.replace(CODE, there), encoding="utf-8")
        return packaged

    def _deploy(self, packaged: Path) -> None:
        overrides = ["--parameter-overrides", *self.overrides] if self.overrides else []
        done = self.aws.show(
            *("cloudformation", "deploy", "--template-file", str(packaged)),
            *("--stack-name", self.stack, "--no-fail-on-empty-changeset"),
            # Asked for wherever a template knows a RoleName, even if this stack gives none.
            *("--capabilities", "CAPABILITY_NAMED_IAM", *overrides),
        )
        if not done:
            reasons = "".join(f"\n  {reason}" for reason in self._failures())
            msg = f"Stack {self.stack} was not deployed.{reasons}"
            raise DeployFailed(msg)

    def _failures(self) -> list[str]:
        """What failed in the stack's last deployment, first cause first."""
        try:
            found = self.aws("cloudformation", "describe-stack-events", "--stack-name", self.stack)
        except AwsError:
            return []
        reasons = []
        for event in found["StackEvents"]:
            status = event["ResourceStatus"]
            if status.endswith("_FAILED") and "ResourceStatusReason" in event:
                reasons.append(f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}")
            is_stack = event["LogicalResourceId"] == self.stack
            if is_stack and status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
                break
        return reasons[::-1]

    def _export(self) -> str:
        found = self.aws("cloudformation", "describe-stacks", "--stack-name", self.stack)
        [stack] = found["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        return str(outputs[EXPORT])


def _bucket_settings() -> list[tuple[str, ...]]:
    """What makes the new bucket private, encrypted and versioned."""
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    ways = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    block = ",".join(f"{way}=true" for way in ways)
    return [
        ("put-public-access-block", "--public-access-block-configuration", block),
        (
            "put-bucket-encryption",
            "--server-side-encryption-configuration",
            json.dumps(encryption),
        ),
        ("put-bucket-versioning", "--versioning-configuration", "Status=Enabled"),
    ]


def plan(words: list[str]) -> Deployment:
    """Read the command line and find out who deploys where."""
    parser = argparse.ArgumentParser(
        prog="./build.sh deploy",
        description=f"Deploy template.yaml as stack {STACK}.",
    )
    parser.add_argument("region", nargs="?", default="", help="default: the configured region")
    parser.add_argument("profile", nargs="?", default="", help="default: the configured profile")
    parser.add_argument(
        "--bucket",
        default=os.environ.get("STACKSET_RESOURCE_BUCKET", ""),
        help="artifact bucket (or set STACKSET_RESOURCE_BUCKET); "
        "default: stackset-resource-ACCOUNT-REGION",
    )
    parser.add_argument("--stack-name", default=STACK, help=f"default: {STACK}")
    parser.add_argument("--parameter-overrides", nargs="+", default=[], metavar="NAME=VALUE")
    given = parser.parse_args(words)
    region = given.region or configured_region(given.profile)
    if not region:
        msg = "No region: name one (./build.sh deploy eu-west-1) or set AWS_REGION."
        raise DeployFailed(msg)
    aws = Aws(region, given.profile)
    account = _account(aws)
    bucket = given.bucket or f"stackset-resource-{account}-{region}"
    return Deployment(aws, account, bucket, given.stack_name, given.parameter_overrides)


def _account(aws: Aws) -> str:
    try:
        return str(aws("sts", "get-caller-identity")["Account"])
    except AwsError as error:
        msg = (
            f"No usable AWS credentials: {error}. Log in (aws configure, aws sso login) or name a "
            "profile: ./build.sh deploy REGION PROFILE."
        )
        raise DeployFailed(msg) from error


def main() -> int:
    """Deploy and print the export."""
    try:
        deployment = plan(sys.argv[1:])
        print(f"Deploying {deployment.stack} to {deployment.account}, {deployment.aws.region} ...")
        arn = deployment.run()
    except (AwsError, CommandFailed, DeployFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"Export {EXPORT}: {arn}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
