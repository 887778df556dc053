"""The attributes that say who has which stack."""

from __future__ import annotations

import json

import pytest

from emulator.stacksets.history import Lag
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import ACCOUNTS, REGIONS, group, new_stack, properties

MANY = tuple(f"{number:012}" for number in range(100, 400))
BUCKET = "reports"


def test_a_few(aws: VirtualAWS, stack: Stack) -> None:
    """What fits is in the answer, and costs no call."""
    stack.deploy(properties(group(ACCOUNTS[:2], REGIONS[:2])))

    assert stack.attributes["Accounts"] == ",".join(ACCOUNTS[:2])
    assert stack.attributes["Regions"] == ",".join(sorted(REGIONS[:2]))
    found = json.loads(stack.attributes["StackIds"])
    assert list(found) == sorted(f"{a}/{r}" for a in ACCOUNTS[:2] for r in REGIONS[:2])
    assert all(each.startswith("arn:aws:cloudformation:") for each in found.values())
    assert stack.attributes["StackIdsUrl"] == ""
    assert "PutObject" not in [action for _, _, action in aws.calls]


@pytest.mark.parametrize("count", [5, 10, 12, 13, 14, 15, 16, 20, 40, 300])
def test_more_than_an_answer_carries(count: int) -> None:
    """What does not fit is never cut: the attribute says so, and how to get it."""
    with world(seconds=0.5) as aws:
        stack = new_stack(aws)
        assert stack.deploy(properties(group(MANY[:count]))) == "CREATE_COMPLETE"

        shown, accounts = stack.attributes["StackIds"], stack.attributes["Accounts"]
        if shown.startswith("{"):
            assert len(json.loads(shown)) == count
        else:
            assert f"{count} instances are more" in shown
            assert "ReportBucket" in shown
        assert shown.startswith("{") or count > 10
        assert accounts == ",".join(MANY[:count]) or "ReportBucket" in accounts
        assert stack.attributes["Regions"] == REGIONS[0]
        assert len(json.dumps(aws.responses[-1].body)) <= 4096


def test_with_a_bucket() -> None:
    """With a bucket, an object has what does not fit, and the address is an attribute."""
    aws = world(seconds=0.5)
    aws.environment["REPORT_BUCKET"] = BUCKET
    with aws:
        stack = new_stack(aws)
        stack.deploy(properties(group(MANY)))

    url = stack.attributes["StackIdsUrl"]
    name, _, uuid = stack.physical_id.partition(":")
    assert url.startswith(f"s3://{BUCKET}/stackset-resource/{name}/{uuid}/")
    body = aws.objects[BUCKET, url.removeprefix(f"s3://{BUCKET}/")]
    assert isinstance(body, bytes)
    assert sorted(json.loads(body)) == sorted(f"{each}/{REGIONS[0]}" for each in MANY)
    assert "StackIdsUrl" in stack.attributes["StackIds"]


def test_what_is_not_listed_yet(aws: VirtualAWS, stack: Stack) -> None:
    """What StackSets does not show yet is missing, and Warnings says so."""
    aws.engine.lag = Lag(instances=59.0, fixed=True)
    assert stack.deploy(properties(group(ACCOUNTS[:2]))) == "CREATE_COMPLETE"

    missing = 2 - len(json.loads(stack.attributes["StackIds"]))
    assert (f"lacks {missing} stacks" in stack.attributes["Warnings"]) is (missing > 0)
