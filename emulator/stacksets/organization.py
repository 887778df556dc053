"""An organization as plain data: a root, nested units, and accounts that come, move and go."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TREE = frozenset({"units", "accounts", "suspended", "closed"})
UNIT = re.compile(r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}")
"""What the id of a unit, or of the root, looks like."""


class AccountStatus(StrEnum):
    """Whether anything can be done in an account."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


@dataclass
class Member:
    """An account of an organization.

    Attributes:
        unit: The unit, or the root, that it lies in directly.
    """

    account: str
    unit: str
    status: AccountStatus = AccountStatus.ACTIVE


@dataclass
class Organization:
    """Who is where; StackSets and Organizations read it alike.

    What changes the members does not tell StackSets: `Engine.join`, `move` and `leave` do.

    Attributes:
        management_account: The account that owns it; a member in the root as well.
        root: Id of the root.
        organization_id: Id of the organization.
        parents: The parent of each unit, which is the root or another unit.
        members: All accounts, by their numbers.
        trusted_access: Whether StackSets may work in it.
        delegated_administrators: Member accounts that may manage its stack sets.
    """

    management_account: str
    root: str = "r-root"
    organization_id: str = "o-organization"
    parents: dict[str, str] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    trusted_access: bool = True
    delegated_administrators: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.members.setdefault(self.management_account, Member(self.management_account, self.root))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Organization:
        """Read an organization from JSON data.

        Args:
            mapping: `management_account`; `units`, the parent of each unit; `accounts`, the unit
                of each account; `suspended` and `closed` accounts; and by their own names the
                other attributes of the class.

        Raises:
            TypeError: There is an unknown key, or no `management_account`.
            ValueError: An account or a unit lies where nothing is.
        """
        plain = {key: value for key, value in mapping.items() if key not in _TREE}
        plain["delegated_administrators"] = set(plain.get("delegated_administrators", ()))
        made = cls(**plain)
        for unit, parent in mapping.get("units", {}).items():
            made.add_unit(unit, parent)
        for account, unit in mapping.get("accounts", {}).items():
            made.join(account, unit)
        for account in mapping.get("suspended", ()):
            made.suspend(account)
        for account in mapping.get("closed", ()):
            made.close(account)
        return made

    def add_unit(self, unit: str, parent: str | None = None) -> str:
        """Make a unit under another one, by default under the root; return its id.

        Raises:
            ValueError: Its id does not look like one, or there is no such parent.
        """
        if not UNIT.fullmatch(unit):
            message = f"{unit} is no id of a unit: {UNIT.pattern}"
            raise ValueError(message)
        self.parents[unit] = self._existing(parent or self.root)
        return unit

    def has_unit(self, unit: str) -> bool:
        """Tell whether this is the root or one of the units."""
        return unit == self.root or unit in self.parents

    def lineage(self, unit: str) -> list[str]:
        """Return the unit and all those that it lies in, the root last; empty if it is unknown."""
        if not self.has_unit(unit):
            return []
        found = [unit]
        while found[-1] in self.parents:
            found.append(self.parents[found[-1]])
        return found

    def ancestors(self, unit: str) -> list[str]:
        """Return the units that a unit lies in, the root last."""
        return self.lineage(unit)[1:]

    def units_of(self, account: str) -> list[str]:
        """Return all units that an account lies in, the root last; empty for a stranger."""
        member = self.members.get(account)
        return self.lineage(member.unit) if member else []

    def accounts_in(self, unit: str) -> Iterator[str]:
        """Yield the accounts of a unit and of those below it, whatever their status."""
        return (account for account in self.members if unit in self.units_of(account))

    def is_active(self, account: str) -> bool:
        """Tell whether anything can be done in an account; of strangers nothing bad is known."""
        member = self.members.get(account)
        return member is None or member.status is AccountStatus.ACTIVE

    def join(self, account: str, unit: str | None = None) -> None:
        """Take an account in, into a unit or into the root."""
        self.members[account] = Member(account, self._existing(unit or self.root))

    def move(self, account: str, unit: str) -> None:
        """Put a member into another unit."""
        self.members[account].unit = self._existing(unit)

    def leave(self, account: str) -> None:
        """Let a member go."""
        del self.members[account]

    def suspend(self, account: str) -> None:
        """Suspend a member."""
        self.members[account].status = AccountStatus.SUSPENDED

    def close(self, account: str) -> None:
        """Close a member, which is still listed."""
        self.members[account].status = AccountStatus.CLOSED

    def _existing(self, unit: str) -> str:
        if not self.has_unit(unit):
            message = f"there is no unit {unit}"
            raise ValueError(message)
        return unit
