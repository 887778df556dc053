"""Rights that whoever deploys lacks are named, all at once, before anything is made."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.packaging.answers import ACCOUNT, DENIED, Answers
from tools import needed_rights, preflight, template
from tools.environments import ROOT, prepare
from tools.identity import Caller
from tools.needed_rights import Plan
from tools.standing import DeployFailed

USER = Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/me")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso/Admin"
SESSION = Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/me")
DEPLOYER = f"arn:aws:iam::{ACCOUNT}:role/Deployer"
PLAN = Plan("mine", makes_bucket=False, stack="S")


@dataclass(frozen=True)
class Iam(Answers):
    """IAM that denies some actions and keeps what it was asked.

    Attributes:
        denies: The actions, each with the condition keys that it does not know.
        questions: The calls of simulate-principal-policy.
    """

    denies: Mapping[str, list[str]] = field(default_factory=dict)
    questions: list[tuple[str, ...]] = field(default_factory=list)

    def __call__(self, *words: str) -> Any:
        """Decide about each action."""
        if words[1] != "simulate-principal-policy":
            return super().__call__(*words)
        self.questions.append(words)
        results = [
            {
                "EvalActionName": each,
                "EvalDecision": "implicitDeny" if each in self.denies else "allowed",
                "MissingContextValues": self.denies.get(each, []),
            }
            for each in words[words.index("--action-names") + 1 : words.index("--context-entries")]
        ]
        return {"EvaluationResults": results}


def test_all_that_is_missing_is_named() -> None:
    """What is denied stands with its resource, and what to do."""
    aws = Iam(denies={"s3:PutObject": [], "iam:CreateRole": [], "iam:PassRole": []})
    with pytest.raises(DeployFailed) as refused:
        preflight.check(aws, USER, PLAN)
    first, objects, roles, last = str(refused.value).splitlines()
    assert first == f"{USER.arn} may not"
    assert objects == "  s3:PutObject on arn:aws:s3:::mine/stackset-resource/bundle.zip"
    role = f"arn:aws:iam::{ACCOUNT}:role/S-StackSetResourceRole-0"
    assert roles == f"  iam:CreateRole, iam:PassRole on {role}"
    assert last.startswith("Nothing has been made.")
    assert "--skip-preflight" in last


def test_who_may_everything() -> None:
    """Whoever may goes on; each question tells the Region, which policies often ask for."""
    aws = Iam()
    preflight.check(aws, USER, PLAN)
    assert aws.questions
    region = "ContextKeyName=aws:RequestedRegion,ContextKeyValues=eu-west-1,ContextKeyType=string"
    assert all(region in words for words in aws.questions)


def test_conditions_that_nobody_knows() -> None:
    """A right under a condition that only the deployment fulfils is not missing."""
    preflight.check(Iam(denies={"iam:CreateRole": ["aws:PrincipalTag/team"]}), USER, PLAN)


def test_a_role_is_asked_for_by_its_path() -> None:
    """IAM does not know sessions; where the role cannot be seen, a warning is all."""
    aws = Iam(given={"get-role": {"Role": {"Arn": ROLE}}})
    preflight.check(aws, SESSION, PLAN)
    assert {words[words.index("--policy-source-arn") + 1] for words in aws.questions} == {ROLE}


@pytest.mark.parametrize("given", [{"get-role": DENIED}, {"simulate-principal-policy": DENIED}])
def test_no_right_to_ask(given: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    """Where IAM may not be asked, deployment goes on."""
    caller = SESSION if "get-role" in given else USER
    preflight.check(Answers(given=given), caller, PLAN)
    [line] = capsys.readouterr().out.splitlines()
    assert line.startswith("Warning: it cannot be seen what ")


def test_the_root_of_an_account() -> None:
    """It may everything, and IAM cannot be asked about it."""
    aws = Iam()
    preflight.check(aws, Caller(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"), PLAN)
    assert not aws.questions


def test_the_role_of_cloudformation() -> None:
    """With a role, its rights count for what is made, and whoever deploys has to pass it."""
    aws = Iam(denies={"lambda:CreateFunction": [], "iam:PassRole": []})
    plan = Plan("mine", makes_bucket=False, stack="S", role=DEPLOYER)
    with pytest.raises(DeployFailed) as refused:
        preflight.check(aws, USER, plan)
    lines = str(refused.value).splitlines()
    assert f"  iam:PassRole on {DEPLOYER}" in lines
    function = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:S-StackSetResourceFunction-0"
    assert f"  lambda:CreateFunction on {function} (as {DEPLOYER})" in lines


@pytest.mark.parametrize(
    ("plan", "more", "fewer"),
    [
        (PLAN, set(), {"s3:CreateBucket", "iam:TagRole", "logs:AssociateKmsKey"}),
        (Plan("mine", makes_bucket=True, stack="S"), {"s3:CreateBucket"}, {"s3:PutBucketTagging"}),
        (
            Plan("mine", makes_bucket=True, stack="S", is_tagged=True),
            {"s3:PutBucketTagging", "iam:TagRole", "sqs:TagQueue", "logs:TagResource"},
            set(),
        ),
        (
            Plan("mine", makes_bucket=False, stack="S", executes=False),
            {"cloudformation:CreateChangeSet"},
            {"cloudformation:ExecuteChangeSet", "iam:CreateRole"},
        ),
        (
            Plan("m", makes_bucket=False, stack="S", parameters={"KmsKeyArn": "k"}),
            {"logs:AssociateKmsKey"},
            set(),
        ),
        (
            Plan("m", makes_bucket=False, stack="S", parameters={"ReservedConcurrency": "9"}),
            {"lambda:PutFunctionConcurrency"},
            set(),
        ),
        (
            Plan("m", makes_bucket=False, stack="S", parameters={"SubnetIds": "subnet-1"}),
            {"ec2:DescribeSubnets"},
            {"lambda:PutFunctionConcurrency"},
        ),
        (
            Plan("m", makes_bucket=False, stack="S", signing_profile="Team"),
            {
                "signer:StartSigningJob",
                f"arn:aws:signer:eu-west-1:{ACCOUNT}:/signing-profiles/Team",
            },
            {"ec2:DescribeSubnets"},
        ),
    ],
)
def test_only_what_is_needed_is_asked(plan: Plan, more: set[str], fewer: set[str]) -> None:
    """What a deployment does not do takes no right."""
    aws = Iam()
    preflight.check(aws, USER, plan)
    asked = {each for words in aws.questions for each in words}
    assert more <= asked
    assert not fewer & asked


def test_roles_by_their_names() -> None:
    """Rights on roles may depend on name, path and boundary, which are told."""
    given = {"RoleNamePrefix": "team-", "RolePath": "/x/", "PermissionsBoundary": "arn:b"}
    aws = Iam()
    preflight.check(aws, USER, Plan("m", makes_bucket=False, stack="S", parameters=given))
    [asked] = [words for words in aws.questions if "iam:CreateRole" in words]
    assert asked[-1] == f"arn:aws:iam::{ACCOUNT}:role/x/team-eu-west-1-function"
    assert [each for each in asked if "iam:PermissionsBoundary,ContextKeyValues=arn:b," in each]


@pytest.mark.parametrize(
    ("prefix", "other"),
    [
        ({}, "StackSetCustomResource-LastWordRole-0"),
        ({"RoleNamePrefix": "x-"}, "x-eu-west-1-last-word"),
    ],
)
def test_a_role_name_is_that_of_one_role(prefix: dict[str, str], other: str) -> None:
    """Whoever may make the function's role by its name has to be let make the others, too."""
    plan = Plan(
        "mine",
        makes_bucket=False,
        stack="StackSetCustomResource",
        parameters={"RoleName": "Mine", **prefix},
    )
    who = f"arn:aws:iam::{ACCOUNT}:user/me"
    asked = {
        each.resource.rpartition(":role/")[2]
        for each in needed_rights.questions("eu-west-1", ACCOUNT, who, plan)
        if ":role/" in each.resource
    }
    assert asked == {"Mine", other}


# All that a parameter or an option adds.
EVERYTHING = Plan(
    "mine",
    makes_bucket=True,
    stack="S",
    parameters=dict.fromkeys(needed_rights._CHOICES, "given"),
    role=DEPLOYER,
    signing_profile="Team",
    is_tagged=True,
)
UNKNOWN = """
import json, sys, parliament
known = {f"{each['prefix']}:{one['privilege']}" for each in parliament.iam_definition
         for one in each["privileges"]}
print(*sorted(set(json.load(sys.stdin)) - known))
"""


def _asked(plan: Plan) -> set[str]:
    asked = needed_rights.questions("eu-west-1", ACCOUNT, USER.arn, plan)
    return {action for each in asked for action in each.actions.split()}


def test_every_choice_is_a_parameter() -> None:
    """What a parameter adds is asked for under the parameter's name."""
    assert (
        needed_rights._CHOICES.keys() <= template.load(ROOT / "template.yaml")["Parameters"].keys()
    )


def test_every_right_exists() -> None:
    """IAM takes a name that it does not know for one that nobody has."""
    done = subprocess.run(
        [prepare("audit").python, "-W", "ignore", "-c", UNKNOWN],
        input=json.dumps([*_asked(EVERYTHING), *needed_rights.LOOKS.split()]),
        text=True,
        check=True,
        stdout=subprocess.PIPE,
    )
    assert done.stdout.split() == []
