"""Templates that are sent through the macro, and what lies behind their addresses."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping
from typing import Any

import pytest

from handler.values.summary import TemplateSummary
from macro.fragment import NotTaken, Processed, Refused, Sources, transform
from macro.scope import Scope, scope_of
from macro.sealing import Content, Unreadable

URL = "https://b.s3.amazonaws.com/app.yaml"
NESTED = "https://b.s3.amazonaws.com/nested.yaml"
INNER = "https://b.s3.amazonaws.com/inner.json"

LATER = {"Fn::GetAtt": ["Other", "Value"]}

STACK = "AWS::CloudFormation::Stack"


def sha(content: bytes) -> str:
    """The SHA-256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class Store(dict[str, Content]):
    """Contents by address; any other address in S3 cannot be read.

    Attributes:
        refusals: What is raised for an address instead.
        summary: What CloudFormation tells of every template; an error is raised.
        reads: The addresses that were read, in order.
        asked: What CloudFormation was asked about.
    """

    def __init__(self, *given: Any, summary: TemplateSummary | NotTaken | None = None) -> None:
        super().__init__(*given)
        self.refusals: dict[str, Unreadable] = {}
        self.summary = summary
        self.reads: list[str] = []
        self.asked: list[dict[str, str]] = []

    def read(self, url: str) -> Content | None:
        """Read as the macro does."""
        if "amazonaws" not in url:
            return None
        self.reads.append(url)
        if url in self.refusals:
            raise self.refusals[url]
        if url not in self:
            message = f"{url} leads to nothing"
            raise Unreadable(message)
        return self[url]

    def summarize(self, wanted: Mapping[str, str]) -> TemplateSummary | None:
        """Ask as the macro does."""
        self.asked.append(dict(wanted))
        if isinstance(self.summary, NotTaken):
            raise self.summary
        return self.summary

    def process(self, template: dict[str, Any], scope: Scope) -> Processed:
        """Process a template with what is here."""
        return transform(template, scope, Sources(self.read, self.summarize))


def made(store: Store, *, given: dict[str, Any] | None = None, **properties: Any) -> dict[str, Any]:
    """The properties that the macro makes of these."""
    processed = run(store, properties, given).template
    result: dict[str, Any] = processed["Resources"]["Set"]["Properties"]
    return result


def run(
    store: Store, properties: dict[str, Any], given: dict[str, Any] | None = None, **members: Any
) -> Processed:
    """Process a template with one stack set."""
    resource = {"Type": "Custom::StackSet", "Properties": properties, **members}
    parameters = {name: {"Type": "String"} for name in given or {}}
    topic = {"Type": "AWS::SNS::Topic"}
    template = {"Parameters": parameters, "Resources": {"Set": resource, "Topic": topic}}
    before = copy.deepcopy(template)
    scope = scope_of(template, given or {}, "eu-west-1", "111111111111")
    processed = store.process(template, scope)
    assert template == before
    assert processed.template["Resources"]["Topic"] == topic
    return processed


def refusal(store: Store, **properties: Any) -> str:
    """Why the macro refuses these."""
    with pytest.raises(Refused) as caught:
        made(store, **properties)
    return str(caught.value)
