"""The protocol between CloudFormation and custom resources, kept as AWS keeps it.

ministack calls the function once and synchronously, and believes any answer. Here the call is
asynchronous with Lambda's retries, the answer is checked, the stack shows what is under way, and
a request can be given up before it is answered.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ministack.core.arn import ArnParseError, parse_arn
from ministack.core.responses import get_region, new_uuid
from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from emulator.server import cancellation, paths, resource_status

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESPONSE_PATH = "/_ministack/cfn-response/"
_RESPONSE_LIMIT = 4096
_PHYSICAL_ID_LIMIT = 1024
_NO_RESPONSE = (
    "CloudFormation did not receive a response from your Custom Resource. Please check your logs "
    "for requestId [{request_id}]. If you are using the Python cfn-response module, you may need "
    "to update your Lambda function code so that CloudFormation can attach the updated version."
)
_WORK = {"Create": "creation", "Update": "update", "Delete": "deletion"}


class ResponseRefusedError(RuntimeError):
    """The provider failed, or CloudFormation cannot use its answer, or no longer wants it."""


@dataclass(frozen=True)
class Answer:
    """What the provider answered, checked."""

    succeeded: bool
    physical_id: str
    reason: str
    data: Mapping[str, Any]


def install() -> None:
    """Put this protocol in the place of ministack's."""
    custom_resource.invoke_custom_resource = invoke_custom_resource
    paths.take_puts(_RESPONSE_PATH, _receive_response)


def invoke_custom_resource(  # noqa: PLR0913, PLR0917 - the signature is ministack's
    request_type: str,
    logical_id: str,
    props: dict[str, Any],
    stack_name: str,
    stack_id: str,
    resource_type: str,
    physical_id: str | None = None,
    old_props: dict[str, Any] | None = None,
) -> tuple[str, Mapping[str, Any]]:
    """Send one request and wait for its answer; runs in a thread of its own.

    Returns:
        The physical id and the attributes.

    Raises:
        RuntimeError: The provider failed, or answered nothing or nonsense.
    """
    token = new_uuid()
    event = {
        "RequestType": request_type,
        "StackId": stack_id,
        "RequestId": new_uuid(),
        "ResourceType": resource_type,
        "LogicalResourceId": logical_id,
        "ResourceProperties": custom_resource._normalise_resource_properties(props),  # noqa: SLF001
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old_props is not None:
        normalised = custom_resource._normalise_resource_properties(old_props)  # noqa: SLF001
        event["OldResourceProperties"] = normalised
    resource_status.begin(event, stack_name, props)
    event["ResponseURL"] = _response_url(token)
    # Without a usable answer CloudFormation makes an id of its own.
    shown = physical_id or f"{stack_name}-{logical_id}-{secrets.token_hex(6).upper()}"
    try:
        answer = checked_answer(_exchange(token, event, props), event)
        shown = answer.physical_id if request_type == "Create" else shown
        _require_success(answer, event)
    except ResponseRefusedError as refusal:
        resource_status.fail(event, stack_name, shown, str(refusal))
        raise
    resource_status.succeed(event, stack_name, answer.physical_id)
    return answer.physical_id, answer.data


def _require_success(answer: Answer, event: Mapping[str, Any]) -> None:
    if not answer.succeeded:
        message = (
            "Received response status [FAILED] from custom resource. Message returned: "
            f"{answer.reason} (RequestId: {event['RequestId']})"
        )
        raise ResponseRefusedError(message)


def _response_url(token: str) -> str:
    """The URL of ministack, with the time of signing that the query of a presigned URL has."""
    url: str = custom_resource._response_url(token)  # noqa: SLF001
    return f"{url}?X-Amz-Date={datetime.now(UTC):%Y%m%dT%H%M%SZ}&X-Amz-Expires=7200"


def _exchange(token: str, event: dict[str, Any], props: dict[str, Any]) -> bytes:
    """Invoke the function and wait for the body that it puts to the response URL."""
    function = function_of(props.get("ServiceToken", ""))
    answered = custom_resource.register_token(token)
    request = cancellation.register(event["StackId"], event["LogicalResourceId"], answered)
    # CloudFormation invokes asynchronously, so Lambda retries a crash twice
    # and then hands the event to the on-failure destination.
    lambda_svc.invoke_async_with_retry(function, event)
    in_time = answered.wait(timeout=float(props.get("ServiceTimeout", 3600)))
    with custom_resource._lock:  # noqa: SLF001
        # From here on an answer finds nobody.
        pending = custom_resource._pending.pop(token, None)  # noqa: SLF001
    cancellation.forget(event["StackId"], event["LogicalResourceId"], request)
    if request.given_up:
        message = f"Resource {_WORK[event['RequestType']]} cancelled"
        raise ResponseRefusedError(message)
    if not in_time or pending is None:
        raise ResponseRefusedError(_NO_RESPONSE.format(request_id=event["RequestId"]))
    body: bytes = pending["result"]
    return body


def function_of(service_token: str) -> dict[str, Any]:
    """Return the record of the function behind a service token."""
    try:
        if parse_arn(service_token).region != get_region():
            message = f"Invalid service token: {service_token} is not in Region {get_region()}."
            raise ResponseRefusedError(message)
    except ArnParseError:
        pass
    record, config, _ = lambda_svc._get_func_record_for_ref(service_token)  # noqa: SLF001
    if record is None or config is None:
        message = f"Invalid service token: no function {service_token}."
        raise ResponseRefusedError(message)
    function: dict[str, Any] = lambda_svc._execution_record_for_config(record, config)  # noqa: SLF001
    return function


def checked_answer(body: bytes, event: Mapping[str, Any]) -> Answer:
    """Read a provider's answer as CloudFormation does.

    Args:
        body: What was put to the response URL.
        event: The request that it answers.

    Raises:
        ResponseRefusedError: The answer is too long, no JSON object, or not for this request.
    """
    if len(body) > _RESPONSE_LIMIT:
        message = "Response object is too long."
        raise ResponseRefusedError(message)
    try:
        response = json.loads(body)
    except ValueError:
        response = None
    if not isinstance(response, dict):
        message = "Response is not valid JSON"
        raise ResponseRefusedError(message)
    for key in ("StackId", "RequestId", "LogicalResourceId"):
        if response.get(key) != event[key]:
            message = f"Invalid {key}"
            raise ResponseRefusedError(message)
    if response.get("Status") not in ("SUCCESS", "FAILED"):
        message = "Invalid Status"
        raise ResponseRefusedError(message)
    physical_id = response.get("PhysicalResourceId")
    if not isinstance(physical_id, str) or not 0 < len(physical_id) <= _PHYSICAL_ID_LIMIT:
        message = "Invalid PhysicalResourceId"
        raise ResponseRefusedError(message)
    return Answer(
        response["Status"] == "SUCCESS",
        physical_id,
        response.get("Reason") or "Unknown",
        response.get("Data") or {},
    )


def _receive_response(
    token: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    """Take the body of a response PUT as it came, and refuse one that S3 would refuse."""
    if headers.get("content-type"):
        # In some Regions the URL is signed for an empty Content-Type: no other works in all.
        return 403, {}, b"<Error><Code>SignatureDoesNotMatch</Code></Error>"
    custom_resource.deliver_response(token, body)
    return 200, {}, b""
