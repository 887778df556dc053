"""Worlds in virtual time for the simulation tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import new_stack


@pytest.fixture
def aws() -> Iterator[VirtualAWS]:
    """A virtual AWS whose deployments take 30 s, account after account as they are named."""
    with world(readings=Readings(shuffles_accounts=False)) as virtual:
        yield virtual
        assert virtual.unexpected == []


@pytest.fixture
def stack(aws: VirtualAWS) -> Stack:
    """A stack that has not been created yet."""
    return new_stack(aws)
