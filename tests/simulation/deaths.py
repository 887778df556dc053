"""At which calls a sandbox has to die, so that it has died in every world that there is."""

from __future__ import annotations

import itertools

from emulator.virtual.aws import VirtualAWS
from tests.simulation.overlaps import FULL

_READS = ("Describe", "List", "Get")


def deaths(aws: VirtualAWS, moment: str, already: int = 0) -> list[int]:
    """Tell at which calls to die, from those of a story that nothing disturbed.

    A dead sandbox remembers nothing, and a read changes nothing. So who dies before a read, after
    it, or before the next call of the same delivery at the same time leaves one and the same world
    behind, as long as lists do not lag and no fault counts calls. Of such deaths only the first is
    told, before its call; after a call dies who changed something and has slept before the next.
    SWEEPS=full tells all.

    Args:
        aws: The world after the story.
        moment: `before` or `after`: on which side of a call the sandbox is to die.
        already: How many calls had been made before the story.

    Returns:
        The numbers of the calls, counted from 1 at the story's first.
    """
    made = list(zip(aws.calls[already:], aws.callers[already:], strict=True))
    numbers = range(1, len(made) + 1)
    if FULL:
        return list(numbers)
    # Whether the death before a call is another one than that after the call before it.
    apart = [True, *(_place(one) != _place(two) for one, two in itertools.pairwise(made))]
    reads = [call[2].startswith(_READS) for call, _ in made]
    if moment == "before":
        return [at for at in numbers if at == 1 or apart[at - 1] or not reads[at - 2]]
    return [at for at in numbers if not reads[at - 1] and (at == len(made) or apart[at])]


def _place(made: tuple[tuple[float, str, str], str]) -> tuple[float, str]:
    """When a call was made and by which delivery."""
    (now, _, _), caller = made
    return now, caller
