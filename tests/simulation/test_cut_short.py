"""An early answered deployment is cut short by a request that fails: back to its content."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.stacksets.history import Lag
from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import ACCOUNTS, REGIONS, group, new_stack, properties, template
from tests.simulation.verdicts import verdict

BEFORE = properties(group(ACCOUNTS[:2], REGIONS[:1], Size="s0"), group(ACCOUNTS[2:3], REGIONS[:1]))
# One instance leaves, which takes long, and then the overrides change.
EARLY = {**properties(group(ACCOUNTS[:2], REGIONS[:1], Size="s1")), "WaitFor": "START"}
URL = "https://bucket.s3.us-east-1.amazonaws.com"


def cut_short(aws: VirtualAWS, early: dict[str, Any]) -> Stack:
    """A stack whose early deployment is still at its first operation."""
    stack = new_stack(aws)
    stack.timing.overlaps = True
    stack.deploy(BEFORE)
    aws.clock.sleep(1000)
    assert stack.deploy(early) == "UPDATE_COMPLETE"
    aws.clock.sleep(20)
    return stack


def seconds(order: Any) -> float:
    """Deleting takes longer than all else."""
    return 200.0 if order.action == "DELETE" else 40.0


@pytest.mark.parametrize("wait_for", ["START", "END"])
@pytest.mark.parametrize("change", [{"Nonsense": "1"}, {"StackSetName": "Renamed"}])
def test_back_to_what_was_cut_short(wait_for: str, change: dict[str, str]) -> None:
    """What the deployment had not come to is done by the rollback."""
    with world(seconds=seconds) as aws:
        stack = cut_short(aws, EARLY)
        stack.others_fail = "StackSetName" in change
        stack.deploy({**EARLY, **change, "WaitFor": wait_for})
        aws.scheduler.drain()

        assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
        assert verdict(aws, stack) == []


@pytest.mark.parametrize("fails", ["cancelled", "sibling"])
@pytest.mark.parametrize("wait_for", ["START", "END"])
def test_back_from_an_update_that_had_begun(wait_for: str, fails: str) -> None:
    """What the deployment before the update had not come to is done by the update's rollback."""
    with world(seconds=seconds) as aws:
        stack = cut_short(aws, EARLY)
        stack.others_fail = fails == "sibling"
        stack.start({**EARLY, "WaitFor": wait_for, "TemplateBody": template("2")})
        if fails == "cancelled":
            aws.clock.sleep(15)
            stack.cancel()
        stack.settle()
        aws.scheduler.drain()

        assert verdict(aws, stack) == []


@pytest.mark.parametrize("wait_for", ["START", "END"])
def test_back_to_a_template_that_was_cut_short(wait_for: str) -> None:
    """The stack set has the template before, so the address is read."""
    with world(seconds=seconds) as aws:
        for version in ("1", "2"):
            aws.objects["bucket", f"{version}.json"] = template(version).encode()
        early = {key: value for key, value in EARLY.items() if key != "TemplateBody"}
        stack = cut_short(aws, {**early, "TemplateURL": f"{URL}/2.json"})
        stack.others_fail = True
        renamed = {**early, "StackSetName": "Renamed", "WaitFor": wait_for}
        stack.deploy({**renamed, "TemplateURL": f"{URL}/1.json"})
        aws.scheduler.drain()

        deployed = {each.template_body for each in aws.deployer.stacks.values()}
        assert deployed == {template("2")}


def beside_a_failing_sibling(aws: VirtualAWS, early: dict[str, Any]) -> Stack:
    """A stack whose early answered deployment has ended, and whose next update rolls back."""
    stack = new_stack(aws)
    stack.timing.overlaps = True
    stack.deploy(early)
    aws.scheduler.drain()
    stack.others_fail = True
    return stack


def test_a_rollback_is_answered_at_its_end() -> None:
    """Nothing waits for what goes back, so the rollback itself does."""
    with world(seconds=seconds) as aws:
        stack = beside_a_failing_sibling(aws, EARLY)
        stack.deploy({**EARLY, "TemplateBody": template("2")})

        assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
        assert not any(each.unfinished for each in aws.engine.stack_sets.values())
        assert verdict(aws, stack) == []


def test_a_rollback_that_fails_says_so() -> None:
    """The failure is told to CloudFormation, and not to the log alone."""
    with world(seconds=seconds) as aws:
        stack = beside_a_failing_sibling(aws, EARLY)
        stack.start({**EARLY, "TemplateBody": template("2")})
        aws.clock.sleep(30)
        aws.engine.faults.deployments.append(DeploymentFault("No", account=ACCOUNTS[1]))
        stack.settle()

        assert stack.status == "UPDATE_ROLLBACK_FAILED"
        assert ACCOUNTS[1] in stack.answers[-1][1].reason


@pytest.mark.parametrize("supersedes", [None, "START", "END"])
def test_a_half_made_replacement_goes_before_the_answer(supersedes: str | None) -> None:
    """A rollback that is answered early may end before its time, and yet leaves nothing."""
    with world(seconds=40) as aws:
        stack = new_stack(aws)
        stack.timing.overlaps = True
        early = {**properties(group(ACCOUNTS[:2], REGIONS[:2])), "WaitFor": "START"}
        stack.deploy(early)
        aws.clock.sleep(30)
        moved = [group(ACCOUNTS[2:4])]
        stack.start({**early, "StackSetName": "Renamed", "StackInstances": moved, "WaitFor": "END"})
        aws.clock.sleep(20)
        stack.cancel()
        if supersedes is None:
            fault = DeploymentFault("No", account=ACCOUNTS[1], region=REGIONS[1], seconds=1)
            aws.engine.faults.deployments.append(fault)
        stack.settle()
        aws.clock.sleep(5)
        if supersedes is not None:
            stack.deploy({**early, "TemplateBody": template("2"), "WaitFor": supersedes})
        aws.scheduler.drain()

        active = [each for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
        assert [each.stack_set_id for each in active] == [stack.physical_id]


@pytest.mark.parametrize("gone", ["Parameters", "StackSetDescription"])
@pytest.mark.parametrize("change", [{"WaitFor": "START"}, {"WaitFor": "END"}, {"Nonsense": "1"}])
def test_what_was_to_go_goes(gone: str, change: dict[str, str]) -> None:
    """What a deployment that was cut short was to take away, the next request takes away."""
    readings = Readings(keeps_removed_description=False)
    with world(seconds=seconds, readings=readings) as aws:
        stack = new_stack(aws)
        stack.timing.overlaps = True
        before = properties(group(ACCOUNTS[:3], REGIONS[:1]), OperationPreferences={})
        stack.deploy(before)
        early: dict[str, Any] = {
            **before,
            "WaitFor": "START",
            "StackInstances": [group(ACCOUNTS[:2])],
        }
        early.pop(gone)
        early = {"Parameters": [], **early}
        stack.deploy(early)
        aws.clock.sleep(20)
        stack.deploy({**early, **change})

        assert verdict(aws, stack) == []
        shown = aws.engine.stack_sets[stack.physical_id].configuration
        assert "small" not in shown.parameters.values() or gone != "Parameters"
        assert shown.description is None or gone != "StackSetDescription"


@pytest.mark.parametrize("timeout", [60, 180, 700])
@pytest.mark.parametrize("share", [0.3, 0.9, 2.0])
def test_a_rollback_in_a_short_time(timeout: int, share: float) -> None:
    """It is answered in time, whether at its end or before."""
    with world(
        seconds=lambda order: timeout * share if "1" in order.template_body[:30] else 1
    ) as aws:
        early = {**EARLY, "StackInstances": [group(ACCOUNTS[:1])], "ServiceTimeout": str(timeout)}
        stack = beside_a_failing_sibling(aws, early)
        stack.deploy({**early, "TemplateBody": template("2")})

        assert stack.status == "UPDATE_ROLLBACK_COMPLETE", stack.reason
        assert verdict(aws, stack) == []


@pytest.mark.parametrize("seed", range(10))
def test_look_ups_that_lag(seed: int) -> None:
    """An instance that is shown as it was before the last operation is looked up again."""
    lag = Lag(59.0, 59.0, 59.0, seed=seed)
    with world(seconds=10, lag=lag, seed=seed) as aws:
        stack = new_stack(aws)
        stack.timing.overlaps = True
        old = properties(group(ACCOUNTS[:3], REGIONS[:1], Size="s0"))
        stack.deploy(old)
        aws.clock.sleep(1000)
        stack.deploy(properties(group(ACCOUNTS[:3], REGIONS[:1], Size="s1"), WaitFor="START"))
        while any(each.unfinished for each in aws.engine.stack_sets.values()):
            aws.clock.sleep(1)
        aws.clock.sleep(1)
        stack.deploy(old)

        assert verdict(aws, stack) == []
