"""botocore without the parts that cost a simulation most and tell it nothing.

In virtual time nine tenths of a run were signatures, user agents and a parser that takes a date in
any spelling. Nothing here changes what is asked or answered; tests against the local AWS sign.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.parsers
from botocore.retries.bucket import TokenBucket
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from botocore.utils import parse_timestamp

from emulator.virtual.http import ACCESS_KEY, SERVICE, acquire_in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSRequest


@contextlib.contextmanager
def quick_sdk() -> Iterator[None]:
    """Have botocore name the service instead of signing, and wait in virtual time."""
    with contextlib.ExitStack() as stack:
        for place, name, stand_in in (
            (RequestSigner, "sign", _name_the_service),
            (UserAgentString, "to_string", lambda _: "virtual"),
            (TokenBucket, "_acquire", acquire_in_virtual_time),
            (botocore.parsers, "DEFAULT_TIMESTAMP_PARSER", timestamp),
        ):
            stack.enter_context(mock.patch.object(place, name, stand_in))
        yield


def timestamp(value: Any) -> datetime:  # noqa: ANN401  whatever a service answers
    """Read a timestamp; the usual spelling quickly, any other as botocore does."""
    try:
        read = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return parse_timestamp(value)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _name_the_service(signer: Any, _operation: str, request: AWSRequest, **_: object) -> None:  # noqa: ANN401
    request.headers[SERVICE] = signer._signing_name  # noqa: SLF001
    request.headers[ACCESS_KEY] = signer._credentials.access_key  # noqa: SLF001
