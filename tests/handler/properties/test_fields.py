"""Each field takes what its author may write, and says of anything else what to write."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from handler.errors import Fault
from handler.properties import fields, forms


def _read(field: str, value: object) -> Any:
    return TypeAdapter[Any](getattr(fields, field)).validate_python(value)


def _complaints(field: str, value: object) -> list[str]:
    try:
        _read(field, value)
    except ValidationError as error:
        return [str(fault) for details in error.errors() for fault in details["ctx"][forms.FAULTS]]
    return []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "'x'"),
        (5, "5"),
        (None, "None"),
        (True, "True"),
        ({"secret": "x"}, "a map"),
        (["secret"], "a list"),
        ("x" * 58, "'" + "x" * 58 + "'"),
        ("x" * 59, "'" + "x" * 59 + "..."),
        ("x" * 100_000, "'" + "x" * 59 + "..."),
    ],
    ids=["text", "number", "null", "boolean", "map", "list", "longest", "longer", "huge"],
)
def test_shown(value: object, text: str) -> None:
    """A value is shown short, and maps and lists not at all: they may hold secrets."""
    assert forms.shown(value) == text


def test_mark_gaps() -> None:
    """Nulls and empty texts of a list become one and the same; the others keep their numbers."""
    assert fields.mark_gaps(["", "a", None, 0, [], "b"]) == [None, "a", None, 0, [], "b"]


@pytest.mark.parametrize("value", ["us-east-1", 5, {"a": "b"}, True], ids=repr)
def test_no_list(value: object) -> None:
    """What should be a list and is none is told how to become one."""
    with pytest.raises(PydanticCustomError) as caught:
        fields.mark_gaps(value)

    assert caught.value.context == {
        "faults": [Fault("", f"is {forms.shown(value)}: write a list, `- ` before each entry")]
    }


def test_fault_error() -> None:
    """Faults travel through pydantic as they are."""
    faults = [Fault(".a", "is bad"), Fault(".b", "is worse")]

    error = forms.fault_error(*faults)

    assert error.type == "faults"
    assert error.context == {"faults": faults}


@pytest.mark.parametrize(
    ("field", "value", "read"),
    [
        ("Account", "111111111111", "111111111111"),
        ("Account", "000000000001", "000000000001"),
        ("Account", " 111111111111 ", "111111111111"),
        ("Account", 111111111111, "111111111111"),
        ("Region", "us-east-1", "us-east-1"),
        ("Region", "ap-northeast-1", "ap-northeast-1"),
        ("Region", "ap-southeast-7", "ap-southeast-7"),
        ("Region", "mx-central-1", "mx-central-1"),
        ("Region", "cn-northwest-1", "cn-northwest-1"),
        ("Region", "us-gov-west-1", "us-gov-west-1"),
        ("Region", "us-iso-east-1", "us-iso-east-1"),
        ("Region", "us-isob-east-1", "us-isob-east-1"),
        ("Region", "us-isof-south-1", "us-isof-south-1"),
        ("Region", "eu-isoe-west-1", "eu-isoe-west-1"),
        ("Region", "eusc-de-east-1", "eusc-de-east-1"),
        ("Region", " eu-west-1\n", "eu-west-1"),
        ("Capability", "CAPABILITY_IAM", "CAPABILITY_IAM"),
        ("Capability", "CAPABILITY_NAMED_IAM", "CAPABILITY_NAMED_IAM"),
        ("Capability", "CAPABILITY_AUTO_EXPAND", "CAPABILITY_AUTO_EXPAND"),
        ("Accounts", ["111111111111", "222222222222"], ("111111111111", "222222222222")),
        ("Accounts", [""], (None,)),
        ("Accounts", ["", "111111111111", None], (None, "111111111111", None)),
        ("Regions", ["us-west-2", "us-east-1"], ("us-west-2", "us-east-1")),
        ("Regions", [""], (None,)),
        ("RegionOrder", [], ()),
        ("RegionOrder", ["", "us-east-1", ""], (None, "us-east-1", None)),
        ("RegionOrder", ["us-west-2", "us-east-1"], ("us-west-2", "us-east-1")),
        ("Capabilities", [], ()),
        ("Capabilities", [""], (None,)),
        ("Capabilities", ["", "CAPABILITY_IAM", "capability_iam"], (None, *["CAPABILITY_IAM"] * 2)),
        ("StackSetName", "A", "A"),
        ("StackSetName", "Stack-Sets-Test-1", "Stack-Sets-Test-1"),
        ("StackSetName", "a" * 128, "a" * 128),
        ("Description", "The application — in every account", "The application — in every account"),
        ("Description", "x" * 1024, "x" * 1024),
        ("Description", 5, "5"),
        ("TemplateBody", "x" * 51_200, "x" * 51_200),
        ("TemplateBody", '{"Resources": {}}', '{"Resources": {}}'),
        ("TemplateUrl", "https://b.s3.amazonaws.com/k", "https://b.s3.amazonaws.com/k"),
        ("TemplateUrl", "https://x", "https://x"),
        ("TemplateUrl", " s3://bucket/a/key.yaml ", "s3://bucket/a/key.yaml"),
        (
            "TemplateUrl",
            "https://b.s3.us-east-1.amazonaws.com/a%20b.yaml?versionId=x",
            "https://b.s3.us-east-1.amazonaws.com/a%20b.yaml?versionId=x",
        ),
        (
            "TemplateUrl",
            "ssm-doc://arn:aws:ssm:us-east-1:111111111111:document/template",
            "ssm-doc://arn:aws:ssm:us-east-1:111111111111:document/template",
        ),
        ("RoleName", "StackSetExecutionRole", "StackSetExecutionRole"),
        ("RoleName", "a_b+c=d,e.f@g-h", "a_b+c=d,e.f@g-h"),
        ("RoleName", "x" * 64, "x" * 64),
        ("Boolean", "true", True),
        ("Boolean", " True\n", True),
        ("Boolean", "TRUE", True),
        ("Boolean", True, True),
        ("Boolean", "false", False),
        ("Boolean", "False", False),
        ("Boolean", False, False),
        ("Count", "0", 0),
        ("Count", 0, 0),
        ("Count", "999999999", 999999999),
        ("Count", " 3 ", 3),
        ("Count", "007", 7),
        ("Count", 3.0, 3),
        ("Count", "3.00", 3),
        ("PositiveCount", "1", 1),
        ("PositiveCount", 800, 800),
        ("Percentage", "0", 0),
        ("Percentage", "100", 100),
        ("PositivePercentage", "1", 1),
        ("PositivePercentage", "100", 100),
        ("Seconds", "1", 1),
        ("Seconds", "3600", 3600),
        ("RegionConcurrencyType", "SEQUENTIAL", "SEQUENTIAL"),
        ("RegionConcurrencyType", "PARALLEL", "PARALLEL"),
        ("ConcurrencyMode", "STRICT_FAILURE_TOLERANCE", "STRICT_FAILURE_TOLERANCE"),
        ("ConcurrencyMode", "SOFT_FAILURE_TOLERANCE", "SOFT_FAILURE_TOLERANCE"),
        ("LogLevel", "debug", "DEBUG"),
        ("LogLevel", "INFO", "INFO"),
        ("LogLevel", "warning", "WARNING"),
        ("LogLevel", "Error", "ERROR"),
        ("LogLevel", "critical", "CRITICAL"),
        ("Parameters", [{"A": "x" * 4096}], {"A": "x" * 4096}),
        ("Parameters", {"A": "日" * 1365}, {"A": "日" * 1365}),
        ("Tags", {"a": "b"}, {"a": "b"}),
        ("Tags", [{"Cost Center": "日本 42"}], {"Cost Center": "日本 42"}),
        ("Tags", {"k" * 128: "v" * 256}, {"k" * 128: "v" * 256}),
        ("Tags", {"日" * 128: "本" * 256}, {"日" * 128: "本" * 256}),
        ("Tags", {"awsome": "x", "my-aws:tag": "y"}, {"awsome": "x", "my-aws:tag": "y"}),
        ("Tags", {str(n): "x" for n in range(50)}, {str(n): "x" for n in range(50)}),
    ],
    ids=lambda each: repr(each)[:40],
)
def test_accepted(field: str, value: object, read: object) -> None:
    """What the API takes is taken, up to its very limits."""
    assert _read(field, value) == read


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111111111111:role/AWSCloudFormationStackSetAdministrationRole",
        "arn:aws-cn:iam::111111111111:role/Admin",
        "arn:aws-us-gov:iam::111111111111:role/Admin",
        "arn:aws-iso:iam::111111111111:role/Admin",
        "arn:aws-iso-b:iam::111111111111:role/Admin",
        "arn:aws-iso-e:iam::111111111111:role/Admin",
        "arn:aws-iso-f:iam::111111111111:role/Admin",
        "arn:aws-eusc:iam::111111111111:role/Admin",
        "arn:aws:iam::111111111111:role/company/stacksets/Admin_1+=,.@-",
        "arn:aws:iam::111111111111:role/service-role/Admin",
    ],
)
def test_role_arn(arn: str) -> None:
    """The ARN of a role is taken in every partition, with and without a path."""
    assert _read("RoleArn", arn) == arn


_ACCOUNT = "write the 12 digits of an account id, in quotes so that leading zeros stay"
_REGION = "write the name of a region, such as us-east-1"
_SEVERAL = 'those are several in one text: write each as an entry of its own, or !Split [",", ...]'
_NAME = "write at most 128 letters, digits and hyphens, a letter first"
_ROLE = (
    "write the role's ARN, such as"
    " arn:aws:iam::111111111111:role/AWSCloudFormationStackSetAdministrationRole"
)
_ROLE_NAME = "write the role's name alone: no ARN, no path, at most 64 characters"
_URL = "write an https:// address of at most 5,120 characters"
_LIST = "write a list, `- ` before each entry"
_BODY = (
    "write the template as a text of at most 51,200 bytes, or put it into S3 and write TemplateURL"
)
_LEVELS = "write DEBUG or INFO or WARNING or ERROR or CRITICAL"
_BROKEN = "has half of a surrogate pair in it: write whole characters"
_CAPABILITY = "write CAPABILITY_IAM or CAPABILITY_NAMED_IAM or CAPABILITY_AUTO_EXPAND"


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("Account", "11111111111", f"is '11111111111': {_ACCOUNT}"),
        ("Account", "1111111111111", f"is '1111111111111': {_ACCOUNT}"),
        (
            "Account",
            "1227133513",
            (
                "is '1227133513': YAML makes that of 011111111111 without quotes: write"
                ' "011111111111" in quotes'
            ),
        ),
        (
            "Account",
            1234567890,
            (
                "is 1234567890: YAML makes that of 011145401322 without quotes: write"
                ' "011145401322" in quotes'
            ),
        ),
        ("Account", "12345", f"is '12345': {_ACCOUNT}"),
        (
            "Account",
            "1.11111111111E11",
            "is '1.11111111111E11': write it in quotes, \"111111111111\", so that it stays a text",
        ),
        ("Account", "1234-5678-9012", f"is '1234-5678-9012': {_ACCOUNT}"),
        ("Account", "٣" * 12, f"is '{'٣' * 12}': {_ACCOUNT}"),
        ("Account", "ou-abcd-12345678", f"is 'ou-abcd-12345678': {_ACCOUNT}"),
        ("Account", ["111111111111"], f"is a list: {_ACCOUNT}"),
        ("Account", {"a": "b"}, f"is a map: {_ACCOUNT}"),
        ("Account", 1.5, f"is 1.5: {_ACCOUNT}"),
        ("Region", "us-east-1a", f"is 'us-east-1a': {_REGION}"),
        ("Region", "us east 1", f"is 'us east 1': {_REGION}"),
        ("Region", "US-EAST-1", f"is 'US-EAST-1': {_REGION}"),
        ("Region", "Tokyo", f"is 'Tokyo': {_REGION}"),
        ("Region", "us-east", f"is 'us-east': {_REGION}"),
        ("Region", "us-east-1,us-west-2", f"is 'us-east-1,us-west-2': {_SEVERAL}"),
        ("Region", 1, f"is 1: {_REGION}"),
        ("Region", ["us-east-1"], f"is a list: {_REGION}"),
        ("Capability", "CAPABILITY_ADMIN", f"is 'CAPABILITY_ADMIN': {_CAPABILITY}"),
        ("Capability", 1, f"is 1: {_CAPABILITY}"),
        ("Accounts", [], "is empty: write at least one, or leave the group out"),
        ("Accounts", "111111111111", f"is '111111111111': {_LIST}"),
        ("Accounts", {"a": "b"}, f"is a map: {_LIST}"),
        (
            "Accounts",
            ["111111111111", "222222222222", "111111111111"],
            "names 111111111111 twice: write it once",
        ),
        ("Regions", [], "is empty: write at least one, or leave the group out"),
        ("Regions", "us-east-1", f"is 'us-east-1': {_LIST}"),
        (
            "Regions",
            ["us-east-1", "us-west-2", "us-west-2", "us-east-1"],
            "names us-east-1, us-west-2 twice: write it once",
        ),
        ("RegionOrder", "us-east-1", f"is 'us-east-1': {_LIST}"),
        ("RegionOrder", ["us-east-1", "us-east-1"], "names us-east-1 twice: write it once"),
        ("Capabilities", "CAPABILITY_IAM", f"is 'CAPABILITY_IAM': {_LIST}"),
        ("StackSetName", "1st", f"is '1st': {_NAME}"),
        ("StackSetName", "-a", f"is '-a': {_NAME}"),
        ("StackSetName", "a_b", f"is 'a_b': {_NAME}"),
        ("StackSetName", "a b", f"is 'a b': {_NAME}"),
        ("StackSetName", "é", f"is 'é': {_NAME}"),
        ("StackSetName", "a" * 129, f"is '{'a' * 59}...: {_NAME}"),
        ("StackSetName", ["a"], f"is a list: {_NAME}"),
        ("StackSetName", {"a": "b"}, f"is a map: {_NAME}"),
        ("Description", ["x"], "is a list: write a text of at most 1,024 characters"),
        ("Description", {"x": "y"}, "is a map: write a text of at most 1,024 characters"),
        (
            "TemplateBody",
            "x" * 51_201,
            f"has 51,201 bytes: {_BODY}",
        ),
        (
            "TemplateBody",
            "日" * 17_067,
            f"has 51,201 bytes: {_BODY}",
        ),
        (
            "TemplateBody",
            {"Resources": {}},
            f"is a map: {_BODY}",
        ),
        (
            "TemplateUrl",
            "http://b.s3.amazonaws.com/k",
            (
                "is 'http://b.s3.amazonaws.com/k', which is not encrypted: write"
                " https://b.s3.amazonaws.com/k"
            ),
        ),
        ("TemplateUrl", "https://", f"is 'https://': {_URL}"),
        ("TemplateUrl", "https://a b", f"is 'https://a b': {_URL}"),
        ("TemplateUrl", "https://" + "x" * 5113, f"is 'https://{'x' * 51}...: {_URL}"),
        ("TemplateUrl", ["https://x"], f"is a list: {_URL}"),
        ("TemplateUrl", "https://b/\ud800", f"is 'https://b/\\ud800': {_URL}"),
        ("TemplateUrl", "https:///k", f"is 'https:///k': {_URL}"),
        ("TemplateUrl", "https://[b/k", f"is 'https://[b/k': {_URL}"),
        ("TemplateUrl", "https://b/".ljust(5121, "k"), f"is 'https://b/{'k' * 49}...: {_URL}"),
        ("TemplateUrl", {"Fn::Sub": "x"}, f"is a map: {_URL}"),
        ("RoleArn", "Admin", f"is 'Admin': {_ROLE}"),
        (
            "RoleArn",
            "arn:aws:iam::111111111111:user/Admin",
            f"is 'arn:aws:iam::111111111111:user/Admin': {_ROLE}",
        ),
        (
            "RoleArn",
            "arn:aws:iam::11111111111:role/Admin",
            f"is 'arn:aws:iam::11111111111:role/Admin': {_ROLE}",
        ),
        (
            "RoleArn",
            "arn:aws:iam::111111111111:role/",
            f"is 'arn:aws:iam::111111111111:role/': {_ROLE}",
        ),
        (
            "RoleArn",
            "arn:aws:iam::111111111111:role/a b",
            f"is 'arn:aws:iam::111111111111:role/a b': {_ROLE}",
        ),
        ("RoleArn", {"Fn": "x"}, f"is a map: {_ROLE}"),
        (
            "RoleName",
            "arn:aws:iam::111111111111:role/Execution",
            f"is 'arn:aws:iam::111111111111:role/Execution': {_ROLE_NAME}",
        ),
        ("RoleName", "company/Execution", f"is 'company/Execution': {_ROLE_NAME}"),
        ("RoleName", "x" * 65, f"is '{'x' * 59}...: {_ROLE_NAME}"),
        ("RoleName", ["x"], f"is a list: {_ROLE_NAME}"),
        ("Boolean", "yes", "is 'yes': write true or false"),
        ("Boolean", "on", "is 'on': write true or false"),
        ("Boolean", "1", "is '1': write true or false"),
        ("Boolean", 1, "is 1: write true or false"),
        ("Boolean", 0, "is 0: write true or false"),
        ("Boolean", ["true"], "is a list: write true or false"),
        ("Boolean", {"Active": "true"}, "is a map: write true or false"),
        ("Count", "-1", "is '-1': write a whole number of at least 0"),
        ("Count", -1, "is -1: write a whole number of at least 0"),
        ("Count", "one", "is 'one': write a whole number of at least 0"),
        ("Count", "1.5", "is '1.5': write a whole number of at least 0"),
        ("Count", "5%", "is '5%': write a whole number of at least 0"),
        ("Count", "٣", "is '٣': write a whole number of at least 0"),
        ("Count", True, "is True: write a whole number of at least 0"),
        ("Count", ["3"], "is a list: write a whole number of at least 0"),
        ("Count", {"a": "3"}, "is a map: write a whole number of at least 0"),
        ("PositiveCount", "0", "is '0': write a whole number of at least 1"),
        ("Percentage", "101", "is '101': write a whole number from 0 to 100"),
        ("Percentage", "-1", "is '-1': write a whole number from 0 to 100"),
        ("PositivePercentage", "0", "is '0': write a whole number from 1 to 100"),
        ("PositivePercentage", "101", "is '101': write a whole number from 1 to 100"),
        ("Seconds", "0", "is '0': write a whole number from 1 to 3600"),
        ("Seconds", "3601", "is '3601': write a whole number from 1 to 3600"),
        ("RegionConcurrencyType", "SERIAL", "is 'SERIAL': write SEQUENTIAL or PARALLEL"),
        ("RegionConcurrencyType", ["PARALLEL"], "is a list: write SEQUENTIAL or PARALLEL"),
        (
            "ConcurrencyMode",
            "SOFT",
            "is 'SOFT': write STRICT_FAILURE_TOLERANCE or SOFT_FAILURE_TOLERANCE",
        ),
        ("LogLevel", "loud", f"is 'loud': {_LEVELS}"),
        ("LogLevel", 10, f"is 10: {_LEVELS}"),
        ("Parameters", {"A": "x" * 4097}, ".A is longer than 4,096 bytes: shorten it"),
        ("Parameters", {"A": "日" * 1366}, ".A is longer than 4,096 bytes: shorten it"),
        ("Parameters", {"A": "x", "B": "\ud800"}, _BROKEN),
        ("Parameters", {"\ud800": "x"}, _BROKEN),
        ("Tags", {"A": "x\udfff"}, _BROKEN),
        ("Tags", [{"Key": "\ud800", "Value": "x"}], _BROKEN),
        ("Tags", {"aws:x": "y"}, ".aws:x begins with `aws:`, which is reserved: rename it"),
        ("Tags", {"AWS:x": "y"}, ".AWS:x begins with `aws:`, which is reserved: rename it"),
        ("Tags", {"a": ""}, ".a must have a value of 1 to 256 characters"),
        ("Tags", {"a": "v" * 257}, ".a must have a value of 1 to 256 characters"),
        ("Tags", {"": "v"}, ". has a key that is not 1 to 128 characters long"),
        (
            "Tags",
            {"k" * 129: "v"},
            f".{'k' * 20} has a key that is not 1 to 128 characters long",
        ),
        ("Tags", {str(n): "x" for n in range(51)}, "has 51 tags: write at most 50"),
    ],
    ids=lambda each: repr(each)[:40],
)
def test_refused(field: str, value: object, complaint: str) -> None:
    """What the API would refuse is refused here, with the value and what to write instead."""
    assert _complaints(field, value) == [complaint]


def test_all_of_a_list_is_told() -> None:
    """Every bad entry of a list is told."""
    assert len(_complaints("Accounts", ["1", "2", "111111111111"])) == 2


def test_all_tags_are_told() -> None:
    """Every bad tag is told."""
    assert _complaints("Tags", {"aws:a": "", "b": "x" * 300, "c": "fine"}) == [
        ".aws:a begins with `aws:`, which is reserved: rename it",
        ".aws:a must have a value of 1 to 256 characters",
        ".b must have a value of 1 to 256 characters",
    ]


def test_description_is_measured_in_characters() -> None:
    """A description of 1,024 characters is taken in any script."""
    assert _read("Description", "説" * 1024) == "説" * 1024


@pytest.mark.parametrize("letter", ["x", "説"])
def test_description_too_long(letter: str) -> None:
    """A description of 1,025 characters is refused, and told in the limit's own unit."""
    assert _complaints("Description", letter * 1025) == [
        "has 1,025 characters: write a text of at most 1,024 characters"
    ]


def test_gaps_are_no_repeats() -> None:
    """Several gaps in a list are not the same entry twice."""
    assert _complaints("Accounts", ["", "111111111111", None, ""]) == []


def test_longest_url() -> None:
    """An address of 5,120 characters is taken, as the API and the complaint say."""
    url = "https://b.s3.amazonaws.com/".ljust(5120, "k")

    assert _read("TemplateUrl", url) == url


def test_repeated_map_is_not_shown() -> None:
    """A map where an account should be is not shown, be it there once or twice."""
    assert "secret" not in str(_complaints("Accounts", [{"a": "secret"}, {"a": "secret"}]))
