"""What to do next: from what is wanted and what is there to the fewest operations. No AWS here.

Instances that leave are deleted first, so that nothing doomed is updated, and with them those that
a failed delete has left half deleted; then the stack set is
updated, then missing instances are created from what it has become, then those are updated whose
overrides differ or which stayed OUTDATED. Overrides come last because the API lets an instance
override a new template parameter only once the template has been rolled out to it.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from handler.cover import cover
from handler.errors import Failure, OperationFailed
from handler.observation import InstanceState, Observation
from handler.spec import NO_OVERRIDES, Overrides, StackSetSpec
from handler.targets import Rectangle, Target

DELETE = "DeleteStackInstances"
UPDATE_SET = "UpdateStackSet"
CREATE = "CreateStackInstances"
UPDATE = "UpdateStackInstances"
ALL_STEPS = (DELETE, UPDATE_SET, CREATE, UPDATE)
_KINDS = {DELETE: "delete", UPDATE_SET: "set", CREATE: "create", UPDATE: "update"}
_ACTIONS = {kind: action for action, kind in _KINDS.items()}


@dataclass(frozen=True)
class Step:
    """One operation to start.

    Attributes:
        action: The API call that starts it.
        rectangle: The instances that it names; None for UpdateStackSet, which reaches all.
        overrides: What CreateStackInstances and UpdateStackInstances set.
        retain_stacks: Whether DeleteStackInstances leaves the stacks where they are.
        regions: The regions it reaches, sorted: what a RegionOrder for it has to name.
        content: What else tells it from another step of its kind, such as the configuration
            that UpdateStackSet sends.
    """

    action: str
    rectangle: Rectangle | None
    regions: tuple[str, ...]
    overrides: Overrides = NO_OVERRIDES
    retain_stacks: bool = False
    content: str = ""


@dataclass(frozen=True)
class Marks:
    """Makes OperationIds that tell, whoever reads them later, whose operation it is.

    An id is ``RESOURCE-REQUEST-KIND-CONTENT``: the first part is the same for all requests of one
    resource in one stack, and the same step of the same request always gets the same id. So a
    repeated request finds its operation started already instead of starting it again.
    """

    resource: str
    request: str

    @classmethod
    def of(cls, stack_id: str, logical_id: str, request_id: str) -> Marks:
        """The marks of one request for one resource."""
        return cls(_digest(stack_id, logical_id), _digest(request_id))

    def operation_id(self, step: Step) -> str:
        """The OperationId of a step: at most 128 letters, digits and hyphens."""
        return f"{self.resource}-{self.request}-{_KINDS[step.action]}-{_digest(repr(step))}"

    def client_request_token(self, name: str) -> str:
        """The ClientRequestToken with which this request creates the stack set of that name."""
        return f"{self.resource}-{self.request}-{_digest(name)}"

    def is_of_resource(self, operation_id: str) -> bool:
        """Whether a request of this resource, this one or another, started the operation."""
        return operation_id.startswith(f"{self.resource}-")

    def names_instances_of_resource(self, operation_id: str) -> bool:
        """Whether a request of this resource started the operation for just these instances."""
        resource, _, kind, *_ = [*operation_id.split("-"), "", "", ""]
        return resource == self.resource and kind in _ACTIONS and _ACTIONS[kind] != UPDATE_SET

    def action_of(self, operation_id: str) -> str | None:
        """The step's action if this very request started the operation; else None."""
        resource, _, rest = operation_id.partition("-")
        request, _, own = rest.partition("-")
        if (resource, request) != (self.resource, self.request):
            return None
        return _ACTIONS.get(own.partition("-")[0])


@dataclass(frozen=True)
class Previous:
    """What the stack set was before this request, as far as the old properties tell.

    Attributes:
        instances: The overrides of each instance that belonged to the template; None for unknown.
        certain: False where they may never have been applied, as with invalid old properties.
        spec: The old properties in full; None where they are unknown.
        is_new: Whether this request made the stack set, so that it is configured as wanted.
    """

    instances: Mapping[Target, Overrides | None]
    certain: bool = True
    spec: StackSetSpec | None = None
    is_new: bool = False


def plan_deployment(
    spec: StackSetSpec,
    previous: Previous,
    seen: Observation,
    marks: Marks,
    set_content: str | None,
) -> list[Step]:
    """The steps from what is there to what the template says.

    Args:
        spec: What the template says.
        previous: What it said before.
        seen: What is there.
        marks: Those of this request.
        set_content: What UpdateStackSet has to send, in words of its own; None where the stack
            set's own configuration is as it should be.

    Returns:
        Steps in the order in which to take them; none when all is done that can be.
    """
    wanted = spec.instances
    leaving = {
        target: state
        for target, state in seen.instances.items()
        if (target in previous.instances and target not in wanted)
        or (target in wanted and _must_be_replaced(state, marks))
    }
    steps = plan_deletion(leaving, marks)
    remaining = [target for target in seen.instances if target not in leaving]
    if set_content is not None:
        regions = _regions(remaining)
        steps.append(Step(UPDATE_SET, None, regions, content=set_content))
    missing = [each for each in wanted if each not in seen.instances or each in leaving]
    steps += _grouped(CREATE, {target: wanted[target] for target in missing})
    stale = [
        target
        for target in remaining
        if target in wanted
        and (
            overrides_in_force(target, wanted[target], previous, seen, marks) != wanted[target]
            or (set_content is None and _worth_retrying(seen.instances[target], marks))
        )
    ]
    steps += _grouped(UPDATE, {target: wanted[target] for target in stale})
    return steps


def batches(steps: Iterable[Step]) -> list[list[Step]]:
    """Split steps into those that can run side by side, for a stack set with managed execution.

    Returns:
        Batches in order; no two steps of a batch reach the same instance.
    """
    found: list[list[Step]] = []
    reached: set[Target] = set()
    for step in steps:
        targets = step.rectangle.targets() if step.rectangle is not None else None
        if not found or not targets or not reached or not reached.isdisjoint(targets):
            found.append([])
            reached = set()
        found[-1].append(step)
        reached |= targets or set()
    return found


def plan_deletion(instances: Mapping[Target, InstanceState], marks: Marks) -> list[Step]:
    """The steps that delete instances.

    The stacks of suspended accounts cannot be reached, so they are left and only forgotten. So is
    an instance that never had a stack, once deleting it has failed: its account perhaps lacks the
    execution role. Otherwise such instances could never go, and the stack set neither.
    """
    by_reach: dict[bool, list[Target]] = defaultdict(list)
    for target, state in instances.items():
        tried = marks.action_of(state.last_operation_id) == DELETE
        by_reach[state.is_suspended or (tried and not state.stack_id)].append(target)
    return [
        Step(DELETE, rectangle, rectangle.regions, retain_stacks=unreachable)
        for unreachable, targets in sorted(by_reach.items())
        for rectangle in cover(targets)
    ]


def verify(spec: StackSetSpec, seen: Observation) -> None:
    """Take a stack set for deployed when no step is left, or say what is not where it should be.

    Raises:
        OperationFailed: Some stack is not CURRENT, and its account is not suspended.
    """
    missing = [
        Failure(*target, "The instance was deleted while this request ran.")
        for target in spec.instances
        if target not in seen.instances
    ]
    behind = {
        target: state
        for target, state in seen.instances.items()
        if target in spec.instances and not (state.is_current or state.is_suspended)
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


def overrides_in_force(
    target: Target, wanted: Overrides, previous: Previous, seen: Observation, marks: Marks
) -> Overrides | None:
    """The overrides that an existing instance has now; None where they must be looked up."""
    if marks.action_of(seen.instances[target].last_operation_id) in {CREATE, UPDATE}:
        return wanted
    if target in seen.known_overrides:
        return seen.known_overrides[target]
    before = previous.instances.get(target)
    return before if previous.certain or before == wanted else None


def _must_be_replaced(state: InstanceState, marks: Marks) -> bool:
    """Whether an earlier delete has left a stack half deleted, which no update can mend."""
    half_deleted = state.is_inoperable and not state.is_suspended
    return half_deleted and marks.action_of(state.last_operation_id) is None


def _worth_retrying(state: InstanceState, marks: Marks) -> bool:
    beyond_an_update = state.is_current or state.is_suspended or state.is_inoperable
    return not beyond_an_update and marks.action_of(state.last_operation_id) is None


def _grouped(action: str, instances: Mapping[Target, Overrides]) -> list[Step]:
    by_overrides: dict[Overrides, list[Target]] = defaultdict(list)
    for target, overrides in instances.items():
        by_overrides[overrides].append(target)
    return [
        Step(action, rectangle, rectangle.regions, overrides)
        for overrides, targets in sorted(by_overrides.items())
        for rectangle in cover(targets)
    ]


def _regions(targets: Iterable[Target]) -> tuple[str, ...]:
    return tuple(sorted({target.region for target in targets}))


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
