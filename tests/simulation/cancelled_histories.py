"""Random histories in which requests overlap, answers lag and readings differ, from one seed.

A history is played with `python -m tests.simulation.cancelled_histories SEED`.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
from typing import Any

from emulator.virtual.aws import world
from emulator.virtual.functions import SandboxDied
from tests.simulation.histories import History, play_one

_LAGGING = ("DescribeStackResource", "DescribeStacks")


class CancelledHistory(History):
    """One stack's life in a CloudFormation that waits for nobody."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.aws.scheduler.mix(seed)
        self.aws.call_seconds = self.random.choice([0.0625, 0.25, 1.0])
        timing = self.stack.timing
        timing.overlaps = True
        timing.sends_after = self.random.choice([0.0, 0.125, 0.9])
        timing.rolls_back_after = self.random.choice([0.0, 1.0, 2.0])
        for action in _LAGGING:
            self.aws.asking.lag[action] = self.random.choice([0.0, 0.0, 1.0, 5.0])
        self._say("asked stacks lag", self.aws.asking.lag, timing)

    def _change(self) -> None:
        self._plan_overlap()
        super()._change()
        self._drain()

    def _heal(self) -> None:
        super()._heal()
        self._drain()

    def _drain(self) -> None:
        self.aws.scheduler.drain()

    def _plan_overlap(self) -> None:
        if not self._chance(0.5):
            return
        at = self.random.randint(1, 60)
        deed = self.random.choice(["sibling_fails", "cancel", "start_delete"])
        dies = self._chance(0.2)
        self._say("at call", at, deed, "and the sandbox dies" if dies else "")

        def act() -> None:
            if not self.stack.can_be_given_up:
                return
            creating = self.stack.status == "CREATE_IN_PROGRESS"
            if deed == "sibling_fails" or creating == (deed == "start_delete"):
                getattr(self.stack, deed)()
                if dies:
                    raise SandboxDied

        self.aws.at_call(at, act)

    def _of_the_world(self) -> dict[str, Any]:
        """How lists lag, and what the service does where that is not documented."""
        known = inspect.signature(world).parameters
        drawn: dict[str, Any] = {}
        if "lag" in known:
            lag: Any = importlib.import_module("emulator.stacksets.history").Lag
            most = self.random.choice([0.0, 3.0, 10.0, 60.0])
            drawn["lag"] = lag(operations=most, results=most, instances=most)
        if "readings" in known:
            readings: Any = importlib.import_module("emulator.stacksets.readings").Readings
            names = [each.name for each in dataclasses.fields(readings)]
            drawn["readings"] = readings(
                **{each: self.random.choice([True, False]) for each in names}
                # Without the first nothing tells whose a stack set is on which no operation has
                # worked yet, without the second that a CURRENT instance has old tags.
                | {"remembers_creation_token": True, "updated_instances_take_tags": True}
            )
        self._say("the service", drawn)
        return drawn


if __name__ == "__main__":
    play_one(CancelledHistory)
