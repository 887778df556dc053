"""What a driver of somebody else's making has found."""

from __future__ import annotations

import pytest

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.overlaps import give_up
from tests.simulation.scenarios import AFTER, BEFORE, RENAMED
from tests.simulation.story import ACCOUNTS, group, new_stack, properties, template
from tests.simulation.verdicts import KNOWS_AFTER, verdict, writes_of

URL = "https://bucket.s3.us-east-1.amazonaws.com/template.json"
ASKED = ("DescribeStacks", "DescribeStackResource")


def _cancelled_at(aws: VirtualAWS, stack: Stack, change: dict[str, object], call: int) -> list[str]:
    """Everything that is wrong after a change was cancelled at a call."""
    stack.timing.overlaps = True
    before = len(stack.requests)
    stack.start(change)
    moments = give_up(aws, stack, call, Stack.sibling_fails)
    stack.settle()
    wrong = verdict(aws, stack)
    since = moments[0] + KNOWS_AFTER + 2 * aws.call_seconds
    return wrong + writes_of(aws, stack.requests[before], since)


@pytest.mark.parametrize("rolls_back_after", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("call_seconds", [0.3, 1.0, 5.0])
def test_an_update_cancelled_at_once_does_not_take_the_rollback_for_itself(
    call_seconds: float, rolls_back_after: float
) -> None:
    """A status that is seen for the first time is the rollback's if the stack has turned since."""
    with world(seconds=10, readings=Readings(shuffles_accounts=False)) as aws:
        stack = new_stack(aws)
        stack.deploy(BEFORE)
        aws.call_seconds = call_seconds
        stack.timing.rolls_back_after = rolls_back_after
        assert _cancelled_at(aws, stack, RENAMED, 1) == []


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_cancelled_create_is_found_though_nobody_can_be_asked_in_time(call: int) -> None:
    """Looks that time out delay a Create for longer than its Delete waits for it."""
    with world(seconds=10) as aws:
        stack = new_stack(aws)
        aws.call_seconds = 0.3
        aws.asking.unanswered |= {*ASKED}
        stack.timing.overlaps = True
        stack.start(AFTER)
        give_up(aws, stack, call, Stack.sibling_fails)
        stack.settle()
        assert verdict(aws, stack) == []


@pytest.mark.parametrize("call", range(2, 20))
def test_a_cancelled_update_heeds_marks_though_nobody_can_be_asked_in_time(call: int) -> None:
    """Where looks time out, a rollback that has begun ends the update between two of its steps."""
    with world(seconds=1) as aws:
        stack = new_stack(aws)
        stack.deploy(BEFORE)
        aws.call_seconds = 0.3
        aws.asking.unanswered |= {*ASKED}
        stack.timing.overlaps = True
        stack.start(AFTER)
        give_up(aws, stack, call, Stack.sibling_fails)
        stack.settle()
        assert verdict(aws, stack) == []


@pytest.mark.parametrize("fails", ["deployment", "sibling"])
def test_a_failed_rename_leaves_the_old_stack_set_though_its_address_holds_another_text(
    fails: str,
) -> None:
    """Nothing has touched the old stack set, so that a rollback need not roll out anything."""
    place = ("bucket", "template.json")
    with world(objects={place: template("1").encode()}, seconds=1) as aws:
        stack = new_stack(aws)
        wanted = {**properties(), "TemplateURL": URL}
        del wanted["TemplateBody"]
        stack.deploy(wanted)
        old = stack.physical_id
        aws.objects[place] = template("2").encode()
        if fails == "sibling":
            stack.others_fail = True
        else:
            fault = DeploymentFault(
                "No", account=ACCOUNTS[1], marker="version 2", actions=("CREATE", "UPDATE")
            )
            aws.engine.faults.deployments.append(fault)
        before = len(aws.engine.deployments)
        assert stack.deploy({**wanted, "StackSetName": "Renamed"}) == "UPDATE_ROLLBACK_COMPLETE"
        orders = [order for _, order, _ in aws.engine.deployments[before:]]
        assert [each for each in orders if each.stack_set_id == old] == []


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("seed", range(6))
def test_a_rollback_in_the_second_of_its_update_outlives_a_stale_look(call: int, seed: int) -> None:
    """What CloudFormation shows may be a moment old; a rollback never fails for that."""
    with world(seconds=10, seed=seed) as aws:
        stack = new_stack(aws)
        stack.deploy(BEFORE)
        aws.call_seconds = 0.3
        aws.asking.lag = dict.fromkeys(ASKED, 3.0)
        aws.asking._random.seed(seed)
        stack.timing.rolls_back_after = 0.0
        stack.timing.overlaps = True
        stack.start(AFTER)
        give_up(aws, stack, call, Stack.sibling_fails)
        assert stack.settle() == "UPDATE_ROLLBACK_COMPLETE"


@pytest.mark.parametrize("answer", [Answer.ACCESS_DENIED, Answer.THROTTLED])
@pytest.mark.parametrize("rolls_back_after", [0.0, 0.3])
@pytest.mark.parametrize("call", range(1, 12))
def test_an_update_does_not_stop_its_rollback_of_the_same_second(
    call: int, rolls_back_after: float, answer: Answer
) -> None:
    """Of two requests that were signed in one second, one goes on, though nobody can be asked."""
    with world(seconds=10) as aws:
        stack = new_stack(aws)
        stack.deploy(BEFORE)
        faults = [CallFault(each, answer, times=None) for each in ASKED]
        aws.engine.faults.calls.extend(faults)
        aws.call_seconds = 0.05
        stack.timing.rolls_back_after = rolls_back_after
        stack.timing.overlaps = True
        stack.start(RENAMED)
        give_up(aws, stack, call, Stack.sibling_fails)
        stack.settle()
        assert verdict(aws, stack) == []


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("times", [1, 2, 9])
def test_a_rollback_of_a_rename_is_known_though_its_second_look_fails(
    seed: int, times: int
) -> None:
    """The first look is a moment old, and the next ones do not tell: nothing may be left."""
    with world(seconds=3, seed=seed) as aws:
        stack = new_stack(aws)
        stack.deploy(BEFORE)
        aws.call_seconds = 1.0
        aws.asking.lag["DescribeStacks"] = 5.0
        stack.timing.rolls_back_after = 2.0
        # The update's look, and the first of its rollback, are answered.
        fault = CallFault("DescribeStacks", Answer.SERVER_ERROR, times=times, skip=2)
        aws.engine.faults.calls.append(fault)
        assert _cancelled_at(aws, stack, RENAMED, 8) == []


def test_an_instance_that_comes_back_while_it_is_deleted_is_told() -> None:
    """What was deleted and is there again fails the Delete within minutes, with its place."""
    with world(seconds=3) as aws:
        stack = new_stack(aws)
        stack.deploy(properties(group(ACCOUNTS[:1])))
        place = {"Accounts": [ACCOUNTS[0]], "Regions": ["ap-northeast-1"]}
        made: list[str] = []

        def make_again(_service: str, action: str, _number: int) -> None:
            if action == "DeleteStackSet" and not made:
                made.append(action)
                call = {"StackSetName": stack.physical_id, **place}
                aws.engine.call("CreateStackInstances", call)

        aws.before_call = make_again
        began = aws.clock.now
        status = stack.delete()
        assert (status, made) == ("DELETE_FAILED", ["DeleteStackSet"])
        assert "left these instances" in stack.reason
        assert ACCOUNTS[0] in stack.reason
        assert aws.clock.now - began < 180


def test_an_update_of_what_was_never_created_makes_it() -> None:
    """A physical id that is no StackSetId names nothing, not even a name for what is made."""
    with world(seconds=3) as aws:
        stack = new_stack(aws)
        unnamed = {key: each for key, each in properties().items() if key != "StackSetName"}
        stack.deploy({**unnamed, "StackInstances": []})
        made = stack.physical_id
        stack.physical_id = "StackSet-not-created-r"
        assert stack.deploy(unnamed) == "UPDATE_COMPLETE"
        assert stack.physical_id == made
