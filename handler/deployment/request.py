"""One request of CloudFormation, and what an earlier invocation left to remember about it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from handler.plan.marks import Marks
from handler.values.spec import START, StackSetSpec

_PATIENCE_OF_CLOUDFORMATION = 3600
_LONGEST_DEPLOYMENT = 12 * 3600
_VALIDITY_OF_SIGNATURE = 7200
# Longer than a message stays hidden whose sandbox died at once, and than any look takes.
_TIME_TO_ANSWER_IN = 1000.0
_SHORTEST_NAME_PART = 40
_SERVICE_MANAGED_SUFFIX = "-org"
_NOT_CREATED = "-not-created-"
_UNFINISHED = "-unfinished-"
_ADOPTING = "-adopting-"
_STACK_SET_ID = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}:[0-9a-zA-Z-]+")


@dataclass(frozen=True)
class Request:
    """A Create, Update or Delete event.

    Attributes:
        physical_id: The StackSetId that CloudFormation knows; empty on a Create.
        properties: ResourceProperties as delivered.
        old_properties: OldResourceProperties as delivered; empty but on an Update.
        began: When CloudFormation sent the request, in seconds since the epoch.
        kind: Create, Update or Delete.
        signed_at: When CloudFormation signed the request, in whole seconds since the epoch; 0 where
            its address does not tell.
        is_answered: Whether CloudFormation has been answered before the request's end.
    """

    stack_id: str
    logical_id: str
    request_id: str
    physical_id: str
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any] = field(default_factory=dict)
    began: float = 0.0
    kind: str = ""
    signed_at: int = 0
    is_answered: bool = False

    @classmethod
    def from_event(
        cls, event: Mapping[str, Any], began: float | None = None, *, is_answered: bool = False
    ) -> Request:
        """Read an event.

        Args:
            event: As CloudFormation sent it.
            began: When the first invocation saw it; None where this is the first.
            is_answered: Whether an earlier invocation has answered it before its end.
        """
        signed_at = _signed_at(event.get("ResponseURL", ""))
        return cls(
            stack_id=event["StackId"],
            logical_id=event["LogicalResourceId"],
            request_id=event["RequestId"],
            physical_id=event.get("PhysicalResourceId") or "",
            properties=event.get("ResourceProperties") or {},
            old_properties=event.get("OldResourceProperties") or {},
            began=began if began is not None else _began(signed_at),
            kind=event.get("RequestType") or "",
            signed_at=signed_at,
            is_answered=is_answered,
        )

    @property
    def answers_early(self) -> bool:
        """Whether the request is answered when its first operation has been started."""
        return self.kind in {"Create", "Update"} and _waits_for_start(self.properties)

    @property
    def follows_early_answer(self) -> bool:
        """Whether the request before was answered so, and may still be at work."""
        return self.kind == "Update" and _waits_for_start(self.old_properties)

    @property
    def marks(self) -> Marks:
        """How this request marks its operations."""
        return Marks.of(
            self.stack_id, self.logical_id, self.request_id, self.physical_id, self.signed_at
        )

    @property
    def placeholder_id(self) -> str:
        """The physical id for what was never created: recognisably no StackSetId."""
        return f"{self.logical_id}{_NOT_CREATED}{self.request_id}"

    @property
    def wait_id(self) -> str:
        """The physical id of a wait, which makes nothing."""
        return f"{self.logical_id}-wait-{self.marks.request}"

    @property
    def unfinished_id(self) -> str:
        """The physical id for a Create that died, so that nobody knows how far it got."""
        return f"{self.logical_id}{_UNFINISHED}{self.request_id}"

    @property
    def adopting_id(self) -> str:
        """The physical id for a Create that took a stack set over and failed: not to be deleted."""
        return f"{self.logical_id}{_ADOPTING}{self.request_id}"

    @property
    def failed_request(self) -> str:
        """The id of the Create that gave the physical id, of which nothing was to stay.

        Empty where CloudFormation made the physical id up, or it is that of a stack set.
        """
        for each in (_NOT_CREATED, _UNFINISHED, _ADOPTING):
            given_by = self.physical_id.removeprefix(f"{self.logical_id}{each}")
            if given_by != self.physical_id:
                return given_by
        return ""

    @property
    def may_be_unfinished(self) -> bool:
        """Whether the physical id is one that was made up since the Create never answered."""
        return not is_stack_set_id(self.physical_id) and _NOT_CREATED not in self.physical_id

    @property
    def deadline(self) -> float:
        """When CloudFormation gives up, in seconds since the epoch.

        Once it has been answered, it is the longest that a deployment may take.
        """
        return self.began + (_LONGEST_DEPLOYMENT if self.is_answered else self._patience)

    @property
    def give_up_at(self) -> float:
        """When to stop waiting, so that stopping an operation and answering still fit in."""
        return self._give_up_after(self.deadline - self.began)

    @property
    def ends_at(self) -> float:
        """When a deployment has to have ended, also one that is answered before its end."""
        is_early = self.is_answered or self.answers_early
        return self._give_up_after(_LONGEST_DEPLOYMENT if is_early else self._patience)

    @property
    def later_ends(self) -> Mapping[str, float]:
        """When it would have to otherwise, by what the template says for that."""
        longer = {
            "a longer ServiceTimeout": _PATIENCE_OF_CLOUDFORMATION,
            "WaitFor: START and a Custom::StackSetWait for each hour": _LONGEST_DEPLOYMENT,
        }
        ends = {text: self._give_up_after(seconds) for text, seconds in longer.items()}
        return {text: each for text, each in ends.items() if each > self.ends_at}

    @property
    def _patience(self) -> float:
        timeout = str(self.properties.get("ServiceTimeout", ""))
        seconds = int(timeout) if re.fullmatch(r"[0-9]{1,4}", timeout) else 0
        return seconds or _PATIENCE_OF_CLOUDFORMATION

    def _give_up_after(self, seconds: float) -> float:
        return self.began + seconds - min(60.0, seconds / 10)

    @property
    def answer_early_at(self) -> float:
        """Until when a rollback has to have ended, not to be answered before its end.

        CloudFormation calls no wait for it but those that it takes back as well.
        """
        return self.deadline - min(_TIME_TO_ANSWER_IN, (self.deadline - self.began) / 3)

    def name_of(self, spec: StackSetSpec) -> str:
        """Returns the StackSetName: where the author gives none, one that is unique and fits.

        It differs by the permission model, for a change of that makes another stack set.
        """
        if spec.name is not None:
            return spec.name
        suffix = "" if spec.service_managed is None else _SERVICE_MANAGED_SUFFIX
        stack_name = self.stack_id.split("/")[1] if "/" in self.stack_id else self.stack_id
        room = 128 - len(self.marks.resource) - len(suffix) - 2
        logical_id = self.logical_id[: room - _SHORTEST_NAME_PART]
        parts = (stack_name[: room - len(logical_id)], logical_id, self.marks.resource)
        return f"{'-'.join(parts)}{suffix}"


def _waits_for_start(properties: Mapping[str, Any]) -> bool:
    return str(properties.get("WaitFor", "")).strip().upper() == START


def as_text(properties: object) -> str:
    """Returns properties as text for comparing: every scalar as CloudFormation delivers it."""
    return json.dumps(_delivered(properties), sort_keys=True)


def _delivered(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _delivered(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_delivered(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def is_stack_set_id(physical_id: str) -> bool:
    """Whether a physical id is that of a stack set, ``name:uuid``, and no mere placeholder."""
    return bool(_STACK_SET_ID.fullmatch(physical_id))


def name_in(stack_set_id: str) -> str:
    """The name in a StackSetId."""
    return stack_set_id.partition(":")[0]


def _signed_at(response_url: str) -> int:
    """When CloudFormation signed the address for the answer; 0 where that does not tell."""
    dates = parse_qs(urlsplit(response_url).query).get("X-Amz-Date", [])
    try:
        signed = datetime.strptime(dates[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except (IndexError, ValueError):
        return 0
    return max(0, int(signed.timestamp()))


def _began(signed_at: int) -> float:
    """Now where it is not known, or so long ago that it is a sample's."""
    now = time.time()
    return signed_at if now - _VALIDITY_OF_SIGNATURE < signed_at < now else now
