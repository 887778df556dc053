"""What has to be true in the end, however requests overlapped."""

from __future__ import annotations

from typing import Any

from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import WRITES, stacks_of, wanted_stacks

KNOWS_AFTER = 20.0
"""Seconds after which a request has had the time to look twice and see that it is given up."""
_SETTLED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
_GONE = {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}


def verdict(aws: VirtualAWS, stack: Stack) -> list[str]:
    """Let everything end, and compare the world with what CloudFormation holds for true.

    Returns:
        What is wrong, in words; empty when nothing is.
    """
    aws.scheduler.drain()
    active = [each for each in aws.engine.stack_sets.values() if each.status == "ACTIVE"]
    # An operation that was stopped ends what it has begun, and needs nobody for that.
    wrong = [
        f"{each.name} still works"
        for each in active
        if any(operation.status != "STOPPING" for operation in each.unfinished)
    ]
    owned = set() if stack.status in _GONE else {stack.physical_id}
    wrong += [f"nobody owns {each.name}" for each in active if each.stack_set_id not in owned]
    left = {owner for _, _, owner in aws.deployer.stacks} - owned
    wrong += [f"nobody owns the stacks of {each}" for each in left]
    if stack.status not in _SETTLED | _GONE:
        return [*wrong, f"the stack is {stack.status}: {stack.reason}"]
    if owned and stacks_of(aws, stack.physical_id) != wanted_stacks(stack.properties):
        wrong.append("the stacks are not what CloudFormation holds for true")
    return wrong


def writes_of(aws: VirtualAWS, event: dict[str, Any], since: float) -> list[str]:
    """What a request wrote after a moment, in whichever sandbox; that it stopped is no write."""
    return [
        f"{action} of the {event['RequestType']} at {moment - since:+.1f} s"
        for (moment, _, action), caller in zip(aws.calls, aws.callers, strict=True)
        if caller.endswith(event["RequestId"])
        and action in WRITES - {"StopStackSetOperation"}
        and moment > since
    ]
