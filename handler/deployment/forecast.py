"""Whether what is left to do is likely to take longer than there is time, and what to write then.

An estimate is told, and no request is refused for it. Only a rollback that would take too long goes
faster than is written.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from handler.deployment.memory import Memory
from handler.deployment.request import Request
from handler.observability import logger
from handler.plan.outcomes import OwnOperation
from handler.plan.pace import Load, Outlook, by_region, faster, paces, rounds
from handler.plan.parameters import NO_PREFERENCES, operation_preferences
from handler.plan.steps import Step, batches
from handler.values.observation import InstanceState, Observation, OperationState
from handler.values.preferences import in_a_hurry
from handler.values.spec import StackSetSpec
from handler.values.targets import Target

# A stack may take longer than is known.
_MARGIN = 2
_NO_MEND = "name fewer accounts or Regions at a time"


@dataclass(frozen=True)
class Forecast:
    """The estimate of one request, made anew with each of its plans.

    Attributes:
        request: Tells how much time there is, and how much there might be.
        memory: Keeps the newest estimate's sentence for the invocations that follow.
        default_preferences: What holds where a template has no operation preferences.
    """

    request: Request
    memory: Memory
    default_preferences: Mapping[str, Any] = field(default_factory=lambda: NO_PREFERENCES)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The newest estimate's sentence; none where all fits, or nothing has been planned."""
        return (self.memory.forecast,) if self.memory.forecast else ()

    def clear(self) -> None:
        """Take note that nothing is left to do."""
        self.memory.forecast = ""

    def outlook(
        self,
        spec: StackSetSpec,
        steps: Sequence[Step],
        seen: Observation,
        recent: Iterable[OperationState],
        done: Iterable[OwnOperation],
    ) -> Outlook:
        """Returns what steps have to do, and how fast stacks go.

        Args:
            spec: What the template says.
            steps: What is left to do.
            seen: What is there.
            recent: The last operations, newest first.
            done: Those of this request that have succeeded.
        """
        listed, managed = seen.instances, spec.managed_execution
        preferences = operation_preferences(spec, (), self.default_preferences)
        plan = batches(steps) if managed else [[each] for each in steps]
        # Of operations that had perhaps to wait for others nobody knows how long they worked.
        own = {} if managed else _rounds(done, listed, preferences)
        return Outlook(
            [[Load.of(each, listed) for each in batch] for batch in plan],
            paces(recent, listed, own),
        )

    def make(self, spec: StackSetSpec, outlook: Outlook) -> None:
        """Compare how long steps take with the time that is left, and keep the sentence."""
        preferences = operation_preferences(spec, (), self.default_preferences)
        left = self._left()
        is_enough = outlook.seconds(preferences) <= left
        told = "" if is_enough else self._sentence(outlook, preferences, left)
        if told and not self.memory.forecast:
            logger.warning(told)
        self.memory.forecast = told

    def in_time(self, spec: StackSetSpec, outlook: Outlook) -> StackSetSpec:
        """Returns what to go back to, with preferences that are likely to get there.

        These are the template's own where half of the time that is left would do.
        """
        preferences = operation_preferences(spec, (), self.default_preferences)
        if outlook.seconds(preferences) * _MARGIN <= self._left():
            return spec
        hurried = in_a_hurry(spec.preferences or self.default_preferences)
        return replace(spec, preferences=hurried)

    def _left(self) -> float:
        return max(0.0, self.request.ends_at - time.time())

    def _sentence(self, outlook: Outlook, preferences: Mapping[str, Any], left: float) -> str:
        mends = ", or ".join(self._mends(outlook, preferences))
        takes, stack = outlook.seconds(preferences), outlook.seconds_a_stack(preferences)
        return (
            f"The deployment was estimated to take {takes / 60:.0f} minutes, at {stack:.0f} seconds"
            f" a stack, when {left // 60:.0f} were left: {f'write {mends}' if mends else _NO_MEND}."
        )

    def _mends(self, outlook: Outlook, preferences: Mapping[str, Any]) -> Iterator[str]:
        """Yields what to write instead, of what is likely to be enough from the beginning."""
        whole, takes = self.request.ends_at - self.request.began, outlook.seconds(preferences)
        for text, each in faster(preferences):
            if outlook.seconds(each) <= whole and outlook.seconds(each) < takes:
                yield text
        for text, ends_at in self.request.later_ends.items():
            if time.time() + takes <= ends_at:
                yield text


def _rounds(
    done: Iterable[OwnOperation],
    listed: Mapping[Target, InstanceState],
    preferences: Mapping[str, Any],
) -> dict[str, int]:
    return {
        each.operation_id: rounds(by_region(each.targets(listed)), preferences) for each in done
    }
