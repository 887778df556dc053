"""Worlds in virtual time for the simulation tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.virtual.aws import VirtualAWS, world
from handler import app
from tests.simulation.cloudformation import Stack


@pytest.fixture
def aws() -> Iterator[VirtualAWS]:
    """A virtual AWS whose deployments take 30 s, with the function's clients made for it."""
    for client in (app._cloudformation, app._lambda, app._s3):
        client.cache_clear()
    with world() as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return Stack(aws)
