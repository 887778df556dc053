"""What is wrong with properties of which some are not known yet. No AWS here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from handler.errors import Fault, InvalidProperties
from macro.given import with_examples, without_unknown
from macro.scope import UNKNOWN


def find_faults(
    properties: Any,  # noqa: ANN401 - the author may write anything
    parse: Callable[[Mapping[str, Any]], object],
) -> list[Fault]:
    """What the function would refuse, whatever the unknown values turn out to be.

    Args:
        properties: The resource's properties, resolved; UNKNOWN where only the deployment tells.
        parse: Reads the properties of such a resource; raises InvalidProperties.
    """
    if not isinstance(properties, dict):
        return []
    unknown = list(unknown_paths(properties))
    if "TemplateBody" in unknown:
        # Which of the two is missing, or is one too many, is told of the address.
        unknown.append("TemplateURL")
    faults = _faults(without_unknown(properties), parse)
    certain = [each for each in faults if not may_be_due_to(unknown, each.path)]
    if not certain or not unknown:
        return certain
    # What is wrong between a member and an unknown one need not be with a value there.
    anyway = _faults(with_examples(properties), parse)
    return [each for each in certain if each in anyway]


def _faults(
    properties: Mapping[str, Any], parse: Callable[[Mapping[str, Any]], object]
) -> tuple[Fault, ...]:
    try:
        parse(properties)
    except InvalidProperties as error:
        return error.faults
    return ()


def unknown_paths(value: object, path: str = "") -> Iterator[str]:
    """Yields the path of each value that is not known."""
    if value is UNKNOWN:
        yield path
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from unknown_paths(each, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from unknown_paths(each, f"{path}[{index}]")


def may_be_due_to(unknown: list[str], path: str) -> bool:
    """Whether what lies at a path lies at, in or around a value that is not known."""
    return bool(path) and any(_is_in(path, each) or _is_in(each, path) for each in unknown)


def _is_in(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith((f"{outer}.", f"{outer}["))
