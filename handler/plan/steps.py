"""Steps: the operations that a plan is made of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from handler.values.observation import InstanceState
from handler.values.spec import NO_OVERRIDES, Overrides
from handler.values.targets import Reach, Rectangle, Stacks, Target

DELETE = "DeleteStackInstances"
UPDATE_SET = "UpdateStackSet"
CREATE = "CreateStackInstances"
UPDATE = "UpdateStackInstances"
DETECT_DRIFT = "DetectStackSetDrift"
IMPORT = "ImportStacksToStackSet"
ALL_STEPS = (DELETE, UPDATE_SET, CREATE, UPDATE)
_ONE_BY_ONE = (Rectangle, Stacks)


@dataclass(frozen=True)
class Step:
    """One operation to start.

    Attributes:
        action: The API call that starts it.
        reach: What it names; None for an UpdateStackSet that reaches all instances.
        overrides: What CreateStackInstances and UpdateStackInstances set.
        retain_stacks: Whether DeleteStackInstances leaves the stacks where they are.
        regions: The regions it reaches, sorted: what a RegionOrder for it has to name.
        content: The configuration that UpdateStackSet sends, in words of its own.
        switches_auto: Whether UpdateStackSet sends AutoDeployment as well.
        keeps_overrides: Whether UpdateStackInstances leaves the overrides as they are.
    """

    action: str
    reach: Reach | None
    regions: tuple[str, ...]
    overrides: Overrides = NO_OVERRIDES
    retain_stacks: bool = False
    content: str = ""
    switches_auto: bool = False
    keeps_overrides: bool = False

    @property
    def targets(self) -> frozenset[Target]:
        """The instances that it names one by one; none of units, or where it reaches all."""
        return self.reach.targets() if isinstance(self.reach, _ONE_BY_ONE) else frozenset()


def batches(steps: Iterable[Step]) -> list[list[Step]]:
    """Split steps into those that can run side by side, for a stack set with managed execution.

    Returns:
        Batches in order; no two steps of a batch reach the same instance.
    """
    found: list[list[Step]] = []
    reached: set[object] = set()
    for step in steps:
        alone = step.action == UPDATE_SET or not reached
        if alone or not reached.isdisjoint(_rivals(step)):
            found.append([])
            reached = set()
        found[-1].append(step)
        reached |= _claims(step) if step.action != UPDATE_SET else frozenset()
    return found


def reached(step: Step, listed: Mapping[Target, InstanceState]) -> Collection[Target]:
    """Returns those of the listed instances that a step reaches."""
    reach = step.reach
    if reach is None:
        return listed.keys()
    if isinstance(reach, _ONE_BY_ONE):
        return step.targets & listed.keys()
    return [each for each, state in listed.items() if reach.reaches(state.unit, *each)]


def _claims(step: Step) -> frozenset[object]:
    """Returns what the step reaches; of units, in which nobody knows who is, only how."""
    if isinstance(step.reach, Stacks):
        return step.targets | {IMPORT}
    if isinstance(step.reach, Rectangle):
        return step.targets
    return frozenset({step.action}) if step.reach is not None else frozenset()


def _rivals(step: Step) -> frozenset[object]:
    """Returns what must not be reached beside the step; two of its kind do each other no harm."""
    by_unit = frozenset({CREATE, UPDATE, DELETE})
    if isinstance(step.reach, Stacks):
        return step.targets | by_unit
    if isinstance(step.reach, Rectangle):
        return step.targets
    return (by_unit | {IMPORT}) - {step.action}
