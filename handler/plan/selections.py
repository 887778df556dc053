"""How a selection of units, Regions and accounts changes, worked out without knowing who is where.

The algebra is exact while units are disjoint. Where one unit is below another, an account of the
lower one has what either of them says, and the lower one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from handler.values.selection import (
    NOWHERE,
    Cell,
    Place,
    Selection,
    Tree,
    combined,
    first_given,
    in_force,
)
from handler.values.spec import NO_OVERRIDES, Overrides


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
    return Change(filled(leaving), filled(joining), filled(overridden))


def deletes(was: Selection, wants: Selection, tree: Tree) -> bool:
    """Whether anything leaves, as far as units are separate."""
    try:
        return bool(change(was, wants, tree).leaving)
    except UnknownMembers:
        return True


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
        account: overrides
        for unit in below
        for account in tree.members[unit]
        if (overrides := new[Place(unit, place.region)].of(account)) is not None
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


def filled(cells: Mapping[Place, Cell]) -> dict[Place, Cell]:
    """Returns those of some cells that select an account, or may."""
    return {place: cell for place, cell in cells.items() if not cell.is_empty}
