"""What Lambda does to a request that outlasts or breaks an invocation."""

from __future__ import annotations

from emulator.local.aws import LocalAWS
from tests.local.consumer import MEMBERS, Consumer, configured


def test_long_request_is_relayed(consumer: Consumer) -> None:
    """A request that outlasts its sandbox is gone on with by another invocation."""
    consumer.deploy(MEMBERS[:1]).require()
    consumer.aws.set_faults({"busy": [{"stack_set_name": consumer.name, "seconds": 7.0}]})
    with configured(consumer.aws, Timeout=6) as function:
        before = _invocations(consumer.aws, function)
        outcome = consumer.deploy(MEMBERS[:2])
        invocations = _invocations(consumer.aws, function) - before

    assert outcome.succeeded, outcome.reasons
    assert invocations > 1
    assert sorted(consumer.settings()) == MEMBERS[:2]


def _invocations(aws: LocalAWS, function: str) -> int:
    return sum(line.startswith("START ") for line in aws.function_logs(function))


def test_last_word_answers_for_a_dead_function(consumer: Consumer) -> None:
    """When the function dies three times on a request, CloudFormation still gets an answer."""
    with configured(consumer.aws, Handler="handler.app.missing"):
        outcome = consumer.deploy(MEMBERS[:1])

    assert outcome.status == "ROLLBACK_FAILED"
    assert outcome.seconds < 60
    assert outcome.reasons[0].startswith("Received response status [FAILED] from custom resource.")


def test_time_out_stops_the_operation(consumer: Consumer) -> None:
    """Shortly before ServiceTimeout the operation is stopped; the reason says how far it got."""
    consumer.deploy(MEMBERS[:1]).require()
    slow = {"reason": "too slow", "seconds": 5.0, "marker": "red"}
    consumer.aws.set_faults({"deployments": [slow]})
    outcome = consumer.deploy(MEMBERS[:1], TemplateBody=consumer.template("red"), ServiceTimeout=4)

    assert outcome.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "0 of 1" in outcome.reasons[0]
    assert "STOPPED" in {each["Status"] for each in consumer.operations()}
    assert consumer.settings() == {MEMBERS[0]: "blue light"}
