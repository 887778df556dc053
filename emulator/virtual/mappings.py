"""Event source mappings: what takes messages from a queue and invokes a function with them.

Each message has a task of its own from its arrival to its end, so that a world in which no message
is left has nothing that polls, and can be copied.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from emulator.stacksets.dice import Dice
from emulator.virtual.queue import Message, Queue

if TYPE_CHECKING:
    from emulator.virtual.clock import VirtualClock
    from emulator.virtual.scheduler import Scheduler, Task
    from emulator.virtual.usage import LambdaUsage, Run

IDLE_POLLERS, LONG_POLL_SECONDS = 5, 20
"""A mapping on an empty queue has five connections open, each of which asks every 20 s."""


class Consumer(Protocol):
    """What a mapping hands its messages to."""

    def has_sent(self, task: Task) -> bool:
        """Tell whether what this task sends belongs here: it runs one of the deliveries."""

    def adopt(self, message: Message, task: Task) -> None:
        """Take note of a message that is to be served here."""

    def serve(self, entry: str, event: Any, message: Message, run: Run) -> bool:  # noqa: ANN401
        """Run the function in the current task; tell whether it ended well."""


def growing(first: float, longest: float, dice: random.Random) -> Iterator[float]:
    """Yield pauses that double up to the longest, each as much as a fifth shorter by chance."""
    pause = first
    while True:
        yield pause * dice.uniform(0.8, 1.0)
        pause = min(2 * pause, longest)


class EventSourceMapping:
    """Hands the messages of a queue to a function, one at a time each.

    A message whose delivery ends well is deleted; else it comes again when it is visible. Where the
    sandbox lives longer than its message is hidden, the message is delivered once more meanwhile.
    That Lambda gives a throttled mapping less concurrency is not modelled.

    Args:
        queue: Where the messages are; its settings are the mapping's as well.
        entry: The entry point that is called: `handler` or `last_word`.
        clock: Virtual time.
        scheduler: Who runs when.
        usage: The account's executions.
        seed: For jitter.

    Attributes:
        consumers: Who serves: the one whose delivery has sent a message, else the first.
        running: How many messages are being delivered.
        throttled: How often a delivery found no place at all before its message was visible again.
    """

    def __init__(  # noqa: PLR0913, PLR0917  the parts of the world that it connects
        self,
        queue: Queue,
        entry: str,
        clock: VirtualClock,
        scheduler: Scheduler,
        usage: LambdaUsage,
        seed: int = 0,
    ) -> None:
        self.queue = queue
        self.entry = entry
        self.consumers: list[Consumer] = []
        self.running = 0
        self.throttled = 0
        self._clock = clock
        self._scheduler = scheduler
        self._usage = usage
        self._random = Dice(f"{seed} {entry}")
        queue.on_arrival.append(self.accept)

    def accept(self, message: Message) -> None:
        """Begin to watch a message of the queue; one that nobody consumes stays where it is."""
        owner: Consumer | None = message.owner or self._owner_of(self._scheduler.current)
        if owner is None:
            return
        if message.owner is None:
            message.owner = owner
            owner.adopt(message, self._scheduler.current)
        self._scheduler.spawn(
            f"{self.queue.name}: {message.message_id}", lambda: self._watch(message, owner)
        )

    def _owner_of(self, task: Task) -> Consumer | None:
        first = self.consumers[0] if self.consumers else None
        return next((each for each in self.consumers if each.has_sent(task)), first)

    def _watch(self, message: Message, owner: Consumer) -> None:
        """Deliver a message whenever it is visible, until it is gone from the queue."""
        settings = self.queue.settings
        while self._wait_until_visible(message):
            self._clock.sleep(self._random.uniform(*settings.jitter))
            self._scheduler.wait(lambda: self._is_gone(message) or self._has_room())
            if self._is_gone(message) or (handle := self.queue.receive(message)) is None:
                return
            self._start(message, handle, owner)
            if self._random.random() < settings.delivered_twice and self._has_room():
                self._start(message, self.queue.handle(message), owner)

    def _wait_until_visible(self, message: Message) -> bool:
        """Wait; tells whether it is there at all, for its visibility may be changed meanwhile."""
        while not (self._is_gone(message) or self.queue.is_visible(message)):
            until = message.visible_at
            self._scheduler.wait(self._changed(message, until), until)
        return not self._is_gone(message)

    def _changed(self, message: Message, until: float) -> Callable[[], bool]:
        return lambda: message.visible_at != until or self._is_gone(message)

    def _is_gone(self, message: Message) -> bool:
        return message.message_id not in self.queue.messages

    def _has_room(self) -> bool:
        most = self.queue.settings.maximum_concurrency
        return most is None or self.running < most

    # --- one delivery ----------------------------------------------------------------------------

    def _start(self, message: Message, handle: str, owner: Consumer) -> None:
        self.running += 1
        event = self._event(message, handle)
        self._scheduler.spawn(
            f"delivery {message.receive_count} of {self.queue.name}: {message.message_id}",
            lambda: self._deliver(message, handle, owner, event),
        )

    def _deliver(
        self, message: Message, handle: str, owner: Consumer, event: dict[str, Any]
    ) -> None:
        try:
            run = self._place(message)
            if run is None:
                self.throttled += 1
            elif owner.serve(self.entry, event, message, run):
                self.queue.delete(handle)
        finally:
            self.running -= 1

    def _place(self, message: Message) -> Run | None:
        """Get a place in the account; None when none was to be had."""
        settings, until = self.queue.settings, message.visible_at
        pauses = growing(*settings.throttle_pauses, self._random)
        tries = 0
        while (run := self._usage.begin(self.entry)) is None:
            tries += 1
            pause = next(pauses)
            if not settings.holds_throttled and tries >= settings.tries_when_throttled:
                return None
            if self._clock.now + pause >= until:
                return None
            self._clock.sleep(pause)
        return run

    def _event(self, message: Message, handle: str) -> dict[str, Any]:
        attributes = {
            "ApproximateReceiveCount": str(message.receive_count),
            "SentTimestamp": str(int(message.sent_at * 1000)),
            "SenderId": "AROATESTING:stacksets",
            "ApproximateFirstReceiveTimestamp": str(int(message.first_received_at * 1000)),
        }
        if message.source_arn:
            attributes["DeadLetterQueueSourceArn"] = message.source_arn
        record = {
            "messageId": message.message_id,
            "receiptHandle": handle,
            "body": message.body,
            "attributes": attributes,
            "messageAttributes": {},
            "md5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
            "eventSource": "aws:sqs",
            "eventSourceARN": self.queue.arn,
            "awsRegion": self.queue.region,
        }
        return {"Records": [record]}
