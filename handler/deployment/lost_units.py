"""Organizational units that were deleted while a stack set has instances for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from handler.errors import RequestRefused
from handler.gateway.organization import NotTold, Organization
from handler.plan.lost_units import around
from handler.plan.steps import Step
from handler.values.observation import InstanceState
from handler.values.targets import Box, Target

_GONE = re.compile(r"not exist|not found|could not find|no such", re.IGNORECASE)


@dataclass
class LostUnits:
    """The lost units of one request, as far as it has met them.

    Attributes:
        organization: Tells of units, where it may be asked.
        warn: Takes a sentence for the author.
        deployed: Units that have been deployed to; another that is none is a mistake.
        units: The lost ones.
    """

    organization: Organization
    warn: Callable[[str], None]
    deployed: set[str] = field(default_factory=set)
    units: set[str] = field(default_factory=set)

    def learn(self, step: Step, error: RequestRefused) -> bool:
        """Take note of the units for which a call was refused; tells whether there are such."""
        named = self.deployed & {*step.reach.units} if isinstance(step.reach, Box) else set()
        found = {each for each in named - self.units if self._is_lost(each, str(error))}
        self.units |= found
        return bool(found)

    def around(self, steps: Iterable[Step], listed: Mapping[Target, InstanceState]) -> list[Step]:
        """Returns steps that do the same without naming a lost unit.

        Args:
            steps: What is to be done.
            listed: All instances that are there.
        """
        self.deployed |= {each.unit for each in listed.values()}
        if not self.units:
            return list(steps)
        units = " and no ".join(sorted(self.units))
        self.warn(f"The organization has no {units} any more: nothing is made for it.")
        return [part for each in steps for part in around(each, self.units, listed)]

    def _is_lost(self, unit: str, told: str) -> bool:
        try:
            self.organization.above(unit)
        except NotTold as error:
            return bool(error.unknown) or (unit in told and bool(_GONE.search(told)))
        return False
