"""Fixtures of the engine's tests."""

import pytest

from tests.emulator.bench import Bench


@pytest.fixture
def bench() -> Bench:
    """An engine with nothing in it."""
    return Bench()


@pytest.fixture
def ready() -> Bench:
    """An engine with one stack set without instances."""
    bench = Bench()
    bench.create()
    return bench
