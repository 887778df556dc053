"""OperationIds and tokens that tell, whoever reads them later, whose they are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from handler.plan.steps import CREATE, DELETE, UPDATE, UPDATE_SET, Step

_KINDS = {DELETE: "delete", UPDATE_SET: "set", CREATE: "create", UPDATE: "update"}
_ACTIONS = {kind: action for action, kind in _KINDS.items()}


@dataclass(frozen=True)
class Marks:
    """Makes OperationIds that tell, whoever reads them later, whose operation it is.

    An id is ``RESOURCE-REQUEST-KIND-CONTENT-PRESENT``: the first part is the same for all requests
    of one resource in one stack, and the same step of the same request always gets the same id. So
    a repeated request finds its operation started already instead of starting it again. The last
    part is the stack set that CloudFormation knew when it sent the request.
    """

    resource: str
    request: str
    present: str = ""

    @classmethod
    def of(cls, stack_id: str, logical_id: str, request_id: str, physical_id: str = "") -> Marks:
        """The marks of one request for one resource."""
        return cls(_digest(stack_id, logical_id), _digest(request_id), _digest(physical_id))

    def operation_id(self, step: Step) -> str:
        """The OperationId of a step: at most 128 letters, digits and hyphens."""
        own = f"{_KINDS[step.action]}-{_digest(repr(step))}"
        return f"{self.resource}-{self.request}-{own}-{self.present}"

    def client_request_token(self, name: str) -> str:
        """The ClientRequestToken with which this request creates the stack set of that name."""
        return f"{self.resource}-{self.request}-{_digest(name)}"

    def is_of_resource(self, operation_id: str) -> bool:
        """Whether a request of this resource, this one or another, started the operation."""
        return operation_id.startswith(f"{self.resource}-")

    def is_of_successor(self, operation_id: str, stack_set_id: str) -> bool:
        """Whether the resource had this stack set when it started the operation on another."""
        return self.is_of_resource(operation_id) and operation_id.endswith(
            f"-{_digest(stack_set_id)}"
        )

    def names_instances_of_resource(self, operation_id: str) -> bool:
        """Whether a request of this resource started the operation for just these instances."""
        resource, _, kind, *_ = [*operation_id.split("-"), "", "", ""]
        return resource == self.resource and kind in _ACTIONS and _ACTIONS[kind] != UPDATE_SET

    def action_of(self, operation_id: str) -> str | None:
        """The step's action if this very request started the operation; else None."""
        resource, _, rest = operation_id.partition("-")
        request, _, own = rest.partition("-")
        if (resource, request) != (self.resource, self.request):
            return None
        return _ACTIONS.get(own.partition("-")[0])


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
