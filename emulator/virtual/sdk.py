"""botocore without the parts that cost a simulation most and tell it nothing.

In virtual time nine tenths of a run were signatures, user agents and a parser that takes a date in
any spelling, and of the rest much was working out for each client anew what is the same for all:
its methods, the names of its events and its endpoint. Nothing here changes what is asked or
answered; tests against the local AWS sign.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock

import botocore.parsers
from botocore.client import ClientCreator
from botocore.hooks import EventAliaser
from botocore.regions import EndpointRulesetResolver
from botocore.retries.bucket import TokenBucket
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from botocore.utils import parse_timestamp

from emulator.virtual.http import ACCESS_KEY, SERVICE, acquire_in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.awsrequest import AWSRequest
    from botocore.model import OperationModel, ServiceModel

# Where no operation has an endpoint of its own.
_ONE_ENDPOINT = frozenset({"cloudformation", "sqs"})
_create_methods: Any = ClientCreator._create_methods  # type: ignore[attr-defined]  # noqa: SLF001
_alias_event_name: Any = EventAliaser._alias_event_name  # type: ignore[attr-defined]  # noqa: SLF001
_construct_endpoint: Any = EndpointRulesetResolver.construct_endpoint
_methods: dict[tuple[str, str], dict[str, Any]] = {}
_event_names: dict[str, str] = {}


@contextlib.contextmanager
def quick_sdk() -> Iterator[None]:
    """Have botocore name the service instead of signing, and wait in virtual time."""
    with contextlib.ExitStack() as stack:
        for place, name, stand_in in (
            (RequestSigner, "sign", _name_the_service),
            (UserAgentString, "to_string", lambda _: "virtual"),
            (TokenBucket, "_acquire", acquire_in_virtual_time),
            (botocore.parsers, "DEFAULT_TIMESTAMP_PARSER", timestamp),
            (ClientCreator, "_create_methods", _methods_once),
            (EventAliaser, "_alias_event_name", _event_name_once),
            (EndpointRulesetResolver, "construct_endpoint", _endpoint_once),
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


def _methods_once(creator: Any, model: ServiceModel) -> dict[str, Any]:  # noqa: ANN401
    """The methods of a service's clients, which know nothing of the client."""
    key = (model.service_name, model.api_version)
    if key not in _methods:
        _methods[key] = _create_methods(creator, model)
    # What makes the class adds to it.
    return {**_methods[key]}


def _event_name_once(aliaser: Any, name: str) -> str:  # noqa: ANN401
    if name not in _event_names:
        _event_names[name] = _alias_event_name(aliaser, name)
    return _event_names[name]


def _endpoint_once(resolver: Any, operation_model: OperationModel, **asked: Any) -> Any:  # noqa: ANN401
    """The endpoint of a client, found once where it is the same for all of its operations."""
    if operation_model.service_model.service_name not in _ONE_ENDPOINT:
        return _construct_endpoint(resolver, operation_model, **asked)
    known = vars(resolver)
    if "_found" not in known:
        known["_found"] = _construct_endpoint(resolver, operation_model, **asked)
    return known["_found"]
