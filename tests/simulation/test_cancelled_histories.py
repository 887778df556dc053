"""Random lives with overlaps, lags and readings; a failure names the seed that plays it again."""

from __future__ import annotations

import os

import pytest

from tests.simulation.cancelled_histories import CancelledHistory
from tests.simulation.histories import play_all

HISTORIES = int(os.environ.get("HISTORIES", "90"))
PER_TEST = 15


@pytest.mark.parametrize("first", range(0, HISTORIES, PER_TEST))
def test_histories(first: int) -> None:
    """What CloudFormation was told is true after every change, whatever it gave up on the way."""
    play_all(CancelledHistory, range(first, min(first + PER_TEST, HISTORIES)))
