"""What passes through the virtual account, to look at afterwards."""

from __future__ import annotations

from typing import Any, NamedTuple


class Invocation(NamedTuple):
    """An asynchronous invocation of a function."""

    time: float
    function_name: str
    payload: Any


class Delivery(NamedTuple):
    """A PUT to a custom resource's response URL; status None when the connection broke."""

    time: float
    status: int | None
    body: Any
