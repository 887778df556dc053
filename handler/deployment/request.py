"""One request of CloudFormation, and what an earlier invocation left to remember about it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from handler.plan.marks import Marks

_PATIENCE_OF_CLOUDFORMATION = 3600
_VALIDITY_OF_SIGNATURE = 7200
_SHORTEST_NAME_PART = 40
_UNFINISHED = "-unfinished-"
_STACK_SET_ID = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}:[0-9a-zA-Z-]+")


@dataclass(frozen=True)
class Request:
    """A Create, Update or Delete event.

    Attributes:
        physical_id: The StackSetId that CloudFormation knows; empty on a Create.
        properties: ResourceProperties as delivered.
        old_properties: OldResourceProperties as delivered; empty but on an Update.
        began: When CloudFormation sent the request, in seconds since the epoch.
    """

    stack_id: str
    logical_id: str
    request_id: str
    physical_id: str
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any] = field(default_factory=dict)
    began: float = 0.0

    @classmethod
    def from_event(cls, event: Mapping[str, Any], began: float | None = None) -> Request:
        """Read an event.

        Args:
            event: As CloudFormation sent it.
            began: When the first invocation saw it; None where this is the first.
        """
        return cls(
            stack_id=event["StackId"],
            logical_id=event["LogicalResourceId"],
            request_id=event["RequestId"],
            physical_id=event.get("PhysicalResourceId") or "",
            properties=event.get("ResourceProperties") or {},
            old_properties=event.get("OldResourceProperties") or {},
            began=began if began is not None else _signed_at(event.get("ResponseURL", "")),
        )

    @property
    def marks(self) -> Marks:
        """How this request marks its operations."""
        return Marks.of(self.stack_id, self.logical_id, self.request_id, self.physical_id)

    @property
    def placeholder_id(self) -> str:
        """The physical id for what was never created: recognisably no StackSetId."""
        return f"{self.logical_id}-not-created-{self.request_id}"

    @property
    def unfinished_id(self) -> str:
        """The physical id for a Create that died, so that nobody knows how far it got."""
        return f"{self.logical_id}{_UNFINISHED}{self.request_id}"

    @property
    def marks_of_unfinished_create(self) -> Marks | None:
        """How the Create marked what it made that left only an ``unfinished_id``, if one did."""
        _, found, request_id = self.physical_id.partition(_UNFINISHED)
        return Marks.of(self.stack_id, self.logical_id, request_id) if found else None

    @property
    def deadline(self) -> float:
        """When CloudFormation gives up, in seconds since the epoch."""
        timeout = str(self.properties.get("ServiceTimeout", ""))
        seconds = int(timeout) if re.fullmatch(r"[0-9]{1,4}", timeout) else 0
        return self.began + (seconds or _PATIENCE_OF_CLOUDFORMATION)

    @property
    def give_up_at(self) -> float:
        """When to stop waiting, so that stopping an operation and answering still fit in."""
        return self.deadline - min(60.0, (self.deadline - self.began) / 10)

    @property
    def default_name(self) -> str:
        """The StackSetName where the author gives none: unique, and at most 128 characters."""
        stack_name = self.stack_id.split("/")[1] if "/" in self.stack_id else self.stack_id
        room = 128 - len(self.marks.resource) - 2
        logical_id = self.logical_id[: room - _SHORTEST_NAME_PART]
        parts = (stack_name[: room - len(logical_id)], logical_id, self.marks.resource)
        return "-".join(parts)


def is_stack_set_id(physical_id: str) -> bool:
    """Whether a physical id is that of a stack set, ``name:uuid``, and no mere placeholder."""
    return bool(_STACK_SET_ID.fullmatch(physical_id))


def name_in(stack_set_id: str) -> str:
    """The name in a StackSetId."""
    return stack_set_id.partition(":")[0]


def _signed_at(response_url: str) -> float:
    """When CloudFormation signed the address for the answer.

    Now where the address does not tell, or tells of a time so long ago that it is a sample.
    """
    now = time.time()
    dates = parse_qs(urlsplit(response_url).query).get("X-Amz-Date", [])
    try:
        signed = datetime.strptime(dates[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    except (IndexError, ValueError):
        return now
    return signed if now - _VALIDITY_OF_SIGNATURE < signed < now else now
