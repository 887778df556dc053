"""How long a plan is likely to take, by what StackSets lets go at the same time.

An operation goes through the accounts of a Region in rounds, and through Regions one after the
other or side by side. What is not known beforehand counts as nothing, so that an estimate is
rather too short than too long.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handler.plan.marks import read_mark
from handler.plan.steps import CREATE, DELETE, IMPORT, UPDATE, UPDATE_SET, Step, reached
from handler.values.observation import InstanceState, OperationState
from handler.values.preferences import BALANCED, FAST, PARALLEL, PREFERENCES, SOFT, at_once
from handler.values.targets import INTERSECTION, Box, Target

ASSUMED = 60.0
"""Seconds that a stack takes where nothing better is known."""

_ACTIONS = {
    CREATE: "CREATE",
    UPDATE: "UPDATE",
    UPDATE_SET: "UPDATE",
    DELETE: "DELETE",
    IMPORT: "IMPORT",
}


@dataclass(frozen=True)
class Load:
    """What one operation has to do.

    Attributes:
        action: As lists of operations name it: CREATE, UPDATE or DELETE.
        accounts: How many stacks it deploys in each Region.
    """

    action: str
    accounts: Mapping[str, int]

    @classmethod
    def of(cls, step: Step, listed: Mapping[Target, InstanceState]) -> Load:
        """Returns what a step has to do, as far as that is known.

        Args:
            step: The step.
            listed: All instances that are there. Of units they tell who is in them.
        """
        return cls(_ACTIONS[step.action], by_region(_worked_on(step, listed)))


@dataclass(frozen=True)
class Outlook:
    """What is left to do, and how fast stacks go.

    Attributes:
        plan: Batches that go one after the other, each of operations that go side by side.
        paces: Seconds that a stack takes, by action; `ASSUMED` for others.
    """

    plan: Sequence[Sequence[Load]]
    paces: Mapping[str, float] = field(default_factory=dict)

    def seconds(self, preferences: Mapping[str, Any]) -> float:
        """Returns how long all of it takes.

        Args:
            preferences: Those of each operation, in the API's form.
        """
        return sum(
            max((self._seconds_of(each, preferences) for each in batch), default=0.0)
            for batch in self.plan
        )

    def seconds_a_stack(self, preferences: Mapping[str, Any]) -> float:
        """Returns how long one stack takes, in the operation that takes the longest."""
        loads = [each for batch in self.plan for each in batch]
        longest = max(loads, key=lambda each: self._seconds_of(each, preferences))
        return self._pace(longest)

    def _seconds_of(self, load: Load, preferences: Mapping[str, Any]) -> float:
        return rounds(load.accounts, preferences) * self._pace(load)

    def _pace(self, load: Load) -> float:
        return self.paces.get(load.action, ASSUMED)


def by_region(targets: Iterable[Target]) -> Mapping[str, int]:
    """Returns how many there are in each Region."""
    return Counter(each.region for each in targets)


def rounds(accounts: Mapping[str, int], preferences: Mapping[str, Any]) -> int:
    """Returns how many stacks an operation deploys one after the other.

    Args:
        accounts: How many it deploys in each Region.
        preferences: The operation's, in the API's form.
    """
    found = [-(-number // at_once(preferences, number)) for number in accounts.values() if number]
    is_parallel = preferences.get("RegionConcurrencyType") == PARALLEL
    return max(found, default=0) if is_parallel else sum(found)


def paces(
    recent: Iterable[OperationState],
    listed: Mapping[Target, InstanceState],
    own: Mapping[str, int],
) -> dict[str, float]:
    """Returns how many seconds a stack takes, by action, as far as operations have shown.

    With which preferences an operation of another request went is in no list: of such a one it is
    only known that none of its stacks took longer than the whole.

    Args:
        recent: The last operations, newest first.
        listed: All instances that are there.
        own: How many rounds operations of this request have taken, by id.
    """
    touched = {each.last_operation_id for each in listed.values()}
    found: dict[str, float] = {}
    for each in recent:
        took = each.ended - each.began
        mark = read_mark(each.operation_id)
        is_import = mark is not None and mark.action == IMPORT
        if each.status != "SUCCEEDED" or not each.began or took <= 0 or is_import:
            continue
        if own.get(each.operation_id):
            found.setdefault(each.action, took / own[each.operation_id])
        elif each.operation_id in touched:
            found.setdefault(each.action, min(took, ASSUMED))
    return found


def faster(preferences: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields what an author may write to go faster, with the preferences that it comes to.

    Args:
        preferences: Those in force, in the API's form. What is written as a map is changed member
            by member.
    """
    if preferences and preferences not in PREFERENCES.values():
        kept = {key: each for key, each in preferences.items() if key != "MaxConcurrentCount"}
        higher = {**kept, "MaxConcurrentPercentage": 100, "ConcurrencyMode": SOFT}
        yield f"a higher MaxConcurrentPercentage with ConcurrencyMode: {SOFT}", higher
        side_by_side = {**preferences, "RegionConcurrencyType": PARALLEL}
        yield f"RegionConcurrencyType: {PARALLEL}", side_by_side
    else:
        yield f"OperationPreferences: {BALANCED}", PREFERENCES[BALANCED]
    yield f"OperationPreferences: {FAST}", PREFERENCES[FAST]


def _worked_on(step: Step, listed: Mapping[Target, InstanceState]) -> Iterable[Target]:
    if step.action == CREATE:
        reach = step.reach
        return _missing(reach, listed) if isinstance(reach, Box) else step.targets
    if step.retain_stacks or step.action == IMPORT:
        return ()  # an instance that comes or goes without its stack takes no time to speak of
    return [each for each in reached(step, listed) if not listed[each].is_suspended]


def _missing(box: Box, listed: Mapping[Target, InstanceState]) -> list[Target]:
    """What is to be made of units: for accounts that are named, or have instances elsewhere."""
    if box.account_filter == INTERSECTION:
        accounts = set(box.accounts)
    else:
        members = {each.account for each, state in listed.items() if state.unit in box.units}
        accounts = members - set(box.accounts)
    wanted = (Target(account, region) for account in accounts for region in box.regions)
    return [each for each in wanted if each not in listed]
