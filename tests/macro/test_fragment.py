"""What the macro makes of a template."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest

from macro.fragment import Content, Refused, Unreadable, transform
from macro.scope import scope_of

URL = "https://b.s3.amazonaws.com/app.yaml"
NESTED = "https://b.s3.amazonaws.com/nested.yaml"
INNER = "https://b.s3.amazonaws.com/inner.json"


def sha(content: bytes) -> str:
    """The SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class Store(dict[str, Content]):
    """Contents by address; any other address in S3 cannot be read."""

    def read(self, url: str) -> Content | None:
        """Read as the macro does."""
        if "amazonaws" not in url:
            return None
        if url not in self:
            message = f"{url} leads to nothing"
            raise Unreadable(message)
        return self[url]


def made(store: Store, *, given: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """The properties that the macro makes of these."""
    processed = run(store, properties, given)
    result: dict[str, Any] = processed["Resources"]["Set"]["Properties"]
    return result


def run(
    store: Store, properties: dict[str, Any], given: dict[str, Any] | None = None, **members: Any
) -> dict[str, Any]:
    """Process a template with one stack set."""
    resource = {"Type": "Custom::StackSet", "Properties": properties, **members}
    parameters = {name: {"Type": "String"} for name in given or {}}
    topic = {"Type": "AWS::SNS::Topic"}
    template = {"Parameters": parameters, "Resources": {"Set": resource, "Topic": topic}}
    before = copy.deepcopy(template)
    scope = scope_of(template, given or {}, "eu-west-1", "111111111111")
    processed = transform(template, scope, store.read)
    assert template == before
    assert processed["Resources"]["Topic"] == topic
    return processed


def test_digest_is_written() -> None:
    """The digest is that of the bytes; without versions the address stays as it is written."""
    store = Store({URL: Content(b"x", "")})

    assert made(store, TemplateURL=URL) == {"TemplateURL": URL, "TemplateDigest": sha(b"x")}
    written = {"Fn::Sub": "https://${B}.s3.amazonaws.com/app.yaml"}
    assert made(store, given={"B": "b"}, TemplateURL=written) == {
        "TemplateURL": written,
        "TemplateDigest": sha(b"x"),
    }


def test_version_is_pinned() -> None:
    """Where the bucket keeps versions, the address names the one that was read."""
    store = Store({URL: Content(b"x", "v1"), f"{URL}?versionId=v0": Content(b"y", "v0")})

    assert made(store, TemplateURL=URL)["TemplateURL"] == f"{URL}?versionId=v1"
    pinned = f"{URL}?versionId=v0"
    assert made(store, TemplateURL=pinned) == {"TemplateURL": pinned, "TemplateDigest": sha(b"y")}


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

    assert transform(template, scope, Store().read) == template


YAML = f"""
Parameters:
  Key: {{Type: String, Default: unknown}}
  Place: {{Type: String, Default: b}}
Resources:
  Nested:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: !Sub https://${{Place}}.s3.amazonaws.com/${{Key}}.yaml
      Parameters: {{Inner: !Sub "{INNER}"}}
  Unreadable:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: "https://b.s3.amazonaws.com/secret"}}
  Later:
    Type: AWS::CloudFormation::Stack
    Properties: {{TemplateURL: !GetAtt Unreadable.Outputs.Address}}
""".encode()
MIDDLE = b"""
Resources:
  Inner: {Type: "AWS::CloudFormation::Stack", Properties: {TemplateURL: !Ref Inner}}
"""
LAST = json.dumps(
    {
        "Resources": {
            "Again": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": INNER}}
        }
    }
).encode()


def test_nested_templates_count() -> None:
    """All nested templates that can be read count, however deep, by address and content."""
    store = Store({URL: Content(YAML, ""), NESTED: Content(MIDDLE, ""), INNER: Content(LAST, "")})
    properties: dict[str, Any] = {"TemplateURL": URL, "Parameters": [{"Key": "nested"}]}
    lines = sorted([f"{NESTED} {sha(MIDDLE)}", f"{INNER} {sha(LAST)}"])

    first = made(store, **properties)["TemplateDigest"]
    assert first == f"{sha(YAML)}.{sha(chr(10).join(lines).encode())}"
    store[INNER] = Content(LAST + b" ", "")
    second = made(store, **properties)["TemplateDigest"]
    assert second.partition(".")[0] == first.partition(".")[0]
    assert second != first


@pytest.mark.parametrize(
    "content", [b"AWS::CloudFormation::Stack: [", b"AWS::CloudFormation::Stack", b"\xff\xfe" * 9]
)
def test_no_template(content: bytes) -> None:
    """What is no template has a digest all the same: CloudFormation says what it is."""
    assert made(Store({URL: Content(content, "")}), TemplateURL=URL)["TemplateDigest"] == sha(
        content
    )


def refusal(store: Store, **properties: Any) -> str:
    """Why the macro refuses these."""
    with pytest.raises(Refused) as caught:
        made(store, **properties)
    return str(caught.value)


def test_unreadable_template() -> None:
    """A template that cannot be read is refused, with the resource, the property and the cause."""
    assert refusal(Store(), TemplateURL=URL) == f"Set: TemplateURL {URL} leads to nothing."


def test_all_faults_are_told() -> None:
    """Every fault is told at once, each with its resource."""
    text = refusal(Store(), TemplateURL=URL, StackInstancez=[], loglevel="loud")

    assert text.count("Set: ") == 2
    assert "did you mean `StackInstances`" in text
    assert "loglevel" in text


LATER = {"Fn::GetAtt": ["Other", "Value"]}


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
            assert transform(template, scope, Store().read) == template
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
