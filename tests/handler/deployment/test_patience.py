"""Nothing waits beyond the end of the sandbox or of CloudFormation's patience."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.deployment.patience import Patience, TimeToRelay, poll_interval
from handler.errors import OutOfTime
from handler.gateway.retry import backoff_intervals


class _Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    """A clock in the place of the real one."""
    clock = _Clock()
    monkeypatch.setattr(time, "time", clock.time)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    return clock


def test_sleep(clock: _Clock) -> None:
    """Sleeping lasts as long as asked for, while there is time."""
    Patience(relay_at=1011.0, give_up_at=2000.0).sleep(10)

    assert clock.now == 1010.0


@pytest.mark.parametrize("seconds", [0.5, 1.0])
def test_short_sleep(clock: _Clock, seconds: float) -> None:
    """Even a fraction of a second is slept."""
    Patience(relay_at=1011.0, give_up_at=2000.0).sleep(seconds)

    assert clock.now == 1000.0 + seconds


@pytest.mark.parametrize("seconds", [10.0, 11.0, 500.0])
def test_relay_before_sleeping_too_long(clock: _Clock, seconds: float) -> None:
    """A sleep that would last to the relay or beyond is not begun."""
    with pytest.raises(TimeToRelay):
        Patience(relay_at=1010.0, give_up_at=2000.0).sleep(seconds)

    assert clock.now == 1000.0


@pytest.mark.parametrize("relay_at", [1005.0, 1010.0, 2000.0])
@pytest.mark.parametrize("seconds", [10.0, 5000.0])
def test_give_up_before_all_else(clock: _Clock, relay_at: float, seconds: float) -> None:
    """Near the deadline the request is answered, not relayed."""
    with pytest.raises(OutOfTime, match=r"^CloudFormation is about to give up waiting\.$"):
        Patience(relay_at=relay_at, give_up_at=1010.0).sleep(seconds)

    assert clock.now == 1000.0


def test_check(clock: _Clock) -> None:
    """A check takes no time, and passes while there is time."""
    Patience(relay_at=1001.0, give_up_at=1001.0).sleep(0)

    assert clock.now == 1000.0


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("patience", "outcome"),
    [
        (Patience(relay_at=1000.0, give_up_at=2000.0), TimeToRelay),
        (Patience(relay_at=2000.0, give_up_at=1000.0), OutOfTime),
        (Patience(relay_at=1000.0, give_up_at=1000.0), OutOfTime),
    ],
    ids=["relay", "give up", "both"],
)
def test_check_too_late(patience: Patience, outcome: type[Exception]) -> None:
    """A check stops at either moment."""
    with pytest.raises(outcome):
        patience.sleep(0)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("seconds_left", "relay_at"), [(900.0, 1780.0), (480.0, 1360.0), (100.0, 1075.0)]
)
def test_patience_of_a_sandbox(seconds_left: float, relay_at: float) -> None:
    """A sandbox relays two minutes before its end, or a quarter where its time is short."""
    assert Patience.of_sandbox(seconds_left, 3000.0) == Patience(relay_at, 3000.0)


@pytest.mark.usefixtures("clock")
def test_extended() -> None:
    """What has to be done after giving up may go on until another moment, and no longer."""
    patience = Patience(relay_at=2000.0, give_up_at=1000.0)

    patience.extend(1001.0)

    patience.sleep(0)
    with pytest.raises(OutOfTime):
        patience.sleep(1)


def test_wait_without_a_queue(clock: _Clock) -> None:
    """Where there is nowhere to leave the request, waiting is sleeping."""
    Patience(relay_at=1800.0, give_up_at=2000.0).wait(700)

    assert clock.now == 1700.0


def test_wait_for_a_moment(clock: _Clock) -> None:
    """The first invocation waits a moment, and then leaves the rest to the queue."""
    patience = Patience(relay_at=1800.0, give_up_at=2000.0)
    patience.leave_soon(is_resumed=False)

    patience.wait(10)
    with pytest.raises(TimeToRelay) as leave:
        patience.wait(10)

    assert (clock.now, leave.value.after) == (1010.0, 10)


@pytest.mark.usefixtures("clock")
def test_a_resumed_invocation_leaves_at_once() -> None:
    """An invocation that has looked in vain holds no sandbox; one that has acted stays a while."""
    patience = Patience(relay_at=1800.0, give_up_at=2000.0)
    patience.leave_soon(is_resumed=True)
    with pytest.raises(TimeToRelay) as leave:
        patience.wait(2)

    assert leave.value.after == 2
    patience.act()
    patience.wait(2)


@pytest.mark.usefixtures("clock")
def test_short_sleeps_stay() -> None:
    """What is over in seconds, such as a second look, is not worth leaving."""
    patience = Patience(relay_at=1800.0, give_up_at=2000.0)
    patience.leave_soon(is_resumed=True)

    patience.sleep(5)


@pytest.mark.usefixtures("clock")
def test_nobody_leaves_at_the_end() -> None:
    """Near the deadline the request is answered, not left; then it is waited for here."""
    patience = Patience(relay_at=1800.0, give_up_at=1010.0)
    patience.leave_soon(is_resumed=True)
    with pytest.raises(OutOfTime):
        patience.wait(20)

    patience.extend(1050.0)
    patience.wait(20)


@pytest.mark.usefixtures("clock")
def test_heartbeat() -> None:
    """Whoever has to know that time passes is told at every sleep, even of no time."""
    beats: list[float] = []
    patience = Patience(1800.0, 2000.0, heartbeat=lambda: beats.append(time.time()))

    patience.sleep(0)
    patience.sleep(3)
    patience.wait(2)

    assert beats == [1000.0, 1000.0, 1003.0]


@pytest.mark.parametrize(
    ("elapsed", "interval"),
    [(0.0, 2.0), (20.0, 2.0), (22.0, 2.2), (100.0, 10.0), (900.0, 24.0), (1900.0, 30.0)],
)
def test_polling_follows_the_length(elapsed: float, interval: float) -> None:
    """The pause is a tenth of how long the operation has run, from 2 to 24 s; later 30 s."""
    assert poll_interval(elapsed) == pytest.approx(interval)


@pytest.mark.parametrize(
    ("elapsed", "percentage", "interval"),
    [(600.0, 50.0, 60.0), (600.0, 80.0, 37.5), (600.0, 95.0, 24.0), (10.0, 10.0, 22.5)],
)
def test_polling_follows_the_progress(elapsed: float, percentage: float, interval: float) -> None:
    """An operation that tells how far it is is looked at more seldom while its end is far away."""
    assert poll_interval(elapsed, percentage) == pytest.approx(interval)


@given(st.floats(0, 36_000), st.floats(0, 100))
def test_polling_has_bounds(elapsed: float, percentage: float) -> None:
    """However an operation goes, it is looked at at least once a minute."""
    assert 2.0 <= poll_interval(elapsed, percentage) <= 60.0


def test_backing_off() -> None:
    """Pauses after failures double from half a second to a second up to half a minute."""
    ceilings = [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    for _ in range(50):
        for pause, ceiling in zip(backoff_intervals(), ceilings, strict=False):
            assert ceiling / 2 <= pause <= ceiling


def test_backing_off_is_jittered() -> None:
    """Two callers that failed together do not try again together."""
    assert len({next(backoff_intervals()) for _ in range(20)}) > 1
