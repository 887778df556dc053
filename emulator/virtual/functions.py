"""A small Lambda in virtual time.

Asynchronous deliveries, three tries each, a sandbox that dies after 900 s or whenever a test says
so, relays, the on-failure destination, and messages from the queue. It is given the function and
imports none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from emulator.virtual.account import VirtualAWS
from emulator.virtual.mappings import growing
from emulator.virtual.queue import Message
from emulator.virtual.scheduler import Task
from emulator.virtual.traffic import Invocation
from emulator.virtual.usage import Run

SANDBOX_SECONDS = 900.0
RETRY_PAUSES = (60.0, 120.0)
THROTTLE_PAUSES = (1.0, 300.0)
MAXIMUM_EVENT_AGE = 3600.0
LONGEST_EVENT_AGE = 21_600.0
FUNCTION_ARN = "arn:aws:lambda:us-east-1:111111111111:function:stacksets"


class Function(Protocol):
    """The entry points of a function, such as a module has them."""

    def handler(self, event: Any, context: Any) -> None:  # noqa: ANN401
        """Serve an event."""

    def last_word(self, event: Any, context: Any) -> None:  # noqa: ANN401
        """Serve the record of an event whose every try has failed."""


class SandboxDied(BaseException):
    """The sandbox is gone: nothing of the function runs after this."""


@dataclass
class Context:
    """Lambda's context object, as far as the function reads it."""

    aws: VirtualAWS
    dies_at: float
    invoked_function_arn: str = FUNCTION_ARN
    function_name: str = "stacksets"
    log_group_name: str = "/aws/lambda/stacksets"
    log_stream_name: str = "2026/01/01/[$LATEST]0123456789abcdef"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the sandbox dies."""
        return int((self.dies_at - self.aws.clock.now) * 1000)


class Sandboxes:
    """The function, loaded as often as it runs at the same time.

    Copies of a world share them, so they are to be idle when it is copied.

    Args:
        first: The function.
        another: Loads it once more, with nothing in common with the others; without it a second
            delivery waits until the first has ended.

    Attributes:
        idle: The copies that serve nobody.
    """

    def __init__(self, first: Function, another: Callable[[], Function] | None = None) -> None:
        self.idle = [first]
        self._another = another

    def take(self) -> Function | None:
        """Return a copy that serves nobody; None when all do and no more can be loaded."""
        if self.idle:
            return self.idle.pop(0)
        return self._another() if self._another is not None else None

    def give_back(self, function: Function) -> None:
        """Take a copy back; the one that served last serves next."""
        self.idle.insert(0, function)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self


@dataclass
class Lambda:
    """Delivers events to the function.

    Attributes:
        sandboxes: Where it runs.
        deaths: How many sandboxes died.
        maximum_event_age: Seconds after which an event that found no place, or has failed, is
            not tried again but handed to the last word.
    """

    aws: VirtualAWS
    sandboxes: Sandboxes
    deaths: int = 0
    maximum_event_age: float = MAXIMUM_EVENT_AGE
    _deliveries: dict[Task, str] = field(default_factory=dict)
    _messages: list[tuple[Message, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.aws.on_invoke.append(self._relay)
        self.aws.messaging.subscribe(self)

    def deliver(self, event: dict[str, Any]) -> None:
        """Deliver an event, and all that comes of it, to the bitter end."""
        self.start(event)
        self.aws.scheduler.wait(lambda: not self.is_busy_with(event["RequestId"]))

    def start(self, event: dict[str, Any]) -> None:
        """Accept an event, which is delivered while others go on."""
        task = self.aws.scheduler.spawn(
            f"delivery of {event['RequestType']} {event['RequestId']}",
            lambda: self._deliver(event, task),
        )
        self._deliveries[task] = event["RequestId"]

    def is_busy_with(self, request_id: str) -> bool:
        """Tell whether a delivery of this request, a relay or a message of it has not ended."""
        if request_id in self._deliveries.values():
            return True
        self._messages = [each for each in self._messages if not each[0].gone]
        return any(request_id == each for _, each in self._messages)

    # --- messages of the queue -------------------------------------------------------------------

    def has_sent(self, task: Task) -> bool:
        """Tell whether a task runs one of the deliveries."""
        return task in self._deliveries

    def adopt(self, message: Message, task: Task) -> None:
        """Note a message as one of the request that its sender serves, or that its body names."""
        self._messages.append((message, self._deliveries.get(task) or _request_id(message.body)))

    def serve(self, entry: str, event: Any, message: Message, run: Run) -> bool:  # noqa: ANN401
        """Run the function with a message; tell whether it ended well."""
        task = self.aws.scheduler.current
        named = [request_id for each, request_id in self._messages if each is message]
        self._deliveries[task] = named[0] if named else ""
        try:
            return self._run(entry, event, run)
        finally:
            del self._deliveries[task]

    # --- asynchronous invocations ----------------------------------------------------------------

    def _relay(self, invocation: Invocation) -> None:
        if self.aws.scheduler.current in self._deliveries:
            self.start(invocation.payload)

    def _deliver(self, event: dict[str, Any], task: Task) -> None:
        try:
            failure = self._try_three_times(event)
            if failure is not None:
                self._speak(failure)
        finally:
            del self._deliveries[task]

    def _try_three_times(self, event: dict[str, Any]) -> dict[str, Any] | None:
        """Deliver an event; returns the record of its failure, None when it went well."""
        until = self.aws.clock.now + self.maximum_event_age
        tries = 0
        for pause in (0.0, *RETRY_PAUSES):
            self.aws.clock.sleep(pause)
            if (run := self._place("handler", until)) is None:
                break
            tries += 1
            if self._run("handler", event, run):
                return None
        exhausted = tries > len(RETRY_PAUSES)
        record: dict[str, Any] = {
            "requestContext": {
                "condition": "RetriesExhausted" if exhausted else "EventAgeExceeded",
                "approximateInvokeCount": tries,
            },
            "requestPayload": event,
        }
        if tries:
            record["responsePayload"] = {"errorMessage": "Task timed out after 900.00 seconds"}
        return record

    def _speak(self, record: dict[str, Any]) -> None:
        run = self._place("last_word", self.aws.clock.now + LONGEST_EVENT_AGE)
        if run is None or not self._run("last_word", record, run):
            message = "the last word has failed"
            raise AssertionError(message)

    def _place(self, entry: str, until: float) -> Run | None:
        """Get a place in the account, however long it takes; None when the event is too old."""
        clock, pauses = self.aws.clock, growing(*THROTTLE_PAUSES, self.aws.dice)
        while clock.now <= until:
            if (run := self.aws.lambda_usage.begin(entry)) is not None:
                return run
            clock.sleep(next(pauses))
        return None

    # --- one execution ---------------------------------------------------------------------------

    def _run(self, entry: str, event: Any, run: Run) -> bool:  # noqa: ANN401  what the entry takes
        while (function := self.sandboxes.take()) is None:
            self.aws.scheduler.wait(lambda: bool(self.sandboxes.idle))
        context = Context(self.aws, self.aws.clock.now + SANDBOX_SECONDS)
        try:
            with self.aws.scheduler.mortal(context.dies_at, SandboxDied):
                getattr(function, entry)(event, context)
        except SandboxDied:
            self.deaths += 1
            return False
        except Exception:  # noqa: BLE001 - Lambda takes any error for a failed try
            return False
        finally:
            self.sandboxes.give_back(function)
            self.aws.lambda_usage.end(run)
        return True


def _request_id(body: str) -> str:
    try:
        read = json.loads(body)
    except ValueError:
        return ""
    return str(read.get("RequestId", "")) if isinstance(read, dict) else ""
