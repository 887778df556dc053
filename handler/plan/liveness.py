"""Whether CloudFormation still waits for a request, by what it shows of the resource.

CloudFormation gives requests up without telling: it cancels, rolls back, and Lambda delivers late.
A resource is ``*_IN_PROGRESS`` of the request's kind for as long as its answer is waited for, and
that status begins just before or within the second in which CloudFormation signs the request.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from handler.values.observation import ResourceState

_SKEW = 1
_IN_PROGRESS = "_IN_PROGRESS"
_COMPLETE = "_COMPLETE"


class Verdict(Enum):
    """What one look at the resource tells of a request."""

    LIVE = "CloudFormation waits for it"
    ANSWERED = "it was answered before its end, and the resource has not changed since"
    DEAD = "CloudFormation has given it up, or has an answer"
    UNASKED = "a Delete of what CloudFormation does not delete"
    UNKNOWN = "CloudFormation does not tell"


@dataclass(frozen=True)
class Asked:
    """The request that is judged.

    Attributes:
        kind: Create, Update or Delete.
        physical_id: The physical id in the event; empty on a Create.
        signed_at: When CloudFormation signed it, in whole seconds since the epoch; 0 for unknown.
        answers_early: Whether it is answered before its end.
        answered_id: The physical id that it has been answered with; empty for not known to be.
    """

    kind: str
    physical_id: str
    signed_at: int
    answers_early: bool = False
    answered_id: str = ""


def judge(asked: Asked, resource: ResourceState | None, *, is_express: bool = False) -> Verdict:
    """Judge a request by one look.

    Args:
        asked: The request.
        resource: What CloudFormation shows; None where it does not tell.
        is_express: Whether the stack counts a resource as done before it is answered for.

    Returns:
        A verdict. ANSWERED holds only if no later request has begun and ended since; DEAD and
        UNASKED may rest on a stale look, so that two have to agree.
    """
    if resource is None:
        return Verdict.UNKNOWN
    if asked.kind == "Delete" and resource.physical_id not in {"", asked.physical_id}:
        return _of_other_id(asked, resource)
    if resource.status == f"{asked.kind.upper()}{_IN_PROGRESS}":
        return _of_same_kind(asked, resource)
    if _is_answered(asked, resource, is_express=is_express):
        return Verdict.ANSWERED
    if is_express and resource.status == f"{asked.kind.upper()}{_COMPLETE}":
        return Verdict.LIVE
    return _of_other_status(asked, resource)


def _of_other_status(asked: Asked, resource: ResourceState) -> Verdict:
    """Nothing of the request's kind is in progress."""
    if asked.kind == "Delete":
        return Verdict.UNASKED if asked.signed_at else Verdict.UNKNOWN
    return Verdict.DEAD if _is_newer(asked, resource) else Verdict.UNKNOWN


def _is_answered(asked: Asked, resource: ResourceState, *, is_express: bool) -> bool:
    """Whether the status is what the request's early answer has brought about, or may have.

    A stack in mode EXPRESS shows a resource as done that nobody has answered for.
    """
    is_done = resource.status == f"{asked.kind.upper()}{_COMPLETE}" and _is_newer(asked, resource)
    if asked.answered_id:
        return is_done and resource.physical_id == asked.answered_id
    return is_done and asked.answers_early and not is_express


def _of_other_id(asked: Asked, resource: ResourceState) -> Verdict:
    """A Delete of what was replaced, or of what a failed Create has left."""
    if resource.status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
        return Verdict.DEAD if _is_newer(asked, resource) else Verdict.UNKNOWN
    return Verdict.LIVE


def _of_same_kind(asked: Asked, resource: ResourceState) -> Verdict:
    """Whether the resource is in progress for this request, a later one, or still an earlier."""
    began = math.floor(resource.since)
    if not asked.signed_at or abs(began - asked.signed_at) <= _SKEW:
        return Verdict.LIVE
    return Verdict.DEAD if began > asked.signed_at else Verdict.UNKNOWN


def _is_newer(asked: Asked, resource: ResourceState) -> bool:
    """Whether the status began after the request was sent: an older one is a stale look."""
    return bool(asked.signed_at) and math.floor(resource.since) >= asked.signed_at
