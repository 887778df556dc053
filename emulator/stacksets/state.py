"""The state of the emulated StackSets: plain data, free to copy, compare and print."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.stacksets.configuration import Configuration
    from emulator.stacksets.selection import Preferences, Selection

NOT_CHECKED = "NOT_CHECKED"
"""The drift status of what no drift detection has looked at."""

OverrideChange = dict[str, str | None]
"""Parameter overrides as a call asks for them; None stands for `UsePreviousValue`."""


class Target(NamedTuple):
    """Where a stack instance lives."""

    account: str
    region: str


@dataclass
class StackInstance:
    """One stack instance.

    Attributes:
        deployed: Whether a create has succeeded.
        tags: The tags of its stack, as last deployed.
        declared: The parameters of its stack's template, as last deployed.
        unit: The unit of the call that made it; empty under self-managed permissions.
    """

    target: Target
    uuid: str
    overrides: dict[str, str] = field(default_factory=dict)
    status: str = "OUTDATED"
    detailed_status: str = "PENDING"
    status_reason: str = ""
    stack_id: str | None = None
    deployed: bool = False
    last_operation_id: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    declared: frozenset[str] = frozenset()
    unit: str = ""
    drift_status: str = NOT_CHECKED
    drift_checked_at: float | None = None

    def overridden(self, change: OverrideChange | None) -> dict[str, str]:
        """Return the overrides after a change as the API makes it: no list leaves all alone."""
        if change is None:
            return self.overrides
        previous = self.overrides
        return {
            key: previous[key] if value is None else value
            for key, value in change.items()
            if value is not None or key in previous
        }


@dataclass
class RegionRun:
    """How far an operation is in one Region."""

    region: str
    accounts: int
    pending: deque[Target]
    running: int = 0
    failures: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do here."""
        return not self.pending and not self.running


@dataclass(frozen=True)
class Result:
    """What an operation did to one target."""

    status: str = "PENDING"
    status_reason: str = ""


@dataclass
class Operation:
    """One stack set operation.

    Attributes:
        targets: The pairs that the call named, in its order; None for all instances.
        selection: What it named instead under service-managed permissions; the pairs are found
            when it starts.
        configuration: What an `UpdateStackSet` puts into the stack set when it starts.
        exclusive: Whether it conflicts with every other operation, disjoint or not.
        outdates_all: Whether its start marks every instance OUTDATED, whatever it changes.
        automatic: Whether the service has started it by itself.
        imports: The stacks that it takes in, by where they are.
        units: The unit that an account was selected by, for instances that it makes.
        roles: The run in which custom execution roles are made, if there are any to be made.
        drift: What a drift detection has found at each target.
        results: What it did to each target; written by `record` alone.
        tallies: How many results of each status there are, by Region.
        touched: The targets whose results have changed since the history last looked.
    """

    operation_id: str
    action: str
    created_at: float
    preferences: Preferences
    targets: tuple[Target, ...] | None
    configuration: Configuration | None = None
    overrides: OverrideChange | None = None
    retain_stacks: bool = False
    exclusive: bool = False
    outdates_all: bool = False
    selection: Selection | None = None
    automatic: bool = False
    imports: Mapping[Target, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    roles: RegionRun | None = None
    drift: dict[Target, str] = field(default_factory=dict)
    status: str = "QUEUED"
    status_reason: str = ""
    ended_at: float | None = None
    runs: list[RegionRun] = field(default_factory=list)
    results: dict[Target, Result] = field(default_factory=dict)
    tallies: dict[str, Counter[str]] = field(default_factory=dict)
    touched: dict[Target, None] = field(default_factory=dict)

    def record(self, target: Target, status: str, reason: str = "") -> None:
        """Write the result of a target."""
        tally = self.tallies.setdefault(target.region, Counter())
        if (previous := self.results.get(target)) is not None:
            tally[previous.status] -= 1
        tally[status] += 1
        self.results[target] = Result(status, reason)
        self.touched[target] = None

    @property
    def detects_drift(self) -> bool:
        """Whether it only looks."""
        return self.action == "DETECT_DRIFT"

    @property
    def updates_instances(self) -> bool:
        """Whether it comes from `UpdateStackInstances`, not from `UpdateStackSet`."""
        return self.action == "UPDATE" and self.configuration is None

    @property
    def active(self) -> bool:
        """Whether it has started and not ended."""
        return self.status in {"RUNNING", "STOPPING"}

    @property
    def failures(self) -> int:
        """How many deployments have failed so far."""
        return sum(tally["FAILED"] for tally in self.tallies.values())

    @property
    def accounts(self) -> int:
        """How many accounts it is about."""
        return len({target.account for target in self.results})

    @property
    def over_tolerance(self) -> bool:
        """Whether a Region has more failures than it may."""
        return any(run.failures > self.preferences.tolerance(run.accounts) for run in self.runs)

    def conflicts_with(self, other: Operation) -> bool:
        """Tell whether the two must not run side by side."""
        if self.exclusive or other.exclusive or self.targets is None or other.targets is None:
            return True
        return not set(self.targets).isdisjoint(other.targets)


@dataclass
class StackSet:
    """A stack set with all that belongs to it.

    Attributes:
        instances: Its instances; changed by `add`, `change` and `remove` alone.
        touched: The targets whose instances have changed since the history last looked.
        call_as: Who sees it: calls with this `CallAs`.
        followed: The Regions that were deployed to, by the units that were named for them.
        drift: The last drift detection that has ended.
    """

    name: str
    stack_set_id: str
    arn: str
    token: str
    configuration: Configuration
    created_at: float = 0.0
    status: str = "ACTIVE"
    instances: dict[Target, StackInstance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    touched: dict[Target, None] = field(default_factory=dict)
    call_as: str = "SELF"
    followed: dict[str, dict[str, None]] = field(default_factory=dict)
    drift: Operation | None = None

    def add(self, instance: StackInstance) -> None:
        """Take in a new instance."""
        self.instances[instance.target] = instance
        self.touched[instance.target] = None

    def change(self, target: Target, **members: Any) -> None:  # noqa: ANN401  as they are declared
        """Set members of an instance."""
        instance = self.instances[target]
        for name, value in members.items():
            setattr(instance, name, value)
        self.touched[target] = None

    def outdate(self, target: Target) -> None:
        """Mark an instance as not up to date; an INOPERABLE one stays so."""
        if self.instances[target].status != "INOPERABLE":
            self.change(target, status="OUTDATED", detailed_status="PENDING")

    def remove(self, target: Target) -> None:
        """Let go of an instance."""
        del self.instances[target]
        self.touched[target] = None

    @property
    def unfinished(self) -> list[Operation]:
        """The operations that run or wait, oldest first."""
        return [operation for operation in self.operations.values() if operation.ended_at is None]
