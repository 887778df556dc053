"""How a queue and its event source mapping are set up, and what is not known of SQS."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_INVISIBILITY = 43_200
NOT_IN_FLIGHT = "MessageNotInflight"


@dataclass(frozen=True)
class QueueSettings:
    """How a queue and its mapping are set up, and the readings of what AWS does not promise.

    Attributes:
        visibility_timeout: Seconds for which a message that was received stays hidden.
        max_receive_count: A message that was received so often becomes a dead letter instead of
            being received once more; None for never.
        retention: Seconds after which a message is lost.
        maximum_concurrency: How many invocations the mapping has at the same time; None for no
            limit but the account's.
        jitter: Least and greatest seconds from the moment when a message is visible to the one
            when it is received.
        holds_throttled: What the mapping does when Lambda has no place. True is what its
            documentation says: it tries again with growing pauses until the message becomes
            visible again. False is what some have seen: it gives up after a few tries, and the
            message stays hidden for the rest of its visibility timeout. Either counts as a receive.
        throttle_pauses: The first and the longest of these pauses, in seconds.
        tries_when_throttled: How often it tries with `holds_throttled` False.
        not_in_flight: The error of ChangeMessageVisibility on a message that is visible again:
            MessageNotInflight as modelled, or InvalidParameterValue as for one that is gone.
        old_handles: Whether an earlier receive's handle still works on a message that is in
            flight again; SQS promises it only for the latest.
        delivered_twice: How likely a message is received twice at the same time; SQS promises
            "at least once".
    """

    visibility_timeout: int = 900
    max_receive_count: int | None = 10
    retention: int = 345_600
    maximum_concurrency: int | None = None
    jitter: tuple[float, float] = (0.1, 0.4)
    holds_throttled: bool = True
    throttle_pauses: tuple[float, float] = (1.0, 60.0)
    tries_when_throttled: int = 3
    not_in_flight: str = NOT_IN_FLIGHT
    old_handles: bool = True
    delivered_twice: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what AWS refuses."""
        if self.maximum_concurrency is not None and not 2 <= self.maximum_concurrency <= 1000:  # noqa: PLR2004
            message = f"MaximumConcurrency is from 2 to 1000, not {self.maximum_concurrency}"
            raise ValueError(message)
        if not 0 <= self.visibility_timeout <= LONGEST_INVISIBILITY:
            message = f"VisibilityTimeout is from 0 to 43200, not {self.visibility_timeout}"
            raise ValueError(message)
