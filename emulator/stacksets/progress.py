"""How far an operation is, by stage and by Region."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.stacksets.state import Operation

_FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


def status_details(operation: Operation, *, tells_progress: bool) -> dict[str, Any]:
    """Return `StatusDetails`.

    Args:
        operation: Any operation.
        tells_progress: Whether the Region has stages and totals already.
    """
    details: dict[str, Any] = {"FailedStackInstancesCount": operation.failures}
    if not tells_progress:
        return details
    tally = sum(operation.tallies.values(), Counter[str]())
    details["Stages"] = {
        "RoleProvisioning": _role_provisioning(operation),
        "StackInstancesDeployment": _deployment(operation, tally),
    }
    if operation.status != "QUEUED":
        details["TotalAccountsCount"] = operation.accounts
        details["TotalStackInstancesCount"] = len(operation.results)
    return details


def _role_provisioning(operation: Operation) -> dict[str, Any]:
    run = operation.roles
    if run is None:
        # Self-managed roles are made by hand, the service's own are there.
        return {"Status": "NOT_APPLICABLE"}
    made = run.accounts if run.finished else 0
    return {
        "Status": "SUCCEEDED" if run.finished else "IN_PROGRESS",
        "SucceededAccountsCount": made,
        "FailedAccountsCount": 0,
        "CompletedAccountsCount": made,
        "PendingAccountsCount": run.accounts - made,
        "PercentageCompleted": 100.0 if run.finished else 0.0,
    }


def regional_status_details(operation: Operation) -> dict[str, Any]:
    """Return `RegionalStatusDetails`, which only `DescribeStackSetOperation` shows."""
    return {
        region: {
            "Stages": {
                "RegionalStackInstancesDeployment": {
                    **_deployment(operation, tally),
                    "TotalStackInstancesCount": tally.total(),
                }
            }
        }
        for region, tally in operation.tallies.items()
    }


def _deployment(operation: Operation, tally: Mapping[str, int]) -> dict[str, Any]:
    total = sum(tally.values())
    completed = sum(tally.get(status, 0) for status in _FINAL)
    return {
        "Status": _stage_status(operation, tally, total, completed),
        "SucceededStackInstancesCount": tally.get("SUCCEEDED", 0),
        "FailedStackInstancesCount": tally.get("FAILED", 0),
        "CompletedStackInstancesCount": completed,
        "PendingStackInstancesCount": total - completed,
        "CancelledStackInstancesCount": tally.get("CANCELLED", 0),
        "SkippedStackInstancesCount": 0,
        "PercentageCompleted": 100.0 * completed / total if total else 0.0,
    }


def _stage_status(
    operation: Operation, tally: Mapping[str, int], total: int, completed: int
) -> str:
    if completed < total:
        begun = completed or tally.get("RUNNING", 0)
        return "IN_PROGRESS" if begun else "NOT_STARTED"
    if not total:
        return "SUCCEEDED" if operation.status == "SUCCEEDED" else "NOT_STARTED"
    if tally.get("SUCCEEDED", 0) == total:
        return "SUCCEEDED"
    return "PARTIAL_SUCCESS" if tally.get("SUCCEEDED", 0) else "FAILED"
