"""What new users get wrong, and what they read: where it is, what is wrong, what to write."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from emulator.stacksets.errors import ApiError
from emulator.stacksets.faults import Answer, CallFault
from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import SandboxDied
from tests.simulation import sandboxes
from tests.simulation.story import ACCOUNTS, REGIONS, group, new_stack, operations, stacks_of

ONE = ACCOUNTS[0]
TOKYO, VIRGINIA = REGIONS[:2]
CUSTOM = "AWS::CloudFormation::CustomResource"
BUCKET = "https://templates.s3.amazonaws.com"
TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "VpcId": {"Type": "String"},
        "Size": {"Type": "String", "Default": "small", "AllowedValues": ["small", "large"]},
        "Count": {"Type": "Number", "Default": 1},
        "Ports": {"Type": "CommaDelimitedList", "Default": "80"},
    },
    "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
}
ROLE = {"Type": "AWS::IAM::Role", "Properties": {}}
NAMED_ROLE = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "Auditor"}}


def body(**resources: Any) -> str:
    """The template with other resources."""
    return json.dumps({**TEMPLATE, **({"Resources": resources} if resources else {})})


def wanted(**changes: Any) -> dict[str, Any]:
    """Properties that are right but for the changes; None takes a member away."""
    right = {
        "TemplateBody": body(),
        "Parameters": [{"VpcId": "vpc-secret"}],
        "StackInstances": [group((ONE,), (TOKYO,))],
    }
    return {key: value for key, value in {**right, **changes}.items() if value is not None}


def at(url: object, **changes: Any) -> dict[str, Any]:
    """The same with an address instead of a text."""
    return wanted(TemplateURL=url, TemplateBody=None, **changes)


def one(**members: Any) -> dict[str, Any]:
    """The same with one group, right but for these members; None takes a member away."""
    members = {**group((ONE,), (TOKYO,)), **members}
    entry = {key: value for key, value in members.items() if value is not None}
    return wanted(StackInstances=[entry])


class Mistake(NamedTuple):
    """What an author writes, and parts of what is read about it."""

    name: str
    properties: dict[str, Any]
    told: tuple[str, ...]


def _mistake(name: str, properties: dict[str, Any], *told: str) -> Mistake:
    return Mistake(name, properties, told)


ADDRESSES = [
    _mistake(
        "page of GitHub",
        at("https://github.com/acme/infra/blob/main/app.yaml"),
        *("TemplateURL is 'https://github.com/acme/infra/blob/main/app.yaml'", "page of GitHub"),
        "upload the file to S3 and write the https:// address",
    ),
    _mistake(
        "raw file of GitHub",
        at("https://raw.githubusercontent.com/acme/infra/main/app.yaml"),
        *("TemplateURL is", "page of GitHub", "upload the file to S3"),
    ),
    _mistake(
        "page of GitLab",
        at("https://gitlab.com/acme/infra/-/raw/main/app.yaml"),
        *("TemplateURL is", "page of gitlab.com", "upload the file to S3"),
    ),
    _mistake(
        "object in the console",
        at(
            "https://eu-west-1.console.aws.amazon.com/s3/object/templates"
            "?region=eu-west-1&prefix=team/app.yaml"
        ),
        *("TemplateURL is", "page of the AWS console", f"write {BUCKET}/team/app.yaml"),
    ),
    _mistake(
        "bucket in the console",
        at("https://s3.console.aws.amazon.com/s3/buckets/templates?region=eu-west-1"),
        *("TemplateURL is", "page of the AWS console", "write what it shows as the object's URL"),
    ),
    _mistake(
        "CloudFormation's console",
        at("https://console.aws.amazon.com/cloudformation/home?region=us-east-1#/stacksets"),
        *("TemplateURL is", "page of the AWS console"),
    ),
    _mistake(
        "http",
        at("http://templates.s3.amazonaws.com/app.yaml"),
        *("TemplateURL is 'http://", "not encrypted", f"write {BUCKET}/app.yaml"),
    ),
    _mistake(
        "http elsewhere",
        at("http://example.com/app.yaml"),
        *("TemplateURL is 'http://example.com/app.yaml'", "no object in S3", "upload the file"),
    ),
    _mistake(
        "website by https",
        at("https://templates.s3-website-eu-west-1.amazonaws.com/app.yaml"),
        *("TemplateURL is", "is a website and has no https", f"write {BUCKET}/app.yaml"),
    ),
    _mistake(
        "website by http, with a dot",
        at("http://templates.s3-website.eu-central-1.amazonaws.com/app.yaml"),
        *("TemplateURL is", "is a website and has no https", f"write {BUCKET}/app.yaml"),
    ),
    _mistake(
        "s3 without a key",
        at("s3://templates"),
        *("TemplateURL is 's3://templates'", "write s3://BUCKET/KEY"),
    ),
    _mistake(
        "bucket alone",
        at("https://templates.s3.amazonaws.com"),
        *("TemplateURL is", "names a bucket or a folder", "write the address of the template's"),
    ),
    _mistake(
        "folder",
        at("https://s3.amazonaws.com/templates/team/"),
        *("TemplateURL is", "names a bucket or a folder"),
    ),
    _mistake(
        "ARN of the object",
        at("arn:aws:s3:::templates/team/app.yaml"),
        *("TemplateURL is", "which is an ARN", f"write {BUCKET}/team/app.yaml"),
    ),
    _mistake(
        "another ARN",
        at("arn:aws:lambda:us-east-1:222222222222:function:x"),
        *("TemplateURL is", "which is an ARN", "https:// address of an object in S3"),
    ),
    _mistake(
        "relative file name",
        at("app.yaml"),
        *("TemplateURL is 'app.yaml'", "path on some computer", "`./build.sh package`"),
    ),
    _mistake(
        "relative path",
        at("./templates/app.json"),
        *("TemplateURL is", "path on some computer", "upload it to S3"),
    ),
    _mistake(
        "parent folder",
        at("../app.yml"),
        *("TemplateURL is", "path on some computer"),
    ),
    _mistake("absolute path", at("/home/me/app.yaml"), "TemplateURL is", "path on some computer"),
    _mistake("home folder", at("~/app.yaml"), "TemplateURL is", "path on some computer"),
    _mistake("path of Windows", at("C:\\work\\app.yaml"), "TemplateURL is", "path on some"),
    _mistake("file address", at("file:///work/app.yaml"), "TemplateURL is", "path on some"),
    _mistake(
        "no scheme",
        at("templates.s3.amazonaws.com/app.yaml"),
        *("TemplateURL is", "without https:// in front", f"write {BUCKET}/app.yaml"),
    ),
    _mistake(
        "placeholder",
        at("https://s3.amazonaws.com/${Bucket}/app.yaml"),
        *("TemplateURL is", "`${Bucket}` in it is not replaced", "write !Sub before the text"),
    ),
    _mistake(
        "short form in quotes",
        at("!Sub https://s3.amazonaws.com/bucket/app.yaml"),
        *("TemplateURL is", "`!Sub` is part of the text", "write it before the quotes"),
    ),
    _mistake(
        "dynamic reference",
        at("{{resolve:ssm-secure:/template/url}}"),
        *("TemplateURL is", "dynamic reference in it is not resolved", "parameter of the stack"),
    ),
    _mistake(
        "quotes in quotes",
        at("'https://s3.amazonaws.com/bucket/app.yaml'"),
        *("TemplateURL is", "quotes that are part of the text", "take them away"),
    ),
    _mistake(
        "brackets of an example",
        at("<https://s3.amazonaws.com/bucket/app.yaml>"),
        *("TemplateURL is", "brackets of an example"),
    ),
    _mistake("nothing known", at("the template"), "TemplateURL is 'the template'", "https://"),
    _mistake("list", at([f"{BUCKET}/app.yaml"]), "TemplateURL is a list", "https:// address"),
    _mistake(
        "definition as a value",
        at({"Type": "String"}),
        *("TemplateURL is a map", "write an https:// address"),
    ),
    _mistake(
        "no such object",
        at(f"{BUCKET}/gone.yaml"),
        *("TemplateURL is", "/gone.yaml'", "where no object is", "capitals and slashes"),
        "The specified key does not exist",
    ),
    _mistake(
        "outside S3",
        at("https://example.com/app.yaml"),
        *("TemplateURL is 'https://example.com/app.yaml'", "no object in S3", "upload the file"),
    ),
    _mistake(
        "no template there",
        at(f"{BUCKET}/none.yaml"),
        *("TemplateURL holds no template", "Template format error", "mend it"),
    ),
    _mistake("no template", wanted(TemplateBody=None), "TemplateURL is missing", "TemplateBody"),
    _mistake("two templates", wanted(TemplateURL=f"{BUCKET}/app.yaml"), "both given", "keep one"),
]
BODIES = [
    _mistake(
        "address as a text",
        wanted(TemplateBody=f"{BUCKET}/app.yaml"),
        *("TemplateBody is an address", "write it as TemplateURL"),
    ),
    _mistake(
        "file name as a text",
        wanted(TemplateBody="templates/app.yaml"),
        *("TemplateBody is the name of a file", "write its content"),
    ),
    _mistake(
        "map as a text",
        wanted(TemplateBody=TEMPLATE),
        *("TemplateBody is a map", "write the template as a text"),
    ),
    _mistake(
        "no resources",
        wanted(TemplateBody="Description: nothing"),
        *("TemplateBody holds no template", "At least one Resources member", "mend it"),
    ),
    _mistake(
        "no YAML",
        wanted(TemplateBody="a: [1"),
        *("TemplateBody holds no template", "not well-formed"),
    ),
    _mistake("too long", wanted(TemplateBody="x" * 51_201), "TemplateBody has 51,201 bytes", "S3"),
]
DECLARATIONS = [
    _mistake(
        "capability of roles",
        wanted(TemplateBody=body(Role=ROLE)),
        *("Capabilities lacks", "AWS::IAM::Role", "add CAPABILITY_IAM."),
    ),
    _mistake(
        "capability of named roles",
        wanted(TemplateBody=body(Role=NAMED_ROLE), Capabilities=["CAPABILITY_IAM"]),
        *("Capabilities lacks", "add CAPABILITY_NAMED_IAM."),
    ),
    _mistake(
        "capability of macros",
        wanted(TemplateBody=json.dumps({**TEMPLATE, "Transform": "AWS::Serverless-2016-10-31"})),
        *("Capabilities lacks", "add CAPABILITY_AUTO_EXPAND."),
    ),
    _mistake(
        "parameter missing",
        wanted(Parameters=None),
        *("Parameters gives no value to VpcId", "without a default", "write `VpcId: value`"),
    ),
    _mistake(
        "parameter unknown",
        wanted(Parameters=[{"VpcId": "vpc-secret"}, {"Siz": "large"}]),
        *("Parameters names Siz", "does not declare", "did you mean Size?"),
    ),
    _mistake(
        "parameter in small letters",
        wanted(Parameters={"VpcId": "vpc-secret", "ports": "1"}),
        *("Parameters names ports", "did you mean Ports?"),
    ),
    _mistake(
        "parameter unlike any",
        wanted(Parameters=[{"VpcId": "vpc-secret", "Xyz": "x"}]),
        *("Parameters names Xyz", "it declares VpcId, Size, Count, Ports."),
    ),
    _mistake(
        "parameter that is no number",
        wanted(Parameters={"VpcId": "vpc-secret", "Count": "vpc-secret"}),
        *("Parameters.Count is not what the template allows", "write a number."),
    ),
    _mistake(
        "parameter that is not allowed",
        wanted(Parameters={"VpcId": "vpc-secret", "Size": "vpc-secret"}),
        *("Parameters.Size is not what the template allows", "one of small, large."),
    ),
    _mistake(
        "override unknown",
        one(ParameterOverrides={"Sizes": "large"}),
        *("StackInstances[0].ParameterOverrides names Sizes", "did you mean Size?"),
    ),
    _mistake(
        "override that is no number",
        one(ParameterOverrides=[{"Count": "vpc-secret"}]),
        *("StackInstances[0].ParameterOverrides.Count is not", "write a number."),
    ),
    _mistake(
        "override instead of parameter",
        {**one(ParameterOverrides={"VpcId": "vpc-secret"}), "Parameters": []},
        *("Parameters gives no value to VpcId", "write `VpcId: value`"),
    ),
    _mistake(
        "all of it at once",
        {
            **one(ParameterOverrides={"Colour": "red"}),
            "TemplateBody": body(Role=ROLE),
            "Parameters": {"Vpc": "vpc-secret"},
        },
        *("4 faults", "Capabilities lacks", "Parameters names Vpc, ", "ParameterOverrides names"),
        "gives no value to VpcId",
    ),
]
PARAMETERS = [
    _mistake(
        "Key and Value",
        wanted(Parameters=[{"Key": "VpcId", "Value": "vpc-secret"}]),
        *("Parameters[0] has `Key` and `Value`", "write `ParameterKey: name, ParameterValue"),
    ),
    _mistake(
        "Name and Value",
        wanted(Parameters=[{"Name": "VpcId", "Value": "vpc-secret"}]),
        *("Parameters[0] has `Name` and `Value`", "write `ParameterKey: name, ParameterValue"),
    ),
    _mistake(
        "name and value",
        wanted(Parameters=[{"name": "VpcId", "value": "vpc-secret"}]),
        *("Parameters[0] has `name` and `value`", "ParameterKey: name"),
    ),
    _mistake(
        "overrides as Key and Value",
        one(ParameterOverrides=[{"Key": "Size", "Value": "large"}]),
        *("StackInstances[0].ParameterOverrides[0] has `Key` and `Value`", "ParameterKey"),
    ),
    _mistake(
        "ParameterKey alone",
        wanted(Parameters=[{"ParameterKey": "VpcId"}]),
        *("Parameters[0] has no ParameterValue", "write both", "leave the whole entry out"),
    ),
    _mistake(
        "ParameterValue alone",
        wanted(Parameters=[{"ParameterValue": "vpc-secret"}]),
        *("Parameters[0] has no name as its ParameterKey", "write both"),
    ),
    _mistake(
        "previous value",
        wanted(Parameters=[{"ParameterKey": "VpcId", "UsePreviousValue": True}]),
        *("Parameters[0] has `UsePreviousValue`", "ParameterKey and ParameterValue alone"),
    ),
    _mistake(
        "definition",
        wanted(Parameters={"VpcId": {"Type": "String"}}),
        *("Parameters.VpcId is the definition of a parameter", "write the value alone"),
    ),
    _mistake(
        "map as a value",
        wanted(Parameters={"VpcId": {"Vpc": "vpc-secret"}}),
        *("Parameters.VpcId must be a text", "not a map"),
    ),
    _mistake("text", wanted(Parameters="VpcId=vpc-secret"), "Parameters must be `name: value`"),
    _mistake(
        "texts", wanted(Parameters=["VpcId=vpc-secret"]), "Parameters[0] must be `name: value`"
    ),
    _mistake(
        "value twice",
        wanted(Parameters=[{"VpcId": "vpc-secret"}, {"VpcId": "vpc-secret"}]),
        *("Parameters[1].VpcId gives VpcId a value again", "write it once"),
    ),
]
TAGS = [
    _mistake(
        "key and value in a map",
        wanted(Tags={"key": "Stage", "value": "vpc-secret"}),
        *("Tags has `key` and `value`", "write `Key: name, Value: value`"),
    ),
    _mistake(
        "name and value",
        wanted(Tags=[{"name": "Stage", "value": "vpc-secret"}]),
        *("Tags[0] has `name` and `value`", "write `Key: name, Value: value`"),
    ),
    _mistake(
        "Name and Value",
        wanted(Tags=[{"Name": "Stage", "Value": "vpc-secret"}]),
        *("Tags[0] has `Name`", "write Key and Value alone"),
    ),
    _mistake("Key alone", wanted(Tags=[{"Key": "Stage"}]), "Tags[0] has no Value", "write both"),
    _mistake("empty", wanted(Tags=[{"Stage": ""}]), "Tags.Stage must have a value of 1 to 256"),
    _mistake("reserved", wanted(Tags={"aws:x": "y"}), "Tags.aws:x begins with `aws:`", "rename"),
    _mistake("text", wanted(Tags="Stage=test"), "Tags must be `name: value`"),
    _mistake("too many", wanted(Tags={str(n): "x" for n in range(51)}), "Tags has 51 tags", "50"),
    _mistake(
        "propagation",
        wanted(Tags=[{"Key": "Stage", "Value": "x", "PropagateAtLaunch": True}]),
        *("Tags[0] has `PropagateAtLaunch`", "write Key and Value alone"),
    ),
]
ACCOUNTS_AND_REGIONS = [
    _mistake(
        "account read as octal",
        one(Accounts=["1227133513"]),
        *("StackInstances[0].Accounts[0] is '1227133513'", 'write "011111111111" in quotes'),
    ),
    _mistake(
        "account in scientific notation",
        one(Accounts=["1.11111111111E11"]),
        *("StackInstances[0].Accounts[0]", 'write it in quotes, "111111111111"'),
    ),
    _mistake("account too short", one(Accounts=["12345"]), "Accounts[0] is '12345'", "12 digits"),
    _mistake("account with hyphens", one(Accounts=["1111-1111-1111"]), "Accounts[0]", "12 digits"),
    _mistake("account by name", one(Accounts=["production"]), "Accounts[0]", "12 digits"),
    _mistake(
        "account in an ARN",
        one(Accounts=[f"arn:aws:iam::{ONE}:root"]),
        *("StackInstances[0].Accounts[0]", "that is an ARN", f'write "{ONE}"'),
    ),
    _mistake(
        "organization as an account",
        one(Accounts=["o-abcdefghij"]),
        *("StackInstances[0].Accounts[0]", "that is an organization", "ids of its accounts"),
    ),
    _mistake(
        "accounts in one text",
        one(Accounts=f"{ONE},{ACCOUNTS[1]}"),
        *("StackInstances[0].Accounts is", "write a list", '!Split [",", ...]'),
    ),
    _mistake(
        "accounts in one entry",
        one(Accounts=[f"{ONE},{ACCOUNTS[1]}"]),
        *("StackInstances[0].Accounts[0] is", "several in one text", '!Split [",", ...]'),
    ),
    _mistake("account alone", one(Accounts=ONE), "StackInstances[0].Accounts is", "write a list"),
    _mistake("no accounts", one(Accounts=None), "StackInstances[0] names no accounts", "write Acc"),
    _mistake("empty accounts", one(Accounts=[]), "StackInstances[0].Accounts is empty"),
    _mistake("account twice", one(Accounts=[ONE, ONE]), f"names {ONE} twice", "write it once"),
    _mistake(
        "account that nobody replaced",
        one(Accounts=["${AWS::AccountId}"]),
        *("StackInstances[0].Accounts[0]", "`${AWS::AccountId}` in it is not replaced", "!Sub"),
    ),
    _mistake(
        "reference in quotes",
        one(Accounts=["!Ref Account"]),
        *("StackInstances[0].Accounts[0]", "`!Ref` is part of the text"),
    ),
    _mistake("Region by name", one(Regions=["Tokyo"]), "Regions[0] is 'Tokyo'", "us-east-1"),
    _mistake("availability zone", one(Regions=["us-east-1a"]), "Regions[0] is 'us-east-1a'"),
    _mistake("capital letters", one(Regions=["US-EAST-1"]), "Regions[0]", "such as us-east-1"),
    _mistake(
        "Regions in one text",
        one(Regions="us-east-1, eu-west-1"),
        *("StackInstances[0].Regions is", "write a list", '!Split [",", ...]'),
    ),
    _mistake(
        "Regions in one entry",
        one(Regions=["us-east-1,eu-west-1"]),
        *("StackInstances[0].Regions[0] is", "several in one text"),
    ),
    _mistake(
        "Region that nobody replaced",
        one(Regions=["${AWS::Region}"]),
        *("StackInstances[0].Regions[0]", "write !Sub before the text"),
    ),
    *(
        _mistake(
            f"all Regions as {text}",
            one(Regions=[text]),
            *(f"StackInstances[0].Regions[0] is '{text}'", "write ALL_ENABLED for all Regions"),
        )
        for text in ("ALL", "all_enabled", "*")
    ),
    _mistake("no Regions", one(Regions=None), "StackInstances[0].Regions is missing", "write it"),
    _mistake("empty Regions", one(Regions=[]), "StackInstances[0].Regions is empty"),
    _mistake(
        "instance in two groups",
        wanted(StackInstances=[group((ONE,)), group((ONE,))]),
        *(f"StackInstances[1] names {ONE} in {TOKYO} again", "name it once"),
    ),
]
GROUP = "write it into a group, StackInstancesGroup: [{DeploymentTargets: {Accounts: [...]}"
PLACES = [
    _mistake("Accounts at the top", wanted(Accounts=[ONE]), "`Accounts` is not a", GROUP),
    _mistake("Regions at the top", wanted(Regions=[TOKYO]), "`Regions` is not a", GROUP),
    _mistake(
        "targets at the top",
        wanted(DeploymentTargets={"Accounts": [ONE]}),
        *("`DeploymentTargets` is not a property of Custom::StackSet", GROUP),
    ),
    _mistake(
        "overrides at the top",
        wanted(ParameterOverrides={"Size": "large"}),
        *("`ParameterOverrides` is not a property of Custom::StackSet", GROUP),
    ),
    _mistake(
        "preference at the top",
        wanted(MaxConcurrentCount=3),
        *("`MaxConcurrentCount` is not a property of", "write it into OperationPreferences."),
    ),
    _mistake(
        "Parameters in a group",
        one(Parameters={"Size": "large"}),
        *("`Parameters` is not a property of StackInstances[0]", "write ParameterOverrides here"),
    ),
    _mistake(
        "template in a group",
        one(TemplateBody="x"),
        *("`TemplateBody` is not a property of StackInstances[0]", "write it at the top"),
    ),
    _mistake(
        "preferences in a group",
        one(OperationPreferences={}),
        *("`OperationPreferences` is not a property of StackInstances[0]", "at the top"),
    ),
    _mistake(
        "Regions in the targets",
        one(Accounts=None, DeploymentTargets={"Accounts": [ONE], "Regions": [TOKYO]}),
        *("`Regions` is not a property of StackInstances[0].DeploymentTargets", "into the group"),
    ),
    _mistake("misspelt property", wanted(Paramaters=[]), "`Paramaters`", "did you mean `Param"),
    _mistake("misspelt member", one(Acounts=[ONE]), "`Acounts`", "did you mean `Accounts`?"),
    _mistake("singular", one(Region=TOKYO), "`Region`", "did you mean `Regions`?"),
    _mistake("other letters", wanted(TemplateUrl="x"), "did you mean `TemplateURL`?"),
    _mistake("name of another resource", wanted(Name="x"), "did you mean `StackSetName`?"),
    _mistake("nothing like it", wanted(Zzz="x"), "`Zzz` is not a property", "it knows "),
    _mistake(
        "group as a map",
        wanted(StackInstances=group((ONE,))),
        *("StackInstances is a map", "write a list"),
    ),
    _mistake("group as a text", wanted(StackInstances=[TOKYO]), "StackInstances[0] is", "a map"),
    _mistake(
        "targets as a list",
        one(Accounts=None, DeploymentTargets=[ONE]),
        *("StackInstances[0].DeploymentTargets is a list", "write a map"),
    ),
    _mistake(
        "accounts twice over",
        one(DeploymentTargets={"Accounts": [ONE]}),
        *("StackInstances[0] has both Accounts and DeploymentTargets", "keep one"),
    ),
]


def preferring(**preferences: Any) -> dict[str, Any]:
    """Properties with these preferences."""
    return wanted(OperationPreferences=preferences)


OTHERS = [
    _mistake(
        "tolerance twice",
        preferring(FailureToleranceCount=1, FailureTolerancePercentage=1),
        *("OperationPreferences has both FailureToleranceCount", "keep one"),
    ),
    _mistake("percent sign", preferring(MaxConcurrentPercentage="50%"), "is '50%'", "1 to 100"),
    _mistake("too much", preferring(MaxConcurrentPercentage=101), "is '101'", "from 1 to 100"),
    _mistake("none at once", preferring(MaxConcurrentCount=0), "is '0'", "of at least 1"),
    _mistake("many at once", preferring(MaxConcurrentCount="all"), "is 'all'", "whole number"),
    _mistake("mode", preferring(ConcurrencyMode="SOFT"), "SOFT_FAILURE_TOLERANCE"),
    _mistake("concurrency", preferring(RegionConcurrencyType="Parallel?"), "or PARALLEL"),
    _mistake("misspelt", preferring(MaxConcurentCount=1), "did you mean `MaxConcurrentCount`?"),
    _mistake("order as a text", preferring(RegionOrder="a,b"), "RegionOrder is", "write a list"),
    _mistake("capability", wanted(Capabilities=["IAM"]), "Capabilities[0] is 'IAM'", "CAPABILITY_"),
    _mistake("capability alone", wanted(Capabilities="CAPABILITY_IAM"), "write a list"),
    _mistake("name", wanted(StackSetName="my set"), "StackSetName is 'my set'", "hyphens"),
    _mistake("number first", wanted(StackSetName="1st"), "StackSetName is '1st'", "letter first"),
    _mistake("role by name", wanted(AdministrationRoleARN="Admin"), "the role's ARN", "arn:aws"),
    _mistake(
        "role by ARN",
        wanted(ExecutionRoleName="arn:aws:iam::222222222222:role/Execution"),
        *("ExecutionRoleName is", "the role's name alone"),
    ),
    _mistake("switch", wanted(ManagedExecution={"Active": "yes"}), "Active is 'yes'", "or false"),
    _mistake("switch alone", wanted(ManagedExecution="true"), "ManagedExecution is", "a map with"),
    _mistake("timeout", wanted(ServiceTimeout=7200), "ServiceTimeout is '7200'", "1 to 3600"),
    _mistake("level", wanted(loglevel="verbose"), "loglevel is 'verbose'", "DEBUG or INFO"),
    _mistake("wait", wanted(WaitFor="NOTHING"), "WaitFor is 'NOTHING'", "START or END"),
    _mistake("description", wanted(Description="x" * 1025), "has 1,025 characters"),
]
MISTAKES = {
    f"{kind}: {each.name}": each
    for kind, mistakes in {
        "address": ADDRESSES,
        "body": BODIES,
        "declaration": DECLARATIONS,
        "parameter": PARAMETERS,
        "tag": TAGS,
        "target": ACCOUNTS_AND_REGIONS,
        "place": PLACES,
        "other": OTHERS,
    }.items()
    for each in mistakes
}


def _filled(aws: VirtualAWS) -> Stack:
    aws.objects["templates", "app.yaml"] = body().encode()
    aws.objects["templates", "a b/ä.yaml"] = body().encode()
    aws.objects["templates", "none.yaml"] = b"Description: nothing"
    return new_stack(aws)


def test_there_are_many() -> None:
    """As many as a new user makes."""
    assert len(MISTAKES) >= 107


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name: str) -> None:
    """A Create is refused before anything is written, in sentences that name place and mend."""
    _, properties, told = MISTAKES[name]
    with world(seconds=1.0) as aws:
        stack = _filled(aws)
        stack.deploy(properties)

        reason = stack.answers[0][1].reason
        assert stack.answers[0][1].status == "FAILED"
        assert [each for each in told if each not in reason] == [], reason
        assert operations(aws) == []
        assert reason.partition(" See ")[0].rstrip().endswith((".", "?")), reason
        assert "vpc-secret" not in reason


# In an update, what the awslabs function passed over is passed over.
@pytest.mark.parametrize("name", sorted(MISTAKES.keys() - {"address: two templates"}))
def test_mistake_in_an_update(name: str) -> None:
    """So is an Update, and its rollback finds nothing to do."""
    _, properties, _ = MISTAKES[name]
    with world(seconds=1.0) as aws:
        stack = _filled(aws)
        assert stack.deploy(wanted(StackSetName=None)) == "CREATE_COMPLETE", stack.reason
        already = len(operations(aws))

        assert stack.deploy(properties) == "UPDATE_ROLLBACK_COMPLETE"
        assert operations(aws)[already:] == []


@pytest.mark.parametrize(
    ("resource_type", "properties"),
    [
        ("Custom::Stackset", wanted()),
        ("Custom::StackSets", wanted()),
        ("Custom::StackSetwait", {"StackSetId": "x", "DeploymentId": "y"}),
        ("Custom::Wait", {"StackSetId": "x", "DeploymentId": "y"}),
    ],
)
def test_type(resource_type: str, properties: dict[str, Any]) -> None:
    """A misspelt type is refused, with the two there are, and what is left of it can be deleted."""
    with world(seconds=1.0) as aws:
        new_stack(aws)
        stack = Stack(aws, sandboxes.WARM, resource_type=resource_type, disable_rollback=True)
        assert stack.deploy(properties) == "CREATE_FAILED"
        told = f"Type is {resource_type}, and the function serves Custom::StackSet, a stack set,"
        assert told in stack.reason
        assert "and Custom::StackSetWait, which waits" in stack.reason
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert operations(aws) == []


@pytest.mark.parametrize("resource_type", ["Custom::Guardrails", CUSTOM])
def test_type_of_its_own(resource_type: str) -> None:
    """Any other name is that of a stack set."""
    with world(seconds=1.0) as aws:
        new_stack(aws)
        stack = Stack(aws, sandboxes.WARM, resource_type=resource_type)
        assert stack.deploy(wanted()) == "CREATE_COMPLETE", stack.reason
        assert stack.delete() == "DELETE_COMPLETE", stack.reason


SERVED = {
    "s3 address": at("s3://templates/app.yaml"),
    "s3 address with odd characters": at("s3://templates/a b/ä.yaml"),
    "blank after a split": one(Accounts=[f" {ONE} "], Regions=[f" {TOKYO}"]),
    "blank around an address": at(f" {BUCKET}/app.yaml "),
    "more rights than needed": wanted(Capabilities=["CAPABILITY_NAMED_IAM"]),
    "named covers plain": wanted(
        TemplateBody=body(Role=ROLE), Capabilities=["CAPABILITY_NAMED_IAM"]
    ),
    "tags as key and value": wanted(Tags=[{"key": "Stage", "value": "test"}]),
    "tags as parameters": wanted(Tags=[{"ParameterKey": "Stage", "ParameterValue": "test"}]),
    "parameters in small letters": wanted(
        Parameters=[{"parameterKey": "VpcId", "parameterValue": "vpc-secret"}]
    ),
}


@pytest.mark.parametrize("name", SERVED)
def test_served(name: str) -> None:
    """What can only mean one thing is done."""
    with world(seconds=1.0) as aws:
        stack = _filled(aws)

        assert stack.deploy(SERVED[name]) == "CREATE_COMPLETE", stack.reason
        (deployed,) = stacks_of(aws, stack.physical_id).values()
        assert deployed.parameters["VpcId"] == "vpc-secret"
        if "Tags" in SERVED[name]:
            assert deployed.tags == {"Stage": "test"}


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        (
            wanted(OperationPreferences={"RegionOrder": [VIRGINIA, TOKYO]}),
            f"OperationPreferences.RegionOrder names {VIRGINIA}, where no group has instances:",
        ),
        (one(Regions=[TOKYO, "us-moon-1"]), "Regions names us-moon-1, which this version of the"),
    ],
    ids=["order", "Region"],
)
def test_warned(properties: dict[str, Any], told: str) -> None:
    """What may be right is done, and told in an attribute and in the log."""
    with world(seconds=1.0) as aws:
        stack = _filled(aws)
        aws.engine.faults.disabled_regions.clear()
        stack.deploy(properties)
        answer = stack.answers[0][1]
        if answer.status == "SUCCESS":
            assert told in answer.data["Warnings"]
            assert answer.data["Warnings"].endswith(".")
        else:
            assert "us-moon-1" in answer.reason


class TestAsking:
    """GetTemplateSummary is called once, and only where it may tell something."""

    def _calls(self, aws: VirtualAWS, since: int = 0) -> int:
        return [action for _, _, action in aws.calls[since:]].count("GetTemplateSummary")

    def test_once(self) -> None:
        """However many sandboxes a request takes."""
        with world(seconds=900.0) as aws:
            stack = _filled(aws)
            assert stack.deploy(wanted()) == "CREATE_COMPLETE", stack.reason
            assert len(aws.lambda_usage.runs) > 3
            assert self._calls(aws) == 1

    @pytest.mark.parametrize(
        ("changes", "calls"),
        [
            ({"Tags": [{"Stage": "test"}]}, 0),
            ({"StackInstances": [group((ONE,), REGIONS[:2])]}, 0),
            ({"Parameters": {"VpcId": "vpc-2"}}, 1),
            ({"Capabilities": ["CAPABILITY_IAM"]}, 1),
            ({"StackInstances": [group((ONE,), (TOKYO,), Size="large")]}, 1),
            ({"TemplateBody": body(Queue={"Type": "AWS::SQS::Queue"})}, 1),
        ],
        ids=["tags", "targets", "parameters", "capabilities", "overrides", "template"],
    )
    def test_update(self, changes: dict[str, Any], calls: int) -> None:
        """An Update asks where the template, or what it is given, changes."""
        with world(seconds=1.0) as aws:
            stack = _filled(aws)
            stack.deploy(wanted())
            already = len(aws.calls)
            assert stack.deploy(wanted(**changes)) == "UPDATE_COMPLETE", stack.reason
            assert self._calls(aws, already) == calls

    def test_rollback(self) -> None:
        """A rollback does not ask."""
        with world(seconds=1.0) as aws:
            stack = _filled(aws)
            stack.deploy(wanted())
            stack.others_fail = True
            already = len(aws.calls)
            changed = wanted(Parameters={"VpcId": "vpc-2"})
            assert stack.deploy(changed) == "UPDATE_ROLLBACK_COMPLETE"
            assert self._calls(aws, already) == 1
            (deployed,) = stacks_of(aws, stack.physical_id).values()
            assert deployed.parameters["VpcId"] == "vpc-secret"

    def test_a_template_that_is_gone(self) -> None:
        """An Update that leaves the address as it is needs no template there."""
        with world(seconds=1.0) as aws:
            stack = _filled(aws)
            stack.deploy(at(f"{BUCKET}/app.yaml"))
            del aws.objects["templates", "app.yaml"]
            changed = {"StackInstances": [group((ONE,), (TOKYO,), Size="large")]}
            assert stack.deploy(at(f"{BUCKET}/app.yaml", **changed)) == "UPDATE_COMPLETE"

    def test_after_a_death(self) -> None:
        """What has begun is not refused: its rollback could not know how far it came."""

        def die(_service: str, action: str, _number: int) -> None:
            if action == "UpdateStackSet":
                aws.after_call = None
                aws.objects["templates", "app.yaml"] = json.dumps(other).encode()
                raise SandboxDied

        other = {**TEMPLATE, "Parameters": {"Unlike": {"Type": "String"}}}
        with world(seconds=1.0) as aws:
            stack = _filled(aws)
            stack.deploy(at(f"{BUCKET}/app.yaml"))
            aws.after_call = die
            changed = at(f"{BUCKET}/app.yaml", Parameters={"VpcId": "vpc-2"})
            assert stack.deploy(changed) == "UPDATE_COMPLETE", stack.reason
            (deployed,) = stacks_of(aws, stack.physical_id).values()
            assert deployed.parameters["VpcId"] == "vpc-2"

    @pytest.mark.parametrize("answer", [Answer.ACCESS_DENIED, Answer.THROTTLED])
    def test_nobody_tells(self, answer: Answer) -> None:
        """Where the function may not ask, or nobody answers, the deployment goes on."""
        with world(seconds=1.0) as aws:
            stack = _filled(aws)
            aws.engine.faults.calls.append(CallFault("GetTemplateSummary", answer, times=None))
            assert stack.deploy(wanted()) == "CREATE_COMPLETE", stack.reason
            assert self._calls(aws) == (1 if answer is Answer.ACCESS_DENIED else 4)

    @pytest.mark.parametrize("shows", [True, False])
    def test_empty_defaults(self, *, shows: bool) -> None:
        """A parameter whose default is an empty text needs no value, shown or not."""
        declared = {**TEMPLATE["Parameters"], "Suffix": {"Type": "String", "Default": ""}}
        text = json.dumps({**TEMPLATE, "Parameters": declared})
        with world(seconds=1.0, readings=Readings(shows_empty_defaults=shows)) as aws:
            stack = _filled(aws)
            assert stack.deploy(wanted(TemplateBody=text)) == "CREATE_COMPLETE", stack.reason


def test_a_macro_may_add_parameters() -> None:
    """What a macro of somebody makes of a template nobody knows beforehand: CloudFormation says."""
    text = json.dumps({**TEMPLATE, "Transform": "Ours"})
    properties = wanted(
        TemplateBody=text,
        Capabilities=["CAPABILITY_AUTO_EXPAND"],
        Parameters={"VpcId": "vpc-secret", "Made": "x"},
    )
    with world(seconds=1.0) as aws:
        stack = _filled(aws)
        stack.deploy(properties)
        reason = stack.answers[0][1].reason
        assert "CreateStackSet was refused: Parameters: [Made] do not exist" in reason
        assert "Take them out, or write them as the template does." in reason


def test_a_role_that_may_not_be_passed() -> None:
    """The reason names the parameter of the function's stack that has to name the role."""
    arn = "arn:aws:iam::111111111111:role/team/Admin"
    code, text = "AccessDenied", f"User is not authorized to perform: iam:PassRole on: {arn}"

    def deny(_service: str, action: str, _number: int) -> None:
        if action == "CreateStackSet":
            raise ApiError(code, text, 403)

    with world(seconds=1.0) as aws:
        stack = _filled(aws)
        aws.before_call = deny
        stack.deploy(wanted(AdministrationRoleARN=arn))
        reason = stack.answers[0][1].reason
        assert text in reason
        assert "to the parameter AdministrationRoleNames in the stack that exports" in reason


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("S3 error: Access Denied", "which the function may not read: see that the key is right,"),
        ("S3 error: Access Denied", "the parameter TemplateBuckets of the stack that exports"),
        ("S3 error: Access Denied", "that TemplateBucketAccounts names its account if that is"),
        ("S3 error: The specified bucket does not exist", "and there is no such bucket: write"),
        ("S3 error: Request has expired", "whose signature has expired: write the address without"),
        ("S3 error: PermanentRedirect", "but the bucket is in another Region: write https://"),
        ("TemplateURL must be a supported URL.", "which is no object in S3: upload the file"),
    ],
)
def test_an_address_that_cannot_be_read(said: str, told: str) -> None:
    """What S3 says of an address is told beside the address, with what to write, and no query."""
    code, more = "ValidationError", " For more information check http://docs.aws.amazon.com/S3"

    def refuse(_service: str, action: str, _number: int) -> None:
        if action == "GetTemplateSummary":
            raise ApiError(code, said + more, 400)

    with world(seconds=1.0) as aws:
        stack = _filled(aws)
        aws.before_call = refuse
        stack.deploy(at(f"{BUCKET}/app.yaml?X-Amz-Signature=secret"))
        reason = stack.answers[0][1].reason
        assert reason.startswith(f"The properties have a fault: TemplateURL is '{BUCKET}/app.yaml'")
        assert told in reason
        assert f"({said.rstrip('.')})." in reason
        assert "secret" not in reason
        assert operations(aws) == []


def test_a_complaint_that_nobody_knows() -> None:
    """What CloudFormation says of a template for reasons unknown here is no reason to stop."""
    code, text = "ValidationError", "Something else"

    def refuse(_service: str, action: str, _number: int) -> None:
        if action == "GetTemplateSummary":
            raise ApiError(code, text, 400)

    with world(seconds=1.0) as aws:
        stack = _filled(aws)
        aws.before_call = refuse
        assert stack.deploy(wanted()) == "CREATE_COMPLETE", stack.reason
