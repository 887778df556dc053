"""What is allowed and yet perhaps not meant is a warning with its mend."""

from __future__ import annotations

from typing import Any

import pytest

from handler.properties.reading import read_leniently, read_properties
from tests.factories import IRELAND, ONE, OREGON, THREE, TWO, VIRGINIA, group, with_url

_SOFT = {"ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}


def _warnings(preferences: Any, *groups: dict[str, Any]) -> tuple[str, ...]:
    listed = list(groups) or [group([ONE, TWO, THREE], [VIRGINIA]), group([ONE], [OREGON])]
    wanted = with_url(OperationPreferences=preferences, StackInstances=listed)
    assert read_leniently(wanted).warnings == read_properties(wanted).warnings
    return read_properties(wanted).warnings


@pytest.mark.parametrize(
    ("preferences", "asked", "most"),
    [
        ({"MaxConcurrentCount": 2}, 2, 1),
        ({"MaxConcurrentCount": 10}, 3, 1),
        ({"MaxConcurrentCount": 3, "FailureToleranceCount": 1}, 3, 2),
        ({"MaxConcurrentPercentage": 100}, 3, 1),
        ({"MaxConcurrentPercentage": 100, "FailureTolerancePercentage": 34}, 3, 2),
        ({"MaxConcurrentCount": 2, "ConcurrencyMode": "STRICT_FAILURE_TOLERANCE"}, 2, 1),
    ],
)
def test_capped(preferences: dict[str, Any], asked: int, most: int) -> None:
    """A mode that lets fewer stacks go at once than are asked for is told with its mend."""
    [warning] = _warnings(preferences)

    assert f"asks for {asked} stacks of a Region at once, and at most {most} go" in warning
    assert "Write ConcurrencyMode: SOFT_FAILURE_TOLERANCE" in warning


@pytest.mark.parametrize(
    "preferences",
    [
        *({}, "CAREFUL", "BALANCED", "FAST", "fast"),
        {"MaxConcurrentCount": 1},
        {"MaxConcurrentCount": 10, **_SOFT},
        {"MaxConcurrentPercentage": 100, **_SOFT},
        {"MaxConcurrentCount": 3, "FailureToleranceCount": 2},
        {"MaxConcurrentPercentage": 40},
        {"RegionOrder": [OREGON, VIRGINIA]},
    ],
)
def test_nothing_to_tell(preferences: Any) -> None:
    """What is done as it is written needs no word."""
    assert _warnings(preferences) == ()


def test_region_that_no_group_lists() -> None:
    """A Region in the order that no group lists is passed over, never refused."""
    assert _warnings({"RegionOrder": [OREGON, IRELAND, VIRGINIA]}) == (
        (
            f"OperationPreferences.RegionOrder names {IRELAND}, where no group has instances:"
            " take it out, or add it to the Regions of a group."
        ),
    )


def test_no_instances() -> None:
    """Without instances there is nothing to go at once, and no Region in vain."""
    wanted = with_url(OperationPreferences={"MaxConcurrentCount": 9, "RegionOrder": [IRELAND]})

    assert read_properties(wanted).warnings == ()
