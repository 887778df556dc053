"""What a service-managed stack set is deployed to: for each unit and Region, which accounts.

Who is in an organizational unit is not known, and need not be: all accounts of it, only some, or
all but some are closed under union, intersection and difference, so that the change from one
selection to another can be worked out exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from handler.values.organization import UnitGroup
from handler.values.spec import Overrides
from handler.values.targets import DIFFERENCE, INTERSECTION

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


def united(one: Selection, other: Selection) -> dict[Place, Cell]:
    """Returns what either selects; of different overrides those of the first count."""
    return {
        place: combined(first_given, [one.get(place, NOWHERE), other.get(place, NOWHERE)])
        for place in {**one, **other}
    }


def first_given(*values: Overrides | None) -> Overrides | None:
    """Returns the first that is not None; None where all are."""
    return next((each for each in values if each is not None), None)


@dataclass(frozen=True)
class Tree:
    """What is known of the organization.

    Attributes:
        root: The id of its root; that of the stand-in where it is not known.
        above: The units above each, as far as they are known; the root is above all.
        members: The accounts in a unit, those of units below it too, as far as they were read.
    """

    root: str = ROOT
    above: Mapping[str, Collection[str]] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def ancestors(self, unit: str) -> list[str]:
        """Returns the units above one, as far as they are known."""
        if unit == self.root:
            return []
        return [*(each for each in self.above.get(unit, ()) if each != self.root), self.root]


def expand(
    groups: Iterable[UnitGroup], lists: Mapping[str, Collection[str]], root: str = ROOT
) -> dict[Place, Cell]:
    """Returns what groups select together; of different overrides the first count.

    Args:
        groups: As the author wrote them.
        lists: The accounts in each list that stands behind an address.
        root: The id of the organization's root.
    """
    cells: dict[Place, Cell] = {}
    for group in groups:
        cell = _cell(group, lists)
        for unit in group.units:
            for region in group.regions:
                place = Place(root if unit == ROOT else unit, region)
                cells[place] = combined(first_given, [cells.get(place, NOWHERE), cell])
    return {place: each for place, each in cells.items() if not each.is_empty}


def _cell(group: UnitGroup, lists: Mapping[str, Collection[str]]) -> Cell:
    accounts = sorted({*group.accounts, *lists.get(group.accounts_url, ())})
    if group.account_filter == INTERSECTION:
        return Cell(None, dict.fromkeys(accounts, group.overrides))
    if group.account_filter == DIFFERENCE:
        return Cell(group.overrides, dict.fromkeys(accounts))
    return Cell(group.overrides)


def disagreements(
    groups: Iterable[UnitGroup], tree: Tree, lists: Mapping[str, Collection[str]]
) -> Iterator[tuple[UnitGroup, UnitGroup, Place]]:
    """Yields groups that give an account other overrides than an earlier one, that, and where.

    Args:
        groups: As the author wrote them; those with a list that is not given are passed over.
        tree: What is known of the organization.
        lists: The accounts behind addresses, as far as they have been read.
    """
    seen: list[tuple[UnitGroup, dict[Place, Cell]]] = []
    for group in groups:
        if group.accounts_url and group.accounts_url not in lists:
            continue
        here = expand([group], lists, tree.root)
        for other, there in seen:
            places = (
                *(each for each in here if _disagree(each, here[each], there, tree)),
                *(each for each in there if _disagree(each, there[each], here, tree)),
            )
            if places:
                yield group, other, places[0]
        seen.append((group, here))


def _disagree(place: Place, cell: Cell, others: Selection, tree: Tree) -> bool:
    for unit in (place.unit, *tree.ancestors(place.unit)):
        other = others.get(Place(unit, place.region))
        if other is None:
            continue
        accounts = {*cell.named, *other.named}
        pairs = [(cell.of(each), other.of(each)) for each in accounts]
        pairs.append((cell.others, other.others))
        if any(None not in pair and pair[0] != pair[1] for pair in pairs):
            return True
    return False


def in_force(selection: Selection, place: Place, tree: Tree) -> Cell:
    """Returns what the accounts of a unit have, by itself or by a unit above it."""
    units = (place.unit, *tree.ancestors(place.unit))
    cells = [selection.get(Place(unit, place.region), NOWHERE) for unit in units]
    return cells[0] if all(each is NOWHERE for each in cells[1:]) else combined(first_given, cells)
