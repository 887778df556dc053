"""Both dialects give one spec, and gaps are read as their authors meant them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from handler.properties.reading import parse_properties
from handler.values.spec import StackSetSpec
from handler.values.targets import Target
from tests.factories import (
    FOUR,
    IRELAND,
    ONE,
    OREGON,
    THREE,
    TOKYO,
    TWO,
    URL,
    VIRGINIA,
    group,
    salvaged,
    with_url,
)

_ADMINISTRATION = "arn:aws:iam::999999999999:role/AWSCloudFormationStackSetAdministrationRole"
_EXECUTION = "AWSCloudFormationStackSetExecutionRole"

_STORY: dict[str, Any] = {
    "ServiceToken": "arn:aws:lambda:ap-northeast-1:999999999999:function:stacksets",
    "StackSetName": "StackSetsTest",
    "StackSetDescription": "A stack set for tests",
    "TemplateURL": "https://s3.ap-northeast-1.amazonaws.com/artifacts/app.yaml",
    "Capabilities": ["CAPABILITY_IAM"],
    "AdministrationRoleARN": _ADMINISTRATION,
    "ExecutionRoleName": _EXECUTION,
    "OperationPreferences": {
        "RegionOrder": ["ap-northeast-1"],
        "FailureToleranceCount": "0",
        "MaxConcurrentCount": "3",
    },
    "Tags": [
        {"Environment": "Testing"},
        {"Creator": "StackSetsTest"},
        {"DeployDate": "2026-11-23"},
    ],
    "StackInstances": [{"Regions": [TOKYO], "Accounts": [ONE, TWO, THREE]}],
}
_STORY_SPEC = StackSetSpec(
    name="StackSetsTest",
    description="A stack set for tests",
    template_url="https://s3.ap-northeast-1.amazonaws.com/artifacts/app.yaml",
    tags={"Environment": "Testing", "Creator": "StackSetsTest", "DeployDate": "2026-11-23"},
    capabilities=frozenset({"CAPABILITY_IAM"}),
    administration_role_arn=_ADMINISTRATION,
    execution_role_name=_EXECUTION,
    preferences={
        "RegionOrder": ("ap-northeast-1",),
        "FailureToleranceCount": 0,
        "MaxConcurrentCount": 3,
    },
    instances={Target(ONE, TOKYO): (), Target(TWO, TOKYO): (), Target(THREE, TOKYO): ()},
)


class TestDialects:
    """What authors write, in the awslabs function's words, the native resource's, or both."""

    def test_story(self) -> None:
        """The story's stack set, as CloudFormation delivers it."""
        assert parse_properties(_STORY) == _STORY_SPEC

    def test_story_in_native_words(self) -> None:
        """The same stack set in the native resource's words."""
        native = {
            name: value
            for name, value in _STORY.items()
            if name not in {"StackSetDescription", "StackInstances", "Tags"}
        } | {
            "Description": "A stack set for tests",
            "PermissionModel": "SELF_MANAGED",
            "CallAs": "SELF",
            "Tags": [
                {"Key": "Environment", "Value": "Testing"},
                {"Key": "Creator", "Value": "StackSetsTest"},
                {"Key": "DeployDate", "Value": "2026-11-23"},
            ],
            "StackInstancesGroup": [
                {"DeploymentTargets": {"Accounts": [ONE, TWO, THREE]}, "Regions": [TOKYO]}
            ],
        }

        assert parse_properties(native) == _STORY_SPEC

    def test_awslabs_sample(self) -> None:
        """The sample of the awslabs function's README: numbers, gaps, overrides."""
        spec = parse_properties(
            {
                "StackSetName": "EventDynamoDB",
                "StackSetDescription": "Deploy DynamoDB for event tables in dev and production",
                "TemplateURL": URL,
                "Parameters": [{"ReadCapacity": "20"}, {"WriteCapacity": "20"}],
                "Capabilities": "",
                "OperationPreferences": {
                    "RegionOrder": ["us-east-2", "us-west-2"],
                    "FailureToleranceCount": "0",
                    "MaxConcurrentCount": "3",
                },
                "Tags": [{"Environment": "Testing"}, {"Creator": "Chuck"}],
                "StackInstances": [
                    {"Regions": ["us-east-2"], "Accounts": [ONE]},
                    {
                        "Regions": ["us-east-2", "us-west-2"],
                        "Accounts": [TWO],
                        "ParameterOverrides": [{"ReadCapacity": "50"}, {"WriteCapacity": "50"}],
                    },
                ],
            }
        )

        assert spec.parameters == {"ReadCapacity": "20", "WriteCapacity": "20"}
        assert spec.capabilities == frozenset()
        assert spec.preferences["RegionOrder"] == ("us-east-2", "us-west-2")
        assert spec.instances == {
            Target(ONE, "us-east-2"): (),
            Target(TWO, "us-east-2"): (("ReadCapacity", "50"), ("WriteCapacity", "50")),
            Target(TWO, "us-west-2"): (("ReadCapacity", "50"), ("WriteCapacity", "50")),
        }

    def test_inline_template(self) -> None:
        """TemplateBody is kept to the letter."""
        body = "Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"

        spec = parse_properties({"TemplateBody": body})

        assert (spec.template_body, spec.template_url) == (body, None)

    def test_json_template(self) -> None:
        """TemplateBody may be JSON in a text."""
        body = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})

        assert parse_properties({"TemplateBody": body}).template_body == body

    def test_nothing_but_a_template(self) -> None:
        """A template is enough."""
        assert parse_properties({"TemplateURL": URL}) == StackSetSpec(template_url=URL)

    def test_all_preferences(self) -> None:
        """Every operation preference is read, numbers as numbers."""
        spec = parse_properties(
            with_url(
                OperationPreferences={
                    "RegionConcurrencyType": "PARALLEL",
                    "RegionOrder": [OREGON, VIRGINIA],
                    "FailureTolerancePercentage": "20",
                    "MaxConcurrentPercentage": 100,
                    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
                }
            )
        )

        assert spec.preferences == {
            "RegionConcurrencyType": "PARALLEL",
            "RegionOrder": ("us-west-2", "us-east-1"),
            "FailureTolerancePercentage": 20,
            "MaxConcurrentPercentage": 100,
            "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
        }

    @pytest.mark.parametrize(
        ("given", "active"),
        [
            ({"Active": "true"}, True),
            ({"Active": True}, True),
            ({"Active": "True "}, True),
            ({"Active": "false"}, False),
            ({"Active": False}, False),
            ({"Active": ""}, False),
            ({}, False),
            ("", False),
        ],
        ids=repr,
    )
    def test_managed_execution(self, *, given: object, active: bool) -> None:
        """Managed execution is as the native resource has it, and off where nothing is said."""
        assert parse_properties(with_url(ManagedExecution=given)).managed_execution is active

    def test_levels(self) -> None:
        """The levels are properties that are known, and none of the stack set's."""
        raw = with_url(loglevel="debug", botolevel="error")

        assert parse_properties(raw) == StackSetSpec(template_url=URL)

    def test_gaps_among_what_is_wanted(self) -> None:
        """Gaps between the entries of any list leave no trace in the spec."""
        raw = with_url(
            Capabilities=["", "CAPABILITY_IAM", None, "CAPABILITY_IAM"],
            OperationPreferences={"RegionOrder": [None, OREGON, "", VIRGINIA]},
            StackInstances=["", group(["", ONE, None], [None, OREGON, ""]), None],
        )

        assert parse_properties(raw) == StackSetSpec(
            template_url=URL,
            capabilities=frozenset({"CAPABILITY_IAM"}),
            preferences={"RegionOrder": ("us-west-2", "us-east-1")},
            instances={Target(ONE, OREGON): ()},
        )

    def test_service_timeout(self) -> None:
        """CloudFormation's own properties of a custom resource are none of the stack set's."""
        raw = with_url(ServiceToken="arn:aws:lambda:x", ServiceTimeout="600")

        assert parse_properties(raw) == StackSetSpec(template_url=URL)

    def test_both_lists_of_groups(self) -> None:
        """Groups of both spellings add up."""
        raw = with_url(
            StackInstances=[group([ONE])],
            StackInstancesGroup=[group([TWO]), {"DeploymentTargets": {"Accounts": [THREE]}}],
        )
        raw["StackInstancesGroup"][1]["Regions"] = [VIRGINIA]

        assert set(parse_properties(raw).instances) == {
            Target(ONE, VIRGINIA),
            Target(TWO, VIRGINIA),
            Target(THREE, VIRGINIA),
        }

    def test_same_description_twice(self) -> None:
        """Both spellings of the description may be there when they agree."""
        raw = with_url(StackSetDescription="Same", Description="Same")

        assert parse_properties(raw).description == "Same"

    def test_overrides_are_sorted(self) -> None:
        """Overrides in another order are the same overrides."""
        one = with_url(StackInstances=[group(ParameterOverrides={"B": "2", "A": "1"})])
        other = with_url(StackInstances=[group(ParameterOverrides=[{"A": "1"}, {"B": "2"}])])

        assert parse_properties(one) == parse_properties(other)
        assert list(parse_properties(one).instances.values()) == [(("A", "1"), ("B", "2"))]


@pytest.mark.parametrize(
    "gaps",
    [
        {"StackSetName": None},
        {"StackSetName": ""},
        {"StackSetDescription": "", "Description": None},
        {"TemplateBody": ""},
        {"Parameters": ""},
        {"Parameters": []},
        {"Parameters": [""]},
        {"Parameters": {}},
        {"Parameters": [None, {}]},
        {"Parameters": {"Gone": None}},
        {"Tags": [""]},
        {"Tags": [{}]},
        {"Capabilities": ""},
        {"Capabilities": []},
        {"Capabilities": [""]},
        {"Capabilities": [None]},
        {"AdministrationRoleARN": ""},
        {"ExecutionRoleName": ""},
        {"PermissionModel": "", "CallAs": ""},
        {"OperationPreferences": ""},
        {"OperationPreferences": None},
        {"OperationPreferences": {}},
        {"OperationPreferences": {"RegionOrder": [], "MaxConcurrentCount": ""}},
        {"OperationPreferences": {"RegionOrder": [""], "FailureToleranceCount": None}},
        {"StackInstances": ""},
        {"StackInstances": []},
        {"StackInstances": [""]},
        {"StackInstances": [None, ""]},
        {"StackInstancesGroup": [""]},
        {"StackInstances": [group([""])]},
        {"StackInstances": [group([ONE], [""])]},
        {"StackInstances": [{"DeploymentTargets": {"Accounts": [""]}, "Regions": [VIRGINIA]}]},
        {"loglevel": "", "botolevel": None},
        {"ServiceTimeout": ""},
        {"Tagz": ""},
    ],
    ids=repr,
)
def test_gaps(gaps: dict[str, object]) -> None:
    """What AWS::NoValue and empty parameters leave behind is as if it were not written."""
    assert parse_properties(with_url(**gaps)) == StackSetSpec(template_url=URL)


class TestSalvage:
    """The instances that invalid properties name."""

    def test_valid_groups(self) -> None:
        """Both spellings are read, with their overrides."""
        raw = {
            "StackInstances": [group([ONE], [VIRGINIA], ParameterOverrides={"A": "1"})],
            "StackInstancesGroup": [{"DeploymentTargets": {"Accounts": [TWO]}, "Regions": [TOKYO]}],
        }

        assert salvaged(raw) == {
            Target(ONE, VIRGINIA): (("A", "1"),),
            Target(TWO, TOKYO): (),
        }

    def test_faults_elsewhere(self) -> None:
        """Whatever else is wrong, the good groups are read."""
        raw = {
            "StackSetName": "my set",
            "Tagz": "x",
            "StackInstances": ["x", group(["1"]), group([ONE]), None],
            "StackInstancesGroup": "x",
        }

        assert salvaged(raw) == {Target(ONE, VIRGINIA): ()}

    @pytest.mark.parametrize(
        "raw",
        [
            {},
            {"StackInstances": None},
            {"StackInstances": "x"},
            {"StackInstances": {}},
            {"StackInstances": []},
        ],
        ids=repr,
    )
    def test_nothing_to_read(self, raw: dict[str, Any]) -> None:
        """Where no groups are, no instances are."""
        assert salvaged(raw) == {}

    @pytest.mark.parametrize(
        "members",
        [
            group([ONE], Comment="a member that the awslabs function passed over"),
            group([ONE, "1"]),
            group([ONE, ONE]),
            group([ONE], ParameterOverrides="x"),
            group([ONE], [VIRGINIA, "Tokyo", 5, None, {"Fn": "x"}]),
            group([f" {ONE}\n"], [f" {VIRGINIA}"]),
            group([int(ONE)]),
            group([ONE, None, "", {"Fn": "x"}, [TWO]]),
            group([ONE], DeploymentTargets="x"),
            group("", DeploymentTargets={"Accounts": [ONE], "OrganizationalUnitIds": ["ou-1"]}),
        ],
        ids=[
            *("unknown member", "bad account", "account twice", "bad overrides", "bad region"),
            *("white space", "number", "bad entries", "bad targets", "unknown target"),
        ],
    )
    def test_faults_in_the_group(self, members: dict[str, Any]) -> None:
        """Whatever else is wrong with a group, the instances that it names are read."""
        assert salvaged({"StackInstances": [members]}) == {Target(ONE, VIRGINIA): ()}

    @pytest.mark.parametrize(
        "members",
        [
            {"Accounts": [ONE]},
            {"Regions": [VIRGINIA]},
            group(ONE),
            group([ONE], VIRGINIA),
            group(None, DeploymentTargets=[ONE]),
            group(None, DeploymentTargets={"Accounts": ONE}),
            {"StackInstances": [group()]},
        ],
        ids=repr,
    )
    def test_no_instance_is_named(self, members: dict[str, Any]) -> None:
        """A group that names no account in a region names no instance."""
        assert salvaged({"StackInstances": [members]}) == {}

    def test_good_overrides_beside_bad_ones(self) -> None:
        """Of overrides with a fault the good ones are read, sorted by key."""
        overrides = [{"B": "2"}, {"A": "1"}, {"B": "3"}, {"C": {"Fn": "x"}}, "x"]

        found = salvaged({"StackInstances": [group(ParameterOverrides=overrides)]})

        assert found == {Target(ONE, VIRGINIA): (("A", "1"), ("B", "2"))}

    def test_instance_in_two_groups(self) -> None:
        """An instance that two groups name is one instance."""
        raw = {"StackInstances": [group()], "StackInstancesGroup": [group([ONE, TWO])]}

        assert set(salvaged(raw)) == {Target(ONE, VIRGINIA), Target(TWO, VIRGINIA)}


def test_many_accounts() -> None:
    """Every pair of a group's accounts and regions is an instance."""
    raw = with_url(
        StackInstances=[
            group([f"{n:012d}" for n in range(800)], [VIRGINIA, IRELAND]),
            group([FOUR], [OREGON], ParameterOverrides={"A": True}),
        ]
    )

    instances = parse_properties(raw).instances

    assert len(instances) == 1601
    assert instances[Target(FOUR, OREGON)] == (("A", "true"),)
