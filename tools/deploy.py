"""Put the bundle into S3 and deploy template.yaml with it."""

import hashlib
import re
import sys
from dataclasses import dataclass, field
from typing import Any

from tools import (
    architecture,
    bundle,
    identity,
    preferences,
    preflight,
    release,
    rights,
    template,
)
from tools.artifacts import Artifact, Bucket, check_name
from tools.aws import Aws, AwsError, configured_region
from tools.consumers import EXPORT
from tools.environments import ROOT
from tools.identity import Caller
from tools.needed_rights import Plan
from tools.options import FEWER_RIGHTS, STACK, deploy_parser
from tools.programs import CommandFailed
from tools.signing import sign
from tools.stack import Stack
from tools.standing import (
    DeployFailed,
    Standing,
    check_export,
    check_role_name,
    find,
    read_overrides,
    read_tags,
)

OUTPUT = "StackSetFunctionArn"
CODE = "CodeUri: build/bundle"
_ROLE = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/.+")


@dataclass(frozen=True)
class Deployment:
    """One deployment.

    Attributes:
        aws: The AWS CLI, bound to region and profile.
        caller: Who deploys.
        bucket: The artifact bucket.
        stack: Name of the stack.
        overrides: Template parameters by name.
        tags: Tags of all that is made.
        role: ARN of the role with which CloudFormation acts; empty for the caller's rights.
        signing_profile: Name of the profile with which AWS Signer signs the bundle, or empty.
        accepts_fewer_rights: Whether to go on where the function's role loses rights in use.
        executes: Whether to deploy, and not only to say what would change.
        asks_for_rights: Whether to look first for rights that the caller lacks.
    """

    aws: Aws
    caller: Caller
    bucket: str
    stack: str = STACK
    overrides: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    role: str = ""
    signing_profile: str = ""
    accepts_fewer_rights: bool = False
    executes: bool = True
    asks_for_rights: bool = True

    def run(self) -> None:
        """Deploy, and print the export; or print what would change."""
        standing = find(self.aws, self.stack)
        parameters = {**self.overrides, **self._of_what_stands(standing)}
        bucket = Bucket(self.aws, self.caller.account, self.bucket, self.tags)
        if self.asks_for_rights:
            self._check_caller(bucket, standing)
        bucket.prepare()
        archive = bundle.build(bundle.BUILD / "bundle")
        print(f"Bundle: sha256 {hashlib.sha256(archive.read_bytes()).hexdigest()}")
        artifact = bucket.put(archive)
        if self.signing_profile:
            profile = self.signing_profile
            artifact = sign(self.aws, self.caller.account, artifact, profile, archive)
        packaged = archive.with_name("packaged.yaml")
        packaged.write_text(_with_code(artifact), encoding="utf-8")
        # CloudFormation is told all tags: whether it keeps those that it is not told differs.
        tags = {**(standing.tags if standing else {}), **self.tags}
        stack = Stack(self.aws, self.stack, tags, self.role)
        if not self.executes:
            stack.propose(packaged, parameters)
            return
        stack.deploy(packaged, parameters)
        print(f"Export {EXPORT}: {stack.output(OUTPUT)}")

    def _of_what_stands(self, standing: Standing | None) -> dict[str, str]:
        """Refuse what the stack that is there would not bear, before anything is changed.

        Returns:
            The parameters that follow from that stack.
        """
        check_export(self.aws, self.stack, EXPORT)
        if standing is None:
            if self.overrides.get("RoleName"):
                check_role_name(self.aws, self.overrides["RoleName"])
            return {}
        parameters = {
            **architecture.settle(self.aws, standing, self.overrides),
            **preferences.settle(standing, self.overrides),
        }
        self._check_rights(standing)
        return parameters

    def _check_caller(self, bucket: Bucket, standing: Standing | None) -> None:
        plan = Plan(
            bucket=self.bucket,
            makes_bucket=bucket.is_missing(),
            stack=self.stack,
            parameters={**(standing.parameters if standing else {}), **self.overrides},
            role=self.role,
            signing_profile=self.signing_profile,
            is_tagged=bool(self.tags),
            executes=self.executes,
        )
        preflight.check(self.aws, self.caller, plan)

    def _check_rights(self, standing: Standing) -> None:
        declared = _declared()
        values = {**standing.parameters, **self.overrides}
        named = {
            parameter: rights.split(values.get(parameter, declared[parameter]["Default"]))
            for parameter in (rights.ROLES, rights.EXECUTION_ROLES, rights.BUCKETS, rights.OWNERS)
        }
        losses = rights.find_losses(self.aws, self.caller.account, standing, named)
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


def _declared() -> dict[str, dict[str, Any]]:
    """The parameters of template.yaml by name."""
    declared: dict[str, dict[str, Any]] = template.load(ROOT / "template.yaml")["Parameters"]
    return declared


def _with_code(artifact: Artifact) -> str:
    """The template's text with the version, and the bundle's place in S3."""
    text = (ROOT / "template.yaml").read_text(encoding="utf-8")
    text = text.replace(release.PLACE, release.version())
    return text.replace(CODE, f"CodeUri: {artifact}")


def plan(words: list[str]) -> Deployment:
    """Read the command line and find out who deploys where."""
    given = deploy_parser().parse_args(words)
    overrides = read_overrides(given.parameter_overrides, _declared())
    tags = read_tags(given.tags)
    if given.role_arn and not _ROLE.fullmatch(given.role_arn):
        msg = f"--role-arn takes the ARN of a role, arn:aws:iam::..., not '{given.role_arn}'."
        raise DeployFailed(msg)
    named = given.bucket and check_name(given.bucket)
    region = given.region or configured_region(given.profile)
    if not region:
        msg = "No region: name one (./build.sh deploy eu-west-1) or set AWS_REGION."
        raise DeployFailed(msg)
    aws = Aws(region, given.profile)
    caller = identity.find(aws)
    return Deployment(
        aws=aws,
        caller=caller,
        bucket=named or f"stackset-resource-{caller.account}-{region}",
        stack=given.stack_name,
        overrides=overrides,
        tags=tags,
        role=given.role_arn,
        signing_profile=given.signing_profile,
        accepts_fewer_rights=given.accept_fewer_rights,
        executes=not given.no_execute_changeset,
        asks_for_rights=not given.skip_preflight,
    )


def main() -> int:
    """Deploy as the command line says."""
    try:
        deployment = plan(sys.argv[1:])
        place = f"{deployment.caller.account}, {deployment.aws.region}"
        print(f"Deploying {deployment.stack}, version {release.version()}, to {place} ...")
        deployment.run()
    except (AwsError, CommandFailed, DeployFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
