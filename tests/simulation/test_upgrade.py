"""The function is upgraded, from the version that invoked itself, while a request is in flight."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

import boto3
import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.virtual.account import QUEUE_URL_VARIABLE
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import Sandboxes
from handler import app
from tests.simulation import sandboxes
from tests.simulation.story import (
    ACCOUNTS,
    REGIONS,
    group,
    new_stack,
    operations,
    properties,
    stacks_of,
    wanted_stacks,
)

MINUTES = 60.0
WANTED = properties(group(ACCOUNTS[:2], REGIONS[:1]), group(ACCOUNTS[2:3], Size="large"))


class VersionBefore:
    """What the version that knew no queue did with a Create, up to its first relay.

    It made OperationIds without the second of signing, carried no operations, and slept in its
    sandbox before it invoked itself. From the relay on the present version serves.
    """

    last_word = staticmethod(app.last_word)

    def handler(self, event: dict[str, Any], context: Any) -> None:
        """Serve a delivery."""
        if event.get("RequestType") != "Create" or "CrHelperPoll" in event:
            app.handler(event, context)
            return
        make: Any = boto3.client
        began = context.aws.clock.now
        stack_set_id = self._begin(make("cloudformation"), event)
        context.aws.clock.sleep(13 * MINUTES)
        carried = {"stack_set_id": stack_set_id, "is_new": True, "began": began}
        payload = {**event, "CrHelperPoll": True, "CrHelperData": carried}
        make("lambda").invoke(
            FunctionName=context.invoked_function_arn,
            InvocationType="Event",
            Payload=json.dumps(payload),
        )

    @staticmethod
    def _begin(cloudformation: Any, event: dict[str, Any]) -> str:
        wanted = event["ResourceProperties"]
        resource = _digest(event["StackId"], event["LogicalResourceId"])
        request, nothing = _digest(event["RequestId"]), _digest("")
        made: str = cloudformation.create_stack_set(
            StackSetName=wanted["StackSetName"],
            Description=wanted["StackSetDescription"],
            TemplateBody=wanted["TemplateBody"],
            Parameters=[{"ParameterKey": "Size", "ParameterValue": "small"}],
            Tags=[{"Key": k, "Value": v} for tag in wanted["Tags"] for k, v in tag.items()],
            AdministrationRoleARN=wanted["AdministrationRoleARN"],
            ExecutionRoleName=wanted["ExecutionRoleName"],
            ClientRequestToken=f"{resource}-{request}-{_digest(wanted['StackSetName'])}",
        )["StackSetId"]
        first = wanted["StackInstances"][0]
        cloudformation.create_stack_instances(
            StackSetName=made,
            Accounts=first["Accounts"],
            Regions=first["Regions"],
            OperationId=f"{resource}-{request}-create-{_digest('a step')}-{nothing}",
        )
        return made


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def upgraded(aws: VirtualAWS) -> Stack:
    """A stack whose request the version before begins, and the present one ends."""
    sandboxes.forget_clients()
    return Stack(aws, Sandboxes(VersionBefore()))


class TestFromTheVersionBefore:
    """A Create whose first operation is running when the function is upgraded."""

    def test_goes_on(self) -> None:
        """The operation is waited for in the queue and counts as the request's own."""
        with world(seconds=12 * MINUTES) as aws:
            stack = upgraded(aws)
            assert stack.deploy(WANTED) == "CREATE_COMPLETE", stack.reason
            assert stacks_of(aws, stack.physical_id) == wanted_stacks(WANTED)
            assert operations(aws) == ["CreateStackSet", *["CreateStackInstances"] * 2]
            assert len(aws.invocations) == 1

    def test_fails(self) -> None:
        """A failure of the operation is told with account, Region and cause, and tried no more."""
        with world(seconds=12 * MINUTES) as aws:
            fault = DeploymentFault("No", account=ACCOUNTS[1], actions=("CREATE",))
            aws.engine.faults.deployments.append(fault)
            stack = upgraded(aws)
            assert stack.deploy(WANTED) == "ROLLBACK_COMPLETE"
            reason = stack.answers[0][1].reason
            assert all(part in reason for part in (ACCOUNTS[1], REGIONS[0], "No"))
            assert operations(aws).count("CreateStackInstances") == 1
            assert aws.deployer.stacks == {}


@pytest.mark.parametrize("relay", range(4))
def test_the_queue_comes_while_a_request_is_in_flight(relay: int) -> None:
    """The stack's update gives the function its queue: whoever holds the request uses it then."""
    with world(seconds=50 * MINUTES) as aws:
        del os.environ[QUEUE_URL_VARIABLE]
        stack = new_stack(aws)

        def give(_invocation: Any) -> None:
            if len(aws.invocations) == relay:
                os.environ[QUEUE_URL_VARIABLE] = aws.messaging.queue.url

        aws.on_invoke.append(give)
        if not relay:
            aws.at_call(9, lambda: give(None))
        single = properties(group(ACCOUNTS[:1]))
        assert stack.deploy(single) == "CREATE_COMPLETE", stack.reason
        assert stacks_of(aws, stack.physical_id) == wanted_stacks(single)
        assert operations(aws) == ["CreateStackSet", "CreateStackInstances"]
        assert len(aws.invocations) == relay
        assert len(aws.responses) == 1
