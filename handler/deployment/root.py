"""The organization's root: through it accounts are named that have no unit of their own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from handler.errors import Fault, InvalidProperties
from handler.gateway.organization import NotTold, Organization
from handler.values.organization import UnitGroup
from handler.values.selection import ROOT


@dataclass
class Root:
    """Finds the root for one request.

    Attributes:
        organization: Tells of units, where it may be asked.
    """

    organization: Organization
    _found: str = ""

    def find(self, groups: Iterable[UnitGroup]) -> str:
        """Returns the root's id; ROOT where no group needs it.

        Raises:
            InvalidProperties: It is needed, and nobody tells.
        """
        listed = list(groups)
        named = [unit for each in listed for unit in each.units if unit.startswith("r-")]
        if named:
            return named[0]
        below = next((u for each in listed for u in each.units if u.startswith("ou-")), None)
        if below is not None:
            return f"r-{below.split('-')[1]}"  # the id of a unit has that of its root in it
        if not any(ROOT in each.units for each in listed):
            return ROOT
        if not self._found:
            self._found = self._ask(next((a for e in listed for a in e.accounts), ""))
        return self._found

    def _ask(self, below: str) -> str:
        """The root's id, by an account below it where one is known."""
        if below:
            with contextlib.suppress(NotTold):
                return self.organization.above(below)[-1]
        try:
            return self.organization.root()
        except NotTold as error:
            message = (
                "Accounts without an organizational unit are named through the organization's"
                f" root, which the function cannot find ({error}). Give these accounts a group of"
                " their own with the root's id, r-..., in OrganizationalUnitIds, and"
                " AccountFilterType: INTERSECTION, or let the function ask: parameter"
                " ReadOrganization of its stack."
            )
            raise InvalidProperties([Fault("", message)]) from error
