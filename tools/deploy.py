"""Put the bundle into S3 and deploy template.yaml with it."""

import argparse
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools import architecture, bundle, identity, preferences, rights, template
from tools.artifacts import Artifact, Bucket, check_name
from tools.aws import Aws, AwsError, configured_region
from tools.consumers import EXPORT
from tools.environments import ROOT, CommandFailed
from tools.standing import DeployFailed, Standing, check_export, find, read_overrides

STACK = "StackSetCustomResource"
OUTPUT = "StackSetFunctionArn"
FEWER_RIGHTS = "--accept-fewer-rights"
CODE = "CodeUri: build/bundle"


@dataclass(frozen=True)
class Deployment:
    """One deployment.

    Attributes:
        aws: The AWS CLI, bound to region and profile.
        account: The account that it acts in.
        bucket: The artifact bucket.
        stack: Name of the stack.
        overrides: Template parameters by name.
        accepts_fewer_rights: Whether to go on where the function's role loses rights in use.
    """

    aws: Aws
    account: str
    bucket: str
    stack: str = STACK
    overrides: dict[str, str] = field(default_factory=dict)
    accepts_fewer_rights: bool = False

    def run(self) -> str:
        """Deploy; return the exported ARN."""
        parameters = {**self.overrides, **self._of_what_stands()}
        bucket = Bucket(self.aws, self.account, self.bucket)
        bucket.prepare()
        archive = bundle.build(bundle.BUILD / "bundle")
        packaged = archive.with_name("packaged.yaml")
        packaged.write_text(_with_code(bucket.put(archive)), encoding="utf-8")
        self._deploy(packaged, parameters)
        return self._export()

    def _of_what_stands(self) -> dict[str, str]:
        """Refuse what the stack that is there would not bear, before anything is changed.

        Returns:
            The parameters that follow from that stack.
        """
        standing = find(self.aws, self.stack)
        check_export(self.aws, self.stack, EXPORT)
        if standing is None:
            return {}
        parameters = {
            **architecture.settle(self.aws, standing, self.overrides),
            **preferences.settle(standing, self.overrides),
        }
        self._check_rights(standing)
        return parameters

    def _check_rights(self, standing: Standing) -> None:
        declared = _declared()
        values = {**standing.parameters, **self.overrides}
        named = {
            parameter: rights.split(values.get(parameter, declared[parameter]["Default"]))
            for parameter in (rights.ROLES, rights.BUCKETS, rights.OWNERS)
        }
        losses = rights.find_losses(self.aws, self.account, standing, named)
        if not losses:
            return
        lost = "".join(f"\n  {loss}" for loss in losses)
        problem = f"After this deployment the function may no longer{lost}"
        if self.accepts_fewer_rights:
            print(f"Warning: {problem}")
            return
        mend = " ".join(
            f"{parameter}={','.join([*names, *lacking])}"
            for parameter, names in named.items()
            if (lacking := [loss.entry for loss in losses if loss.parameter == parameter])
        )
        msg = (
            f"{problem}\nNothing has been changed. Add to --parameter-overrides: {mend}\n"
            f"or, if the function needs none of it, go on with {FEWER_RIGHTS}."
        )
        raise DeployFailed(msg)

    def _deploy(self, packaged: Path, parameters: dict[str, str]) -> None:
        words = [f"{name}={value}" for name, value in parameters.items()]
        overrides = ["--parameter-overrides", *words] if words else []
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
        return str(outputs[OUTPUT])


def _declared() -> dict[str, dict[str, Any]]:
    """The parameters of template.yaml by name."""
    declared: dict[str, dict[str, Any]] = template.load(ROOT / "template.yaml")["Parameters"]
    return declared


def _with_code(artifact: Artifact) -> str:
    """The template's text with the bundle's place in S3."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    return text.replace(CODE, f"CodeUri: {artifact}")


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
    parser.add_argument(
        FEWER_RIGHTS,
        action="store_true",
        help="go on where the function's role loses rights that stack sets use",
    )
    given = parser.parse_args(words)
    overrides = read_overrides(given.parameter_overrides, _declared())
    named = given.bucket and check_name(given.bucket)
    region = given.region or configured_region(given.profile)
    if not region:
        msg = "No region: name one (./build.sh deploy eu-west-1) or set AWS_REGION."
        raise DeployFailed(msg)
    aws = Aws(region, given.profile)
    account = identity.account(aws)
    bucket = named or f"stackset-resource-{account}-{region}"
    return Deployment(aws, account, bucket, given.stack_name, overrides, given.accept_fewer_rights)


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
