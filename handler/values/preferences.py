"""Operation preferences in one word, and how a whole stack set goes the fastest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CAREFUL, BALANCED, FAST = "CAREFUL", "BALANCED", "FAST"
"""One account after the other; a quarter of a Region's accounts at once; all at once."""

SOFT = "SOFT_FAILURE_TOLERANCE"
"""The ConcurrencyMode that lets as many go at once as are asked for."""

PARALLEL = "PARALLEL"
"""The RegionConcurrencyType in which Regions do not wait for each other."""

# Regions come one after the other where nothing is said: what an author writes is told from that.
PREFERENCES: Mapping[str, Mapping[str, Any]] = {
    CAREFUL: {"MaxConcurrentCount": 1, "FailureToleranceCount": 0},
    BALANCED: {
        "MaxConcurrentPercentage": 25,
        "FailureToleranceCount": 0,
        "ConcurrencyMode": SOFT,
    },
    FAST: {
        "RegionConcurrencyType": PARALLEL,
        "MaxConcurrentPercentage": 100,
        "FailureToleranceCount": 0,
        "ConcurrencyMode": SOFT,
    },
}
"""What each word stands for, in the API's form."""

_ALL_AT_ONCE = {
    "MaxConcurrentPercentage": 100,
    "FailureTolerancePercentage": 100,
    "ConcurrencyMode": SOFT,
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
    return {**(order or {"RegionConcurrencyType": PARALLEL}), **_ALL_AT_ONCE}


def in_a_hurry(preferences: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the same for a deployment that has no time: all at once, and no more may fail.

    Args:
        preferences: In the API's form. An order of Regions that is written there is kept.
    """
    names = ("FailureToleranceCount", "FailureTolerancePercentage")
    tolerance = {name: preferences[name] for name in names if name in preferences}
    fast = as_fast_as_possible(preferences)
    del fast["FailureTolerancePercentage"]
    return {**fast, **tolerance}


def asked_at_once(preferences: Mapping[str, Any], accounts: int) -> int:
    """Returns how many of a Region's accounts are asked for at the same time: at least one.

    Args:
        preferences: In the API's form.
        accounts: How many an operation reaches in the Region.
    """
    return max(1, min(_number(preferences, "MaxConcurrent", accounts, least=1), accounts))


def at_once(preferences: Mapping[str, Any], accounts: int) -> int:
    """Returns how many of a Region's accounts go at the same time, whatever is asked for.

    Args:
        preferences: In the API's form; STRICT_FAILURE_TOLERANCE, the default of ConcurrencyMode,
            lets no more go than the failure tolerance and one.
        accounts: How many an operation reaches in the Region.
    """
    asked = asked_at_once(preferences, accounts)
    if preferences.get("ConcurrencyMode") == SOFT:
        return asked
    return min(asked, _number(preferences, "FailureTolerance", accounts, least=0) + 1)


def _number(preferences: Mapping[str, Any], name: str, accounts: int, least: int) -> int:
    count = preferences.get(f"{name}Count")
    if count is not None:
        return int(count)
    return max(least, accounts * int(preferences.get(f"{name}Percentage", 0)) // 100)
