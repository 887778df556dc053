"""How many executions of Lambda an account may have at once, which it had, and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ACCOUNT_CONCURRENCY = 1000
"""What an account has by default."""
NEW_ACCOUNT_CONCURRENCY = 10
"""What a new account may have."""
DOLLARS_PER_GB_SECOND = 0.0000133334
"""On arm64 in us-east-1, first tier, without the free one."""
DOLLARS_PER_REQUEST = 0.20 / 1_000_000


@dataclass(eq=False)
class Run:
    """One execution of a function.

    Attributes:
        entry: The entry point: `handler` or `last_word`.
        ended: None while it runs.
    """

    entry: str
    began: float
    ended: float | None = None


class LambdaUsage:
    """The executions of an account.

    Args:
        now: Gives the time in seconds since 1970.
        limit: How many may run at the same time; a sandbox that sleeps holds its place.

    Attributes:
        runs: Every execution, in the order in which they began.
        throttled: How often somebody found no place.
        highest: How many have run at the same time at most.
    """

    def __init__(self, now: Callable[[], float], limit: int = ACCOUNT_CONCURRENCY) -> None:
        self.limit = limit
        self.runs: list[Run] = []
        self.throttled = 0
        self.highest = 0
        self._now = now
        self._running = 0

    @property
    def running(self) -> int:
        """How many run now."""
        return self._running

    @property
    def seconds(self) -> float:
        """How long all have run, up to now."""
        now = self._now()
        return sum((now if each.ended is None else each.ended) - each.began for each in self.runs)

    def dollars(self, megabytes: int = 256) -> float:
        """Return what the executions cost on arm64, requests included, without the free tier.

        Args:
            megabytes: The function's memory.
        """
        gigabyte_seconds = self.seconds * megabytes / 1024
        requests = len(self.runs) * DOLLARS_PER_REQUEST
        return gigabyte_seconds * DOLLARS_PER_GB_SECOND + requests

    def begin(self, entry: str) -> Run | None:
        """Take a place; None when there is none, which counts as throttled."""
        if self._running >= self.limit:
            self.throttled += 1
            return None
        run = Run(entry, self._now())
        self.runs.append(run)
        self._running += 1
        self.highest = max(self.highest, self._running)
        return run

    def end(self, run: Run) -> None:
        """Give a place back."""
        run.ended = self._now()
        self._running -= 1
