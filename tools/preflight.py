"""Which rights the deploying principal lacks, asked of IAM before anything is made."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tools.aws import Aws, AwsError
from tools.identity import Caller
from tools.standing import DeployFailed

SKIP = "--skip-preflight"

_READ_BUCKET = (
    "s3:GetBucketPublicAccessBlock s3:GetBucketVersioning s3:GetEncryptionConfiguration"
    " s3:ListBucket"
)
_MAKE_BUCKET = (
    "s3:CreateBucket s3:PutBucketPublicAccessBlock s3:PutBucketVersioning"
    " s3:PutEncryptionConfiguration"
)
_STACK = (
    "cloudformation:CreateChangeSet cloudformation:DescribeChangeSet"
    " cloudformation:DescribeStackEvents cloudformation:DescribeStacks"
)
_ROLES = (
    "iam:CreateRole iam:DeleteRole iam:DeleteRolePolicy iam:GetRole iam:GetRolePolicy iam:PassRole"
    " iam:PutRolePolicy"
)
# SAM tags every function.
_FUNCTIONS = (
    "lambda:AddPermission lambda:CreateFunction lambda:DeleteFunction lambda:GetFunction"
    " lambda:PutFunctionEventInvokeConfig lambda:PutFunctionRecursionConfig lambda:TagResource"
    " lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration"
)
_QUEUES = "sqs:CreateQueue sqs:DeleteQueue sqs:GetQueueAttributes sqs:SetQueueAttributes"
_NETWORK = "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs"
_LOGS = "logs:CreateLogGroup logs:PutRetentionPolicy"


@dataclass(frozen=True)
class Plan:
    """What is about to be deployed.

    Attributes:
        bucket: The artifact bucket.
        makes_bucket: Whether it has to be made.
        stack: Name of the stack.
        parameters: Its parameters by name, as far as they are given.
        role: ARN of the role with which CloudFormation acts, or empty.
        signing_profile: Name of the profile with which the bundle is signed, or empty.
        is_tagged: Whether what is made gets tags.
        executes: Whether the change set is executed, too.
    """

    bucket: str
    makes_bucket: bool
    stack: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    signing_profile: str = ""
    is_tagged: bool = False
    executes: bool = True


@dataclass(frozen=True)
class Question:
    """Whether somebody may do something.

    Attributes:
        who: ARN of the principal.
        actions: The actions, separated by blanks.
        resource: The ARN of what they are done to.
        context: Values of condition keys besides the Region.
    """

    who: str
    actions: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def check(aws: Aws, caller: Caller, plan: Plan) -> None:
    """See that whoever deploys has the rights for it, as far as IAM can tell.

    Raises:
        DeployFailed: Some are missing; the text has all of them.
    """
    who = _principal(aws, caller)
    if who is None:
        return
    questions = [*_questions(aws, caller.account, who, plan)]
    try:
        with ThreadPoolExecutor(len(questions)) as pool:
            denied = [*pool.map(lambda each: _denied(aws, each), questions)]
    except AwsError as error:
        print(f"Warning: it cannot be seen what {who} may do ({error}).")
        return
    lines = [
        f"\n  {', '.join(actions)} on {question.resource}"
        + (f" (as {question.who})" if question.who != who else "")
        for question, actions in zip(questions, denied, strict=True)
        if actions
    ]
    if lines:
        msg = (
            f"{who} may not{''.join(lines)}\nNothing has been made. Have this granted, deploy as "
            f"somebody else or with --role-arn, or, if IAM is mistaken, go on with {SKIP}."
        )
        raise DeployFailed(msg)


def _principal(aws: Aws, caller: Caller) -> str | None:
    """The ARN by which IAM knows who deploys; None where there is nothing to ask."""
    kind, _, name = caller.arn.split(":", 5)[5].partition("/")
    if kind == "root":
        return None
    if kind != "assumed-role":
        return caller.arn
    role = name.partition("/")[0]
    try:
        # The session does not tell the role's path.
        return str(aws("iam", "get-role", "--role-name", role)["Role"]["Arn"])
    except AwsError as error:
        print(f"Warning: it cannot be seen what {caller.arn} may do ({error}).")
        return None


def _questions(aws: Aws, account: str, who: str, plan: Plan) -> Iterator[Question]:
    partition = who.split(":")[1]
    service = f"arn:{partition}:{{}}:{aws.region}:{account}:{{}}".format
    bucket = f"arn:{partition}:s3:::{plan.bucket}"
    tagging = " s3:PutBucketTagging" if plan.is_tagged else ""
    made = f" {_MAKE_BUCKET}{tagging}" if plan.makes_bucket else ""
    yield Question(who, _READ_BUCKET + made, bucket)
    objects = f"{bucket}/stackset-resource/bundle.zip"
    yield Question(who, "s3:GetObject s3:GetObjectVersion s3:PutObject", objects)
    execute = " cloudformation:ExecuteChangeSet" if plan.executes else ""
    stack = service("cloudformation", f"stack/{plan.stack}/0")
    yield Question(who, _STACK + execute, stack)
    transform = f"arn:{partition}:cloudformation:{aws.region}:aws:transform/Serverless-2016-10-31"
    yield Question(who, "cloudformation:CreateChangeSet", transform)
    if plan.signing_profile:
        profile = service("signer", f"/signing-profiles/{plan.signing_profile}")
        yield Question(who, "signer:StartSigningJob", profile)
    if plan.role:
        passed = {"iam:PassedToService": "cloudformation.amazonaws.com"}
        yield Question(who, "iam:PassRole", plan.role, passed)
    if plan.executes:
        yield from _resources(service, f"arn:{partition}:iam::{account}:role", who, plan)


def _resources(
    service: Callable[[str, str], str], roles: str, who: str, plan: Plan
) -> Iterator[Question]:
    """What CloudFormation does with the rights of its role, or of who deploys."""
    given = plan.parameters
    maker = plan.role or who
    path = given.get("RolePath") or "/"
    prefix = given.get("RoleNamePrefix")
    region = service("", "").split(":")[3]
    name = f"{prefix}{region}-function" if prefix else f"{plan.stack}-StackSetResourceRole-0"
    bounded = given.get("PermissionsBoundary")
    context = {"iam:PassedToService": "lambda.amazonaws.com"}
    context |= {"iam:PermissionsBoundary": bounded} if bounded else {}
    tagging = " iam:TagRole" if plan.is_tagged else ""
    yield Question(
        maker, _ROLES + tagging, f"{roles}{path}{given.get('RoleName') or name}", context
    )
    more = " lambda:PutFunctionConcurrency" if given.get("ReservedConcurrency") else ""
    function = service("lambda", f"function:{plan.stack}-StackSetResourceFunction-0")
    yield Question(maker, _FUNCTIONS + more, function)
    yield Question(maker, "lambda:CreateEventSourceMapping", "*")
    if given.get("SubnetIds"):
        yield Question(maker, _NETWORK, "*")
    tagging = " sqs:TagQueue" if plan.is_tagged else ""
    yield Question(maker, _QUEUES + tagging, service("sqs", f"{plan.stack}-StackSetQueue-0"))
    more = " logs:AssociateKmsKey" if given.get("KmsKeyArn") else ""
    more += " logs:TagResource" if plan.is_tagged else ""
    log = f"log-group:/aws/lambda/{plan.stack}-StackSetResourceFunction-0:*"
    yield Question(maker, _LOGS + more, service("logs", log))


def _denied(aws: Aws, question: Question) -> list[str]:
    """The actions of a question that are not allowed, whatever the conditions."""
    values = {"aws:RequestedRegion": aws.region, **question.context}
    found = aws(
        *("iam", "simulate-principal-policy", "--policy-source-arn", question.who),
        *("--action-names", *question.actions.split()),
        "--context-entries",
        *(
            f"ContextKeyName={key},ContextKeyValues={value},ContextKeyType=string"
            for key, value in values.items()
        ),
        *("--resource-arns", question.resource),
    )
    return [
        each["EvalActionName"]
        for each in found["EvaluationResults"]
        # A condition on what is not known here may hold in the end.
        if each["EvalDecision"] != "allowed" and not each.get("MissingContextValues")
    ]
