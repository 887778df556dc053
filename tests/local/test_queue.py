"""Queues before a function: delays, deaths, dead letters, limits, and what Lambda refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.local.aws import LocalAWS
from tests.local.queue_probe import (
    RIGHTS,
    SENDING,
    QueueProbe,
    most_at_once,
    template,
)

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

_VISIBILITY = 6


@pytest.fixture(scope="module")
def probe(aws: LocalAWS) -> QueueProbe:
    """A function behind a queue that hides a message for six seconds."""
    return QueueProbe(aws, "queue-probe")


@pytest.fixture(scope="module")
def capped(emulator_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueueProbe]:
    """The same in an account with two concurrent executions."""
    folder = tmp_path_factory.mktemp("capped")
    with LocalAWS(emulator_python, folder, account_concurrency=2) as running:
        yield QueueProbe(running, "queue-probe")


def test_a_message_comes_back_after_its_delay(probe: QueueProbe) -> None:
    """What the function sends with a delay reaches it after that, not before and not much later."""
    probe.send("delayed", again=2)

    first, second = probe.taken("delayed", 2)
    assert 2 <= second.began - first.began < 2 + 1.5
    assert (first.count, second.count) == (1, 1)


def test_a_dead_sandbox_costs_the_visibility_that_it_chose(probe: QueueProbe) -> None:
    """A message whose sandbox died comes again after the visibility that the sandbox had set."""
    sent = time.time()
    probe.send("died", visibility=2, dies_before=2)

    [taken] = probe.taken("died", 1)
    assert taken.count == 2
    assert 2 <= taken.began - sent < _VISIBILITY


def test_a_sandbox_that_dies_at_once_costs_the_visibility_of_the_queue(probe: QueueProbe) -> None:
    """Nobody has shortened the visibility then."""
    sent = time.time()
    probe.send("early", dies_before=2)

    [taken] = probe.taken("early", 1)
    assert taken.count == 2
    assert taken.began - sent >= _VISIBILITY


def test_a_message_that_always_kills_becomes_a_dead_letter(probe: QueueProbe) -> None:
    """After maxReceiveCount deliveries it reaches the function behind the dead-letter queue."""
    sent = time.time()
    probe.send("deadly", visibility=1, dies_before=99)

    [last] = probe.taken("deadly", 1, "-last-word")
    assert last.began - sent >= 3
    assert probe._taken("deadly", "") == []


def test_maximum_concurrency_holds(aws: LocalAWS) -> None:
    """A mapping has no more messages worked on at once than its parameter says."""
    probe = QueueProbe(aws, "queue-probe-narrow", {"MaximumConcurrency": "2"})
    for number in range(5):
        probe.send(f"narrow-{number}", sleep=1)

    taken = probe.taken("narrow", 5)
    assert most_at_once(taken) == 2
    assert {each.count for each in taken} == {1}


def test_maximum_concurrency_can_be_changed(aws: LocalAWS) -> None:
    """An update of the parameter reaches the mapping as a number."""
    QueueProbe(aws, "queue-probe-changed", {"MaximumConcurrency": "2"})
    QueueProbe(aws, "queue-probe-changed", {"MaximumConcurrency": "7"})

    [mapping] = aws.client("lambda").list_event_source_mappings(FunctionName="queue-probe-changed")[
        "EventSourceMappings"
    ]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 7}


def test_account_concurrency_holds_for_messages(capped: QueueProbe) -> None:
    """Lambda keeps what the account's limit does not let it deliver, and delivers it later."""
    for number in range(5):
        capped.send(f"message-{number}", sleep=0.5)

    taken = capped.taken("message", 5)
    assert most_at_once(taken) == 2
    assert {each.count for each in taken} == {1}


def test_account_concurrency_holds_for_invocations(capped: QueueProbe) -> None:
    """An asynchronous invocation that is throttled is tried again; three throttles lose nothing."""
    for number in range(7):
        capped.invoke(f"event-{number}", sleep=1)

    assert most_at_once(capped.taken("event", 7)) == 2


def test_throttled_messages_may_return(emulator_python: Path, tmp_path: Path) -> None:
    """The other reading: a delivery that is throttled counts, and waits for the visibility."""
    with LocalAWS(
        emulator_python, tmp_path, account_concurrency=1, throttled_messages_return=True
    ) as running:
        probe = QueueProbe(running, "queue-probe")
        sent = time.time()
        for number in range(2):
            probe.send(f"message-{number}", sleep=2)

        first, second = probe.taken("message", 2)
    assert (first.count, second.count) == (1, 2)
    assert second.began - sent >= _VISIBILITY


def test_reserved_concurrency_is_kept(aws: LocalAWS) -> None:
    """ReservedConcurrentExecutions of a template limits the function until it goes from there."""
    limits = aws.client("lambda")
    name = "queue-probe-reserved"
    aws.deploy(name, template(name, reserved=3)).require()
    assert limits.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 3

    aws.deploy(name, template(name, reserved=1)).require()
    assert limits.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 1

    aws.deploy(name, template(name)).require()
    found = limits.get_function_concurrency(FunctionName=name)
    assert "ReservedConcurrentExecutions" not in found


@pytest.mark.parametrize("missing", RIGHTS)
def test_a_mapping_needs_the_rights_of_the_role(aws: LocalAWS, missing: str) -> None:
    """Lambda polls with the function's role, and checks that when the mapping is made."""
    name = f"queue-without-{missing.lower()}"
    actions = tuple(right for right in (*RIGHTS, *SENDING) if right != missing)

    outcome = aws.deploy(name, template(name, actions))

    assert outcome.status == "ROLLBACK_COMPLETE"
    expected = f"The provided execution role does not have permissions to call {missing} on SQS"
    assert expected in " ".join(outcome.reasons)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        (
            {"Visibility": "4"},
            "Queue visibility timeout: 4 seconds is less than Function timeout: 5 seconds",
        ),
        ({"MaximumConcurrency": "1"}, "Member must have value greater than or equal to 2"),
        ({"MaximumConcurrency": "1001"}, "Member must have value less than or equal to 1000"),
    ],
)
def test_unsuited_mappings_are_refused(
    aws: LocalAWS, parameters: dict[str, str], told: str
) -> None:
    """A message must stay hidden while the function may still work, and limits have limits."""
    name = "queue-unsuited"

    outcome = aws.deploy(name, template(name), parameters)

    assert outcome.status == "ROLLBACK_COMPLETE"
    assert told in " ".join(outcome.reasons)


def test_lambdas_own_api_refuses_the_same(probe: QueueProbe) -> None:
    """CreateEventSourceMapping and UpdateEventSourceMapping check as CloudFormation does."""
    functions, sqs = probe.aws.client("lambda"), probe.sqs
    url = sqs.create_queue(QueueName="short", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    [mapping] = functions.list_event_source_mappings(FunctionName=probe.name)["EventSourceMappings"]

    def refusal(call: Any, **arguments: Any) -> str:
        with pytest.raises(ClientError) as raised:
            call(FunctionName=probe.name, **arguments)
        error = raised.value.response["Error"]
        assert error["Code"] == "InvalidParameterValueException"
        return str(error["Message"])

    create, update = functions.create_event_source_mapping, functions.update_event_source_mapping
    assert "visibility timeout: 1 seconds" in refusal(create, EventSourceArn=arn["QueueArn"])
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "30"})
    assert "permissions to call Receive" in refusal(create, EventSourceArn=arn["QueueArn"])
    sqs.set_queue_attributes(QueueUrl=probe.queue_url, Attributes={"VisibilityTimeout": "2"})
    try:
        assert "visibility timeout: 2 seconds" in refusal(update, UUID=mapping["UUID"])
    finally:
        restored = {"VisibilityTimeout": str(_VISIBILITY)}
        sqs.set_queue_attributes(QueueUrl=probe.queue_url, Attributes=restored)


def test_a_queue_may_belong_to_a_role(probe: QueueProbe) -> None:
    """A policy that names the role by its ARN lets the function send, and nobody else."""
    guarded = probe.deployed.outputs["GuardedUrl"]
    with pytest.raises(ClientError, match="denied"):
        probe.sqs.send_message(QueueUrl=guarded, MessageBody="mine")

    probe.send("guarded", guarded=True)
    probe.taken("guarded", 1)

    [message] = probe.sqs.receive_message(QueueUrl=guarded)["Messages"]
    assert message["Body"] == "guarded"
