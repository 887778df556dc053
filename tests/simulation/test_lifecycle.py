"""Create, Update and Delete as CloudFormation drives them, in virtual time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from emulator.stacksets.faults import Answer, BusyFault, CallFault, DeploymentFault
from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import SandboxDied
from tests.simulation.story import (
    ACCOUNTS,
    ADMINISTRATION_ROLE,
    EXECUTION_ROLE,
    REGIONS,
    group,
    operations,
    properties,
    stacks_of,
    template,
    wanted_stacks,
)

TWO_TAGS = [{"DeployDate": "2026-02-02"}, {"Environment": "Testing"}]


def deploy(aws: VirtualAWS, stack: Stack, wanted: dict[str, object]) -> list[str]:
    """Deploy successfully, check the world, and give the writes that it took."""
    before = len(operations(aws))
    status = stack.deploy(wanted)
    assert status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack.reason
    assert stacks_of(aws, stack.physical_id) == wanted_stacks(wanted)
    return operations(aws)[before:]


class TestStory:
    """The story that the product comes from."""

    def test_create(self, aws: VirtualAWS, stack: Stack) -> None:
        """Three accounts in one region take one stack set and one operation."""
        writes = deploy(aws, stack, properties())

        assert writes == ["CreateStackSet", "CreateStackInstances"]

    def test_attributes(self, aws: VirtualAWS, stack: Stack) -> None:
        """Ref is the StackSetId, and GetAtt gives the documented attributes."""
        deploy(aws, stack, properties(OperationPreferences="FAST"))
        live = aws.engine.stack_sets[stack.physical_id]

        assert stack.physical_id.startswith("StackSetsTest:")
        stack_ids = json.loads(stack.attributes.pop("StackIds"))
        assert list(stack_ids) == [f"{account}/{REGIONS[0]}" for account in ACCOUNTS[:3]]
        assert stack.attributes == {
            "StackSetId": live.stack_set_id,
            "StackSetName": "StackSetsTest",
            "StackSetArn": live.arn,
            "OperationId": list(live.operations)[-1],
            "DeploymentId": f"{list(live.operations)[-1][17:42]}-3",
            "InstanceCount": "3",
            "FailedInstanceCount": "0",
            "Status": "ACTIVE",
            "DriftStatus": "NOT_CHECKED",
            "DriftedInstanceCount": "0",
            "Warnings": "",
            "Regions": REGIONS[0],
            "Accounts": ",".join(ACCOUNTS[:3]),
            "StackIdsUrl": "",
        }

    def test_another_deploy_date(self, aws: VirtualAWS, stack: Stack) -> None:
        """Another tag is one operation on the set."""
        deploy(aws, stack, properties())

        assert deploy(aws, stack, properties(Tags=TWO_TAGS)) == ["UpdateStackSet"]

    def test_a_fourth_account(self, aws: VirtualAWS, stack: Stack) -> None:
        """A new account is created and the others are not touched."""
        deploy(aws, stack, properties())

        writes = deploy(aws, stack, properties(group(ACCOUNTS)))

        assert writes == ["CreateStackInstances"]

    def test_without_one(self, aws: VirtualAWS, stack: Stack) -> None:
        """An account that leaves is deleted and the others are not touched."""
        deploy(aws, stack, properties())

        writes = deploy(aws, stack, properties(group(ACCOUNTS[:2])))

        assert writes == ["DeleteStackInstances"]

    def test_delete(self, aws: VirtualAWS, stack: Stack) -> None:
        """Deleting the stack deletes the instances and the stack set."""
        deploy(aws, stack, properties())

        assert stack.delete() == "DELETE_COMPLETE"
        assert aws.deployer.stacks == {}
        assert operations(aws)[-2:] == ["DeleteStackInstances", "DeleteStackSet"]


class TestUpdate:
    """What an Update does, and what it leaves alone."""

    def test_everything_at_once(self, aws: VirtualAWS, stack: Stack) -> None:
        """Instances leave first, then the set changes, then new ones come, then overrides."""
        deploy(aws, stack, properties(group(ACCOUNTS[:2]), group(ACCOUNTS[2:3])))

        writes = deploy(
            aws,
            stack,
            properties(
                group(ACCOUNTS[1:2]), group(ACCOUNTS[2:3], Size="large"), group(ACCOUNTS[3:]),
                TemplateBody=template("2"),
            ),
        )  # fmt: skip

        assert writes == [
            "DeleteStackInstances",
            "UpdateStackSet",
            "CreateStackInstances",
            "UpdateStackInstances",
        ]

    def test_order_and_spelling(self, aws: VirtualAWS, stack: Stack) -> None:
        """The same wish in another order and dialect takes no operation."""
        deploy(aws, stack, properties(group(ACCOUNTS[:2], REGIONS, Size="large")))
        reworded = properties(
            StackInstances=[],
            StackInstancesGroup=[
                {
                    "DeploymentTargets": {"Accounts": [account]},
                    "Regions": list(reversed(REGIONS)),
                    "ParameterOverrides": {"Size": "large"},
                }
                for account in reversed(ACCOUNTS[:2])
            ],
            Tags={"Environment": "Testing", "DeployDate": "2026-01-01"},
        )
        before = len(operations(aws))

        assert stack.deploy(reworded) == "UPDATE_COMPLETE"
        assert operations(aws)[before:] == []

    def test_preferences_alone(self, aws: VirtualAWS, stack: Stack) -> None:
        """A change of operation preferences alone takes no operation."""
        deploy(aws, stack, properties())

        assert deploy(aws, stack, properties(OperationPreferences={"MaxConcurrentCount": 1})) == []

    @pytest.mark.parametrize(
        ("change", "value"),
        [
            ("StackSetDescription", "Another"),
            ("Parameters", [{"Size": "huge"}]),
            ("Parameters", []),
            ("Tags", []),
            ("TemplateBody", template("2")),
            ("Capabilities", ["CAPABILITY_IAM"]),
            ("ExecutionRoleName", "Another"),
            ("AdministrationRoleARN", "arn:aws:iam::111111111111:role/Another"),
        ],
    )
    def test_one_operation_on_the_set(
        self, aws: VirtualAWS, stack: Stack, change: str, value: object
    ) -> None:
        """Each change of the set itself is one UpdateStackSet, also where something goes."""
        deploy(aws, stack, properties())

        assert deploy(aws, stack, properties(**{change: value})) == ["UpdateStackSet"]

    def test_roles_are_sent_again(self, aws: VirtualAWS, stack: Stack) -> None:
        """An update keeps the custom roles, which the API would drop if they were not sent."""
        deploy(aws, stack, properties())
        deploy(aws, stack, properties(Tags=TWO_TAGS))
        live = aws.engine.stack_sets[stack.physical_id].configuration

        assert live.administration_role_arn == ADMINISTRATION_ROLE
        assert live.execution_role_name == EXECUTION_ROLE

    def test_removed_roles(self, aws: VirtualAWS, stack: Stack) -> None:
        """Roles that the template no longer names are the service's default roles again."""
        deploy(aws, stack, properties())
        deploy(aws, stack, properties(AdministrationRoleARN="", ExecutionRoleName=""))
        live = aws.engine.stack_sets[stack.physical_id].configuration

        assert live.execution_role_name == "AWSCloudFormationStackSetExecutionRole"
        assert live.administration_role_arn.endswith("AWSCloudFormationStackSetAdministrationRole")

    def test_overrides(self, aws: VirtualAWS, stack: Stack) -> None:
        """Overrides that come, change and go touch only their own instances, once."""
        deploy(aws, stack, properties())
        groups = [group(ACCOUNTS[:1]), group(ACCOUNTS[1:3], Size="large")]

        assert deploy(aws, stack, properties(*groups)) == ["UpdateStackInstances"]
        groups[1] = group(ACCOUNTS[1:3], Colour="blue")
        assert deploy(aws, stack, properties(*groups)) == ["UpdateStackInstances"]
        assert deploy(aws, stack, properties()) == ["UpdateStackInstances"]
        touched = [order.account for _, order, _ in aws.engine.deployments]
        assert touched.count(ACCOUNTS[0]) == 1

    def test_new_name_replaces(self, aws: VirtualAWS, stack: Stack) -> None:
        """A new name is a new stack set, and CloudFormation deletes the old one afterwards."""
        deploy(aws, stack, properties())
        old = stack.physical_id

        deploy(aws, stack, properties(StackSetName="Renamed"))

        assert stack.physical_id.startswith("Renamed:")
        assert stacks_of(aws, old) == {}
        assert aws.engine.stack_sets[old].status == "DELETED"

    def test_name_left_out(self, aws: VirtualAWS, stack: Stack) -> None:
        """A name that the template no longer gives is kept: the author does not mind it."""
        deploy(aws, stack, properties())

        assert deploy(aws, stack, properties(StackSetName="")) == []

    def test_default_name(self, aws: VirtualAWS, stack: Stack) -> None:
        """Without a name the stack set is called after the stack and the resource."""
        deploy(aws, stack, properties(StackSetName=""))

        assert stack.attributes["StackSetName"].startswith("story-StackSet-")

    def test_deleted_by_hand(self, aws: VirtualAWS, stack: Stack) -> None:
        """An update of a stack set that somebody deleted creates it again."""
        deploy(aws, stack, properties())
        stack_set = aws.engine.stack_sets[stack.physical_id]
        stack_set.instances.clear()
        stack_set.status = "DELETED"
        aws.deployer.stacks.clear()

        writes = deploy(aws, stack, properties(Tags=TWO_TAGS))

        assert writes == ["CreateStackSet", "CreateStackInstances"]

    def test_instance_deleted_by_hand(self, aws: VirtualAWS, stack: Stack) -> None:
        """An instance that somebody deleted comes back with the next update, whatever it is."""
        deploy(aws, stack, properties())
        gone = next(iter(aws.engine.stack_sets[stack.physical_id].instances))
        del aws.engine.stack_sets[stack.physical_id].instances[gone]
        aws.deployer.stacks.pop((*gone, stack.physical_id))

        writes = deploy(aws, stack, properties(OperationPreferences={}))

        assert writes == ["CreateStackInstances"]

    def test_strangers_instance(self, aws: VirtualAWS, stack: Stack) -> None:
        """An instance that the template never named is left alone by updates."""
        deploy(aws, stack, properties())
        _call(aws, "CreateStackInstances", stack, Accounts=[ACCOUNTS[3]], Regions=[REGIONS[0]])
        aws.clock.sleep(60)

        assert stack.deploy(properties(group(ACCOUNTS[:2]))) == "UPDATE_COMPLETE"
        assert {account for account, _ in stacks_of(aws, stack.physical_id)} == {
            *ACCOUNTS[:2], ACCOUNTS[3],
        }  # fmt: skip

    def test_takes_over_overrides_of_a_stranger(self, aws: VirtualAWS, stack: Stack) -> None:
        """A newly named instance that exists already gets the template's overrides."""
        deploy(aws, stack, properties())
        overrides = [{"ParameterKey": "Size", "ParameterValue": "odd"}]
        _call(
            aws, "CreateStackInstances", stack, Accounts=[ACCOUNTS[3]], Regions=[REGIONS[0]],
            ParameterOverrides=overrides,
        )  # fmt: skip
        aws.clock.sleep(60)

        assert deploy(aws, stack, properties(group(ACCOUNTS))) == ["UpdateStackInstances"]

    def test_takes_over_an_equal_instance(self, aws: VirtualAWS, stack: Stack) -> None:
        """A newly named instance that is as the template wants it is not touched."""
        deploy(aws, stack, properties())
        _call(aws, "CreateStackInstances", stack, Accounts=[ACCOUNTS[3]], Regions=[REGIONS[0]])
        aws.clock.sleep(60)

        assert deploy(aws, stack, properties(group(ACCOUNTS))) == []

    def test_managed_execution(self, aws: VirtualAWS, stack: Stack) -> None:
        """With managed execution, operations that do not conflict run at the same time."""
        managed = {"ManagedExecution": {"Active": True}}
        one_by_one = [group((each,), Size=each) for each in ACCOUNTS]
        began = aws.clock.now

        deploy(aws, stack, properties(*one_by_one, **managed))

        assert aws.clock.now - began < 60
        swapped = [group((each,), Size=each[::-1] + "x") for each in ACCOUNTS[:2]]
        writes = deploy(aws, stack, properties(*swapped, **managed, Tags=TWO_TAGS))
        assert sorted(writes[:2]) == ["DeleteStackInstances", "UpdateStackSet"]

    def test_managed_execution_switched(self, aws: VirtualAWS, stack: Stack) -> None:
        """Switching managed execution is an update of the set."""
        deploy(aws, stack, properties())

        assert deploy(aws, stack, properties(ManagedExecution={"Active": True})) == [
            "UpdateStackSet"
        ]


class TestTemplateUrl:
    """Templates in S3."""

    URL = "https://s3.amazonaws.com/bucket/app.yaml"

    def test_same_url_other_content(self, aws: VirtualAWS, stack: Stack) -> None:
        """Content that changed under the same address is deployed by any update."""
        aws.objects["bucket", "app.yaml"] = template("1").encode()
        wanted = properties(TemplateURL=self.URL, TemplateBody="")
        assert stack.deploy(wanted) == "CREATE_COMPLETE", stack.reason
        aws.objects["bucket", "app.yaml"] = template("2").encode()

        stack.deploy({**wanted, "OperationPreferences": {}})

        deployed = stacks_of(aws, stack.physical_id).values()
        assert {each.template_body for each in deployed} == {template("2")}

    def test_other_url_same_content(self, aws: VirtualAWS, stack: Stack) -> None:
        """The same content at another address takes no operation."""
        aws.objects["bucket", "app.yaml"] = template().encode()
        aws.objects["bucket", "copy.yaml"] = template().encode()
        wanted = properties(TemplateURL=self.URL, TemplateBody="")
        stack.deploy(wanted)
        before = len(operations(aws))

        stack.deploy({**wanted, "TemplateURL": self.URL.replace("app", "copy")})

        assert operations(aws)[before:] == []


class TestFailure:
    """What happens when it does not work."""

    def fail(self, aws: VirtualAWS, account: str, **how: object) -> None:
        """Have every deployment in an account fail."""
        fault = DeploymentFault("Role Admin already exists", account=account, **how)  # type: ignore[arg-type]
        aws.engine.faults.deployments.append(fault)

    def test_failing_create_leaves_nothing(self, aws: VirtualAWS, stack: Stack) -> None:
        """A create that fails is told with account, region and cause, and leaves nothing."""
        self.fail(aws, ACCOUNTS[1], actions=("CREATE",))

        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert f"Role Admin already exists ({ACCOUNTS[1]}/{REGIONS[0]})" in stack.reason
        assert aws.deployer.stacks == {}
        assert [each.status for each in aws.engine.stack_sets.values()] == ["DELETED"]

    def test_failing_update_rolls_back(self, aws: VirtualAWS, stack: Stack) -> None:
        """An update that fails in one account leaves all as it was before."""
        wanted = properties(group(ACCOUNTS[:3], REGIONS[:2]))
        deploy(aws, stack, wanted)
        self.fail(aws, ACCOUNTS[2], marker="version 2")

        status = stack.deploy({**wanted, "TemplateBody": template("2")})

        assert status == "UPDATE_ROLLBACK_COMPLETE"
        assert ACCOUNTS[2] in stack.reason
        assert stacks_of(aws, stack.physical_id) == wanted_stacks(wanted)

    def test_failure_within_tolerance(self, aws: VirtualAWS, stack: Stack) -> None:
        """A failure that the operation tolerates is still no success."""
        self.fail(aws, ACCOUNTS[1], actions=("CREATE",))

        status = stack.deploy(properties(OperationPreferences={"FailureToleranceCount": 2}))

        assert status == "ROLLBACK_COMPLETE"
        assert ACCOUNTS[1] in stack.reason

    def test_bad_override_and_new_template(self, aws: VirtualAWS, stack: Stack) -> None:
        """An override that breaks its stack is taken away before the template goes back."""
        before = properties(group(ACCOUNTS[:3]))
        deploy(aws, stack, before)
        aws.engine.faults.deployments.append(
            DeploymentFault("Bad size", account=ACCOUNTS[1], marker="version 2", times=1)
        )
        groups = [group(ACCOUNTS[1:2], Size="bad"), group((ACCOUNTS[0], ACCOUNTS[2]))]

        status = stack.deploy(properties(*groups, TemplateBody=template("2")))

        assert status == "UPDATE_ROLLBACK_COMPLETE", stack.reason
        assert stacks_of(aws, stack.physical_id) == wanted_stacks(before)

    def test_failing_replacement(self, aws: VirtualAWS, stack: Stack) -> None:
        """A replacement that fails is removed, and the old stack set stays as it was."""
        deploy(aws, stack, properties())
        old = stack.physical_id
        self.fail(aws, ACCOUNTS[1], actions=("CREATE",))

        assert stack.deploy(properties(StackSetName="Renamed")) == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.physical_id == old
        active = [each.name for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
        assert active == ["StackSetsTest"]
        assert stacks_of(aws, old) == wanted_stacks(properties())

    def test_rollback_of_a_replacement(self, aws: VirtualAWS, stack: Stack) -> None:
        """When another resource fails after a replacement, the old stack set is kept untouched."""
        deploy(aws, stack, properties())
        old = stack.physical_id
        touched = len(aws.engine.deployments)
        stack.others_fail = True

        assert stack.deploy(properties(StackSetName="Renamed")) == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.physical_id == old
        assert stacks_of(aws, old) == wanted_stacks(properties())
        later = [order.stack_set_name for _, order, _ in aws.engine.deployments[touched:]]
        assert set(later) == {"Renamed"}
        active = [each.name for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
        assert active == ["StackSetsTest"]

    def test_rollback_to_a_stack_set_without_marks(self, aws: VirtualAWS, stack: Stack) -> None:
        """A stack set that another tool made and this resource took over is found again."""
        deploy(aws, stack, properties())
        old = stack.physical_id
        live = aws.engine.stack_sets[old]
        for number, operation_id in enumerate(list(live.operations)):
            operation = live.operations.pop(operation_id)
            operation.operation_id = f"somebody-{number}"
            live.operations[operation.operation_id] = operation
        for instance in live.instances.values():
            instance.last_operation_id = "somebody-0"
        stack.others_fail = True

        assert stack.deploy(properties(StackSetName="Renamed")) == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.physical_id == old
        assert stacks_of(aws, old) == wanted_stacks(properties())

    def test_replacement_that_cannot_be_removed(self, aws: VirtualAWS, stack: Stack) -> None:
        """A rollback fails while the failed replacement is there, and removes it when continued."""
        deploy(aws, stack, properties())
        self.fail(aws, ACCOUNTS[1], actions=("CREATE",))
        self.fail(aws, ACCOUNTS[0], actions=("DELETE",))
        renamed = properties(group(ACCOUNTS), StackSetName="Renamed", TemplateBody=template("2"))
        assert stack.deploy(renamed) == "UPDATE_ROLLBACK_FAILED"
        aws.engine.faults.deployments.clear()

        assert stack.continue_rollback() == "UPDATE_ROLLBACK_COMPLETE"
        active = [each.name for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
        assert active == ["StackSetsTest"]

    @pytest.mark.parametrize("denied", [False, True])
    def test_replacement_that_nobody_owns(
        self, aws: VirtualAWS, stack: Stack, *, denied: bool
    ) -> None:
        """A failed replacement that no rollback could remove goes with the resource."""
        deploy(aws, stack, properties(RetainStacks=True))
        assert stack.deploy(properties(StackSetName="1 no name")) == "UPDATE_ROLLBACK_COMPLETE"
        self.fail(aws, ACCOUNTS[1], actions=("CREATE",))
        self.fail(aws, ACCOUNTS[0], actions=("DELETE",))
        renamed = properties(group(ACCOUNTS), StackSetName="Renamed", TemplateBody=template("2"))
        assert stack.deploy(renamed) == "UPDATE_ROLLBACK_FAILED"
        assert stack.delete() == "DELETE_FAILED"
        aws.engine.faults.deployments.clear()
        if denied:
            fault = CallFault("DescribeStackEvents", Answer.ACCESS_DENIED, times=None)
            aws.engine.faults.calls.append(fault)

        assert stack.delete() == "DELETE_COMPLETE"
        active = [each.name for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
        assert active == (["Renamed"] if denied else [])
        # What was deployed stays, as its template said; what never was goes.
        assert {owner.partition(":")[0] for _, _, owner in aws.deployer.stacks} == {
            "StackSetsTest",
            *active,
        }

    @pytest.mark.parametrize("fails", [False, True])
    def test_replaced_that_could_not_be_deleted(
        self, aws: VirtualAWS, stack: Stack, *, fails: bool
    ) -> None:
        """What a clean-up after a replacement, or after its rollback, has left goes as well."""
        deploy(aws, stack, properties())
        self.fail(aws, ACCOUNTS[1], actions=("DELETE",))
        stack.others_fail = fails
        stack.deploy(properties(StackSetName="Renamed"))
        assert len([e for e in aws.engine.stack_sets.values() if e.status == "ACTIVE"]) == 2
        aws.engine.faults.deployments.clear()

        assert stack.delete() == "DELETE_COMPLETE"
        assert not [e for e in aws.engine.stack_sets.values() if e.status == "ACTIVE"]
        assert aws.deployer.stacks == {}

    def test_replaced_and_taken_charge_of(self, aws: VirtualAWS, stack: Stack) -> None:
        """What somebody has worked on by hand since is not the resource's to delete."""
        deploy(aws, stack, properties())
        self.fail(aws, ACCOUNTS[1], actions=("DELETE",))
        stack.deploy(properties(StackSetName="Renamed"))
        aws.engine.faults.deployments.clear()
        boto3.client("cloudformation", region_name="us-east-1").update_stack_set(
            StackSetName="StackSetsTest", UsePreviousTemplate=True, Description="mine"
        )
        time.sleep(600)

        assert stack.delete() == "DELETE_COMPLETE"
        [left] = [e for e in aws.engine.stack_sets.values() if e.status == "ACTIVE"]
        assert left.name == "StackSetsTest"

    def test_create_without_the_execution_role(self, aws: VirtualAWS, stack: Stack) -> None:
        """Instances that never came up are forgotten where their account cannot be reached."""
        self.fail(aws, ACCOUNTS[1])

        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert aws.deployer.stacks == {}

    def test_name_of_somebody_else(self, aws: VirtualAWS, stack: Stack) -> None:
        """A stack set that somebody else made is neither taken over nor deleted."""
        aws.engine.call(
            "CreateStackSet", {"StackSetName": "StackSetsTest", "TemplateBody": template()}
        )

        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert "StackSetsTest" in stack.reason
        assert [each.status for each in aws.engine.stack_sets.values()] == ["ACTIVE"]

    def test_failing_delete(self, aws: VirtualAWS, stack: Stack) -> None:
        """A delete that fails says where and why, and can be repeated."""
        deploy(aws, stack, properties())
        self.fail(aws, ACCOUNTS[0], actions=("DELETE",), times=1)

        assert stack.delete() == "DELETE_FAILED"
        assert f"{ACCOUNTS[0]}/{REGIONS[0]}" in stack.reason
        assert stack.delete() == "DELETE_COMPLETE"

    def test_outdated_is_healed(self, aws: VirtualAWS, stack: Stack) -> None:
        """An update that changes nothing retries the instances that are not CURRENT."""
        deploy(aws, stack, properties())
        instances = aws.engine.stack_sets[stack.physical_id].instances
        next(iter(instances.values())).status = "OUTDATED"

        assert deploy(aws, stack, properties(OperationPreferences={})) == ["UpdateStackInstances"]

    def test_suspended_account(self, aws: VirtualAWS, stack: Stack) -> None:
        """A suspended account stops neither an update nor a delete."""
        deploy(aws, stack, properties())
        aws.engine.faults.suspended_accounts.add(ACCOUNTS[0])

        assert stack.deploy(properties(Tags=TWO_TAGS)) == "UPDATE_COMPLETE", stack.reason
        assert stack.attributes["FailedInstanceCount"] == "1"
        assert stack.delete() == "DELETE_COMPLETE", stack.reason


class TestBadProperties:
    """Properties that cannot be."""

    def test_create(self, aws: VirtualAWS, stack: Stack) -> None:
        """A create with bad properties writes nothing, says what and where, and rolls back."""
        status = stack.deploy(properties(StackInstancez=[], TemplateURL="http://x"))

        assert status == "ROLLBACK_COMPLETE"
        assert "did you mean `StackInstances`?" in stack.reason
        assert "TemplateURL" in stack.reason
        assert operations(aws) == []

    def test_update(self, aws: VirtualAWS, stack: Stack) -> None:
        """An update to bad properties and its rollback touch nothing."""
        deploy(aws, stack, properties(group(Size="large")))
        before = len(operations(aws))

        status = stack.deploy(properties(group(Size="small"), Nonsense="1"))

        assert status == "UPDATE_ROLLBACK_COMPLETE"
        assert operations(aws)[before:] == []


class TestDeleteOfWhatIsGone:
    """A Delete never fails for what is not there."""

    def test_stack_set_gone(self, aws: VirtualAWS, stack: Stack) -> None:
        """Deleting a stack set that somebody deleted before is done at once."""
        deploy(aws, stack, properties())
        stack_set = aws.engine.stack_sets[stack.physical_id]
        stack_set.instances.clear()
        stack_set.status = "DELETED"
        before = len(operations(aws))

        assert stack.delete() == "DELETE_COMPLETE"
        assert operations(aws)[before:] == []

    @pytest.mark.parametrize("physical_id", ["NONE", "story_StackSet_0A1B2C3D", "StackSetsTest"])
    def test_no_stack_set_id(self, aws: VirtualAWS, stack: Stack, physical_id: str) -> None:
        """A physical id that is no StackSetId is deleted without a write."""
        stack.physical_id = physical_id

        assert stack.delete() == "DELETE_COMPLETE"
        assert operations(aws) == []

    def test_strangers_instances(self, aws: VirtualAWS, stack: Stack) -> None:
        """Instances that the template does not name are deleted with the stack set."""
        deploy(aws, stack, properties())
        _call(aws, "CreateStackInstances", stack, Accounts=[ACCOUNTS[3]], Regions=list(REGIONS))
        aws.clock.sleep(200)

        assert stack.delete() == "DELETE_COMPLETE"
        assert aws.deployer.stacks == {}


class TestWaiting:
    """Long deployments, busy stack sets, an API that stumbles."""

    def test_throttled_relay(self, aws: VirtualAWS, stack: Stack) -> None:
        """A relay that Lambda throttles is tried again while the sandbox lives."""
        aws.deployer.seconds = lambda order: 1000.0 if order.action == "CREATE" else 30.0
        throttles = iter(range(8))

        def throttle(service: str, _action: str, _number: int) -> None:
            if service == "lambda" and next(throttles, None) is not None:
                raise EndpointConnectionError(endpoint_url="lambda")

        aws.before_call = throttle

        deploy(aws, stack, properties(group(ACCOUNTS[:1])))

    def test_denied_while_an_operation_runs(self, aws: VirtualAWS, stack: Stack) -> None:
        """FAILED is not said over an operation that goes on running."""
        deploy(aws, stack, properties())
        denied = CallFault("DescribeStackSetOperation", Answer.ACCESS_DENIED, times=None)
        aws.engine.faults.calls.append(denied)

        assert stack.deploy(properties(Tags=TWO_TAGS)) == "UPDATE_ROLLBACK_FAILED"

        assert [answer.status for _, answer in stack.answers[1:]] == ["FAILED", "FAILED"]
        newest = list(aws.engine.stack_sets[stack.physical_id].operations.values())[-1]
        assert newest.action == "UPDATE"
        assert newest.status in {"STOPPING", "STOPPED"}

    @pytest.mark.parametrize("minutes", [1, 14, 20, 58])
    def test_long_deployment(self, aws: VirtualAWS, stack: Stack, minutes: int) -> None:
        """A deployment of up to 58 minutes is waited for, over as many sandboxes as it takes."""
        aws.deployer.seconds = minutes * 60.0

        deploy(aws, stack, properties(group(ACCOUNTS[:1])))

        assert stack.function.deaths == 0
        assert aws.invocations == []
        assert aws.lambda_usage.seconds < max(60.0, minutes * 60 * 0.05)

    def test_too_long(self, aws: VirtualAWS, stack: Stack) -> None:
        """Before CloudFormation gives up, the operation is stopped and the progress told."""
        aws.deployer.seconds = lambda order: (
            3700.0 if (order.account, order.action) == (ACCOUNTS[1], "CREATE") else 30.0
        )

        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert "1 of 3 stacks" in stack.answers[0][1].reason

    def test_service_timeout(self, aws: VirtualAWS, stack: Stack) -> None:
        """A ServiceTimeout of the resource is the deadline."""
        aws.deployer.seconds = lambda order: 400.0 if order.action == "CREATE" else 30.0

        assert stack.deploy(properties(ServiceTimeout=300)) == "ROLLBACK_COMPLETE"

    def test_busy_with_somebody_elses_operation(self, aws: VirtualAWS, stack: Stack) -> None:
        """An operation of somebody else is waited for."""
        deploy(aws, stack, properties())
        aws.engine.faults.busy.append(BusyFault("StackSetsTest", 300.0, "UpdateStackSet"))

        writes = deploy(aws, stack, properties(Tags=TWO_TAGS))

        assert "StopStackSetOperation" not in writes

    @pytest.mark.parametrize("answer", [Answer.THROTTLED, Answer.SERVER_ERROR])
    def test_stumbling_api(self, aws: VirtualAWS, stack: Stack, answer: Answer) -> None:
        """Throttling and server errors are outlasted on every call."""
        aws.engine.faults.calls.append(CallFault("*", answer, times=40))

        deploy(aws, stack, properties())
        aws.engine.faults.calls.append(CallFault("*", answer, times=40))
        deploy(aws, stack, properties(group(ACCOUNTS, Size="large"), Tags=TWO_TAGS))
        aws.engine.faults.calls.append(CallFault("*", answer, times=40))
        assert stack.delete() == "DELETE_COMPLETE"

    @pytest.mark.parametrize(
        "action",
        ["CreateStackSet", "CreateStackInstances", "UpdateStackSet", "DeleteStackInstances"],
    )
    def test_lost_response(self, aws: VirtualAWS, stack: Stack, action: str) -> None:
        """A write whose response is lost is not carried out twice."""
        aws.engine.faults.calls.append(CallFault(action, Answer.RESPONSE_LOST))

        deploy(aws, stack, properties())
        deploy(aws, stack, properties(Tags=TWO_TAGS))
        assert stack.delete() == "DELETE_COMPLETE"
        stack_set = next(iter(aws.engine.stack_sets.values()))
        assert [each.action for each in stack_set.operations.values()] == [
            "CREATE", "UPDATE", "DELETE",
        ]  # fmt: skip

    def test_access_denied(self, aws: VirtualAWS, stack: Stack) -> None:
        """A missing right is told with the action and the role to mend, and nothing stays."""
        fault = CallFault("CreateStackInstances", Answer.ACCESS_DENIED, times=None)
        aws.engine.faults.calls.append(fault)

        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert "CreateStackInstances" in stack.reason
        assert "StackSetResourceRole" in stack.reason

    def test_answer_is_retried(self, aws: VirtualAWS, stack: Stack) -> None:
        """The answer is sent again until it is taken."""
        aws.response_answers.extend([500, ConnectionResetError(), 503])

        deploy(aws, stack, properties())


class TestDeath:
    """Sandboxes that die again and again."""

    def test_three_deaths(self, aws: VirtualAWS, stack: Stack) -> None:
        """A request on which three sandboxes die is answered by the last word, soon."""
        aws.before_call = self.die_at("CreateStackInstances")

        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert stack.function.deaths == 3
        assert stack.reason.startswith("The function died before it could finish")
        assert [each.status for each in aws.engine.stack_sets.values()] == ["DELETED"]

    @pytest.mark.parametrize("moment", ["before", "after"])
    @pytest.mark.parametrize("action", ["CreateStackSet", "ListStackInstances"])
    def test_three_deaths_leave_nothing(
        self, aws: VirtualAWS, stack: Stack, action: str, moment: str
    ) -> None:
        """Whatever the dead have made is found by the rollback, and nothing else is touched."""
        setattr(aws, f"{moment}_call", self.die_at(action, times=3))

        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert {each.status for each in aws.engine.stack_sets.values()} <= {"DELETED"}

    def test_three_deaths_on_a_strangers_name(self, aws: VirtualAWS, stack: Stack) -> None:
        """The stack set of somebody else stays, though it has the name that was wanted."""
        call = {"StackSetName": "StackSetsTest", "TemplateBody": template()}
        aws.engine.call("CreateStackSet", call)
        aws.before_call = self.die_at("DescribeStackSet", times=3)

        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert [each.status for each in aws.engine.stack_sets.values()] == ["ACTIVE"]

    def test_three_deaths_of_an_update(self, aws: VirtualAWS, stack: Stack) -> None:
        """The last word about an update keeps the physical id, so that the rollback finds it."""
        deploy(aws, stack, properties())
        before = stack.physical_id
        aws.before_call = self.die_at("UpdateStackSet")

        assert stack.deploy(properties(Tags=TWO_TAGS)) == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.physical_id == before
        assert stacks_of(aws, before) == wanted_stacks(properties())

    @staticmethod
    def die_at(fatal: str, times: int = 3) -> Callable[[str, str, int], None]:
        """A hook that lets so many sandboxes die at a call."""
        deaths = iter(range(times))

        def die(_service: str, action: str, _number: int) -> None:
            if action == fatal and next(deaths, None) is not None:
                raise SandboxDied

        return die


class TestRepeatedDelivery:
    """Lambda delivers an event more than once."""

    def test_again_at_once(self, aws: VirtualAWS, stack: Stack) -> None:
        """A request delivered again after it was answered changes nothing; nobody hears it."""
        deploy(aws, stack, properties())
        before = len(operations(aws))

        stack.function.deliver(stack.requests[-1])

        assert operations(aws)[before:] == []
        assert stack.status == "CREATE_COMPLETE"

    def test_after_a_later_request(self, aws: VirtualAWS, stack: Stack) -> None:
        """A request delivered again after a later one does not undo it; nobody hears it."""
        deploy(aws, stack, properties())
        deploy(aws, stack, properties(Tags=TWO_TAGS))
        deploy(aws, stack, properties(Tags=TWO_TAGS, Parameters=[]))
        before = len(operations(aws))

        stack.function.deliver(stack.requests[1])

        assert operations(aws)[before:] == []
        wanted = wanted_stacks(properties(Tags=TWO_TAGS, Parameters=[]))
        assert stacks_of(aws, stack.physical_id) == wanted


def _call(aws: VirtualAWS, action: str, stack: Stack, **parameters: object) -> None:
    """Somebody else works on the stack set."""
    aws.engine.call(action, {"StackSetName": stack.physical_id, **parameters})
