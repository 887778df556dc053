"""The queue in which a request waits for its operation, so that no sandbox has to.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.observability import logger

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

HIDDEN = 120
"""Seconds for which a message stays hidden after its sandbox has given its last sign of life."""

_HEARTBEAT = 40.0
_LONGEST_DELAY = 900
_LOST = {
    "MessageNotInflight",
    "ReceiptHandleIsInvalid",
    "AWS.SimpleQueueService.MessageNotInflight",
    "InvalidParameterValue",
}


class MessageLost(Exception):
    """The message is not hidden any more: another sandbox goes on. Or it is none of the queue's."""


@dataclass
class Message:
    """The message that brought a request back.

    Lambda wants a queue to hide a message for longer than a function may run; a sandbox that dies
    would then cost minutes. So the function hides its message for a short time, again and again.

    Attributes:
        client: SQS's.
        queue_url: The queue.
        receipt_handle: Of this delivery.
    """

    client: SQSClient
    queue_url: str
    receipt_handle: str
    _hidden_at: float = 0.0
    _is_known: bool = False

    def keep_hidden(self) -> None:
        """Hide the message for another while, if the last time was a while ago.

        That SQS knows the handle is all that tells a message from an event that somebody has made
        up: until it has said so once, nothing that the message says may be believed.

        Raises:
            MessageLost: It is visible again, has been served, or SQS has never known it.
        """
        now = time.time()
        if now - self._hidden_at < _HEARTBEAT:
            return
        try:
            self.client.change_message_visibility(
                QueueUrl=self.queue_url,
                ReceiptHandle=self.receipt_handle,
                VisibilityTimeout=HIDDEN,
            )
        except (BotoCoreError, ClientError) as error:
            code = _code_of(error)
            if code in _LOST or not self._is_known:
                raise MessageLost(code) from error
            logger.warning("message could not be hidden", cause=str(error))
        else:
            self._is_known = True
        self._hidden_at = now


class Queue:
    """The stack's own queue.

    Args:
        client: Gives SQS's client; called only when a request needs it.
        url: The queue's.
    """

    def __init__(self, client: Callable[[], SQSClient], url: str) -> None:
        self._client = client
        self.url = url

    def send(self, body: str, after: float) -> None:
        """Leave a request in the queue.

        Args:
            body: What the next invocation is handed.
            after: Seconds after which to hand it.
        """
        delay = min(max(round(after), 0), _LONGEST_DELAY)
        self._client().send_message(QueueUrl=self.url, MessageBody=body, DelaySeconds=delay)

    def message(self, record: Mapping[str, Any]) -> Message:
        """Returns the message of a record."""
        return Message(self._client(), self.url, record["receiptHandle"])


def records_in(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the records of SQS in an event; none where the event came otherwise."""
    records: list[Mapping[str, Any]] = event.get("Records") or []
    return [each for each in records if each.get("eventSource") == "aws:sqs"]


def request_in(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the request that a record carries."""
    request: dict[str, Any] = json.loads(record["body"])
    return request


def _code_of(error: Exception) -> str:
    """The code of an error; the name of its kind where no service has answered."""
    if not isinstance(error, ClientError):
        return type(error).__name__
    return str(error.response.get("Error", {}).get("Code", ""))


def death_in(event: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Returns the request whose every invocation has died, and why, a sentence.

    Args:
        event: The record of Lambda's on-failure destination, whose requestPayload is the request,
            or a dead letter of the queue.
    """
    letters = records_in(event)
    if letters:
        request, cause = request_in(letters[0]), "its message became a dead letter"
    else:
        request, death = event["requestPayload"], event.get("responsePayload") or {}
        cause = death.get("errorMessage") or event.get("requestContext", {}).get("condition", "")
    return request, f"The function died before it could finish, each time it was tried: {cause}"
