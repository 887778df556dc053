"""A small Lambda in virtual time.

Asynchronous deliveries, three tries each, a sandbox that dies after 900 s or whenever a test says
so, relays, and the on-failure destination. It is given the function and imports none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.virtual.aws import VirtualAWS

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


@dataclass
class Lambda:
    """Delivers events to the function.

    Attributes:
        function: What it runs.
        deaths: How many sandboxes died.
    """

    aws: VirtualAWS
    function: Function
    deaths: int = 0

    def deliver(self, event: dict[str, Any]) -> None:
        """Deliver an event, and the relays that come of it, to the bitter end."""
        queue = [event]
        while queue:
            seen = len(self.aws.invocations)
            self._try_three_times(queue.pop(0))
            queue += [each.payload for each in self.aws.invocations[seen:]]

    def _try_three_times(self, event: dict[str, Any]) -> None:
        for pause in (0.0, *RETRY_PAUSES):
            self.aws.clock.sleep(pause)
            if self._try(self.function.handler, event):
                return
        record = {
            "requestContext": {"condition": "RetriesExhausted"},
            "requestPayload": event,
            "responsePayload": {"errorMessage": "Task timed out after 900.00 seconds"},
        }
        if not self._try(self.function.last_word, record):
            message = "the last word has failed"
            raise AssertionError(message)

    def _try(self, entry: Callable[[Any, Any], None], event: dict[str, Any]) -> bool:
        context = Context(self.aws, self.aws.clock.now + SANDBOX_SECONDS)
        with self._mortal(context.dies_at):
            try:
                entry(event, context)
            except SandboxDied:
                self.deaths += 1
                return False
            except Exception:  # noqa: BLE001 - Lambda takes any error for a failed try
                return False
        return True

    @contextmanager
    def _mortal(self, dies_at: float) -> Iterator[None]:
        def watch(now: float) -> None:
            if now > dies_at:
                raise SandboxDied

        self.aws.clock.on_advance.append(watch)
        try:
            yield
        finally:
            self.aws.clock.on_advance.remove(watch)
