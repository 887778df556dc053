"""Where stack instances live: pairs of account and region, and rectangles of such pairs.

One StackSets operation takes a list of accounts and a list of regions and works on every pair of
the two, so the number of operations is the number of ``accounts x regions`` rectangles.
"""

from __future__ import annotations

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
