"""Where stack instances live: pairs of account and region, and rectangles that cover them.

One StackSets operation takes a list of accounts and a list of regions and works on every pair of
the two, so the number of operations is the number of ``accounts x regions`` rectangles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Target(NamedTuple):
    """The place of one stack instance."""

    account: str
    region: str


@dataclass(frozen=True)
class Rectangle:
    """What one operation can name: every pair of these accounts and these regions.

    Attributes:
        accounts: Account ids, sorted.
        regions: Region names, sorted.
    """

    accounts: tuple[str, ...]
    regions: tuple[str, ...]

    def targets(self) -> frozenset[Target]:
        """Every pair that the rectangle names."""
        return frozenset(
            Target(account, region) for account in self.accounts for region in self.regions
        )


def cover(targets: Iterable[Target]) -> tuple[Rectangle, ...]:
    """Cover exactly these targets by few rectangles that do not overlap.

    Targets that share no account and no region with the rest are covered apart from it. Within
    such a component the accounts with equal regions form a rectangle, or the regions with equal
    accounts, whichever takes fewer.

    Args:
        targets: Any number of pairs, in any order, repeated or not.

    Returns:
        Rectangles in a fixed order, each target in exactly one of them.
    """
    rectangles = [
        rectangle
        for component in _components(_regions_by_account(targets))
        for rectangle in min(_by_account(component), _by_region(component), key=len)
    ]
    return tuple(sorted(rectangles, key=lambda each: (each.accounts, each.regions)))


def _regions_by_account(targets: Iterable[Target]) -> dict[str, set[str]]:
    grouped: dict[str, set[str]] = defaultdict(set)
    for account, region in targets:
        grouped[account].add(region)
    return grouped


def _components(regions_of: Mapping[str, set[str]]) -> list[dict[str, set[str]]]:
    """Split into parts that share no region with each other."""
    parts: list[tuple[set[str], dict[str, set[str]]]] = []
    for account, regions in regions_of.items():
        touching = [part for part in parts if not part[0].isdisjoint(regions)]
        merged: tuple[set[str], dict[str, set[str]]] = (set(regions), {account: regions})
        for part in touching:
            merged[0].update(part[0])
            merged[1].update(part[1])
            parts.remove(part)
        parts.append(merged)
    return [accounts for _, accounts in parts]


def _by_account(regions_of: Mapping[str, set[str]]) -> list[Rectangle]:
    accounts_with: dict[frozenset[str], list[str]] = defaultdict(list)
    for account, regions in regions_of.items():
        accounts_with[frozenset(regions)].append(account)
    return [
        Rectangle(tuple(sorted(accounts)), tuple(sorted(regions)))
        for regions, accounts in accounts_with.items()
    ]


def _by_region(regions_of: Mapping[str, set[str]]) -> list[Rectangle]:
    accounts_of: dict[str, set[str]] = defaultdict(set)
    for account, regions in regions_of.items():
        for region in regions:
            accounts_of[region].add(account)
    return [Rectangle(each.regions, each.accounts) for each in _by_account(accounts_of)]
