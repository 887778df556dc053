"""How an operation goes about its work, and which accounts it is for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Preferences:
    """`OperationPreferences`: how wide and how carefully an operation goes.

    Attributes:
        given: The structure as the caller sent it.
    """

    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def region_order(self) -> list[str]:
        """The Regions that come first, in this order."""
        return list(self.given.get("RegionOrder", ()))

    @property
    def parallel(self) -> bool:
        """Whether all Regions are worked on at once."""
        return bool(self.given.get("RegionConcurrencyType") == "PARALLEL")

    def tolerance(self, accounts: int) -> int:
        """Return how many failures a Region of so many accounts may have."""
        if (percentage := self.given.get("FailureTolerancePercentage")) is not None:
            return accounts * int(percentage) // 100
        return int(self.given.get("FailureToleranceCount", 0))

    def concurrency(self, accounts: int, failures: int) -> int:
        """Return how many deployments a Region may run at once after so many failures.

        STRICT mode (the default) lowers it so that the failures can never exceed the tolerance
        by more than one.
        """
        if (percentage := self.given.get("MaxConcurrentPercentage")) is not None:
            wanted = max(1, accounts * int(percentage) // 100)
        else:
            wanted = int(self.given.get("MaxConcurrentCount", 1))
        if self.given.get("ConcurrencyMode") == "SOFT_FAILURE_TOLERANCE":
            return wanted
        return max(1, min(wanted, self.tolerance(accounts) + 1 - failures))


@dataclass(frozen=True)
class Selection:
    """What `DeploymentTargets` and `Regions` select under service-managed permissions.

    Attributes:
        units: The units, in the call's order.
        accounts: The accounts that it names, or that its AccountsUrl lists.
        filter_type: How accounts and units go together, defaults filled in.
        regions: The Regions, in the call's order.
        given: `DeploymentTargets` as the caller sent it.
    """

    units: tuple[str, ...]
    accounts: frozenset[str]
    filter_type: str
    regions: tuple[str, ...]
    given: Mapping[str, Any]

    def selects(self, account: str, *, is_in_units: bool) -> bool:
        """Tell whether an account is meant, which is in the units or is not."""
        named = account in self.accounts
        if self.filter_type == "UNION":
            return is_in_units or named
        if not is_in_units or self.filter_type == "NONE":
            return is_in_units
        return named == (self.filter_type == "INTERSECTION")
