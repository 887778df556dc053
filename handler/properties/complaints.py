"""Pydantic's errors in our words, each with the place of what it is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from handler.errors import Fault
from handler.properties import forms, hints
from handler.properties.basics import Execution, Preferences
from handler.properties.groups import Group, Targets
from handler.properties.imports import ImportedStack
from handler.properties.maps import Properties
from handler.properties.model import StackSetProperties
from handler.properties.permissions import Automatic

_Root = TypeVar("_Root", bound=Properties)

_GROUP = (
    "write it into a group, StackInstancesGroup: [{DeploymentTargets: {Accounts: [...]},"
    " Regions: [...]}]"
)
# In the order in which a name that several of them know is looked for.
_PLACES: tuple[tuple[type[Properties], str], ...] = (
    (Group, _GROUP),
    (Targets, _GROUP),
    (Preferences, "write it into OperationPreferences"),
    (Execution, "write it into ManagedExecution"),
    (Automatic, "write it into AutoDeployment"),
    (StackSetProperties, "write it at the top, beside the list of groups"),
)
# What other tools and other resources call it, in small letters.
_SYNONYMS = {
    "name": "StackSetName",
    "rolearn": "AdministrationRoleARN",
    "adminrolearn": "AdministrationRoleARN",
    "stacks": "StackInstances",
    "groups": "StackInstancesGroup",
    "instances": "StackInstances",
    "overrides": "ParameterOverrides",
    "preferences": "OperationPreferences",
    "maxconcurrency": "MaxConcurrentCount",
    "failuretolerance": "FailureToleranceCount",
}

Place = tuple[int | str, ...]
"""The way from the properties to a value in them: names of members and numbers of entries."""


@dataclass(frozen=True)
class Complaint:
    """What is wrong with one value by itself.

    Attributes:
        place: Where the value stands.
        faults: What is wrong at it or below it; at least one.
        is_unknown: Whether it is a member that nobody knows.
        is_missing: Whether it is not there at all.
    """

    place: Place
    faults: tuple[Fault, ...]
    is_unknown: bool = False
    is_missing: bool = False


def validate(members: Mapping[str, Any]) -> tuple[StackSetProperties | None, list[Complaint]]:
    """Validate each member of Custom::StackSet by itself; see `validate_as`."""
    return validate_as(members, StackSetProperties, "Custom::StackSet")


def validate_as(
    members: Mapping[str, Any], root: type[_Root], type_name: str
) -> tuple[_Root | None, list[Complaint]]:
    """Validate each member by itself.

    Args:
        members: The properties.
        root: What they have to be.
        type_name: The resource type.

    Returns:
        The properties, None where any is wrong; and the complaints in the template's order.
    """
    try:
        return root.model_validate(dict(members)), []
    except ValidationError as error:
        return None, [_complaint(details, root, type_name) for details in error.errors()]


def path_of(place: Place) -> str:
    """The path of a place as an author writes it, such as ``StackInstances[0].Regions``."""
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in place)
    return text.removeprefix(".")


def told(faults: Iterable[Fault]) -> list[str]:
    """A sentence for the log about each fault that is passed over."""
    return [f"Passed over: {each}" for each in faults]


def _complaint(details: ErrorDetails, root: type[Properties], type_name: str) -> Complaint:
    place, kind = details["loc"], details["type"]
    path = path_of(place)
    if kind == forms.FAULTS:
        faults: list[Fault] = details["ctx"][forms.FAULTS]
        return Complaint(place, tuple(Fault(path + each.path, each.message) for each in faults))
    if kind == "string_unicode":  # a name with half of a surrogate pair
        return _unknown((*place, details["input"]), root, type_name)
    if kind in {"extra_forbidden", "invalid_key"}:
        return _unknown(place, root, type_name)
    if kind == "missing":
        way_out = ", or leave the whole map out" if len(place) > 1 else ""
        fault = Fault(path, f"is missing: write it{way_out}")
        return Complaint(place, (fault,), is_missing=True)
    return Complaint(place, (Fault(path, f"is {forms.shown(details['input'])}: {details['msg']}"),))


def _unknown(place: Place, root: type[Properties], type_name: str) -> Complaint:
    name = str(place[-1])
    holder = path_of(place[:-1]) or type_name
    model = _model_at(place, root)
    known = list(model.model_fields)
    synonym = _SYNONYMS.get(name.lower())
    meant = hints.of_name(name, known) or (synonym if synonym in known else None)
    where = _place_of(name, model) if issubclass(root, StackSetProperties) else None
    if where:
        mend = f"{where}."
    else:
        mend = f"did you mean `{meant}`?" if meant else f"it knows {', '.join(known)}."
    fault = Fault("", f"`{name}` is not a property of {holder}; {mend}", place)
    return Complaint(place, (fault,), is_unknown=True)


def _place_of(name: str, model: type[Properties]) -> str | None:
    """Where a member belongs that stands in the wrong map; None where it is known nowhere."""
    if model in {Group, Targets} and name == "Parameters":
        return "write ParameterOverrides here, for these instances alone, or Parameters at the top"
    if model is Targets and name in Group.model_fields:
        return "write it into the group, beside DeploymentTargets"
    if model is Group and name in Targets.model_fields:
        return "write it into DeploymentTargets of this group"
    for holder, place in _PLACES:
        if holder is not model and name in holder.model_fields:
            return place
    return None


def _model_at(place: Place, root: type[Properties]) -> type[Properties]:
    names = [each for each in place[:-1] if isinstance(each, str)]
    if not names:
        return root
    models: dict[str, type[Properties]] = {
        "ManagedExecution": Execution,
        "OperationPreferences": Preferences,
        "AutoDeployment": Automatic,
        "DeploymentTargets": Targets,
        "ImportStacks": ImportedStack,
    }
    return models.get(names[-1], Group)
