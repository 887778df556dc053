"""Queues as SQS keeps them: messages that are delayed, visible, in flight, or dead letters.

A standard queue, driven by the clock that it is given; it has no tasks and speaks no protocol.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from emulator.stacksets.dice import Dice
from emulator.stacksets.errors import ApiError
from emulator.virtual.queue_settings import LONGEST_INVISIBILITY, NOT_IN_FLIGHT, QueueSettings

LONGEST_DELAY = 900
LARGEST_BODY = 1_048_576
INVALID_VALUE = "InvalidParameterValue"
INVALID_HANDLE = "ReceiptHandleIsInvalid"
INVALID_CONTENTS = "InvalidMessageContents"
MISSING_PARAMETER = "MissingParameter"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(eq=False)
class Message:
    """A message in a queue.

    Attributes:
        visible_at: From when on it may be received, unless it is gone.
        received_at: When it was received last; None while it never was from this queue.
        handles: The receipt handles of all its receives.
        owner: Who is to serve it: its mapping's, and for readers.
        source_arn: The queue that it was a dead letter of.
        gone: Whether it has been deleted or has expired.
    """

    message_id: str
    body: str
    sent_at: float
    visible_at: float
    received_at: float | None = None
    receive_count: int = 0
    first_received_at: float = 0.0
    handles: list[str] = field(default_factory=list)
    owner: Any = None
    source_arn: str = ""
    gone: bool = False


class Queue:
    """A standard queue.

    Args:
        name: Its name.
        now: Gives the time in seconds since 1970.
        settings: How it is set up.
        dead_letters: Where messages go that were received too often.
        account: Its account.
        region: Its Region.
        seed: For ids and handles.

    Attributes:
        messages: Those that are neither deleted nor expired, by id, the oldest first.
        on_arrival: Called with each message that is sent here, or becomes a dead letter here.
        deleted: How many messages were deleted.
        expired: Those that nobody took in time.
        requests: How many requests its consumers made: receives, and deletes.
    """

    def __init__(  # noqa: PLR0913  what tells one queue from another
        self,
        name: str,
        now: Callable[[], float],
        settings: QueueSettings | None = None,
        *,
        dead_letters: Queue | None = None,
        account: str = "111111111111",
        region: str = "us-east-1",
        seed: int = 0,
    ) -> None:
        self.name = name
        self.settings = settings or QueueSettings()
        self.dead_letters = dead_letters
        self.url = f"https://sqs.{region}.amazonaws.com/{account}/{name}"
        self.arn = f"arn:aws:sqs:{region}:{account}:{name}"
        self.region = region
        self.messages: dict[str, Message] = {}
        self.on_arrival: list[Callable[[Message], None]] = []
        self.deleted = 0
        self.expired: list[Message] = []
        self.requests = 0
        self._now = now
        self._made_at = int(now())
        self._random = Dice(f"{seed} {name}")
        self._handles: dict[str, Message] = {}

    # --- what can be seen ------------------------------------------------------------------------

    @property
    def visible(self) -> list[Message]:
        """The messages that can be received."""
        return [each for each in self.messages.values() if self.is_visible(each)]

    @property
    def delayed(self) -> list[Message]:
        """The messages whose delay has not passed."""
        return [
            each
            for each in self.messages.values()
            if each.received_at is None and not self.is_visible(each)
        ]

    @property
    def in_flight(self) -> list[Message]:
        """The messages that were received and are hidden."""
        return [each for each in self.messages.values() if self.is_in_flight(each)]

    def is_visible(self, message: Message) -> bool:
        """Tell whether a message can be received."""
        return not message.gone and self._now() >= message.visible_at

    def is_in_flight(self, message: Message) -> bool:
        """Tell whether a message was received and is hidden."""
        return not (message.gone or message.received_at is None or self.is_visible(message))

    def attributes(self) -> dict[str, str]:
        """Return what GetQueueAttributes tells."""
        found = {
            "ApproximateNumberOfMessages": len(self.visible),
            "ApproximateNumberOfMessagesDelayed": len(self.delayed),
            "ApproximateNumberOfMessagesNotVisible": len(self.in_flight),
            "CreatedTimestamp": self._made_at,
            "DelaySeconds": 0,
            "MaximumMessageSize": LARGEST_BODY,
            "MessageRetentionPeriod": self.settings.retention,
            "QueueArn": self.arn,
            "VisibilityTimeout": self.settings.visibility_timeout,
        }
        if self.dead_letters is not None and self.settings.max_receive_count is not None:
            found["RedrivePolicy"] = (
                f'{{"deadLetterTargetArn":"{self.dead_letters.arn}",'
                f'"maxReceiveCount":{self.settings.max_receive_count}}}'
            )
        return {name: str(value) for name, value in found.items()}

    # --- what a sender and a consumer do ---------------------------------------------------------

    def send(self, body: str, delay: int = 0) -> Message:
        """Take a message.

        Args:
            body: Its text.
            delay: Seconds until it can be received.

        Raises:
            ApiError: The body or the delay is not allowed.
        """
        _require_body(body)
        if not 0 <= delay <= LONGEST_DELAY:
            raise invalid_value(delay, "DelaySeconds", "Must be between 0 and 900, if provided.")
        now = self._now()
        message = Message(self._uuid(), body, sent_at=now, visible_at=now + delay)
        self._arrive(message)
        return message

    def receive(self, message: Message) -> str | None:
        """Receive a message that is visible.

        Returns:
            The receipt handle; None when it could not be had: it has expired, or was received too
            often and is a dead letter now.
        """
        self.requests += 1
        now = self._now()
        if now >= message.sent_at + self.settings.retention:
            self._remove(message)
            message.gone = True
            self.expired.append(message)
            return None
        most = self.settings.max_receive_count
        if self.dead_letters is not None and most is not None and message.receive_count >= most:
            self._remove(message)
            self.dead_letters.take_over(message, self.arn)
            return None
        message.receive_count += 1
        message.first_received_at = message.first_received_at or now
        message.received_at, message.visible_at = now, now + self.settings.visibility_timeout
        return self.handle(message)

    def handle(self, message: Message) -> str:
        """Return a new receipt handle of a message."""
        handle = f"AQEB{self._random.getrandbits(256):064x}=="
        message.handles.append(handle)
        self._handles[handle] = message
        return handle

    def delete(self, handle: str) -> None:
        """Delete a message; nothing happens when it is gone, or the handle is too old."""
        self.requests += 1
        message = self._handles[handle]
        if message.gone or message.message_id not in self.messages:
            return
        if handle == message.handles[-1] or self.settings.old_handles:
            self._remove(message)
            message.gone = True
            self.deleted += 1

    def change_visibility(self, handle: str, seconds: int) -> None:
        """Hide a message that is in flight for so many seconds from now on.

        Raises:
            ApiError: The handle or the seconds are not allowed, or it is not in flight.
        """
        if not 0 <= seconds <= LONGEST_INVISIBILITY:
            rule = "Must be between 0 and 43200, if provided."
            raise invalid_value(seconds, "VisibilityTimeout", rule)
        message = self._handles.get(handle)
        if message is None:
            text = f'The input receipt handle "{handle}" is not a valid receipt handle.'
            raise ApiError(INVALID_HANDLE, text, 404)
        if self._is_gone(message):
            raise _unavailable(handle)
        if not self.is_in_flight(message):
            raise self._not_in_flight(handle)
        if not (handle == message.handles[-1] or self.settings.old_handles):
            raise _unavailable(handle)
        now = self._now()
        if now + seconds > (message.received_at or now) + LONGEST_INVISIBILITY:
            rule = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]."
            raise invalid_value(seconds, "VisibilityTimeout", rule)
        message.visible_at = now + seconds

    def take_over(self, message: Message, source_arn: str) -> None:
        """Take a dead letter of another queue; it keeps its id and the moment it was sent."""
        message.source_arn, message.received_at = source_arn, None
        message.visible_at = self._now()
        self._arrive(message)

    # --- the small print -------------------------------------------------------------------------

    def _arrive(self, message: Message) -> None:
        self.messages[message.message_id] = message
        for listener in [*self.on_arrival]:
            listener(message)

    def _remove(self, message: Message) -> None:
        del self.messages[message.message_id]

    def _is_gone(self, message: Message) -> bool:
        return message.gone or message.message_id not in self.messages

    def _not_in_flight(self, handle: str) -> ApiError:
        if self.settings.not_in_flight == NOT_IN_FLIGHT:
            return ApiError(NOT_IN_FLIGHT, "The specified message isn't in flight.")
        return _unavailable(handle)

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def invalid_value(value: object, name: str, rule: str) -> ApiError:
    """A parameter that is not allowed."""
    return ApiError(INVALID_VALUE, f"Value {value} for parameter {name} is invalid. Reason: {rule}")


def _unavailable(handle: str) -> ApiError:
    rule = "Message does not exist or is not available for visibility timeout change."
    return invalid_value(handle, "ReceiptHandle", rule)


def _require_body(body: str) -> None:
    if not body:
        raise ApiError(MISSING_PARAMETER, "The request must contain the parameter MessageBody.")
    if bad := _FORBIDDEN.search(body):
        text = (
            f"Invalid binary character '#x{ord(bad[0]):X}' was found in the message body, the set "
            "of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
            "#x10000 to #x10FFFF"
        )
        raise ApiError(INVALID_CONTENTS, text)
    if len(body.encode()) > LARGEST_BODY:
        text = f"Reason: Message must be shorter than {LARGEST_BODY} bytes."
        raise ApiError(INVALID_VALUE, f"One or more parameters are invalid. {text}")
