"""Which instances of a service-managed stack set have to be created."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from handler.plan.boxes import by_overrides, cover_by_boxes
from handler.plan.places import Units, without_accounts, without_reached
from handler.plan.selections import Change, filled
from handler.plan.steps import CREATE, Step
from handler.values.selection import Cell, Place, Selection, Tree, combined, in_force
from handler.values.spec import Overrides
from handler.values.targets import Target


def plan_creations(
    units: Units,
    found: Change,
    broken: Mapping[bool, Selection],
    spared: Collection[Target] = (),
) -> list[Step]:
    """The steps that create what is wanted; all of it where nobody knows what is there.

    What is there as wanted is left as it is by a create, so it may be named with the rest.

    Args:
        units: Where the stack set is to be deployed.
        found: What changes.
        broken: What is deleted, and to be made again, by whether its stacks stay.
        spared: Instances that must not be named, or they are taken for the request's own.
    """
    joining = found.joining if units.certain else units.wanted
    joining = _spare(units, joining, spared) if spared else joining
    there = by_overrides(_unchanged(units)) if units.certain else {}
    steps = [
        Step(CREATE, box, box.regions, overrides)
        for overrides, part in by_overrides(joining).items()
        for box in cover_by_boxes(part, {**there.get(overrides, {})}, may_overlap=True)
    ]
    again = [
        Step(CREATE, box, box.regions, overrides)
        for other in (*broken.values(), units.missed)
        for overrides, part in by_overrides(_without(other, joining, units.tree)).items()
        for box in cover_by_boxes(part)
    ]
    return [*steps, *(each for each in again if each not in steps)]


def _without(named: Selection, joining: Selection, tree: Tree) -> dict[Place, Cell]:
    """What is named and does not join anyway: one operation must not depend on the other."""
    cells = {
        place: Cell(
            None,
            {
                account: overrides
                for account, overrides in cell.named.items()
                if in_force(joining, place, tree).of(account) is None
            },
        )
        for place, cell in named.items()
    }
    return filled(cells)


def _unchanged(units: Units) -> dict[Place, Cell]:
    """What was selected before with the overrides that are wanted now."""
    return {
        place: combined(_same, [in_force(units.before, place, units.tree), cell])
        for place, cell in units.wanted.items()
    }


def _same(before: Overrides | None, wanted: Overrides | None) -> Overrides | None:
    return wanted if before == wanted else None


def _spare(units: Units, wanted: Selection, spared: Collection[Target]) -> dict[Place, Cell]:
    """What is wanted without the instances that are spared, and without what has been created."""
    by_region: dict[str, list[str]] = defaultdict(list)
    for each in spared:
        by_region[each.region].append(each.account)
    return filled(
        {
            place: without_accounts(
                without_reached(place, cell, units.created), by_region[place.region]
            )
            for place, cell in wanted.items()
        }
    )
