"""What is known of a template before any resource exists. No AWS here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from handler.values.addresses import SUFFIXES

DYNAMIC = "{{resolve:"
"""What a dynamic reference begins with."""

# By the beginning of the region's name.
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "us-isof-": "aws-iso-f",
    "eu-isoe-": "aws-iso-e",
    "eusc-": "aws-eusc",
}
# The pseudo parameters that are the same in every account and Region of a stack set.
_EVERYWHERE = ("AWS::NoValue", "AWS::Partition", "AWS::URLSuffix")
_LONGEST_VALUE = 4096
_LONGEST_TEXT = 1_048_576
_MOST_TEXT = 16 * _LONGEST_TEXT


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
        mappings: The template's Mappings.
        truths: Whether those conditions hold that have been asked for, by name.
        made: How much text functions have made, a single number.
    """

    values: Mapping[str, Any]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    truths: dict[str, bool | None] = field(default_factory=dict, compare=False, repr=False)
    made: list[int] = field(default_factory=lambda: [0], compare=False, repr=False)

    def has_room_for(self, length: int) -> bool:
        """Whether a text of this length may be made, which counts if it may.

        What is written short and multiplies has an end: a template has no more than a megabyte.
        """
        if length > _LONGEST_TEXT or self.made[0] + length > _MOST_TEXT:
            return False
        self.made[0] += length
        return True


def scope_of(
    template: Mapping[str, Any], given: Mapping[str, Any], region: str, account: str
) -> Scope:
    """What is known of a template that is deployed with these parameter values.

    Not taken for known are secrets, which must not get into the processed template, and parameters
    that name a place in the SSM parameter store, for what lies there may change.
    """
    beginning = next((each for each in _PARTITIONS if region.startswith(each)), "")
    partition = _PARTITIONS.get(beginning, "aws")
    pseudo = {
        "AWS::AccountId": account,
        "AWS::NoValue": NOTHING,
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::URLSuffix": SUFFIXES[partition],
    }
    return _scope(template, given, pseudo)


def scope_within(
    template: Mapping[str, Any], given: Mapping[str, Any], around: Mapping[str, Any]
) -> Scope:
    """What is known of a template that stacks of many accounts and Regions are made from.

    Args:
        template: The template.
        given: Its parameters' values, UNKNOWN among them; its defaults count for the rest.
        around: What is known where the stack set is; only what is the same everywhere counts.
    """
    defaults = {
        name: declared["Default"]
        for name, declared in as_map(template.get("Parameters")).items()
        if isinstance(declared, dict) and "Default" in declared
    }
    pseudo = {name: around[name] for name in _EVERYWHERE if name in around}
    # What makes parameters, an AWS::Include perhaps, need not have done so yet.
    return _scope(template, {**defaults, **given}, pseudo, dict.fromkeys(given))


def _scope(
    template: Mapping[str, Any],
    given: Mapping[str, Any],
    pseudo: Mapping[str, Any],
    undeclared: Mapping[str, None] | None = None,
) -> Scope:
    declared = {**(undeclared or {}), **as_map(template.get("Parameters"))}
    values = dict(_parameters(declared, given))
    return Scope(
        {**pseudo, **values},
        as_map(template.get("Conditions")),
        as_map(template.get("Mappings")),
    )


def _parameters(
    declared: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[tuple[str, str | list[str]]]:
    for name, definition in declared.items():
        value = given.get(name)
        kind = str(as_map(definition).get("Type"))
        is_secret = str(as_map(definition).get("NoEcho")).lower() == "true"
        is_later = value is None or isinstance(value, Unresolved) or DYNAMIC in str(value)
        if is_later or is_secret or kind.startswith("AWS::SSM::"):
            continue
        if len(str(value)) > _LONGEST_VALUE:
            continue  # CloudFormation refuses it, and values that grow at every level have an end
        if isinstance(value, list):
            yield name, [as_text(each) for each in value]
        elif kind == "CommaDelimitedList" or kind.startswith("List<"):
            yield name, [each.strip() for each in as_text(value).split(",")]
        else:
            yield name, as_text(value)


def as_map(value: object) -> dict[str, Any]:
    """A part of a template that is to be a map; an empty one where it is none."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    """A value as CloudFormation spells it: ``true``, and 3 for a 3.0 that JSON has made of it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
