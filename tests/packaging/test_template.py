"""template.yaml: the names that others rely on, and the least of permissions."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from emulator.local.aws import ADMINISTRATOR, HOME_REGION, LocalAWS
from tests.packaging.transformed import plain
from tools import deploy, needed_rights, release, template
from tools.artifacts import Artifact
from tools.environments import ROOT, RUNTIME

TEMPLATE = template.load(ROOT / "template.yaml")
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
MAIN = RESOURCES["StackSetResourceFunction"]["Properties"]
VERSION = release.version()

STACK_SETS = "arn:aws:cloudformation:eu-west-1:111111111111:stackset/*:*"
TARGETS = "arn:aws:cloudformation:*:111111111111:stackset-target/*"
STACKS = "arn:aws:cloudformation:eu-west-1:111111111111:stack/*"
A_STACK = f"arn:aws:cloudformation:{HOME_REGION}:{ADMINISTRATOR}:stack/consumer/0a1b"
TYPES = "arn:aws:cloudformation:*:*:type/resource/*"

GRANTED = {
    "cloudformation:CreateStackInstances": {STACK_SETS, TARGETS, TYPES},
    "cloudformation:CreateStackSet": {"*"},
    "cloudformation:DeleteStackInstances": {STACK_SETS, TARGETS, TYPES},
    "cloudformation:DeleteStackSet": {STACK_SETS},
    "cloudformation:DescribeStackEvents": {STACKS},
    "cloudformation:DescribeStackInstance": {STACK_SETS},
    "cloudformation:DescribeStackResource": {STACKS},
    "cloudformation:DescribeStackSet": {STACK_SETS},
    "cloudformation:DetectStackSetDrift": {STACK_SETS},
    "cloudformation:DescribeStackSetOperation": {STACK_SETS},
    "cloudformation:DescribeStacks": {STACKS},
    "cloudformation:GetTemplateSummary": {"*"},
    "cloudformation:ListStackInstances": {STACK_SETS},
    "cloudformation:ListStackSetOperationResults": {STACK_SETS},
    "cloudformation:ListStackSetOperations": {STACK_SETS},
    "cloudformation:StopStackSetOperation": {STACK_SETS},
    "cloudformation:TagResource": {STACK_SETS},
    "cloudformation:UntagResource": {STACK_SETS},
    "cloudformation:UpdateStackInstances": {STACK_SETS, TARGETS, TYPES},
    "cloudformation:UpdateStackSet": {STACK_SETS, TARGETS, TYPES},
    "iam:PassRole": {"arn:*:iam::*:role/AWSCloudFormationStackSetAdministrationRole"},
    "lambda:InvokeFunction": {"LastWordFunction.Arn"},
    "logs:CreateLogStream": {"StackSetResourceLogGroup.Arn"},
    "logs:PutLogEvents": {"StackSetResourceLogGroup.Arn"},
    "s3:GetObject": {
        "arn:*:s3:::stackset-resource-*/*",
        "arn:*:s3:::cf-templates-*/*",
        "arn:*:s3:::aws-sam-cli-managed-default-*/*",
        "arn:*:s3:::cdk-*-assets-*/*",
    },
}
TAKING_UP = ("sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage")
LEAVING = ("sqs:ChangeMessageVisibility", "sqs:SendMessage")
GRANTED |= {action: {"StackSetQueue.Arn"} for action in (*TAKING_UP, *LEAVING)}
GRANTED["organizations:ListParents"] = {"*"}
GRANTED["s3:GetObjectVersion"] = GRANTED["s3:GetObject"]
GRANTED["s3:ListBucketVersions"] = {each.removesuffix("/*") for each in GRANTED["s3:GetObject"]}


def _granted(role: str, **parameters: list[str] | str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for statement in template.policies(TEMPLATE, parameters)[role]:
        assert statement["Effect"] == "Allow"
        actions, resources = (_listed(statement[key]) for key in ("Action", "Resource"))
        for action in actions:
            found.setdefault(action, set()).update(resources)
    return found


def _listed(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else [*value]


def test_names_of_the_awslabs_template() -> None:
    """Logical ids, parameters and export are those that an upgraded stack has already."""
    assert RESOURCES["StackSetResourceFunction"]["Type"] == "AWS::Serverless::Function"
    assert RESOURCES["StackSetResourceRole"]["Type"] == "AWS::IAM::Role"
    assert RESOURCES["StackSetResourceLogGroup"]["Type"] == "AWS::Logs::LogGroup"
    assert {"RoleName", "RolePath"} <= TEMPLATE["Parameters"].keys()
    arn = {"Fn::GetAtt": ["StackSetResourceFunction", "Arn"]}
    macro = {"Fn::GetAtt": ["StackSetMacroFunction", "Arn"]}
    assert {name: output["Value"] for name, output in TEMPLATE["Outputs"].items()} == {
        "StackSetFunctionArn": arn,
        "StackSetCustomResource": arn,
        "StackSetQueueUrl": {"Ref": "StackSetQueue"},
        "StackSetDeadLetterQueueUrl": {"Ref": "StackSetDeadLetterQueue"},
        "StackSetResourceRoleArn": {"Fn::GetAtt": ["StackSetResourceRole", "Arn"]},
        "StackSetMacroFunctionArn": macro,
    }
    exports = {
        name: each["Export"] for name, each in TEMPLATE["Outputs"].items() if "Export" in each
    }
    assert exports == {
        "StackSetFunctionArn": {"Name": "StackSetCustomResource"},
        "StackSetMacroFunctionArn": {"Name": "StackSetTemplateMacro"},
    }


def test_the_function_has_all_the_time_there_is() -> None:
    """The function runs as long as Lambda allows, may loop, and dies into the last word."""
    assert MAIN["Timeout"] == 900
    assert TEMPLATE["Globals"]["Function"]["Runtime"] == "python{}.{}".format(*RUNTIME)
    assert MAIN["RecursiveLoop"] == "Allow"
    assert MAIN["EventInvokeConfig"]["DestinationConfig"]["OnFailure"] == {
        "Type": "Lambda",
        "Destination": {"Fn::GetAtt": ["LastWordFunction", "Arn"]},
    }


def test_functions_tell_their_version() -> None:
    """It stands in pyproject.toml alone; deploying writes it into each function."""
    deployed = template.parse(deploy._with_code(Artifact("b", "k", "v")))
    assert release.PLACE not in json.dumps(deployed)
    assert deployed["Globals"]["Function"]["Environment"]["Variables"]["VERSION"] == VERSION
    functions = [
        each["Properties"]
        for each in deployed["Resources"].values()
        if each["Type"] == "AWS::Serverless::Function"
    ]
    assert len(functions) == 3
    assert all(each["Description"].endswith(f" ({VERSION})") for each in functions)


def test_a_request_comes_back_through_the_queue() -> None:
    """The function knows its queue and takes requests from it one by one, at most so many."""
    assert MAIN["Environment"]["Variables"] == {
        "QUEUE_URL": {"Ref": "StackSetQueue"},
        "REPORT_BUCKET": {"Ref": "ReportBucket"},
        "OUTPUT_READER_ROLE_NAME": {"Ref": "OutputReaderRoleName"},
        "EXECUTION_ROLE_NAMES": {"Fn::Join": [",", {"Ref": "ExecutionRoleNames"}]},
        "REQUIRE_CONFIRMATION": {"Ref": "RequireConfirmation"},
        "DEFAULT_OPERATION_PREFERENCES": {"Ref": "DefaultOperationPreferences"},
        "READ_ORGANIZATION": {"Ref": "ReadOrganization"},
    }
    assert MAIN["Events"]["Queue"] == {
        "Type": "SQS",
        "Properties": {
            "Queue": {"Fn::GetAtt": ["StackSetQueue", "Arn"]},
            "BatchSize": 1,
            "ScalingConfig": {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}},
        },
    }
    limits = TEMPLATE["Parameters"]["MaximumConcurrency"]
    assert (limits["MinValue"], limits["MaxValue"]) == (2, 1000)
    assert limits["MinValue"] <= limits["Default"] < 10, "a new account has ten for everybody"


def test_a_dead_request_reaches_the_last_word() -> None:
    """What was taken up in vain too often goes to the last word; throttling alone is no reason."""
    redrive = RESOURCES["StackSetQueue"]["Properties"]["RedrivePolicy"]
    dead_letters = {"Fn::GetAtt": ["StackSetDeadLetterQueue", "Arn"]}
    assert redrive["deadLetterTargetArn"] == dead_letters
    assert redrive["maxReceiveCount"] >= 5
    [event] = RESOURCES["LastWordFunction"]["Properties"]["Events"].values()
    assert (event["Type"], event["Properties"]["Queue"]) == ("SQS", dead_letters)
    assert event["Properties"]["BatchSize"] == 1
    kept = RESOURCES["StackSetDeadLetterQueue"]["Properties"]["MessageRetentionPeriod"]
    assert kept == 14 * 24 * 3600


@pytest.mark.parametrize(
    ("queue", "function"),
    [
        ("StackSetQueue", "StackSetResourceFunction"),
        ("StackSetDeadLetterQueue", "LastWordFunction"),
    ],
)
def test_queues_suit_their_functions(queue: str, function: str) -> None:
    """Lambda takes no queue that shows a message again while its function may still be at it."""
    properties = RESOURCES[queue]["Properties"]
    assert properties["VisibilityTimeout"] >= RESOURCES[function]["Properties"]["Timeout"]
    assert template.resources(TEMPLATE)[queue]["Properties"]["SqsManagedSseEnabled"] is True
    [policy] = (
        each["Properties"]["PolicyDocument"]["Statement"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::SQS::QueuePolicy"
        and each["Properties"]["Queues"] == [{"Ref": queue}]
    )
    assert {statement["Effect"] for statement in policy} == {"Deny"}
    assert {"Bool": {"aws:SecureTransport": "false"}} in [each["Condition"] for each in policy]


def test_a_request_lost_at_the_start_is_taken_up_again_within_the_hour() -> None:
    """A sandbox may die before it shortens the visibility; CloudFormation waits an hour."""
    assert RESOURCES["StackSetQueue"]["Properties"]["VisibilityTimeout"] <= 1800


def test_only_the_function_leaves_requests() -> None:
    """What a message says is done with the function's rights, so nobody else may send one."""
    statements = RESOURCES["StackSetQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    [sending] = [each for each in statements if each["Action"] == "sqs:SendMessage"]
    role = {"Fn::GetAtt": ["StackSetResourceRole", "Arn"]}
    assert (sending["Effect"], sending["Principal"]) == ("Deny", "*")
    assert sending["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": role}}


def test_granted_to_the_function() -> None:
    """Each permission of the function, with all resources that it reaches, is in this list."""
    assert _granted("StackSetResourceRole") == GRANTED


def test_granted_to_the_last_word() -> None:
    """The last word may only take up dead letters and write its log."""
    assert _granted("LastWordRole") == {
        **{action: {"StackSetDeadLetterQueue.Arn"} for action in TAKING_UP},
        "logs:CreateLogStream": {"LastWordLogGroup.Arn"},
        "logs:PutLogEvents": {"LastWordLogGroup.Arn"},
    }


def test_granted_to_the_macro() -> None:
    """The macro may only read templates, have them summarized and write its log."""
    reading = ("s3:GetObject", "s3:GetObjectVersion")
    assert _granted("StackSetMacroRole") == {
        **{action: GRANTED[action] for action in reading},
        "logs:CreateLogStream": {"StackSetMacroLogGroup.Arn"},
        "logs:PutLogEvents": {"StackSetMacroLogGroup.Arn"},
        "cloudformation:GetTemplateSummary": {"*"},
    }


def test_the_macro_is_a_choice() -> None:
    """All of the macro's resources, and nothing else, go with its name."""
    for part in (RESOURCES, TEMPLATE["Outputs"]):
        conditional = {name for name, each in part.items() if "Condition" in each}
        assert conditional == {name for name in part if name.startswith("StackSetMacro")}
    assert RESOURCES["StackSetMacro"]["Properties"]["Name"] == {"Ref": "MacroName"}


@pytest.mark.parametrize("role", ["PipelineRole", "StackRole"])
def test_the_pipeline_may_call_the_macro(role: str) -> None:
    """CloudFormation calls it as who makes the change set: either role may be meant by that."""
    pipeline = template.load(ROOT / "examples" / "pipeline" / "pipeline.yaml")
    [called] = (
        each["Resource"]
        for policy in pipeline["Resources"][role]["Properties"]["Policies"]
        for each in policy["PolicyDocument"]["Statement"]
        if each["Action"] == "lambda:InvokeFunction"
    )
    assert {"Fn::ImportValue": "StackSetTemplateMacro"} in (
        called if isinstance(called, list) else [called]
    )


def test_roles_are_passed_to_cloudformation_only() -> None:
    """The administration roles named as a parameter may be passed, and to one service."""
    statements = template.policies(
        TEMPLATE, {"AdministrationRoleNames": ["AdminA", "team/AdminB"]}
    )["StackSetResourceRole"]
    [passing] = [each for each in statements if each["Action"] == "iam:PassRole"]
    assert passing["Resource"] == ["arn:*:iam::*:role/AdminA", "arn:*:iam::*:role/team/AdminB"]
    service = {"iam:PassedToService": "cloudformation.amazonaws.com"}
    assert passing["Condition"] == {"StringEquals": service}


def test_execution_roles_are_any_until_they_are_named() -> None:
    """Nothing that worked is refused by an upgrade; an empty list is no way to say nobody."""
    declared = TEMPLATE["Parameters"]["ExecutionRoleNames"]
    assert declared["Default"] == "*"
    fits = re.compile(declared["AllowedPattern"]).search
    assert all(map(fits, ["*", "stacksets-exec-*", "Own_Role+=.@?"]))
    assert not any(map(fits, ["", "team/Role", "arn:aws:iam::111111111111:role/R", "R" * 65]))


def test_template_buckets_are_a_choice() -> None:
    """Buckets named as a parameter may be read; without any there is no such permission."""
    assert _granted("StackSetResourceRole", TemplateBuckets=["a", "b-*"])["s3:GetObject"] == {
        "arn:*:s3:::a/*",
        "arn:*:s3:::b-*/*",
    }
    assert "s3:GetObject" not in _granted("StackSetResourceRole", TemplateBuckets=[""])


@pytest.mark.parametrize(
    ("others", "accounts"),
    [([""], ADMINISTRATOR), (["222222222222"], [ADMINISTRATOR, "222222222222"])],
)
@pytest.mark.parametrize("role", ["StackSetResourceRole", "StackSetMacroRole"])
def test_template_buckets_are_the_accounts_own(
    role: str, others: list[str], accounts: str | list[str]
) -> None:
    """Anybody may own a bucket that a pattern fits: each right to read says whose it has to be."""
    statements = template.policies(TEMPLATE, {"TemplateBucketAccounts": others})[role]
    reading = [each for each in statements if "s3:" in str(each["Action"])]
    assert reading
    for statement in reading:
        assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": accounts}}


def test_reading_the_organization_is_a_choice() -> None:
    """Nothing, the units above a unit, or all of it, and never a write."""
    reads = {
        choice: {
            each.removeprefix("organizations:")
            for each in _granted("StackSetResourceRole", ReadOrganization=choice)
            if each.startswith("organizations:")
        }
        for choice in TEMPLATE["Parameters"]["ReadOrganization"]["AllowedValues"]
    }
    assert reads == {
        "NOTHING": set(),
        "PARENTS": {"ListParents"},
        "EVERYTHING": {
            "DescribeOrganization",
            "ListAccountsForParent",
            "ListOrganizationalUnitsForParent",
            "ListParents",
            "ListRoots",
        },
    }


def test_reading_regions_is_a_choice() -> None:
    """Only those of the function's own account, and only where the stack says so."""
    asked = _granted("StackSetResourceRole", ReadRegions="true")["account:ListRegions"]
    assert asked == {"arn:*:account::111111111111:account"}
    assert "account:ListRegions" not in _granted("StackSetResourceRole")


def test_imports_are_a_choice() -> None:
    """Stacks join, and templates of this account's stacks are read, where the stack says so."""
    granted = _granted("StackSetResourceRole", ImportStacks="true")
    assert granted["cloudformation:ImportStacksToStackSet"] == {STACK_SETS, TARGETS, TYPES}
    everywhere = STACKS.replace("eu-west-1", "*")
    assert granted["cloudformation:GetTemplate"] == {everywhere}
    assert granted["cloudformation:DescribeStacks"] == {STACKS, everywhere}
    without = _granted("StackSetResourceRole")
    assert not {"cloudformation:ImportStacksToStackSet", "cloudformation:GetTemplate"} & {*without}


def test_delegated_administration_is_a_choice() -> None:
    """Stack sets of the management account are in reach only where the stack says so."""
    granted = _granted("StackSetResourceRole", DelegatedAdministrator="true")
    everybodys = [each.replace("111111111111", "*") for each in (STACK_SETS, TARGETS)]
    assert granted["cloudformation:DescribeStackSet"] == {everybodys[0]}
    assert granted["cloudformation:UpdateStackSet"] == {*everybodys, TYPES}
    assert granted["cloudformation:DescribeStacks"] == {STACKS}


def test_the_report_bucket_is_a_choice() -> None:
    """Reports are written into one bucket, below one prefix; without it nothing is."""
    granted = _granted("StackSetResourceRole", ReportBucket="reports")["s3:PutObject"]
    assert [each.split(":::")[1] for each in granted] == ["reports/stackset-resource/*"]
    assert "s3:PutObject" not in _granted("StackSetResourceRole", ReportBucket="")


def test_reading_outputs_is_a_choice() -> None:
    """One role may be taken, in any account; without its name none may."""
    granted = _granted("StackSetResourceRole", OutputReaderRoleName="team/Reader")["sts:AssumeRole"]
    assert granted == {"arn:aws:iam::*:role/team/Reader"}
    assert "sts:AssumeRole" not in _granted("StackSetResourceRole", OutputReaderRoleName="")
    pattern = TEMPLATE["Parameters"]["OutputReaderRoleName"]["AllowedPattern"]
    right = ["", "Reader", "team/sub/Reader_1+=,.@-"]
    assert [bool(re.search(pattern, each)) for each in right] == [True] * 3
    wrong = ["*", "Read?r", "/Reader", "Reader/", "a//b", "${AWS::AccountId}"]
    assert [bool(re.search(pattern, each)) for each in wrong] == [False] * 6


def test_the_reader_of_outputs_may_only_describe_stacks() -> None:
    """The role in the accounts lets the function's role in, which describes stacks of StackSets."""
    reader = template.load(ROOT / "examples" / "roles" / "output-reader.yaml")
    role = f"arn:aws:iam::{ADMINISTRATOR}:role/team/Function"
    given: dict[str, Any] = {"FunctionRoleArn": role}
    [granted] = template.policies(reader, given)["OutputReaderRole"]
    assert granted == {
        "Effect": "Allow",
        "Action": "cloudformation:DescribeStacks",
        "Resource": ["arn:*:cloudformation:*:*:stack/StackSet-*/*"],
    }
    imported = {**given, "StackNames": ["StackSet-*", "network"]}
    [granted] = template.policies(reader, imported)["OutputReaderRole"]
    assert granted["Resource"][1] == "arn:*:cloudformation:*:*:stack/network/*"
    [trust] = reader["Resources"]["OutputReaderRole"]["Properties"]["AssumeRolePolicyDocument"][
        "Statement"
    ]
    assert trust["Condition"] == {"ArnEquals": {"aws:PrincipalArn": {"Ref": "FunctionRoleArn"}}}


def test_the_detection_of_drift_is_a_choice() -> None:
    """It is on, and off where an administrator says so."""
    action = "cloudformation:DetectStackSetDrift"
    assert action in _granted("StackSetResourceRole", DriftDetection="true")
    assert action not in _granted("StackSetResourceRole", DriftDetection="false")


@pytest.mark.parametrize("role", ["StackSetResourceRole", "LastWordRole"])
def test_the_event_bus_is_a_choice(role: str) -> None:
    """Whoever ends a request may tell one bus of it; without it nobody is told."""
    [bus] = _granted(role, EventBusName="own")["events:PutEvents"]
    assert bus.endswith(":event-bus/own")
    assert "events:PutEvents" not in _granted(role, EventBusName="")


KEY = f"arn:aws:kms:eu-west-1:{ADMINISTRATOR}:key/0a1b"
BOUNDARY = f"arn:aws:iam::{ADMINISTRATOR}:policy/Boundary"
SIGNING = f"arn:aws:lambda:eu-west-1:{ADMINISTRATOR}:code-signing-config:csc-0123456789abcdefg"
NETWORK = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
ALL = {
    "PermissionsBoundary": BOUNDARY,
    "RoleNamePrefix": "team-",
    "KmsKeyArn": KEY,
    "ReservedConcurrency": "20",
    "CodeSigningConfigArn": SIGNING,
    **NETWORK,
}
NETWORK_ACTIONS = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
ROLES = {
    "StackSetResourceRole": "StackSetResourceFunction",
    "LastWordRole": "LastWordFunction",
    "StackSetMacroRole": "StackSetMacroFunction",
}


def _made(kind: str, parameters: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of all resources of a type, after SAM's transform."""
    found = template.resources(plain(), parameters)
    return {name: each["Properties"] for name, each in found.items() if each["Type"] == kind}


VERBS = (
    ("Create", "Add", "Put", "Set"),
    ("Update", "Add", "Put", "Set"),
    ("Delete", "Remove", "Set"),
)


def test_every_type_has_its_rights() -> None:
    """What CloudFormation makes, changes and deletes takes rights, which deploying asks for."""
    types = {each["Type"] for each in plain()["Resources"].values()}
    assert needed_rights.RESOURCES.keys() == types
    plan = needed_rights.Plan("mine", makes_bucket=False, stack="S")
    questions = needed_rights.questions(HOME_REGION, ADMINISTRATOR, "arn:aws:iam::1:user/me", plan)
    asked = {action for each in questions for action in each.actions.split()}
    without = {"AWS::CloudFormation::Macro"}
    for name, places in needed_rights.RESOURCES.items():
        actions = {each for one in places.values() for each in one.split()}
        assert actions <= asked
        assert bool(actions) is (name not in without)
        done = {each.partition(":")[2] for each in actions}
        for verbs in VERBS if actions else ():
            assert any(each.startswith(verbs) for each in done), f"{name}: {verbs[0]}"


def test_roles_are_bounded_and_named() -> None:
    """Every role has the boundary, and a name that is another in each Region; or neither."""
    made = _made("AWS::IAM::Role", ALL)
    assert {each["PermissionsBoundary"] for each in made.values()} == {BOUNDARY}
    assert {name: each["RoleName"] for name, each in made.items()} == {
        "StackSetResourceRole": "team-eu-west-1-function",
        "LastWordRole": "team-eu-west-1-last-word",
        "StackSetMacroRole": "team-eu-west-1-macro",
    }
    named = _made("AWS::IAM::Role", {**ALL, "RoleName": "Own"})
    assert named["StackSetResourceRole"]["RoleName"] == "Own"
    for each in _made("AWS::IAM::Role", {}).values():
        assert not {"RoleName", "PermissionsBoundary"} & each.keys()
    longest = TEMPLATE["Parameters"]["RoleNamePrefix"]["MaxLength"]
    assert longest + len("ap-southeast-1") + len("-last-word") <= 64


def test_functions_are_signed_and_in_a_network() -> None:
    """Every function has subnets and signing configuration, one has concurrency of its own."""
    made = _made("AWS::Lambda::Function", ALL)
    assert len(made) == 3
    for name, each in made.items():
        assert each["VpcConfig"] == NETWORK
        assert each["CodeSigningConfigArn"] == SIGNING
        own = each.get("ReservedConcurrentExecutions")
        assert own == ("20" if name == "StackSetResourceFunction" else None)
    for each in _made("AWS::Lambda::Function", {}).values():
        choices = {"VpcConfig", "CodeSigningConfigArn", "ReservedConcurrentExecutions"}
        assert not choices & each.keys()


def test_logs_and_queues_have_a_key() -> None:
    """Everything that is kept is encrypted with the key; without it, with the services' own."""
    logs, queues = (_made(kind, ALL) for kind in ("AWS::Logs::LogGroup", "AWS::SQS::Queue"))
    assert len(logs) == 3
    assert {each["KmsKeyId"] for each in logs.values()} == {KEY}
    assert len(queues) == 2
    for each in queues.values():
        assert (each["KmsMasterKeyId"], each["SqsManagedSseEnabled"]) == (KEY, False)
    for each in _made("AWS::Logs::LogGroup", {}).values():
        assert "KmsKeyId" not in each


def test_logs_outlive_the_stack() -> None:
    """A log tells who did what: deleting the stack, or replacing its function, keeps it."""
    logs = [each for each in RESOURCES.values() if each["Type"] == "AWS::Logs::LogGroup"]
    assert len(logs) == 3
    for each in logs:
        assert each["DeletionPolicy"] == "RetainExceptOnCreate"
        assert each["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(
    ("role", "actions"),
    [
        ("StackSetResourceRole", {"kms:Decrypt", "kms:GenerateDataKey"}),
        ("LastWordRole", {"kms:Decrypt"}),
        ("StackSetMacroRole", set()),
    ],
)
def test_the_key_is_a_choice(role: str, actions: set[str]) -> None:
    """Who reads or writes a queue may use its key for that, and without a key no other."""
    statements = template.policies(TEMPLATE, {"KmsKeyArn": KEY})[role]
    found = [each for each in statements if "kms:" in str(each["Action"])]
    assert {action for each in found for action in each["Action"]} == actions
    for each in found:
        assert each["Resource"] == KEY
        services = each["Condition"]["StringEquals"]["kms:ViaService"]
        assert set(services) == {"sqs.eu-west-1.amazonaws.com"}
    assert not [each for each in _granted(role) if each.startswith("kms:")]


@pytest.mark.parametrize("role", ROLES)
def test_the_network_is_a_choice(role: str) -> None:
    """Lambda may attach the function to its subnets, the function's code may not."""
    statements = template.policies(TEMPLATE, NETWORK)[role]
    found = [each for each in statements if "ec2:" in str(each["Action"])]
    allowed, denied = sorted(found, key=lambda each: str(each["Effect"]))
    assert (allowed["Effect"], denied["Effect"]) == ("Allow", "Deny")
    assert set(allowed["Action"]) == set(denied["Action"]) == NETWORK_ACTIONS
    own = {"ArnEquals": {"lambda:SourceFunctionArn": f"{ROLES[role]}.Arn"}}
    assert denied["Condition"] == own
    assert not [each for each in _granted(role) if each.startswith("ec2:")]


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("PermissionsBoundary", ["", BOUNDARY, "arn:aws:iam::aws:policy/X"], ["Boundary", "*"]),
        ("RoleNamePrefix", ["", "team-"], ["a/b", "a b"]),
        ("KmsKeyArn", ["", KEY], ["alias/x", "0a1b"]),
        ("SubnetIds", ["", "subnet-0a1b"], ["vpc-1"]),
        ("SecurityGroupIds", ["", "sg-0a1b"], ["default"]),
        ("ReservedConcurrency", ["", "1", "1000"], ["0", "-1", "x", "10000"]),
        ("CodeSigningConfigArn", ["", SIGNING], ["csc-1"]),
        ("TemplateBucketAccounts", ["", ADMINISTRATOR], ["*", "1"]),
    ],
)
def test_what_parameters_take(name: str, right: list[str], wrong: list[str]) -> None:
    """What cannot be meant is refused before anything is made."""
    pattern = TEMPLATE["Parameters"][name]["AllowedPattern"]
    assert all(re.search(pattern, each) for each in right)
    assert not any(re.search(pattern, each) for each in wrong)


def test_the_template_fits_into_a_call() -> None:
    """Below this size the AWS CLI sends the template itself, and nobody can exchange it in S3."""
    assert (ROOT / "template.yaml").stat().st_size < 50_000


def test_no_yaml_aliases() -> None:
    """CloudFormation refuses YAML aliases, which linters let pass."""
    text = (ROOT / "template.yaml").read_text("utf-8")
    words = [word for line in text.splitlines() for word in line.split()]
    assert not [word for word in words if word[0] in "&*" and word[1:].isidentifier()]


@pytest.fixture(scope="module")
def role(aws: LocalAWS, bundle: Path) -> str:
    """ARN of the function's role in a stack with all that an organization may ask for."""
    archive = bundle.with_name("bundle.zip")
    # The macro's name is taken by the stack of other tests.
    everything = {name: ",".join(_listed(each)) for name, each in ALL.items()}
    choices = {**everything, "MacroName": ""}
    aws.deploy_provider(archive, ROOT / "template.yaml", choices, stack_name="roles")
    resources = aws.client("cloudformation").describe_stack_resources(StackName="roles")
    ids = {each["LogicalResourceId"]: each for each in resources["StackResources"]}
    name = ids["StackSetResourceRole"]["PhysicalResourceId"]
    arn: str = aws.client("iam").get_role(RoleName=name)["Role"]["Arn"]
    return arn


def test_the_role_is_named(role: str) -> None:
    """A deployed role has the name that it was given."""
    assert role.endswith(f":role/team-{HOME_REGION}-function")


@pytest.mark.parametrize(
    ("action", "resource", "decision"),
    [
        ("cloudformation:CreateStackSet", "*", "allowed"),
        ("cloudformation:UpdateStackSet", STACK_SETS.replace("*", "x"), "allowed"),
        ("cloudformation:DeleteStack", "*", "implicitDeny"),
        ("cloudformation:DescribeStackResource", A_STACK, "allowed"),
        ("cloudformation:DescribeStackEvents", A_STACK, "allowed"),
        ("cloudformation:DescribeStacks", A_STACK, "allowed"),
        ("cloudformation:DescribeStackResources", A_STACK, "implicitDeny"),
        ("s3:GetObject", "arn:aws:s3:::stackset-resource-1-eu-west-1/t.yaml", "allowed"),
        ("s3:GetObject", "arn:aws:s3:::secrets/t.yaml", "implicitDeny"),
        ("s3:PutObject", "arn:aws:s3:::stackset-resource-1-eu-west-1/t.yaml", "implicitDeny"),
        ("iam:PassRole", f"arn:aws:iam::{ADMINISTRATOR}:role/Other", "implicitDeny"),
        ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:1:function:other", "implicitDeny"),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111111111111:other", "implicitDeny"),
        ("sqs:PurgeQueue", "*", "implicitDeny"),
        ("ec2:CreateNetworkInterface", "*", "allowed"),
        ("ec2:RunInstances", "*", "implicitDeny"),
        ("kms:Decrypt", KEY, "implicitDeny"),  # only through SQS, which is not asked for here
    ],
)
def test_decisions(aws: LocalAWS, role: str, action: str, resource: str, decision: str) -> None:
    """A deployed role's policies decide as the list above reads."""
    [result] = aws.client("iam").simulate_principal_policy(
        PolicySourceArn=role, ActionNames=[action], ResourceArns=[resource]
    )["EvaluationResults"]
    assert result["EvalDecision"] == decision
