"""Nothing waits beyond the end of the sandbox or of CloudFormation's patience."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.deployment.patience import Patience, TimeToRelay, poll_intervals
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
    Patience(relay_at=1001.0, give_up_at=1001.0).check()

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
        patience.check()


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

    patience.check()
    with pytest.raises(OutOfTime):
        patience.sleep(1)


def _elapsed(intervals: Iterator[float], count: int) -> list[float]:
    return list(itertools.accumulate(itertools.islice(intervals, count)))


def test_polling_begins_quickly() -> None:
    """A short operation is looked at every 2 s."""
    assert list(itertools.islice(poll_intervals(), 10)) == [2.0] * 10


def test_polling_follows_the_length() -> None:
    """The pause is a tenth of how long the operation has run, once that is more than 2 s."""
    looks = _elapsed(poll_intervals(), 13)

    assert looks[:11] == [2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22]
    assert looks[11:] == pytest.approx([24.2, 26.62])


def test_polling_slows_down() -> None:
    """A long operation is looked at every 15 s, never more seldom."""
    intervals = list(itertools.islice(poll_intervals(), 200))

    assert intervals == sorted(intervals)
    assert max(intervals) == 15.0
    assert intervals[-1] == 15.0


@given(st.floats(20, 3600))
def test_the_end_is_noticed_soon(duration: float) -> None:
    """Whenever an operation ends, that is noticed after a tenth of its time, and within 15 s."""
    looks = _elapsed(poll_intervals(), 400)
    noticed = next(look for look in looks if look >= duration)

    assert noticed - duration <= min(15.0, max(2.0, duration / 10))


def test_few_looks_an_hour() -> None:
    """An hour of waiting costs few calls."""
    assert sum(look <= 3600 for look in _elapsed(poll_intervals(), 400)) < 280


def test_backing_off() -> None:
    """Pauses after failures double from half a second to a second up to half a minute."""
    ceilings = [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    for _ in range(50):
        for pause, ceiling in zip(backoff_intervals(), ceilings, strict=False):
            assert ceiling / 2 <= pause <= ceiling


def test_backing_off_is_jittered() -> None:
    """Two callers that failed together do not try again together."""
    assert len({next(backoff_intervals()) for _ in range(20)}) > 1
