"""Which calls to AWS are worth trying again, and when."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
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

ATTEMPTS = 4
"""How often `call_patiently` tries."""

_Answer = TypeVar("_Answer")


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


def call_patiently(
    call: Callable[[], _Answer],
    sleep: Callable[[float], None],
    is_worth_it: Callable[[Exception], bool] = is_transient,
) -> _Answer:
    """Returns what a call answers, tried again while it may succeed later, a few times.

    Args:
        call: The call.
        sleep: Waits for so many seconds before a further try; what it raises ends the tries.
        is_worth_it: Whether the same call may succeed after such an error.

    Raises:
        BotoCoreError: What the last try has raised, or one that no further try mends.
        ClientError: The same.
    """
    intervals = backoff_intervals()
    attempt = 1
    while True:
        try:
            return call()
        except (BotoCoreError, ClientError) as error:
            if attempt == ATTEMPTS or not is_worth_it(error):
                raise
        sleep(next(intervals))
        attempt += 1
