"""The outputs of the member stacks, as far as an answer can carry them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from handler.custom_resource.inventory import LONGEST_URL, MOST_BYTES, NO_BUCKET, fitting
from handler.errors import StackSetResourceError
from handler.observability import logger
from handler.values.targets import Target

# What the inventory may write after these: that it does not fit, and the address of an object.
_ROOM_FOR_OTHERS = 500
_LONGEST_WARNING = 300
_MOST_LOGGED = 500


@dataclass(frozen=True)
class OutputAttributes:
    """The outputs of one answer.

    Attributes:
        values: The values by instance and key; no log and no message may show one.
        write: Writes an object in S3 that gives what belongs to each instance, and returns its
            address; None where there is no bucket for it.
    """

    values: Mapping[tuple[Target, str], str] = field(repr=False)
    write: Callable[[Iterable[tuple[Target, Mapping[str, str]]]], str] | None

    def add_to(self, data: dict[str, str]) -> dict[str, str]:
        """Returns attributes with ``Outputs.ACCOUNT.REGION.KEY`` and ``OutputsUrl``.

        Args:
            data: The others; ``Warnings`` tells what does not fit.
        """
        room = MOST_BYTES - _ROOM_FOR_OTHERS - _size({**data, "OutputsUrl": ""})
        room -= 0 if self.write is None else LONGEST_URL
        found = {_name(*place): value for place, value in sorted(self.values.items())}
        if _size(found) <= room:
            return {**data, **found, "OutputsUrl": ""}
        url, instead = self._written()
        room -= len(url) + _LONGEST_WARNING
        told = fitting(found, room)
        left = [name for name in found if name not in told]
        text = (
            f"OutputKeys: {len(left)} of {len(found)} outputs are more than the answer can carry,"
            f" {left[0][:80]} first: {instead}."
        )
        logger.warning("outputs left out", outputs=left[:_MOST_LOGGED], url=url)
        warnings = f"{text} {data['Warnings']}".strip()
        return {**data, "Warnings": warnings, **told, "OutputsUrl": url}

    def _written(self) -> tuple[str, str]:
        """The address of the object in S3, if there is one, and where to look instead."""
        if self.write is None:
            return "", NO_BUCKET
        by_target: dict[Target, dict[str, str]] = {}
        for (target, key), value in sorted(self.values.items()):
            by_target.setdefault(target, {})[key] = value
        try:
            return self.write(by_target.items()), "OutputsUrl has all of them"
        except StackSetResourceError as error:
            logger.warning("report not written", cause=str(error))
            return "", "they could not be written to S3 either, and the function's log says why"


def _name(target: Target, key: str) -> str:
    return f"Outputs.{target.account}.{target.region}.{key}"


def _size(data: Mapping[str, str]) -> int:
    return len(json.dumps(data))
