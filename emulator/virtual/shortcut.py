"""CloudFormation's calls without HTTP in between.

What botocore has serialized goes to the account as it is, and its answer comes as botocore would
have read it: half of a simulation was XML, written by one side and read by the other. Clients that
let botocore try again go the long way, since its retries are part of that.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint

from emulator.stacksets import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.model import OperationModel

    Answer = Callable[[Mapping[str, list[str]], str], tuple[int, dict[str, Any]]]


@contextlib.contextmanager
def shortcut(answer: Answer) -> Iterator[None]:
    """Have CloudFormation's calls answered by a function, where the client tries only once.

    Args:
        answer: Given the form and the URL, returns the HTTP status and what botocore reads in the
            answer.
    """
    make_request = Endpoint.make_request

    def answered(endpoint: Endpoint, operation: OperationModel, asked: dict[str, Any]) -> Any:  # noqa: ANN401
        if not _tries_once(operation, asked):
            return make_request(endpoint, operation, asked)
        url: Any = asked["url"]
        status, read = answer({name: [str(text)] for name, text in asked["body"].items()}, url)
        headers: Any = {}
        metadata = {
            "RequestId": wire.REQUEST_ID,
            "HTTPStatusCode": status,
            "HTTPHeaders": headers,
            "RetryAttempts": 0,
        }
        nothing: Any = None
        return AWSResponse(url, status, headers, nothing), {**read, "ResponseMetadata": metadata}

    with mock.patch.object(Endpoint, "make_request", answered):
        yield


def _tries_once(operation: OperationModel, asked: Mapping[str, Any]) -> bool:
    if operation.service_model.service_name != "cloudformation":
        return False
    retries = asked["context"]["client_config"].retries or {}
    return bool(retries.get("total_max_attempts") == 1)
