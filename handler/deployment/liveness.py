"""Whether the request that is being served is still waited for: asked before each write."""

from __future__ import annotations

import time
from collections.abc import Callable, Container
from dataclasses import dataclass, field

from handler.deployment.patience import TimeToRelay
from handler.deployment.request import Request, as_text
from handler.errors import is_of_refusal
from handler.gateway.owning_stack import OwningStack
from handler.observability import logger
from handler.plan.liveness import Asked, Verdict, judge
from handler.values.observation import ResourceState

LONGEST_CALL = 20.0
"""Seconds after which a write that was begun before a request was given up has arrived or not."""

_ROLLING_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
_SECOND_LOOK = 5.0
_UNASKED_LOOKS = 4
_SURE_LOOKS = 3
_SIGNED_WITHIN = 2
_SHORTEST_INTERVAL, _LONGEST_INTERVAL = 15.0, 60.0


class GivenUp(Exception):
    """CloudFormation does not wait for this request any more: nothing may be written for it.

    Attributes:
        is_unasked_delete: Whether it is a Delete of something that CloudFormation keeps.
    """

    def __init__(self, why: str, *, is_unasked_delete: bool = False) -> None:
        super().__init__(f"CloudFormation no longer waits for this request: {why}.")
        self.is_unasked_delete = is_unasked_delete


@dataclass
class FirstLook:
    """What CloudFormation showed when the request began; carried from invocation to invocation.

    Attributes:
        status: The stack's status; empty where CloudFormation did not tell.
        operation_ids: The stack's newest operations.
        is_express: Whether the stack counts a resource as done before it is answered for.
        since: When the resource's status began that shows the request as waited for; 0 for unseen.
        asked_at: When CloudFormation was asked last, in seconds since the epoch; 0 for never.
        is_known: Whether it told then that it waits.
        answered_id: The physical id with which the request was answered before its end; empty
            while it was not.
        complete_since: When the status began that this answer has brought about; 0 for unseen.
        is_confirmed: Whether it showed the request to be its own.
    """

    status: str = ""
    operation_ids: list[str] = field(default_factory=list)
    is_express: bool = False
    since: float = 0.0
    asked_at: float = 0.0
    is_known: bool = False
    answered_id: str = ""
    complete_since: float = 0.0
    is_confirmed: bool = False


@dataclass
class Liveness:
    """Asks CloudFormation for one request.

    Attributes:
        request: The request.
        stack: Where to ask.
        sleep: Patience's.
        first: What the first look showed; filled in by `begin`.
        shown: What the last look showed; None where CloudFormation did not tell.
    """

    request: Request
    stack: OwningStack
    sleep: Callable[[float], None]
    first: FirstLook
    shown: ResourceState | None = None

    @property
    def shown_id(self) -> str:
        """The physical id that the last look showed; empty for unknown."""
        return self.shown.physical_id if self.shown is not None else ""

    def begin(self) -> None:
        """Look for the first time, where no earlier invocation has.

        Raises:
            GivenUp: The delivery is late.
        """
        if not self.first.status:
            self._look_at_the_stack()
        self.watch()

    def is_surely_rollback(self) -> bool:
        """Whether a second look shows a rollback, too: the first was perhaps a moment old.

        Where CloudFormation does not tell a second time, what the first look showed is unknown.
        Once the request is answered, the stack shows no rollback any more.
        """
        if self.first.answered_id:
            return self.is_rollback
        if self.first.status and self.request.kind == "Update":
            self.first.status = ""
            self.break_silence()
        return self.is_rollback

    def break_silence(self) -> None:
        """Look a few times more where CloudFormation has not told the stack's state."""
        for _ in range(_SURE_LOOKS):
            if self.first.status:
                return
            self.sleep(_SECOND_LOOK)
            self._look_at_the_stack()

    def is_surely(self, statuses: Container[str]) -> bool:
        """Whether a second look shows the stack in one of these states, too."""
        self.sleep(_SECOND_LOOK)
        state = self.stack.stack()
        return state is not None and state.status in statuses

    @property
    def is_rollback(self) -> bool:
        """Whether the request is an Update back to what was."""
        return self.request.kind == "Update" and self.first.status == _ROLLING_BACK

    @property
    def may_overlap(self) -> bool:
        """Whether an earlier request may still be at work, given up or answered early."""
        return self.is_rollback or self.request.follows_early_answer

    @property
    def is_known(self) -> bool:
        """Whether CloudFormation has told that it waits: marks then have no say."""
        return self.first.is_known

    def require(self) -> None:
        """Make sure that the request is waited for, or at least not known to be given up.

        Raises:
            GivenUp: Two looks agree that it is not.
        """
        verdict = self._look()
        looks = _UNASKED_LOOKS if verdict is Verdict.UNASKED else 2
        for _ in range(looks - 1):
            if verdict not in {Verdict.DEAD, Verdict.UNASKED}:
                return
            self.sleep(_SECOND_LOOK)
            verdict = self._look()
        if verdict in {Verdict.DEAD, Verdict.UNASKED}:
            logger.warning("request given up", verdict=verdict.name)
            raise GivenUp(verdict.value, is_unasked_delete=verdict is Verdict.UNASKED)

    def before_write(self) -> None:
        """The same as `require`, unless asking would hold up the write for long.

        Raises:
            GivenUp: Two looks agree that the request is not waited for.
        """
        if not self.stack.is_silent:
            self.require()

    def watch(self) -> None:
        """The same as `require`, but cheap enough to be called while waiting.

        Raises:
            GivenUp: Two looks agree that the request is not waited for.
        """
        now = time.time()
        tenth_of_age = (now - self.request.began) / 10
        interval = min(max(tenth_of_age, _SHORTEST_INTERVAL), _LONGEST_INTERVAL)
        if now - self.first.asked_at >= interval:
            self.require()

    def seconds_until_quiet(self, since: float) -> float:
        """Returns for how long a write of an earlier request may still arrive.

        A rollback may begin, and a Delete, while the sandbox of the request that was given up is
        between asking and writing.

        Args:
            since: From when on that sandbox can know, in seconds since the epoch.
        """
        goes_on = self.request.follows_early_answer
        if not goes_on and self.stack.previous_request_was_answered():
            return 0.0
        return max(0.0, since + LONGEST_CALL - time.time())

    def request_before_began(self) -> float | None:
        """Returns when the request before this one began, in seconds since the epoch.

        Returns:
            None where CloudFormation does not tell.
        """
        began = self.stack.requests_began()
        return began[1] if len(began) > 1 else None

    def has_refused_before(self) -> bool:
        """Whether the request before this one was refused for its properties: it wrote nothing."""
        return is_of_refusal(self._previous_failure())

    def has_failed_before(self) -> bool:
        """Whether the request before this one has failed by the function's own word."""
        return bool(self._previous_failure())

    def _previous_failure(self) -> str:
        return self.stack.previous_failure(is_answered=bool(self.first.answered_id))

    def _is_of_another(self) -> bool:
        """Whether what is in progress is another request, signed in the same second as this one."""
        is_undone = self._is_undone()
        if is_undone is not None:
            return is_undone
        return bool(self.first.since) and self._has_turned()

    def _look_at_the_stack(self) -> None:
        state = self.stack.stack()
        if state is not None:
            self.first.status, self.first.is_express = state.status, state.is_express
            self.first.operation_ids = list(state.operation_ids)

    def _look(self) -> Verdict:
        self.shown = resource = self.stack.resource()
        verdict = judge(self.asked(), resource, is_express=self.first.is_express)
        if verdict is Verdict.ANSWERED and resource is not None:
            verdict = self._after_answer(resource)
        elif (
            verdict is Verdict.LIVE and resource is not None and resource.since != self.first.since
        ):
            if self._is_of_another():
                return Verdict.DEAD
            self.first.since = resource.since
        self.first.is_known = verdict is Verdict.LIVE
        self.first.asked_at = time.time()
        return verdict

    def asked(self) -> Asked:
        """Returns the request as looks are judged by."""
        request = self.request
        return Asked(
            request.kind,
            request.physical_id,
            request.signed_at,
            answers_early=request.answers_early,
            answered_id=self.first.answered_id,
        )

    def _after_answer(self, resource: ResourceState) -> Verdict:
        """Whether a deployment that was answered early is still what the resource is to be.

        Raises:
            TimeToRelay: Another sandbox has answered: as of now there is more time.
        """
        if resource.since != self.first.complete_since:
            if self._was_followed() or self._is_undone():
                return Verdict.DEAD
            self.first.complete_since = resource.since
        if self._is_taken_back():
            return Verdict.DEAD
        if not self.first.answered_id:
            self.first.answered_id = resource.physical_id
            raise TimeToRelay
        return Verdict.LIVE

    def _was_followed(self) -> bool:
        """Whether the resource has had a request since, which has ended by now."""
        began = self.stack.requests_began()
        if not began:
            return self.first.complete_since > 0
        return began[0] >= self.request.signed_at + _SIGNED_WITHIN

    def _is_undone(self) -> bool | None:
        """Whether the resource's newest request goes back to what it was; None for unknown."""
        if self.request.kind != "Update" or not self.request.signed_at:
            return None
        wanted = self.stack.wanted_properties(self.request.signed_at - 1)
        if wanted is None:
            return None
        old, new = self.request.old_properties, self.request.properties
        return as_text(wanted) == as_text(old) != as_text(new)

    def _is_taken_back(self) -> bool:
        """Whether the stack is deleted, or rolls back the operation that the request is part of.

        The rollback of a later operation may leave the resource alone.
        """
        is_other, turned = self._turned()
        return "DELETE" in turned or ("ROLLBACK" in turned and not is_other)

    def _has_turned(self) -> bool:
        """Whether the stack has gone on to another operation, or to a rollback, since the first."""
        is_other, turned = self._turned()
        return is_other or bool(turned)

    def _turned(self) -> tuple[bool, set[str]]:
        """Whether the stack has another operation than at the first look, and to what it turned."""
        now = self.stack.stack() if self.first.status else None
        if now is None:
            return False, set()
        is_other = not set(now.operation_ids) <= set(self.first.operation_ids)
        turns = {"ROLLBACK", "DELETE"}
        turned = {each for each in turns if each in now.status and each not in self.first.status}
        return is_other, turned
