"""Requests in flight, which CloudFormation may give up without waiting for their answers.

ministack waits for every answer, whatever has become of the stack meanwhile.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field


@dataclass
class Request:
    """One request to a custom resource's provider.

    Attributes:
        answered: Set when there is nothing more to wait for.
        given_up: Whether CloudFormation no longer wants the answer.
    """

    answered: threading.Event
    given_up: bool = field(default=False)


_lock = threading.Lock()
_in_flight: dict[tuple[str, str], Request] = {}


def register(stack_id: str, logical_id: str, answered: threading.Event) -> Request:
    """Note that a request is under way; `answered` wakes who waits for it."""
    request = Request(answered)
    with _lock:
        _in_flight[stack_id, logical_id] = request
    return request


def forget(stack_id: str, logical_id: str, request: Request) -> None:
    """Note that nobody waits for a request any more."""
    with _lock:
        if _in_flight.get((stack_id, logical_id)) is request:
            del _in_flight[stack_id, logical_id]


def give_up(stack_id: str) -> None:
    """Wait no longer for any request of a stack; the functions go on, and are not heard."""
    with _lock:
        requests = [request for (stack, _), request in _in_flight.items() if stack == stack_id]
        for request in requests:
            request.given_up = True
            request.answered.set()
