"""Covers are exact, as small as can be, and never larger than the simple ways of grouping."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.plan.cover import cover
from handler.values.targets import Rectangle, Target
from tests.factories import (
    IRELAND,
    ONE,
    OREGON,
    THREE,
    TOKYO,
    TWO,
    VIRGINIA,
    places,
    targets_of,
)

_THREE_ACCOUNTS, _FOUR_REGIONS = (ONE, TWO, THREE), (TOKYO, VIRGINIA, OREGON, IRELAND)


def _rectangle(accounts: list[str], regions: list[str]) -> Rectangle:
    return Rectangle(tuple(accounts), tuple(sorted(regions)))


def test_nothing_to_cover() -> None:
    """No targets, no operations."""
    assert cover([]) == ()


@pytest.mark.parametrize(
    ("targets", "rectangles"),
    [
        pytest.param(
            targets_of([ONE], [VIRGINIA]), [_rectangle([ONE], [VIRGINIA])], id="one instance"
        ),
        pytest.param(
            targets_of([THREE, ONE, TWO], [TOKYO]),
            [_rectangle([ONE, TWO, THREE], [TOKYO])],
            id="three accounts, one region",
        ),
        pytest.param(
            targets_of([ONE, TWO], [VIRGINIA, OREGON]),
            [_rectangle([ONE, TWO], [VIRGINIA, OREGON])],
            id="full rectangle",
        ),
        pytest.param(
            targets_of([ONE], [VIRGINIA, OREGON]) | targets_of([TWO, THREE], [TOKYO]),
            [_rectangle([ONE], [VIRGINIA, OREGON]), _rectangle([TWO, THREE], [TOKYO])],
            id="two that share nothing",
        ),
        pytest.param(
            {Target(ONE, VIRGINIA), Target(TWO, OREGON)},
            [_rectangle([ONE], [VIRGINIA]), _rectangle([TWO], [OREGON])],
            id="diagonal",
        ),
        pytest.param(
            targets_of([ONE, TWO, THREE], [VIRGINIA])
            | targets_of([ONE, TWO], [OREGON])
            | targets_of([TWO, THREE], [OREGON]),
            [_rectangle([ONE, TWO, THREE], [OREGON, VIRGINIA])],
            id="overlapping groups that make one",
        ),
        pytest.param(
            targets_of([ONE, TWO], [VIRGINIA])
            | targets_of([ONE], [OREGON])
            | targets_of([TWO, THREE], [TOKYO])
            | targets_of([ONE, TWO, THREE], [IRELAND]),
            [
                _rectangle([ONE], [IRELAND, OREGON, VIRGINIA]),
                _rectangle([TWO], [TOKYO, IRELAND, VIRGINIA]),
                _rectangle([THREE], [TOKYO, IRELAND]),
            ],
            id="by account",
        ),
    ],
)
def test_cover(targets: set[Target], rectangles: list[Rectangle]) -> None:
    """The operations of typical shapes, in the order of their accounts."""
    assert cover(targets) == tuple(rectangles)


def test_grouped_by_region() -> None:
    """Where accounts differ in many ways but regions in few, the regions make the groups."""
    targets = targets_of([ONE, TWO], [VIRGINIA]) | targets_of([TWO, THREE], [OREGON])

    assert cover(targets) == (
        Rectangle((ONE, TWO), (VIRGINIA,)),
        Rectangle((TWO, THREE), (OREGON,)),
    )


def test_grouped_by_account() -> None:
    """Where regions differ in many ways but accounts in few, the accounts make the groups."""
    targets = targets_of([ONE], [VIRGINIA, OREGON]) | targets_of([TWO], [OREGON, TOKYO])

    assert cover(targets) == (
        _rectangle([ONE], [VIRGINIA, OREGON]),
        _rectangle([TWO], [TOKYO, OREGON]),
    )


def test_each_component_is_grouped_its_own_way() -> None:
    """What shares nothing with the rest is grouped apart: here one part by region, one by account.

    Either way for both parts would take five operations.
    """
    by_region = targets_of([ONE, TWO], [VIRGINIA]) | targets_of([TWO, THREE], [OREGON])
    by_account = targets_of(["444444444444"], [TOKYO, IRELAND]) | targets_of(
        ["555555555555"], [IRELAND, "eu-west-2"]
    )

    assert len(cover(by_region | by_account)) == 4


def test_rectangles_come_in_order() -> None:
    """Rectangles are sorted by accounts, then by regions, so that a plan is the same each time."""
    apart = targets_of([TWO], [VIRGINIA]) | targets_of([ONE], [TOKYO])
    nested = targets_of([ONE, TWO, THREE], [VIRGINIA]) | targets_of([ONE, TWO], [OREGON, TOKYO])

    assert [each.accounts for each in cover(apart)] == [(ONE,), (TWO,)]
    assert [each.accounts for each in cover(nested)] == [(ONE, TWO), (THREE,)]


def _rectangles_by(key: int, targets: set[Target]) -> int:
    """How many groups there are of accounts (0) with equal regions, or of regions (1)."""
    others: dict[str, set[str]] = defaultdict(set)
    for target in targets:
        others[target[key]].add(target[1 - key])
    return len({frozenset(each) for each in others.values()})


@given(st.sets(places))
def test_cover_is_a_partition(targets: set[Target]) -> None:
    """Each target is in exactly one rectangle, and nothing else is in any."""
    covered = [target for each in cover(targets) for target in each.targets()]

    assert len(covered) == len(targets)
    assert set(covered) == targets


@given(st.sets(places))
def test_cover_is_no_larger_than_simple_groupings(targets: set[Target]) -> None:
    """Never more rectangles than accounts with equal regions, or regions with equal accounts."""
    assert len(cover(targets)) <= min(_rectangles_by(0, targets), _rectangles_by(1, targets))


@given(st.lists(places), st.randoms(use_true_random=False))
def test_cover_ignores_order_and_repetition(listed: list[Target], order: random.Random) -> None:
    """The same targets give the same rectangles in the same order, however they are listed."""
    shuffled = listed * 2
    order.shuffle(shuffled)

    assert cover(shuffled) == cover(sorted(set(listed)))


@given(st.sets(places))
def test_rectangles_are_sorted_inside(targets: set[Target]) -> None:
    """Accounts and regions of each rectangle are sorted, and the rectangles too."""
    found = cover(targets)

    for each in found:
        assert list(each.accounts) == sorted(each.accounts)
        assert list(each.regions) == sorted(each.regions)
    assert list(found) == sorted(found, key=lambda each: (each.accounts, each.regions))


def _fewest(height: int, width: int) -> list[int]:
    """The exact optimum of every table, by its cells as a bit mask."""
    rectangles = [
        sum(bar << (row * width) for row in range(height) if rows >> row & 1)
        for rows in range(1, 1 << height)
        for bar in range(1, 1 << width)
    ]
    fewest = [0]
    for cells in range(1, 1 << (height * width)):
        lowest = cells & -cells
        fewest.append(
            1
            + min(
                fewest[cells ^ each] for each in rectangles if each & lowest and not each & ~cells
            )
        )
    return fewest


def test_cover_is_optimal_on_every_small_table() -> None:
    """Three accounts by four regions: no table of them can be covered by fewer rectangles."""
    places_of = [Target(account, region) for account in _THREE_ACCOUNTS for region in _FOUR_REGIONS]
    fewest = _fewest(3, 4)

    for cells, count in enumerate(fewest):
        targets = [target for bit, target in enumerate(places_of) if cells >> bit & 1]
        assert len(cover(targets)) == count, targets


def _table(*rows: str) -> set[Target]:
    """The targets of a table with a row for each account and a column for each region."""
    return {
        Target(f"{number:012d}", f"region-{column}")
        for number, row in enumerate(rows)
        for column, cell in enumerate(row)
        if cell == "x"
    }


@pytest.mark.parametrize(
    ("table", "fewest"),
    [
        pytest.param(_table("..xx.", ".xx..", "x..x.", "xxx.x", "x.xxx"), 4, id="search, 1"),
        pytest.param(_table("x...x", "xx..x", "x.x..", "xxx..", ".x.xx"), 4, id="search, 2"),
        pytest.param(_table("xx.x.", ".xx.x", "x.xxx", "xxxxx", "xx..x"), 4, id="search, 3"),
        pytest.param(_table("x.xx.", "xxx.x", "..xxx", "x.x..", "xxxxx"), 4, id="search, 4"),
        pytest.param(_table("xx...", "..xx.", "xxxx.", "xxxxx", "....x"), 3, id="made-up rows"),
        pytest.param(_table("x.xxx", "x.xx.", ".xxx.", ".xxxx", "....x"), 3, id="made-up columns"),
        pytest.param(_table("xx..", ".xx.", "..xx", "x..x"), 4, id="ring"),
        pytest.param(_table(".xxx", "x.xx", "xx.x", "xxx."), 4, id="all but the diagonal"),
        pytest.param(_table("xxxx", "xxxx", "xx..", "xx.."), 2, id="two sizes"),
    ],
)
def test_fewest(table: set[Target], fewest: int) -> None:
    """Tables whose optimum is known, among them some that neither grouping alone solves."""
    rectangles = cover(table)

    assert len(rectangles) == fewest
    assert {target for each in rectangles for target in each.targets()} == table
    assert sum(len(each.targets()) for each in rectangles) == len(table)


@pytest.mark.parametrize("transposed", [False, True], ids=["by account", "by region"])
def test_made_up_lines_in_a_large_table(*, transposed: bool) -> None:
    """Lines that others make up need no rectangle of their own, in tables too large to search.

    Each of 26 regions has none or one of each of three pairs of services, and an account hosts one
    service, or both of a pair: nine kinds of accounts, of which six make up the others.
    """
    table = set()
    for kinds in itertools.product(("", "x", "y"), repeat=3):
        for pair, kind in enumerate(kinds):
            for host in {kind, "xy"} if kind else ():
                target = Target(f"{pair}{host}", "".join(each or "-" for each in kinds))
                table.add(Target(*reversed(target)) if transposed else target)

    rectangles = cover(table)

    assert len(rectangles) == 6
    assert {target for each in rectangles for target in each.targets()} == table
    assert sum(len(each.targets()) for each in rectangles) == len(table)


@pytest.mark.parametrize(("height", "width"), [(10, 10), (11, 11), (64, 12), (65, 12), (200, 20)])
def test_tables_too_large_to_search(height: int, width: int) -> None:
    """A table without any order is covered all the same, and soon."""
    order = random.Random(height)
    table = {
        Target(f"{row:012d}", f"region-{column}")
        for row in range(height)
        for column in range(width)
        if order.random() < 0.5
    }

    rectangles = cover(table)

    assert {target for each in rectangles for target in each.targets()} == table
    assert sum(len(each.targets()) for each in rectangles) == len(table)
    assert len(rectangles) <= min(_rectangles_by(0, table), _rectangles_by(1, table))


def test_cover_at_the_quota() -> None:
    """A whole stack set of 100,000 equal instances is one operation."""
    targets = targets_of([f"{each:012d}" for each in range(5_000)], [f"r-{n}" for n in range(20)])

    assert [len(each.targets()) for each in cover(targets)] == [100_000]
