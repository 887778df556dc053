"""Intrinsic functions are worked out as CloudFormation does, or left alone."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from macro.intrinsics import holds, resolve
from macro.scope import NOTHING, UNKNOWN, Scope, scope_of

_TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Bucket": {"Type": "String"},
        "Count": {"Type": "Number"},
        "Accounts": {"Type": "CommaDelimitedList"},
        "Secret": {"Type": "String", "NoEcho": "true"},
        "Stored": {"Type": "AWS::SSM::Parameter::Value<String>"},
        "Unset": {"Type": "String"},
        "Float": {"Type": "Number"},
        "Later": {"Type": "CommaDelimitedList"},
        "Numbers": {"Type": "List<Number>"},
        "Malformed": None,
    },
    "Mappings": {"Stages": {"b": {"Key": "app", "Keys": ["one", "two"]}}},
    "Conditions": {
        "Chicken": {"Fn::Not": [{"Condition": "Egg"}]},
        "Egg": {"Fn::And": [{"Condition": "Chicken"}, {"Condition": "IsNotTest"}]},
        "Itself": {"Condition": "Itself"},
        "Empty": {"Fn::Not": []},
        "C0": {"Fn::Equals": ["a", "a"]},
        **{
            f"C{number}": {"Fn::And": [{"Condition": f"C{number - 1}"}] * 10}
            for number in range(1, 20)
        },
        "IsTest": {"Fn::Equals": [{"Ref": "Bucket"}, "test"]},
        "IsNotTest": {"Fn::Not": [{"Condition": "IsTest"}]},
        "IsOnStack": {"Fn::Equals": [{"Ref": "AWS::StackName"}, "x"]},
    },
}
_GIVEN = {"Bucket": "b", "Count": 3, "Accounts": "1, 2", "Secret": "s", "Stored": "/p"}
_GIVEN |= {
    "Float": 3.0,
    "Later": ["{{resolve:ssm:/list}}", "x"],
    "Numbers": [1.0, 2],
    "Malformed": "x",
}
SCOPE = scope_of(_TEMPLATE, _GIVEN, "eu-west-1", "111111111111")


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("text", "text"),
        ({"Ref": "Bucket"}, "b"),
        ({"Ref": "Count"}, "3"),
        ({"Ref": "Accounts"}, ["1", "2"]),
        ({"Fn::Sub": "${Bucket}/${AWS::AccountId}/${!Literal}"}, "b/111111111111/${Literal}"),
        ({"Fn::Sub": ["${Own}-${Bucket}", {"Own": {"Ref": "Count"}, "Bucket": "mine"}]}, "3-mine"),
        ({"Fn::Join": ["/", ["a", {"Ref": "Bucket"}, 1]]}, "a/b/1"),
        ({"Fn::Join": ["+", {"Ref": "Accounts"}]}, "1+2"),
        ({"Fn::If": ["IsTest", "yes", "no"]}, "no"),
        ({"Fn::If": ["IsNotTest", {"Ref": "Bucket"}, {"Ref": "Else"}]}, "b"),
        ({"Fn::If": ["IsTest", "yes", {"Ref": "AWS::NoValue"}]}, NOTHING),
        ({"A": {"Ref": "AWS::NoValue"}, "B": [{"Ref": "AWS::NoValue"}, "c"]}, {"B": ["c"]}),
        ({"Ref": "AWS::Partition"}, "aws"),
        ({"Ref": "Float"}, "3"),
        ({"Ref": "Malformed"}, "x"),
        ({"Ref": "Numbers"}, ["1", "2"]),
        ({"MaxConcurrentCount": 3.0, "Other": 1.5}, {"MaxConcurrentCount": 3, "Other": 1.5}),
        ({"Fn::FindInMap": ["Stages", {"Ref": "Bucket"}, "Key"]}, "app"),
        ({"Fn::FindInMap": ["Stages", "x", "Key", {"DefaultValue": "y"}]}, "y"),
        ({"Fn::Select": [1, {"Ref": "Accounts"}]}, "2"),
        ({"Fn::Select": ["0", ["a", {"Ref": "Resource"}]]}, "a"),
        ({"Fn::Select": [1.0, {"Fn::FindInMap": ["Stages", "b", "Keys"]}]}, "two"),
        ({"Fn::Select": [2, {"Fn::Split": ["/", "a/b/c"]}]}, "c"),
        ({"Fn::Join": ["-", {"Fn::Split": [".", {"Fn::Sub": "${Bucket}.x"}]}]}, "b-x"),
    ],
)
def test_known(value: object, result: object) -> None:
    """Parameters, pseudo parameters and literals are put together."""
    assert resolve(value, SCOPE) == result


@pytest.mark.parametrize(
    "value",
    [
        {"Ref": "Resource"},
        {"Ref": "Secret"},
        {"Ref": "Stored"},
        {"Ref": "Unset"},
        {"Ref": "AWS::StackName"},
        {"Fn::GetAtt": ["Resource", "Arn"]},
        {"Fn::ImportValue": "export"},
        {"Fn::Sub": "${Resource.Arn}"},
        {"Fn::Sub": "${Accounts}"},
        {"Fn::Join": ["", ["a", {"Ref": "Resource"}]]},
        {"Fn::If": ["IsOnStack", "a", "b"]},
        {"Fn::Transform": {"Name": "AWS::Include"}, "Other": "x"},
        {"Fn::Join": "malformed"},
        {"Fn::Sub": ["malformed"]},
        "{{resolve:ssm:/path}}",
        {"Fn::Sub": "{{resolve:ssm:/${Bucket}}}"},
        {"Ref": "Later"},
        {"Fn::FindInMap": ["Stages", "b", "Missing"]},
        {"Fn::FindInMap": ["Stages", {"Ref": "AWS::StackName"}, "Key"]},
        {"Fn::Select": [2, {"Ref": "Accounts"}]},
        {"Fn::Select": [-1, {"Ref": "Accounts"}]},
        {"Fn::Select": [0, "text"]},
        {"Fn::Select": [0, {"Ref": "Later"}]},
        {"Fn::Split": ["", "text"]},
        {"Fn::Split": [",", {"Ref": "Resource"}]},
        {"Fn::If": ["Chicken", "a", "b"]},
    ],
)
def test_unknown(value: object) -> None:
    """What only the deployment tells, what is secret and what is malformed is not guessed."""
    assert resolve(value, SCOPE) is UNKNOWN


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        ("IsTest", False),
        ("IsNotTest", True),
        ("IsOnStack", None),
        ("Missing", None),
        ({"Fn::Or": [{"Condition": "IsOnStack"}, {"Condition": "IsNotTest"}]}, True),
        ({"Fn::And": [{"Condition": "IsOnStack"}, {"Condition": "IsTest"}]}, False),
        ({"Fn::And": [{"Condition": "IsOnStack"}, {"Condition": "IsNotTest"}]}, None),
        ({"Fn::And": [{"Condition": "IsNotTest"}, {"Condition": "IsNotTest"}]}, True),
        ({"Fn::Or": [{"Condition": "IsTest"}, {"Condition": "IsTest"}]}, False),
        ({"Fn::Not": [{"Condition": "IsOnStack"}]}, None),
        ("Itself", None),
        ("Empty", None),
        ("C19", True),
    ],
)
def test_conditions(condition: object, truth: bool | None) -> None:  # noqa: FBT001
    """A condition is decided as far as what is known decides it."""
    assert holds(condition, SCOPE) is truth


@pytest.mark.parametrize(
    ("region", "partition", "suffix"),
    [
        ("us-east-1", "aws", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "amazonaws.com.cn"),
        ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
        ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
        ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
    ],
)
def test_partitions(region: str, partition: str, suffix: str) -> None:
    """The region tells the partition and the suffix of its hosts."""
    values = scope_of({}, {}, region, "1").values

    assert (values["AWS::Partition"], values["AWS::URLSuffix"]) == (partition, suffix)


def test_text_that_multiplies() -> None:
    """Where each level doubles the one below it, there is an end before the memory's."""
    text: Any = "x" * 1000
    for _ in range(40):
        text = {"Fn::Sub": ["${A}${A}", {"A": text}]}

    assert resolve(text, SCOPE) is UNKNOWN


def test_text_that_is_made_again_and_again() -> None:
    """Each is as long as may be, and together they would be gigabytes."""
    scope = scope_of({"Mappings": {"M": {"a": {"b": "x" * 500_000}}}}, {}, "eu-west-1", "1")
    long = {"Fn::FindInMap": ["M", "a", "b"]}
    made = resolve([{"Fn::Sub": ["${A}y", {"A": long}]}] * 100, scope)

    assert UNKNOWN in made
    assert sum(len(each) for each in made if isinstance(each, str)) < 32_000_000


def test_placeholders_that_never_end() -> None:
    """Each would be looked for to the end of the text, which takes minutes."""
    text = "${One}" + "${" * 200_000
    began = time.monotonic()

    assert resolve({"Fn::Sub": [text, {"One": "1"}]}, SCOPE) == f"1{text[6:]}"
    assert time.monotonic() - began < 5


_names = st.sampled_from(["One", "Two", "AWS::Region"])
_texts = st.text(alphabet="ab/-.:", max_size=5)
_VALUES = {"One": "first", "Two": "second/", "AWS::Region": "eu-west-1"}
_Pair = tuple[Any, str]
_leaves: st.SearchStrategy[_Pair] = st.one_of(
    _texts.map(lambda text: (text, text)),
    _names.map(lambda name: ({"Ref": name}, _VALUES[name])),
)


def _joined(parts: tuple[str, list[_Pair]]) -> _Pair:
    delimiter, pairs = parts
    written = {"Fn::Join": [delimiter, [each for each, _ in pairs]]}
    return written, delimiter.join(text for _, text in pairs)


def _substituted(parts: tuple[str, _Pair, str]) -> _Pair:
    before, (own, text), name = parts
    written = {"Fn::Sub": [f"{before}${{Own}}${{{name}}}", {"Own": own}]}
    return written, f"{before}{text}{_VALUES[name]}"


_pairs = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.tuples(_texts, st.lists(inner, max_size=3)).map(_joined),
        st.tuples(_texts, inner, _names).map(_substituted),
    ),
    max_leaves=8,
)


@given(_pairs)
def test_any_nesting(pair: _Pair) -> None:
    """However texts are put together, they come out as they were put in."""
    written, text = pair

    assert resolve(written, Scope(_VALUES)) == text


@given(_pairs)
def test_one_unknown_part(pair: _Pair) -> None:
    """A text with one unknown part is unknown."""
    written, _ = pair

    assert resolve({"Fn::Join": ["", [written, {"Ref": "Later"}]]}, Scope(_VALUES)) is UNKNOWN
