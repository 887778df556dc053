"""What one invocation leaves to the next of the same request."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from handler.deployment.liveness import FirstLook
from handler.deployment.look_ups import LookUps
from handler.deployment.ownership import Origin
from handler.plan.outcomes import LAG, OwnOperation


@dataclass
class Memory:
    """What one invocation leaves to the next of the same request, and to the answer.

    Attributes:
        stack_set_id: The stack set that the request made or found; empty while there is none.
        origin: How it came to be the resource's own, in the name of an `Origin`.
        first: What CloudFormation showed when the request began.
        own: The operations that the request has started, by id.
        look_ups: The overrides that it has looked up.
        is_checked: Whether the template has been found to take what it is given.
        forecast: Why the newest plan is likely to need more time than there is; empty for enough.
    """

    stack_set_id: str = ""
    origin: str = ""
    first: FirstLook = field(default_factory=FirstLook)
    own: dict[str, OwnOperation] = field(default_factory=dict)
    look_ups: LookUps = field(default_factory=LookUps)
    is_checked: bool = False
    forecast: str = ""

    @property
    def has_adopted(self) -> bool:
        """Whether the stack set was there before, and was somebody else's."""
        return self.origin == Origin.ADOPTED.name

    @property
    def made_id(self) -> str:
        """The stack set that goes when the request fails; empty for none."""
        return "" if self.has_adopted else self.stack_set_id

    @property
    def is_answered(self) -> bool:
        """Whether CloudFormation has been answered before the request's end."""
        return bool(self.first.answered_id)

    def to_json(self) -> dict[str, Any]:
        """Returns what an event can carry: of operations what lists may not show yet."""
        since = time.time() - LAG
        own = [each for each in self.own.values() if not each.ended or each.ended > since]
        return {
            "stack_set_id": self.stack_set_id,
            "origin": self.origin,
            "first": asdict(self.first),
            "own": [asdict(each) for each in own],
            "look_ups": self.look_ups.to_json(),
            "is_checked": self.is_checked,
            "forecast": self.forecast,
        }

    @classmethod
    def from_json(cls, carried: Mapping[str, Any]) -> Memory:
        """Returns what an event has carried; what another version has added is passed over."""
        first, own = carried.get("first") or {}, carried.get("own") or ()
        known = {each.name for each in fields(FirstLook)}
        return cls(
            stack_set_id=carried.get("stack_set_id", ""),
            origin=carried.get("origin", ""),
            first=FirstLook(**{name: each for name, each in first.items() if name in known}),
            own={each["operation_id"]: OwnOperation.from_json(each) for each in own},
            look_ups=LookUps.from_json(carried.get("look_ups") or []),
            is_checked=carried.get("is_checked", False),
            forecast=carried.get("forecast", ""),
        )
