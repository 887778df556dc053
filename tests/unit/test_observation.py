"""What the states of instances and operations mean."""

from __future__ import annotations

import pytest

from handler.observation import InstanceState, Observation, OperationState, StackSetState


@pytest.mark.parametrize(
    ("status", "current", "inoperable"),
    [("CURRENT", True, False), ("OUTDATED", False, False), ("INOPERABLE", False, True)],
)
def test_status(*, status: str, current: bool, inoperable: bool) -> None:
    """Only CURRENT is where the stack set says, and only INOPERABLE is half deleted."""
    state = InstanceState(status)

    assert (state.is_current, state.is_inoperable) == (current, inoperable)


@pytest.mark.parametrize(
    ("detailed_status", "suspended", "cancelled"),
    [
        ("", False, False),
        ("PENDING", False, False),
        ("RUNNING", False, False),
        ("SUCCEEDED", False, False),
        ("FAILED", False, False),
        ("CANCELLED", False, True),
        ("INOPERABLE", False, False),
        ("SKIPPED_SUSPENDED_ACCOUNT", True, False),
        ("FAILED_IMPORT", False, False),
    ],
)
def test_detailed_status(*, detailed_status: str, suspended: bool, cancelled: bool) -> None:
    """Suspended accounts and cancelled followers are told apart from what failed by itself."""
    state = InstanceState("OUTDATED", detailed_status)

    assert (state.is_suspended, state.is_cancelled) == (suspended, cancelled)


@pytest.mark.parametrize(
    ("status", "active"),
    [
        ("RUNNING", True),
        ("QUEUED", True),
        ("STOPPING", True),
        ("SUCCEEDED", False),
        ("FAILED", False),
        ("STOPPED", False),
    ],
)
def test_active(*, status: str, active: bool) -> None:
    """An operation that runs, waits or stops keeps the stack set from being quiet."""
    assert OperationState("op-1", "CREATE", status).is_active is active


def test_defaults() -> None:
    """What the API does not tell is empty."""
    state = InstanceState("CURRENT")
    operation = OperationState("op-1", "CREATE", "RUNNING")
    seen = Observation(StackSetState("a:b", "a", "arn", "ACTIVE"))

    assert (state.detailed_status, state.reason, state.last_operation_id) == ("", "", "")
    assert (operation.reason, operation.began, operation.failed_instances) == ("", 0.0, 0)
    assert (seen.instances, seen.known_overrides, seen.newest_operation_id) == ({}, {}, "")
    assert seen.stack_set.tags is None
