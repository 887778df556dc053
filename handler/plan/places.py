"""For which place an instance was made, and what the template says of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from handler.values.observation import InstanceState
from handler.values.selection import NOWHERE, Cell, Place, Selection, Tree, in_force
from handler.values.spec import Overrides
from handler.values.targets import INTERSECTION, Box, Target


@dataclass(frozen=True)
class Units:
    """Where a service-managed stack set is deployed, and was.

    Attributes:
        wanted: What the template selects.
        before: What it selected before.
        tree: What is known of the organization.
        certain: Whether what was selected before is deployed, as far as is known.
        missed: What is wanted and known not to be there.
        created: What this request has created.
        joining: Instances whose stacks join by this request, or may do so.
    """

    wanted: Selection
    before: Selection = field(default_factory=dict)
    tree: Tree = field(default_factory=Tree)
    certain: bool = True
    missed: Selection = field(default_factory=dict)
    created: Collection[Box] = ()
    joining: Collection[Target] = ()

    def place_of(self, target: Target, state: InstanceState) -> Place:
        """Returns the place for which an instance was made.

        The API shows the unit that the call named; perhaps it is the account's own instead.
        """
        place, known = Place(state.unit, target.region), self._known
        if place in known:
            return place
        named = [
            each
            for each in sorted(known)
            if each.region == target.region
            and (
                target.account in self.wanted.get(each, NOWHERE).named
                or target.account in self.before.get(each, NOWHERE).named
            )
        ]
        above = [Place(each, target.region) for each in self.tree.ancestors(state.unit)]
        return next((each for each in (*named, *above) if each in known), place)

    def home_of(self, target: Target, state: InstanceState) -> Place:
        """Returns the place in which the template selects an instance's account.

        That may be a unit below the one for which the instance was made.
        """
        place = self.place_of(target, state)
        if not self.tree.members:
            return place
        below = [
            each
            for each in self.wanted
            if each.region == target.region
            and place.unit in self.tree.ancestors(each.unit)
            and target.account in self.tree.members.get(each.unit, ())
        ]
        return max(below, key=lambda each: len(self.tree.ancestors(each.unit)), default=place)

    def wanted_overrides(self, target: Target, state: InstanceState) -> Overrides | None:
        """Returns the overrides that an instance is to have; None for one that nobody wants."""
        place = self.home_of(target, state)
        if place not in self._in_force:
            self._in_force[place] = in_force(self.wanted, place, self.tree)
        return self._in_force[place].of(target.account)

    def tells_overrides(self, target: Target, state: InstanceState) -> bool:
        """Whether what was selected before tells the overrides that an instance has.

        A stack that has joined has brought its own until a selection has brought others.
        """
        if not self.certain or not state.has_joined:
            return self.certain
        before = in_force(self.before, self.home_of(target, state), self.tree)
        return target not in self.joining and before.of(target.account) is not None

    @cached_property
    def _known(self) -> frozenset[Place]:
        return frozenset((*self.wanted, *self.before))

    @cached_property
    def _in_force(self) -> dict[Place, Cell]:
        """What is wanted of each place that has been asked for: instances are many, places few."""
        return {}


def missing(
    units: Units,
    reachable: Mapping[str, Collection[str]],
    listed: Container[Target],
) -> dict[Place, Cell]:
    """Returns the wanted instances that are not there, of accounts that have joined since.

    Args:
        units: Where the stack set is to be deployed.
        reachable: Who can have an instance, by wanted unit; none of the others is missed.
        listed: The instances that are there.
    """
    homes: dict[str, str] = {}
    for unit in sorted(reachable, key=lambda unit: len(units.tree.ancestors(unit))):
        homes.update(dict.fromkeys(reachable[unit], unit))  # the nearest unit comes last
    regions = sorted({place.region for place in units.wanted})
    return cells_of(
        (Place(unit, region), account, overrides)
        for account, unit in sorted(homes.items())
        for region in regions
        if Target(account, region) not in listed
        and not any(
            each.reaches(above, account, region)
            for each in units.created
            for above in (unit, *units.tree.ancestors(unit))
        )
        and (overrides := in_force(units.wanted, Place(unit, region), units.tree).of(account))
        is not None
    )


def made_again(
    units: Units, deleted: Iterable[tuple[Place, str]], listed: Container[Target]
) -> dict[Place, Cell]:
    """Returns what this request has deleted though it is wanted: it was to be made again.

    Args:
        units: Where the stack set is to be deployed.
        deleted: What deletes of this request have named, by place and account.
        listed: The instances that are there.
    """
    return cells_of(
        (place, account, overrides)
        for place, account in deleted
        if Target(account, place.region) not in listed
        and not any(each.reaches(place.unit, account, place.region) for each in units.created)
        and (overrides := in_force(units.wanted, place, units.tree).of(account)) is not None
    )


def cells_of(named: Iterable[tuple[Place, str, Overrides]]) -> dict[Place, Cell]:
    """Returns the selection of these accounts alone."""
    by_place: dict[Place, dict[str, Overrides | None]] = defaultdict(dict)
    for place, account, overrides in named:
        by_place[place][account] = overrides
    return {place: Cell(None, accounts) for place, accounts in by_place.items()}


def without_accounts(cell: Cell, accounts: Iterable[str]) -> Cell:
    """Returns the cell without these accounts."""
    named = {**cell.named, **dict.fromkeys(accounts)}
    return Cell(cell.others, {each: v for each, v in named.items() if v != cell.others})


def without_reached(place: Place, cell: Cell, reached: Iterable[Box]) -> Cell:
    """Returns what of a cell no operation of this request, of those given, has reached."""
    for box in reached:
        if place.unit not in box.units or place.region not in box.regions:
            continue
        if box.account_filter == INTERSECTION:
            cell = without_accounts(cell, box.accounts)
        else:
            cell = Cell(None, {a: v for a in box.accounts if (v := cell.of(a)) is not None})
    return cell
