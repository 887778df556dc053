"""How long to go on: a moment's work, the end of this sandbox, and CloudFormation's patience."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from handler.errors import OutOfTime

_RELAY_MARGIN = 120.0
_MOMENT = 20.0
FIRST_POLL = 2.0
"""Seconds until the first look at an operation that has just been started."""

_LONGEST_POLL = 24.0
_LONG, _LONGEST_POLL_OF_LONG = 1800.0, 30.0
_FAR_AWAY = 60.0


class TimeToRelay(Exception):
    """Another invocation has to go on with the request.

    Not an outcome and not an error; it unwinds whatever waits, and every write it may interrupt
    is found again by its OperationId.

    Attributes:
        after: Seconds after which to go on.
    """

    def __init__(self, after: float = 0.0) -> None:
        super().__init__()
        self.after = after


@dataclass
class Patience:
    """Moments, in seconds since the epoch, past which nothing may wait.

    Attributes:
        relay_at: When another invocation has to take over from this one.
        give_up_at: When the request has to be answered, whatever is still running.
        leave_at: Past which this invocation does not wait for an operation, but leaves the request
            to a later one; None where there is no queue to leave it in.
        heartbeat: Called whenever time passes, or may have passed.
    """

    relay_at: float
    give_up_at: float
    leave_at: float | None = None
    heartbeat: Callable[[], None] | None = None

    @classmethod
    def of_sandbox(cls, seconds_left: float, give_up_at: float) -> Patience:
        """Returns the patience of an invocation that Lambda will kill in so many seconds."""
        margin = min(_RELAY_MARGIN, seconds_left / 4)
        return cls(time.time() + seconds_left - margin, give_up_at)

    def leave_soon(self, *, is_resumed: bool) -> None:
        """Have a queue to leave the request in: at once where there is nothing to do but wait."""
        self.leave_at = time.time() + (0.0 if is_resumed else _MOMENT)

    def act(self) -> None:
        """Stay for a moment: what has just been started may be done soon."""
        if self.leave_at is not None:
            self.leave_at = max(self.leave_at, time.time() + _MOMENT)

    def extend(self, give_up_at: float) -> None:
        """Allow what has to be done after giving up to go on until then."""
        self.give_up_at = give_up_at
        if self.leave_at is not None:
            self.leave_at = max(self.leave_at, give_up_at)

    def wait(self, seconds: float) -> None:
        """Wait for what takes its time, here or in the queue.

        Raises:
            OutOfTime: The request has to be answered before that.
            TimeToRelay: This invocation has to hand over now.
        """
        if self.leave_at is not None and self._passes(self.leave_at, seconds):
            self._refuse_if_out_of_time(seconds)
            raise TimeToRelay(seconds)
        self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        """Sleep here, for so short a time that leaving is not worth it.

        Raises:
            OutOfTime: The request has to be answered before that.
            TimeToRelay: This sandbox ends before that.
        """
        if self.heartbeat is not None:
            self.heartbeat()
        self._refuse_if_out_of_time(seconds)
        if self._passes(self.relay_at, seconds):
            raise TimeToRelay
        if seconds > 0:
            time.sleep(seconds)

    def _refuse_if_out_of_time(self, seconds: float) -> None:
        if self._passes(self.give_up_at, seconds):
            message = "CloudFormation is about to give up waiting."
            raise OutOfTime(message)

    @staticmethod
    def _passes(moment: float, seconds: float) -> bool:
        return time.time() + seconds >= moment


def poll_interval(elapsed: float, percentage: float = 0.0) -> float:
    """Returns the seconds until the next look at a running operation.

    A tenth of how long it has run so far, so that its end is noticed soon, measured by its own
    length, and a long one costs few calls; more where it tells that its end is far away.

    Args:
        elapsed: Seconds for which it has run.
        percentage: How much of it is done; 0 for unknown.
    """
    longest = _LONGEST_POLL if elapsed < _LONG else _LONGEST_POLL_OF_LONG
    interval = min(max(elapsed / 10, FIRST_POLL), longest)
    if not percentage:
        return interval
    left = elapsed * (100.0 - percentage) / percentage
    return max(interval, min(left / 4, _FAR_AWAY))
