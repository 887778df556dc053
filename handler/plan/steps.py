"""Steps: the operations that a plan is made of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from handler.values.spec import NO_OVERRIDES, Overrides
from handler.values.targets import Rectangle, Target

DELETE = "DeleteStackInstances"
UPDATE_SET = "UpdateStackSet"
CREATE = "CreateStackInstances"
UPDATE = "UpdateStackInstances"
DETECT_DRIFT = "DetectStackSetDrift"
ALL_STEPS = (DELETE, UPDATE_SET, CREATE, UPDATE)


@dataclass(frozen=True)
class Step:
    """One operation to start.

    Attributes:
        action: The API call that starts it.
        rectangle: The instances that it names; None for an UpdateStackSet that reaches all.
        overrides: What CreateStackInstances and UpdateStackInstances set.
        retain_stacks: Whether DeleteStackInstances leaves the stacks where they are.
        regions: The regions it reaches, sorted: what a RegionOrder for it has to name.
        content: The configuration that UpdateStackSet sends, in words of its own.
    """

    action: str
    rectangle: Rectangle | None
    regions: tuple[str, ...]
    overrides: Overrides = NO_OVERRIDES
    retain_stacks: bool = False
    content: str = ""


def batches(steps: Iterable[Step]) -> list[list[Step]]:
    """Split steps into those that can run side by side, for a stack set with managed execution.

    Returns:
        Batches in order; no two steps of a batch reach the same instance.
    """
    found: list[list[Step]] = []
    reached: set[Target] = set()
    for step in steps:
        targets = step.rectangle.targets() if step.rectangle is not None else frozenset()
        alone = step.action == UPDATE_SET or not reached
        if alone or not reached.isdisjoint(targets):
            found.append([])
            reached = set()
        found[-1].append(step)
        reached |= targets if step.action != UPDATE_SET else frozenset()
    return found
