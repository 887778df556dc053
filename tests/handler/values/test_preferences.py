"""Preferences in one word, and how a whole stack set goes."""

from __future__ import annotations

from typing import Any

import pytest

from handler.values.preferences import PREFERENCES, as_fast_as_possible

_ALL = {
    "MaxConcurrentPercentage": 100,
    "FailureTolerancePercentage": 100,
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
}
_PARALLEL = {"RegionConcurrencyType": "PARALLEL"}
_SEQUENTIAL = {"RegionConcurrencyType": "SEQUENTIAL"}
_ORDER = {"RegionOrder": ("eu-west-1",)}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ({}, _PARALLEL),
        *((each, _PARALLEL) for each in PREFERENCES.values()),
        ({"MaxConcurrentCount": 1, "FailureToleranceCount": 0}, _PARALLEL),
        (_SEQUENTIAL, _SEQUENTIAL),
        (_PARALLEL, _PARALLEL),
        (_ORDER, _ORDER),
        ({**_ORDER, **_PARALLEL}, {**_ORDER, **_PARALLEL}),
    ],
)
def test_as_fast_as_possible(written: dict[str, Any], kept: dict[str, Any]) -> None:
    """A written order of Regions is kept; all else goes at once, whatever fails."""
    assert as_fast_as_possible(written) == {**kept, **_ALL}


@pytest.mark.parametrize("word", PREFERENCES)
def test_no_word_tolerates_a_failure(word: str) -> None:
    """After a failure, what has not begun does not begin."""
    assert PREFERENCES[word]["FailureToleranceCount"] == 0
