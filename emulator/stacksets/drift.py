"""Whether stacks are still as they were deployed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from emulator.stacksets.state import NOT_CHECKED

if TYPE_CHECKING:
    from emulator.stacksets.deployment import Outcome
    from emulator.stacksets.state import Operation, StackSet, Target

CHECK_SECONDS = 5.0
"""How long it takes to look at one stack."""
_STATUSES = {"SUCCEEDED": "COMPLETED", "STOPPED": "STOPPED", "FAILED": "FAILED"}


def write_finding(  # noqa: PLR0913  what was found, and all that it is written into
    stack_set: StackSet,
    operation: Operation,
    target: Target,
    outcome: Outcome,
    now: float,
    *,
    drifted: bool,
) -> None:
    """Write what a look at one stack has found into its instance and the operation."""
    operation.record(target, "SUCCEEDED" if outcome.succeeded else "FAILED", outcome.reason)
    if outcome.succeeded and target in stack_set.instances:
        operation.drift[target] = "DRIFTED" if drifted else "IN_SYNC"
        stack_set.change(target, drift_status=operation.drift[target], drift_checked_at=now)


def status(operation: Operation | None) -> str:
    """Return what a drift detection says of the stack set as a whole."""
    if operation is None or not operation.drift:
        return NOT_CHECKED
    return "DRIFTED" if "DRIFTED" in operation.drift.values() else "IN_SYNC"


def details(operation: Operation | None) -> dict[str, Any]:
    """Return `StackSetDriftDetectionDetails` without the time; None stands for no detection."""
    if operation is None:
        return _counts(status(None), 0, Counter(), 0, 0)
    found = Counter(operation.drift.values())
    total, failed = len(operation.results), operation.failures
    unfinished = operation.ended_at is None
    detection = "IN_PROGRESS" if unfinished else _STATUSES[operation.status]
    if detection == "COMPLETED" and failed:
        detection = "PARTIAL_SUCCESS"
    going_on = total - failed - found.total() if unfinished else 0
    return {
        "DriftDetectionStatus": detection,
        **_counts(status(operation), total, found, failed, going_on),
    }


def _counts(
    overall: str, total: int, found: Counter[str], failed: int, going_on: int
) -> dict[str, Any]:
    return {
        "DriftStatus": overall,
        "TotalStackInstancesCount": total,
        "DriftedStackInstancesCount": found["DRIFTED"],
        "InSyncStackInstancesCount": found["IN_SYNC"],
        "InProgressStackInstancesCount": going_on,
        "FailedStackInstancesCount": failed,
    }
