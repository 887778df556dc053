"""Why an operation failed: causes, who was hit, and what to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cli.trouble import Trouble
from handler.causes import mends_of
from handler.errors import Failure, places_by_cause
from handler.gateway.stacksets import StackSets
from handler.values.observation import OperationState, StackSetState

_MOST_OPERATIONS = 100
_FAILED = {"FAILED", "STOPPED"}

Deeper = Callable[[str, str], str]
"""What the events of a member stack tell, by account and Region; empty for nothing."""


@dataclass(frozen=True)
class Cause:
    """One reason and whom it hit.

    Attributes:
        reason: What the service says.
        places: ``account/region`` of each instance.
        mends: What to do, as sentences; empty where the reason is not well known.
        event: The first failed resource of one of the stacks, with its own reason; empty where it
            cannot be read.
    """

    reason: str
    places: tuple[str, ...]
    mends: tuple[str, ...]
    event: str = ""


@dataclass(frozen=True)
class Explanation:
    """What became of an operation.

    Attributes:
        operation: The operation.
        causes: Why it failed, the most frequent first.
        cancelled: How many instances it did not reach.
    """

    operation: OperationState
    causes: tuple[Cause, ...]
    cancelled: int


def explain(
    stack_sets: StackSets, live: StackSetState, operation_id: str | None, deeper: Deeper
) -> Explanation | None:
    """Find the causes.

    Args:
        stack_sets: The gateway.
        live: The stack set.
        operation_id: The operation; None for the last one that failed anywhere.
        deeper: Reads the member stacks' events.

    Returns:
        None where no operation has failed.

    Raises:
        Trouble: There is no such operation.
    """
    operation = _operation(stack_sets, live.stack_set_id, operation_id)
    if operation is None:
        return None
    failures, cancelled = stack_sets.failures(live.stack_set_id, operation.operation_id)
    causes = tuple(_causes(failures, deeper))
    if not causes and operation.reason:
        mends = tuple(mends_of([operation.reason]))
        causes = (Cause(operation.reason, (), mends),)
    return Explanation(operation, causes, cancelled)


def lines(explanation: Explanation) -> Iterator[str]:
    """Yields the same for people."""
    operation = explanation.operation
    yield f"{operation.action} {operation.operation_id} {operation.status}"
    for cause in explanation.causes:
        number = len(cause.places)
        yield ""
        yield f"{number} {'stack' if number == 1 else 'stacks'}: {cause.reason}"
        if cause.places:
            yield f"  Where: {', '.join(cause.places)}"
        if cause.event:
            yield f"  First failed resource: {cause.event}"
        for mend in cause.mends:
            yield f"  What to do: {mend}"
    if not explanation.causes:
        yield "No stack failed in it."
    if explanation.cancelled:
        yield ""
        yield f"{explanation.cancelled} more were not reached, because of these."


def plain(explanation: Explanation) -> dict[str, Any]:
    """Returns the same for programs."""
    return {
        "OperationId": explanation.operation.operation_id,
        "Action": explanation.operation.action,
        "Status": explanation.operation.status,
        "Causes": [dataclasses.asdict(each) for each in explanation.causes],
        "Cancelled": explanation.cancelled,
    }


def _operation(
    stack_sets: StackSets, stack_set_id: str, operation_id: str | None
) -> OperationState | None:
    listed = stack_sets.recent_operations(stack_set_id, _MOST_OPERATIONS)
    if operation_id is None:
        return next((each for each in listed if each.status in _FAILED), None)
    found = [each for each in listed if each.operation_id.startswith(operation_id)]
    if len(found) > 1:
        message = f"{len(found)} operations begin with {operation_id}: write more of it."
        raise Trouble(message)
    if found:
        return found[0]
    asked = stack_sets.operation(stack_set_id, operation_id)
    if not asked.action:
        message = f"There is no operation {operation_id}: stackset status lists the last ones."
        raise Trouble(message)
    return asked


def _causes(failures: list[Failure], deeper: Deeper) -> Iterator[Cause]:
    for reason, places in places_by_cause(failures):
        event = next(filter(None, (deeper(*each.split("/")) for each in places[:3])), "")
        mends = tuple(mends_of([event, reason] if event else [reason]))
        yield Cause(reason, tuple(places), mends, event)
