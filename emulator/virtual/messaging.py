"""SQS with Lambda's event source mappings on it, as the function's template sets them up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emulator.virtual import sqs
from emulator.virtual.mappings import Consumer, EventSourceMapping
from emulator.virtual.queue import Queue
from emulator.virtual.queue_settings import QueueSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.virtual.clock import VirtualClock
    from emulator.virtual.scheduler import Scheduler
    from emulator.virtual.usage import LambdaUsage

QUEUE_NAME = "stacksets"


class Messaging:
    """The function's queue, its dead letters, and the two mappings.

    Args:
        clock: Virtual time.
        scheduler: Who runs when.
        usage: The account's executions.
        settings: Of the queue and its mapping.
        account: The account of the queues.
        region: Their Region.
        seed: For ids and jitter.

    Attributes:
        queue: Where the function sends to.
        dead_letters: Where messages go that were received too often.
        mapping: Calls `handler` with what is in the queue.
        dead_letter_mapping: Calls `last_word` with the dead letters.
    """

    def __init__(  # noqa: PLR0913  the parts of the world that it connects
        self,
        clock: VirtualClock,
        scheduler: Scheduler,
        usage: LambdaUsage,
        settings: QueueSettings | None = None,
        *,
        account: str,
        region: str,
        seed: int = 0,
    ) -> None:
        settings = settings or QueueSettings()
        of_letters = replace(settings, max_receive_count=None)
        place: dict[str, Any] = {"account": account, "region": region, "seed": seed}
        name = f"{QUEUE_NAME}-dead-letters"
        self.dead_letters = Queue(name, clock.time, of_letters, **place)
        self.queue = Queue(
            QUEUE_NAME, clock.time, settings, dead_letters=self.dead_letters, **place
        )
        world = (clock, scheduler, usage)
        self.mapping = EventSourceMapping(self.queue, "handler", *world, seed=seed)
        self.dead_letter_mapping = EventSourceMapping(
            self.dead_letters, "last_word", *world, seed=seed
        )

    def subscribe(self, consumer: Consumer) -> None:
        """Hand messages to a consumer from now on."""
        for mapping in (self.mapping, self.dead_letter_mapping):
            mapping.consumers.append(consumer)

    def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out an action of SQS.

        Raises:
            ApiError: SQS refuses.
        """
        queues = {each.url: each for each in (self.queue, self.dead_letters)}
        return sqs.call(queues, action, parameters)
