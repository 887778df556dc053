"""How often whoever waits for the local AWS looks, which costs it more than the work itself."""

from __future__ import annotations

import time

_SHORTEST = 0.05
_LONGEST = 0.4


def pause(began: float) -> None:
    """Sleep until it is time to look again: a tenth of what has been waited, within limits.

    Args:
        began: When the waiting began, by `time.monotonic`.
    """
    time.sleep(min(max((time.monotonic() - began) / 10, _SHORTEST), _LONGEST))
