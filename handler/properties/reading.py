"""Reading properties: strictly for a deployment, leniently for a rollback.

Every complaint about a template is made here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handler.errors import Fault, InvalidProperties
from handler.properties.blanks import find_blanks, find_losses
from handler.properties.complaints import path_of, told, validate
from handler.properties.concerns import concerns
from handler.properties.import_losses import blank_imports, told_of_losses
from handler.properties.legacy import (
    are_groups_unchanged,
    leave_out_what_stood_before,
    never_counted,
)
from handler.properties.mending import mend
from handler.properties.model import StackSetProperties
from handler.values.spec import Previous, StackSetSpec


@dataclass(frozen=True)
class Reading:
    """What properties ask for, and what was passed over to read them.

    Attributes:
        spec: The stack set and its instances as wanted.
        warnings: Sentences for the log, each with a property's path; no values of parameters.
    """

    spec: StackSetSpec
    warnings: tuple[str, ...] = ()


def read_properties(raw: Mapping[str, Any], old: Mapping[str, Any] | None = None) -> Reading:
    """Read the ResourceProperties of a Create or an Update.

    What an earlier version of the function passed over, and what an update leaves as it was, is
    passed over here, too.

    Args:
        raw: As CloudFormation delivers them, gaps and all.
        old: OldResourceProperties; None on a Create.

    Raises:
        InvalidProperties: All that is wrong, each with its path and what to write instead; and
            lists that have become blank, so that instances would be deleted.
    """
    members: dict[str, Any] = dict(raw)
    warnings: list[str] = []
    if old is not None:
        members, warnings = leave_out_what_stood_before(members, old)
    properties, complaints = validate(members)
    faults = [fault for each in complaints for fault in each.faults]
    # What is left of values that are wrong by themselves may yet contradict each other.
    readable = properties or mend(members)[0]
    repeated: set[Fault] = set()
    if old is not None and are_groups_unchanged(raw, old):
        repeated.update(*readable.repetitions().values())
    between = list(readable.faults({path_of(each.place) for each in complaints}))
    if old is not None:
        repeated.update(each for each in between if never_counted(each.path, raw, old))
    faults += [each for each in between if each not in repeated]
    warnings += told(each for each in between if each in repeated)
    if old is not None:
        faults += [*find_losses(raw, old), *blank_imports(raw, old)]
    if properties is None or faults:
        raise InvalidProperties(faults)
    if old is not None:
        warnings += told_of_losses(raw, old)
    return _reading(properties, raw, warnings)


def read_leniently(raw: Mapping[str, Any]) -> Reading:
    """Read the properties to which a rollback goes back, whatever is wrong with them.

    They were deployed once, perhaps by a version that accepted more. What can be kept is kept: a
    wrong value is left out, of a wrong list its right entries are read, an instance that two groups
    name is as the last one says, and of both templates the one at the address counts.
    """
    properties, warnings = mend(raw)
    warnings += told(properties.faults())
    return _reading(properties, raw, warnings)


def parse_properties(raw: Mapping[str, Any]) -> StackSetSpec:
    """Read properties for which nothing but themselves counts.

    Args:
        raw: As CloudFormation delivers them, gaps and all.

    Raises:
        InvalidProperties: All that is wrong, each with its path and what to write instead.
    """
    return read_properties(raw).spec


def read_previous(old_properties: Mapping[str, Any]) -> Previous:
    """What the old properties tell, be they valid or not.

    With anything wrong in them they are uncertain: they were perhaps refused, and never applied.
    """
    try:
        spec = parse_properties(old_properties)
    except InvalidProperties:
        salvaged = read_leniently(old_properties).spec
        return Previous(
            salvaged.instances,
            certain=False,
            spec=_as_before(old_properties),
            in_all_regions=salvaged.in_all_regions,
        )
    return Previous(spec.instances, spec=spec, in_all_regions=spec.in_all_regions)


def _as_before(old: Mapping[str, Any]) -> StackSetSpec | None:
    """What properties ask for that an update may leave as they are; None for others."""
    try:
        return read_properties(old, old).spec
    except InvalidProperties:
        return None


def _reading(
    properties: StackSetProperties, raw: Mapping[str, Any], warnings: list[str]
) -> Reading:
    blanks = [each.warning() for each in find_blanks(raw)]
    spec = properties.spec()
    told = (*warnings, *properties.warnings(), *blanks, *concerns(spec))
    return Reading(spec, told)
