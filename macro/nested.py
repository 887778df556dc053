"""The templates that a template names in turn. No AWS here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from macro.given import Given, given_by
from macro.intrinsics import holds, resolve
from macro.loops import LOOP
from macro.scope import UNKNOWN, as_map, scope_within

_NESTED = "AWS::CloudFormation::Stack"
_MENTION = re.compile(rb"AWS::CloudFormation::Stack(?![A-Za-z])")


class Child(NamedTuple):
    """A nested stack's template.

    Attributes:
        name: The logical id of the stack in the template that names it.
        url: The address; None where only the deployment tells.
        given: What is known of its parameters' values.
    """

    name: str
    url: str | None
    given: Given


def may_nest(content: bytes) -> bool:
    """Whether a template may have nested stacks: most have none, and need not be read."""
    return bool(_MENTION.search(content))


def find_nested(
    template: Mapping[str, Any], given: Given, around: Mapping[str, Any]
) -> Iterator[Child]:
    """Find the templates that the nested stacks of a template are made from.

    Args:
        template: The template.
        given: What is known of its parameters' values; their defaults count for the rest.
        around: What is known where the stack set is.

    Yields:
        Each one, but those whose condition does not hold.
    """
    others = {} if given.is_whole else dict.fromkeys(as_map(template.get("Parameters")), UNKNOWN)
    scope = scope_within(template, {**others, **given.values}, around)
    for name, resource in as_map(template.get("Resources")).items():
        if name.startswith(LOOP) and _has_nested(resource):
            yield Child(name, None, Given({}, is_whole=False))
        if as_map(resource).get("Type") != _NESTED:
            continue
        if "Condition" in resource and holds(resource["Condition"], scope) is False:
            continue
        properties = as_map(resource.get("Properties"))
        url = resolve(properties.get("TemplateURL"), scope)
        parameters = given_by(resolve(properties.get("Parameters", {}), scope))
        yield Child(name, url if isinstance(url, str) else None, parameters)


def _has_nested(value: Any) -> bool:  # noqa: ANN401 - a template holds anything
    if isinstance(value, dict):
        return value.get("Type") == _NESTED or any(map(_has_nested, value.values()))
    return isinstance(value, list) and any(map(_has_nested, value))
