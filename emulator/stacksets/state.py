"""The state of the emulated StackSets: plain data, free to copy, compare and print."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

OverrideChange = dict[str, str | None]
"""Parameter overrides as a call asks for them; None stands for `UsePreviousValue`."""


class Target(NamedTuple):
    """Where a stack instance lives."""

    account: str
    region: str


@dataclass(frozen=True)
class Configuration:
    """Everything about a stack set that `UpdateStackSet` can change."""

    template_body: str
    description: str | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    administration_role_arn: str
    execution_role_name: str
    managed_execution: bool

    def outdates(self, previous: Configuration) -> bool:
        """Tell whether a change from `previous` to this one marks every instance OUTDATED."""
        return (self.template_body, self.parameters) != (
            previous.template_body,
            previous.parameters,
        )


@dataclass
class StackInstance:
    """One stack instance.

    Attributes:
        deployed: Whether a create has succeeded.
        tags: The tags of its stack, as last deployed.
        declared: The parameters of its stack's template, as last deployed.
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


@dataclass(frozen=True)
class Preferences:
    """`OperationPreferences`: how wide and how carefully an operation goes.

    Attributes:
        given: The structure as the caller sent it.
    """

    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def region_order(self) -> list[str]:
        """The Regions that come first, in this order."""
        return list(self.given.get("RegionOrder", ()))

    @property
    def parallel(self) -> bool:
        """Whether all Regions are worked on at once."""
        return bool(self.given.get("RegionConcurrencyType") == "PARALLEL")

    def tolerance(self, accounts: int) -> int:
        """Return how many failures a Region of so many accounts may have."""
        if (percentage := self.given.get("FailureTolerancePercentage")) is not None:
            return accounts * int(percentage) // 100
        return int(self.given.get("FailureToleranceCount", 0))

    def concurrency(self, accounts: int, failures: int) -> int:
        """Return how many deployments a Region may run at once after so many failures.

        STRICT mode (the default) lowers it so that the failures can never exceed the tolerance
        by more than one.
        """
        if (percentage := self.given.get("MaxConcurrentPercentage")) is not None:
            wanted = max(1, accounts * int(percentage) // 100)
        else:
            wanted = int(self.given.get("MaxConcurrentCount", 1))
        if self.given.get("ConcurrencyMode") == "SOFT_FAILURE_TOLERANCE":
            return wanted
        return max(1, min(wanted, self.tolerance(accounts) + 1 - failures))


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
        configuration: What an `UpdateStackSet` puts into the stack set when it starts.
        exclusive: Whether it conflicts with every other operation, disjoint or not.
        outdates_all: Whether its start marks every instance OUTDATED, whatever it changes.
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
    """

    name: str
    stack_set_id: str
    arn: str
    token: str
    permission_model: str
    configuration: Configuration
    created_at: float = 0.0
    status: str = "ACTIVE"
    instances: dict[Target, StackInstance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    touched: dict[Target, None] = field(default_factory=dict)

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
