"""What intrinsic functions give, as far as it is known before any resource exists. No AWS here."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from macro.scope import DYNAMIC, NOTHING, UNKNOWN, Scope, Unresolved, as_map, as_text

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]*)\}")


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
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return UNKNOWN if isinstance(value, str) and DYNAMIC in value else value


def holds(condition: Any, scope: Scope) -> bool | None:  # noqa: ANN401 - a template holds anything
    """Whether a condition holds; None for unknown, and for one that asks for itself.

    Args:
        condition: A condition's name, or a function of the Conditions section.
        scope: What is known.
    """
    if isinstance(condition, str):
        if condition not in scope.truths:
            scope.truths[condition] = None
            scope.truths[condition] = _is_true(scope.conditions.get(condition), scope)
        return scope.truths[condition]
    return _is_true(condition, scope)


def _is_true(written: Any, scope: Scope) -> bool | None:  # noqa: ANN401
    if not isinstance(written, dict) or len(written) != 1:
        return None
    [(function, argument)] = written.items()
    if function == "Condition":
        return holds(argument, scope)
    if not isinstance(argument, list) or not argument:
        return None
    if function == "Fn::Equals":
        sides = [resolve(each, scope) for each in argument]
        return None if UNKNOWN in sides else as_text(sides[0]) == as_text(sides[-1])
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
        return _FUNCTIONS[function](argument, scope) if function in _FUNCTIONS else UNKNOWN
    except (AttributeError, IndexError, OverflowError, TypeError, ValueError):
        return UNKNOWN  # not written as it has to be: CloudFormation says so itself


def _ref(name: Any, scope: Scope) -> Any:  # noqa: ANN401
    return scope.values.get(name, UNKNOWN) if isinstance(name, str) else UNKNOWN


def _sub(argument: Any, scope: Scope) -> str | Unresolved:  # noqa: ANN401
    text, own = argument if isinstance(argument, list) else (argument, {})
    return _substitute(text, {**scope.values, **resolve(own, scope)}, scope)


def _join(argument: Any, scope: Scope) -> str | Unresolved:  # noqa: ANN401
    delimiter, parts = argument[0], resolve(argument[1], scope)
    if not isinstance(parts, list) or any(_is_no_text(each) for each in parts):
        return UNKNOWN
    texts = [as_text(each) for each in parts]
    length = sum(map(len, texts)) + len(delimiter) * len(texts)
    return delimiter.join(texts) if scope.has_room_for(length) else UNKNOWN


def _if(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    name, *branches = argument
    truth = holds(name, scope)
    return UNKNOWN if truth is None else resolve(branches[0 if truth else 1], scope)


def _find_in_map(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    keys = [resolve(each, scope) for each in argument]
    if any(_is_no_text(each) for each in keys[:3]):
        return UNKNOWN
    name, first, second = map(as_text, keys[:3])
    row = as_map(as_map(scope.mappings.get(name)).get(first))
    # A fourth member is the default of AWS::LanguageExtensions.
    return row.get(second, as_map(keys[3]).get("DefaultValue", UNKNOWN) if keys[3:] else UNKNOWN)


def _select(argument: Any, scope: Scope) -> Any:  # noqa: ANN401
    index, entries = int(as_text(resolve(argument[0], scope))), argument[1]
    # A list that is written out is counted as it stands, with what is nothing in it.
    known = entries if isinstance(entries, list) else resolve(entries, scope)
    return resolve(known[index], scope) if index >= 0 and isinstance(known, list) else UNKNOWN


def _split(argument: Any, scope: Scope) -> list[str] | Unresolved:  # noqa: ANN401
    delimiter, text = argument[0], resolve(argument[1], scope)
    if not isinstance(text, str) or not scope.has_room_for(len(text)):
        return UNKNOWN
    return text.split(delimiter)


_FUNCTIONS: Mapping[str, Callable[[Any, Scope], Any]] = {
    "Ref": _ref,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::If": _if,
    "Fn::FindInMap": _find_in_map,
    "Fn::Select": _select,
    "Fn::Split": _split,
}


def _substitute(text: str, values: Mapping[str, Any], scope: Scope) -> str | Unresolved:
    # What is not closed any more is no placeholder, and would be looked through for each opening.
    end = text.rfind("}") + 1
    head, tail = text[:end], text[end:]
    names = [name.strip() for literal, name in _PLACEHOLDER.findall(head) if not literal]
    if any(_is_no_text(values.get(name, UNKNOWN)) for name in names):
        return UNKNOWN
    if not scope.has_room_for(len(text) + sum(len(as_text(values[name])) for name in names)):
        return UNKNOWN

    def value(match: re.Match[str]) -> str:
        literal, name = match.groups()
        return f"${{{name}}}" if literal else as_text(values[name.strip()])

    return _PLACEHOLDER.sub(value, head) + tail


def _is_no_text(value: object) -> bool:
    return isinstance(value, Unresolved | list | dict)
