"""OperationPreferences: order, width, tolerance."""

from typing import Any

import pytest

from tests.emulator.bench import (
    EAST,
    STAGE,
    TOKYO,
    WEST,
    A,
    B,
    Bench,
    C,
    D,
)


class TestOrder:
    """RegionOrder and RegionConcurrencyType."""

    def test_regions_follow_the_order(self, ready: Bench) -> None:
        """Regions are worked on one after another, those of RegionOrder first."""
        ready.deploy([A], [EAST, WEST, TOKYO], OperationPreferences={"RegionOrder": [TOKYO, WEST]})
        ready.wait()

        assert [(start, region) for start, _, _, region in ready.started()] == [
            (0, TOKYO),
            (10, WEST),
            (20, EAST),
        ]

    def test_parallel_regions(self, ready: Bench) -> None:
        """PARALLEL works on all Regions at once, each with the concurrency of its own."""
        ready.deploy(
            [A, B], [EAST, WEST], OperationPreferences={"RegionConcurrencyType": "PARALLEL"}
        )
        ready.wait()

        assert [(start, account, region) for start, _, account, region in ready.started()] == [
            (0, A, EAST),
            (0, A, WEST),
            (10, B, EAST),
            (10, B, WEST),
        ]

    @pytest.mark.parametrize("order", [[TOKYO], [EAST, EAST]], ids=["foreign", "twice"])
    @pytest.mark.parametrize(
        "call",
        [
            ("CreateStackInstances", {"Accounts": [A], "Regions": [EAST]}),
            ("UpdateStackInstances", {"Accounts": [A], "Regions": [EAST]}),
            (
                "DeleteStackInstances",
                {"Accounts": [A], "Regions": [EAST], "RetainStacks": False},
            ),
            ("UpdateStackSet", {"UsePreviousTemplate": True, "Parameters": [STAGE]}),
        ],
        ids=lambda call: str(call[0]),
    )
    def test_order_is_checked(
        self, ready: Bench, order: list[str], call: tuple[str, dict[str, Any]]
    ) -> None:
        """RegionOrder names Regions of the operation, each once."""
        ready.deploy([A])
        ready.wait()
        action, asked = call

        error = ready.refuse(action, **asked, OperationPreferences={"RegionOrder": order})

        assert error.code == "ValidationError"


class TestWidth:
    """MaxConcurrent and FailureTolerance."""

    @pytest.mark.parametrize(
        ("preferences", "width"),
        [
            ({}, 1),
            ({"MaxConcurrentCount": 3}, 1),
            ({"MaxConcurrentCount": 3, "FailureToleranceCount": 1}, 2),
            ({"MaxConcurrentCount": 3, "FailureToleranceCount": 9}, 3),
            ({"MaxConcurrentCount": 3, "ConcurrencyMode": "STRICT_FAILURE_TOLERANCE"}, 1),
            ({"MaxConcurrentCount": 3, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}, 3),
            ({"MaxConcurrentPercentage": 59, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}, 2),
            ({"MaxConcurrentPercentage": 1, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}, 1),
            ({"MaxConcurrentPercentage": 100, "FailureTolerancePercentage": 49}, 2),
        ],
    )
    def test_width(self, ready: Bench, preferences: dict[str, Any], width: int) -> None:
        """Percentages round down, to at least one; STRICT allows one more than the tolerance."""
        ready.deploy([A, B, C, D], OperationPreferences=preferences)

        assert len(ready.started()) == width

    @pytest.mark.parametrize(
        "preferences",
        [
            {"FailureToleranceCount": 0, "FailureTolerancePercentage": 0},
            {"MaxConcurrentCount": 1, "MaxConcurrentPercentage": 1},
        ],
    )
    def test_count_and_percentage(self, ready: Bench, preferences: dict[str, int]) -> None:
        """Count and percentage exclude each other."""
        error = ready.refuse(
            "CreateStackInstances",
            Accounts=[A],
            Regions=[EAST],
            OperationPreferences=preferences,
        )

        assert error.code == "ValidationError"

    def test_strict_narrows_with_every_failure(self, ready: Bench) -> None:
        """STRICT never lets more run than may still fail."""
        ready.fail(A)
        ready.deploy(
            [A, B, C, D],
            OperationPreferences={"MaxConcurrentCount": 3, "FailureToleranceCount": 1},
        )
        ready.wait()

        assert [(start, account) for start, _, account, _ in ready.started()] == [
            (0, A),
            (0, B),
            (10, C),
            (20, D),
        ]


class TestFailures:
    """Failure tolerance is counted by Region."""

    def test_over_tolerance_cancels_the_rest(self, ready: Bench) -> None:
        """The rest of the Region and later Regions are cancelled, the operation fails."""
        ready.fail(A, EAST)
        operation = ready.deploy([A, B], [EAST, WEST])
        ready.wait()

        assert ready.status(operation) == "FAILED"
        assert ready.results(operation) == {
            (A, EAST): "FAILED",
            (B, EAST): "CANCELLED",
            (A, WEST): "CANCELLED",
            (B, WEST): "CANCELLED",
        }
        assert ready.instances() == {
            (A, EAST): "OUTDATED/FAILED",
            (B, EAST): "OUTDATED/CANCELLED",
            (A, WEST): "OUTDATED/CANCELLED",
            (B, WEST): "OUTDATED/CANCELLED",
        }
        reasons = {
            (summary["Account"], summary["StatusReason"])
            for summary in ready.call("ListStackInstances", StackInstanceRegion=EAST)["Summaries"]
        }
        assert reasons == {(A, "broken"), (B, "Cancelled since failure tolerance has exceeded")}

    def test_within_tolerance_succeeds(self, ready: Bench) -> None:
        """As many failures as tolerated, in every Region, still succeed, and are counted."""
        ready.fail(A)
        operation = ready.deploy(
            [A, B], [EAST, WEST], OperationPreferences={"FailureToleranceCount": 1}
        )
        ready.wait()

        answer = ready.call("DescribeStackSetOperation", OperationId=operation)
        assert answer["StackSetOperation"]["Status"] == "SUCCEEDED"
        assert answer["StackSetOperation"]["StatusDetails"]["FailedStackInstancesCount"] == 2

    def test_tolerance_percentage_rounds_down(self, ready: Bench) -> None:
        """49 % of two accounts is none."""
        ready.fail(A)
        operation = ready.deploy([A, B], OperationPreferences={"FailureTolerancePercentage": 49})
        ready.wait()

        assert ready.status(operation) == "FAILED"

    def test_running_deployments_end(self, ready: Bench) -> None:
        """What already runs when the tolerance is exceeded runs to its end."""
        ready.fail(A)
        operation = ready.deploy(
            [A, B, C],
            OperationPreferences={
                "MaxConcurrentCount": 2,
                "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
            },
        )
        ready.at(5)
        between = ready.status(operation)
        ready.wait()

        assert between == "RUNNING"
        assert ready.results(operation) == {
            (A, EAST): "FAILED",
            (B, EAST): "SUCCEEDED",
            (C, EAST): "CANCELLED",
        }
        assert ready.operation(operation).ended_at == 10

    def test_results_filter(self, ready: Bench) -> None:
        """ListStackSetOperationResults filters by status and pages."""
        ready.fail(A)
        operation = ready.deploy([A, B, C])
        ready.wait()

        cancelled = ready.call(
            "ListStackSetOperationResults",
            OperationId=operation,
            Filters=[{"Name": "OPERATION_RESULT_STATUS", "Values": "CANCELLED"}],
        )["Summaries"]
        first = ready.call("ListStackSetOperationResults", OperationId=operation, MaxResults=2)

        assert [result["Account"] for result in cancelled] == [B, C]
        assert len(first["Summaries"]) == 2
        assert "NextToken" in first
        assert first["Summaries"][0] == {
            "Account": A,
            "Region": EAST,
            "Status": "FAILED",
            "StatusReason": "broken",
            "AccountGateResult": {
                "Status": "SKIPPED",
                "StatusReason": (
                    f"Function not found: arn:aws:lambda:{EAST}:{A}:function:"
                    "AWSCloudFormationStackSetAccountGate"
                ),
            },
            "OrganizationalUnitId": "",
        }
