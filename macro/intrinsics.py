"""What intrinsic functions give, as far as it is known before any resource exists. No AWS here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = "{{resolve:"
# By the beginning of the region's name: partition and suffix of its hosts.
_PARTITIONS = {
    "cn-": ("aws-cn", "amazonaws.com.cn"),
    "us-gov-": ("aws-us-gov", "amazonaws.com"),
    "us-iso-": ("aws-iso", "c2s.ic.gov"),
    "us-isob-": ("aws-iso-b", "sc2s.sgov.gov"),
    "us-isof-": ("aws-iso-f", "csp.hci.ic.gov"),
    "eu-isoe-": ("aws-iso-e", "cloud.adc-e.uk"),
    "eusc-": ("aws-eusc", "amazonaws.eu"),
}
_COMMERCIAL = ("aws", "amazonaws.com")


class Unresolved(Enum):
    """What stands in the place of a value that is none."""

    UNKNOWN = "unknown"
    """Only the deployment will tell."""

    NOTHING = "nothing"
    """``Ref: AWS::NoValue``."""


UNKNOWN, NOTHING = Unresolved.UNKNOWN, Unresolved.NOTHING


@dataclass(frozen=True)
class Scope:
    """What is known of a template.

    Attributes:
        values: What ``Ref`` gives, by name: texts, and lists of texts.
        conditions: The template's Conditions, as they are written.
    """

    values: Mapping[str, Any]
    conditions: Mapping[str, Any] = field(default_factory=dict)


def scope_of(
    template: Mapping[str, Any], given: Mapping[str, Any], region: str, account: str
) -> Scope:
    """What is known of a template that is deployed with these parameter values.

    Not taken for known are secrets, which must not get into the processed template, and parameters
    that name a place in the SSM parameter store, for what lies there may change.
    """
    beginning = next((each for each in _PARTITIONS if region.startswith(each)), "")
    partition, suffix = _PARTITIONS.get(beginning, _COMMERCIAL)
    pseudo = {
        "AWS::AccountId": account,
        "AWS::NoValue": NOTHING,
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::URLSuffix": suffix,
    }
    declared = template.get("Parameters") or {}
    return Scope({**pseudo, **dict(_parameters(declared, given))}, template.get("Conditions") or {})


def _parameters(
    declared: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[tuple[str, str | list[str]]]:
    for name, definition in declared.items():
        value = given.get(name)
        kind = str(definition.get("Type"))
        is_secret = str(definition.get("NoEcho")).lower() == "true"
        if value is None or is_secret or kind.startswith("AWS::SSM::"):
            continue
        if isinstance(value, list):
            yield name, [_text(each) for each in value]
        elif kind == "CommaDelimitedList" or kind.startswith("List<"):
            yield name, [each.strip() for each in _text(value).split(",")]
        else:
            yield name, _text(value)


def resolve(value: Any, scope: Scope) -> Any:  # noqa: ANN401 - a template holds anything
    """A part of a template with its intrinsic functions worked out.

    Returns:
        The same with values in the place of functions, or UNKNOWN; what is nothing is left out of
        lists and maps.
    """
    if isinstance(value, list):
        entries = [resolve(each, scope) for each in value]
        return [each for each in entries if each is not NOTHING]
    if isinstance(value, dict) and any(key == "Ref" or key.startswith("Fn::") for key in value):
        # A function among other keys is Fn::Transform or Fn::ForEach: they may bring any key.
        value = _called(*next(iter(value.items())), scope) if len(value) == 1 else UNKNOWN
    elif isinstance(value, dict):
        members = {key: resolve(each, scope) for key, each in value.items()}
        return {key: each for key, each in members.items() if each is not NOTHING}
    return UNKNOWN if isinstance(value, str) and _DYNAMIC in value else value


def holds(condition: Any, scope: Scope) -> bool | None:  # noqa: ANN401 - a template holds anything
    """Whether a condition holds; None for unknown.

    Args:
        condition: A condition's name, or a function of the Conditions section.
        scope: What is known.
    """
    written = scope.conditions.get(condition) if isinstance(condition, str) else condition
    if not isinstance(written, dict) or len(written) != 1:
        return None
    [(function, argument)] = written.items()
    if function == "Condition":
        return holds(argument, scope)
    if not isinstance(argument, list):
        return None
    if function == "Fn::Equals":
        sides = [resolve(each, scope) for each in argument]
        return None if UNKNOWN in sides else _text(sides[0]) == _text(sides[-1])
    return _combined(function, [holds(each, scope) for each in argument])


def _combined(function: str, parts: list[bool | None]) -> bool | None:
    decisive = function == "Fn::Or"
    if function in {"Fn::And", "Fn::Or"} and decisive in parts:
        return decisive
    if None in parts or function not in {"Fn::And", "Fn::Or", "Fn::Not"}:
        return None
    return not parts[0] if function == "Fn::Not" else not decisive


def _called(function: str, argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    try:
        return _call(function, argument, scope)
    except (AttributeError, IndexError, TypeError, ValueError):
        return UNKNOWN  # not written as it has to be: CloudFormation says so itself


def _call(function: str, argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    if function == "Ref":
        return scope.values.get(argument, UNKNOWN) if isinstance(argument, str) else UNKNOWN
    if function == "Fn::Sub":
        text, own = argument if isinstance(argument, list) else (argument, {})
        return _substitute(text, {**scope.values, **resolve(own, scope)})
    if function == "Fn::Join":
        delimiter, parts = argument[0], resolve(argument[1], scope)
        is_known = isinstance(parts, list) and not any(_is_no_text(each) for each in parts)
        return delimiter.join(map(_text, parts)) if is_known else UNKNOWN
    if function == "Fn::If":
        name, *branches = argument
        truth = holds(name, scope)
        return UNKNOWN if truth is None else resolve(branches[0 if truth else 1], scope)
    return UNKNOWN


def _substitute(text: str, values: Mapping[str, Any]) -> str | Unresolved:
    names = [name.strip() for literal, name in _PLACEHOLDER.findall(text) if not literal]
    if any(_is_no_text(values.get(name, UNKNOWN)) for name in names):
        return UNKNOWN

    def value(match: re.Match[str]) -> str:
        literal, name = match.groups()
        return f"${{{name}}}" if literal else _text(values[name.strip()])

    return _PLACEHOLDER.sub(value, text)


def _is_no_text(value: object) -> bool:
    return isinstance(value, Unresolved | list | dict)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
