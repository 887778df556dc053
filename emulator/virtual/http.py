"""The small change of HTTP between botocore and the virtual AWS."""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.retries.bucket import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from botocore.awsrequest import AWSPreparedRequest

    from emulator.stacksets.errors import ApiError

SERVICE = "X-Virtual-Service"
"""The header that tells for which service a request is; nothing is signed."""

ACCESS_KEY = "X-Virtual-Access-Key"
"""The header that tells whose request it is."""


class Reply(NamedTuple):
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}

    def to(self, request: AWSPreparedRequest) -> AWSResponse:
        """Return the answer as botocore wants it."""
        headers: Any = dict(self.headers)
        return AWSResponse(request.url, self.status, headers, _Raw(self.body))


class JsonService(NamedTuple):
    """A service that speaks JSON.

    Attributes:
        asked: Reads a request: the action and its parameters; None for one that is not known.
        call: Carries out an action.
        render: Writes the answer to a call.
        render_error: Writes the answer to a call that was refused.
    """

    asked: Callable[[AWSPreparedRequest], tuple[str, dict[str, Any]] | None]
    call: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
    render: Callable[[Mapping[str, Any]], Reply]
    render_error: Callable[[ApiError], Reply]


def service_of(request: AWSPreparedRequest) -> str:
    """Return the service that a request is for, `unknown` for none."""
    return header(request, SERVICE) or "unknown"


def header(request: AWSPreparedRequest, name: str) -> str:
    """Return a header as text, empty when it is missing."""
    value: Any = request.headers.get(name, "")
    return value.decode() if isinstance(value, bytes) else str(value)


def text_of(request: AWSPreparedRequest) -> str:
    """Return the body as text."""
    body: Any = request.body or b""
    return body.decode() if isinstance(body, bytes) else str(body)


def path_of(request: AWSPreparedRequest) -> str:
    """Return the path of the URL, still quoted."""
    return urlsplit(request.url).path


_BUCKET: Any = TokenBucket
_acquire = _BUCKET._acquire  # noqa: SLF001


def acquire_in_virtual_time(bucket: Any, amount: int, block: bool) -> Any:  # noqa: ANN401, FBT001
    """Stand in for the wait of adaptive retries, which does not go through `time.sleep`."""
    bucket._refill()  # noqa: SLF001
    missing = bucket._sleep_amount(amount)  # noqa: SLF001
    if block and missing > 0:
        # The margin is for rounding: waiting in real time for the rest would never end.
        time.sleep(missing + 0.001)
    return _acquire(bucket, amount, block)


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def json_asked(
    request: AWSPreparedRequest, target: str, actions: Container[str]
) -> tuple[str, dict[str, Any]] | None:
    """Read a request of a service that speaks JSON.

    Args:
        request: What was sent.
        target: What stands before the action in its header.
        actions: Those that are known.

    Returns:
        The action and its parameters; None for one that is not known.
    """
    named = header(request, "X-Amz-Target")
    action = named.removeprefix(target)
    if not named.startswith(target) or action not in actions:
        return None
    parameters: dict[str, Any] = json.loads(text_of(request) or "{}")
    return action, parameters
