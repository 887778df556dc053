"""Names with values, in each of the spellings that authors use for parameters and tags."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from handler.errors import Fault


class Spelling(NamedTuple):
    """The native resource's member names for a name and its value."""

    key: str
    value: str
    value_may_be_absent: bool


PARAMETER = Spelling("ParameterKey", "ParameterValue", value_may_be_absent=True)
TAG = Spelling("Key", "Value", value_may_be_absent=False)


def is_gap(value: object) -> bool:
    """Whether a value is what ``AWS::NoValue`` or an empty parameter leaves behind."""
    return value is None or value == ""


def read_pairs(raw: object, spelling: Spelling) -> tuple[dict[str, str], list[Fault]]:
    """Read a map, a list of one-entry maps, a list in the native spelling, or a mix of these.

    Args:
        raw: What the template gave; gaps are passed over.
        spelling: The native member names.

    Returns:
        The values by name, and the faults with paths relative to ``raw``.
    """
    reading = _Reading(spelling)
    if isinstance(raw, list):
        for index, entry in enumerate(raw):
            if not is_gap(entry):
                reading.take(f"[{index}]", entry)
    elif not is_gap(raw):
        reading.take("", raw)
    return reading.pairs, reading.faults


@dataclass
class _Reading:
    spelling: Spelling
    pairs: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def take(self, path: str, entry: object) -> None:
        key, value, _ = self.spelling
        if not isinstance(entry, dict):
            what = f"must be `name: value` or `{key}: name, {value}: value`"
            self.faults.append(Fault(path, what))
        elif key in entry or value in entry:
            self._take_native(path, entry)
        else:
            for name, given in entry.items():
                self._add(f"{path}.{name}", str(name), given)

    def _take_native(self, path: str, entry: dict[str, object]) -> None:
        key, value, value_may_be_absent = self.spelling
        unknown = sorted(str(name) for name in entry if name not in {key, value})
        name, given = entry.get(key), entry.get(value)
        if unknown:
            message = f"has `{unknown[0]}`, which it does not know: write {key} and {value} alone"
            self.faults.append(Fault(path, message))
        elif is_gap(name) or not isinstance(name, str | int):
            self.faults.append(
                Fault(path, f"has no name as its {key}: write both {key} and {value}")
            )
        elif given is None and not value_may_be_absent:
            self.faults.append(Fault(path, f"has no {value}: write both {key} and {value}"))
        else:
            self._add(f"{path}.{value}", str(name), given)

    def _add(self, path: str, name: str, given: object) -> None:
        if given is None:
            return
        value = _text(given)
        if value is None:
            self.faults.append(Fault(path, "must be a text, a number or a list of them, not a map"))
        elif name in self.pairs:
            self.faults.append(Fault(path, f"gives {name} a value again: write it once"))
        else:
            self.pairs[name] = value


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list):
        texts = [_text(each) for each in value]
        return ",".join(text for text in texts if text is not None) if None not in texts else None
    return None
