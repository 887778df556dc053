"""More stack sets than the account has concurrent executions, through the queue and its mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.local.aws import ADMINISTRATOR, PROVIDER_STACK, LocalAWS
from tests.local.consumer import MEMBERS, Consumer
from tests.local.probe import until

_ROOT = Path(__file__).resolve().parents[2]
_CONCURRENCY = 3
_STACKS = 9
# Longer than a sandbox waits itself, so that every request takes its turn in the queue.
_DEPLOYMENT_SECONDS = 25.0
_PATIENCE = 240


@pytest.fixture(scope="module")
def crowded(emulator_python: Path, bundle: Path, tmp_path_factory: Any) -> Iterator[LocalAWS]:
    """A local AWS with few concurrent executions and slow deployments, and the function in it."""
    with LocalAWS(
        emulator_python,
        tmp_path_factory.mktemp("crowded"),
        account_concurrency=_CONCURRENCY,
        minimum_seconds=_DEPLOYMENT_SECONDS,
    ) as running:
        running.make_roles(MEMBERS)
        running.deploy_provider(
            bundle, _ROOT / "template.yaml", {"MaximumConcurrency": str(_CONCURRENCY - 1)}
        )
        yield running


def _messages(aws: LocalAWS, logical_id: str) -> int:
    """How many messages a queue of the function's stack has, in whatever state."""
    found = aws.client("cloudformation").describe_stack_resource(
        StackName=PROVIDER_STACK, LogicalResourceId=logical_id
    )
    url = found["StackResourceDetail"]["PhysicalResourceId"]
    told = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return sum(
        int(value)
        for name, value in told["Attributes"].items()
        if name.startswith("ApproximateNumberOf")
    )


def _relayed(aws: LocalAWS) -> set[str]:
    """The requests that have waited in the queue, by the function's log."""
    name = aws.client("cloudformation").describe_stack_resource(
        StackName=PROVIDER_STACK, LogicalResourceId="StackSetResourceFunction"
    )["StackResourceDetail"]["PhysicalResourceId"]
    lines = [json.loads(line) for line in aws.function_logs(name) if '"relayed"' in line]
    return {each["stack_id"] for each in lines}


def test_a_crowd_is_served(crowded: LocalAWS) -> None:
    """Every request succeeds, every one has waited in the queue, and nothing is left there."""
    stacks = crowded.client("cloudformation", ADMINISTRATOR)
    consumers = [Consumer(crowded, f"crowd-{number}") for number in range(_STACKS)]
    for each in consumers:
        body = each.stack_template(MEMBERS[:1], ServiceTimeout=_PATIENCE)
        stacks.create_stack(StackName=each.name, TemplateBody=body)

    def statuses() -> dict[str, str]:
        told = stacks.describe_stacks()["Stacks"]
        names = {each.name for each in consumers}
        return {
            each["StackName"]: each["StackStatus"] for each in told if each["StackName"] in names
        }

    until(lambda: "CREATE_IN_PROGRESS" not in statuses().values(), seconds=_PATIENCE)
    assert statuses() == {each.name: "CREATE_COMPLETE" for each in consumers}
    assert len(_relayed(crowded)) == _STACKS
    assert [_messages(crowded, name) for name in ("StackSetQueue", "StackSetDeadLetterQueue")] == [
        0,
        0,
    ]
