"""CloudFormation shows what it is doing, and does not wait for what it has given up."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from emulator.local.aws import LocalAWS
from tests.local.probe import SIBLING, ProbedStack, deploy_probe, until

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")


@pytest.fixture(scope="module")
def probe(aws: LocalAWS) -> LocalAWS:
    """A local AWS with the probe."""
    deploy_probe(aws)
    return aws


@pytest.fixture
def stack(probe: LocalAWS, request: pytest.FixtureRequest) -> ProbedStack:
    """A stack of this test's own."""
    name = request.node.name.removeprefix("test_").replace("_", "-")
    return ProbedStack(probe, f"overlap-{name}"[:60])


class TestShown:
    """What DescribeStacks and DescribeStackResource say while a request is in flight."""

    def test_request_is_shown_since_it_was_signed(self, stack: ProbedStack) -> None:
        """Each kind of request shows its status, its id, and a time just before the signature."""
        stack.create(Id="one")
        assert stack.settle() == "CREATE_COMPLETE"
        stack.update(Id="one", Size="2")
        assert stack.settle() == "UPDATE_COMPLETE"
        stack.cloudformation.delete_stack(StackName=stack.id)
        create, update, delete = stack.asked(3)

        for asked, physical_id in ((create, ""), (update, "one"), (delete, "one")):
            assert asked.seen["ResourceStatus"] == f"{asked.kind.upper()}_IN_PROGRESS"
            assert asked.seen["StackStatus"] == f"{asked.kind.upper()}_IN_PROGRESS"
            assert asked.seen["PhysicalResourceId"] == physical_id
            assert 0 <= asked.signed - int(asked.seen["LastUpdatedTimestamp"]) <= 1
            assert asked.seen["LastUpdatedTimestamp"] <= asked.began

    def test_all_lists_show_the_request(self, stack: ProbedStack) -> None:
        """DescribeStackResources and ListStackResources say the same, in milliseconds."""
        stack.create(SleepCreate="1")
        stack.wait_for_work("CREATE_IN_PROGRESS")
        described = stack.cloudformation.describe_stack_resources(StackName=stack.id)
        listed = stack.cloudformation.list_stack_resources(StackName=stack.id)
        assert stack.settle() == "CREATE_COMPLETE"

        (one,), (other,) = described["StackResources"], listed["StackResourceSummaries"]
        assert one["ResourceStatus"] == other["ResourceStatus"] == "CREATE_IN_PROGRESS"
        assert one["Timestamp"] == other["LastUpdatedTimestamp"]
        assert stack.resource()["ResourceStatus"] == "CREATE_COMPLETE"
        assert stack.resource()["PhysicalResourceId"] == "plain"

    def test_events_tell_what_a_request_is_to_bring_about(self, stack: ProbedStack) -> None:
        """The event of each beginning has the properties of its request, a rollback's the old."""
        stack.create(Id="one", Size="1")
        stack.settle()
        stack.update(Id="one", Size="2", Update="FAILED")
        assert stack.settle() == "UPDATE_ROLLBACK_COMPLETE"
        events = stack.cloudformation.describe_stack_events(StackName=stack.id)["StackEvents"]

        told = [json.loads(e["ResourceProperties"]) for e in events if "ResourceProperties" in e]
        assert [each["Size"] for each in told] == ["1", "2", "1"]

    def test_operations_are_numbered(self, stack: ProbedStack) -> None:
        """DescribeStacks has the last operations, newest first, with ids of their own."""
        stack.create(Id="one")
        stack.settle()
        stack.update(Id="one", Size="2")
        stack.settle()
        create, update = stack.asked(2)

        assert [one["OperationType"] for one in create.seen["LastOperations"]] == ["CREATE_STACK"]
        assert [one["OperationType"] for one in update.seen["LastOperations"]] == [
            "UPDATE_STACK",
            "CREATE_STACK",
        ]
        assert len({one["OperationId"] for one in update.seen["LastOperations"]}) == 2

    @pytest.mark.parametrize("numbered", [False, True])
    def test_automatic_rollback_is_an_operation_or_not(
        self, emulator_python: Path, tmp_path: Path, *, numbered: bool
    ) -> None:
        """Documentation does not say whether a rollback is an operation: a switch decides."""
        with LocalAWS(emulator_python, tmp_path, rollbacks_are_operations=numbered) as aws:
            deploy_probe(aws)
            stack = ProbedStack(aws, "overlap-numbered")
            stack.create(Create="FAILED")
            stack.settle()
            delete = stack.asked(2)[1]

        kinds = [one["OperationType"] for one in delete.seen["LastOperations"]]
        assert kinds == ["ROLLBACK", "CREATE_STACK"][not numbered :]

    def test_change_set_is_an_operation(self, stack: ProbedStack) -> None:
        """Executing a change set is numbered as the creation or update that it is."""
        stack.create(Id="one")
        stack.settle()
        change_set = stack.cloudformation.create_change_set(
            StackName=stack.name,
            ChangeSetName="change",
            TemplateBody=stack.template(Id="one", Size="2"),
        )["Id"]
        stack.cloudformation.execute_change_set(ChangeSetName=change_set)
        stack.settle()
        update = stack.asked(2)[1]

        assert update.seen["LastOperations"][0]["OperationType"] == "UPDATE_STACK"

    def test_resource_of_an_update_is_created(self, stack: ProbedStack) -> None:
        """A resource that an update adds is created, as its events say."""
        stack.create(Id="one")
        stack.settle()
        stack.update(Id="one", sibling=SIBLING)
        stack.end_sibling("SUCCESS")
        stack.settle()

        statuses = [status for status, _ in stack.events(SIBLING)]
        assert (statuses[0], statuses[-1]) == ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")

    def test_clean_up_shows_the_new_id(self, stack: ProbedStack) -> None:
        """While a replaced id is deleted, the resource is complete and has its new id."""
        stack.create(Id="one")
        stack.settle()
        stack.update(Id="two")
        assert stack.settle() == "UPDATE_COMPLETE"
        delete = stack.asked(3)[2]

        assert delete.event["PhysicalResourceId"] == "one"
        assert delete.seen["PhysicalResourceId"] == "two"
        assert delete.seen["ResourceStatus"] == "UPDATE_COMPLETE"
        assert delete.seen["StackStatus"] == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"

    def test_failure_keeps_its_reason(self, stack: ProbedStack) -> None:
        """With rollback disabled, the resource shows its failure and why."""
        stack.create(Id="one", Create="FAILED", disable_rollback=True)
        assert stack.settle() == "CREATE_FAILED"

        shown = stack.resource()
        assert shown["ResourceStatus"] == "CREATE_FAILED"
        assert shown["PhysicalResourceId"] == "one"
        assert "Message returned: as asked" in shown["ResourceStatusReason"]
        assert stack.events()[-1] == ("CREATE_FAILED", shown["ResourceStatusReason"])

    def test_deleted_resource_is_shown(self, stack: ProbedStack) -> None:
        """After the stack's deletion, its id still finds the resource: DELETE_COMPLETE."""
        stack.create(Id="one")
        stack.settle()
        stack.cloudformation.delete_stack(StackName=stack.id)
        stack.settle()

        assert stack.status() == "DELETE_COMPLETE"
        assert stack.resource()["ResourceStatus"] == "DELETE_COMPLETE"

    def test_unchanged_resource_keeps_its_time(self, stack: ProbedStack) -> None:
        """An update of other resources leaves status and time as they are."""
        stack.create(Id="one")
        stack.settle()
        before = stack.resource()
        stack.update(Id="one", sibling=SIBLING)
        stack.end_sibling("SUCCESS")
        assert stack.settle() == "UPDATE_COMPLETE"

        assert stack.resource()["ResourceStatus"] == "CREATE_COMPLETE"
        assert stack.resource()["LastUpdatedTimestamp"] == before["LastUpdatedTimestamp"]


class TestGivenUp:
    """A request that CloudFormation has given up goes on, and nobody waits for it."""

    def test_cancelled_update(self, stack: ProbedStack) -> None:
        """CancelUpdateStack sends the rollback's Update while the first one works."""
        stack.create(Id="one", Size="1")
        stack.settle()
        stack.update(Id="one", Size="2", SleepUpdate="3")
        stack.wait_for_work("UPDATE_IN_PROGRESS")
        stack.cloudformation.cancel_update_stack(StackName=stack.id)
        assert stack.settle() == "UPDATE_ROLLBACK_COMPLETE"
        _, update, back = stack.asked(3)

        assert back.event["ResourceProperties"] == update.event["OldResourceProperties"]
        assert back.event["OldResourceProperties"] == update.event["ResourceProperties"]
        assert back.began < update.ended - 1
        assert ("UPDATE_FAILED", "Resource update cancelled") in stack.events()
        assert back.seen["StackStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"
        assert back.seen["ResourceStatus"] == "UPDATE_IN_PROGRESS"
        assert 0 <= back.signed - int(back.seen["LastUpdatedTimestamp"]) <= 1
        assert stack.status() == "UPDATE_ROLLBACK_COMPLETE"

    def test_sibling_fails_during_an_update(self, stack: ProbedStack) -> None:
        """A sibling's failure cancels the Update at once, as a user does."""
        stack.create(Id="one", Size="1")
        stack.settle()
        stack.update(Id="one", Size="2", SleepUpdate="3", sibling=SIBLING)
        stack.wait_for_work("UPDATE_IN_PROGRESS")
        failed = stack.end_sibling()
        assert stack.settle() == "UPDATE_ROLLBACK_COMPLETE"
        update, back = stack.asked(3)[1:]

        assert back.event["OldResourceProperties"] == update.event["ResourceProperties"]
        assert back.began < min(failed + 2, update.ended)
        assert ("UPDATE_FAILED", "Resource update cancelled") in stack.events()

    def test_sibling_fails_during_a_create(self, stack: ProbedStack) -> None:
        """A sibling's failure cancels the Create, and a Delete with a made-up id follows."""
        stack.create(Id="one", SleepCreate="3", sibling=SIBLING)
        stack.wait_for_work("CREATE_IN_PROGRESS")
        failed = stack.end_sibling()
        assert stack.settle() == "ROLLBACK_COMPLETE"
        create, delete = stack.asked(2)

        made_up = delete.event["PhysicalResourceId"]
        assert re.fullmatch(f"{stack.name}-Probed-[0-9A-Z]{{12}}", made_up)
        assert delete.began < min(failed + 2, create.ended)
        assert delete.seen["ResourceStatus"] == "DELETE_IN_PROGRESS"
        assert delete.seen["PhysicalResourceId"] == made_up
        assert ("CREATE_FAILED", "Resource creation cancelled") in stack.events()
        assert stack.events()[-1][0] == "DELETE_COMPLETE"

    def test_stack_is_deleted_during_a_create(self, stack: ProbedStack) -> None:
        """DeleteStack during a Create sends a Delete at once."""
        stack.create(Id="one", SleepCreate="3")
        stack.wait_for_work("CREATE_IN_PROGRESS")
        stack.cloudformation.delete_stack(StackName=stack.id)
        assert stack.settle() == "DELETE_COMPLETE"
        create, delete = stack.asked(2)

        assert re.fullmatch(
            f"{stack.name}-Probed-[0-9A-Z]{{12}}", delete.event["PhysicalResourceId"]
        )
        assert delete.began < create.ended - 1
        assert delete.seen["StackStatus"] == "DELETE_IN_PROGRESS"
        assert stack.status() == "DELETE_COMPLETE"

    def test_deletion_of_a_failed_creation(self, stack: ProbedStack) -> None:
        """OnFailure=DELETE rolls back with a Delete, and then there is nothing left to delete."""
        stack.create(SleepCreate="2", sibling=SIBLING, on_failure="DELETE")
        stack.wait_for_work("CREATE_IN_PROGRESS")
        stack.end_sibling()
        assert stack.settle() in {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}

        assert [asked.kind for asked in stack.asked(2)] == ["Create", "Delete"]

    def test_replaced_resource_goes_back(self, stack: ProbedStack) -> None:
        """A sibling that fails after a replacement: an Update back, and the new id is deleted."""
        stack.create(Id="one")
        stack.settle()
        stack.update(Id="two", sibling=SIBLING)
        stack.wait_for_work("UPDATE_COMPLETE")
        stack.end_sibling()
        assert stack.settle() == "UPDATE_ROLLBACK_COMPLETE"
        back, delete = stack.asked(4)[2:]

        assert (back.kind, back.event["PhysicalResourceId"]) == ("Update", "two")
        assert back.event["ResourceProperties"]["Id"] == "one"
        assert back.seen["PhysicalResourceId"] == "two"
        assert (delete.kind, delete.event["PhysicalResourceId"]) == ("Delete", "two")
        assert delete.seen["PhysicalResourceId"] == "one"
        assert delete.seen["ResourceStatus"] == "UPDATE_COMPLETE"
        assert delete.seen["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"
        assert stack.resource()["PhysicalResourceId"] == "one"

    def test_independent_paths_go_on_with_rollback_disabled(self, stack: ProbedStack) -> None:
        """With rollback disabled, a sibling's failure cancels nothing."""
        stack.create(SleepCreate="1", sibling=SIBLING, disable_rollback=True)
        stack.wait_for_work("CREATE_IN_PROGRESS")
        stack.end_sibling()
        assert stack.settle() == "CREATE_FAILED"

        assert [asked.kind for asked in stack.asked(1)] == ["Create"]
        assert stack.resource()["ResourceStatus"] == "CREATE_COMPLETE"

    def test_stack_is_not_deleted_during_an_update(self, stack: ProbedStack) -> None:
        """DeleteStack is refused while an update is under way, its clean-up included."""
        stack.create(Id="one", SleepDelete="1")
        stack.settle()
        stack.update(Id="two", SleepDelete="1")
        until(lambda: stack.status() == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        with pytest.raises(ClientError, match="cannot be deleted while in status UPDATE_COMPLETE"):
            stack.cloudformation.delete_stack(StackName=stack.id)

        assert stack.settle() == "UPDATE_COMPLETE"

    def test_retained_resource_is_not_deleted(self, stack: ProbedStack) -> None:
        """With DeletionPolicy Retain no Delete follows a cancelled Create."""
        template = json.loads(stack.template(SleepCreate="2", sibling=SIBLING))
        template["Resources"]["Probed"]["DeletionPolicy"] = "Retain"
        stack.id = stack.cloudformation.create_stack(
            StackName=stack.name, TemplateBody=json.dumps(template)
        )["StackId"]
        stack.wait_for_work("CREATE_IN_PROGRESS")
        stack.end_sibling()
        assert stack.settle() == "ROLLBACK_COMPLETE"

        assert [asked.kind for asked in stack.asked(1)] == ["Create"]
        assert stack.events()[-1][0] == "DELETE_SKIPPED"

    def test_rollback_on_demand_deletes_a_failed_create(self, stack: ProbedStack) -> None:
        """RollbackStack after a failure with rollback disabled sends the Delete."""
        stack.create(Id="one", Create="FAILED", disable_rollback=True)
        stack.settle()
        stack.cloudformation.rollback_stack(StackName=stack.id)
        assert stack.settle() == "ROLLBACK_COMPLETE"
        delete = stack.asked(2)[1]

        assert (delete.kind, delete.event["PhysicalResourceId"]) == ("Delete", "one")
        assert delete.seen["LastOperations"][0]["OperationType"] == "ROLLBACK"


class TestRights:
    """The function may look at its own stacks, and at no others."""

    def test_missing_right_is_denied(self, probe: LocalAWS) -> None:
        """The rights are evaluated for the stack's own ARN."""
        deploy_probe(probe, "blind", "another-*")
        stack = ProbedStack(probe, "overlap-denied", "blind")
        stack.create()
        stack.settle()

        (asked,) = stack.asked(1)
        assert "AccessDenied" in asked.seen["error"]
        assert "cloudformation:DescribeStacks" in asked.seen["error"]

    def test_right_is_evaluated_for_the_arn(self, probe: LocalAWS, stack: ProbedStack) -> None:
        """Each look needs its own action on stack/NAME/ID."""
        stack.create()
        stack.settle()
        stack.asked(1)

        evaluated = {
            line["action"]
            for line in probe.iam_actions()
            if line["resource"] == stack.id and "/probe" in line["principal"]
        }
        assert evaluated == {
            "cloudformation:DescribeStacks",
            "cloudformation:DescribeStackResource",
        }
