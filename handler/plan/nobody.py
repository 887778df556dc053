"""Groups for which nothing is deployed though all has gone well: is that what the author means?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from handler.errors import first_of
from handler.values.observation import InstanceState, Observation
from handler.values.organization import ServiceManaged, UnitGroup
from handler.values.selection import ROOT, Tree
from handler.values.targets import ALL, INTERSECTION


def without_stacks(
    wanted: ServiceManaged, lists: Mapping[str, Collection[str]], tree: Tree, seen: Observation
) -> Iterator[str]:
    """Yields a sentence for each group of which nobody, or not everybody who is named, has a stack.

    Args:
        wanted: What the template wants.
        lists: The accounts behind addresses, as far as they have been read.
        tree: What is known of the organization.
        seen: What is there when all is done.
    """
    for group in wanted.groups:
        here = {t: state for t, state in seen.instances.items() if t.region in group.regions}
        units = in_words(group.units)
        if group.account_filter == INTERSECTION:
            there = {target.account for target in here}
            named = {*group.accounts, *lists.get(group.accounts_url, ())}
            absent = sorted(named - there)
            if absent:
                yield (
                    f"{group.path} names {first_of(absent)}, and StackSets finds no such active"
                    f" account in {units}, so nothing is deployed there: see that it is no typing"
                    " error, and the right unit."
                )
        elif not any(_may_be_for(group, state, tree, wanted) for state in here.values()):
            besides = "" if group.account_filter == ALL else " but those that are excepted"
            joining = wanted.auto_deployment.is_enabled
            later = "; accounts that join get their stacks by AutoDeployment" if joining else ""
            yield (
                f"{group.path} selects nobody, so nothing is deployed for it: {units} has no active"
                f" account{besides}{later}. See that it is the right unit."
            )


def in_words(units: Collection[str]) -> str:
    """Returns units as a sentence names them."""
    return "the organization" if ROOT in units else " and ".join(units)


def _may_be_for(group: UnitGroup, state: InstanceState, tree: Tree, wanted: ServiceManaged) -> bool:
    """Whether an instance is perhaps one of a group's units, which may be below another's."""
    named = {unit for each in wanted.groups for unit in each.units}
    if len(named) > 1 and not tree.above:
        return True
    units = {tree.root if each == ROOT else each for each in group.units}
    above = {each for unit in units for each in tree.ancestors(unit)}
    return state.unit in units | above or not units.isdisjoint(tree.ancestors(state.unit))
