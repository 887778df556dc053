"""Operation preferences in one word, and how a whole stack set goes the fastest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CAREFUL, BALANCED, FAST = "CAREFUL", "BALANCED", "FAST"
"""One account after the other; a quarter of a Region's accounts at once; all at once."""

# Regions come one after the other where nothing is said: what an author writes is told from that.
PREFERENCES: Mapping[str, Mapping[str, Any]] = {
    CAREFUL: {"MaxConcurrentCount": 1, "FailureToleranceCount": 0},
    BALANCED: {
        "MaxConcurrentPercentage": 25,
        "FailureToleranceCount": 0,
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    },
    FAST: {
        "RegionConcurrencyType": "PARALLEL",
        "MaxConcurrentPercentage": 100,
        "FailureToleranceCount": 0,
        "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    },
}
"""What each word stands for, in the API's form."""

_ALL_AT_ONCE = {
    "MaxConcurrentPercentage": 100,
    "FailureTolerancePercentage": 100,
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
}


def as_fast_as_possible(preferences: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the preferences with which a whole stack set goes: no failure holds up another.

    Args:
        preferences: Those of the template, in the API's form. An order of Regions that is written
            there is kept, counts are not.
    """
    order = {
        name: preferences[name]
        for name in ("RegionConcurrencyType", "RegionOrder")
        if name in preferences
    }
    return {**(order or {"RegionConcurrencyType": "PARALLEL"}), **_ALL_AT_ONCE}
