"""Which calls to AWS are worth trying again, and when."""

from __future__ import annotations

import random
from collections.abc import Iterator

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

_THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "TooManyRequestsException",
    "SlowDown",
}
_SERVER_ERROR = 500


def is_transient(error: Exception) -> bool:
    """Whether the same call may succeed later: throttling, errors of the server, a broken line."""
    if not isinstance(error, ClientError):
        return isinstance(error, HTTPClientError | BotoConnectionError)
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code in _THROTTLED or status >= _SERVER_ERROR


def backoff_intervals() -> Iterator[float]:
    """Seconds before a call that failed is tried again: doubling, with jitter, at most 30."""
    ceiling = 1.0
    while True:
        yield random.uniform(ceiling / 2, ceiling)
        ceiling = min(ceiling * 2, 30.0)
