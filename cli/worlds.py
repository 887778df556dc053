"""Which of a template's conditions can hold together. No AWS here."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from macro.intrinsics import holds
from macro.scope import Scope, as_text

_MOST = 64


class _Atom(NamedTuple):
    """A condition that asks whether one value is another.

    Attributes:
        asked: The side that is not known.
        literal: The side that is.
    """

    asked: str
    literal: str


def worlds(scope: Scope) -> Iterator[Scope]:
    """Yields what is known in each case that the conditions which are not known allow.

    One value is never two at once. Beyond 64 cases those are left out in which several hold.
    """
    atoms = {
        name: atom
        for name, written in scope.conditions.items()
        if holds(name, scope) is None and (atom := _atom(written)) is not None
    }
    for truths in _cases(atoms):
        yield Scope(scope.values, scope.conditions, scope.mappings, truths)


def _cases(atoms: Mapping[str, _Atom]) -> Iterator[dict[str, bool | None]]:
    answers: dict[str, list[str]] = {}
    for atom in atoms.values():
        answers.setdefault(atom.asked, []).append(atom.literal)
    choices = [
        [(question, each) for each in (None, *dict.fromkeys(literals))]
        for question, literals in answers.items()
    ]
    if math.prod(map(len, choices)) <= _MOST:
        chosen = [dict(each) for each in itertools.product(*choices)]
    else:
        chosen = [{}, *({question: each} for row in choices for question, each in row[1:])]
    for world in chosen[:_MOST]:
        yield {name: world.get(atom.asked) == atom.literal for name, atom in atoms.items()}


def _atom(written: Any) -> _Atom | None:  # noqa: ANN401 - a template holds anything
    sides = written.get("Fn::Equals") if isinstance(written, dict) else None
    if not isinstance(sides, list) or len(sides) != 2:  # noqa: PLR2004
        return None
    literals = [as_text(each) for each in sides if not isinstance(each, dict | list)]
    asked = [each for each in sides if isinstance(each, dict | list)]
    if len(literals) != 1:
        return None
    return _Atom(json.dumps(asked[0], sort_keys=True, default=str), literals[0])
