"""The service as it is documented, and both ways where the documentation is silent."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.overlaps import FULL
from tests.simulation.scenarios import SCENARIOS, Outcome, Stage, outcome
from tests.simulation.story import (
    ACCOUNTS,
    REGIONS,
    group,
    new_stack,
    operations,
    properties,
    stacks_of,
    template,
    wanted_stacks,
)

READINGS = {"as documented": Readings(), **dict(Readings.alternatives())}
DEFAULTS = {
    "ExecutionRoleName": "AWSCloudFormationStackSetExecutionRole",
    "AdministrationRoleARN": ":role/AWSCloudFormationStackSetAdministrationRole",
}


@pytest.fixture(params=READINGS)
def aws(request: pytest.FixtureRequest) -> Iterator[VirtualAWS]:
    """A virtual AWS for each reading."""
    with world(readings=READINGS[request.param]) as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)


def change(aws: VirtualAWS, stack: Stack, wanted: dict[str, Any]) -> list[str]:
    """Deploy, check that all is where it should be, and give the operations that it took."""
    already = len(operations(aws))
    assert stack.deploy(wanted) in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}, stack.reason
    return operations(aws)[already:]


def without(*names: str, **others: Any) -> dict[str, Any]:
    """The story's properties without some of them."""
    return {key: each for key, each in properties(**others).items() if key not in names}


def live(aws: VirtualAWS, stack: Stack) -> dict[str, Any]:
    """What DescribeStackSet shows."""
    answer = aws.engine.call("DescribeStackSet", {"StackSetName": stack.physical_id})
    shown: dict[str, Any] = answer["StackSet"]
    return shown


# Readings that make another end right: which accounts a failed operation has reached, and whether
# a stack that nobody can delete is there to be deleted.
_DIFFERENT = {
    ("shuffles_accounts", "failing delete"),
    ("failed_create_keeps_stack_id", "failing create"),
    ("failed_create_keeps_stack_id", "failing replacement"),
}


_PLAYED = SCENARIOS if FULL else ("update", "replace", "failing create", "failing update")


@functools.cache
def _as_documented(name: str) -> Outcome:
    with Stage(SCENARIOS[name]).enter() as (aws, stack):
        return outcome(aws, stack, SCENARIOS[name].change(stack))


@pytest.mark.parametrize(
    ("reading", "name"),
    [
        (reading, name)
        for reading in READINGS
        for name in _PLAYED
        if (reading, name) not in _DIFFERENT
    ],
)
def test_every_reading_ends_alike(reading: str, name: str) -> None:
    """Whichever way the service is, the world and the answers are the same in the end."""
    with Stage(SCENARIOS[name], readings=READINGS[reading]).enter() as (aws, stack):
        end = outcome(aws, stack, SCENARIOS[name].change(stack))

    assert end._replace(deployments=[]) == _as_documented(name)._replace(deployments=[])


@pytest.mark.parametrize("role", DEFAULTS)
def test_removed_role(aws: VirtualAWS, stack: Stack, role: str) -> None:
    """A role that is taken out of the template goes, by one operation."""
    change(aws, stack, properties())

    assert change(aws, stack, without(role)) == ["UpdateStackSet"]
    assert live(aws, stack)[role].endswith(DEFAULTS[role])
    assert change(aws, stack, without(role, OperationPreferences={})) == []


def test_removed_description(aws: VirtualAWS, stack: Stack) -> None:
    """Kept or cleared by the service, it takes one operation, and the next change none."""
    change(aws, stack, properties())

    assert change(aws, stack, without("StackSetDescription")) == ["UpdateStackSet"]
    assert change(aws, stack, without("StackSetDescription", OperationPreferences={})) == []


def test_template_beyond_ascii(aws: VirtualAWS, stack: Stack) -> None:
    """However it is shown, it is deployed, starts no needless operation, and rolls back."""
    first, second = (template(f"版{number} ü😀") for number in "12")
    change(aws, stack, properties(TemplateBody=first))

    assert stacks_of(aws, stack.physical_id) == wanted_stacks(properties(TemplateBody=first))
    assert change(aws, stack, properties(TemplateBody=first, OperationPreferences={})) == []
    assert change(aws, stack, properties(TemplateBody=second)) == ["UpdateStackSet"]
    stack.others_fail = True
    assert stack.deploy(properties(TemplateBody=first)) == "UPDATE_ROLLBACK_COMPLETE"
    assert stacks_of(aws, stack.physical_id) == wanted_stacks(properties(TemplateBody=second))


def test_template_that_changes_beyond_ascii_alone(aws: VirtualAWS, stack: Stack) -> None:
    """A change that question marks hide is a change."""
    change(aws, stack, properties(TemplateBody=template("ä")))

    assert change(aws, stack, properties(TemplateBody=template("ö"))) == ["UpdateStackSet"]
    assert stacks_of(aws, stack.physical_id) == wanted_stacks(
        properties(TemplateBody=template("ö"))
    )


def _with_parameter(name: str, **declaration: Any) -> str:
    parameter = {"Type": "String", "Default": "default", **declaration}
    return json.dumps(
        {
            "Parameters": {
                "Size": {"Type": "String", "Default": "default"},
                "Colour": {"Type": "String", "Default": "default"},
                name: parameter,
            },
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        }
    )


def test_override_of_a_new_parameter(aws: VirtualAWS, stack: Stack) -> None:
    """All instances get the template that has the parameter, then the override comes."""
    change(aws, stack, properties(group(ACCOUNTS[:2]), group(ACCOUNTS[2:3])))
    wanted = properties(
        group(ACCOUNTS[:2]), group(ACCOUNTS[2:3], New="1"), TemplateBody=_with_parameter("New")
    )

    assert change(aws, stack, wanted) == ["UpdateStackSet", "UpdateStackInstances"]
    assert stacks_of(aws, stack.physical_id) == wanted_stacks(wanted)


def test_a_property_is_no_parameter(aws: VirtualAWS, stack: Stack) -> None:
    """A property of the same name in the old template does not pass for the parameter."""
    old = json.loads(template())
    old["Resources"]["Topic"]["Properties"] = {"New": "text"}
    change(
        aws,
        stack,
        properties(group(ACCOUNTS[:2]), group(ACCOUNTS[2:3]), TemplateBody=json.dumps(old)),
    )
    wanted = properties(
        group(ACCOUNTS[:2]), group(ACCOUNTS[2:3], New="1"), TemplateBody=_with_parameter("New")
    )

    assert change(aws, stack, wanted) == ["UpdateStackSet", "UpdateStackInstances"]
    assert stacks_of(aws, stack.physical_id) == wanted_stacks(wanted)


def test_one_request_rolls_out_a_content_once(aws: VirtualAWS, stack: Stack) -> None:
    """What stays visible after the update of this request is not sent a second time."""
    secret = _with_parameter("Password", NoEcho=True)
    before = properties(
        group(ACCOUNTS[:2]),
        group(ACCOUNTS[2:3]),
        TemplateBody=secret,
        Parameters=[{"Password": "one"}, {"Size": "small"}],
    )
    after = properties(
        group(ACCOUNTS[:2]),
        group(ACCOUNTS[2:3], Colour="red"),
        TemplateBody=secret,
        Parameters=[{"Password": "two"}],
    )
    after.pop("StackSetDescription")
    change(aws, stack, before)
    taken = change(aws, stack, after)

    assert taken.count("UpdateStackSet") == 1
    assert taken[1:] in ([], ["UpdateStackInstances"])
    assert stacks_of(aws, stack.physical_id) == wanted_stacks(after)


@pytest.mark.parametrize("groups", [[], [group(ACCOUNTS[:1], REGIONS[:1])]], ids=["empty", "one"])
def test_rollback_of_a_rename(aws: VirtualAWS, stack: Stack, groups: list[dict[str, Any]]) -> None:
    """The old stack set is known for the resource's own, though no operation worked on it."""
    before = properties(StackInstances=groups)
    change(aws, stack, before)
    old = stack.physical_id
    stack.others_fail = True

    status = stack.deploy(properties(StackInstances=groups, StackSetName="Renamed"))

    tells = aws.engine.readings.remembers_creation_token or groups
    assert status == "UPDATE_ROLLBACK_COMPLETE", stack.reason
    assert not tells or stack.physical_id == old
    active = [each.name for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
    assert active == ["StackSetsTest"] or not tells


def test_a_name_used_again(aws: VirtualAWS, stack: Stack) -> None:
    """A stack set may have the name, and so the token, of one that the resource had before."""
    change(aws, stack, properties(StackInstances=[]))
    change(aws, stack, properties(StackInstances=[], StackSetName="Other"))
    change(aws, stack, properties(StackInstances=[]))

    active = [
        each.stack_set_id for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"
    ]
    assert active == [stack.physical_id]
