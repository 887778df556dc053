"""OperationIds and tokens that tell, whoever reads them later, whose they are."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from handler.plan.steps import CREATE, DELETE, DETECT_DRIFT, IMPORT, UPDATE, UPDATE_SET, Step
from handler.values.targets import Box, Stacks

_KINDS = {
    DELETE: "delete",
    UPDATE_SET: "set",
    CREATE: "create",
    UPDATE: "update",
    DETECT_DRIFT: "drift",
    IMPORT: "import",
}
_ACTIONS = {kind: action for action, kind in _KINDS.items()}
_D = "[0-9a-f]{16}"
# The version that knew no queue made ids without SIGNED.
_ADOPTED = "-adopted"
_FORM = re.compile(
    rf"({_D})-(?:([0-9a-f]{{8}})-)?({_D})-({'|'.join(_ACTIONS)})-{_D}-({_D})({_ADOPTED})?"
)


class Mark(NamedTuple):
    """What an OperationId of ours tells.

    Attributes:
        resource: The digest of the resource whose request started the operation.
        signed_at: When CloudFormation signed that request, in whole seconds since the epoch; 0
            where that is not known.
        request: The digest of the request.
        action: The API call that started the operation.
        present: The digest of the stack set that CloudFormation knew when it sent the request.
        adopts: Whether the request has taken the stack set over.
    """

    resource: str
    signed_at: int
    request: str
    action: str
    present: str
    adopts: bool = False


_TOLERANT = "-tolerant"
_DEPLOYMENT = re.compile(
    rf"([0-9a-f]{{8}})-({_D})-([0-9]{{1,6}})(?:-({_FORM.pattern}))?(?P<tolerant>{_TOLERANT})?"
)


class Deployment(NamedTuple):
    """What a ``DeploymentId`` tells of a request that deploys.

    It is ``SIGNED-REQUEST-COUNT[-LAST][-tolerant]``.

    Attributes:
        signed_at: When CloudFormation signed the request, in whole seconds since the epoch; 0
            where the request did not tell.
        request: The digest of the request.
        instances: How many stack instances its template names.
        last: The OperationId of the last step of its plan; empty where that is not known, or the
            deployment has ended.
        tolerates: Whether failures that an operation tolerates are none of the deployment's.
    """

    signed_at: int
    request: str
    instances: int
    last: str = ""
    tolerates: bool = False

    @classmethod
    def read(cls, deployment_id: str) -> Deployment | None:
        """Returns what a DeploymentId tells; None where it is none."""
        found = _DEPLOYMENT.fullmatch(deployment_id)
        if found is None:
            return None
        last, tolerates = found[4] or "", bool(found["tolerant"])
        return cls(int(found[1], 16), found[2], int(found[3]), last, tolerates)

    @property
    def id(self) -> str:
        """The DeploymentId."""
        known = f"{self.signed_at:08x}-{self.request}-{self.instances}"
        last = f"-{self.last}" if self.last else ""
        return f"{known}{last}{_TOLERANT if self.tolerates else ''}"

    def has_started(self, operation_id: str) -> bool:
        """Whether it is this deployment that started the operation."""
        mark = read_mark(operation_id)
        return mark is not None and (mark.signed_at, mark.request) == self[:2]


def read_mark(operation_id: str) -> Mark | None:
    """Returns what an OperationId tells, whichever resource it is of; None for a foreign one."""
    found = _FORM.fullmatch(operation_id)
    if found is None:
        return None
    signed_at, action = int(found[2] or "0", 16), _ACTIONS[found[4]]
    return Mark(found[1], signed_at, found[3], action, found[5], adopts=bool(found[6]))


@dataclass(frozen=True)
class Marks:
    """Makes and reads the OperationIds of one request for one resource.

    An id is ``RESOURCE-SIGNED-REQUEST-KIND-CONTENT-PRESENT``, see `Mark`, and ends in ``-adopted``
    where the request works on a stack set that was there before the resource. The same step of the
    same request always gets the same id, so a repeated request finds its operation started already
    instead of starting it again; and requests of one resource can be put in the order in which
    they were signed. CONTENT is salted with the request, since overrides may be secrets.
    """

    resource: str
    request: str
    signed_at: int = 0
    present: str = ""
    adopts: bool = False

    @classmethod
    def of(
        cls,
        stack_id: str,
        logical_id: str,
        request_id: str,
        physical_id: str = "",
        signed_at: int = 0,
    ) -> Marks:
        """Returns the marks of one request for one resource."""
        return cls(
            resource=_digest(stack_id, logical_id),
            request=_digest(request_id),
            signed_at=signed_at,
            present=_digest(physical_id),
        )

    def operation_id(self, step: Step) -> str:
        """Returns the OperationId of a step: at most 128 letters, digits and hyphens."""
        content = _digest(self.request, *_content(step))
        parts = (
            self.resource,
            f"{self.signed_at:08x}",
            self.request,
            _KINDS[step.action],
            content,
            self.present,
        )
        return "-".join(parts) + (_ADOPTED if self.adopts else "")

    def deployment(self, instances: int, last: str = "", *, tolerates: bool = False) -> Deployment:
        """Returns what the request deploys.

        Args:
            instances: How many stack instances its template names.
            last: The OperationId of the last step of its plan.
            tolerates: Whether failures that an operation tolerates are none of the deployment's.
        """
        return Deployment(self.signed_at, self.request, instances, last, tolerates)

    def client_request_token(self, name: str, attempt: str = "") -> str:
        """Returns the ClientRequestToken with which the resource creates a stack set.

        Args:
            name: The stack set's name.
            attempt: Tells a further attempt from the first, for a token that is used up.
        """
        return f"{self.resource}-{_digest(name, attempt)}"

    def read(self, operation_id: str) -> Mark | None:
        """Returns what an OperationId tells; None where it is not of this resource."""
        mark = read_mark(operation_id)
        return mark if mark is not None and mark.resource == self.resource else None

    def is_of_resource(self, operation_id: str) -> bool:
        """Whether a request of this resource, this one or another, started the operation."""
        return self.read(operation_id) is not None

    def is_of_other_request(self, operation_id: str) -> bool:
        """Whether another request of this resource started the operation."""
        mark = self.read(operation_id)
        return mark is not None and mark.request != self.request

    def is_of_later_request(self, operation_id: str) -> bool:
        """Whether a request of this resource started the operation that was signed after this."""
        mark = self.read(operation_id)
        return mark is not None and bool(self.signed_at) and mark.signed_at > self.signed_at

    def is_of_successor(self, operation_id: str, stack_set_id: str) -> bool:
        """Whether the resource had this stack set when it started the operation on another."""
        mark = self.read(operation_id)
        return mark is not None and mark.present == _digest(stack_set_id)

    def is_of_create(self, operation_id: str) -> bool:
        """Whether the resource had no stack set yet when it started the operation."""
        mark = self.read(operation_id)
        return mark is not None and mark.present == _digest("")

    def names_instances_of_resource(self, operation_id: str) -> bool:
        """Whether a request of this resource started the operation for just these instances."""
        mark = self.read(operation_id)
        return mark is not None and mark.action not in {UPDATE_SET, DETECT_DRIFT}

    def action_of(self, operation_id: str) -> str | None:
        """Returns the step's action if this very request started the operation; else None."""
        mark = self.read(operation_id)
        return mark.action if mark is not None and mark.request == self.request else None


def _content(step: Step) -> tuple[str, ...]:
    """Returns what tells a step of a request from another of its kind; a test pins it.

    Requests in flight must find their operations after an upgrade of the function, so a new
    member of Step goes to the end, and only where it is not at its default.
    """
    if step.action == UPDATE_SET:
        # One request rolls out a content once, whatever instances the rest is left to.
        return (step.content, "auto") if step.switches_auto else (step.content,)
    reach = step.reach
    more: tuple[str, ...] = ()
    places = (reach.accounts, reach.regions) if reach else ((), ())
    told = json.dumps([places, step.overrides, step.retain_stacks])
    if isinstance(reach, Box):
        more = (json.dumps([reach.units, reach.account_filter]),)
    elif isinstance(reach, Stacks):
        more = (json.dumps([reach.stack_ids, reach.units]),)
    return (told, *more, "kept") if step.keeps_overrides else (told, *more)


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
