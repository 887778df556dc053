"""Who has which stack, as far as an answer can carry it; an object in S3 carries the rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from handler.errors import StackSetResourceError
from handler.observability import logger
from handler.values.observation import InstanceState
from handler.values.targets import Target

MOST_BYTES = 3100
"""What attributes may take of an answer's 4,096 bytes: the ids around them take up to 900."""

LONGEST_URL = 340
"""What the address of an object may take, with the attribute's name."""

_SHORTEST_STACK_ID = 80
_NAMES = ("Accounts", "Regions", "StackIds")
_TOLD = 280  # that two of these do not fit
NO_BUCKET = "name a bucket in parameter ReportBucket of the function's stack"
"""What to do where there is no bucket for what does not fit."""


@dataclass(frozen=True)
class Inventory:
    """The instances of a stack set that is where its template says.

    Attributes:
        instances: All of them.
        known: The ids of their stacks, where the last look has told them.
        read: Reads the ids of all stacks once more.
        write: Writes an object in S3 from what it is given, and returns its address; None where
            there is no bucket for it.
    """

    instances: Mapping[Target, InstanceState]
    known: Mapping[Target, str]
    read: Callable[[], Iterator[tuple[Target, str]]]
    write: Callable[[Iterable[tuple[Target, str]]], str] | None

    def add_to(self, data: dict[str, str]) -> dict[str, str]:
        """Returns attributes with ``Accounts``, ``Regions``, ``StackIds`` and ``StackIdsUrl``.

        Args:
            data: The others; ``Warnings`` tells what is missing though StackSets has it.
        """
        whole = {
            "Regions": ",".join(sorted({each.region for each in self.instances})),
            "Accounts": ",".join(sorted({each.account for each in self.instances})),
        }
        if len(self.instances) * _SHORTEST_STACK_ID < MOST_BYTES:
            whole["StackIds"] = self._stack_ids(data)
        room = MOST_BYTES - len(json.dumps(data))
        told = fitting(whole, room)
        if len(told) < len(_NAMES):
            # What tells of the rest takes room as well.
            told = fitting(whole, room - _TOLD - (LONGEST_URL if self.write else 0))
        left_out = [each for each in _NAMES if each not in told]
        url, instead = self._written(data) if left_out else ("", "")
        text = f"{len(self.instances)} instances are more than an answer can carry: {instead}"
        return {**data, **dict.fromkeys(left_out, text), **told, "StackIdsUrl": url}

    def _stack_ids(self, data: dict[str, str]) -> str:
        found = dict(self.known)
        if self._count_missing(found):
            found |= dict(self.read())
        self._tell_missing(data, self._count_missing(found))
        return json.dumps({_place(each): found[each] for each in sorted(found)})

    def _written(self, data: dict[str, str]) -> tuple[str, str]:
        """The address of the object in S3, if there is one, and where to look instead."""
        if self.write is None:
            return "", NO_BUCKET
        seen: list[int] = [0]
        try:
            url = self.write(_counted(self.read(), seen))
        except StackSetResourceError as error:
            logger.warning("report not written", cause=str(error))
            return "", "they could not be written to S3 either, and the function's log says why"
        self._tell_missing(data, self._have_stacks() - seen[0])
        return url, "StackIdsUrl has them"

    def _have_stacks(self) -> int:
        return sum(each.has_stack for each in self.instances.values())

    def _count_missing(self, found: Mapping[Target, str]) -> int:
        return sum(s.has_stack and t not in found for t, s in self.instances.items())

    @staticmethod
    def _tell_missing(data: dict[str, str], missing: int) -> None:
        if missing > 0:
            text = f"StackIds lacks {missing} stacks that StackSets does not list yet."
            data["Warnings"] = f"{data['Warnings']} {text}".strip()


def fitting(whole: Mapping[str, str], room: int) -> dict[str, str]:
    """Returns those attributes that fit into so many bytes, in their order."""
    found = {}
    for name, text in whole.items():
        size = len(json.dumps({name: text}))
        if size <= room:
            found[name], room = text, room - size
    return found


def _counted(stacks: Iterable[tuple[Target, str]], seen: list[int]) -> Iterator[tuple[Target, str]]:
    for each in stacks:
        seen[0] += 1
        yield each


def _place(target: Target) -> str:
    return f"{target.account}/{target.region}"
