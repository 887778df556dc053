"""A function behind a custom resource that does as it is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import urllib3

from emulator.virtual.functions import SandboxDied


class Told:
    """Answers each request after some seconds with a physical id, or fails.

    Attributes:
        seconds: How long a request takes.
        says: By request type what is answered: a physical id, or None for FAILED.
        served: (time, request type, physical id) of each delivery that began.
        finished: The same of each that ended.
        during: Called in the middle of each delivery.
    """

    def __init__(self, seconds: float = 10.0, **says: str | None) -> None:
        self.seconds = seconds
        self.says: dict[str, str | None] = dict(says)
        self.served: list[tuple[float, str, str]] = []
        self.finished: list[tuple[float, str, str]] = []
        self.during: Callable[[dict[str, Any]], None] = lambda _event: None

    def handler(self, event: dict[str, Any], _context: object) -> None:
        """Serve an event."""
        kind, known = event["RequestType"], event.get("PhysicalResourceId", "")
        self.served.append((time.time(), kind, known))
        time.sleep(self.seconds / 2)
        self.during(event)
        time.sleep(self.seconds / 2)
        said = self.says.get(kind, known or "made")
        answer(event, "FAILED" if said is None else "SUCCESS", said or known or "failed")
        self.finished.append((time.time(), kind, known))

    def last_word(self, event: dict[str, Any], _context: object) -> None:
        """Answer for the dead."""
        answer(event["requestPayload"], "FAILED", "dead")


def answer(event: dict[str, Any], status: str, physical_id: str) -> None:
    """Answer a request."""
    body = {
        **{key: event[key] for key in ("StackId", "LogicalResourceId", "RequestId")},
        "Status": status,
        "PhysicalResourceId": physical_id,
        "Reason": "as told",
        "Data": {},
    }
    urllib3.PoolManager().request("PUT", event["ResponseURL"], body=json.dumps(body))


def die(_event: dict[str, Any]) -> None:
    """Let the sandbox die."""
    raise SandboxDied
