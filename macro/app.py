"""The entry point that CloudFormation calls for every template that names the macro.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-author.html
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from handler.observability import logger
from macro.fragment import Refused, Sources, transform
from macro.objects import reader
from macro.scope import scope_of
from macro.summaries import summarizer

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 3},
    s3={"addressing_style": "path"},
)


_TOO_DEEP = (
    "The template's conditions, or functions in one another, are too deep to be worked out: make"
    " the chains shorter."
)


@functools.cache
def _s3() -> S3Client:
    return boto3.client("s3", config=_CONFIG)


@functools.cache
def _cloudformation() -> CloudFormationClient:
    return boto3.client("cloudformation", config=_CONFIG)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Process one template.

    Returns:
        What CloudFormation wants: ``status`` other than success fails the change set with
        ``errorMessage``.
    """
    answer = {"requestId": event["requestId"], "status": "success", "fragment": event["fragment"]}
    try:
        answer["fragment"] = _process(event, context.invoked_function_arn)
    except Refused as refusal:
        logger.info("template refused", reason=str(refusal))
        return {**answer, "status": "failure", "errorMessage": str(refusal)}
    except Exception as error:  # noqa: BLE001 - else CloudFormation says "malformed", no more
        logger.exception("template not processed")
        message = f"Unforeseen {type(error).__name__}: {error}"
        return {**answer, "status": "failure", "errorMessage": message}
    return answer


def _process(event: dict[str, Any], own_arn: str) -> dict[str, Any]:
    account = own_arn.split(":")[4]
    if event["accountId"] != account:
        # What a template names is read with rights that are for this account alone.
        message = (
            f"The macro of account {account} serves no templates of {event['accountId']}: deploy"
            " the function there, too."
        )
        raise Refused(message)
    fragment, given = event["fragment"], event.get("templateParameterValues") or {}
    scope = scope_of(fragment, given, event["region"], account)
    sources = Sources(reader(_s3), summarizer(_cloudformation, own_arn, logger.warning))
    macro = event["transformId"].rpartition("::")[2]
    try:
        processed = transform(fragment, scope, sources, macro)
    except RecursionError as error:
        raise Refused(_TOO_DEEP) from error
    if processed.unsealed:
        logger.warning("content is not sealed", places=processed.unsealed)
    return processed.template
