"""What one operation can name."""

from __future__ import annotations

from handler.values.targets import Rectangle, Target
from tests.factories import ONE, OREGON, TWO, VIRGINIA


def test_target_is_a_pair() -> None:
    """A target is an account and a region, and sorts by them."""
    assert Target(ONE, VIRGINIA) == ("111111111111", "us-east-1")
    assert sorted([Target(TWO, VIRGINIA), Target(ONE, OREGON), Target(ONE, VIRGINIA)]) == [
        ("111111111111", "us-east-1"),
        ("111111111111", "us-west-2"),
        ("222222222222", "us-east-1"),
    ]


def test_rectangle_names_every_pair() -> None:
    """One operation works on every pair of its accounts and regions."""
    assert Rectangle((ONE, TWO), (VIRGINIA, OREGON)).targets() == {
        Target(ONE, VIRGINIA),
        Target(ONE, OREGON),
        Target(TWO, VIRGINIA),
        Target(TWO, OREGON),
    }


def test_equal_rectangles() -> None:
    """Rectangles with the same accounts and regions are the same."""
    assert Rectangle((ONE,), (VIRGINIA,)) == Rectangle((ONE,), (VIRGINIA,))
    assert Rectangle((ONE,), (VIRGINIA,)) != Rectangle((ONE,), (OREGON,))
