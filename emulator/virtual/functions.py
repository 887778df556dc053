"""A small Lambda in virtual time.

Asynchronous deliveries, three tries each, a sandbox that dies after 900 s or whenever a test says
so, relays, and the on-failure destination. It is given the function and imports none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from emulator.virtual.aws import Invocation, VirtualAWS
from emulator.virtual.scheduler import Task

SANDBOX_SECONDS = 900.0
RETRY_PAUSES = (60.0, 120.0)
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
    """

    aws: VirtualAWS
    sandboxes: Sandboxes
    deaths: int = 0
    _deliveries: dict[Task, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.aws.on_invoke.append(self._relay)

    def deliver(self, event: dict[str, Any]) -> None:
        """Deliver an event, and the relays that come of it, to the bitter end."""
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
        """Tell whether a delivery of this request, or a relay of it, has not ended."""
        return request_id in self._deliveries.values()

    def _relay(self, invocation: Invocation) -> None:
        if self.aws.scheduler.current in self._deliveries:
            self.start(invocation.payload)

    def _deliver(self, event: dict[str, Any], task: Task) -> None:
        try:
            self._try_three_times(event)
        finally:
            del self._deliveries[task]

    def _try_three_times(self, event: dict[str, Any]) -> None:
        for pause in (0.0, *RETRY_PAUSES):
            self.aws.clock.sleep(pause)
            if self._try("handler", event):
                return
        record = {
            "requestContext": {"condition": "RetriesExhausted"},
            "requestPayload": event,
            "responsePayload": {"errorMessage": "Task timed out after 900.00 seconds"},
        }
        if not self._try("last_word", record):
            message = "the last word has failed"
            raise AssertionError(message)

    def _try(self, entry: str, event: dict[str, Any]) -> bool:
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
        return True
