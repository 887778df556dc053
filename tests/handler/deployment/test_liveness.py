"""When CloudFormation is asked whether it waits for a request, and what is made of its answers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import pytest

from handler.deployment.liveness import LONGEST_CALL, FirstLook, GivenUp, Liveness
from handler.deployment.patience import TimeToRelay
from handler.deployment.request import Request
from handler.values.observation import OwningStackState, ResourceState
from tests.factories import STACK_ID

SIGNED = 1_767_225_600
ID = "Network:1"
OLD, NEW = {"StackSetName": "Old"}, {"StackSetName": "New"}
UPDATE = Request(
    STACK_ID, "StackSet", "r", ID, NEW, OLD, began=SIGNED, kind="Update", signed_at=SIGNED
)
EARLY = replace(UPDATE, properties={**NEW, "WaitFor": "START"})
DELETE = replace(UPDATE, kind="Delete", old_properties={})
LIVE = ResourceState("UPDATE_IN_PROGRESS", ID, SIGNED)
DEAD = ResourceState("UPDATE_COMPLETE", ID, SIGNED + 60)
UPDATING = OwningStackState("UPDATE_IN_PROGRESS", ("op-1",))


@dataclass
class Shown:
    """Stands for CloudFormation: shows the next resource each time, the last one for good.

    Attributes:
        resources: None where it does not tell.
        stacks: The same of the stack.
        wanted: The properties of the resource's newest request.
        began: When the resource's requests began, the newest first.
        answered: Whether the request before was answered.
    """

    resources: list[ResourceState | None] = field(default_factory=lambda: [LIVE])
    stacks: list[OwningStackState | None] = field(default_factory=lambda: [UPDATING])
    wanted: Any = None
    began: list[float] = field(default_factory=list)
    answered: bool = False
    is_silent: bool = False
    looks: int = 0

    def resource(self) -> ResourceState | None:
        """Shows the resource."""
        self.looks += 1
        return self.resources.pop(0) if len(self.resources) > 1 else self.resources[0]

    def stack(self) -> OwningStackState | None:
        """Shows the stack."""
        return self.stacks.pop(0) if len(self.stacks) > 1 else self.stacks[0]

    def wanted_properties(self, _since: float) -> Any:
        """Shows the newest properties."""
        return self.wanted

    def requests_began(self) -> list[float]:
        """Shows when they came."""
        return self.began

    def previous_request_was_answered(self) -> bool:
        """Tells of the request before."""
        return self.answered


@dataclass
class Clock:
    """A time that only sleeping moves."""

    now: float = SIGNED + 1.0

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time is a second after the signature."""
    clock = Clock()
    monkeypatch.setattr(time, "time", lambda: clock.now)
    return clock


def liveness(clock: Clock, shown: Shown, request: Request = UPDATE, **first: Any) -> Liveness:
    """A request's liveness."""
    stack: Any = shown
    return Liveness(request, stack, clock.sleep, FirstLook(**first))


class TestRequire:
    """Asked before each write."""

    def test_live(self, clock: Clock) -> None:
        """One look is enough, and nothing is slept."""
        shown = Shown()
        asked = liveness(clock, shown)
        asked.require()

        assert (shown.looks, clock.now) == (1, SIGNED + 1.0)
        assert asked.is_known
        assert asked.shown_id == ID

    def test_dead_takes_two_looks(self, clock: Clock) -> None:
        """The second comes after a pause, since the first was perhaps stale."""
        shown = Shown([DEAD])
        with pytest.raises(GivenUp) as told:
            liveness(clock, shown).require()

        assert shown.looks == 2
        assert clock.now > SIGNED + 3
        assert not told.value.is_unasked_delete

    def test_a_stale_look(self, clock: Clock) -> None:
        """The second look counts."""
        shown = Shown([DEAD, LIVE])
        liveness(clock, shown).require()

        assert shown.looks == 2

    def test_nobody_tells(self, clock: Clock) -> None:
        """Then nothing is known, and marks have their say."""
        asked = liveness(clock, Shown([None]), is_known=True)
        asked.require()

        assert not asked.is_known
        assert asked.shown_id == ""

    @pytest.mark.parametrize(("looks", "dies"), [(3, False), (4, True)])
    def test_an_unasked_delete(self, clock: Clock, looks: int, *, dies: bool) -> None:
        """A Delete may come before its status is shown, so it is looked at longer."""
        kept = ResourceState("UPDATE_COMPLETE", ID, SIGNED - 60)
        gone = ResourceState("DELETE_IN_PROGRESS", ID, SIGNED)
        shown = Shown([*[kept] * looks, *([] if dies else [gone])])
        if not dies:
            liveness(clock, shown, DELETE).require()
            return
        with pytest.raises(GivenUp) as told:
            liveness(clock, shown, DELETE).require()
        assert told.value.is_unasked_delete

    @pytest.mark.parametrize(("silent", "looks"), [(True, 0), (False, 1)])
    def test_before_a_write(self, clock: Clock, looks: int, *, silent: bool) -> None:
        """Where asking runs into time-outs, a write is not held up."""
        shown = Shown(is_silent=silent)
        liveness(clock, shown).before_write()

        assert shown.looks == looks


class TestWatch:
    """Asked while waiting."""

    @pytest.mark.parametrize(("age", "interval"), [(0, 15.0), (300, 34.0), (3000, 60.0)])
    def test_rarer_with_age(self, clock: Clock, age: float, interval: float) -> None:
        """A tenth of the request's age passes between two looks, within bounds."""
        shown = Shown()
        asked = liveness(clock, shown)
        clock.now = SIGNED + age
        asked.watch()
        clock.sleep(interval - 1)
        asked.watch()
        assert shown.looks == 1
        clock.sleep(1)
        asked.watch()
        assert shown.looks == 2

    def test_begin(self, clock: Clock) -> None:
        """The first look keeps what the stack shows; a later invocation does not look again."""
        shown = Shown(stacks=[OwningStackState("UPDATE_IN_PROGRESS", ("op-1",), is_express=True)])
        asked = liveness(clock, shown)
        asked.begin()
        assert asked.first.status == "UPDATE_IN_PROGRESS"
        assert asked.first.operation_ids == ["op-1"]
        assert asked.first.is_express

        shown.stacks = [None]
        again = liveness(clock, shown, status="UPDATE_IN_PROGRESS")
        again.begin()
        assert again.first.status == "UPDATE_IN_PROGRESS"


class TestRollback:
    """Whether the request is a rollback."""

    @pytest.mark.parametrize(
        ("status", "request_", "is_rollback"),
        [
            ("UPDATE_ROLLBACK_IN_PROGRESS", UPDATE, True),
            ("UPDATE_IN_PROGRESS", UPDATE, False),
            ("UPDATE_ROLLBACK_IN_PROGRESS", DELETE, False),
        ],
    )
    def test_by_the_first_look(
        self, clock: Clock, status: str, request_: Request, *, is_rollback: bool
    ) -> None:
        """Only an Update goes back."""
        asked = liveness(clock, Shown(), request_, status=status)

        assert asked.is_rollback is is_rollback
        assert asked.may_overlap is is_rollback

    def test_by_a_second_look(self, clock: Clock) -> None:
        """The first was perhaps a moment old."""
        shown = Shown(stacks=[OwningStackState("UPDATE_ROLLBACK_IN_PROGRESS")])
        asked = liveness(clock, shown, status="UPDATE_IN_PROGRESS")

        assert asked.is_surely_rollback()
        assert clock.now > SIGNED + 3

    @pytest.mark.parametrize(("told_at", "status"), [(3, "UPDATE_ROLLBACK_IN_PROGRESS"), (4, "")])
    def test_by_a_look_that_tells(self, clock: Clock, told_at: int, status: str) -> None:
        """Nobody goes by the first look alone: it is looked again, and then it is unknown."""
        silent: list[OwningStackState | None] = [None] * (told_at - 1)
        shown = Shown(stacks=[*silent, OwningStackState("UPDATE_ROLLBACK_IN_PROGRESS")])
        asked = liveness(clock, shown, status="UPDATE_IN_PROGRESS")

        assert asked.is_surely_rollback() is bool(status)
        assert asked.first.status == status

    def test_after_the_answer(self, clock: Clock) -> None:
        """A rollback that has been answered stays one, though its stack has settled."""
        rolling_back = "UPDATE_ROLLBACK_IN_PROGRESS"
        shown = Shown(stacks=[OwningStackState("UPDATE_ROLLBACK_COMPLETE")])
        asked = liveness(clock, shown, EARLY, status=rolling_back, answered_id=ID)

        assert asked.is_surely_rollback()
        assert asked.first.status == rolling_back

    def test_no_second_look(self, clock: Clock) -> None:
        """Where CloudFormation does not tell, or for a Delete, there is nothing to look at."""
        shown = Shown(stacks=[OwningStackState("UPDATE_ROLLBACK_IN_PROGRESS")])

        assert not liveness(clock, shown).is_surely_rollback()
        assert not liveness(clock, shown, DELETE, status="DELETE_IN_PROGRESS").is_surely_rollback()
        assert clock.now == SIGNED + 1.0


class TestSameSecond:
    """Two requests that were signed in the same second."""

    def test_the_newest_properties_are_its_own(self, clock: Clock) -> None:
        """The request that goes to what is wanted is the live one."""
        asked = liveness(clock, Shown(wanted=NEW))
        asked.require()

        assert asked.first.since == SIGNED

    def test_the_newest_properties_go_back(self, clock: Clock) -> None:
        """The other one is."""
        with pytest.raises(GivenUp):
            liveness(clock, Shown(wanted=OLD)).require()

    def test_the_same_before_and_after(self, clock: Clock) -> None:
        """Where old and new are alike, nobody goes back."""
        alike = replace(UPDATE, properties=OLD)

        liveness(clock, Shown(wanted=OLD), alike).require()

    @pytest.mark.parametrize(
        ("now", "turned"),
        [
            (UPDATING, False),
            (OwningStackState("UPDATE_ROLLBACK_IN_PROGRESS", ("op-1",)), True),
            (OwningStackState("UPDATE_IN_PROGRESS", ("op-2",)), True),
            (None, False),
        ],
    )
    def test_a_status_that_began_anew(
        self, clock: Clock, now: OwningStackState | None, *, turned: bool
    ) -> None:
        """Where events do not tell, another operation or a rollback of the stack does."""
        asked = liveness(
            clock,
            Shown(stacks=[now]),
            status="UPDATE_IN_PROGRESS",
            operation_ids=["op-1"],
            since=SIGNED - 0.5,
        )
        if not turned:
            asked.require()
            return
        with pytest.raises(GivenUp):
            asked.require()

    def test_the_first_status_is_its_own(self, clock: Clock) -> None:
        """Nothing has turned before the first look."""
        rolling = OwningStackState("UPDATE_ROLLBACK_IN_PROGRESS", ("op-2",))

        liveness(clock, Shown(stacks=[rolling]), status="UPDATE_IN_PROGRESS").require()


class TestAfterAnEarlyAnswer:
    """A deployment that goes on after CloudFormation was answered."""

    DONE = ResourceState("UPDATE_COMPLETE", ID, SIGNED + 2.0)
    KNOWN: ClassVar[dict[str, Any]] = {
        "status": "UPDATE_IN_PROGRESS",
        "operation_ids": ["op-1"],
        "answered_id": ID,
    }

    def test_goes_on(self, clock: Clock) -> None:
        """While the status is what the answer has brought about, and nothing came since."""
        asked = liveness(clock, Shown([self.DONE], began=[SIGNED]), EARLY, **self.KNOWN)
        asked.require()

        assert asked.is_known
        assert asked.first.complete_since == SIGNED + 2.0

    def test_another_sandbox_has_answered(self, clock: Clock) -> None:
        """As of now there is more time, so the request begins anew with that."""
        known = {**self.KNOWN, "answered_id": ""}
        asked = liveness(clock, Shown([self.DONE], began=[SIGNED]), EARLY, **known)

        with pytest.raises(TimeToRelay):
            asked.require()
        assert asked.first.answered_id == ID

    @pytest.mark.parametrize(
        ("shown", "first"),
        [
            (Shown([DONE], began=[SIGNED + 2.0]), {}),
            (Shown([DONE], began=[]), {"complete_since": SIGNED + 1.0}),
            (Shown([DONE], began=[SIGNED], wanted=OLD), {}),
            (Shown([DONE], [OwningStackState("DELETE_IN_PROGRESS", ("op-2",))]), {}),
            (Shown([DONE], [OwningStackState("UPDATE_ROLLBACK_IN_PROGRESS", ("op-1",))]), {}),
        ],
        ids=["followed", "followed, by its status", "undone", "deleted", "rolled back"],
    )
    def test_superseded(self, clock: Clock, shown: Shown, first: dict[str, Any]) -> None:
        """By a later request, a rollback of its operation, or the stack's deletion."""
        shown = replace(shown, resources=[*shown.resources], stacks=[*shown.stacks])
        with pytest.raises(GivenUp):
            liveness(clock, shown, EARLY, **{**self.KNOWN, **first}).require()

    def test_a_later_operation_may_roll_back(self, clock: Clock) -> None:
        """It leaves the resource alone unless that turns."""
        later = OwningStackState("UPDATE_ROLLBACK_IN_PROGRESS", ("op-1", "op-2"))
        shown = Shown([self.DONE], [later], began=[SIGNED])

        liveness(clock, shown, EARLY, **self.KNOWN).require()


@pytest.mark.parametrize(
    ("began", "before"), [([], None), ([SIGNED], None), ([SIGNED, SIGNED - 9.0], SIGNED - 9.0)]
)
def test_the_request_before(clock: Clock, began: list[float], before: float | None) -> None:
    """When it began, if CloudFormation tells."""
    assert liveness(clock, Shown(began=began)).request_before_began() == before


class TestQuiet:
    """For how long a write of the request before may still arrive."""

    def test_answered(self, clock: Clock) -> None:
        """One that was answered writes no more."""
        assert liveness(clock, Shown(answered=True)).seconds_until_quiet(SIGNED) == 0

    def test_given_up(self, clock: Clock) -> None:
        """One that was not may be between asking and writing."""
        assert liveness(clock, Shown()).seconds_until_quiet(SIGNED) == LONGEST_CALL - 1
        clock.sleep(60)
        assert liveness(clock, Shown()).seconds_until_quiet(SIGNED) == 0

    def test_answered_early(self, clock: Clock) -> None:
        """One that was answered early goes on."""
        after = replace(UPDATE, old_properties={**OLD, "WaitFor": "START"})

        asked = liveness(clock, Shown(answered=True), after)
        assert asked.seconds_until_quiet(SIGNED) == LONGEST_CALL - 1
        assert asked.may_overlap
