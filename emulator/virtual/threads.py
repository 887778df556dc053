"""A pool of threads in virtual time: each of its workers is a task of the scheduler."""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from concurrent import futures
from typing import TYPE_CHECKING, Any
from unittest import mock

from emulator.virtual.scheduler import Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from emulator.virtual.scheduler import Scheduler


@contextlib.contextmanager
def virtual_threads(scheduler: Scheduler) -> Iterator[None]:
    """Have whoever makes a pool of threads get one in virtual time."""
    stand_in = functools.partial(VirtualThreads, scheduler)
    with mock.patch.object(futures, "ThreadPoolExecutor", stand_in):
        yield


class VirtualThreads(futures.Executor):
    """Stands in for `ThreadPoolExecutor`.

    Args:
        scheduler: Who lets the workers run.
        max_workers: How many there are at most.
    """

    def __init__(self, scheduler: Scheduler, max_workers: int) -> None:
        self._scheduler = scheduler
        self._room = max_workers
        self._jobs: deque[tuple[futures.Future[Any], Callable[[], Any]]] = deque()
        self._given: list[futures.Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **named: Any) -> futures.Future[Any]:  # noqa: ANN401
        """Have a worker do something when it is its turn."""
        future: futures.Future[Any] = futures.Future()
        self._given.append(future)
        self._jobs.append((future, lambda: fn(*args, **named)))
        if self._room:
            self._room -= 1
            self._scheduler.spawn("worker", self._work)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002
        """Begin nothing any more that is cancelled; wait for the rest only if asked to."""
        while cancel_futures and self._jobs:
            self._jobs.popleft()[0].cancel()
        if wait:
            self._scheduler.wait(lambda: all(each.done() for each in self._given))

    def _work(self) -> None:
        while self._jobs:
            future, job = self._jobs.popleft()
            future.set_running_or_notify_cancel()
            try:
                future.set_result(job())
            except Ended:
                raise
            except BaseException as error:  # noqa: BLE001  whoever asks for the result gets it
                future.set_exception(error)
        self._room += 1
