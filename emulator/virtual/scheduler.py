"""Tasks in virtual time: each has a thread of its own, and exactly one runs at a time.

Whoever holds the baton runs; every wait is a place where it may go to another. The main thread
takes part: while it waits, the others run. Which task goes on is told by the time it waits for,
and among equals by who came first, or by a seed.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

from emulator.stacksets.dice import Dice
from emulator.virtual.clock import VirtualClock

FOREVER = math.inf


class Ended(BaseException):
    """The world has ended while a task was waiting in it."""


class Task:
    """Something that runs side by side with others.

    Attributes:
        name: For readers.
        done: Whether it has ended.

    The other attributes are the scheduler's.
    """

    def __init__(self, name: str, body: Callable[[], object] | None = None) -> None:
        self.name = name
        self.done = False
        self.body = body
        self.thread: threading.Thread | None = None
        self.baton = threading.Lock()
        self.baton.acquire()
        self.wakes_at = 0.0
        self.condition: Callable[[], bool] | None = None
        self.dies_at = FOREVER
        self.death: type[BaseException] = Ended
        self.killed = False

    def __repr__(self) -> str:
        return f"<Task {self.name}>"


class Scheduler:
    """Lets tasks take turns; installs itself as the clock's pause.

    Attributes:
        current: The task that runs.
    """

    def __init__(self, clock: VirtualClock, seed: int | None = None) -> None:
        """Take a clock; without a seed the first come is the first served."""
        self.clock = clock
        self._random = None if seed is None else Dice(seed)
        self._main = self.current = Task("main")
        self._waiting: list[Task] = []
        self._failures: list[BaseException] = []
        self._last_ended: threading.Thread | None = None
        clock.pause = self.pause

    def mix(self, seed: int) -> None:
        """From now on let a seed tell who goes on among those who could."""
        self._random = Dice(seed)

    def spawn(self, name: str, body: Callable[[], object]) -> Task:
        """Add a task; it begins when the others let it.

        An error that it ends with is raised in the main thread.
        """
        task = Task(name, body)
        task.wakes_at = self.clock.now
        self._waiting.append(task)
        return task

    @property
    def others(self) -> list[Task]:
        """The tasks that wait, the main thread left out."""
        return [each for each in self._waiting if each is not self._main]

    def pause(self, seconds: float) -> None:
        """Let the others go on for some seconds, or for one turn of each when it is zero."""
        self.wait(None, self.clock.now + seconds)

    def wait(self, condition: Callable[[], bool] | None, until: float = FOREVER) -> bool:
        """Let the others go on until a condition holds, but no longer than to a moment.

        Returns:
            Whether the condition holds; False without one.

        Raises:
            BaseException: The death of the task (see `mortal`), or in the main thread the error
                of another task.
            AssertionError: Nobody can go on, ever.
        """
        me = self.current
        if me.killed:
            raise Ended
        me.condition, me.wakes_at = condition, min(until, me.dies_at)
        self._waiting.append(me)
        if (following := self._following()) is not me:
            self._hand_over(following)
            me.baton.acquire()
            self._resume(me)
        self._waiting.remove(me)
        me.condition = None
        if me.killed:
            raise Ended
        if me is self._main and self._failures:
            raise self._failures.pop(0)
        holds = condition is not None and condition()
        if until > me.dies_at and self.clock.now >= me.dies_at and not holds:
            raise me.death
        return holds

    def join(self, task: Task) -> None:
        """Wait for a task to end."""
        self.wait(lambda: task.done)

    def drain(self) -> None:
        """Wait until no other task is left."""
        self.wait(lambda: not self.others)

    @contextlib.contextmanager
    def mortal(self, dies_at: float, death: type[BaseException]) -> Iterator[None]:
        """Within the context the current task dies at a moment, by this error."""
        me = self.current
        before = me.dies_at, me.death
        me.dies_at, me.death = min(dies_at, me.dies_at), death
        try:
            yield
        finally:
            me.dies_at, me.death = before

    def close(self) -> None:
        """End all tasks where they wait."""
        while self.others:
            task = self.others[0]
            if task.thread is None:
                self._waiting.remove(task)
                continue
            task.killed = True
            self._waiting.append(self._main)
            self._hand_over(task)
            self._main.baton.acquire()
            self._resume(self._main)
            self._waiting.remove(self._main)
        self._failures.clear()

    # --- the baton -----------------------------------------------------------------------------

    def _following(self) -> Task:
        """Tell who goes on, and move the clock to their time."""
        if self._failures:
            return self._main
        now = self.clock.now
        ready = [
            each
            for each in self._waiting
            if each.wakes_at <= now or (each.condition is not None and each.condition())
        ]
        if not ready:
            moment = min(each.wakes_at for each in self._waiting)
            if moment == FOREVER:
                self._failures.append(AssertionError(f"nobody can go on: {self._waiting}"))
                return self._main
            self.clock.advance_to(moment)
            ready = [each for each in self._waiting if each.wakes_at <= moment]
        return ready[0] if self._random is None else self._random.choice(ready)

    def _hand_over(self, task: Task) -> None:
        if task.body is not None and task.thread is None:
            task.thread = threading.Thread(
                target=self._live, args=(task,), name=task.name, daemon=True
            )
            self._waiting.remove(task)
            self.current = task
            task.thread.start()
        else:
            task.baton.release()

    def _resume(self, me: Task) -> None:
        self.current = me
        if self._last_ended is not None:
            self._last_ended.join()
            self._last_ended = None

    def _live(self, task: Task) -> None:
        self._resume(task)
        try:
            if task.body is not None:
                task.body()
        except Ended:
            pass
        except BaseException as error:  # noqa: BLE001  told to the main thread
            self._failures.append(error)
        task.done = True
        self._last_ended = task.thread
        self._hand_over(self._main if task.killed else self._following())

    # --- copies --------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        if self.others:
            message = f"a world in which something runs cannot be copied: {self.others}"
            raise RuntimeError(message)
        return {"clock": self.clock, "_random": self._random}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["clock"])  # type: ignore[misc]
        self._random = state["_random"]
