"""What a scalar may be: read leniently, told in words, and the same as a JSON Schema.

https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from handler.errors import Fault
from handler.properties import locations

FAULTS = "faults"
"""Type, and name of the context entry, of a pydantic error that carries faults of our own."""

_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Form:
    """Reads what comes before pydantic's own type, and describes it.

    Attributes:
        read: Gives the value, or raises what `fault_error` makes.
        schema: The JSON Schema of what it takes.
    """

    read: Callable[[Any], object]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.schema)


def fault_error(*faults: Fault) -> PydanticCustomError:
    """The error by which a validator tells pydantic of faults at or below its own field."""
    return PydanticCustomError(FAULTS, "{faults}", {FAULTS: list(faults)})


def shown(value: object) -> str:
    """A value as a message shows it: short, and without what a map or a list holds."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def wrong(value: object, expected: str, hint: str | None = None) -> PydanticCustomError:
    """The error for a value that is not as it has to be.

    Args:
        value: What was given.
        expected: What to write, after "write".
        hint: What was probably meant, which is told instead.
    """
    why = locations.unresolved(value) if isinstance(value, str) else None
    return fault_error(Fault("", f"is {shown(value)}: {why or hint or f'write {expected}'}"))


def is_unicode(text: str) -> bool:
    """Whether a text has no half of a surrogate pair, which JSON lets through."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def matches(
    pattern: str, expected: str, hint: Callable[[str], str | None] = lambda _: None
) -> Form:
    """Returns what takes a text of this form, and otherwise says what is expected."""
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        text = str(value).strip() if isinstance(value, str | int) else ""
        if not compiled.fullmatch(text):
            raise wrong(value, expected, hint(str(value).strip()))
        return text

    described = f"Write {expected}."
    return Form(read, {"type": "string", "pattern": f"^({pattern})$", "description": described})


def text_up_to(limit: int, unit: str, expected: str, measure: Callable[[str], int]) -> Form:
    """Returns what takes a text of at most so many units."""

    def read(value: object) -> str:
        if not isinstance(value, str | int | float) or not is_unicode(str(value)):
            raise wrong(value, expected)
        size = measure(str(value))
        if size > limit:
            raise fault_error(Fault("", f"has {size:,} {unit}: write {expected}"))
        return str(value)

    schema = {"type": ["string", "number"], "maxLength": limit, "description": f"Write {expected}."}
    return Form(read, schema)


def whole_number(least: int, most: int | None = None) -> Form:
    """Returns what takes a whole number, as a number or a text."""
    bounds = f"of at least {least}" if most is None else f"from {least} to {most}"

    def read(value: object) -> int:
        text = str(value).strip()
        # JSON may have made 3.0 of a 3 on its way.
        found = re.fullmatch(r"([0-9]{1,9})(\.0+)?", text)
        number = int(found[1]) if found else -1
        if number < least or (most is not None and number > most):
            raise wrong(value, f"a whole number {bounds}")
        return number

    number: dict[str, Any] = {"type": "integer", "minimum": least}
    if most is not None:
        number["maximum"] = most
    text = {"type": "string", "pattern": r"^[0-9]{1,9}$"}
    return Form(read, {"anyOf": [number, text], "description": f"A whole number {bounds}."})


def one_of(*choices: str) -> Form:
    """Returns what takes one of these words, in capitals or not."""

    def read(value: object) -> str:
        text = value.strip().upper() if isinstance(value, str) else ""
        if text not in choices:
            raise wrong(value, " or ".join(choices))
        return text

    words = [*choices, *(each.lower() for each in choices), *(e.capitalize() for e in choices)]
    return Form(read, {"enum": list(dict.fromkeys(words))})


def _read_boolean(value: object) -> bool:
    text = str(value).strip().lower()
    if text not in {"true", "false"}:
        raise wrong(value, "true or false")
    return text == "true"


BOOLEAN = Form(_read_boolean, {"enum": [True, False, "true", "false", "True", "False"]})
"""Takes true and false, as words of JSON or as texts."""
