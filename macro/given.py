"""Parameter values of which some only the deployment tells: their names are known. No AWS here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from handler.properties.pairs import PARAMETER, read_pairs
from macro.scope import UNKNOWN, Unresolved

# Stands for a value while properties are read that take texts alone.
_LATER = "\0later"
_PAIRS = {"Parameters", "ParameterOverrides"}
# What may stand where only the deployment tells, in lists on which other members depend.
_EXAMPLES = {
    "Accounts": "123456789012",
    "OrganizationalUnitIds": "ou-abcd-12345678",
    "Regions": "us-east-1",
}


class Given(NamedTuple):
    """What is known of parameters' values.

    Attributes:
        values: By name: texts, and UNKNOWN.
        is_whole: Whether no other parameter has a value.
    """

    values: Mapping[str, str | Unresolved]
    is_whole: bool = True

    @property
    def identity(self) -> tuple[object, ...]:
        """The same for the same values."""
        return (frozenset(self.values.items()), self.is_whole)


def given_by(resolved: object) -> Given:
    """The values in any spelling of parameters, as resolve() leaves them."""
    entries = resolved if isinstance(resolved, list) else [resolved]
    marked = [_marked(each) for each in entries if isinstance(each, dict)]
    pairs, _ = read_pairs(marked, PARAMETER)
    later = UNKNOWN in entries or any(_names_unknown(each) for each in entries)
    return Given(
        {name: UNKNOWN if is_later(value) else value for name, value in pairs.items()}, not later
    )


def is_later(value: str) -> bool:
    """Whether a value that without_unknown() has left is in the place of an unknown one."""
    return value == _LATER


def without_unknown(value: Any) -> Any:  # noqa: ANN401 - the author may write anything
    """Properties with a gap in the place of what is unknown, so that others keep their numbers.

    Parameters keep their names, with a value for which is_later() holds.
    """
    if isinstance(value, dict):
        return {
            key: _without_unknown_pairs(each) if key in _PAIRS else without_unknown(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [without_unknown(each) for each in value]
    return None if value is UNKNOWN else value


def with_examples(value: Any) -> Any:  # noqa: ANN401 - the author may write anything
    """The same as without_unknown(), with an example for unknown accounts, units and Regions."""
    if isinstance(value, list):
        return [with_examples(each) for each in value]
    if not isinstance(value, dict):
        return None if value is UNKNOWN else value
    return {
        key: _exemplary(each, _EXAMPLES[key])
        if key in _EXAMPLES
        else _without_unknown_pairs(each)
        if key in _PAIRS
        else with_examples(each)
        for key, each in value.items()
    }


def _exemplary(value: Any, example: str) -> Any:  # noqa: ANN401
    if value is UNKNOWN:
        return [example]
    if isinstance(value, list) and UNKNOWN in value:
        return [example if each is UNKNOWN else each for each in value]
    return value


def _without_unknown_pairs(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_without_unknown_pairs(each) for each in value]
    return _marked(value) if isinstance(value, dict) else without_unknown(value)


def _marked(entry: Mapping[str, Any]) -> dict[str, Any] | None:
    if _names_unknown(entry):
        return None
    return {key: _LATER if _is_unknown(each) else each for key, each in entry.items()}


def _names_unknown(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get(PARAMETER.key) is UNKNOWN


def _is_unknown(value: object) -> bool:
    return value is UNKNOWN or (isinstance(value, list) and UNKNOWN in value)
