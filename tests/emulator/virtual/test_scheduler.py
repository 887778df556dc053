"""Tasks that take turns in virtual time."""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Iterator

import pytest

from emulator.virtual.clock import EPOCH, VirtualClock
from emulator.virtual.scheduler import Ended, Scheduler


class Died(BaseException):
    """Stands for the end of a Lambda sandbox."""


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    """A scheduler whose clock is in force."""
    clock = VirtualClock()
    with clock:
        made = Scheduler(clock)
        yield made
        made.close()


def walker(log: list[tuple[str, float]], name: str, *naps: float) -> None:
    """Note the time after each nap."""
    for nap in naps:
        time.sleep(nap)
        log.append((name, time.time() - EPOCH))


def test_tasks_take_turns_by_time(scheduler: Scheduler) -> None:
    """Whoever wakes first goes on first, and no real time passes."""
    log: list[tuple[str, float]] = []
    scheduler.spawn("slow", lambda: walker(log, "slow", 3, 3))
    scheduler.spawn("quick", lambda: walker(log, "quick", 1, 1, 3))

    time.sleep(10)

    assert log == [("quick", 1), ("quick", 2), ("slow", 3), ("quick", 5), ("slow", 6)]
    assert time.time() == EPOCH + 10
    assert scheduler.others == []


def test_one_runs_at_a_time(scheduler: Scheduler) -> None:
    """Nobody is interrupted between two waits."""
    running, most = 0, 0

    def count() -> None:
        nonlocal running, most
        for _ in range(20):
            running += 1
            most = max(most, running)
            running -= 1
            time.sleep(0)

    for number in range(5):
        scheduler.spawn(str(number), count)
    scheduler.drain()

    assert most == 1


def order(seed: int | None) -> list[str]:
    """The order in which three tasks go on that always could."""
    clock = VirtualClock()
    made, log = Scheduler(clock, seed), list[str]()

    def note(name: str) -> None:
        for _ in range(4):
            log.append(name)
            clock.sleep(0)

    for name in "abc":
        made.spawn(name, lambda name=name: note(name))  # type: ignore[misc]
    made.drain()
    return log


def test_equals_come_in_order_or_by_seed() -> None:
    """Without a seed in turn; with one at random, the same each time."""
    assert order(None) == list("abc") * 4
    assert order(1) == order(1)
    assert len({tuple(order(seed)) for seed in range(5)}) > 1
    assert sorted(order(7)) == sorted("abc" * 4)


def test_condition_or_deadline(scheduler: Scheduler) -> None:
    """A wait ends when its condition holds, or in time."""
    told: list[int] = []

    def tell() -> None:
        time.sleep(5)
        told.append(1)

    scheduler.spawn("teller", tell)

    assert not scheduler.wait(lambda: bool(told), EPOCH + 4)
    assert time.time() == EPOCH + 4
    assert scheduler.wait(lambda: bool(told), EPOCH + 60)
    assert time.time() == EPOCH + 5


def test_death_in_time(scheduler: Scheduler) -> None:
    """A mortal task dies at its moment while it waits, others go on."""
    log: list[str] = []

    def live() -> None:
        try:
            with scheduler.mortal(EPOCH + 2, Died):
                time.sleep(2)
                log.append("still here")
                time.sleep(5)
                log.append("never")
        except Died:
            log.append(f"died at {time.time() - EPOCH}")
        time.sleep(5)
        log.append("mortal no more")

    scheduler.join(scheduler.spawn("mortal", live))

    assert log == ["still here", "died at 2.0", "mortal no more"]


def test_errors_reach_the_main_thread(scheduler: Scheduler) -> None:
    """What a task ends with is not lost."""

    def fail() -> None:
        message = "oh"
        raise ValueError(message)

    scheduler.spawn("failing", fail)

    with pytest.raises(ValueError, match="oh"):
        scheduler.drain()
    scheduler.drain()


def test_nobody_can_go_on(scheduler: Scheduler) -> None:
    """A wait without end is an error, not a standstill."""
    scheduler.spawn("waiter", lambda: scheduler.wait(lambda: False))

    with pytest.raises(AssertionError, match="nobody can go on"):
        scheduler.drain()


def test_close_ends_whoever_waits(scheduler: Scheduler) -> None:
    """At the end of a world its threads end, through their clean-up and whatever they catch."""
    log: list[str] = []
    threads = threading.active_count()

    def stubborn() -> None:
        try:
            time.sleep(1000)
        except Ended:
            log.append("ended")
        finally:
            time.sleep(1000)
        log.append("never")

    scheduler.spawn("stubborn", stubborn)
    scheduler.spawn("not begun", lambda: time.sleep(1))
    time.sleep(0)
    scheduler.spawn("never begun", lambda: log.append("never"))
    scheduler.close()

    assert log == ["ended"]
    assert scheduler.others == []
    assert threading.active_count() == threads


def test_copies(scheduler: Scheduler) -> None:
    """A world in which nothing runs can be copied, and the copy goes its own way."""
    clock = scheduler.clock
    twin = copy.deepcopy(clock)
    twin.sleep(5)

    assert (clock.now, twin.now) == (EPOCH, EPOCH + 5)

    scheduler.spawn("busy", lambda: time.sleep(1))
    with pytest.raises(RuntimeError, match="busy"):
        copy.deepcopy(scheduler)
