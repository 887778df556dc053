"""OnExistingStackSet: ADOPT takes over what is there, and a failure never deletes it."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.stacksets.history import Lag
from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from tests.simulation.adoptions import (
    NAME,
    NO_NEW_ONE,
    THERE,
    TOKYO,
    VIRGINIA,
    WANTED,
    Scene,
    make_by_hand,
    places_in,
    the_set,
    were_touched_as_new,
)
from tests.simulation.deaths import deaths
from tests.simulation.overlaps import CALL_SECONDS, DEEDS, give_up, sampled
from tests.simulation.scenarios import check_answers, killer
from tests.simulation.story import (
    ACCOUNTS,
    group,
    new_stack,
    operations,
    properties,
    stacks_of,
    template,
    wanted_stacks,
)

ADOPT = {"OnExistingStackSet": "ADOPT"}


def writes(aws: VirtualAWS, since: int) -> list[str]:
    """What was written, but for the try that asks whose the stack set is."""
    return [each for each in operations(aws)[since:] if each != "CreateStackSet"]


def touches(aws: VirtualAWS) -> list[tuple[str, str, str]]:
    """What was done to which stack, in order."""
    return [(o.action, o.account, o.region) for _, o, _ in aws.engine.deployments]


class TestRecipes:
    """Where a stack set may come from."""

    def test_made_by_hand(self, aws: VirtualAWS, stack: Stack) -> None:
        """It is converged, overrides too; an instance that is not named stays."""
        made = make_by_hand(aws, overrides={"Size": "huge"})

        assert stack.deploy(WANTED) == "CREATE_COMPLETE"
        assert stack.physical_id == made
        stacks = stacks_of(aws, made)
        assert stacks.pop(THERE[1]).parameters["Size"] == "huge"
        assert stacks == wanted_stacks(WANTED)
        assert were_touched_as_new(aws) == []
        assert stack.delete() == "DELETE_COMPLETE"
        assert places_in(aws) == []
        assert the_set(aws) == ""

    def test_of_the_native_resource(self, aws: VirtualAWS, stack: Stack) -> None:
        """What a native resource has left that was retained is taken over without an operation."""
        tags = [{"Key": "Stage", "Value": "test"}]
        made = make_by_hand(aws, Tags=tags, TemplateBody=template(), Description="Deployed")
        before = len(operations(aws))
        native = {
            "StackSetName": NAME,
            "PermissionModel": "SELF_MANAGED",
            "Description": "Deployed",
            "TemplateBody": template(),
            "Tags": tags,
            "AdministrationRoleARN": properties()["AdministrationRoleARN"],
            "ExecutionRoleName": properties()["ExecutionRoleName"],
            "Parameters": [
                {"ParameterKey": "Size", "ParameterValue": "default"},
                {"ParameterKey": "Colour", "ParameterValue": "default"},
            ],
            "StackInstancesGroup": [
                {
                    "DeploymentTargets": {"Accounts": list(ACCOUNTS[:2])},
                    "Regions": [TOKYO],
                }
            ],
        }

        assert stack.deploy({**native, **ADOPT}) == "CREATE_COMPLETE"
        assert stack.physical_id == made
        assert writes(aws, before) == []
        assert stack.attributes["Warnings"] == ""

    def test_of_the_awslabs_function(self, aws: VirtualAWS, stack: Stack) -> None:
        """A stack of the awslabs function that was retained gives its stack set to a new stack."""
        wanted = properties()
        roles = {key: wanted[key] for key in ("AdministrationRoleARN", "ExecutionRoleName")}
        described = {"Description": wanted["StackSetDescription"], **roles}
        made = make_by_hand(aws, TemplateBody=template(), **described)

        assert stack.deploy({**wanted, **ADOPT}) == "CREATE_COMPLETE"
        assert stack.physical_id == made
        assert stacks_of(aws, made) == wanted_stacks(wanted)
        assert were_touched_as_new(aws) == []

    def test_of_another_stack(self, aws: VirtualAWS, stack: Stack) -> None:
        """What another Custom::StackSet had and has retained moves; its author is warned."""
        other = new_stack(aws)
        other.name, other.retain = "other", True
        other._sent.record = other._new_record()
        other.deploy(properties())
        assert other.delete() == "DELETE_COMPLETE"
        before = len(operations(aws))

        assert stack.deploy({**properties(), **ADOPT}) == "CREATE_COMPLETE"
        assert stack.physical_id == other.physical_id
        assert len(writes(aws, before)) <= 1
        assert "DeletionPolicy" in stack.attributes["Warnings"]

    def test_nothing_there(self, aws: VirtualAWS, stack: Stack) -> None:
        """Without a stack set of that name one is made, which goes when the create fails."""
        aws.engine.faults.deployments.append(NO_NEW_ONE)
        assert stack.deploy(WANTED) == "ROLLBACK_COMPLETE"
        assert the_set(aws) == ""
        aws.engine.faults.deployments.clear()
        assert stack.deploy(WANTED) == "CREATE_COMPLETE"
        assert stacks_of(aws, stack.physical_id) == wanted_stacks(WANTED)

    def test_not_asked_for(self, aws: VirtualAWS, stack: Stack) -> None:
        """Without the property it is refused, and the reason names the property."""
        make_by_hand(aws)
        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert "OnExistingStackSet: ADOPT" in stack.reason
        assert places_in(aws) == THERE

    def test_of_another_kind(self, aws: VirtualAWS, stack: Stack) -> None:
        """A service-managed stack set is refused."""
        made = make_by_hand(aws, [])
        show = aws.engine.call

        def call(action: str, asked: dict[str, Any]) -> dict[str, Any]:
            answer = show(action, asked)
            if action == "DescribeStackSet":
                answer["StackSet"]["PermissionModel"] = "SERVICE_MANAGED"
            return answer

        aws.engine.call = call  # type: ignore[assignment, method-assign]
        assert stack.deploy(WANTED) == "ROLLBACK_COMPLETE"
        assert "is SERVICE_MANAGED, so it cannot be taken over" in stack.reason
        assert the_set(aws) == made


class TestFailure:
    """A Create that fails, or is undone."""

    def test_rollback(self) -> None:
        """What was there stays, what the create made goes."""
        with Scene(NO_NEW_ONE).enter() as (aws, stack):
            assert stack.deploy(WANTED) == "ROLLBACK_COMPLETE"
            assert "-adopting-" in stack.physical_id
            assert places_in(aws) == THERE
            assert were_touched_as_new(aws) == []
            aws.engine.faults.deployments.clear()
            assert stack.deploy(WANTED) == "CREATE_COMPLETE"
            assert stack.delete() == "DELETE_COMPLETE"
            assert the_set(aws) == ""

    @pytest.mark.parametrize("moment", ["before", "after"])
    @pytest.mark.parametrize("fault", [None, NO_NEW_ONE], ids=["succeeds", "fails"])
    def test_death_at_every_call(self, moment: str, fault: DeploymentFault | None) -> None:
        """Wherever the sandbox dies, the same becomes of everything."""
        scene = Scene(*([fault] if fault else []))
        with scene.enter() as (aws, stack):
            already = len(aws.calls)
            status = stack.deploy(WANTED)
            numbers, places = deaths(aws, moment, already), places_in(aws)
            touched = touches(aws)
        for at in numbers:
            with scene.enter() as (aws, stack):
                setattr(aws, f"{moment}_call", killer(aws, at))
                assert stack.deploy(WANTED) == status
                check_answers(aws)
                assert stack.function.deaths == 1
                assert places_in(aws) == places, f"died {moment} call {at}"
                assert touches(aws) == touched
                assert were_touched_as_new(aws) == []

    def test_second_delivery_at_any_call(self) -> None:
        """Two sandboxes for one request do no more than one."""
        scene = Scene(NO_NEW_ONE)
        with scene.enter() as (aws, stack):
            stack.deploy(WANTED)
            calls = len(aws.calls)
        for at in sampled(range(1, calls + 1), "adoption"):
            with scene.enter() as (aws, stack):
                aws.scheduler.mix(at)
                aws.at_call(at, functools.partial(_deliver_again, stack))
                assert stack.deploy(WANTED) == "ROLLBACK_COMPLETE"
                aws.scheduler.drain()
                check_answers(aws)
                assert places_in(aws) == THERE, f"joined at call {at}"
                assert were_touched_as_new(aws) == []

    @pytest.mark.parametrize("lag", [0.0, 59.0])
    @pytest.mark.parametrize("deed", ["sibling fails", "user deletes"])
    def test_given_up_at_any_call(self, deed: str, lag: float) -> None:
        """Whenever CloudFormation gives the create up, what was there stays and the rest goes."""
        scene = Scene(seconds=40.0)
        with scene.enter() as (aws, stack):
            aws.call_seconds, stack.timing.overlaps = CALL_SECONDS, True
            stack.start(WANTED)
            stack.settle()
            calls = len(aws.calls)
        for at in sampled(range(1, calls), deed):
            with scene.enter() as (aws, stack):
                aws.call_seconds, stack.timing.overlaps = CALL_SECONDS, True
                aws.engine.lag = Lag(instances=lag, operations=lag, results=lag, fixed=True)
                stack.start(WANTED)
                give_up(aws, stack, at, DEEDS[deed])
                stack.settle()
                aws.scheduler.drain()
                assert places_in(aws) == THERE, f"{deed} at call {at}"
                assert were_touched_as_new(aws) == []

    @pytest.mark.parametrize("settles", [True, False])
    def test_deleted_after_it_has_succeeded(self, settles: bool) -> None:  # noqa: FBT001
        """A delete takes everything only if the stack has settled with the resource."""
        with Scene().enter() as (aws, stack):
            stack.deploy(WANTED)
            if not settles:
                # The resource is done, and another one of the stack is not.
                del stack.record.views[-1], stack.record.events[-1]
            assert stack.delete() == "DELETE_COMPLETE"
            assert places_in(aws) == ([] if settles else THERE)
            assert bool(the_set(aws)) is not settles

    def test_nobody_tells_whether_it_is_for_good(self) -> None:
        """Where the stack's history cannot be read, the delete fails rather than guesses."""
        with Scene().enter() as (aws, stack):
            stack.deploy(WANTED)
            aws.asking.unanswered.add("DescribeStackEvents")
            assert stack.delete() == "DELETE_FAILED"
            assert "DescribeStackEvents" in stack.reason
            aws.asking.unanswered.clear()
            assert stack.delete() == "DELETE_COMPLETE"
            assert the_set(aws) == ""

    def test_created_again_without_rollback(self) -> None:
        """With rollback disabled, the clean-up of the failed try takes nothing from the next."""
        with Scene(NO_NEW_ONE).enter() as (aws, stack):
            stack.disable_rollback = True
            assert stack.deploy(WANTED) == "CREATE_FAILED"
            aws.engine.faults.deployments.clear()
            assert stack.deploy(WANTED) == "UPDATE_COMPLETE"
            assert stack.left_over == []
            assert set(wanted_stacks(WANTED)) <= set(places_in(aws))
            assert were_touched_as_new(aws) == []


class TestRename:
    """An Update to the name of a stack set that is there."""

    @pytest.mark.parametrize("fails", ["deployment", "sibling"])
    def test_rollback(self, aws: VirtualAWS, stack: Stack, fails: str) -> None:
        """What was there stays, and the stack goes back to its own."""
        stack.deploy(properties())
        before = stack.physical_id
        places = [(ACCOUNTS[0], VIRGINIA), (ACCOUNTS[1], VIRGINIA)]
        make_by_hand(aws, places, name="Theirs")
        renamed = {**WANTED, "StackSetName": "Theirs"}
        if fails == "deployment":
            aws.engine.faults.deployments.append(NO_NEW_ONE)
        else:
            stack.others_fail = True

        assert stack.deploy(renamed) == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.physical_id == before
        assert places_in(aws, "Theirs") == places
        assert stacks_of(aws, before) == wanted_stacks(properties())

    def test_success(self, aws: VirtualAWS, stack: Stack) -> None:
        """The old stack set goes with all that is in it; so does the new one when it is deleted."""
        stack.deploy({**WANTED, "StackInstances": [group()]})
        make_by_hand(aws, name="Theirs")

        assert stack.deploy({**WANTED, "StackSetName": "Theirs"}) == "UPDATE_COMPLETE"
        assert the_set(aws) == ""
        assert set(THERE) < set(places_in(aws, "Theirs"))
        assert stack.delete() == "DELETE_COMPLETE"
        assert aws.deployer.stacks == {}


def test_a_later_update_is_like_any_other(aws: VirtualAWS, stack: Stack) -> None:
    """Once it is the resource's, what leaves the template leaves, and nothing else does."""
    make_by_hand(aws)
    stack.deploy(WANTED)
    less = {**WANTED, "StackInstances": [group(ACCOUNTS[2:3], (TOKYO,))]}

    assert stack.deploy(less) == "UPDATE_COMPLETE"
    assert places_in(aws) == sorted([THERE[1], (ACCOUNTS[2], TOKYO)])
    aws.engine.faults.deployments.append(
        DeploymentFault("No", account=ACCOUNTS[2], marker="version 2", seconds=1)
    )
    wanted = {**less, "TemplateBody": template("2")}
    assert stack.deploy(wanted) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.delete() == "DELETE_COMPLETE"
    assert aws.deployer.stacks == {}


LAGS = {
    "all": {"instances": 59.0, "operations": 59.0, "results": 59.0},
    "instances": {"instances": 59.0},
    "operations": {"operations": 59.0},
    "results": {"results": 59.0},
}


@pytest.mark.parametrize("which", LAGS)
@pytest.mark.parametrize("seed", [None, 1, 2])
def test_somebody_is_at_work(aws: VirtualAWS, stack: Stack, which: str, seed: int | None) -> None:
    """What others have begun on it ends first, and what they have just made stays."""
    wanted = {key: WANTED[key] for key in ("TemplateBody", "AdministrationRoleARN")}
    make_by_hand(aws, **wanted)
    aws.engine.lag = Lag(**LAGS[which], fixed=seed is None, seed=seed or 0)
    named = {"StackSetName": NAME, "Accounts": [ACCOUNTS[2]], "Regions": [TOKYO]}
    theirs = aws.engine.call("CreateStackInstances", named)["OperationId"]
    aws.clock.sleep(32)
    aws.engine.faults.deployments.append(NO_NEW_ONE)
    less = {key: each for key, each in WANTED.items() if key not in {"Tags", "StackSetDescription"}}
    same = [{"Size": "default"}, {"Colour": "default"}]

    assert stack.deploy({**less, "Parameters": same}) == "ROLLBACK_COMPLETE"
    assert "UpdateStackSet" not in operations(aws)
    assert places_in(aws) == [*THERE, (ACCOUNTS[2], TOKYO)]
    asked = {"StackSetName": NAME, "OperationId": theirs}
    shown = aws.engine.call("DescribeStackSetOperation", asked)["StackSetOperation"]
    assert shown["Status"] == "SUCCEEDED"


def test_somebody_updates_what_a_failed_create_has_left(aws: VirtualAWS, stack: Stack) -> None:
    """What the create made goes, whoever has touched it last."""
    make_by_hand(aws)
    aws.engine.faults.deployments.append(NO_NEW_ONE)
    stack.disable_rollback = True
    assert stack.deploy(WANTED) == "CREATE_FAILED"
    aws.engine.faults.deployments.clear()
    aws.engine.call("UpdateStackSet", {"StackSetName": NAME, "TemplateBody": template("mended")})
    aws.clock.sleep(300)

    assert stack.delete() == "DELETE_COMPLETE"
    assert places_in(aws) == THERE


def test_an_instance_that_was_inoperable(aws: VirtualAWS, stack: Stack) -> None:
    """One that has to be made anew was there before, so it stays when the create fails."""
    make_by_hand(aws)
    stuck = DeploymentFault("No", account=ACCOUNTS[0], actions=("DELETE",), seconds=1)
    aws.engine.faults.deployments.append(stuck)
    named = {"StackSetName": NAME, "Accounts": [ACCOUNTS[0]], "Regions": [TOKYO]}
    aws.engine.call("DeleteStackInstances", {**named, "RetainStacks": False})
    aws.clock.sleep(100)
    aws.engine.faults.deployments[:] = [NO_NEW_ONE]

    assert stack.deploy(WANTED) == "ROLLBACK_COMPLETE"
    assert places_in(aws) == THERE


@pytest.mark.parametrize("name", dict(Readings.alternatives()))
def test_other_readings(name: str) -> None:
    """Whatever the service is taken to do, a failure leaves what was there."""
    readings = dict(Readings.alternatives())[name]
    with Scene(NO_NEW_ONE, readings=readings).enter() as (aws, stack):
        assert stack.deploy(WANTED) == "ROLLBACK_COMPLETE"
        assert places_in(aws) == THERE
        assert were_touched_as_new(aws) == []
        aws.engine.faults.deployments.clear()
        assert stack.deploy(WANTED) == "CREATE_COMPLETE"
        assert wanted_stacks(WANTED).items() <= stacks_of(aws, stack.physical_id).items()


def _deliver_again(stack: Stack) -> None:
    stack.function.start(stack.requests[-1])


def test_nothing_to_take_over(stack: Stack) -> None:
    """A name that nobody has makes a stack set, and that is told: it is perhaps misspelt."""
    assert stack.deploy(WANTED) == "CREATE_COMPLETE", stack.reason
    assert f"no stack set is named {NAME}, so one was made" in stack.attributes["Warnings"]
