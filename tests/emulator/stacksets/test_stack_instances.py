"""CreateStackInstances, UpdateStackInstances, DeleteStackInstances and their reads."""

from typing import Any

import pytest

from tests.emulator.bench import (
    EAST,
    NAME,
    OTHER,
    WEST,
    A,
    B,
    Bench,
    parameter,
)

ACTIONS = ["CreateStackInstances", "UpdateStackInstances", "DeleteStackInstances"]


class TestCreate:
    """CreateStackInstances."""

    def test_stacks_appear(self, ready: Bench) -> None:
        """Each account gets a stack in each Region, named after set and instance."""
        ready.deploy([A, B], [EAST, WEST])
        ready.wait()

        assert set(ready.instances().values()) == {"CURRENT/SUCCEEDED"}
        assert set(ready.deployer.stacks) == {
            (account, region, ready.stack_set.stack_set_id)
            for account in (A, B)
            for region in (EAST, WEST)
        }
        for target, instance in ready.stack_set.instances.items():
            stack = ready.deployer.stacks[*target, ready.stack_set.stack_set_id]
            assert stack.stack_name == f"StackSet-{NAME}-{instance.uuid}"
            assert stack.stack_id == instance.stack_id

    def test_deployment_targets(self, ready: Bench) -> None:
        """DeploymentTargets.Accounts does what Accounts does."""
        ready.call("CreateStackInstances", DeploymentTargets={"Accounts": [A]}, Regions=[EAST])

        assert list(ready.instances()) == [(A, EAST)]

    @pytest.mark.parametrize("action", ACTIONS)
    @pytest.mark.parametrize(
        "asked",
        [
            {"Regions": [EAST]},
            {"Accounts": [A]},
            {"Accounts": [], "Regions": [EAST]},
            {"Accounts": [A], "Regions": []},
            {"Accounts": ["12"], "Regions": [EAST]},
            {"Accounts": [A], "Regions": ["the moon"]},
            {"Accounts": [A], "DeploymentTargets": {"Accounts": [A]}, "Regions": [EAST]},
            {
                "DeploymentTargets": {"Accounts": [A], "OrganizationalUnitIds": ["ou-1"]},
                "Regions": [EAST],
            },
        ],
        ids=[
            "no accounts",
            "no regions",
            "empty accounts",
            "empty regions",
            "bad account",
            "bad region",
            "both",
            "units",
        ],
    )
    def test_targets_are_checked(self, ready: Bench, action: str, asked: dict[str, Any]) -> None:
        """Accounts, given one way, and Regions are required."""
        assert ready.refuse(action, RetainStacks=False, **asked).code == "ValidationError"

    def test_pairs_given_twice_count_once(self, ready: Bench) -> None:
        """A pair is deployed once, however often it is named."""
        ready.deploy([A, A], [EAST, EAST])
        ready.wait()

        assert len(ready.started()) == 1

    def test_current_pair_is_left_alone(self, ready: Bench) -> None:
        """Creating what is CURRENT deploys nothing and succeeds."""
        first = ready.deploy([A])
        ready.wait()
        again = ready.deploy([A, B])
        ready.wait()

        assert ready.results(again) == {(A, EAST): "SUCCEEDED", (B, EAST): "SUCCEEDED"}
        assert [account for _, _, account, _ in ready.started()] == [A, B]
        assert ready.stack_set.instances[A, EAST].last_operation_id == first  # type: ignore[index]

    def test_outdated_pair_is_tried_again(self, ready: Bench) -> None:
        """Creating what never came up creates it; what is outdated is updated."""
        ready.fail(A, times=1)
        ready.deploy([A])
        ready.wait()
        ready.deploy([A])
        ready.wait()
        ready.fail(A, times=1)
        ready.update(TemplateBody=OTHER)
        ready.wait()
        ready.deploy([A])
        ready.wait()

        assert [action for _, action, _, _ in ready.started()] == [
            "CREATE",
            "CREATE",
            "UPDATE",
            "UPDATE",
        ]
        assert ready.instances() == {(A, EAST): "CURRENT/SUCCEEDED"}

    def test_failed_create_stays_listed(self, ready: Bench) -> None:
        """A failed create leaves an OUTDATED instance with its reason, without StackId."""
        ready.fail(A)
        operation = ready.deploy([A])
        ready.wait()

        assert ready.call("ListStackInstances")["Summaries"] == [
            {
                "StackSetId": ready.stack_set.stack_set_id,
                "Account": A,
                "Region": EAST,
                "Status": "OUTDATED",
                "StackInstanceStatus": {"DetailedStatus": "FAILED"},
                "StatusReason": "broken",
                "OrganizationalUnitId": "",
                "DriftStatus": "NOT_CHECKED",
                "LastOperationId": operation,
            }
        ]

    def test_failed_create_can_be_deleted(self, ready: Bench) -> None:
        """A later delete of a failed create removes it."""
        ready.fail(A, times=1)
        ready.deploy([A])
        ready.wait()
        ready.call("DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=False)
        ready.wait()

        assert ready.instances() == {}

    def test_unknown_override(self, ready: Bench) -> None:
        """An override must name a parameter of the template."""
        error = ready.refuse(
            "CreateStackInstances",
            Accounts=[A],
            Regions=[EAST],
            ParameterOverrides=[parameter("Nope", "x")],
        )

        assert error.code == "ValidationError"


class TestUpdate:
    """UpdateStackInstances."""

    def test_one_missing_pair_refuses_all(self, ready: Bench) -> None:
        """The whole call is refused when one named pair does not exist."""
        ready.deploy([A])
        ready.wait()

        error = ready.refuse("UpdateStackInstances", Accounts=[A, B], Regions=[EAST])

        assert (error.code, error.status) == ("StackInstanceNotFoundException", 404)
        assert len(ready.started()) == 1

    def test_instances_under_work_are_outdated(self, ready: Bench) -> None:
        """From the call to the end of its deployment an instance is OUTDATED, without reason."""
        ready.fail(B)
        operation = ready.deploy([A, B], OperationPreferences={"FailureToleranceCount": 1})
        ready.wait()

        ready.call("UpdateStackInstances", Accounts=[A, B], Regions=[EAST], OperationId="next")

        assert ready.instances() == {(A, EAST): "OUTDATED/RUNNING", (B, EAST): "OUTDATED/PENDING"}
        summaries = ready.call("ListStackInstances")["Summaries"]
        assert {summary["LastOperationId"] for summary in summaries} == {"next"} != {operation}
        assert not any("StatusReason" in summary for summary in summaries)

    def test_makes_outdated_instances_current(self, ready: Bench) -> None:
        """An update brings the template of the stack set to the named instances."""
        ready.deploy([A, B])
        ready.wait()
        ready.update(TemplateBody=OTHER, Accounts=[A], Regions=[EAST])
        ready.wait()

        ready.call("UpdateStackInstances", Accounts=[B], Regions=[EAST])
        ready.wait()

        assert set(ready.instances().values()) == {"CURRENT/SUCCEEDED"}
        stack = ready.deployer.stacks[B, EAST, ready.stack_set.stack_set_id]
        assert stack.template_body == OTHER


class TestDelete:
    """DeleteStackInstances."""

    def test_stacks_go(self, ready: Bench) -> None:
        """Instances and stacks are gone afterwards."""
        ready.deploy([A, B])
        ready.wait()
        ready.call("DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=False)
        ready.wait()

        assert list(ready.instances()) == [(B, EAST)]
        assert [account for account, _, _ in ready.deployer.stacks] == [B]

    def test_retained_stacks_stay(self, ready: Bench) -> None:
        """RetainStacks forgets the instance at once and leaves its stack."""
        ready.deploy([A])
        ready.wait()
        answer = ready.call("DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=True)

        assert ready.status(answer["OperationId"]) == "SUCCEEDED"
        assert ready.results(answer["OperationId"]) == {(A, EAST): "SUCCEEDED"}
        assert ready.instances() == {}
        assert len(ready.deployer.stacks) == 1

    def test_retain_stacks_is_required(self, ready: Bench) -> None:
        """Nobody deletes without saying what becomes of the stacks."""
        error = ready.refuse("DeleteStackInstances", Accounts=[A], Regions=[EAST])

        assert error.code == "ValidationError"

    def test_absent_pairs_succeed_at_once(self, ready: Bench) -> None:
        """Deleting what is not there is an operation without work."""
        answer = ready.call(
            "DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=False
        )

        assert ready.status(answer["OperationId"]) == "SUCCEEDED"
        assert ready.results(answer["OperationId"]) == {}

    def test_failed_delete_is_inoperable(self, ready: Bench) -> None:
        """A failed delete leaves an INOPERABLE instance, which updates leave alone."""
        ready.deploy([A])
        ready.wait()
        ready.fail(A, times=1)
        ready.call("DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=False)
        ready.wait()
        ready.update(TemplateBody=OTHER)
        ready.wait()

        assert ready.instances() == {(A, EAST): "INOPERABLE/INOPERABLE"}
        assert [action for _, action, _, _ in ready.started()] == ["CREATE", "DELETE"]

    def test_inoperable_instance_can_be_deleted_again(self, ready: Bench) -> None:
        """A second delete works when its cause is gone."""
        ready.deploy([A])
        ready.wait()
        ready.fail(A, times=1)
        for _ in range(2):
            ready.call("DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=False)
            ready.wait()

        assert ready.instances() == {}


@pytest.mark.parametrize(
    "action",
    [*ACTIONS, "DescribeStackInstance", "ListStackInstances", "ListStackSetOperations"],
)
def test_unknown_stack_set(bench: Bench, action: str) -> None:
    """Every call on a stack set that is not there is StackSetNotFound."""
    asked: dict[str, Any] = {}
    if action in ACTIONS:
        asked = {"Accounts": [A], "Regions": [EAST]}
    if action == "DeleteStackInstances":
        asked["RetainStacks"] = False
    if action == "DescribeStackInstance":
        asked = {"StackInstanceAccount": A, "StackInstanceRegion": EAST}
    error = bench.refuse(action, **asked)

    assert (error.code, error.status) == ("StackSetNotFoundException", 404)
