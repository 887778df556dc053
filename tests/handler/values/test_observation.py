"""What the states of instances and operations mean."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from handler.values.observation import InstanceState, Observation, OperationState, StackSetState


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


class TestFromApi:
    """What the API's answers say, and what is taken where they are silent."""

    def test_instance(self) -> None:
        """A StackInstanceSummary in full."""
        summary = {
            "StackSetId": "a:b",
            "Account": "111111111111",
            "Region": "us-east-1",
            "Status": "OUTDATED",
            "StatusReason": "Role exists",
            "StackInstanceStatus": {"DetailedStatus": "FAILED"},
            "LastOperationId": "op-1",
            "StackId": "arn:aws:cloudformation:us-east-1:111111111111:stack/StackSet-a-1/1",
        }

        assert InstanceState.from_api(summary) == InstanceState(
            "OUTDATED",
            "FAILED",
            "Role exists",
            "op-1",
            has_stack=True,
        )

    def test_bare_instance(self) -> None:
        """A suspended account's instance has hardly a member."""
        assert InstanceState.from_api({}) == InstanceState("", "", "", "", has_stack=False)

    def test_stack_set(self) -> None:
        """A StackSet in full."""
        answer = {
            "StackSetId": "a:b",
            "StackSetName": "a",
            "StackSetARN": "arn",
            "Status": "ACTIVE",
            "Description": "d",
            "TemplateBody": "t",
            "Parameters": [{"ParameterKey": "A", "ParameterValue": "1"}, {"ParameterKey": "B"}],
            "Tags": [{"Key": "k", "Value": "v"}],
            "Capabilities": ["CAPABILITY_IAM"],
            "ManagedExecution": {"Active": True},
            "AdministrationRoleARN": "role",
            "ExecutionRoleName": "execution",
        }

        assert StackSetState.from_api(answer) == StackSetState(
            stack_set_id="a:b",
            name="a",
            arn="arn",
            status="ACTIVE",
            description="d",
            template_body="t",
            parameters={"A": "1", "B": ""},
            tags={"k": "v"},
            capabilities=frozenset({"CAPABILITY_IAM"}),
            managed_execution=True,
            administration_role_arn="role",
            execution_role_name="execution",
        )

    def test_bare_stack_set(self) -> None:
        """What the answer does not carry is None; managed execution is off."""
        assert StackSetState.from_api({"StackSetId": "a:b", "StackSetName": "a"}) == StackSetState(
            "a:b", "a", "", ""
        )

    @pytest.mark.parametrize("given", [None, {}, {"Active": False}], ids=repr)
    def test_no_managed_execution(self, given: object) -> None:
        """Managed execution is off unless the answer says that it is on."""
        answer = {"StackSetId": "a:b", "StackSetName": "a", "ManagedExecution": given}

        assert StackSetState.from_api(answer).managed_execution is False

    def test_empty_lists(self) -> None:
        """Empty lists are shown as such: nothing is there."""
        answer: dict[str, object] = {"Parameters": [], "Tags": [], "Capabilities": []}
        state = StackSetState.from_api({"StackSetId": "a:b", "StackSetName": "a", **answer})

        assert (state.parameters, state.tags, state.capabilities) == ({}, {}, frozenset())

    def test_operation(self) -> None:
        """A StackSetOperation in full."""
        answer = {
            "OperationId": "op-1",
            "Action": "UPDATE",
            "Status": "FAILED",
            "StatusReason": "Tolerance exceeded",
            "CreationTimestamp": datetime(2026, 8, 23, tzinfo=UTC),
            "EndTimestamp": datetime(2026, 8, 23, 0, 1, tzinfo=UTC),
            "StatusDetails": {"FailedStackInstancesCount": 3},
        }

        assert OperationState.from_api(answer) == OperationState(
            "op-1", "UPDATE", "FAILED", "Tolerance exceeded", 1_787_443_200.0, 1_787_443_260.0, 3
        )

    def test_bare_operation(self) -> None:
        """An operation that nothing but its id is known of."""
        assert OperationState.from_api({"OperationId": "op-1"}) == OperationState(
            "op-1", "", "", "", 0.0, 0.0, 0
        )
