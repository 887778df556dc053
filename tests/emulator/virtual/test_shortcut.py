"""Calls without HTTP in between: nobody can tell."""

from __future__ import annotations

import contextlib
from typing import Any
from unittest import mock

import boto3
import botocore.config
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.httpsession import URLLib3Session

from emulator.stacksets.faults import Answer, CallFault, Faults
from emulator.virtual.aws import world
from tests.emulator.bench import EAST, NAME, TOPIC, A

NASTY = "<&>\r\n é \x00 \U0001f600"


def client(attempts: int) -> Any:
    """A client that asks so many times."""
    make: Any = boto3.client
    config = botocore.config.Config(retries={"mode": "standard", "total_max_attempts": attempts})
    return make("cloudformation", config=config)


def story(attempts: int) -> list[Any]:
    """What a client is told, error and end of connection included."""
    lost = CallFault("StopStackSetOperation", Answer.RESPONSE_LOST, times=9)
    told: list[Any] = []
    with world(faults=Faults(calls=[lost]), seed=3) as aws:
        cloudformation = client(attempts)

        def ask(action: str, **asked: Any) -> None:
            try:
                answer = getattr(cloudformation, action)(StackSetName=NAME, **asked)
            except (ClientError, ConnectionClosedError) as error:
                told.append((type(error).__name__, str(error), getattr(error, "response", None)))
            else:
                told.append((answer, answer["ResponseMetadata"]))

        ask("create_stack_set", TemplateBody=TOPIC, Description=NASTY, Tags=[])
        ask("create_stack_set", TemplateBody=TOPIC)
        ask("create_stack_instances", Accounts=[A], Regions=[EAST], OperationId="one")
        ask("describe_stack_set")
        ask("list_stack_set_operations", MaxResults=1)
        ask("stop_stack_set_operation", OperationId="one")
        aws.clock.sleep(600)
        ask("list_stack_instances")
        ask("describe_stack_instance", StackInstanceAccount=A, StackInstanceRegion="nowhere")
        told.append([action for _, _, action in aws.calls if action != "StopStackSetOperation"])
    return told


def test_the_same_is_told() -> None:
    """A client that asks once is told what one is told that speaks HTTP."""
    assert story(attempts=1) == story(attempts=2)


@pytest.mark.parametrize(("attempts", "speaks"), [(1, False), (2, True)])
def test_only_clients_with_retries_speak_http(attempts: int, *, speaks: bool) -> None:
    """The two ways are really two."""
    with world(), mock.patch.object(URLLib3Session, "send", side_effect=EOFError) as send:
        asking = pytest.raises(EOFError) if speaks else contextlib.nullcontext()
        with asking:
            client(attempts).list_stack_sets()

    assert send.called is speaks


def test_an_unknown_call_is_an_assertion() -> None:
    """It is noted as on the long way."""
    with world() as aws:
        with pytest.raises(AssertionError, match="ListStackInstanceResourceDrifts"):
            client(1).list_stack_instance_resource_drifts(
                StackSetName=NAME,
                StackInstanceAccount="1" * 12,
                StackInstanceRegion="us-east-1",
                OperationId="x",
            )

        assert len(aws.unexpected) == 1
