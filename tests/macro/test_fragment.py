"""What the macro makes of a template."""

from __future__ import annotations

from typing import Any

import pytest

from macro.fragment import Refused
from macro.scope import scope_of
from macro.sealing import Content
from tests.macro.store import LATER, STACK, URL, Store, made, refusal, run, sha


def test_digest_is_written() -> None:
    """The digest is that of the bytes; without versions the address stays as it is written."""
    store = Store({URL: Content(b"x", "")})

    assert made(store, TemplateURL=URL) == {"TemplateURL": URL, "TemplateDigest": sha(b"x")}
    written = {"Fn::Sub": "https://${B}.s3.amazonaws.com/app.yaml"}
    assert made(store, given={"B": "b"}, TemplateURL=written) == {
        "TemplateURL": written,
        "TemplateDigest": sha(b"x"),
    }


def test_same_content_gives_the_same_template() -> None:
    """Run twice over the same, it gives the same."""
    store = Store({URL: Content(b"x", "v1")})

    assert run(store, {"TemplateURL": URL}) == run(store, {"TemplateURL": URL})


@pytest.mark.parametrize(
    "properties",
    [
        {"TemplateURL": URL, "TemplateDigest": "0" * 64},
        {"TemplateURL": URL, "TemplateDigest": {"Fn::ImportValue": "digest"}},
        {"TemplateURL": {"Fn::GetAtt": ["Topic", "TopicName"]}},
        {"TemplateURL": "https://example.com/app.yaml"},
        {"TemplateBody": "x"},
        {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/k"}}},
    ],
    ids=["own digest", "imported digest", "address unknown", "outside S3", "body", "included"],
)
def test_left_alone(properties: dict[str, Any]) -> None:
    """What the author has decided, and what is not known yet, stays as it is."""
    assert made(Store({URL: Content(b"x", "v1")}), **properties) == properties


def test_empty_digest_is_filled() -> None:
    """A digest left empty counts as none."""
    store = Store({URL: Content(b"x", "")})

    assert made(store, TemplateURL=URL, TemplateDigest="")["TemplateDigest"] == sha(b"x")


def test_condition_that_does_not_hold() -> None:
    """A resource that will not be there is not looked at."""
    properties = {"TemplateURL": URL, "Wrong": "x"}
    template = {
        "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
        "Resources": {
            "Set": {"Type": "Custom::StackSet", "Condition": "Never", "Properties": properties}
        },
    }
    scope = scope_of(template, {}, "eu-west-1", "111111111111")

    assert Store().process(template, scope).template == template


def test_unreadable_template() -> None:
    """A template that cannot be read is refused, with the resource, the property and the cause."""
    assert refusal(Store(), TemplateURL=URL) == f"Set: TemplateURL {URL} leads to nothing."


def test_all_faults_are_told() -> None:
    """Every fault is told at once, each with its resource."""
    text = refusal(Store(), TemplateURL=URL, StackInstancez=[], loglevel="loud")

    assert text.count("Set: ") == 2
    assert "did you mean `StackInstances`" in text
    assert "loglevel" in text


def managed(**targets: Any) -> dict[str, Any]:
    """Properties by unit, with some accounts of it."""
    named = {"OrganizationalUnitIds": ["ou-abcd-12345678"], **targets}
    group = {"DeploymentTargets": named, "Regions": ["eu-west-1"]}
    return {
        "TemplateBody": "x",
        "PermissionModel": "SERVICE_MANAGED",
        "StackInstancesGroup": [group],
    }


@pytest.mark.parametrize(
    "properties",
    [
        {"TemplateURL": LATER},
        {"TemplateBody": LATER},
        {"TemplateBody": LATER, "TemplateURL": "https://example.com/a"},
        {"TemplateBody": "x", "ServiceToken": {"Fn::ImportValue": "StackSetCustomResource"}},
        {"TemplateBody": "x", "StackInstances": LATER},
        {"TemplateBody": "x", "StackInstances": [LATER]},
        {"TemplateBody": "x", "StackInstances": [{"Regions": LATER, "Accounts": LATER}]},
        {"TemplateBody": "x", "StackInstances": [{"Regions": [LATER], "Accounts": [LATER]}]},
        {
            "TemplateBody": "x",
            "StackInstances": [{"Regions": LATER, "DeploymentTargets": {"Accounts": LATER}}],
        },
        {"TemplateBody": "x", "StackInstances": [{"Regions": LATER, "DeploymentTargets": LATER}]},
        {"TemplateBody": "x", "Parameters": [{"ParameterKey": "A", "ParameterValue": LATER}]},
        {"TemplateBody": "x", "Parameters": [{"A": LATER}, LATER]},
        {"TemplateBody": "x", "Parameters": LATER, "Tags": LATER},
        {"TemplateBody": "x", "Tags": [{"Key": LATER, "Value": "v"}]},
        {"TemplateBody": "x", "OperationPreferences": {"MaxConcurrentCount": LATER}},
        {"TemplateBody": "x", "OperationPreferences": {"RegionOrder": [LATER, "eu-west-1"]}},
        {"TemplateBody": "x", "Description": LATER, "StackSetDescription": "x"},
        {"TemplateBody": "x", "ManagedExecution": {"Active": LATER}},
        {"TemplateBody": "x", "Capabilities": [LATER]},
        managed(Accounts=LATER, AccountFilterType="DIFFERENCE"),
        managed(Accounts=[LATER, "111122223333"], AccountFilterType="INTERSECTION"),
        managed(OrganizationalUnitIds=LATER, AccountFilterType="NONE"),
    ],
    ids=str,
)
def test_no_false_complaint(properties: dict[str, Any]) -> None:
    """What is not known yet is no fault, wherever it stands."""
    assert made(Store(), **properties) == properties


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ({"StackInstances": [{"Regions": LATER, "Accounts": ["12"]}]}, "Accounts[0] is '12'"),
        ({"StackInstances": [LATER, {"Regions": ["x"], "Accounts": LATER}]}, "[1].Regions[0]"),
        ({"StackSetName": LATER, "ExecutionRoleName": "a/b"}, "ExecutionRoleName"),
        ({"StackSetName": LATER, "Taggs": []}, "did you mean `Tags`"),
    ],
)
def test_faults_beside_the_unknown(properties: dict[str, Any], told: str) -> None:
    """What is wrong is told, though its neighbours are not known yet."""
    assert told in refusal(Store(), TemplateBody="x", **properties)


class TestWaits:
    """Custom::StackSetWait, which has no content."""

    def refusal(self, **properties: Any) -> str:
        """What a wait is refused with; empty for nothing."""
        wait = {"Type": "Custom::StackSetWait", "Properties": properties}
        template = {"Resources": {"Set": {"Type": "AWS::SNS::Topic"}, "Wait": wait}}
        scope = scope_of(template, {}, "eu-west-1", "111111111111")
        try:
            assert Store().process(template, scope).template == template
        except Refused as refusal:
            return str(refusal)
        return ""

    def test_right(self) -> None:
        """What only the deployment tells is no fault, and nothing is written into a wait."""
        given = {"StackSetId": {"Ref": "Set"}, "DeploymentId": {"Fn::GetAtt": ["Set", "Name"]}}

        assert self.refusal(ServiceToken="x", Last="false", **given) == ""

    def test_wrong(self) -> None:
        """A typing error fails the change set, with the wait's name."""
        told = self.refusal(StackSetId={"Ref": "Set"}, Lats="true")

        assert "Wait: " in told
        assert "`Lats`" in told
        assert "DeploymentId" in told


def test_numbers_of_json() -> None:
    """A whole number that JSON has given a fraction is one."""
    store = Store({URL: Content(b"x", "")})

    assert made(store, TemplateURL=URL, OperationPreferences={"MaxConcurrentCount": 3.0})


@pytest.mark.parametrize("resources", [None, [], {"A": None}, {"A": []}, {"A": {"Type": []}}])
def test_malformed_template(resources: Any) -> None:
    """What is no template is CloudFormation's affair, not a traceback."""
    template = {"Resources": resources, "Parameters": {"P": None}}
    scope = scope_of(template, {"P": "x"}, "eu-west-1", "111111111111")

    assert Store().process(template, scope).template == template


def test_what_is_not_sealed_is_named() -> None:
    """Whatever may change without a change of the template is told."""
    store = Store()

    for properties, told in (
        ({"TemplateURL": LATER}, "Set: TemplateURL: only the deployment tells its address"),
        ({"TemplateURL": "https://example.com/a"}, "Set: TemplateURL is outside S3"),
        ({"TemplateBody": f"# {STACK}"}, "Set: what TemplateBody nests"),
        ({"Fn::Transform": {"Name": "X"}}, "Set: only the deployment tells its properties"),
    ):
        assert run(store, properties).unsealed == (told,)
