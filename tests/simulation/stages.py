"""Worlds that are made once and entered as often as they are wanted."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack


class KeptWorld:
    """A world, with the stack that it is about."""

    def __init__(self, aws: VirtualAWS, stack: Stack) -> None:
        """Keep it as it is now."""
        self._kept = (aws, stack)

    @contextmanager
    def enter(self) -> Iterator[tuple[VirtualAWS, Stack]]:
        """Give a copy of the world."""
        aws, stack = copy.deepcopy(self._kept)
        with aws:
            yield aws, stack
        assert aws.unexpected == []
