"""Rules of cfn-lint that apply the model of Custom::StackSet: `cfn-lint --append-rules cli.lint`.

cfn-lint knows no schema of custom resources. https://github.com/aws-cloudformation/cfn-lint
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from cli.validate import ERROR, WARNING, Finding, check


class _Rule(CloudFormationLintRule):  # type: ignore[misc]  # cfn-lint tells no types
    """Tells what `stackset validate` says of a template."""

    level = ""
    tags = ["resources", "stackset"]  # noqa: RUF012 - as cfn-lint has it

    def match(self, cfn: Template) -> Iterator[RuleMatch]:
        """Yields each finding of the rule's level, with its place."""
        text = _text_of(str(cfn.filename or ""))
        for each in check(str(cfn.filename), text) if text else ():
            if each.level == self.level:
                yield RuleMatch(["Resources"], each.message, location=_location(each))


class StackSetFaults(_Rule):
    """What the function would refuse."""

    id = "E9151"
    shortdesc = "Custom::StackSet has properties that the function takes"
    description = "Applies the model with which the function itself reads the properties"
    level = ERROR


class StackSetConcerns(_Rule):
    """What would be deployed, and is perhaps not meant."""

    id = "W9151"
    shortdesc = "Custom::StackSet says what is probably meant"
    description = "Warnings that the function gives with a deployment"
    level = WARNING


def _text_of(filename: str) -> str:
    """Returns the template's text; empty where it comes from elsewhere."""
    try:
        return sys.stdin.read() if filename == "-" else Path(filename).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _location(finding: Finding) -> tuple[int, int, int, int]:
    line, column = (each - 1 for each in finding.mark)
    return line, column, line, column + 1
