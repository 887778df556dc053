"""Properties without what is wrong in them: as little as possible is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.properties import fields
from handler.properties.complaints import Complaint, Place, told, validate
from handler.properties.model import StackSetProperties

_LISTS = {"Accounts", "OrganizationalUnitIds", "ExcludedAccounts", "Regions", "RegionOrder"}
_GAP = ""

ABSENT = object()
"""Stands where no value does."""


def mend(raw: Mapping[str, Any]) -> tuple[StackSetProperties, list[str]]:
    """Leave out whatever is wrong by itself, however much that is.

    Returns:
        What is left, and a sentence for each thing that was passed over.
    """
    members: dict[str, Any] = dict(raw)
    warnings: list[str] = []
    while True:
        properties, complaints = validate(members)
        if properties is not None:
            return properties, warnings
        before = members
        for complaint in complaints:
            members = without(members, complaint)
            warnings += told(complaint.faults)
        if members == before:
            # Whatever cannot be mended in its place goes as a whole, or this would never end.
            wrong = {complaint.place[0] for complaint in complaints}
            members = {name: value for name, value in members.items() if name not in wrong}


def without(members: dict[str, Any], complaint: Complaint) -> dict[str, Any]:
    """The same properties but for what a complaint is about.

    A value becomes a gap, so that others keep their numbers; a list of names keeps one of each,
    parameters and tags those that are right. A map that lacks what it cannot do
    without goes as a whole.
    """
    place = complaint.place[:-1] if complaint.is_missing else complaint.place
    wrong = value_at(members, place)
    if wrong is ABSENT:  # left out already, with what was around it
        return members
    right = _GAP if complaint.is_unknown or complaint.is_missing else _what_is_right(place, wrong)
    mended: dict[str, Any] = _replaced(members, place, right)
    return mended


def is_repetition(complaint: Complaint, members: Mapping[str, Any]) -> bool:
    """Whether all that is wrong is that a list of accounts or Regions names one of them twice."""
    value = value_at(members, complaint.place)
    return _is_list_of_names(complaint.place) and isinstance(value, list) and bool(value)


def value_at(value: Any, place: Place) -> Any:  # noqa: ANN401 - the author may write anything
    """What stands at a place; ABSENT where nothing does."""
    for step in place:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return ABSENT
    return value


def _what_is_right(place: Place, wrong: object) -> object:
    name = place[-1] if place else ""
    if name in fields.PAIRS:
        return fields.right_pairs(str(name), wrong)
    if _is_list_of_names(place) and isinstance(wrong, list):
        return list({str(each).strip(): each for each in wrong}.values()) or [_GAP]
    return _GAP


def _is_list_of_names(place: Place) -> bool:
    return bool(place) and place[-1] in _LISTS


def _replaced(tree: Any, place: Place, value: object) -> Any:  # noqa: ANN401
    """A copy of a tree in which another value stands at a place."""
    if not place:
        return value
    copy: Any = list(tree) if isinstance(tree, list) else dict(tree)
    copy[place[0]] = _replaced(tree[place[0]], place[1:], value)
    return copy
