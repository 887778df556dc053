"""SQS's JSON protocol: what botocore sends to a queue, and what it reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.stacksets.errors import ApiError
from emulator.virtual.http import Reply, json_asked

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

    from emulator.virtual.queue import Queue

NO_QUEUE = "QueueDoesNotExist"
_TARGET = "AmazonSQS."
_JSON = {"Content-Type": "application/x-amz-json-1.0"}
# The codes that SQS had before it spoke JSON, which botocore still shows.
_QUERY_CODES = {
    NO_QUEUE: "AWS.SimpleQueueService.NonExistentQueue",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
}


def asked(request: AWSPreparedRequest) -> tuple[str, dict[str, Any]] | None:
    """Read a request: the action and its parameters; None for one that is not known."""
    return json_asked(request, _TARGET, _ACTIONS)


def call(queues: Mapping[str, Queue], action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Carry out an action.

    Args:
        queues: By their URLs.
        action: One that `asked` has read.
        parameters: As they came.

    Raises:
        ApiError: SQS refuses.
    """
    queue = queues.get(parameters["QueueUrl"])
    if queue is None:
        raise ApiError(NO_QUEUE, "The specified queue does not exist.")
    return _ACTIONS[action](queue, parameters)


def render(result: Mapping[str, Any]) -> Reply:
    """Return the answer to a call."""
    return Reply(200, json.dumps(result).encode(), _JSON)


def render_error(error: ApiError) -> Reply:
    """Return the answer to a call that was refused."""
    prefix = "com.amazonaws.sqs#"
    body = {"__type": f"{prefix}{error.code}", "message": error.message}
    query_code = _QUERY_CODES.get(error.code, error.code)
    blame = "Sender" if error.status < 500 else "Receiver"  # noqa: PLR2004
    headers = {**_JSON, "x-amzn-query-error": f"{query_code};{blame}"}
    return Reply(error.status, json.dumps(body).encode(), headers)


def _send_message(queue: Queue, parameters: Mapping[str, Any]) -> dict[str, Any]:
    body = parameters["MessageBody"]
    message = queue.send(body, parameters.get("DelaySeconds", 0))
    digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
    return {"MessageId": message.message_id, "MD5OfMessageBody": digest}


def _change_message_visibility(queue: Queue, parameters: Mapping[str, Any]) -> dict[str, Any]:
    queue.change_visibility(parameters["ReceiptHandle"], parameters["VisibilityTimeout"])
    return {}


def _get_queue_attributes(queue: Queue, parameters: Mapping[str, Any]) -> dict[str, Any]:
    found, names = queue.attributes(), parameters.get("AttributeNames", [])
    if "All" not in names:
        found = {name: value for name, value in found.items() if name in names}
    return {"Attributes": found} if found else {}


_ACTIONS: Mapping[str, Callable[[Queue, Mapping[str, Any]], dict[str, Any]]] = {
    "SendMessage": _send_message,
    "ChangeMessageVisibility": _change_message_visibility,
    "GetQueueAttributes": _get_queue_attributes,
}
