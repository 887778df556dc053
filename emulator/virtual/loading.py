"""A function loaded as often as it runs at once: each sandbox has modules of its own."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def load_again(name: str) -> Any:  # noqa: ANN401  a module
    """Load a module and its whole package once more, with nothing in common with the others.

    Args:
        name: The module's dotted name, such as `handler.app`; what is loaded under it stays.
    """
    package = name.partition(".")[0]
    before = _loaded(package)
    for each in before:
        del sys.modules[each]
    try:
        return importlib.import_module(name)
    finally:
        for each in _loaded(package):
            del sys.modules[each]
        sys.modules.update(before)


def forget_clients(module: Any) -> None:  # noqa: ANN401  a module
    """Have a function make new clients: what the old ones have learnt was of another world."""
    for each in vars(module).values():
        if hasattr(each, "cache_clear"):
            each.cache_clear()


def _loaded(package: str) -> dict[str, Any]:
    return {
        name: module
        for name, module in sys.modules.items()
        if name == package or name.startswith(f"{package}.")
    }
