"""One look at a stack set: its configuration, and overrides that have to be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from handler.gateway.signals import NotFound
from handler.gateway.stacksets import StackSets
from handler.values.observation import InstanceState, Observation
from handler.values.spec import Overrides
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
    stack_sets: StackSets,
    seen: Observation,
    targets: Iterable[Target],
    found: dict[Target, Overrides | None],
) -> Observation:
    """Returns a look with overrides, some of which are looked up, one call for each.

    Args:
        stack_sets: The gateway.
        seen: The look.
        targets: The instances to look up.
        found: What was looked up before; takes what is, so that it is there whatever interrupts.
    """
    for each in targets:
        found[each] = stack_sets.overrides(seen.stack_set.stack_set_id, each)
    return replace(seen, known_overrides=found)
