"""Parameters of a stack set and overrides of instances, checked against the template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.stacksets import templates
from emulator.stacksets.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from emulator.stacksets.state import OverrideChange
    from emulator.stacksets.templates import Template

_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")
_LISTS = ("CommaDelimitedList", "List<")


def of_stack_set(
    asked: Mapping[str, Any], template: Template, previous: Mapping[str, str]
) -> dict[str, str]:
    """Return the values that a create or an update gives to a stack set.

    Args:
        asked: The call; its `Parameters` may use previous values.
        template: The template that the stack set will have.
        previous: The values that it has.

    Raises:
        ApiError: ValidationError for a name that the template lacks, one without a value, or a
            value that its declaration does not allow.
    """
    change = _values(asked.get("Parameters") or ())
    if unknown := [name for name in change if name not in template.parameters]:
        message = f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        raise invalid(message)
    values = {}
    for name, value in change.items():
        kept = previous.get(name, template.default(name)) if value is None else value
        if kept is not None:
            values[name] = kept
    missing = [
        name
        for name in template.parameters
        if name not in values and template.default(name) is None
    ]
    if missing:
        message = f"Parameters: [{', '.join(missing)}] must have values"
        raise invalid(message)
    _require_allowed(template, values)
    return values


def overrides(asked: Mapping[str, Any], template: Template) -> OverrideChange | None:
    """Return the parameter overrides of an instance call; None when it has no list.

    Raises:
        ApiError: ValidationError as for a stack set's own values.
    """
    given = asked.get("ParameterOverrides")
    if given is None:
        return None
    change = _values(given)
    if unknown := [name for name in change if name not in template.parameters]:
        message = f"Parameter overrides {unknown} do not exist in the template"
        raise invalid(message)
    _require_allowed(template, {name: value for name, value in change.items() if value is not None})
    return change


def _values(given: Iterable[Mapping[str, Any]]) -> OverrideChange:
    values: OverrideChange = {}
    for parameter in given:
        name, value = parameter.get("ParameterKey"), parameter.get("ParameterValue")
        keep = bool(parameter.get("UsePreviousValue"))
        if not name or keep == (value is not None):
            message = f"Parameter {name}: give either ParameterValue or UsePreviousValue"
            raise invalid(message)
        if name in values:
            message = f"Duplicate parameter key {name}"
            raise invalid(message)
        values[name] = None if keep else str(value)
    return values


def _require_allowed(template: Template, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        for complaint in _complaints(template.parameters[name], value):
            explained = template.parameters[name].get("ConstraintDescription")
            rule = f"failed to satisfy constraint: {explained}" if explained else complaint
            message = f"Parameter '{name}' {rule}"
            raise invalid(message)


def _complaints(declared: Mapping[str, Any], value: str) -> Iterator[str]:
    """Yield what the declaration of a parameter has against a value."""
    kind = str(declared["Type"])
    items = value.split(",") if kind.startswith(_LISTS) else [value]
    allowed = [templates.as_text(each) for each in declared.get("AllowedValues") or ()]
    for item in items:
        if kind in {"Number", "List<Number>"}:
            yield from _number_complaints(declared, item)
        if allowed and item.strip() not in allowed:
            yield "must be one of AllowedValues"
        pattern = declared.get("AllowedPattern")
        if pattern is not None and not re.fullmatch(str(pattern), item):
            yield f"must match pattern {pattern}"
    if "MinLength" in declared and len(value) < int(declared["MinLength"]):
        yield f"must contain at least {declared['MinLength']} characters"
    if "MaxLength" in declared and len(value) > int(declared["MaxLength"]):
        yield f"must contain at most {declared['MaxLength']} characters"


def _number_complaints(declared: Mapping[str, Any], item: str) -> Iterator[str]:
    if not _NUMBER.fullmatch(item):
        yield "must be a number"
        return
    if "MinValue" in declared and float(item) < float(declared["MinValue"]):
        yield f"must be a number not less than {declared['MinValue']}"
    if "MaxValue" in declared and float(item) > float(declared["MaxValue"]):
        yield f"must be a number not greater than {declared['MaxValue']}"
