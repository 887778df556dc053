"""Which instances of a service-managed stack set go, and what becomes of their stacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping

from handler.plan.boxes import cover_by_boxes
from handler.plan.imports import has_not_joined
from handler.plan.marks import Marks
from handler.plan.places import Units, cells_of, without_accounts, without_reached
from handler.plan.removal import STACKS_GO, Removal, is_half_deleted
from handler.plan.selections import change
from handler.plan.states import is_lost_import
from handler.plan.steps import CREATE, DELETE, Step
from handler.values.observation import InstanceState, Observation
from handler.values.selection import NOWHERE, Cell, Place, Selection, united
from handler.values.spec import NO_OVERRIDES
from handler.values.targets import Target


def leaving_instances(
    units: Units, seen: Observation, staying: Container[Target] = ()
) -> dict[Target, InstanceState]:
    """Returns the instances, as far as they are listed, that the template does not select any more.

    Args:
        units: Where the stack set is to be deployed.
        seen: What is there.
        staying: What it names otherwise.

    Raises:
        UnknownMembers: It takes to know who is in a unit.
    """
    leaving = change(units.before, units.wanted, units.tree).leaving
    return {
        target: state
        for target, state in seen.instances.items()
        if target not in staying
        and leaving.get(units.place_of(target, state), NOWHERE).of(target.account) is not None
    }


def plan_leaving(
    units: Units, leaving: Selection, seen: Observation, marks: Marks, removal: Removal
) -> list[Step]:
    """The steps that delete what is not selected any more.

    Args:
        units: Where the stack set is to be deployed.
        leaving: What goes.
        seen: What is there: tells which accounts go otherwise than most.
        marks: Those of this request.
        removal: What becomes of the stacks.
    """
    going = _with_strays(units, leaving, seen, marks)
    usual = {}
    for place, cell in going.items():
        # A list that lags may not show them, and their stacks have to stay.
        joined = [each.account for each in removal.imported if each.region == place.region]
        usual[place] = without_accounts(without_reached(place, cell, removal.done), joined)
    apart: list[tuple[Place, str]] = []
    for target, state in seen.instances.items():
        place = units.place_of(target, state)
        if going.get(place, NOWHERE).of(target.account) is None or target in removal.imported:
            continue
        leaves_stack = removal.leaves_stack(target, state, marks)
        if leaves_stack is removal.retains:
            continue
        usual[place] = without_accounts(usual[place], [target.account])
        if leaves_stack is not None:
            apart.append((place, target.account))
    others = cells_of((*each, NO_OVERRIDES) for each in apart)
    # Those first: once they are gone, the rest of a unit can be named without an exception.
    usually = _steps(usual, retains=removal.retains)
    parting = _plan_parting(units, seen, marks, removal)
    return [*parting, *_steps(others, retains=not removal.retains), *usually]


def _plan_parting(units: Units, seen: Observation, marks: Marks, removal: Removal) -> list[Step]:
    """The steps that let stacks go which joined as they were, and which nobody wants any more.

    Args:
        units: Where the stack set is to be deployed.
        seen: What is there.
        marks: Those of this request.
        removal: Tells which stacks have joined, and which are to.
    """
    parting = cells_of(
        (Place(state.unit, target.region), target.account, NO_OVERRIDES)
        for target, state in seen.instances.items()
        if (
            (target in removal.parted or _is_lost(target, state, marks, removal))
            and units.wanted_overrides(target, state) is None
        )
        or (target in removal.imported and has_not_joined(state, marks))
    )
    return _steps(parting, retains=True)


def _is_lost(target: Target, state: InstanceState, marks: Marks, removal: Removal) -> bool:
    return target not in removal.staying and is_lost_import(state, marks, is_wanted=False)


def _with_strays(
    units: Units, leaving: Selection, seen: Observation, marks: Marks
) -> dict[Place, Cell]:
    """What leaves, and what is still there of the resource's own though nothing selects it.

    Such are instances that an earlier delete has not come to the end of; and where nobody knows
    what was applied, those that the resource has created. What leaves is then named only where an
    instance is listed, for a unit that was never deployed to may not even exist.
    """
    places = {target: units.place_of(target, state) for target, state in seen.instances.items()}
    strays = cells_of(
        (places[target], target.account, NO_OVERRIDES)
        for target, state in seen.instances.items()
        if (is_half_deleted(state, marks) or _may_be_left(units, state, marks))
        and units.wanted_overrides(target, state) is None
    )
    listed = set(places.values())
    known = {e: cell for e, cell in leaving.items() if units.certain or e in listed}
    going = {place: _without_wanted(units, place, cell, seen) for place, cell in known.items()}
    return united(going, strays)


def _may_be_left(units: Units, state: InstanceState, marks: Marks) -> bool:
    mark = marks.read(state.last_operation_id)
    return not units.certain and mark is not None and mark.action == CREATE


def plan_again(broken: Mapping[bool, Selection]) -> list[Step]:
    """The steps that delete what is to be made again.

    Args:
        broken: That, by whether the stacks stay.
    """
    return [step for retains, cells in broken.items() for step in _steps(cells, retains=retains)]


def _steps(selection: Selection, *, retains: bool) -> list[Step]:
    boxes = cover_by_boxes(selection)
    return [Step(DELETE, box, box.regions, retain_stacks=retains) for box in boxes]


def _without_wanted(units: Units, place: Place, cell: Cell, seen: Observation) -> Cell:
    """Returns what leaves without accounts that have their wanted instance for another unit.

    An account is in one unit, so nothing of it leaves this one.
    """
    if cell.others is not None:
        return cell
    targets = (Target(account, place.region) for account in cell.named)
    wanted = [
        target.account
        for target in targets
        if (state := seen.instances.get(target)) is not None
        and units.wanted_overrides(target, state) is not None
    ]
    return without_accounts(cell, wanted) if wanted else cell


def plan_deletion_by_unit(
    instances: Mapping[Target, InstanceState],
    marks: Marks,
    removal: Removal = STACKS_GO,
    *,
    is_all: bool = True,
) -> list[Step]:
    """The steps that delete instances, whoever made them.

    Args:
        instances: Those that go.
        marks: Those of the request.
        removal: What becomes of their stacks.
        is_all: Whether there are no others, so that an account need not be named.
    """
    by_fate: dict[bool | None, dict[Target, InstanceState]] = defaultdict(dict)
    for target, state in instances.items():
        by_fate[removal.leaves_stack(target, state, marks)][target] = state
    go, stay = by_fate[False], by_fate[True]
    if not is_all:
        return [*_steps(_named(go), retains=False), *_steps(_named(stay), retains=True)]
    spared = {each.account for fate in (True, None) for each in by_fate[fate]}
    if not (go or by_fate[None]):
        return _steps(_everyone_in(stay), retains=True)
    return [*_steps(_everyone_in(go, spared), retains=False), *_steps(_named(stay), retains=True)]


def _named(instances: Mapping[Target, InstanceState]) -> Selection:
    """Returns these instances alone."""
    return cells_of(
        (Place(state.unit, target.region), target.account, NO_OVERRIDES)
        for target, state in instances.items()
    )


def _everyone_in(
    instances: Mapping[Target, InstanceState], spared: Iterable[str] = ()
) -> Selection:
    """Returns all accounts, but those spared, of the units and Regions of these instances."""
    cell = Cell(NO_OVERRIDES, dict.fromkeys(sorted(spared)))
    units = {state.unit for state in instances.values()}
    regions = {each.region for each in instances}
    return {Place(unit, region): cell for unit in units for region in regions}
