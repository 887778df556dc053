"""Loops that are not written out yet: what they hold would not be sealed. No AWS here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from handler.errors import Fault
from handler.properties.pairs import is_gap

LOOP = "Fn::ForEach::"
"""What the name of a loop begins with."""

_TYPE = "Custom::StackSet"


def find_loops(name: str, resource: Any, macro: str) -> Iterator[Fault]:  # noqa: ANN401
    """Find the loops of AWS::LanguageExtensions that hide a content from the macro.

    Args:
        name: What stands in front of the resource in its template.
        resource: The resource, or what makes several.
        macro: The macro's name.

    Yields:
        Nothing for a stack set that has a digest of its own, which is the author's affair.
    """
    mend = (
        f" not written out yet, so that the macro cannot see what comes of it: list {macro} last,"
        f" as in `Transform: [AWS::LanguageExtensions, {macro}]`, or write a TemplateDigest of your"
        " own into the stack set"
    )
    if name.startswith(LOOP):
        if next(_unsealed_sets(resource), None) is not None:
            yield Fault("", f"is{mend}")
        return
    for unsealed in _unsealed_sets(resource):
        loop = next(_names(unsealed.get("Properties")), None)
        if loop is not None:
            yield Fault("Properties", f"has {loop}, which is{mend}")


def _unsealed_sets(value: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    if isinstance(value, list):
        for each in value:
            yield from _unsealed_sets(each)
    elif isinstance(value, dict) and value.get("Type") == _TYPE:
        properties = value.get("Properties")
        if not isinstance(properties, dict) or is_gap(properties.get("TemplateDigest")):
            yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _unsealed_sets(each)


def _names(value: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(value, list):
        for each in value:
            yield from _names(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key.startswith(LOOP):
                yield key
            yield from _names(each)
