"""The entry point that CloudFormation calls for every template that names the macro.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-author.html
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from handler.observability import logger
from macro.fragment import Refused, transform
from macro.objects import reader
from macro.scope import scope_of

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    s3={"addressing_style": "path"},
)


@functools.cache
def _s3() -> S3Client:
    return boto3.client("s3", config=_CONFIG)


def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """Process one template.

    Returns:
        What CloudFormation wants: ``status`` other than success fails the change set with
        ``errorMessage``.
    """
    fragment = event["fragment"]
    answer = {"requestId": event["requestId"], "status": "success", "fragment": fragment}
    try:
        given = event.get("templateParameterValues") or {}
        scope = scope_of(fragment, given, event["region"], event["accountId"])
        answer["fragment"] = transform(fragment, scope, reader(_s3))
    except Refused as refusal:
        logger.info("template refused", reason=str(refusal))
        return {**answer, "status": "failure", "errorMessage": str(refusal)}
    except Exception as error:  # noqa: BLE001 - else CloudFormation says "malformed", no more
        logger.exception("template not processed")
        message = f"Unforeseen {type(error).__name__}: {error}"
        return {**answer, "status": "failure", "errorMessage": message}
    return answer
