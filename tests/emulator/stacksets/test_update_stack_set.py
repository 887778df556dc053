"""UpdateStackSet."""

from typing import Any

import pytest

from tests.emulator.bench import (
    EAST,
    OTHER,
    STAGE,
    TOPIC,
    WEST,
    A,
    B,
    Bench,
    parameter,
)


class TestUpdate:
    """UpdateStackSet."""

    @pytest.mark.parametrize(
        "change",
        [
            {"TemplateBody": OTHER},
            {"Parameters": [parameter("Stage", "live")]},
        ],
        ids=["template", "parameter"],
    )
    def test_change_outdates_all_instances(self, ready: Bench, change: dict[str, Any]) -> None:
        """Also instances outside of the scope are OUTDATED after a template or parameter change."""
        ready.deploy([A, B])
        ready.wait()

        ready.update(**change, Accounts=[A], Regions=[EAST])
        ready.wait()

        assert ready.instances() == {
            (A, EAST): "CURRENT/SUCCEEDED",
            (B, EAST): "OUTDATED/PENDING",
        }

    def test_other_change_outdates_none(self, ready: Bench) -> None:
        """A change of description or tags leaves instances out of its scope CURRENT."""
        ready.deploy([A, B])
        ready.wait()

        ready.update(
            Description="new",
            Tags=[{"Key": "a", "Value": "b"}],
            DeploymentTargets={"Accounts": [A]},
            Regions=[EAST],
        )
        ready.wait()

        assert set(ready.instances().values()) == {"CURRENT/SUCCEEDED"}
        assert [order.account for _, order, _ in ready.engine.deployments] == [A, B, A]

    def test_every_stack_is_updated(self, ready: Bench) -> None:
        """Without a scope all instances get the new template, parameters and tags."""
        ready.deploy([A], [EAST, WEST])
        ready.wait()

        ready.update(
            TemplateBody=OTHER,
            Parameters=[parameter("Stage", "live")],
            Tags=[{"Key": "a", "Value": "b"}],
        )
        ready.wait()

        stacks = ready.deployer.stacks.values()
        assert len(stacks) == 2
        assert {stack.template_body for stack in stacks} == {OTHER}
        assert [dict(stack.parameters) for stack in stacks] == [{"Stage": "live"}] * 2
        assert [dict(stack.tags) for stack in stacks] == [{"a": "b"}] * 2

    def test_scope_with_a_missing_instance_is_refused(self, ready: Bench) -> None:
        """One named pair that does not exist refuses the whole call, and nothing changes."""
        ready.deploy([A])
        ready.wait()

        error = ready.refuse(
            "UpdateStackSet",
            TemplateBody=OTHER,
            Parameters=[STAGE],
            Accounts=[A, B],
            Regions=[EAST],
        )

        assert (error.code, error.status) == ("StackInstanceNotFoundException", 404)
        assert ready.stack_set.configuration.template_body == TOPIC

    def test_set_changes_though_the_operation_fails(self, ready: Bench) -> None:
        """A failed update leaves the stack set changed and the instance OUTDATED."""
        ready.deploy([A])
        ready.wait()
        ready.fail(A)

        operation = ready.update(TemplateBody=OTHER)
        ready.wait()

        assert ready.status(operation) == "FAILED"
        assert ready.call("DescribeStackSet")["StackSet"]["TemplateBody"] == OTHER
        assert ready.instances() == {(A, EAST): "OUTDATED/FAILED"}

    def test_previous_template_and_value(self, bench: Bench) -> None:
        """UsePreviousTemplate and UsePreviousValue keep; a parameter left out takes its default."""
        bench.create(Parameters=[STAGE, parameter("Size", "7")])
        bench.update(
            UsePreviousTemplate=True,
            Parameters=[parameter("Stage", None), parameter("Size", None)],
        )
        kept = dict(bench.stack_set.configuration.parameters)
        bench.update(UsePreviousTemplate=True, Parameters=[parameter("Stage", None)])

        assert kept == {"Stage": "test", "Size": "7"}
        assert dict(bench.stack_set.configuration.parameters) == {"Stage": "test"}
        assert bench.stack_set.configuration.template_body == TOPIC

    @pytest.mark.parametrize(
        "asked",
        [
            {},
            {"UsePreviousTemplate": True},
            {"UsePreviousTemplate": True, "TemplateBody": TOPIC, "Parameters": [STAGE]},
            {"UsePreviousTemplate": True, "Parameters": [STAGE], "Accounts": [A]},
            {"UsePreviousTemplate": True, "Parameters": [STAGE], "Regions": [EAST]},
        ],
        ids=["no template", "no value", "two templates", "no regions", "no accounts"],
    )
    def test_bad_input_is_a_validation_error(self, ready: Bench, asked: dict[str, Any]) -> None:
        """An update needs one template, all values, and a scope of accounts and Regions."""
        assert ready.refuse("UpdateStackSet", **asked).code == "ValidationError"

    def test_roles_left_out(self, bench: Bench) -> None:
        """An update without roles takes the default administration role and keeps the other."""
        bench.create(AdministrationRoleARN=f"arn:aws:iam::{A}:role/own", ExecutionRoleName="own")
        bench.update()

        configuration = bench.stack_set.configuration
        assert configuration.administration_role_arn.endswith("StackSetAdministrationRole")
        assert configuration.execution_role_name == "own"

    def test_tags_stay_or_go(self, bench: Bench) -> None:
        """Without Tags the tags stay; an empty list removes them."""
        bench.create(Tags=[{"Key": "a", "Value": "b"}])
        bench.update()
        kept = dict(bench.stack_set.configuration.tags)
        bench.update(Tags=[])

        assert kept == {"a": "b"}
        assert not bench.stack_set.configuration.tags

    def test_description_left_out_is_removed(self, bench: Bench) -> None:
        """An update without Description removes it."""
        bench.create(Description="old")
        bench.update()

        assert "Description" not in bench.call("DescribeStackSet")["StackSet"]

    def test_unknown_set(self, bench: Bench) -> None:
        """What is not there cannot be updated."""
        error = bench.refuse("UpdateStackSet", TemplateBody=TOPIC)

        assert error.code == "StackSetNotFoundException"

    def test_without_instances_it_succeeds_at_once(self, ready: Bench) -> None:
        """An operation on zero pairs is over when the call returns."""
        assert ready.status(ready.update(Description="x")) == "SUCCEEDED"
