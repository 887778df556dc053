"""How long to go on: the end of this sandbox and the end of CloudFormation's patience."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from handler.errors import OutOfTime

_RELAY_MARGIN = 120.0
_FIRST_POLL = 2.0
_LONGEST_POLL = 15.0


class TimeToRelay(Exception):
    """This sandbox is about to die: another invocation has to go on with the request.

    Not an outcome and not an error; it unwinds whatever waits, and every write it may interrupt
    is found again by its OperationId.
    """


@dataclass
class Patience:
    """Two moments, in seconds since the epoch, past which nothing may wait.

    Attributes:
        relay_at: When another invocation has to take over from this one.
        give_up_at: When the request has to be answered, whatever is still running.
    """

    relay_at: float
    give_up_at: float

    @classmethod
    def of_sandbox(cls, seconds_left: float, give_up_at: float) -> Patience:
        """The patience of an invocation that Lambda will kill in this many seconds."""
        margin = min(_RELAY_MARGIN, seconds_left / 4)
        return cls(time.time() + seconds_left - margin, give_up_at)

    def extend(self, give_up_at: float) -> None:
        """Allow what has to be done after giving up to go on until then."""
        self.give_up_at = give_up_at

    def check(self) -> None:
        """Stop here if either moment has come.

        Raises:
            OutOfTime: The request has to be answered now.
            TimeToRelay: This invocation has to hand over now.
        """
        self.sleep(0)

    def sleep(self, seconds: float) -> None:
        """Sleep, unless that would last beyond one of the two moments.

        Raises:
            OutOfTime: The request has to be answered before that.
            TimeToRelay: This invocation has to hand over before that.
        """
        until = time.time() + seconds
        if until >= self.give_up_at:
            message = "CloudFormation is about to give up waiting."
            raise OutOfTime(message)
        if until >= self.relay_at:
            raise TimeToRelay
        if seconds > 0:
            time.sleep(seconds)


def poll_intervals() -> Iterator[float]:
    """Seconds between looks at a running operation: a tenth of how long it has run so far.

    So an operation is noticed to have ended soon, measured by its own length, and a long one
    costs few calls.
    """
    elapsed = 0.0
    while True:
        interval = min(max(elapsed / 10, _FIRST_POLL), _LONGEST_POLL)
        yield interval
        elapsed += interval
