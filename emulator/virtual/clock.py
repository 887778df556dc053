"""A clock that moves only when somebody sleeps."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any, Self
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

EPOCH = 1_767_225_600.0
"""2026-01-01T00:00:00Z, when every virtual world begins."""


class VirtualClock:
    """Virtual time; inside the context `time.sleep`, `time.time` and `time.monotonic` are its.

    Attributes:
        now: Seconds since 1970, virtual.
        on_advance: Called with the new time after each step; what they raise, the sleeper gets.
        pause: How a sleeper lets time pass; a scheduler puts itself here.
    """

    def __init__(self) -> None:
        self.now = EPOCH
        self.on_advance: list[Callable[[float], None]] = []
        self.pause: Callable[[float], None] = self._pass
        self._entered: list[contextlib.ExitStack] = []

    def time(self) -> float:
        """Return seconds since 1970."""
        return self.now

    def monotonic(self) -> float:
        """Return seconds since the world began."""
        return self.now - EPOCH

    def sleep(self, seconds: float) -> None:
        """Advance the time at once, or let others go on until it has passed."""
        if seconds < 0:
            message = "sleep length must be non-negative"
            raise ValueError(message)
        self.pause(seconds)

    def advance_to(self, moment: float) -> None:
        """Move on to a moment; nothing happens when it is past."""
        self.now = max(self.now, moment)
        for callback in [*self.on_advance]:
            callback(self.now)

    def _pass(self, seconds: float) -> None:
        self.advance_to(self.now + seconds)

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_entered": []}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for name in ("sleep", "time", "monotonic"):
                stack.enter_context(mock.patch.object(time, name, getattr(self, name)))
            self._entered.append(stack.pop_all())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._entered.pop().close()
