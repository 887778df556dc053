"""Names with values, in each of the spellings that authors use for parameters and tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from handler.errors import Fault

MOST_TAGS = 50
_LONGEST_PARAMETER = 4096
_LONGEST_TAG_KEY = 128
_LONGEST_TAG_VALUE = 256


class Spelling(NamedTuple):
    """How a name and its value are written.

    Attributes:
        key: The native resource's member for the name.
        value: The same for the value.
        others: Two members, in small letters, that mean the same in other tools.
        doubtful: Two members, in small letters, that may be one name with its value or two.
        null_is_gap: Whether a name whose value is null is passed over.
    """

    key: str
    value: str
    others: tuple[tuple[str, str], ...]
    doubtful: tuple[tuple[str, str], ...]
    null_is_gap: bool


PARAMETER = Spelling(
    "ParameterKey",
    "ParameterValue",
    others=(("parameterkey", "parametervalue"),),
    doubtful=(("key", "value"), ("name", "value")),
    null_is_gap=True,
)
TAG = Spelling(
    "Key",
    "Value",
    others=(("key", "value"), ("parameterkey", "parametervalue"), ("tagkey", "tagvalue")),
    doubtful=(("name", "value"),),
    null_is_gap=False,
)


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


def parameter_faults(pairs: Mapping[str, str]) -> list[Fault]:
    """Returns what is wrong with parameters that are each a name with a value."""
    long = [key for key, value in pairs.items() if len(value.encode()) > _LONGEST_PARAMETER]
    return [Fault(f".{key}", "is longer than 4,096 bytes: shorten it") for key in long]


def tag_faults(pairs: Mapping[str, str]) -> list[Fault]:
    """Returns what is wrong with tags that are each a name with a value."""
    faults = []
    if len(pairs) > MOST_TAGS:
        faults.append(Fault("", f"has {len(pairs)} tags: write at most {MOST_TAGS}"))
    for key, value in pairs.items():
        if not 1 <= len(key) <= _LONGEST_TAG_KEY:
            faults.append(Fault(f".{key[:20]}", "has a key that is not 1 to 128 characters long"))
        if key.lower().startswith("aws:"):
            faults.append(Fault(f".{key}", "begins with `aws:`, which is reserved: rename it"))
        if not 1 <= len(value) <= _LONGEST_TAG_VALUE:
            faults.append(Fault(f".{key}", "must have a value of 1 to 256 characters"))
    return faults


@dataclass
class _Reading:
    spelling: Spelling
    pairs: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def take(self, path: str, entry: object) -> None:
        key, value, *_ = self.spelling
        if not isinstance(entry, dict):
            what = f"must be `name: value` or `{key}: name, {value}: value`"
            self.faults.append(Fault(path, what))
            return
        names = sorted(entry, key=lambda each: str(each).lower())
        small = tuple(str(each).lower() for each in names)
        is_whole = not path  # a map whose members are names, were it not for those
        if key in entry or value in entry:
            self._take_native(path, entry)
        elif small in self.spelling.others and not is_whole:
            self._take_native(path, {key: entry[names[0]], value: entry[names[1]]})
        else:
            doubtful = self.spelling.others if is_whole else self.spelling.doubtful
            if small in doubtful:
                self.faults.append(Fault(path, self._doubt(*names)))
            for name, given in entry.items():
                self._add(f"{path}.{name}", str(name), given)

    def _doubt(self, first: str, second: str) -> str:
        key, value, *_ = self.spelling
        return (
            f"has `{first}` and `{second}`, which may be one name with its value or two: write"
            f" `{key}: name, {value}: value` for one, and for two give each an entry of its own"
        )

    def _take_native(self, path: str, entry: dict[str, object]) -> None:
        key, value, *_ = self.spelling
        unknown = sorted(str(name) for name in entry if name not in {key, value})
        name, given = entry.get(key), entry.get(value)
        if unknown:
            message = f"has `{unknown[0]}`, which it does not know: write {key} and {value} alone"
            self.faults.append(Fault(path, message))
        elif is_gap(name) or not isinstance(name, str | int):
            self.faults.append(
                Fault(path, f"has no name as its {key}: write both {key} and {value}")
            )
        elif given is None:
            way_out = ", or leave the whole entry out" if self.spelling.null_is_gap else ""
            message = f"has no {value}: write both {key} and {value}{way_out}"
            self.faults.append(Fault(path, message))
        else:
            self._add(f"{path}.{value}", str(name), given)

    def _add(self, path: str, name: str, given: object) -> None:
        if given is None:
            if not self.spelling.null_is_gap:
                self.faults.append(Fault(path, "has no value: write one, or leave the name out"))
            return
        value = _text(given)
        if value is None and isinstance(given, dict) and {"Type", "Default"} & given.keys():
            message = "is the definition of a parameter, as a template's Parameters have it: write"
            self.faults.append(Fault(path, f"{message} the value alone"))
        elif value is None:
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
