"""The answer to CloudFormation: what fits into it, and its delivery.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

from __future__ import annotations

import json
import os
import time
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import urllib3

from handler.gateway.retry import backoff_intervals
from handler.observability import logger
from handler.values.addresses import locate
from handler.values.observation import Observation

_MOST_BYTES = 4096
_TIMEOUT = urllib3.Timeout(connect=5.0, read=15.0)
_SERVER_ERROR = 500
_CUT = " ..."
_MOST_WARNINGS = 5
_LONGEST_WARNINGS = 800


class DeliveryFailed(Exception):
    """CloudFormation's address for the answer could not be reached while this sandbox lives."""


@dataclass(frozen=True)
class Answer:
    """What CloudFormation is told.

    Attributes:
        status: SUCCESS or FAILED.
        physical_id: What ``Ref`` gives.
        reason: Why it FAILED, the cause first.
        where_to_read_on: The end of the reason of a FAILED answer, be the rest cut or not.
        data: What ``Fn::GetAtt`` gives.
        no_echo: Whether CloudFormation shows asterisks instead of ``data`` wherever it shows it.
    """

    status: str
    physical_id: str
    reason: str = ""
    where_to_read_on: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    no_echo: bool = False

    def encode(self, event: Mapping[str, Any]) -> bytes:
        """The answer to an event, so that CloudFormation takes it.

        Returns:
            Valid JSON in UTF-8 of at most 4,096 bytes; a reason that is too long is cut.
        """
        body = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
        body |= {"Status": self.status, "PhysicalResourceId": self.physical_id, "Data": self.data}
        body |= {"NoEcho": True} if self.no_echo else {}
        # Half of a surrogate pair, which JSON lets through, has no place in UTF-8.
        reason = self.reason.encode("utf-8", "replace").decode()
        end = f" {self.where_to_read_on}" if self.status == "FAILED" else ""
        whole = _encode(body, reason + end)
        if len(whole) <= _MOST_BYTES:
            return whole
        sizes = range(len(reason))
        too_long = bisect_right(
            sizes, _MOST_BYTES, key=lambda size: len(_encode(body, reason[:size] + _CUT + end))
        )
        return _encode(body, reason[: too_long - 1] + _CUT + end)


def attributes(
    seen: Observation, warnings: Sequence[str] = (), deployment_id: str = ""
) -> dict[str, str]:
    """Returns what ``Fn::GetAtt`` gives, by name; CloudFormation wants texts.

    Args:
        seen: The last look.
        warnings: What was passed over in the properties; the first few are given.
        deployment_id: What a wait for the deployment names.
    """
    states = seen.instances.values()
    return {
        "StackSetId": seen.stack_set.stack_set_id,
        "StackSetName": seen.stack_set.name,
        "StackSetArn": seen.stack_set.arn,
        "OperationId": seen.newest_operation_id,
        "DeploymentId": deployment_id,
        "InstanceCount": str(len(states)),
        "FailedInstanceCount": str(sum(not each.is_current for each in states)),
        "Status": seen.stack_set.status,
        "DriftStatus": seen.stack_set.drift_status,
        "DriftedInstanceCount": str(seen.stack_set.drifted_instances),
        "Warnings": _shortened(warnings),
    }


def _shortened(warnings: Sequence[str]) -> str:
    shown, left = " ".join(warnings[:_MOST_WARNINGS]), len(warnings) - _MOST_WARNINGS
    if len(shown) > _LONGEST_WARNINGS:
        shown = f"{shown[:_LONGEST_WARNINGS]}{_CUT}"
    return f"{shown} {left} more are in the log." if left > 0 else shown


def can_be_answered(url: str) -> bool:
    """Whether an address is one of S3, as CloudFormation's are, or AWS itself is stood in for.

    Args:
        url: A request's ResponseURL.
    """
    if any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ):
        return True
    return url.startswith("https://") and locate(url) is not None


def deliver(url: str, body: bytes, until: float) -> None:
    """PUT an answer to the address that CloudFormation gave, again and again if need be.

    Args:
        url: The request's ResponseURL.
        body: The encoded answer.
        until: When to stop trying, in seconds since the epoch.

    Raises:
        DeliveryFailed: Neither taken nor refused until then.
    """
    pool = urllib3.PoolManager()
    for pause in backoff_intervals():
        cause = _put(pool, url, body)
        if cause is None:
            return
        logger.warning("answer not delivered, trying again", cause=cause)
        if time.time() + pause > until:
            raise DeliveryFailed(cause)
        time.sleep(pause)


def _put(pool: urllib3.PoolManager, url: str, body: bytes) -> str | None:
    """One try; says what went wrong where another try may help.

    The address carries a signature, so no error text that quotes it may get into a log.
    """
    try:
        # The signature covers an empty content type.
        headers = {"content-type": ""}
        answer = pool.request(
            "PUT", url, body=body, headers=headers, retries=False, timeout=_TIMEOUT
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return type(error).__name__
    if answer.status >= _SERVER_ERROR:
        return f"HTTP {answer.status}"
    if not 200 <= answer.status < 300:  # noqa: PLR2004 - the class of success
        logger.error("CloudFormation refused the answer for good", status=answer.status)
    return None


def _encode(body: Mapping[str, Any], reason: str) -> bytes:
    whole = {**body, "Reason": reason}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()
