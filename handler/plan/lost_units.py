"""How to reach the instances of an organizational unit that has been deleted. No AWS here.

A call that names such a unit is refused, and its accounts are in other units by now, nobody knows
in which. All are below the root.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from handler.plan.boxes import cover_accounts
from handler.plan.steps import CREATE, Step, reached
from handler.values.observation import InstanceState
from handler.values.targets import INTERSECTION, Box, Target


def around(
    step: Step, lost: Collection[str], listed: Mapping[Target, InstanceState]
) -> Iterator[Step]:
    """Yields steps that do the same, and name no lost unit.

    In a lost unit there is nobody to create anything for.

    Args:
        step: What is to be done.
        lost: Units that have been deleted.
        listed: All instances that are there.
    """
    box = step.reach
    if not isinstance(box, Box) or not set(lost) & set(box.units):
        yield step
        return
    found = (
        []
        if step.action == CREATE
        else [each for each in reached(step, listed) if listed[each].unit in lost]
    )
    units = tuple(each for each in box.units if each not in lost)
    accounts = box.accounts
    if box.account_filter == INTERSECTION:
        gone = {each.account for each in found}
        accounts = tuple(each for each in accounts if each not in gone)
    if units and (accounts or box.account_filter != INTERSECTION):
        yield replace(step, reach=replace(box, units=units, accounts=accounts))
    for each in cover_accounts({target: _root_above(listed[target].unit) for target in found}):
        yield replace(step, reach=each, regions=each.regions)


def _root_above(unit: str) -> str:
    """The root's id, which is part of every unit's: ``ou-ROOT-...`` is below ``r-ROOT``."""
    return f"r-{unit.split('-')[1]}"
