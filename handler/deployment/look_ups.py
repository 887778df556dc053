"""The overrides that a request has looked up, one call for each: nobody asks for them again."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from handler.values.spec import Overrides
from handler.values.targets import Target


@dataclass
class LookUps:
    """What one request has looked up; carried from invocation to invocation.

    Attributes:
        stack_set_id: The stack set that it belongs to.
        as_of: The newest operation on it that is not the request's own; empty for none. What
            somebody else does to the instances makes it void.
        found: The overrides in force, by target; None where the API did not know the instance.
    """

    stack_set_id: str = ""
    as_of: str = ""
    found: dict[Target, Overrides | None] = field(default_factory=dict)

    def of(self, stack_set_id: str, as_of: str) -> dict[Target, Overrides | None]:
        """Returns what still holds, to be added to.

        Args:
            stack_set_id: The stack set that is looked at.
            as_of: The newest operation on it that is not the request's own; empty for none.
        """
        if (self.stack_set_id, self.as_of) != (stack_set_id, as_of):
            self.stack_set_id, self.as_of, self.found = stack_set_id, as_of, {}
        return self.found

    def to_json(self) -> list[str]:
        """Returns what an event can carry: ten thousand instances take some forty kilobytes."""
        if not self.found:
            return []
        found = [[*target, overrides] for target, overrides in self.found.items()]
        packed = base64.b64encode(zlib.compress(json.dumps(found).encode()))
        return [self.stack_set_id, self.as_of, packed.decode()]

    @classmethod
    def from_json(cls, carried: list[str]) -> LookUps:
        """Returns what an event has carried."""
        if not carried:
            return cls()
        stack_set_id, as_of, packed = carried
        found: list[tuple[str, str, Any]] = json.loads(zlib.decompress(base64.b64decode(packed)))
        return cls(
            stack_set_id,
            as_of,
            {
                Target(account, region): _overrides(overrides)
                for account, region, overrides in found
            },
        )


def _overrides(carried: list[list[str]] | None) -> Overrides | None:
    return None if carried is None else tuple((key, value) for key, value in carried)
