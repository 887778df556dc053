"""How a selection of units, Regions and accounts changes, worked out without knowing who is where.

The algebra is exact while units are disjoint. Where one unit is below another, an account of the
lower one has what either of them says, and the lower one counts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from handler.errors import Fault, InvalidProperties
from handler.values.organization import UnitGroup
from handler.values.selection import (
    NOWHERE,
    ROOT,
    Cell,
    Place,
    Selection,
    combined,
    first_given,
)
from handler.values.spec import NO_OVERRIDES, Overrides
from handler.values.targets import DIFFERENCE, INTERSECTION


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


@dataclass(frozen=True)
class Change:
    """How one selection differs from another.

    Attributes:
        leaving: What is to be deleted; its overrides mean nothing.
        joining: What is to be created.
        overridden: What stays and has other overrides.
    """

    leaving: Selection
    joining: Selection
    overridden: Selection


class UnknownMembers(Exception):
    """A unit leaves while one below it stays, and nobody knows who is in that.

    Attributes:
        unit: The one that leaves.
        below: Those that stay.
    """

    def __init__(self, unit: str, below: Iterable[str]) -> None:
        super().__init__(unit)
        self.unit, self.below = unit, sorted(below)


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
        for unit in group.units or (root,):
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


def conflicts(groups: Iterable[UnitGroup], tree: Tree) -> None:
    """Refuse groups that give one account different overrides in a Region.

    Raises:
        InvalidProperties: The two groups, and the unit or the account.
    """
    seen: list[tuple[UnitGroup, dict[Place, Cell]]] = []
    faults = []
    for group in groups:
        here = expand([group], {}, tree.root)
        for other, there in seen:
            place = next(
                (each for each in here if _disagree(each, here[each], there, tree)), None
            ) or next((each for each in there if _disagree(each, there[each], here, tree)), None)
            if place is not None:
                message = (
                    f"gives accounts of {place.unit} other overrides in {place.region} than"
                    f" {other.path}: name each account once, or write the same overrides"
                )
                faults.append(Fault(group.path, message))
        seen.append((group, here))
    if faults:
        raise InvalidProperties(faults)


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


def change(old: Selection, new: Selection, tree: Tree) -> Change:
    """Returns how to come from one selection to another.

    Raises:
        UnknownMembers: It takes to know who is in a unit.
    """
    leaving = {place: _leaving(place, old[place], new, tree) for place in old}
    joining = {
        place: combined(
            _joins, [new[place], in_force(old, place, tree), _from_above(new, place, tree)]
        )
        for place in new
    }
    overridden = {
        place: combined(_differs, [in_force(old, place, tree), in_force(new, place, tree)])
        for place in {**old, **new}
    }
    return Change(_filled(leaving), _filled(joining), _filled(overridden))


def _leaving(place: Place, cell: Cell, new: Selection, tree: Tree) -> Cell:
    left = combined(_leaves, [cell, in_force(new, place, tree)])
    if left.is_empty:
        return left
    below = {
        each.unit
        for each in new
        if each.region == place.region and place.unit in tree.ancestors(each.unit)
    }
    unknown = [each for each in below if each not in tree.members]
    if unknown:
        raise UnknownMembers(place.unit, unknown)
    stays = {
        account: new[Place(unit, place.region)].of(account)
        for unit in below
        for account in tree.members[unit]
    }
    return combined(_leaves, [left, Cell(None, stays)]) if stays else left


def _from_above(selection: Selection, place: Place, tree: Tree) -> Cell:
    cells = [
        selection.get(Place(unit, place.region), NOWHERE) for unit in tree.ancestors(place.unit)
    ]
    return combined(first_given, cells) if cells else NOWHERE


def _leaves(old: Overrides | None, new: Overrides | None) -> Overrides | None:
    return NO_OVERRIDES if old is not None and new is None else None


def _joins(
    wanted: Overrides | None, there: Overrides | None, above: Overrides | None
) -> Overrides | None:
    return wanted if there is None and above is None else None


def _differs(old: Overrides | None, new: Overrides | None) -> Overrides | None:
    return new if None not in (old, new) and old != new else None


def _filled(cells: Mapping[Place, Cell]) -> dict[Place, Cell]:
    return {place: cell for place, cell in cells.items() if not cell.is_empty}
