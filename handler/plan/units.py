"""What to do next for a service-managed stack set, whose accounts are those of units.

Old and new properties decide what is created and deleted, since nobody knows who is in a unit; the
list of instances only tells which of them can be named. So a step is done when its operation has
succeeded, not when a list shows it. What others have made, StackSets itself among them, is left to
them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from handler.errors import Failure, OperationFailed
from handler.plan.boxes import cover_accounts
from handler.plan.imports import plan_retries, without_stack
from handler.plan.instances import failure
from handler.plan.marks import Marks
from handler.plan.places import Units, cells_of
from handler.plan.removal import STACKS_GO, Removal
from handler.plan.selections import Change, change
from handler.plan.states import must_be_replaced, worth_retrying
from handler.plan.steps import CREATE, UPDATE, UPDATE_SET, Step
from handler.plan.unit_creations import plan_creations
from handler.plan.unit_deletions import plan_again, plan_leaving
from handler.values.observation import InstanceState, Observation
from handler.values.organization import AutoDeployment
from handler.values.selection import NOWHERE, Cell, Place
from handler.values.spec import Overrides
from handler.values.targets import Target


@dataclass(frozen=True)
class SetUpdate:
    """What a stack set itself is to become.

    Attributes:
        content: What UpdateStackSet has to send, in words of its own.
        differs: Whether it is something else now, AutoDeployment aside.
        auto_deployment: What the template wants of that.
    """

    content: str
    differs: bool
    auto_deployment: AutoDeployment


def unknown_overrides(units: Units, seen: Observation, marks: Marks) -> list[Target]:
    """The wanted instances whose overrides nothing but DescribeStackInstance can tell."""
    return sorted(
        target
        for target, state in seen.instances.items()
        if units.wanted_overrides(target, state) is not None
        and not units.tells_overrides(target, state)
        and marks.action_of(state.last_operation_id) not in {CREATE, UPDATE}
        and _is_own(state, marks)
    )


def _is_own(state: InstanceState, marks: Marks) -> bool:
    """Whether an instance is the resource's; of a stack set that is taken over, all are."""
    return marks.adopts or marks.is_of_resource(state.last_operation_id)


def plan_units(  # noqa: PLR0913  what is wanted, what is, and how to go about it
    units: Units,
    seen: Observation,
    marks: Marks,
    update: SetUpdate,
    removal: Removal = STACKS_GO,
    *,
    imports: Sequence[Step] = (),
) -> list[Step]:
    """The steps from what is there to what the template says.

    Args:
        units: Where the stack set is to be deployed.
        seen: What is there.
        marks: Those of this request.
        update: What the stack set itself is to become.
        removal: What becomes of the stacks of instances that leave.
        imports: The steps that have stacks join as they are.

    Returns:
        Steps in the order in which to take them. Steps whose operations have succeeded are among
        them, since no list tells that they are done.

    Raises:
        UnknownMembers: It takes to know who is in a unit.
    """
    found = change(units.before, units.wanted, units.tree)
    broken = _broken(units, seen, marks, removal)
    deletions = [*plan_leaving(units, found.leaving, seen, marks, removal), *plan_again(broken)]
    creations = plan_creations(units, found, broken, seen.instances if marks.adopts else ())
    stale = {} if update.differs else _worth_retrying(units, seen, marks)
    taken = {} if update.differs else _taken_over(units, seen, marks)
    updates = _updates({**_overridden(units, found, seen, marks), **stale, **taken})
    if not update.differs:
        updates += plan_retries(cover_accounts(_joined(units, seen, marks, removal)))
    regions = tuple(sorted({each.region for each in seen.instances}))
    switches = seen.stack_set.auto_deployment != update.auto_deployment
    plain = Step(UPDATE_SET, None, regions, content=update.content)
    switch = replace(plain, switches_auto=True)
    # A create that names what is there and OUTDATED would deploy it with the overrides it has.
    deployed = [*creations, *updates] if units.certain else [*updates, *creations]
    # A create leaves what has joined as it is.
    instances = [*imports, *deployed]
    if switches and not update.auto_deployment.is_enabled:
        # Otherwise StackSets might make again what is deleted.
        return [switch, *deletions, *instances]
    if switches and update.differs and not (creations or imports):
        return [*deletions, switch, *updates]
    first, last = [plain] if update.differs else [], [switch] if switches else []
    return [*deletions, *first, *instances, *last]


def _broken(
    units: Units, seen: Observation, marks: Marks, removal: Removal
) -> dict[bool, dict[Place, Cell]]:
    """The wanted instances that have to be made again, by whether their stacks stay.

    An earlier delete has left them half deleted; or a stack that was to join has not, and the
    template does not name it any more.
    """
    found: dict[bool, list[tuple[Place, str, Overrides]]] = {False: [], True: []}
    for target, state in seen.instances.items():
        has_not_joined = state.is_failed_import and target not in removal.staying
        if not (has_not_joined or must_be_replaced(state, marks)) or not _is_own(state, marks):
            continue
        overrides = units.wanted_overrides(target, state)
        if overrides is not None:
            place = units.place_of(target, state)
            found[has_not_joined].append((place, target.account, overrides))
    return {retains: cells_of(cells) for retains, cells in found.items()}


def _overridden(
    units: Units, found: Change, seen: Observation, marks: Marks
) -> dict[tuple[Place, Target], Overrides]:
    """The instances of the resource's own whose overrides differ."""
    differing = {}
    for target, state in seen.instances.items():
        wanted = units.wanted_overrides(target, state)
        if wanted is None or not _is_own(state, marks):
            continue
        if marks.action_of(state.last_operation_id) in {CREATE, UPDATE}:
            continue
        place = units.home_of(target, state)
        if units.tells_overrides(target, state):
            differs = found.overridden.get(place, NOWHERE).of(target.account) is not None
        else:
            differs = seen.known_overrides.get(target) != wanted
        if differs:
            differing[place, target] = wanted
    return differing


def _taken_over(
    units: Units, seen: Observation, marks: Marks
) -> dict[tuple[Place, Target], Overrides]:
    """The wanted instances that were there before: once updated, they are known for one's own."""
    if not marks.adopts:
        return {}
    return {
        (units.home_of(target, state), target): wanted
        for target, state in seen.instances.items()
        if not marks.is_of_resource(state.last_operation_id)
        and (wanted := units.wanted_overrides(target, state)) is not None
    }


def _worth_retrying(
    units: Units, seen: Observation, marks: Marks
) -> dict[tuple[Place, Target], Overrides]:
    return {
        (units.home_of(target, state), target): wanted
        for target, state in seen.instances.items()
        if worth_retrying(state, marks)
        and _is_own(state, marks)
        and (wanted := units.wanted_overrides(target, state)) is not None
    }


def _joined(units: Units, seen: Observation, marks: Marks, removal: Removal) -> dict[Target, str]:
    """The units of instances that joined, that no group names, and that have to be tried again."""
    return {
        target: units.home_of(target, state).unit
        for target, state in seen.instances.items()
        if target in removal.staying
        and worth_retrying(state, marks)
        and units.wanted_overrides(target, state) is None
    }


def _updates(instances: Mapping[tuple[Place, Target], Overrides]) -> list[Step]:
    """One account without an instance refuses a whole call, so those that are there are named."""
    by_overrides: dict[Overrides, dict[Target, str]] = defaultdict(dict)
    for (place, target), overrides in instances.items():
        by_overrides[overrides][target] = place.unit
    return [
        Step(UPDATE, box, box.regions, overrides)
        for overrides, part in sorted(by_overrides.items())
        for box in cover_accounts(part)
    ]


def of_others(units: Units, seen: Observation, marks: Marks) -> int:
    """Returns how many of the wanted instances count as those of others."""
    return sum(
        not _is_own(state, marks) and units.wanted_overrides(target, state) is not None
        for target, state in seen.instances.items()
    )


def verify_units(
    units: Units,
    seen: Observation,
    marks: Marks,
    tolerated: Container[Target] = frozenset(),
    imported: frozenset[Target] = frozenset(),
) -> None:
    """Take a stack set for deployed when no step is left, or say what is not where it should be.

    Args:
        units: Where it is to be deployed.
        seen: The last look.
        marks: Those of this request.
        tolerated: Instances on which an operation was allowed to fail.
        imported: Instances that are wanted though no group may name them.

    Raises:
        OperationFailed: Some stack of the resource's own is not CURRENT, and its account is not
            suspended.
    """
    behind = {
        target: state
        for target, state in seen.instances.items()
        if not (state.is_current or state.is_suspended or target in tolerated)
        and _is_own(state, marks)
        and (target in imported or units.wanted_overrides(target, state) is not None)
    }
    unable = without_stack(imported, seen)
    if behind or unable:
        failures: list[Failure] = unable + [
            failure(target, state) for target, state in behind.items() if not state.is_cancelled
        ]
        cancelled = sum(state.is_cancelled for state in behind.values())
        text = "No operation is left to try."
        raise OperationFailed(text, failures, cancelled)
