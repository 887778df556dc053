"""botocore in the virtual AWS: quick, and otherwise as ever."""

from __future__ import annotations

from datetime import UTC, datetime

import boto3
import pytest
from botocore.signers import RequestSigner

from emulator.virtual.aws import world
from emulator.virtual.sdk import timestamp


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05.000Z",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02T03:04:05",
        "Fri, 02 Jan 2026 03:04:05 GMT",
        1767323045,
    ],
)
def test_timestamps(text: object) -> None:
    """Every spelling that botocore reads is read, to the same moment."""
    assert timestamp(text) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_signs_outside_only() -> None:
    """Inside nothing is signed; outside everything is again."""
    real = RequestSigner.sign
    with world() as aws:
        assert RequestSigner.sign is not real
        boto3.client("sts").get_caller_identity()
        assert [service for _, service, _ in aws.calls] == ["sts"]

    assert RequestSigner.sign is real


def test_each_client_has_its_endpoint() -> None:
    """What is worked out once for all calls of a client is not that of another."""
    asked: list[str] = []
    with world():
        for region in ("eu-west-1", "eu-west-2", "eu-west-1"):
            client = boto3.client("cloudformation", region_name=region)
            client.meta.events.register(
                "before-call.*", lambda params, **_: asked.append(params["url"])
            )
            client.list_stack_sets()
            client.list_stack_sets()

    found = [url.split(".")[1] for url in asked]
    assert found == ["eu-west-1"] * 2 + ["eu-west-2"] * 2 + ["eu-west-1"] * 2
