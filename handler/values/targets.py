"""Where stack instances live: pairs of account and region, and rectangles of such pairs.

One StackSets operation takes a list of accounts and a list of regions and works on every pair of
the two, so the number of operations is the number of ``accounts x regions`` rectangles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

ALL_ENABLED = "ALL_ENABLED"
"""Stands among Regions for all that are enabled in the function's account."""

_SURELY_UNCUT = 40


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


@dataclass(frozen=True)
class Stacks:
    """What one import can name: stacks that are there already.

    Attributes:
        stack_ids: Their ARNs, in the template's order.
        units: The organizational units to which they are to belong, sorted; none under
            self-managed permissions.
    """

    stack_ids: tuple[str, ...]
    units: tuple[str, ...] = ()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Their accounts, sorted."""
        return tuple(sorted({each.account for each in self.targets()}))

    @property
    def regions(self) -> tuple[str, ...]:
        """Their Regions, sorted."""
        return tuple(sorted({each.region for each in self.targets()}))

    def targets(self) -> frozenset[Target]:
        """Where they are."""
        return frozenset(place_of_stack(each) for each in self.stack_ids)

    def members(self) -> dict[str, Any]:
        """What a call sends to name them."""
        members: dict[str, Any] = {"StackIds": list(self.stack_ids)}
        return {**members, "OrganizationalUnitIds": list(self.units)} if self.units else members


def may_be_made_by(stack_id: str, stack_set_id: str) -> bool:
    """Whether a stack has a name as StackSets gives to the stacks of a stack set.

    Args:
        stack_id: The stack's ARN; of an empty one nobody knows.
        stack_set_id: The stack set's id. A long name of it may be cut in those of its stacks.
    """
    name = stack_set_id.split(":", maxsplit=1)[0][:_SURELY_UNCUT]
    return not (stack_id and name) or f":stack/StackSet-{name}" in stack_id


def place_of_stack(stack_id: str) -> Target:
    """Returns where a stack is, from its ARN."""
    _, _, _, region, account, *_ = stack_id.split(":")
    return Target(account, region)


Reach = Rectangle | Box | Stacks
"""What one operation names, by the stack set's permission model."""
