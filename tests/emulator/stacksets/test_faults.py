"""Faults: deployments, suspended accounts, calls, strangers."""

import json

import pytest

from emulator.stacksets.errors import ResponseLostError
from emulator.stacksets.faults import (
    Answer,
    BusyFault,
    CallFault,
    DeploymentFault,
    Faults,
    LateRoles,
)
from tests.emulator.bench import EAST, NAME, OTHER, TOPIC, WEST, A, B, Bench


class TestDeployments:
    """DeploymentFault."""

    def test_one_account(self, ready: Bench) -> None:
        """Deployments into an account fail with the reason, wherever they go."""
        ready.fail(A)
        tolerant = {"FailureToleranceCount": 1}
        operation = ready.deploy([A, B], [EAST, WEST], OperationPreferences=tolerant)
        ready.wait()

        assert ready.results(operation) == {
            (A, EAST): "FAILED",
            (A, WEST): "FAILED",
            (B, EAST): "SUCCEEDED",
            (B, WEST): "SUCCEEDED",
        }

    def test_one_target_so_many_times(self, ready: Bench) -> None:
        """A rule may be about one target, one action, and be used up."""
        ready.fail(A, WEST, actions=("UPDATE",), times=1)
        ready.deploy([A], [EAST, WEST])
        ready.wait()
        first = ready.update(TemplateBody=OTHER)
        ready.wait()
        second = ready.update(TemplateBody=TOPIC)
        ready.wait()

        assert (ready.status(first), ready.status(second)) == ("FAILED", "SUCCEEDED")

    def test_marked_template(self, ready: Bench) -> None:
        """A rule may be about templates that contain a text."""
        ready.fail(marker="AWS::SQS::Queue")
        ready.deploy([A])
        ready.wait()
        bad = ready.update(TemplateBody=OTHER)
        ready.wait()
        good = ready.update(TemplateBody=TOPIC)
        ready.wait()

        assert (ready.status(bad), ready.status(good)) == ("FAILED", "SUCCEEDED")

    def test_failing_takes_time(self, ready: Bench) -> None:
        """An injected failure comes after its seconds, and never reaches the deployer."""
        ready.fail(A, seconds=4)
        ready.deploy([A])

        assert ready.wait() == 4
        assert not ready.deployer.stacks


class TestSuspended:
    """Suspended accounts."""

    def test_skipped_without_failure(self, ready: Bench) -> None:
        """A suspended account is skipped, keeps no StackId, and fails nothing."""
        ready.faults.suspended_accounts.add(A)
        operation = ready.deploy([A, B])
        ready.wait()

        assert ready.status(operation) == "SUCCEEDED"
        assert ready.instances() == {
            (A, EAST): "OUTDATED/SKIPPED_SUSPENDED_ACCOUNT",
            (B, EAST): "CURRENT/SUCCEEDED",
        }
        assert ready.results(operation) == {(A, EAST): "CANCELLED", (B, EAST): "SUCCEEDED"}
        skipped, _ = ready.call("ListStackInstances")["Summaries"]
        assert "StackId" not in skipped
        assert skipped["StatusReason"] == (
            "This account is suspended. To remove this instance from the stack set, run "
            "DeleteStackInstances with the RetainStacks parameter."
        )

    def test_suspended_later(self, ready: Bench) -> None:
        """A stack that is there already is no longer told, and comes back with the account."""
        ready.deploy([A])
        ready.wait()
        ready.faults.suspended_accounts.add(A)
        ready.update(TemplateBody=OTHER)
        ready.wait()
        (skipped,) = ready.call("ListStackInstances")["Summaries"]
        ready.faults.suspended_accounts.clear()
        ready.update(TemplateBody=OTHER)
        ready.wait()

        assert "StackId" not in skipped
        assert "StackId" in ready.call("ListStackInstances")["Summaries"][0]
        assert [action for _, action, _, _ in ready.started()] == ["CREATE", "UPDATE"]

    def test_delete(self, ready: Bench) -> None:
        """Only with RetainStacks does the instance of a suspended account go."""
        ready.faults.suspended_accounts.add(A)
        ready.deploy([A])
        ready.wait()
        pair = {"Accounts": [A], "Regions": [EAST]}

        ready.call("DeleteStackInstances", **pair, RetainStacks=False)
        ready.wait()
        assert ready.instances() == {(A, EAST): "OUTDATED/SKIPPED_SUSPENDED_ACCOUNT"}
        ready.call("DeleteStackInstances", **pair, RetainStacks=True)
        ready.wait()
        assert ready.instances() == {}


class TestLateRoles:
    """LateRoles."""

    def test_fail_then_succeed(self, ready: Bench) -> None:
        """For so long deployments fail with the service's text, without a stack, then they work."""
        ready.faults.late_roles.append(LateRoles(seconds=20, since=0))
        first = ready.deploy([A])
        ready.wait()
        (failed,) = ready.call("ListStackInstances")["Summaries"]
        ready.at(19)
        second = ready.deploy([A])
        ready.wait()
        third = ready.deploy([A])
        ready.wait()

        assert failed["StatusReason"] == (
            f"Account {A} should have 'AWSCloudFormationStackSetExecutionRole' role with trust "
            "relationship to Role 'AWSCloudFormationStackSetAdministrationRole'."
        )
        assert "StackId" not in failed
        statuses = [ready.status(each) for each in (first, second, third)]
        assert statuses == ["FAILED", "FAILED", "SUCCEEDED"]

    def test_not_yet(self, ready: Bench) -> None:
        """Before the given time nothing fails."""
        ready.faults.late_roles.append(LateRoles(seconds=20, since=1))

        operation = ready.deploy([A])
        ready.wait()
        assert ready.status(operation) == "SUCCEEDED"

    def test_one_account_from_its_first_deployment(self, ready: Bench) -> None:
        """Without a time it begins with the account's first deployment; others are spared."""
        ready.faults.late_roles.append(LateRoles(seconds=20, account=B))
        ready.deploy([A])
        ready.at(100)
        operation = ready.deploy([A, B])
        ready.wait()
        ready.at(120)
        again = ready.deploy([B])
        ready.wait()

        assert ready.results(operation) == {(A, EAST): "SUCCEEDED", (B, EAST): "FAILED"}
        assert ready.status(again) == "SUCCEEDED"

    def test_delete_without_the_roles(self, ready: Bench) -> None:
        """What cannot be deleted for want of the roles is INOPERABLE."""
        ready.deploy([A])
        ready.wait()
        ready.faults.late_roles.append(LateRoles(seconds=20))
        ready.call("DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=False)
        ready.wait()

        assert ready.instances() == {(A, EAST): "INOPERABLE/INOPERABLE"}


class TestCalls:
    """CallFault."""

    @pytest.mark.parametrize(
        ("answer", "code", "status"),
        [
            (Answer.THROTTLED, "Throttling", 400),
            (Answer.SERVER_ERROR, "InternalFailure", 500),
            (Answer.ACCESS_DENIED, "AccessDenied", 403),
        ],
    )
    def test_refused_so_many_times(
        self, ready: Bench, answer: Answer, code: str, status: int
    ) -> None:
        """The next calls of the action are refused and have no effect; others go well."""
        ready.faults.calls.append(CallFault("DeleteStackSet", answer, times=2))

        errors = [ready.refuse("DeleteStackSet") for _ in range(2)]

        assert {(error.code, error.status) for error in errors} == {(code, status)}
        assert ready.call("DescribeStackSet")
        assert ready.call("DeleteStackSet") == {}

    def test_always_and_any(self, ready: Bench) -> None:
        """A rule without number holds for good, `*` for all actions."""
        ready.faults.calls.append(CallFault("*", Answer.THROTTLED, times=None))

        assert {ready.refuse("DescribeStackSet").code for _ in range(5)} == {"Throttling"}

    def test_lost_response(self, ready: Bench) -> None:
        """The call is carried out, but its answer is lost."""
        ready.faults.calls.append(CallFault("CreateStackInstances", Answer.RESPONSE_LOST))

        with pytest.raises(ResponseLostError):
            ready.deploy([A], OperationId="mine")

        assert ready.status("mine") == "RUNNING"

    def test_skip(self, ready: Bench) -> None:
        """A rule may let some calls pass first."""
        ready.faults.calls.append(CallFault("DescribeStackSet", Answer.THROTTLED, skip=1))

        assert ready.call("DescribeStackSet")
        assert ready.refuse("DescribeStackSet").code == "Throttling"


class TestBusy:
    """Strangers' operations."""

    def test_stranger_comes_first(self, ready: Bench) -> None:
        """Right before the call a stranger's operation begins; it ends by itself."""
        ready.faults.busy.append(BusyFault(NAME, seconds=60))
        pair = {"Accounts": [A], "Regions": [EAST]}

        assert ready.refuse("CreateStackInstances", **pair).code == "OperationInProgressException"
        (stranger,) = ready.call("ListStackSetOperations")["Summaries"]
        assert (stranger["Action"], stranger["Status"]) == ("UPDATE", "RUNNING")
        assert ready.wait() == 60
        assert ready.status(stranger["OperationId"]) == "SUCCEEDED"
        assert ready.call("CreateStackInstances", **pair)

    def test_only_before_an_action(self, ready: Bench) -> None:
        """A rule may wait for a certain action."""
        ready.faults.busy.append(BusyFault(NAME, seconds=60, before="DeleteStackSet"))
        ready.update(Description="x")

        assert ready.refuse("DeleteStackSet").code == "OperationInProgressException"

    def test_stopped_stranger_runs_out(self, ready: Bench) -> None:
        """A stranger's operation can be stopped like any other."""
        ready.engine.occupy(NAME, 60)
        (operation,) = ready.stack_set.unfinished
        ready.call("StopStackSetOperation", OperationId=operation.operation_id)

        assert ready.status(operation.operation_id) == "STOPPING"
        ready.wait()
        assert ready.status(operation.operation_id) == "STOPPED"


class TestFromMapping:
    """Faults as JSON."""

    def test_all_rules(self) -> None:
        """Every rule can be written in JSON."""
        text = json.dumps(
            {
                "calls": [{"action": "UpdateStackSet", "answer": "THROTTLED", "times": 3}],
                "deployments": [
                    {"reason": "no role", "account": A, "actions": ["CREATE"], "times": 1}
                ],
                "busy": [{"stack_set_name": NAME, "seconds": 5}],
                "suspended_accounts": [B],
                "late_roles": [{"seconds": 30, "account": A}],
                "disabled_regions": ["me-central-1"],
            }
        )

        assert Faults.from_mapping(json.loads(text)) == Faults(
            calls=[CallFault("UpdateStackSet", Answer.THROTTLED, times=3)],
            deployments=[DeploymentFault("no role", A, actions=("CREATE",), times=1)],
            busy=[BusyFault(NAME, 5)],
            suspended_accounts={B},
            late_roles=[LateRoles(30, A)],
            disabled_regions={"me-central-1"},
        )

    def test_unknown_key(self) -> None:
        """A misspelt kind of rule is told."""
        with pytest.raises(ValueError, match=r"unknown faults.*deployment"):
            Faults.from_mapping({"deployment": []})
