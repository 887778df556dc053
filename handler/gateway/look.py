"""One look at a stack set: its configuration, and overrides that have to be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from handler.gateway.stacksets import NotFound, StackSets
from handler.values.observation import InstanceState, Observation
from handler.values.targets import Target


def look(
    stack_sets: StackSets,
    stack_set_id: str,
    instances: Mapping[Target, InstanceState],
    newest_operation_id: str,
) -> Observation:
    """Returns what is there, but for overrides.

    Args:
        stack_sets: The gateway.
        stack_set_id: The stack set.
        instances: All its instances.
        newest_operation_id: The operation started last; empty where there was none.

    Raises:
        NotFound: The stack set is gone.
    """
    live = stack_sets.describe(stack_set_id)
    if live is None:
        raise NotFound(stack_set_id)
    return Observation(live, instances, newest_operation_id=newest_operation_id)


def with_overrides(
    stack_sets: StackSets, seen: Observation, targets: Iterable[Target]
) -> Observation:
    """Returns a look with the overrides of these instances looked up, one call for each."""
    stack_set_id = seen.stack_set.stack_set_id
    known = {each: stack_sets.overrides(stack_set_id, each) for each in targets}
    return replace(seen, known_overrides=known)
