"""Reading properties: valid ones, what can be saved of others, and pydantic's errors in our words.

Every complaint about a template is made here, before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from handler.errors import Fault, InvalidProperties
from handler.properties import fields
from handler.properties.model import (
    Execution,
    Group,
    NativeTargets,
    Preferences,
    Properties,
    StackSetProperties,
)
from handler.properties.pairs import PARAMETER, read_pairs
from handler.values.spec import Overrides, Previous, StackSetSpec
from handler.values.targets import Target

_TYPE = "Custom::StackSet"


def parse_properties(raw: Mapping[str, Any]) -> StackSetSpec:
    """Read the ResourceProperties of a request.

    Args:
        raw: As CloudFormation delivers them, gaps and all.

    Raises:
        InvalidProperties: All that is wrong, each with its path and what to write instead.
    """
    faults: list[Fault] = []
    members = dict(raw)
    try:
        properties = StackSetProperties.model_validate(members)
    except ValidationError as error:
        faults += _in_template_order(error)
        faults += _faults_of_the_rest(members, error)
    else:
        faults += properties.faults()
    if faults:
        raise InvalidProperties(faults)
    return properties.spec()


def _faults_of_the_rest(members: Mapping[str, Any], error: ValidationError) -> list[Fault]:
    """What is wrong among the members that are each right by themselves."""
    unreadable = {str(location[0]) for each in error.errors() if (location := each["loc"])}
    readable = {name: each for name, each in members.items() if name not in unreadable}
    try:
        return list(StackSetProperties.model_validate(readable).faults(unreadable))
    except ValidationError:
        return []  # a name that is no text: told already


def read_previous(old_properties: Mapping[str, Any]) -> Previous:
    """What the old properties tell, be they valid or not."""
    try:
        spec = parse_properties(old_properties)
    except InvalidProperties:
        return Previous(salvage_instances(old_properties), certain=False)
    return Previous(spec.instances, spec=spec)


def salvage_instances(raw: Mapping[str, Any]) -> dict[Target, Overrides]:
    """The stack instances that properties name, whatever else is wrong with them.

    Properties of an earlier deployment were perhaps never valid, yet the instances that they name
    may exist.
    """
    groups = [
        group
        for name in ("StackInstances", "StackInstancesGroup")
        for group in _listed(raw.get(name))
        if isinstance(group, dict)
    ]
    instances: dict[Target, Overrides] = {}
    for group in groups:
        native = group.get("DeploymentTargets")
        accounts = group.get("Accounts") or (
            native.get("Accounts") if isinstance(native, dict) else ()
        )
        overrides, _ = read_pairs(group.get("ParameterOverrides"), PARAMETER)
        targets = [
            Target(account, region)
            for account in _matching(fields.ACCOUNT, accounts)
            for region in _matching(fields.REGION, group.get("Regions"))
        ]
        instances.update(dict.fromkeys(targets, tuple(sorted(overrides.items()))))
    return instances


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _matching(pattern: str, values: object) -> list[str]:
    texts = [str(each).strip() for each in _listed(values)]
    return [text for text in texts if re.fullmatch(pattern, text)]


def _in_template_order(error: ValidationError) -> list[Fault]:
    return [fault for details in error.errors() for fault in _faults(details)]


def _faults(details: ErrorDetails) -> list[Fault]:
    location = details["loc"]
    path = _path(location)
    if details["type"] == fields.FAULTS:
        faults: list[Fault] = details["ctx"][fields.FAULTS]
        return [Fault(path + fault.path, fault.message) for fault in faults]
    if details["type"] == "string_unicode":  # a name with half of a surrogate pair
        return [_unknown((*location, details["input"]))]
    if details["type"] in {"extra_forbidden", "invalid_key"}:
        return [_unknown(location)]
    if details["type"] == "missing":
        return [Fault(path, "is missing: write it, or leave the whole map out")]
    return [Fault(path, f"is {fields.shown(details['input'])}: {details['msg']}")]


def _unknown(location: tuple[int | str, ...]) -> Fault:
    name = str(location[-1])
    holder = _path(location[:-1]) or _TYPE
    known = list(_model_at(location).model_fields)
    close = get_close_matches(name, known, n=1) or [
        each for each in known if each.lower() == name.lower()
    ]
    mend = f"did you mean `{close[0]}`?" if close else f"it knows {', '.join(known)}."
    return Fault("", f"`{name}` is not a property of {holder}; {mend}")


def _model_at(location: tuple[int | str, ...]) -> type[Properties]:
    names = [each for each in location[:-1] if isinstance(each, str)]
    if not names:
        return StackSetProperties
    models: dict[str, type[Properties]] = {
        "ManagedExecution": Execution,
        "OperationPreferences": Preferences,
        "DeploymentTargets": NativeTargets,
    }
    return models.get(names[-1], Group)


def _path(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in location)
    return text.removeprefix(".")
