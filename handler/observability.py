"""One logger and one set of metrics for the whole function, and what may be seen through them.

Never logged: the address for the answer, parameter values, and whatever else a request carries.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger, Metrics

_SERVICE = "stackset-resource"
_NAMESPACE = "StackSetResource"
_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
_SDK = ("boto3", "botocore", "urllib3", "s3transfer")

logger = Logger(service=_SERVICE)
metrics = Metrics(namespace=_NAMESPACE, service=_SERVICE)
_default_level = logger.log_level
# Both functions and the macro come by here first, once for each sandbox.
logger.info("cold start", version=os.environ.get("VERSION"))


def observe(event: Mapping[str, Any]) -> None:
    """Mark every line of this invocation with its request, and use the levels that it asks for.

    The properties ``loglevel`` and ``botolevel`` hold for one request. The SDK is never heard
    below INFO: its debug lines show parameter values.
    """
    properties = event.get("ResourceProperties") or {}
    logger.setLevel(_level(properties.get("loglevel")) or _default_level)
    sdk_level = _level(properties.get("botolevel")) or "WARNING"
    for name in _SDK:
        logging.getLogger(name).setLevel("INFO" if sdk_level == "DEBUG" else sdk_level)
    logger.append_keys(
        request_type=event.get("RequestType"),
        request_id=event.get("RequestId"),
        stack_id=event.get("StackId"),
        logical_id=event.get("LogicalResourceId"),
    )


def _level(value: object) -> str | None:
    text = str(value).strip().upper()
    return text if text in _LEVELS else None
