"""Thousands of random lives of a stack; a failure names the seed that plays it again."""

from __future__ import annotations

import os

import pytest

from tests.simulation.histories import History, play_all

HISTORIES = int(os.environ.get("HISTORIES", "100"))
PER_TEST = 50


@pytest.mark.parametrize("first", range(0, HISTORIES, PER_TEST))
def test_histories(first: int) -> None:
    """What CloudFormation was told is true after every change, whatever went wrong on the way."""
    play_all(History, range(first, min(first + PER_TEST, HISTORIES)))
