"""What to do next for a service-managed stack set, whose accounts are those of units.

Old and new properties decide what is created and deleted, since nobody knows who is in a unit; the
list of instances only tells which of them can be named. So a step is done when its operation has
succeeded, not when a list shows it. What others have made, StackSets itself among them, is left to
them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from handler.errors import Failure, OperationFailed
from handler.plan.boxes import by_overrides, cover_by_boxes
from handler.plan.instances import failure, must_be_replaced, worth_retrying
from handler.plan.marks import Marks
from handler.plan.selections import Change, change
from handler.plan.steps import CREATE, DELETE, UPDATE, UPDATE_SET, Step
from handler.values.observation import InstanceState, Observation
from handler.values.organization import AutoDeployment
from handler.values.selection import NOWHERE, Cell, Place, Selection, Tree, combined, in_force
from handler.values.spec import Overrides
from handler.values.targets import ALL, DIFFERENCE, INTERSECTION, Box, Target


@dataclass(frozen=True)
class Units:
    """Where a service-managed stack set is deployed, and was.

    Attributes:
        wanted: What the template selects.
        before: What it selected before.
        tree: What is known of the organization.
        certain: Whether what was selected before is deployed, as far as is known.
    """

    wanted: Selection
    before: Selection = field(default_factory=dict)
    tree: Tree = field(default_factory=Tree)
    certain: bool = True

    def place_of(self, target: Target, state: InstanceState) -> Place:
        """Returns the place for which an instance was made.

        The API shows the unit that the call named; perhaps it is the account's own instead.
        """
        place = Place(state.unit, target.region)
        known = {*self.wanted, *self.before}
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

    def wanted_overrides(self, target: Target, state: InstanceState) -> Overrides | None:
        """Returns the overrides that an instance is to have; None for one that nobody wants."""
        place = self.place_of(target, state)
        return in_force(self.wanted, place, self.tree).of(target.account)

    def overrides_before(self, target: Target, state: InstanceState) -> Overrides | None:
        """Returns the overrides that an instance had; None for unknown, or no instance."""
        place = self.place_of(target, state)
        return in_force(self.before, place, self.tree).of(target.account)


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
    if units.certain:
        return []
    return sorted(
        target
        for target, state in seen.instances.items()
        if units.wanted_overrides(target, state) is not None
        and marks.action_of(state.last_operation_id) not in {CREATE, UPDATE}
        and marks.is_of_resource(state.last_operation_id)
    )


def plan_units(units: Units, seen: Observation, marks: Marks, update: SetUpdate) -> list[Step]:
    """The steps from what is there to what the template says.

    Args:
        units: Where the stack set is to be deployed.
        seen: What is there.
        marks: Those of this request.
        update: What the stack set itself is to become.

    Returns:
        Steps in the order in which to take them. Steps whose operations have succeeded are among
        them, since no list tells that they are done.

    Raises:
        UnknownMembers: It takes to know who is in a unit.
    """
    found = change(units.before, units.wanted, units.tree)
    broken = _broken(units, seen, marks)
    deletions = _deletions(found.leaving, broken)
    creations = _creations(units, found, broken)
    stale = {} if update.differs else _worth_retrying(units, seen, marks)
    updates = _updates({**_overridden(units, found, seen, marks), **stale})
    regions = tuple(sorted({each.region for each in seen.instances}))
    switches = seen.stack_set.auto_deployment != update.auto_deployment
    plain = Step(UPDATE_SET, None, regions, content=update.content)
    switch = replace(plain, switches_auto=True)
    # A create that names what is there and OUTDATED would deploy it with the overrides it has.
    instances = [*creations, *updates] if units.certain else [*updates, *creations]
    if switches and not update.auto_deployment.is_enabled:
        # Otherwise StackSets might make again what is deleted.
        return [switch, *deletions, *instances]
    if switches and update.differs and not creations:
        return [*deletions, switch, *updates]
    first, last = [plain] if update.differs else [], [switch] if switches else []
    return [*deletions, *first, *instances, *last]


def _broken(units: Units, seen: Observation, marks: Marks) -> dict[Place, Cell]:
    """The wanted instances that an earlier delete has left half deleted."""
    return _cells(
        (units.place_of(target, state), target.account, overrides)
        for target, state in seen.instances.items()
        if must_be_replaced(state, marks)
        and marks.is_of_resource(state.last_operation_id)
        and (overrides := units.wanted_overrides(target, state)) is not None
    )


def _deletions(leaving: Selection, broken: Selection) -> list[Step]:
    boxes = [*cover_by_boxes(leaving), *cover_by_boxes(broken)]
    return [Step(DELETE, box, box.regions) for box in boxes]


def _creations(units: Units, found: Change, broken: Selection) -> list[Step]:
    """What has to be created; all that is wanted where nobody knows what is there.

    What is there as wanted is left as it is by a create, so it may be named with the rest.
    """
    wanted = by_overrides(found.joining if units.certain else units.wanted)
    there = by_overrides(_unchanged(units)) if units.certain else {}
    steps = [
        Step(CREATE, box, box.regions, overrides)
        for overrides, part in wanted.items()
        for box in cover_by_boxes(part, {**there.get(overrides, {})})
    ]
    again = [
        Step(CREATE, box, box.regions, overrides)
        for overrides, part in by_overrides(broken).items()
        for box in cover_by_boxes(part)
    ]
    return [*steps, *(each for each in again if each not in steps)]


def _unchanged(units: Units) -> dict[Place, Cell]:
    """What was selected before with the overrides that are wanted now."""
    return {
        place: combined(_same, [in_force(units.before, place, units.tree), cell])
        for place, cell in units.wanted.items()
    }


def _same(before: Overrides | None, wanted: Overrides | None) -> Overrides | None:
    return wanted if before == wanted else None


def _overridden(
    units: Units, found: Change, seen: Observation, marks: Marks
) -> dict[tuple[Place, Target], Overrides]:
    """The instances of the resource's own whose overrides differ."""
    differing = {}
    for target, state in seen.instances.items():
        wanted = units.wanted_overrides(target, state)
        if wanted is None or not marks.is_of_resource(state.last_operation_id):
            continue
        if marks.action_of(state.last_operation_id) in {CREATE, UPDATE}:
            continue
        place = units.place_of(target, state)
        if units.certain:
            differs = found.overridden.get(place, NOWHERE).of(target.account) is not None
        else:
            differs = seen.known_overrides.get(target) != wanted
        if differs:
            differing[place, target] = wanted
    return differing


def _worth_retrying(
    units: Units, seen: Observation, marks: Marks
) -> dict[tuple[Place, Target], Overrides]:
    return {
        (units.place_of(target, state), target): wanted
        for target, state in seen.instances.items()
        if worth_retrying(state, marks)
        and marks.is_of_resource(state.last_operation_id)
        and (wanted := units.wanted_overrides(target, state)) is not None
    }


def _updates(instances: Mapping[tuple[Place, Target], Overrides]) -> list[Step]:
    """One account without an instance refuses a whole call, so those that are there are named."""
    cells = _cells((place, target.account, each) for (place, target), each in instances.items())
    return [
        Step(UPDATE, box, box.regions, overrides)
        for overrides, part in by_overrides(cells).items()
        for box in cover_by_boxes(part)
    ]


def _cells(named: Iterable[tuple[Place, str, Overrides]]) -> dict[Place, Cell]:
    by_place: dict[Place, dict[str, Overrides | None]] = defaultdict(dict)
    for place, account, overrides in named:
        by_place[place][account] = overrides
    return {place: Cell(None, accounts) for place, accounts in by_place.items()}


def plan_deletion_by_unit(instances: Mapping[Target, InstanceState], marks: Marks) -> list[Step]:
    """The steps that delete all instances, whoever made them.

    The stacks of suspended accounts cannot be reached, so they are only forgotten.
    """
    by_reach: dict[bool, dict[Target, InstanceState]] = defaultdict(dict)
    for target, state in instances.items():
        tried = marks.action_of(state.last_operation_id) == DELETE
        by_reach[state.is_suspended or (tried and not state.has_stack)][target] = state
    left = tuple(sorted({each.account for each in by_reach[True]}))
    steps = []
    if by_reach[False]:
        units, regions = _sides(by_reach[False])
        box = Box(units, regions, DIFFERENCE if left else ALL, left)
        steps.append(Step(DELETE, box, regions))
    if left:
        units, regions = _sides(by_reach[True])
        box = Box(units, regions, INTERSECTION, left)
        steps.append(Step(DELETE, box, regions, retain_stacks=True))
    return steps


def _sides(instances: Mapping[Target, InstanceState]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    units = {state.unit for state in instances.values()}
    return tuple(sorted(units)), tuple(sorted({each.region for each in instances}))


def verify_units(units: Units, seen: Observation, marks: Marks) -> None:
    """Take a stack set for deployed when no step is left, or say what is not where it should be.

    Raises:
        OperationFailed: Some stack of the resource's own is not CURRENT, and its account is not
            suspended.
    """
    behind = {
        target: state
        for target, state in seen.instances.items()
        if not (state.is_current or state.is_suspended)
        and marks.is_of_resource(state.last_operation_id)
        and units.wanted_overrides(target, state) is not None
    }
    if behind:
        failures: list[Failure] = [
            failure(target, state) for target, state in behind.items() if not state.is_cancelled
        ]
        cancelled = sum(state.is_cancelled for state in behind.values())
        text = "No operation is left to try."
        raise OperationFailed(text, failures, cancelled)
