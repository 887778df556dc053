"""Where stack instances live: pairs of account and region, and rectangles of such pairs.

One StackSets operation takes a list of accounts and a list of regions and works on every pair of
the two, so the number of operations is the number of ``accounts x regions`` rectangles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

ALL_ENABLED = "ALL_ENABLED"
"""Stands among Regions for all that are enabled in the function's account."""


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

    def members(self) -> dict[str, Any]:
        """What a call sends to name it."""
        return {"Accounts": list(self.accounts), "Regions": list(self.regions)}


ALL, INTERSECTION, DIFFERENCE = "NONE", "INTERSECTION", "DIFFERENCE"
"""The API's AccountFilterType: all accounts of a unit, only some, or all but some."""


@dataclass(frozen=True)
class Box:
    """What one operation of a service-managed stack set can name.

    Attributes:
        units: Ids of organizational units, sorted; a call takes at most 50.
        regions: Region names, sorted.
        account_filter: ALL, INTERSECTION or DIFFERENCE.
        accounts: What the filter lets through, or does not, sorted.
    """

    units: tuple[str, ...]
    regions: tuple[str, ...]
    account_filter: str = ALL
    accounts: tuple[str, ...] = ()

    def members(self) -> dict[str, Any]:
        """What a call sends to name it; the filter always, for without one it is another."""
        targets: dict[str, Any] = {
            "OrganizationalUnitIds": list(self.units),
            "AccountFilterType": self.account_filter,
        }
        if self.accounts:
            targets["Accounts"] = list(self.accounts)
        return {"DeploymentTargets": targets, "Regions": list(self.regions)}

    def reaches(self, unit: str, account: str, region: str) -> bool:
        """Whether it names an instance that was made for an account of one of its units."""
        if unit not in self.units or region not in self.regions:
            return False
        is_named = account in self.accounts
        return is_named if self.account_filter == INTERSECTION else not is_named


Reach = Rectangle | Box
"""What one operation names, by the stack set's permission model."""
