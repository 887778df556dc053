"""A pool of threads in virtual time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent import futures

import pytest

from emulator.virtual.clock import EPOCH, VirtualClock
from emulator.virtual.scheduler import Scheduler
from emulator.virtual.threads import virtual_threads


@pytest.fixture
def pool() -> Iterator[futures.Executor]:
    """A pool of two, whose clock is in force."""
    clock = VirtualClock()
    with clock:
        scheduler = Scheduler(clock)
        with virtual_threads(scheduler):
            yield futures.ThreadPoolExecutor(2)
        scheduler.close()


def nap(seconds: float) -> float:
    """Sleep; tell when it was over."""
    time.sleep(seconds)
    return time.time() - EPOCH


def test_side_by_side(pool: futures.Executor) -> None:
    """So many go at once, and no real time passes."""
    jobs = [pool.submit(nap, 10) for _ in range(5)]
    pool.shutdown()

    assert [each.result() for each in jobs] == [10, 10, 20, 20, 30]


def test_errors(pool: futures.Executor) -> None:
    """What a job raises is told to who asks for its result, and the others go on."""
    wrong, right = pool.submit(nap, -1), pool.submit(nap, 1)
    pool.shutdown()

    with pytest.raises(ValueError, match="negative"):
        wrong.result()
    assert right.result() == 1


def test_cancelled(pool: futures.Executor) -> None:
    """What has begun goes on, what has not does not."""
    jobs = [pool.submit(nap, 10) for _ in range(4)]
    time.sleep(5)
    pool.shutdown(wait=False, cancel_futures=True)
    time.sleep(10)

    assert [each.done() and not each.cancelled() for each in jobs] == [True, True, False, False]
