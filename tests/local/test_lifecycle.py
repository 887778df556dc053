"""Create, update, replace, fail, roll back and delete, as CloudFormation really drives it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from emulator.local.aws import ADMINISTRATOR, LocalAWS
from tests.local.consumer import ADMINISTRATION_ROLE, MEMBERS, REGION, Consumer

ONE, TWO, THREE, _ = MEMBERS


def test_create_gives_ref_and_attributes(consumer: Consumer) -> None:
    """Ref is the StackSetId, and every documented attribute can be read."""
    outputs = consumer.deploy().require().outputs

    stack_set = consumer.stack_set()
    assert stack_set is not None
    assert outputs["Ref"] == outputs["StackSetId"] == stack_set["StackSetId"]
    assert outputs["StackSetName"] == consumer.name
    assert outputs["StackSetArn"] == stack_set["StackSetARN"]
    assert outputs["OperationId"] == consumer.operations()[0]["OperationId"]
    assert (outputs["InstanceCount"], outputs["FailedInstanceCount"]) == ("2", "0")
    assert outputs["Status"]
    assert consumer.settings() == {ONE: "blue light", TWO: "blue light"}


def test_native_spelling(consumer: Consumer) -> None:
    """The native resource's spelling of every property does the same."""
    group = {"DeploymentTargets": {"Accounts": [ONE]}, "Regions": [REGION]}
    overrides = [{"ParameterKey": "Shade", "ParameterValue": "dark"}]
    consumer.deploy(
        StackInstances=None,
        StackInstancesGroup=[{**group, "ParameterOverrides": overrides}],
        Description="in the native spelling",
        Tags=[{"Key": "Team", "Value": "blue"}],
        Parameters=[{"ParameterKey": "Shade", "ParameterValue": "pale"}],
    ).require()

    stack_set = consumer.stack_set()
    assert stack_set is not None
    assert stack_set["Description"] == "in the native spelling"
    assert consumer.tags() == {"Team": "blue"}
    assert consumer.settings() == {ONE: "blue dark"}


def test_default_name_is_made_up(consumer: Consumer) -> None:
    """Without a StackSetName one is made from the stack's name and the logical id."""
    outputs = consumer.deploy(StackSetName=None).require().outputs

    assert outputs["StackSetName"].startswith(f"{consumer.name}-Set-")


def test_what_is_taken_out_goes(consumer: Consumer) -> None:
    """A removed tag, parameter, override and description are really removed."""
    group = {"Regions": [REGION], "Accounts": [ONE]}
    consumer.deploy(
        StackInstances=[{**group, "ParameterOverrides": [{"Shade": "dark"}]}],
        StackSetDescription="for now",
        Tags=[{"Team": "blue"}, {"Stage": "test"}],
        Parameters=[{"Shade": "pale"}],
    ).require()
    assert consumer.settings() == {ONE: "blue dark"}

    consumer.deploy(
        StackInstances=[group], Tags=[{"Team": "blue"}], Parameters=[{"Shade": "pale"}]
    ).require()
    assert consumer.settings() == {ONE: "blue pale"}

    consumer.deploy(StackInstances=[group], Tags=[{"Team": "blue"}]).require()
    assert consumer.settings() == {ONE: "blue light"}
    assert consumer.tags() == {"Team": "blue"}
    assert not (consumer.stack_set() or {}).get("Description")


def test_roles_are_sent_again(consumer: Consumer, provider: LocalAWS) -> None:
    """An update that changes something else keeps roles that are not the default ones."""
    roles = {
        "AdministrationRoleARN": ADMINISTRATION_ROLE.replace("AWSCloudFormation", "Own"),
        "ExecutionRoleName": "OwnStackSetExecutionRole",
    }
    _make_own_roles(provider)
    consumer.deploy([ONE], **roles).require()
    consumer.deploy([ONE], **roles, Tags=[{"Team": "blue"}]).require()

    stack_set = consumer.stack_set() or {}
    assert {key: stack_set[key] for key in roles} == roles
    assert consumer.tags() == {"Team": "blue"}


def _make_own_roles(aws: LocalAWS) -> None:
    """Copy both roles under the names that the function may pass and the members know."""
    names = {
        "AdministrationRoleName": "OwnStackSetAdministrationRole",
        "ExecutionRoleName": "OwnStackSetExecutionRole",
    }
    aws.make_roles([ONE], names, suffix="-own")


def test_new_name_replaces(consumer: Consumer) -> None:
    """A new StackSetName makes a new stack set and deletes the old one with its stacks."""
    before = consumer.deploy().require().outputs["Ref"]
    other = f"{consumer.name}-two"
    # The setting has one owner at a time: the old stack goes only after the new one is there.
    template = consumer.template().replace(f"/e2e/{consumer.name}", f"/e2e/{other}")
    after = consumer.deploy(StackSetName=other, TemplateBody=template).require().outputs["Ref"]

    assert before != after
    assert after.startswith(f"{other}:")
    assert consumer.stack_set(other) is not None
    assert consumer.stack_set() is None
    assert consumer.settings() == {}
    assert Consumer(consumer.aws, other).settings() == {ONE: "blue light", TWO: "blue light"}


def test_failing_update_rolls_back(consumer: Consumer, fail_in: Callable[..., None]) -> None:
    """The reason names account, region and cause, and after the rollback all is as before."""
    consumer.deploy().require()
    fail_in(TWO, marker="red")
    outcome = consumer.deploy(TemplateBody=consumer.template("red"))

    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert TWO in outcome.reasons[0]
    assert REGION in outcome.reasons[0]
    assert "Access denied by a guardrail" in outcome.reasons[0]
    assert consumer.settings() == {ONE: "blue light", TWO: "blue light"}
    assert "blue" in (consumer.stack_set() or {})["TemplateBody"]


def test_failing_create_leaves_nothing(consumer: Consumer, fail_in: Callable[..., None]) -> None:
    """After a failed create and its rollback there is no stack set and no stack."""
    fail_in(TWO, actions=["CREATE"])
    outcome = consumer.deploy(OperationPreferences={"RegionOrder": [REGION]})

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert f"{TWO}" in outcome.reasons[0]
    assert consumer.stack_set() is None
    assert consumer.member_stacks() == []
    assert consumer.settings() == {}


def test_missing_execution_role_is_named(consumer: Consumer) -> None:
    """Without the role in the member account, the author reads which role is missing where."""
    stranger = "999999999999"
    outcome = consumer.deploy([stranger])

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert f"Account {stranger} should have" in outcome.reasons[0]
    assert consumer.stack_set() is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"StackInstancez": []}, ["StackInstancez", "did you mean", "StackInstances"]),
        ({"AdministrationRoleARN": "not-an-arn"}, ["AdministrationRoleARN", "not-an-arn"]),
        ({"TemplateURL": "https://s3.amazonaws.com/b/k"}, ["TemplateBody", "TemplateURL"]),
        (
            {"StackInstances": [{"Regions": [REGION], "Accounts": [ONE, "12"]}]},
            ["StackInstances", "12"],
        ),
    ],
)
def test_bad_create_is_told(consumer: Consumer, wrong: dict[str, Any], told: list[str]) -> None:
    """Bad properties are refused with path and mend before anything is made."""
    outcome = consumer.deploy(**wrong)

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert all(part in outcome.reasons[0] for part in told), outcome.reasons
    assert consumer.stack_set() is None


def test_bad_update_changes_nothing(consumer: Consumer) -> None:
    """A bad update and its rollback, whose old properties are the bad ones, touch nothing."""
    consumer.deploy().require()
    before = consumer.operations()
    outcome = consumer.deploy(StackInstancez="oops")

    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert consumer.operations() == before
    assert consumer.settings() == {ONE: "blue light", TWO: "blue light"}


def test_delete_leaves_nothing(consumer: Consumer) -> None:
    """Deleting the stack deletes every member's stack and the stack set."""
    consumer.deploy().require()
    consumer.delete().require()

    assert consumer.stack_set() is None
    assert consumer.member_stacks() == []


def test_delete_of_what_is_gone(consumer: Consumer) -> None:
    """A stack set that somebody removed by hand does not hold up the deletion."""
    consumer.deploy([ONE]).require()
    cloudformation = consumer.aws.client("cloudformation")
    cloudformation.delete_stack_instances(
        StackSetName=consumer.name, Accounts=[ONE], Regions=[REGION], RetainStacks=False
    )
    while consumer.operations()[0]["Status"] == "RUNNING":
        time.sleep(0.1)
    cloudformation.delete_stack_set(StackSetName=consumer.name)

    assert consumer.delete().succeeded


def test_foreign_stack_set_is_left_alone(consumer: Consumer) -> None:
    """A stack set of the same name that somebody else made is neither taken over nor deleted."""
    cloudformation = consumer.aws.client("cloudformation")
    cloudformation.create_stack_set(
        StackSetName=consumer.name, TemplateBody=consumer.template("foreign")
    )
    outcome = consumer.deploy()

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert consumer.name in outcome.reasons[0]
    assert "foreign" in (consumer.stack_set() or {})["TemplateBody"]
    cloudformation.delete_stack_set(StackSetName=consumer.name)


def test_busy_stack_set_is_waited_for(consumer: Consumer) -> None:
    """While a stranger's operation runs, the request waits and then succeeds."""
    consumer.deploy([ONE]).require()
    consumer.aws.set_faults({"busy": [{"stack_set_name": consumer.name, "seconds": 2.0}]})

    assert consumer.deploy([ONE, TWO]).succeeded
    assert consumer.settings() == {ONE: "blue light", TWO: "blue light"}


def test_functions_own_account_needs_no_wildcard(provider: LocalAWS) -> None:
    """The exported token is the function's ARN, in the administrator account."""
    exports = provider.client("cloudformation").list_exports()["Exports"]
    values = {export["Name"]: export["Value"] for export in exports}

    assert values["StackSetCustomResource"].split(":")[4] == ADMINISTRATOR


def test_stacks_that_stay(consumer: Consumer) -> None:
    """Stacks stay when their target leaves, and when the resource goes; the stack set goes."""
    keeps = {"RetainStacks": "true", "RetainStacksOnRemoval": "true"}
    consumer.deploy([ONE, TWO], **keeps, OperationPreferences="FAST").require()
    consumer.deploy([ONE], **keeps).require()
    assert consumer.settings() == {ONE: "blue light", TWO: "blue light"}

    consumer.delete().require()
    assert consumer.stack_set() is None
    assert consumer.settings() == {ONE: "blue light", TWO: "blue light"}


def test_a_limit_to_deletions(consumer: Consumer) -> None:
    """An update that would delete too much says whom, and touches nothing."""
    consumer.deploy([ONE, TWO]).require()
    refused = consumer.deploy([ONE], MaxDeletePercentage=49)

    assert "would delete 1 of 2 stack instances" in refused.reasons[0]
    assert len(consumer.operations()) == 1
