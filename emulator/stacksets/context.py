"""What all calls of one engine work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.stacksets import arns, permissions
from emulator.stacksets.configuration import SELF_MANAGED, SERVICE_MANAGED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.stacksets.operations import Runner
    from emulator.stacksets.organization import Organization
    from emulator.stacksets.readings import Readings
    from emulator.stacksets.registry import Registry


@dataclass
class Context:
    """The surroundings of a call.

    Attributes:
        account: The administrator account.
        region: Where the stack sets live.
        stack_sets: All stack sets ever made.
        organization: The organization that the account belongs to, or None.
        runner: Carries out operations.
        fetch: Reads what an address leads to.
        new_uuid: Returns an id that was never given out.
    """

    account: str
    region: str
    stack_sets: Registry
    organization: Organization | None
    readings: Readings
    runner: Runner
    now: Callable[[], float]
    fetch: Callable[[str], str]
    new_uuid: Callable[[], str]

    def reachable(self, asked: Mapping[str, Any]) -> Organization:
        """Return the organization, for a call about a service-managed stack set.

        Raises:
            ApiError: ValidationError when it is out of reach for this caller.
        """
        return permissions.reachable(asked, self.account, self.organization)

    def owner(self, asked: Mapping[str, Any]) -> str:
        """Return the account in which the stack sets of such a call live."""
        delegated = asked.get("CallAs") == permissions.DELEGATED_ADMIN
        if self.organization is not None and delegated:
            return self.organization.management_account
        return self.account

    def default_roles(self, asked: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        """Return administration role ARN and execution role name, by permission model."""
        return {
            SELF_MANAGED: arns.default_roles(self.account, self.region),
            SERVICE_MANAGED: arns.service_roles(self.owner(asked), self.region),
        }
