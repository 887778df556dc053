"""What a template asks for is checked before there is a change set."""

from __future__ import annotations

from typing import Any

import pytest

from handler.values.summary import TemplateSummary
from macro.fragment import NotTaken, Refused
from macro.sealing import Content
from tests.macro.store import LATER, URL, Store, made, refusal, run, sha

GROUP: dict[str, Any] = {"Regions": ["eu-west-1"], "Accounts": ["111111111111"]}
SUMMARY = TemplateSummary.from_api(
    {
        "Parameters": [
            {"ParameterKey": "Stage", "ParameterType": "String"},
            {"ParameterKey": "Count", "ParameterType": "Number", "DefaultValue": "1"},
        ],
        "Capabilities": ["CAPABILITY_IAM"],
        "CapabilitiesReason": "It makes a role.",
    }
)
RIGHT: dict[str, Any] = {"Parameters": {"Stage": "test"}, "Capabilities": ["CAPABILITY_IAM"]}


class TestTemplate:
    """What the template asks for."""

    def refusal(self, **properties: Any) -> str:
        """What a stack set is refused with; empty for nothing."""
        store = Store({URL: Content(b"Parameters: {}", "")}, summary=SUMMARY)
        try:
            run(store, {"TemplateURL": URL, **RIGHT, **properties})
        except Refused as error:
            return str(error)
        return ""

    def test_right(self) -> None:
        """What suits the template is let through, whichever way it is given."""
        assert self.refusal() == ""
        assert self.refusal(TemplateURL=None, TemplateBody="x") == ""

    def test_a_digest_of_the_authors_own(self) -> None:
        """What lies there is looked at if it is what the digest means, and only then."""
        own = {"Capabilities": [], "TemplateDigest": sha(b"Parameters: {}")}
        assert "Set: Capabilities lacks" in self.refusal(**own)
        assert self.refusal(**own | {"TemplateDigest": sha(b"another")}) == ""

    @pytest.mark.parametrize(
        ("properties", "told"),
        [
            ({"Parameters": {"Stage": "t", "Stagee": "t"}}, "Set: Parameters names Stagee"),
            ({"Parameters": {}}, "Set: Parameters gives no value to Stage"),
            ({"Parameters": {"Stage": "t", "Count": "many"}}, "Set: Parameters.Count is not"),
            (
                {"StackInstances": [{**GROUP, "ParameterOverrides": [{"Stagee": "x"}]}]},
                "Set: StackInstances[0].ParameterOverrides names Stagee",
            ),
            ({"Capabilities": []}, "Set: Capabilities lacks what the template needs"),
            ({"Parameters": {"Stagee": LATER, "Stage": LATER}}, "Parameters names Stagee"),
            (
                {"Parameters": [{"Stage": "t"}, LATER], "Capabilities": []},
                "Set: Capabilities lacks",
            ),
        ],
    )
    def test_wrong(self, properties: dict[str, Any], told: str) -> None:
        """What the template does not declare, or needs and does not get, is told with its path."""
        assert told in self.refusal(**properties)

    @pytest.mark.parametrize(
        "properties",
        [
            {"Parameters": {"Stage": LATER, "Count": LATER}},
            {"Parameters": [{"ParameterKey": "Count", "ParameterValue": LATER}, {"Stage": "t"}]},
            {"Parameters": LATER},
            {"Parameters": [LATER]},
            {"Parameters": [{"ParameterKey": LATER, "ParameterValue": "x"}]},
            {"Capabilities": LATER},
            {"Capabilities": [LATER]},
            {"StackInstances": [{**GROUP, "ParameterOverrides": {"Count": LATER}}]},
            {"StackInstances": [{**GROUP, "ParameterOverrides": LATER}]},
            {"StackInstances": LATER},
        ],
        ids=str,
    )
    def test_no_false_complaint(self, properties: dict[str, Any]) -> None:
        """What only the deployment tells may be right."""
        assert self.refusal(**properties) == ""

    def test_not_well_formed(self) -> None:
        """A template that cannot be parsed is refused with CloudFormation's own words."""
        said = NotTaken("Template format error: YAML not well-formed. (line 3, column 1)")
        store = Store({URL: Content(b"a: [", "")}, summary=said)

        told = refusal(store, TemplateURL=URL)
        assert told.startswith("Set: TemplateURL holds no template that CloudFormation takes")
        assert "line 3" in told
        told = refusal(store, TemplateBody="a: [")
        assert told.startswith("Set: TemplateBody holds no template")

    def test_what_is_said_of_the_address(self) -> None:
        """The macro has read it: what CloudFormation says of the address is no fault of it."""
        store = Store({URL: Content(b"x", "")}, summary=NotTaken("S3 error: Access Denied"))

        assert made(store, TemplateURL=URL)["TemplateDigest"] == sha(b"x")

    def test_empty_default(self) -> None:
        """A default that is empty may be shown as none."""
        store = Store({URL: Content(b'{"Stage": {"Default": ""}}', "")}, summary=SUMMARY)

        assert made(store, TemplateURL=URL, Capabilities=["CAPABILITY_IAM"])["TemplateDigest"]

    def test_what_is_asked(self) -> None:
        """CloudFormation is asked of what will be deployed; an own digest means another content."""
        pinned = f"{URL}?versionId=v1"
        store = Store({URL: Content(b"x", "v1"), pinned: Content(b"x", "v1")}, summary=SUMMARY)
        run(store, {"TemplateURL": URL, **RIGHT})
        run(store, {"TemplateURL": URL, "TemplateDigest": "0" * 64})
        run(store, {"TemplateURL": "https://example.com/app.yaml"})

        assert store.asked == [{"TemplateURL": pinned}]
