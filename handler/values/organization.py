"""What a service-managed stack set has that another has not, in the API's own terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from handler.values.targets import ALL

SELF_MANAGED, SERVICE_MANAGED = "SELF_MANAGED", "SERVICE_MANAGED"
SELF, DELEGATED_ADMIN = "SELF", "DELEGATED_ADMIN"


@dataclass(frozen=True)
class AutoDeployment:
    """Whether StackSets itself deploys to accounts that join a unit.

    Attributes:
        retains_stacks: Whether the stacks of an account that leaves stay; nothing while disabled.
        depends_on: ARNs of stack sets whose automatic operations come first.
    """

    is_enabled: bool = False
    retains_stacks: bool = False
    depends_on: frozenset[str] = frozenset()

    @classmethod
    def from_api(cls, shown: Mapping[str, Any]) -> Self:
        """Read an AutoDeployment; what is absent is off."""
        is_enabled = bool(shown.get("Enabled"))
        return cls(
            is_enabled,
            is_enabled and bool(shown.get("RetainStacksOnAccountRemoval")),
            frozenset(shown.get("DependsOn") or ()) if is_enabled else frozenset(),
        )

    def to_api(self) -> dict[str, Any]:
        """Returns what a call sends."""
        if not self.is_enabled:
            return {"Enabled": False}
        told: dict[str, Any] = {
            "Enabled": True,
            "RetainStacksOnAccountRemoval": self.retains_stacks,
        }
        if self.depends_on:
            told["DependsOn"] = sorted(self.depends_on)
        return told


NO_AUTO_DEPLOYMENT = AutoDeployment()


@dataclass(frozen=True)
class UnitGroup:
    """Accounts of organizational units that share Regions and overrides, as the author wrote them.

    Attributes:
        path: Where it is written.
        units: Organizational units; a stand-in for the root, whose id nobody has to know.
        account_filter: Which of their accounts.
        accounts: What the filter names.
        accounts_url: Where a list of further accounts is; empty for none.
    """

    path: str
    units: tuple[str, ...]
    regions: tuple[str, ...]
    account_filter: str = ALL
    accounts: tuple[str, ...] = ()
    accounts_url: str = ""
    overrides: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ServiceManaged:
    """What the template wants of a service-managed stack set.

    Attributes:
        groups: Where it is deployed.
        role_template_body: The template of its own execution role; None for none, or by address.
        role_template_url: The same by address.
        output_bucket: Where StackSets keeps that template; None for its own choice.
        uses_admin_role: Whether UpdateStackSet says that the default role is to be used.
    """

    auto_deployment: AutoDeployment = NO_AUTO_DEPLOYMENT
    groups: tuple[UnitGroup, ...] = field(default=())
    role_template_body: str | None = None
    role_template_url: str | None = None
    output_bucket: str | None = None
    uses_admin_role: bool = False

    @property
    def has_custom_role(self) -> bool:
        """Whether it brings an execution role of its own."""
        return bool(self.role_template_body or self.role_template_url)
