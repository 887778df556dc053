"""How the property-based tests of the pure rooms run, and what is logged meanwhile."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same examples in every run, so that a red run is a change and not luck; no time limit for
# one example, so that a busy machine is not a failure either.
settings.register_profile("unit", derandomize=True, database=None, deadline=None)
settings.load_profile("unit")


@pytest.fixture
def logged() -> Iterator[list[logging.LogRecord]]:
    """What is logged meanwhile."""
    records: list[logging.LogRecord] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Handler()
    logger = logging.getLogger("stackset-resource")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)
