"""What a deployment does, as the rights that it takes: on the bucket, the stack, and in the stack.

Tests hold it complete: every call that a deployment makes is in it, and so is every type of
template.yaml.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

_READ_BUCKET = (
    "s3:GetBucketOwnershipControls s3:GetBucketPublicAccessBlock s3:GetBucketVersioning"
    " s3:GetEncryptionConfiguration s3:ListBucket"
)
_MAKE_BUCKET = (
    "s3:CreateBucket s3:PutBucketOwnershipControls s3:PutBucketPublicAccessBlock"
    " s3:PutBucketVersioning s3:PutEncryptionConfiguration"
)
_STACK = (
    "cloudformation:CreateChangeSet cloudformation:DescribeChangeSet"
    " cloudformation:DescribeStackEvents cloudformation:DescribeStacks"
    " cloudformation:GetTemplateSummary"
)
# What CloudFormation does to make, change and delete each type, by what it does it to.
RESOURCES: Mapping[str, Mapping[str, str]] = {
    # IAM knows no right of its own for macros.
    "AWS::CloudFormation::Macro": {},
    "AWS::IAM::Policy": {"role": "iam:DeleteRolePolicy iam:GetRolePolicy iam:PutRolePolicy"},
    "AWS::IAM::Role": {
        "role": "iam:CreateRole iam:DeleteRole iam:GetRole iam:PassRole"
        " iam:UpdateAssumeRolePolicy iam:UpdateRole"
    },
    "AWS::Lambda::EventInvokeConfig": {
        "function": "lambda:DeleteFunctionEventInvokeConfig lambda:PutFunctionEventInvokeConfig"
        " lambda:UpdateFunctionEventInvokeConfig"
    },
    "AWS::Lambda::EventSourceMapping": {
        "*": "lambda:CreateEventSourceMapping",
        "mapping": "lambda:DeleteEventSourceMapping lambda:GetEventSourceMapping"
        " lambda:UpdateEventSourceMapping",
    },
    # SAM tags every function.
    "AWS::Lambda::Function": {
        "function": "lambda:CreateFunction lambda:DeleteFunction lambda:GetFunction"
        " lambda:PutFunctionRecursionConfig lambda:TagResource lambda:UpdateFunctionCode"
        " lambda:UpdateFunctionConfiguration"
    },
    "AWS::Lambda::Permission": {"function": "lambda:AddPermission lambda:RemovePermission"},
    # Logs are kept, but for those of a stack that could not be made.
    "AWS::Logs::LogGroup": {
        "log": "logs:CreateLogGroup logs:DeleteLogGroup logs:PutRetentionPolicy"
    },
    "AWS::SQS::Queue": {
        "queue": "sqs:CreateQueue sqs:DeleteQueue sqs:GetQueueAttributes sqs:SetQueueAttributes"
    },
    "AWS::SQS::QueuePolicy": {"queue": "sqs:SetQueueAttributes"},
}
# What a parameter adds.
_CHOICES: Mapping[str, Mapping[str, str]] = {
    "CodeSigningConfigArn": {"function": "lambda:PutFunctionCodeSigningConfig"},
    "KmsKeyArn": {"log": "logs:AssociateKmsKey"},
    "PermissionsBoundary": {"role": "iam:PutRolePermissionsBoundary"},
    "ReservedConcurrency": {"function": "lambda:PutFunctionConcurrency"},
    "SubnetIds": {"*": "ec2:DescribeSecurityGroups ec2:DescribeSubnets ec2:DescribeVpcs"},
}
_TAGS: Mapping[str, str] = {
    "log": "logs:TagResource",
    "queue": "sqs:TagQueue",
    "role": "iam:TagRole",
}
# What a deployment looks at to warn or to refuse, and does without where it may not.
LOOKS = (
    "cloudformation:DescribeStackResource cloudformation:DescribeStackSet"
    " cloudformation:GetTemplate cloudformation:ListExports cloudformation:ListImports"
    " cloudformation:ListStackSets iam:SimulatePrincipalPolicy lambda:GetFunctionConfiguration"
    " sts:GetCallerIdentity"
)


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


def questions(region: str, account: str, who: str, plan: Plan) -> Iterator[Question]:
    """Ask for each right that a deployment takes.

    Args:
        region: Where it is deployed.
        account: The account that it is deployed to.
        who: ARN of the principal that deploys.
        plan: What is deployed.

    Yields:
        What IAM has to allow.
    """
    partition = who.split(":")[1]
    service = f"arn:{partition}:{{}}:{region}:{account}:{{}}".format
    bucket = f"arn:{partition}:s3:::{plan.bucket}"
    tagging = " s3:PutBucketTagging" if plan.is_tagged else ""
    made = f" {_MAKE_BUCKET}{tagging}" if plan.makes_bucket else ""
    yield Question(who, _READ_BUCKET + made, bucket)
    objects = f"{bucket}/stackset-resource/bundle.zip"
    yield Question(who, "s3:GetObject s3:GetObjectVersion s3:PutObject", objects)
    last = "ExecuteChangeSet" if plan.executes else "ListChangeSets"
    stack = service("cloudformation", f"stack/{plan.stack}/0")
    yield Question(who, f"{_STACK} cloudformation:{last}", stack)
    transform = f"arn:{partition}:cloudformation:{region}:aws:transform/Serverless-2016-10-31"
    yield Question(who, "cloudformation:CreateChangeSet", transform)
    if plan.signing_profile:
        profile = service("signer", f"/signing-profiles/{plan.signing_profile}")
        yield Question(who, "signer:StartSigningJob", profile)
        yield Question(who, "signer:DescribeSigningJob", service("signer", "/signing-jobs/0"))
    if plan.role:
        passed = {"iam:PassedToService": "cloudformation.amazonaws.com"}
        yield Question(who, "iam:PassRole", plan.role, passed)
    if plan.executes:
        roles = f"arn:{partition}:iam::{account}:role"
        yield from _in_the_stack(service, roles, plan.role or who, plan)


def _in_the_stack(
    service: Callable[[str, str], str], roles: str, maker: str, plan: Plan
) -> Iterator[Question]:
    """What CloudFormation does with the rights of its role, or of who deploys."""
    given = plan.parameters
    region = service("", "").split(":")[3]
    prefix = given.get("RoleNamePrefix")
    name = f"{prefix}{region}-function" if prefix else f"{plan.stack}-StackSetResourceRole-0"
    function = f"{plan.stack}-StackSetResourceFunction-0"
    places = {
        "role": f"{roles}{given.get('RolePath') or '/'}{given.get('RoleName') or name}",
        "function": service("lambda", f"function:{function}"),
        "*": "*",
        "mapping": service("lambda", "event-source-mapping:0"),
        "queue": service("sqs", f"{plan.stack}-StackSetQueue-0"),
        "log": service("logs", f"log-group:/aws/lambda/{function}:*"),
    }
    bounded = given.get("PermissionsBoundary")
    context = {"iam:PassedToService": "lambda.amazonaws.com"}
    context |= {"iam:PermissionsBoundary": bounded} if bounded else {}
    tables = [*RESOURCES.values(), *(each for name, each in _CHOICES.items() if given.get(name))]
    tables += [_TAGS] if plan.is_tagged else []
    for place, resource in places.items():
        actions = {one for table in tables for one in table.get(place, "").split()}
        known = context if place == "role" else {}
        yield Question(maker, " ".join(sorted(actions)), resource, known)
        if place == "role" and given.get("RoleName"):
            # That is the function's name alone; the others are made beside it.
            other = f"{prefix}{region}-last-word" if prefix else f"{plan.stack}-LastWordRole-0"
            beside = f"{roles}{given.get('RolePath') or '/'}{other}"
            yield Question(maker, " ".join(sorted(actions)), beside, known)
