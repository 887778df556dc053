"""CreateStackSet said again: what a token is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.stacksets import errors

if TYPE_CHECKING:
    from emulator.stacksets.readings import Readings
    from emulator.stacksets.registry import Registry
    from emulator.stacksets.state import StackSet

RETRY_SECONDS = 60.0
"""For how long a token is surely taken for a retry."""


def repeated(registry: Registry, wanted: StackSet, readings: Readings) -> StackSet | None:
    """Return the stack set that a creation request has made before; None when it is a new one.

    Args:
        registry: All stack sets ever made.
        wanted: What the request would make.
        readings: What the service is taken to do where it is not documented.

    Raises:
        ApiError: NameAlreadyExistsException or CreatedButModifiedException.
    """
    if existing := registry.active(wanted.name, wanted.call_as):
        _require_same(existing, wanted, readings)
        return existing
    if not readings.token_outlives_stack_set:
        return None
    return next(
        (item for item in registry.values() if _same_request(item, wanted)),
        None,
    )


def _require_same(existing: StackSet, wanted: StackSet, readings: Readings) -> None:
    late = wanted.created_at - existing.created_at > RETRY_SECONDS
    if existing.token != wanted.token or (late and not readings.remembers_creation_token):
        raise errors.name_already_exists(existing.name)
    if existing.configuration != wanted.configuration:
        raise errors.created_but_modified(existing.name)


def _same_request(item: StackSet, wanted: StackSet) -> bool:
    def request(each: StackSet) -> tuple[str, str, str]:
        return each.name, each.token, each.call_as

    return request(item) == request(wanted)
