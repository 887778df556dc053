"""What a service-managed stack set is deployed to: for each unit and Region, which accounts.

Who is in an organizational unit is not known, and need not be: all accounts of it, only some, or
all but some are closed under union, intersection and difference, so that the change from one
selection to another can be worked out exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from handler.values.spec import Overrides

ROOT = "root"
"""Stands for the organization's root where its id is not known."""


class Place(NamedTuple):
    """An organizational unit in a Region."""

    unit: str
    region: str


@dataclass(frozen=True, slots=True)
class Cell:
    """What the accounts of one unit have in one Region.

    Attributes:
        others: The overrides of every account that is not named; None for no instance.
        named: The same for those accounts for which it is something else.
    """

    others: Overrides | None = None
    named: Mapping[str, Overrides | None] = field(default_factory=dict)

    def of(self, account: str) -> Overrides | None:
        """Returns the overrides of one account of the unit; None for no instance."""
        return self.named.get(account, self.others)

    @property
    def is_empty(self) -> bool:
        """Whether no account has an instance, as far as is known."""
        return self.others is None and not self.named


Selection = Mapping[Place, Cell]
"""All places at which there may be instances."""

NOWHERE = Cell()


def combined(choose: Callable[..., Overrides | None], cells: Iterable[Cell]) -> Cell:
    """Returns the cell in which each account has what is chosen for it.

    Args:
        choose: Takes what an account has in each of the cells.
        cells: Any number of cells.
    """
    given = tuple(cells)
    others = choose(*(each.others for each in given))
    accounts = {account for each in given for account in each.named}
    chosen = {
        account: choose(*(each.of(account) for each in given)) for account in sorted(accounts)
    }
    return Cell(others, {account: each for account, each in chosen.items() if each != others})


def first_given(*values: Overrides | None) -> Overrides | None:
    """Returns the first that is not None; None where all are."""
    return next((each for each in values if each is not None), None)
