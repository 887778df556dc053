"""A stack set as it is now: its configuration, instances and last operations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cli.trouble import Trouble
from handler.gateway.stacksets import StackSets
from handler.values.observation import InstanceState, OperationState, StackSetState
from handler.values.targets import Target

MOST_OPERATIONS = 10


@dataclass(frozen=True)
class Snapshot:
    """What is there.

    Attributes:
        stack_set: The configuration.
        instances: All instances.
        operations: The last ones, newest first.
        running: The operation at work, with its progress; None for none.
    """

    stack_set: StackSetState
    instances: dict[Target, InstanceState]
    operations: list[OperationState]
    running: OperationState | None

    @property
    def counts(self) -> Counter[str]:
        """How many instances are in each state."""
        return Counter(each.status for each in self.instances.values())

    @property
    def accounts(self) -> list[str]:
        """The accounts that have instances, sorted."""
        return sorted({each.account for each in self.instances})

    @property
    def regions(self) -> list[str]:
        """The Regions that have instances, sorted."""
        return sorted({each.region for each in self.instances})

    def since(self, state: InstanceState) -> float | None:
        """When the last operation on an instance ended, or began if it runs; None if unknown."""
        for each in self.operations:
            if each.operation_id == state.last_operation_id:
                return each.ended or each.began
        return None


def take(stack_sets: StackSets, name: str, most: int = MOST_OPERATIONS) -> Snapshot:
    """Take a look.

    Args:
        stack_sets: The gateway.
        name: The stack set's name or id.
        most: How many operations to list.

    Raises:
        Trouble: There is no such stack set.
    """
    live = describe(stack_sets, name)
    operations = stack_sets.recent_operations(live.stack_set_id, most)
    running = next((each for each in operations if each.is_active), None)
    if running is not None:
        running = stack_sets.operation(live.stack_set_id, running.operation_id)
    return Snapshot(live, stack_sets.instances(live.stack_set_id), operations, running)


def describe(stack_sets: StackSets, name: str) -> StackSetState:
    """Returns a stack set's configuration.

    Raises:
        Trouble: There is no such stack set.
    """
    live = stack_sets.describe(name)
    if live is None:
        message = (
            f"There is no stack set {name} here. See the Region and the account (--region,"
            " --profile); one of a delegated administrator needs --call-as DELEGATED_ADMIN."
        )
        raise Trouble(message)
    return live
