"""Accounts that a group excepts, though it would not have them anyway."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from handler.errors import OutOfTime
from handler.gateway.organization import NotTold, Organization
from handler.plan.nobody import in_words
from handler.values.organization import UnitGroup
from handler.values.selection import ROOT
from handler.values.targets import DIFFERENCE

_MOST_ASKED = 50


def idle_exceptions(
    groups: Collection[UnitGroup], old: Collection[UnitGroup], organization: Organization
) -> Iterator[str]:
    """Yields a sentence for each account that is in none of the units from which it is excepted.

    Args:
        groups: As the author wrote them.
        old: Those of before, whose exceptions are not asked about again.
        organization: Tells in which units accounts are, where it may be asked.
    """
    known = {(account, each.units) for each in old for account in each.accounts}
    asked = [
        (each, account)
        for each in groups
        if each.account_filter == DIFFERENCE
        for account in each.accounts
        if (account, each.units) not in known
    ]
    for group, account in asked[:_MOST_ASKED]:
        try:
            above = organization.home_of(account)
        except (NotTold, OutOfTime):
            return  # no reason to fail for
        if (ROOT in group.units and above) or set(group.units) & set(above):
            continue
        yield (
            f"{group.path}.DeploymentTargets.Accounts excepts {account}, which is not in"
            f" {in_words(group.units)}: see that it is no typing error."
        )
