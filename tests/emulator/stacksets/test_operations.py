"""How operations run: ids, conflicts, order, width, tolerance, stops and time."""

import copy

import pytest

from emulator.stacksets.deployment import DeploymentOrder, Outcome
from emulator.stacksets.engine import Engine
from tests.emulator.bench import (
    EAST,
    NAME,
    OTHER,
    STAGE,
    TOPIC,
    A,
    B,
    Bench,
    C,
)

MANAGED = {"ManagedExecution": {"Active": True}}


class TestIds:
    """OperationId."""

    def test_given_or_made_up(self, ready: Bench) -> None:
        """The caller's id is used; without one a uuid is made."""
        assert ready.deploy([A], OperationId="mine") == "mine"
        ready.wait()
        assert len(ready.deploy([B])) == 36

    @pytest.mark.parametrize("ended", [True, False])
    def test_reuse_is_told(self, ready: Bench, ended: bool) -> None:  # noqa: FBT001
        """An id that was used, by a running or ended operation, already exists."""
        ready.deploy([A], OperationId="mine")
        if ended:
            ready.wait()

        error = ready.refuse(
            "CreateStackInstances", Accounts=[A], Regions=[EAST], OperationId="mine"
        )

        assert (error.code, error.status) == ("OperationIdAlreadyExistsException", 409)

    def test_pattern(self, ready: Bench) -> None:
        """An id has letters, digits and hyphens."""
        error = ready.refuse(
            "CreateStackInstances", Accounts=[A], Regions=[EAST], OperationId="not an id"
        )

        assert error.code == "ValidationError"

    @pytest.mark.parametrize(
        "action",
        ["DescribeStackSetOperation", "ListStackSetOperationResults", "StopStackSetOperation"],
    )
    def test_unknown(self, ready: Bench, action: str) -> None:
        """An operation that never was is OperationNotFound."""
        error = ready.refuse(action, OperationId="nobody")

        assert (error.code, error.status) == ("OperationNotFoundException", 404)


class TestStop:
    """StopStackSetOperation."""

    def test_running_ends_pending_is_cancelled(self, ready: Bench) -> None:
        """STOPPING until the running deployments end; the others are CANCELLED."""
        operation = ready.deploy([A, B])
        ready.at(3)
        ready.call("StopStackSetOperation", OperationId=operation)

        assert ready.status(operation) == "STOPPING"
        assert ready.wait() == 10
        assert ready.status(operation) == "STOPPED"
        assert ready.results(operation) == {(A, EAST): "SUCCEEDED", (B, EAST): "CANCELLED"}
        assert ready.instances() == {
            (A, EAST): "CURRENT/SUCCEEDED",
            (B, EAST): "OUTDATED/CANCELLED",
        }

    def test_stopping_still_blocks(self, ready: Bench) -> None:
        """A STOPPING operation is one in progress."""
        operation = ready.deploy([A])
        ready.call("StopStackSetOperation", OperationId=operation)

        error = ready.refuse("CreateStackInstances", Accounts=[B], Regions=[EAST])

        assert error.code == "OperationInProgressException"

    def test_ended_operation(self, ready: Bench) -> None:
        """What is over cannot be stopped."""
        operation = ready.deploy([A])
        ready.wait()

        error = ready.refuse("StopStackSetOperation", OperationId=operation)

        assert (error.code, error.status) == ("InvalidOperationException", 400)

    def test_queued_operation(self, bench: Bench) -> None:
        """A queued operation stops at once and never runs."""
        bench.create(**MANAGED)
        bench.deploy([A])
        queued = bench.update(TemplateBody=OTHER)
        bench.call("StopStackSetOperation", OperationId=queued)
        bench.wait()

        assert bench.status(queued) == "STOPPED"
        assert bench.stack_set.configuration.template_body == TOPIC


class TestTime:
    """The simulation jumps from event to event."""

    def test_followers_start_at_the_very_instant(self) -> None:
        """However late the next call comes, everything happened at its own time."""
        bench = Bench(seconds=lambda order: 7.0 if order.account == A else 2.5)
        bench.create()
        operation = bench.deploy([A, B, C])
        bench.at(1000)

        assert [start for start, _, _, _ in bench.started()] == [0, 7, 9.5]
        assert bench.operation(operation).ended_at == 12

    def test_next_event(self, ready: Bench) -> None:
        """The engine tells when something will happen."""
        assert ready.engine.next_event_at() is None
        ready.deploy([A])
        assert ready.engine.next_event_at() == 10
        ready.wait()
        assert ready.engine.next_event_at() is None

    def test_states_on_the_way(self, ready: Bench) -> None:
        """Instances go from PENDING by RUNNING to SUCCEEDED."""
        operation = ready.deploy([A, B])

        assert ready.instances() == {
            (A, EAST): "OUTDATED/RUNNING",
            (B, EAST): "OUTDATED/PENDING",
        }
        assert ready.results(operation) == {(A, EAST): "RUNNING", (B, EAST): "PENDING"}
        ready.at(10)
        assert ready.instances() == {
            (A, EAST): "CURRENT/SUCCEEDED",
            (B, EAST): "OUTDATED/RUNNING",
        }

    def test_polled_deployments(self) -> None:
        """A deployment that cannot foretell its end is asked at every call."""

        class Polled:
            ready_at = None
            outcome: Outcome | None = None

            def start(self, _order: DeploymentOrder, _now: float) -> "Polled":
                return self

            def poll(self, _now: float) -> Outcome | None:
                return self.outcome

        deployer = Polled()
        engine = Engine(
            now=lambda: 0.0,
            deployer=deployer,
            account=A,
            region=EAST,
            fetch_template=str,
        )
        engine.call(
            "CreateStackSet",
            {"StackSetName": NAME, "TemplateBody": TOPIC, "Parameters": [STAGE]},
        )
        target = {"StackSetName": NAME, "Accounts": [A], "Regions": [EAST]}
        operation = engine.call("CreateStackInstances", target)
        asked = {"StackSetName": NAME, **operation}

        def status() -> str:
            answer = engine.call("DescribeStackSetOperation", asked)
            return str(answer["StackSetOperation"]["Status"])

        assert engine.next_event_at() is None
        assert status() == "RUNNING"
        deployer.outcome = Outcome(succeeded=False, reason="rolled back", stack_id="arn:left")
        assert status() == "FAILED"
        (instance,) = engine.call("ListStackInstances", {"StackSetName": NAME})["Summaries"]
        assert instance["StatusReason"] == "rolled back"
        assert "StackId" not in instance

    def test_deployment_must_keep_its_word(
        self, ready: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A deployment that is not done when it said it would be is a fault of the deployer."""

        class Late:
            ready_at = 5.0

            def poll(self, _now: float) -> Outcome | None:
                return None

        monkeypatch.setattr(ready.deployer, "start", lambda _order, _now: Late())
        ready.deploy([A])

        with pytest.raises(AssertionError, match="is not done when it said"):
            ready.wait()

    def test_state_can_be_copied_and_compared(self, ready: Bench) -> None:
        """The state is plain data: a copy equals it until something happens."""
        ready.deploy([A])
        before = copy.deepcopy(ready.engine.stack_sets)

        assert before == ready.engine.stack_sets
        ready.wait()
        assert before != ready.engine.stack_sets


def test_operations_are_listed_newest_first(ready: Bench) -> None:
    """ListStackSetOperations begins with the latest, and pages."""
    for name in ("one", "two", "three"):
        ready.deploy([A], OperationId=name)
        ready.wait()

    page = ready.call("ListStackSetOperations", MaxResults=2)
    rest = ready.call("ListStackSetOperations", NextToken=page["NextToken"])

    ids = [summary["OperationId"] for summary in page["Summaries"] + rest["Summaries"]]
    assert ids == ["three", "two", "one"]


def test_operation_tells_what_it_was(ready: Bench) -> None:
    """DescribeStackSetOperation shows action, times, preferences and roles."""
    preferences = {"FailureToleranceCount": 2, "MaxConcurrentCount": 2}
    operation = ready.deploy([A], OperationPreferences=preferences)
    ready.wait()

    shown = ready.call("DescribeStackSetOperation", OperationId=operation)["StackSetOperation"]

    assert shown["Action"] == "CREATE"
    assert shown["OperationPreferences"] == {"RegionOrder": [], **preferences}
    assert shown["ExecutionRoleName"] == "AWSCloudFormationStackSetExecutionRole"
    assert (shown["EndTimestamp"] - shown["CreationTimestamp"]).total_seconds() == 10


def test_calls_and_deployments_are_recorded(ready: Bench) -> None:
    """A test can read every call, refused ones included, and every deployment's outcome."""
    ready.fail(B)
    ready.deploy([A, B], OperationPreferences={"FailureToleranceCount": 1})
    ready.refuse("DeleteStackSet")
    ready.wait()

    assert [action for _, action, _ in ready.engine.calls] == [
        "CreateStackSet",
        "CreateStackInstances",
        "DeleteStackSet",
    ]
    assert [outcome and outcome.succeeded for _, _, outcome in ready.engine.deployments] == [
        True,
        False,
    ]
