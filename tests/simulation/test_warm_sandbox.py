"""A sandbox that serves many requests stays as it was."""

from __future__ import annotations

import gc
import threading
import tracemalloc

from emulator.virtual.cloudformation import Stack
from tests.simulation.story import properties

REQUESTS = 150
WARM_UP = 50
MOST_GROWTH = 20_000


def _bytes_of_handler() -> int:
    gc.collect()
    snapshot = tracemalloc.take_snapshot()
    own = snapshot.filter_traces(
        [tracemalloc.Filter(inclusive=True, filename_pattern="*/handler/*")]
    )
    return sum(each.size for each in own.statistics("filename"))


def test_many_requests(stack: Stack) -> None:
    """After many requests no thread is left, and what the function's code holds has not grown."""
    stack.deploy(properties())
    threads = threading.active_count()
    tracemalloc.start()
    try:
        for number in range(REQUESTS):
            # One that is warned of would be kept by the records that pytest keeps of the log.
            preferences = {"RegionConcurrencyType": "PARALLEL", "FailureToleranceCount": number}
            stack.deploy(properties(OperationPreferences=preferences))
            if number == WARM_UP:
                before = _bytes_of_handler()
        growth = _bytes_of_handler() - before
    finally:
        tracemalloc.stop()

    assert stack.status == "UPDATE_COMPLETE"
    assert threading.active_count() <= threads
    assert growth < MOST_GROWTH
