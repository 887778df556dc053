"""Findings in the forms that people, GitHub, programs and code scanners read. No AWS here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cli.validate import CONCERN, ERROR, PROPERTY, TEMPLATE, UNREADABLE, Finding

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {
    UNREADABLE: "The file is a template.",
    PROPERTY: "The properties are those of a stack set.",
    TEMPLATE: "What the stack set's template asks for is given.",
    CONCERN: "What is written is probably meant.",
}


def as_text(findings: Sequence[Finding]) -> str:
    """Returns a line for each finding, as compilers write it, and one that counts them."""
    lines = [f"{_place(each)}: {each.level}: {each.message}" for each in findings]
    errors = sum(each.level == ERROR for each in findings)
    warnings = len(findings) - errors
    return "\n".join([*lines, f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}."])


def as_github(findings: Sequence[Finding]) -> str:
    """Returns a workflow command for each finding, which GitHub shows beside its line.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    return "\n".join(
        f"::{each.level} file={_property(each.file)},line={each.mark.line},"
        f"col={each.mark.column}::{_data(each.message)}"
        for each in findings
    )


def as_json(findings: Sequence[Finding]) -> str:
    """Returns a list of maps with file, line, column, level, kind and message."""
    return json.dumps([_plain(each) for each in findings], indent=2, ensure_ascii=False)


def as_sarif(findings: Sequence[Finding]) -> str:
    """Returns a SARIF log, which code scanners read.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    rules = [{"id": kind, "shortDescription": {"text": text}} for kind, text in _RULES.items()]
    driver = {"name": "stackset", "rules": rules}
    run = {"tool": {"driver": driver}, "results": [_result(each) for each in findings]}
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


FORMATS: Mapping[str, Callable[[Sequence[Finding]], str]] = {
    "text": as_text,
    "github": as_github,
    "json": as_json,
    "sarif": as_sarif,
}
"""Each form by the word that asks for it."""


def _place(finding: Finding) -> str:
    return f"{finding.file}:{finding.mark.line}:{finding.mark.column}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(finding: Finding) -> dict[str, Any]:
    line, column = finding.mark
    return {
        "file": finding.file,
        "line": line,
        "column": column,
        "level": finding.level,
        "kind": finding.kind,
        "message": finding.message,
    }


def _result(finding: Finding) -> dict[str, Any]:
    line, column = finding.mark
    where = {
        "artifactLocation": {"uri": finding.file.replace("\\", "/")},
        "region": {"startLine": line, "startColumn": column},
    }
    return {
        "ruleId": finding.kind,
        "level": finding.level,
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": where}],
    }
