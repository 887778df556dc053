"""The function loaded as often as it runs at once: each sandbox has modules of its own."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from emulator.virtual.functions import Sandboxes
from handler import app

_LOADED: list[Any] = [app]


def load() -> Any:
    """Load the function once more, with nothing in common with the others."""
    ours = {name: module for name, module in sys.modules.items() if _is_ours(name)}
    for name in ours:
        del sys.modules[name]
    try:
        copy = importlib.import_module("handler.app")
    finally:
        for name in [name for name in sys.modules if _is_ours(name)]:
            del sys.modules[name]
        sys.modules.update(ours)
    _LOADED.append(copy)
    return copy


def forget_clients() -> None:
    """Have every copy make new clients: what the old ones have learnt was of another world."""
    for copy in _LOADED:
        for client in (
            copy._cloudformation,
            copy._lambda,
            copy._s3,
            copy._sqs,
            copy._events,
            copy._sts,
        ):
            client.cache_clear()


def _is_ours(name: str) -> bool:
    return name == "handler" or name.startswith("handler.")


WARM = Sandboxes(app, load)
"""Kept from test to test, since loading takes half a second."""
