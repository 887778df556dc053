"""What lists showed some moments ago: they are eventually consistent, each on its own."""

from __future__ import annotations

import bisect
import copy
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from emulator.stacksets.dice import Dice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.stacksets.state import Operation, Result, StackInstance, StackSet, Target

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Lag:
    """How many seconds at most each kind of list lags; drawn anew for every listing.

    Attributes:
        operations: Of `ListStackSetOperations`.
        results: Of `ListStackSetOperationResults`.
        instances: Of `ListStackInstances` and `DescribeStackInstance`.
        fixed: Whether every listing lags by the most, so that nothing is drawn.
        seed: For what is drawn.
    """

    operations: float = 0.0
    results: float = 0.0
    instances: float = 0.0
    fixed: bool = False
    seed: int = 0


class _Track(Generic[_Key, _Value]):
    """How the members of one list changed."""

    def __init__(self) -> None:
        self._times: dict[_Key, list[float]] = {}
        self._values: dict[_Key, list[_Value | None]] = {}

    def note(self, key: _Key, value: _Value | None, now: float) -> None:
        """Keep what a member has become; None when it is gone."""
        self._times.setdefault(key, []).append(now)
        self._values.setdefault(key, []).append(value)

    def at(self, moment: float) -> dict[_Key, _Value]:
        """Return the list as it was."""
        found = {}
        for key, times in self._times.items():
            position = bisect.bisect_right(times, moment)
            if position and (value := self._values[key][position - 1]) is not None:
                found[key] = value
        return found


class History:
    """Keeps what the lists of all stack sets showed, from the first lag on.

    Before that nothing is kept, and nothing lags. A listing is of one moment, which its NextToken
    carries on: its pages agree with each other, though not with the next listing.
    """

    def __init__(self) -> None:
        self._lag = Lag()
        self._dice = Dice(0)
        self._recording = False
        self._instances: dict[str, _Track[Target, StackInstance]] = defaultdict(_Track)
        self._operations: dict[str, _Track[str, Operation]] = defaultdict(_Track)
        self._results: dict[tuple[str, str], _Track[Target, Result]] = defaultdict(_Track)
        self._ended: set[tuple[str, str]] = set()

    @property
    def lag(self) -> Lag:
        """The lag in force."""
        return self._lag

    def begin(self, lag: Lag, stack_sets: Iterable[StackSet]) -> None:
        """Put a lag in force; what is there at the first one counts as always there."""
        self._lag = lag
        self._dice = Dice(lag.seed)
        if self._recording or lag == Lag(seed=lag.seed, fixed=lag.fixed):
            return
        self._recording = True
        for item in stack_sets:
            item.touched.update(dict.fromkeys(item.instances))
            for operation in item.operations.values():
                operation.touched.update(dict.fromkeys(operation.results))
            self.note(item, -math.inf)

    def moment(self, seconds: float, now: float) -> float | None:
        """Return as of when a list answers that lags by so many seconds; None for as of now."""
        if not seconds:
            return None
        return now - (seconds if self._lag.fixed else self._dice.uniform(0, seconds))

    def note(self, item: StackSet, now: float) -> None:
        """Keep what has changed in a stack set since the last time."""
        if self._recording:
            track = self._instances[item.stack_set_id]
            for target in item.touched:
                track.note(target, copy.copy(item.instances.get(target)), now)
        item.touched.clear()
        for operation in item.operations.values():
            self._note_operation(item, operation, now)

    def _note_operation(self, item: StackSet, operation: Operation, now: float) -> None:
        key = (item.stack_set_id, operation.operation_id)
        if self._recording and key not in self._ended:
            for target in operation.touched:
                self._results[key].note(target, operation.results[target], now)
            shown = copy.copy(operation)
            shown.tallies = {region: tally.copy() for region, tally in operation.tallies.items()}
            self._operations[item.stack_set_id].note(operation.operation_id, shown, now)
            if operation.ended_at is not None:
                self._ended.add(key)
        operation.touched.clear()

    def instances(self, item: StackSet, moment: float | None) -> dict[Target, StackInstance]:
        """Return the instances as of a moment."""
        if moment is None:
            return item.instances
        return self._instances[item.stack_set_id].at(moment)

    def operations(self, item: StackSet, moment: float | None) -> dict[str, Operation]:
        """Return the operations as of a moment, oldest first."""
        if moment is None:
            return item.operations
        return self._operations[item.stack_set_id].at(moment)

    def results(
        self, item: StackSet, operation: Operation, moment: float | None
    ) -> dict[Target, Result]:
        """Return the results of an operation as of a moment."""
        if moment is None:
            return operation.results
        return self._results[item.stack_set_id, operation.operation_id].at(moment)
