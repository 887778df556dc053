"""Chance, by a seed."""

from __future__ import annotations

import random
import uuid
from typing import Any, Self


class Dice(random.Random):
    """A generator that is copied at once: its state is one tuple of numbers, not 625 objects."""

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Returns a generator that throws the same from now on."""
        copied = type(self)()
        copied.setstate(self.getstate())
        return copied

    def uuid(self) -> str:
        """Return an id that was never given out."""
        return str(uuid.UUID(int=self.getrandbits(128), version=4))
