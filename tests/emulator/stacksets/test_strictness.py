"""What the service refuses, and the texts that are known."""

from typing import Any

import pytest

from emulator.stacksets import arns, members, regions, wire
from tests.emulator.bench import EAST, NAME, STAGE, TOPIC, A, B, Bench, parameter

TYPED = """
Parameters:
  Count: {Type: Number, MinValue: 1, MaxValue: 5.5, Default: 2}
  Ports: {Type: List<Number>, Default: '80,443'}
  Stage: {Type: String, AllowedValues: [test, live], Default: test}
  Flag: {Type: String, AllowedValues: [true, false], Default: true}
  Name: {Type: String, AllowedPattern: '[a-z]+', MinLength: 2, MaxLength: 4, Default: net}
  Zones: {Type: CommaDelimitedList, AllowedValues: [a, b], Default: a}
  Said: {Type: String, AllowedPattern: x, ConstraintDescription: say x, Default: x}
Resources: {Topic: {Type: 'AWS::SNS::Topic'}}
"""


def refuse(bench: Bench, action: str, **asked: Any) -> str:
    """Call what must be a ValidationError; return its text."""
    error = bench.refuse(action, **asked)
    assert error.code == "ValidationError"
    return error.message


class TestParameters:
    """Values must be what their declarations allow."""

    @pytest.mark.parametrize(
        ("name", "value", "complaint"),
        [
            ("Count", "abc", "Parameter 'Count' must be a number"),
            ("Count", "", "Parameter 'Count' must be a number"),
            ("Count", "0", "Parameter 'Count' must be a number not less than 1"),
            ("Count", "5.6", "Parameter 'Count' must be a number not greater than 5.5"),
            ("Ports", "80,https", "Parameter 'Ports' must be a number"),
            ("Stage", "Test", "Parameter 'Stage' must be one of AllowedValues"),
            ("Flag", "True", "Parameter 'Flag' must be one of AllowedValues"),
            ("Name", "Net", "Parameter 'Name' must match pattern [a-z]+"),
            ("Name", "n", "Parameter 'Name' must contain at least 2 characters"),
            ("Name", "nnnnn", "Parameter 'Name' must contain at most 4 characters"),
            ("Zones", "a,c", "Parameter 'Zones' must be one of AllowedValues"),
            ("Said", "y", "Parameter 'Said' failed to satisfy constraint: say x"),
        ],
    )
    def test_refused_at_once(self, bench: Bench, name: str, value: str, complaint: str) -> None:
        """On create, on update and as an override, the call itself is refused."""
        wrong = [parameter(name, value)]

        assert refuse(bench, "CreateStackSet", TemplateBody=TYPED, Parameters=wrong) == complaint
        bench.create(TemplateBody=TYPED, Parameters=[])
        asked: dict[str, Any] = {"UsePreviousTemplate": True, "Parameters": wrong}
        assert refuse(bench, "UpdateStackSet", **asked) == complaint
        asked = {"Accounts": [A], "Regions": [EAST], "ParameterOverrides": wrong}
        assert refuse(bench, "CreateStackInstances", **asked) == complaint
        assert bench.stack_set.operations == {}

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("Count", "1"),
            ("Count", " 5.5 "),
            ("Count", "1e0"),
            ("Ports", "80, 443"),
            ("Stage", "live"),
            ("Flag", "false"),
            ("Name", "nnnn"),
            ("Zones", "a, b"),
            ("Said", "x"),
        ],
    )
    def test_taken(self, bench: Bench, name: str, value: str) -> None:
        """What a declaration allows is taken as it was said."""
        bench.create(TemplateBody=TYPED, Parameters=[parameter(name, value)])

        assert bench.stack_set.configuration.parameters == {name: value}

    def test_kept_value_must_fit_the_new_template(self, ready: Bench) -> None:
        """A previous value that the new template no longer allows is refused."""
        stricter = TOPIC.replace("Stage: {Type: String}", "Stage: {Type: Number}")
        asked: dict[str, Any] = {
            "TemplateBody": stricter,
            "Parameters": [parameter("Stage", None)],
        }

        assert refuse(ready, "UpdateStackSet", **asked) == "Parameter 'Stage' must be a number"


class TestMembers:
    """What the engine does not act upon is refused, never dropped."""

    @pytest.mark.parametrize(
        ("action", "member", "value", "text"),
        [
            ("CreateStackSet", "StackId", "arn:aws:x", "Importing a stack"),
            ("CreateStackSet", "AutoDeployment", {"Enabled": True}, "SERVICE_MANAGED"),
            ("CreateStackSet", "PermissionModel", "SERVICE_MANAGED", "organizations access"),
            ("CreateStackSet", "CallAs", "DELEGATED_ADMIN", "not a delegated administrator"),
            ("CreateStackSet", "StackSetOutputBucket", "b", "StackSetOutputBucket"),
            ("UpdateStackSet", "AutoDeployment", {"Enabled": False}, "SERVICE_MANAGED"),
            ("UpdateStackSet", "PermissionModel", "SERVICE_MANAGED", "organizations access"),
            ("UpdateStackSet", "UseAdminExecutionRole", True, "UseAdminExecutionRole"),
            ("CreateStackInstances", "CallAs", "DELEGATED_ADMIN", "not a delegated"),
            ("GetTemplateSummary", "TemplateSummaryConfig", {}, "TemplateSummaryConfig"),
        ],
    )
    def test_refused(
        self, bench: Bench, action: str, member: str, value: object, text: str
    ) -> None:
        """The complaint says which member it is about."""
        assert text in refuse(bench, action, **{member: value})

    @pytest.mark.parametrize(
        "targets",
        [
            {"Accounts": [A], "AccountFilterType": "DIFFERENCE"},
            {"OrganizationalUnitIds": ["ou-abcd-12345678"]},
            {"Accounts": [A], "AccountsUrl": "https://example.com"},
        ],
    )
    def test_filters_and_units(self, ready: Bench, targets: dict[str, Any]) -> None:
        """Self-managed stack sets have neither account filters nor organizational units."""
        asked = {"DeploymentTargets": targets, "Regions": [EAST]}

        assert "only Accounts" in refuse(ready, "CreateStackInstances", **asked)

    def test_what_says_nothing_new_is_taken(self, bench: Bench) -> None:
        """The permission model that is in force, and acting as oneself, may be said."""
        bench.create(PermissionModel="SELF_MANAGED", CallAs="SELF")

        assert bench.update(PermissionModel="SELF_MANAGED", CallAs="SELF")

    def test_members_are_spelled_as_in_the_model(self, bench: Bench) -> None:
        """Each call of the engine has its list, and no list has a member that no call has."""
        model = wire.service_model()

        assert members.HONOURED.keys() == bench.engine.actions
        for action, honoured in members.HONOURED.items():
            shape = model.operation_model(action).input_shape
            assert shape is not None
            assert honoured - set(shape.members) == set()


class TestNames:
    """Stack set names."""

    @pytest.mark.parametrize("name", ["1st", "-x", "under_score", "a.b", "é", ""])
    def test_pattern(self, bench: Bench, name: str) -> None:
        """The complaint has the pattern of the service."""
        asked = {"TemplateBody": TOPIC, "Parameters": [STAGE]}

        assert refuse(bench, "CreateStackSet", StackSetName=name, **asked) == (
            f"1 validation error detected: Value '{name}' at 'stackSetName' failed to satisfy "
            "constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )

    def test_length(self, bench: Bench) -> None:
        """Length is a complaint of its own; 128 characters are taken."""
        asked = {"TemplateBody": TOPIC, "Parameters": [STAGE]}
        bench.call("CreateStackSet", **asked | {"StackSetName": "n" * 128})

        assert "length less than or equal to 128" in refuse(
            bench, "CreateStackSet", **asked | {"StackSetName": "n" * 129}
        )


class TestRegions:
    """Regions that exist, and where."""

    @pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-7", "mx-central-1"])
    def test_exist(self, region: str) -> None:
        """Commercial Regions exist for each other."""
        assert regions.exists(region, EAST)

    @pytest.mark.parametrize(
        "region", ["us-moon-1", "us-east-3", "us-east-0", "cn-north-1", "us-gov-west-1", "us-east"]
    )
    def test_do_not_exist(self, region: str) -> None:
        """Made-up Regions, and those of another partition, do not."""
        assert not regions.exists(region, EAST)

    def test_elsewhere(self) -> None:
        """In another partition only its own Regions exist."""
        assert regions.exists("cn-northwest-1", "cn-north-1")
        assert not regions.exists(EAST, "cn-north-1")

    def test_not_enabled(self, ready: Bench) -> None:
        """A Region that the accounts have not enabled fails there, without a stack."""
        ready.faults.disabled_regions.add("me-central-1")
        operation = ready.deploy([A], [EAST, "me-central-1"])
        ready.wait()

        assert ready.results(operation) == {
            (A, EAST): "SUCCEEDED",
            (A, "me-central-1"): "FAILED",
        }
        summaries = ready.call("ListStackInstances", StackInstanceRegion="me-central-1")
        assert summaries["Summaries"][0]["StatusReason"] == (
            f"Region me-central-1 is not enabled in account {A}"
        )
        assert "StackId" not in summaries["Summaries"][0]


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        (EAST, "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_partition(region: str, partition: str) -> None:
    """Every ARN is of the engine's partition."""
    bench = Bench(region=region)
    bench.create()
    bench.deploy([B], [region])
    bench.wait()
    shown = bench.call("DescribeStackSet")["StackSet"]
    (instance,) = bench.call("ListStackInstances")["Summaries"]

    found = [shown["StackSetARN"], shown["AdministrationRoleARN"], instance["StackId"]]
    assert {arn.split(":")[1] for arn in found} == {partition}
    assert arns.partition(region) == partition
    assert f":{region}:{B}:stack/StackSet-{NAME}-" in instance["StackId"]
