"""Stacks that had joined, and that properties name no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.errors import Fault, first_of
from handler.properties.fields import is_blank
from handler.properties.import_paths import paths_of_stacks
from handler.properties.mending import mend
from handler.values.targets import Target, place_of_stack

_NAME = "ImportStacks"


def blank_imports(raw: Mapping[str, Any], old: Mapping[str, Any]) -> list[Fault]:
    """What has become blank where a stack was named that would leave the stack set for it.

    Args:
        raw: The new properties.
        old: The old ones.
    """
    blanks, lost = _blanks(raw), _lost(raw, old)
    if not lost or len(blanks) <= len(_blanks(old)):
        return []
    noun = "stack" if len(lost) == 1 else "stacks"
    message = (
        f"is blank now, which would take {len(lost)} {noun} out of the stack set: fill it in again,"
        " or, if that is meant, leave it out or write AWS::NoValue in its place"
    )
    return [Fault(blanks[0], message)]


def told_of_losses(raw: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """A sentence about stacks that leave the stack set, and stay where they are.

    Args:
        raw: The new properties.
        old: The old ones.
    """
    lost = _lost(raw, old)
    if not lost:
        return []
    shown = first_of([f"{each.account}/{each.region}" for each in lost])
    by_unit = any(each.DeploymentTargets for _, each in mend(raw)[0].groups())
    unless = ", unless a group selects their accounts" if by_unit else ""
    told = (
        f"{_NAME} does not name the stacks in {shown} any more: they leave the stack"
        f" set{unless}, and nothing is deleted. Name them again to have them join again."
    )
    return [told]


def _blanks(raw: Mapping[str, Any]) -> list[str]:
    """Where gaps stand, the whole list where there is nothing else."""
    entries = raw.get(_NAME)
    if not isinstance(entries, list):
        return []
    gaps = [f"{_NAME}[{index}]" for index, each in enumerate(entries) if _is_blank(each)]
    return [_NAME, *gaps[1:]] if gaps and len(gaps) == len(entries) else gaps


def _is_blank(entry: object) -> bool:
    """A null is what AWS::NoValue leaves, and is meant."""
    return entry is not None and is_blank(entry)


def _lost(raw: Mapping[str, Any], old: Mapping[str, Any]) -> list[Target]:
    named = {target for _, group in mend(raw)[0].groups() for target in group.targets()}
    kept = {place_of_stack(each) for each in paths_of_stacks(raw)}
    before = {place_of_stack(each) for each in paths_of_stacks(old)}
    return sorted(before - kept - named)
