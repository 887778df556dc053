"""What to do next: from what is wanted and what is there to the fewest operations. No AWS here.

Instances that leave are deleted first, so that nothing doomed is updated, and with them those that
a failed delete has left half deleted; then the stack set is
updated, then missing instances are created from what it has become, then those are updated whose
overrides differ or which stayed OUTDATED. Overrides come last because the API lets an instance
override a new template parameter only once the template has been rolled out to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace

from handler.errors import Failure, OperationFailed
from handler.plan.configuration import stays_current
from handler.plan.cover import cover
from handler.plan.imports import (
    has_not_joined,
    plan_imports,
    plan_retries,
    without_group,
    without_stack,
)
from handler.plan.marks import Marks
from handler.plan.removal import STACKS_GO, Removal, leaving, was_named
from handler.plan.states import is_lost_import, must_be_replaced, worth_retrying
from handler.plan.steps import CREATE, DELETE, IMPORT, UPDATE, UPDATE_SET, Step
from handler.values.observation import InstanceState, Observation
from handler.values.spec import Overrides, Previous, StackSetSpec
from handler.values.targets import Rectangle, Target


def plan_deployment(  # noqa: PLR0913  what is wanted, what was, what is, and how to go about it
    spec: StackSetSpec,
    previous: Previous,
    seen: Observation,
    marks: Marks,
    set_content: str | None,
    *,
    removal: Removal = STACKS_GO,
) -> list[Step]:
    """The steps from what is there to what the template says.

    Args:
        spec: What the template says.
        previous: What it said before.
        seen: What is there.
        marks: Those of this request.
        set_content: What UpdateStackSet has to send, in words of its own; None where the stack
            set's own configuration is as it should be.
        removal: What becomes of the stacks of instances that leave.

    Returns:
        Steps in the order in which to take them; none when all is done that can be.
    """
    wanted = spec.instances
    found = _difference(spec, previous, seen, marks)
    imports = plan_imports(spec, seen, marks, found.leaving)
    removal = replace(removal, coming_back=wanted)
    deletions = plan_deletion(found.leaving, marks, removal)
    creations = _grouped(CREATE, wanted, found.missing)
    if set_content is None:
        stale = [*found.overridden, *found.outdated]
        again = plan_retries(cover(without_group(spec, found.remaining, marks)))
        return [*deletions, *imports, *creations, *_grouped(UPDATE, wanted, stale), *again]
    updates = _grouped(UPDATE, wanted, found.overridden)
    scope = _scope_of_set_update(found, spec, seen)
    regions = scope.regions if scope else _regions(found.remaining, seen)
    set_update = Step(UPDATE_SET, scope, regions, content=set_content)
    is_held_back = not all(state.is_current for state in found.overridden.values())
    if scope is None and is_held_back and _are_known(found.overridden, spec, seen):
        # Overrides that hold an instance back would fail the update of the set as well.
        return [*deletions, *updates, set_update, *imports, *creations]
    return [*deletions, set_update, *imports, *creations, *updates]


@dataclass(frozen=True)
class _Difference:
    """How the instances that are there differ from those that are wanted.

    Attributes:
        leaving: Those to delete.
        remaining: All others that are there.
        missing: Those to create.
        overridden: Those of the remaining whose overrides differ.
        outdated: Those of the remaining that only have to be tried again.
    """

    leaving: Mapping[Target, InstanceState]
    remaining: Mapping[Target, InstanceState]
    missing: Collection[Target]
    overridden: Mapping[Target, InstanceState]
    outdated: Collection[Target]


def _difference(
    spec: StackSetSpec, previous: Previous, seen: Observation, marks: Marks
) -> _Difference:
    wanted, imported = spec.instances, spec.imported
    half_deleted = {
        target: state
        for target, state in seen.instances.items()
        if (target in wanted and must_be_replaced(state, marks))
        or (target in imported and has_not_joined(state, marks))
        or (target not in imported and is_lost_import(state, marks, is_wanted=target in wanted))
    }
    going = {**leaving(spec.targets, previous, seen, marks), **half_deleted}
    remaining = {t: state for t, state in seen.instances.items() if t not in going}
    overridden = {
        target: state
        for target, state in remaining.items()
        if target in wanted
        and not state.is_failed_import
        and overrides_in_force(target, wanted[target], previous, seen, marks) != wanted[target]
    }
    return _Difference(
        going,
        remaining,
        [each for each in wanted if each not in remaining and each not in imported],
        overridden,
        [
            target
            for target, state in remaining.items()
            if target in wanted and target not in overridden and worth_retrying(state, marks)
        ],
    )


def _regions(targets: Iterable[Target], seen: Observation) -> tuple[str, ...]:
    """The Regions of these instances, without those where a list that lags shows some alone."""
    regions, known = {each.region for each in targets}, seen.stack_set.regions
    return tuple(sorted(regions if known is None else regions & known))


def _scope_of_set_update(
    found: _Difference, spec: StackSetSpec, seen: Observation
) -> Rectangle | None:
    """What UpdateStackSet should reach, so that no instance is deployed twice; None for all.

    Instances whose overrides change are left to UpdateStackInstances, which deploys the new
    template with the new overrides at once. That takes no more operations where one rectangle
    covers the others, and works where the API knows the overridden parameters already, and where
    only template and parameters change: instances out of scope keep the old tags and yet count as
    CURRENT.
    """
    if not found.overridden or stays_current(spec, seen.stack_set):
        return None
    others = cover(target for target in found.remaining if target not in found.overridden)
    is_one = len(others) == 1 and _are_known(found.overridden, spec, seen)
    return others[0] if is_one else None


def _are_known(overridden: Iterable[Target], spec: StackSetSpec, seen: Observation) -> bool:
    """Whether the stack set's present template has all parameters that are to be overridden."""
    known = seen.stack_set.parameters or {}
    return all(key in known for target in overridden for key, _ in spec.instances[target])


def plan_deletion(
    instances: Mapping[Target, InstanceState], marks: Marks, removal: Removal = STACKS_GO
) -> list[Step]:
    """The steps that delete instances, with their stacks or without."""
    by_fate: dict[bool, list[Target]] = defaultdict(list)
    for target, state in instances.items():
        leaves_stack = removal.leaves_stack(target, state, marks)
        if leaves_stack is not None:
            by_fate[leaves_stack].append(target)
    return [
        Step(DELETE, rectangle, rectangle.regions, retain_stacks=leaves_stack)
        for leaves_stack, targets in sorted(by_fate.items())
        for rectangle in cover(targets)
    ]


def verify(
    spec: StackSetSpec, seen: Observation, tolerated: Container[Target] = frozenset()
) -> None:
    """Take a stack set for deployed when no step is left, or say what is not where it should be.

    Args:
        spec: What the template says.
        seen: The last look.
        tolerated: Instances on which an operation was allowed to fail.

    Raises:
        OperationFailed: Some other stack is not CURRENT, and its account is not suspended.
    """
    missing = [
        Failure(*target, "The instance was deleted while this request ran.")
        for target in spec.targets
        if target not in seen.instances and target not in tolerated
    ] + without_stack(spec.imported, seen)
    behind = {
        target: state
        for target, state in seen.instances.items()
        if target in spec.targets
        and not (state.is_current or state.is_suspended or target in tolerated)
    }
    failed = [failure(target, state) for target, state in behind.items() if not state.is_cancelled]
    if missing or behind:
        cancelled = sum(state.is_cancelled for state in behind.values())
        text = "No operation is left to try."
        raise OperationFailed(text, [*missing, *failed], cancelled)


def failure(target: Target, state: InstanceState) -> Failure:
    """Why an instance is not where it should be, as far as its state tells."""
    return Failure(*target, state.reason or f"The instance is {state.status}.")


def known_before(instances: Mapping[Target, InstanceState], marks: Marks) -> Previous:
    """What a stack set was that the resource has, though no properties tell of it."""
    return Previous(
        {
            target: None
            for target, state in instances.items()
            if marks.names_instances_of_resource(state.last_operation_id)
        },
        certain=False,
    )


def interrupted(
    previous: Previous, instances: Mapping[Target, InstanceState], marks: Marks
) -> Previous:
    """What a stack set was whose last deployment perhaps never came to its end.

    Nobody knows which overrides it has brought into force, nor which values that the API masks;
    and what it was to delete, and has begun to, is still the resource's.
    """
    known = known_before(instances, marks).instances
    spec = previous.spec
    if spec is not None:
        spec = replace(spec, parameters=dict.fromkeys(spec.parameters, ""))
    unknown = dict.fromkeys([*previous.instances, *known])
    everywhere = dict.fromkeys(previous.in_all_regions)
    return replace(
        previous,
        instances=unknown,
        spec=spec,
        is_doubtful=True,
        is_cut_short=True,
        in_all_regions=everywhere,
    )


def doubtful_overrides(previous: Previous, spec: StackSetSpec) -> Previous:
    """The same with every override unknown that the old properties name, or the new.

    A deployment that was answered early may have ended without reaching them all.
    """
    return replace(
        previous,
        instances={
            target: None if overrides or spec.instances.get(target) else overrides
            for target, overrides in previous.instances.items()
        },
        in_all_regions=dict.fromkeys(previous.in_all_regions),
        is_doubtful=True,
    )


def unknown_overrides(
    spec: StackSetSpec, previous: Previous, seen: Observation, marks: Marks
) -> list[Target]:
    """The wanted instances whose overrides nothing but DescribeStackInstance can tell.

    These are instances that exist though the old properties do not name them, and those on which
    old properties that were perhaps never applied disagree with the new.
    """
    return sorted(
        target
        for target, overrides in spec.instances.items()
        if target in seen.instances
        and overrides_in_force(target, overrides, previous, seen, marks) is None
    )


def operations_that_override(wanted: Mapping[Target, Overrides], targets: Iterable[Target]) -> int:
    """Returns how many operations set the overrides of these instances."""
    return len(_grouped(UPDATE, wanted, targets))


def overrides_in_force(
    target: Target, wanted: Overrides, previous: Previous, seen: Observation, marks: Marks
) -> Overrides | None:
    """The overrides that an existing instance has now; None where they must be looked up."""
    state = seen.instances[target]
    if marks.action_of(state.last_operation_id) in {CREATE, UPDATE}:
        return wanted
    if target in seen.known_overrides:
        return seen.known_overrides[target]
    if marks.action_of(state.last_operation_id) == IMPORT:
        return None
    before = previous.instances.get(target)
    if target not in previous.instances and was_named(target, state, previous, marks):
        before = previous.in_all_regions.get(target.account)
    return before if previous.certain or before == wanted else None


def _grouped(
    action: str, wanted: Mapping[Target, Overrides], targets: Iterable[Target]
) -> list[Step]:
    by_overrides: dict[Overrides, list[Target]] = defaultdict(list)
    for target in targets:
        by_overrides[wanted[target]].append(target)
    return [
        Step(action, rectangle, rectangle.regions, overrides)
        for overrides, alike in sorted(by_overrides.items())
        for rectangle in cover(alike)
    ]
