"""Each right that a parameter switches: good for what it is for, and for nothing next to it."""

from dataclasses import replace

from tests.packaging.decisions import ACCOUNT, REGION, Try, decide
from tools import template
from tools.environments import ROOT

OTHER = "222222222222"
STACK_SET = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stackset/s:0a1b"
STACK = f"arn:aws:cloudformation:eu-central-1:{ACCOUNT}:stack/s/0a1b"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b"
THROUGH_SQS = {"kms:viaservice": f"sqs.{REGION}.amazonaws.com"}
BUS = f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus"
OURS = {"events:source": "stackset-resource"}
NETWORK = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
TO_CLOUDFORMATION = {"iam:passedtoservice": "cloudformation.amazonaws.com"}
UNIT = "arn:aws:organizations::1:ou/o-1/ou-1"
LAST_WORD, MACRO = "LastWordRole", "StackSetMacroRole"
ROLES = ("StackSetResourceRole", LAST_WORD, MACRO)
FUNCTIONS = dict(
    zip(
        ROLES,
        ("StackSetResourceFunction", "LastWordFunction", "StackSetMacroFunction"),
        strict=True,
    )
)


def _with(each: Try, **changes: object) -> Try:
    return replace(each, **changes)  # type: ignore[arg-type]


def _off(each: Try, *names: str) -> Try:
    """The same with these parameters at their defaults."""
    return replace(each, given={key: one for key, one in each.given.items() if key not in names})


def _object(bucket: str) -> str:
    return f"arn:aws:s3:::{bucket}/stackset-resource/key"


# What each parameter is for, with everything next to it that it must not be good for.
ADMINISTRATOR = Try(
    "iam:PassRole",
    f"arn:aws:iam::{ACCOUNT}:role/team/Own",
    {"AdministrationRoleNames": ["team/Own"]},
    keys=TO_CLOUDFORMATION,
)
BUCKET = Try("s3:GetObject", _object("own"), {"TemplateBuckets": ["own"]})
OTHERS_BUCKET = Try(
    "s3:GetObjectVersion",
    _object("cf-templates-x"),
    {"TemplateBucketAccounts": [OTHER]},
    owner=OTHER,
)
DELEGATED = Try(
    "cloudformation:UpdateStackSet",
    STACK_SET.replace(ACCOUNT, OTHER),
    {"DelegatedAdministrator": "true"},
)
DRIFT = Try("cloudformation:DetectStackSetDrift", STACK_SET, {"DriftDetection": "true"})
REPORT = Try("s3:PutObject", _object("reports"), {"ReportBucket": "reports"})
EVENTS = Try("events:PutEvents", f"{BUS}/own", {"EventBusName": "own"}, keys=OURS)
REGIONS = Try("account:ListRegions", f"arn:aws:account::{ACCOUNT}:account", {"ReadRegions": "true"})
IMPORT = Try("cloudformation:ImportStacksToStackSet", STACK_SET, {"ImportStacks": "true"})
READ_STACKS = Try("cloudformation:GetTemplate", STACK, {"ImportStacks": "true"})
OUTPUTS = Try(
    "sts:AssumeRole",
    f"arn:aws:iam::{OTHER}:role/team/Reader",
    {"OutputReaderRoleName": "team/Reader"},
)
PARENTS = Try("organizations:ListParents", UNIT)
ORGANIZATION = Try("organizations:ListAccountsForParent", UNIT, {"ReadOrganization": "EVERYTHING"})
DECRYPT = Try("kms:Decrypt", KEY, {"KmsKeyArn": KEY}, keys=THROUGH_SQS)
ENCRYPT = _with(DECRYPT, action="kms:GenerateDataKey")
ATTACH = Try("ec2:CreateNetworkInterface", "*", NETWORK)

ALLOWED = [
    *(ADMINISTRATOR, BUCKET, _with(BUCKET, role=MACRO), OTHERS_BUCKET),
    *(_with(OTHERS_BUCKET, role=MACRO), _with(OTHERS_BUCKET, owner=ACCOUNT)),
    *(
        DELEGATED,
        DRIFT,
        _off(DRIFT, "DriftDetection"),
        REPORT,
        EVENTS,
        _with(EVENTS, role=LAST_WORD),
    ),
    *(REGIONS, IMPORT, READ_STACKS, OUTPUTS, PARENTS, ORGANIZATION),
    *(DECRYPT, _with(DECRYPT, role=LAST_WORD), ENCRYPT),
    *(_with(ATTACH, role=role) for role in ROLES),
]
REFUSED = [
    # Passed: another role, to another service, or by another function.
    _off(ADMINISTRATOR, "AdministrationRoleNames"),
    _with(ADMINISTRATOR, resource=f"arn:aws:iam::{ACCOUNT}:role/Own"),
    _with(ADMINISTRATOR, keys={"iam:passedtoservice": "lambda.amazonaws.com"}),
    _with(ADMINISTRATOR, keys={}),
    *(_with(ADMINISTRATOR, role=role) for role in (LAST_WORD, MACRO)),
    # Read: another bucket, somebody else's of that name, or written.
    _off(BUCKET, "TemplateBuckets"),
    _with(BUCKET, resource=_object("owner")),
    _with(BUCKET, owner=OTHER),
    _with(BUCKET, role=MACRO, owner=OTHER),
    _with(BUCKET, role=LAST_WORD),
    _with(BUCKET, action="s3:PutObject"),
    _off(OTHERS_BUCKET, "TemplateBucketAccounts"),
    _with(OTHERS_BUCKET, owner="333333333333"),
    # Stack sets of others, and their other Regions.
    _off(DELEGATED, "DelegatedAdministrator"),
    _with(DELEGATED, resource=DELEGATED.resource.replace(REGION, "us-east-1")),
    _with(
        DELEGATED, action="cloudformation:DescribeStacks", resource=STACK.replace(ACCOUNT, OTHER)
    ),
    _with(DRIFT, given={"DriftDetection": "false"}),
    _with(DRIFT, resource=STACK_SET.replace(ACCOUNT, OTHER)),
    # Reports: another bucket, another prefix, somebody else's, or read.
    _off(REPORT, "ReportBucket"),
    _with(REPORT, resource=_object("report")),
    _with(REPORT, resource="arn:aws:s3:::reports/key"),
    _with(REPORT, owner=OTHER),
    _with(REPORT, action="s3:GetObject"),
    _with(REPORT, role=LAST_WORD),
    # Events: another bus, in the name of others, or from the macro.
    _off(EVENTS, "EventBusName"),
    _with(EVENTS, resource=f"{BUS}/default"),
    _with(EVENTS, keys={"events:source": "aws.cloudformation"}),
    _with(EVENTS, role=MACRO),
    _off(REGIONS, "ReadRegions"),
    _with(REGIONS, action="account:EnableRegion"),
    _with(REGIONS, resource=f"arn:aws:account::{OTHER}:account"),
    # Imports: somebody else's stack sets and stacks, or changed instead of read.
    _off(IMPORT, "ImportStacks"),
    _with(IMPORT, resource=STACK_SET.replace(ACCOUNT, OTHER)),
    _off(READ_STACKS, "ImportStacks"),
    _with(READ_STACKS, action="cloudformation:UpdateStack"),
    _with(READ_STACKS, resource=STACK.replace(ACCOUNT, OTHER)),
    # Outputs: another role, or from another function.
    _off(OUTPUTS, "OutputReaderRoleName"),
    _with(OUTPUTS, resource=f"arn:aws:iam::{OTHER}:role/Reader"),
    *(_with(OUTPUTS, role=role) for role in (LAST_WORD, MACRO)),
    # The organization: not asked, asked for more, or changed.
    _with(PARENTS, given={"ReadOrganization": "NOTHING"}),
    _off(ORGANIZATION, "ReadOrganization"),
    _with(ORGANIZATION, action="organizations:MoveAccount"),
    _with(ORGANIZATION, role=MACRO),
    # The key: another one, past SQS, or by who needs it not.
    _off(DECRYPT, "KmsKeyArn"),
    _with(DECRYPT, resource=KEY.replace("0a1b", "0a1c")),
    _with(DECRYPT, keys={}),
    _with(DECRYPT, keys={"kms:viaservice": f"s3.{REGION}.amazonaws.com"}),
    _with(DECRYPT, action="kms:PutKeyPolicy"),
    _with(ENCRYPT, role=LAST_WORD),
    _with(DECRYPT, role=MACRO),
    # The network: without subnets, and other things in it.
    _off(ATTACH, "SubnetIds", "SecurityGroupIds"),
    _with(ATTACH, action="ec2:AuthorizeSecurityGroupIngress"),
]
# Lambda may, the code that it runs may not.
DENIED = [
    _with(ATTACH, role=role, keys={"lambda:sourcefunctionarn": f"{function}.Arn"})
    for role, function in FUNCTIONS.items()
]


def test_what_it_is_for_is_allowed() -> None:
    """With the parameter, and from where it is needed, each right is there."""
    decided = zip(ALLOWED, decide(ALLOWED), strict=True)
    assert [each for each, decision in decided if decision != "Allow"] == []


def test_what_is_next_to_it_is_refused() -> None:
    """Without the parameter, and for anything else, it is not."""
    tries = [*REFUSED, *DENIED]
    wanted = ["ImplicitDeny"] * len(REFUSED) + ["Deny"] * len(DENIED)
    decided = zip(tries, decide(tries), wanted, strict=True)
    assert [each for each, decision, right in decided if decision != right] == []


def test_every_parameter_that_changes_rights_is_tried() -> None:
    """A new switch comes with what it is for, and what is next to it."""
    read = template.load(ROOT / "template.yaml")
    written = {
        name: str(each)
        for name, each in read["Resources"].items()
        if each["Type"] in {"AWS::IAM::Role", "AWS::IAM::Policy"}
    }
    switches = {
        condition: [name for name in read["Parameters"] if f"'{name}'" in str(told)]
        for condition, told in read["Conditions"].items()
    }
    policies = " ".join(written.values())
    used = {
        name
        for condition, names in switches.items()
        if f"'{condition}'" in policies
        for name in names
    }
    # What a role is called, what bounds it and whether it is there, are no rights of its own.
    used -= {"MacroName", "PermissionsBoundary", "RoleName", "RoleNamePrefix", "RolePath"}
    for tries in (ALLOWED, REFUSED):
        tried = {name for each in tries for name in each.given}
        assert used <= tried
