"""Where the documentation allows two readings: both of each."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from emulator.stacksets.readings import Readings
from tests.emulator.bench import (
    EAST,
    NAME,
    STAGE,
    TOPIC,
    WEST,
    A,
    B,
    Bench,
    C,
    parameter,
)

NEW = TOPIC.replace("Resources:", "  Added: {Type: String, Default: none}\nResources:")


def test_alternatives_flip_one_switch_each() -> None:
    """Each alternative differs from the default in the switch that it is named after."""
    default = dataclasses.asdict(Readings())

    for name, readings in Readings.alternatives():
        differing = {key for key, value in vars(readings).items() if value != default[key]}
        assert differing == {name}
    assert [name for name, _ in Readings.alternatives()] == [*default]


def test_every_switch_has_its_evidence() -> None:
    """The page of doubts has one row for each switch."""
    page = (Path(__file__).parents[3] / "docs/service-doubts.md").read_text()

    told = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert told == [field.name for field in dataclasses.fields(Readings)]


@pytest.mark.parametrize("keeps", [True, False])
def test_removed_description(*, keeps: bool) -> None:
    """An update without Description keeps or clears it."""
    bench = Bench(keeps_removed_description=keeps)
    bench.create(Description="net")
    bench.update()

    shown = bench.call("DescribeStackSet")["StackSet"]
    assert shown.get("Description") == ("net" if keeps else None)


@pytest.mark.parametrize("as_it_is", [True, False])
def test_template_that_is_not_ascii(*, as_it_is: bool) -> None:
    """A template is shown as it is or with question marks; it is deployed as it is."""
    bench = Bench(shows_non_ascii=as_it_is)
    body = TOPIC.replace("${Stage}-", "é請")
    bench.create(TemplateBody=body)
    bench.deploy([A])
    bench.wait()

    shown = bench.call("DescribeStackSet")["StackSet"]["TemplateBody"]
    assert shown == (body if as_it_is else body.replace("é請", "??"))
    (stack,) = bench.deployer.stacks.values()
    assert stack.template_body == body


class TestToken:
    """CreateStackSet said again with its token."""

    @pytest.mark.parametrize("remembers", [True, False])
    def test_later(self, *, remembers: bool) -> None:
        """A minute later the token is known, or it is just another stack set of that name."""
        bench = Bench(remembers_creation_token=remembers)
        made = bench.create(ClientRequestToken="t")
        bench.at(60)
        assert bench.create(ClientRequestToken="t") == made
        bench.at(61)

        if remembers:
            assert bench.create(ClientRequestToken="t") == made
        else:
            asked = {"TemplateBody": TOPIC, "Parameters": [STAGE], "ClientRequestToken": "t"}
            assert bench.refuse("CreateStackSet", **asked).code == "NameAlreadyExistsException"

    @pytest.mark.parametrize("outlives", [True, False])
    def test_of_a_deleted_stack_set(self, *, outlives: bool) -> None:
        """The token of a deleted stack set makes a new one, or tells the id of the deleted."""
        bench = Bench(token_outlives_stack_set=outlives)
        deleted = bench.create(ClientRequestToken="t")
        bench.call("DeleteStackSet")
        again = bench.create(ClientRequestToken="t")

        assert (again == deleted) is outlives
        assert (bench.engine.stack_sets.active(NAME) is None) is outlives


@pytest.mark.parametrize("required", [True, False])
def test_custom_administration_role_left_out(*, required: bool) -> None:
    """A custom administration role must be given again, or the default takes its place."""
    bench = Bench(requires_custom_administration_role=required)
    bench.create(AdministrationRoleARN=f"arn:aws:iam::{A}:role/own")
    asked: dict[str, Any] = {"UsePreviousTemplate": True, "Parameters": [parameter("Stage", None)]}

    if required:
        assert bench.refuse("UpdateStackSet", **asked).code == "ValidationError"
        assert bench.stack_set.configuration.administration_role_arn.endswith("role/own")
    else:
        bench.call("UpdateStackSet", **asked)
        role = bench.stack_set.configuration.administration_role_arn
        assert role.endswith("AWSCloudFormationStackSetAdministrationRole")


def test_default_administration_role_may_be_left_out() -> None:
    """Where the default role was in force an update never has to name it."""
    bench = Bench(requires_custom_administration_role=True)
    bench.create()

    assert bench.update()


@pytest.mark.parametrize("all_", [True, False])
def test_defaulted_parameters(*, all_: bool) -> None:
    """DescribeStackSet lists what only has a default, or only what was given."""
    bench = Bench(lists_defaulted_parameters=all_)
    bench.create()

    shown = bench.call("DescribeStackSet")["StackSet"]["Parameters"]
    names = [each["ParameterKey"] for each in shown]
    assert names == (["Stage", "Size", "Secret"] if all_ else ["Stage"])


@pytest.mark.parametrize("id_first", [True, False])
def test_operation_id_again_while_it_runs(*, id_first: bool) -> None:
    """A repeated id is told as such, or the running operation is; once ended, always the id."""
    bench = Bench(tells_known_operation_id_first=id_first)
    bench.create()
    bench.deploy([A], OperationId="one")
    asked = {"Accounts": [A], "Regions": [EAST], "OperationId": "one"}
    known = "OperationIdAlreadyExistsException"

    running = bench.refuse("CreateStackInstances", **asked).code
    bench.wait()

    assert running == (known if id_first else "OperationInProgressException")
    assert bench.refuse("CreateStackInstances", **asked).code == known


@pytest.mark.parametrize("take", [True, False])
def test_tags_of_updated_instances(*, take: bool) -> None:
    """UpdateStackInstances brings new tags to a stack, or leaves it those that it has."""
    bench = Bench(updated_instances_take_tags=take)
    bench.create(Tags=[{"Key": "v", "Value": "1"}])
    bench.deploy([A, B])
    bench.wait()
    bench.update(Tags=[{"Key": "v", "Value": "2"}], Accounts=[A], Regions=[EAST])
    bench.wait()
    bench.call("UpdateStackInstances", Accounts=[B], Regions=[EAST])
    bench.wait()

    tags = {key[0]: stack.tags["v"] for key, stack in bench.deployer.stacks.items()}
    assert tags == {A: "2", B: "2" if take else "1"}


@pytest.mark.parametrize("waits", [True, False])
def test_override_of_a_new_parameter(*, waits: bool) -> None:
    """It is refused until all stacks have the new template, or taken at once."""
    bench = Bench(overrides_wait_for_all_instances=waits)
    bench.create()
    bench.deploy([A, B])
    bench.wait()
    bench.update(TemplateBody=NEW, Accounts=[A], Regions=[EAST])
    bench.wait()
    asked = {
        "Accounts": [A],
        "Regions": [EAST],
        "ParameterOverrides": [parameter("Added", "some")],
    }

    if waits:
        error = bench.refuse("UpdateStackInstances", **asked)
        assert (error.code, "[Added]" in error.message) == ("ValidationError", True)
        bench.update(TemplateBody=NEW)
        bench.wait()
    bench.call("UpdateStackInstances", **asked)
    bench.wait()

    assert bench.deployed(A)["Added"] == "some"


@pytest.mark.parametrize("outdates", [True, False])
def test_scoped_update_that_changes_nothing(*, outdates: bool) -> None:
    """A template that is the same all over outdates the others, or leaves them alone."""
    bench = Bench(scoped_update_outdates_others=outdates)
    bench.create()
    bench.deploy([A, B])
    bench.wait()
    bench.call(
        "UpdateStackSet",
        TemplateBody=TOPIC,
        Parameters=[STAGE],
        Accounts=[A],
        Regions=[EAST],
    )
    bench.wait()

    assert bench.instances() == {
        (A, EAST): "CURRENT/SUCCEEDED",
        (B, EAST): "OUTDATED/PENDING" if outdates else "CURRENT/SUCCEEDED",
    }


@pytest.mark.parametrize("keeps", [True, False])
def test_stack_id_of_a_failed_create(*, keeps: bool) -> None:
    """What the service has deleted is still named, or not; a retry makes a stack either way."""
    bench = Bench(failed_create_keeps_stack_id=keeps)
    bench.create()
    bench.fail(A, times=1)
    bench.deploy([A])
    bench.wait()
    (failed,) = bench.call("ListStackInstances")["Summaries"]
    bench.deploy([A])
    bench.wait()

    assert ("StackId" in failed) is keeps
    assert bench.deployer.stacks.keys() == {(A, EAST, bench.stack_set.stack_set_id)}
    assert "StackId" in bench.call("ListStackInstances")["Summaries"][0]


@pytest.mark.parametrize("refuses", [True, False])
def test_region_that_does_not_exist(*, refuses: bool) -> None:
    """It refuses the whole call, or fails where it is named."""
    bench = Bench(refuses_unknown_regions=refuses)
    bench.create()
    asked = {"Accounts": [A], "Regions": ["us-moon-1"]}

    if refuses:
        error = bench.refuse("CreateStackInstances", **asked)
        assert (error.code, "us-moon-1" in error.message) == ("ValidationError", True)
        assert bench.instances() == {}
    else:
        operation = bench.call("CreateStackInstances", **asked)["OperationId"]
        bench.wait()
        assert bench.status(operation) == "FAILED"
        assert bench.instances() == {(A, "us-moon-1"): "OUTDATED/FAILED"}


@pytest.mark.parametrize("tells", [True, False])
def test_progress(*, tells: bool) -> None:
    """Operations tell stages and totals, or only how many have failed."""
    bench = Bench(tells_progress=tells)
    bench.create()
    operation = bench.deploy([A])

    shown = bench.call("DescribeStackSetOperation", OperationId=operation)["StackSetOperation"]
    (listed,) = bench.call("ListStackSetOperations")["Summaries"]
    newer = {"Stages", "TotalAccountsCount", "TotalStackInstancesCount"} if tells else set()
    assert shown["StatusDetails"].keys() == {"FailedStackInstancesCount"} | newer
    assert listed["StatusDetails"].keys() == {"FailedStackInstancesCount"} | newer
    assert ("RegionalStatusDetails" in shown) is tells
    assert "RegionalStatusDetails" not in listed


@pytest.mark.parametrize("side_by_side", [True, False])
def test_managed_execution_of_disjoint_operations(*, side_by_side: bool) -> None:
    """They run at once, or one after another; either way all end."""
    bench = Bench(runs_disjoint_side_by_side=side_by_side)
    bench.create(ManagedExecution={"Active": True})
    first, second = bench.deploy([A]), bench.deploy([B])

    assert bench.status(first) == "RUNNING"
    assert bench.status(second) == ("RUNNING" if side_by_side else "QUEUED")
    assert bench.wait() == (10 if side_by_side else 20)
    assert bench.status(second) == "SUCCEEDED"


@pytest.mark.parametrize("cancels", [True, False])
def test_failure_in_a_parallel_region(*, cancels: bool) -> None:
    """What another Region has not begun is cancelled, or goes on."""
    bench = Bench(failure_cancels_parallel_regions=cancels)
    bench.create()
    bench.fail(A, EAST)
    preferences = {"RegionConcurrencyType": "PARALLEL"}
    operation = bench.deploy([A, B], [EAST, WEST], OperationPreferences=preferences)
    bench.wait()

    assert bench.status(operation) == "FAILED"
    assert bench.results(operation) == {
        (A, EAST): "FAILED",
        (B, EAST): "CANCELLED",
        (A, WEST): "SUCCEEDED",
        (B, WEST): "CANCELLED" if cancels else "SUCCEEDED",
    }


@pytest.mark.parametrize("shuffles", [True, False])
def test_order_of_accounts(*, shuffles: bool) -> None:
    """Within a Region accounts come in the service's own order, or as they are named."""
    bench = Bench(shuffles_accounts=shuffles)
    bench.create()
    accounts = [f"{number:012d}" for number in range(20)]
    bench.deploy(accounts, [WEST, EAST])
    bench.wait()

    order = [(region, account) for _, _, account, region in bench.started()]
    named = [(region, account) for region in (WEST, EAST) for account in accounts]
    assert (order == named) is not shuffles
    assert sorted(order) == sorted(named)
    assert [region for region, _ in order] == [WEST] * 20 + [EAST] * 20


def test_order_of_accounts_is_seeded() -> None:
    """The same world works on accounts in the same order."""

    def order() -> list[tuple[float, str, str, str]]:
        bench = Bench(shuffles_accounts=True)
        bench.create()
        bench.deploy([A, B, C], [WEST, EAST])
        bench.wait()
        return bench.started()

    assert order() == order()
