"""Loops that hide a content."""

from __future__ import annotations

from typing import Any

from macro.fragment import Refused
from macro.scope import scope_of
from macro.sealing import Content
from tests.macro.store import URL, Store


class TestLoops:
    """Fn::ForEach, which AWS::LanguageExtensions writes out."""

    def refusal(self, resources: dict[str, Any]) -> str:
        """What a template with these is refused with; empty for nothing."""
        template = {"Resources": resources}
        try:
            store = Store({URL: Content(b"x", "")})
            store.process(template, scope_of(template, {}, "eu-west-1", "111111111111"))
        except Refused as error:
            return str(error)
        return ""

    def looped(self, kind: str = "Custom::StackSet", **properties: Any) -> dict[str, Any]:
        """A loop of such resources."""
        resource = {"Type": kind, "Properties": {"TemplateURL": URL, **properties}}
        return {"Fn::ForEach::Sets": ["N", ["a", "b"], {"Set${N}": resource}]}

    def test_wrong_order(self) -> None:
        """A loop that is still one was met too early: the mend is the order."""
        told = self.refusal(self.looped())

        assert told.startswith("Fn::ForEach::Sets: ")
        assert "list StackSetTemplate last" in told
        assert "[AWS::LanguageExtensions, StackSetTemplate]" in told

    def test_loop_within_properties(self) -> None:
        """A loop in a stack set's properties hides them."""
        loop = {"Fn::ForEach::Groups": ["N", ["a"], {"Group${N}": {}}]}
        told = self.refusal({"Set": {"Type": "Custom::StackSet", "Properties": loop}})

        assert told.startswith("Set: Properties has Fn::ForEach::Groups")

    def test_other_loops(self) -> None:
        """Loops of other resources, and stack sets with a digest of their own, are let alone."""
        assert self.refusal(self.looped("AWS::SNS::Topic")) == ""
        assert self.refusal(self.looped(TemplateDigest="0" * 64)) == ""
