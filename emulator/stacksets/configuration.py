"""What belongs to a stack set as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SELF_MANAGED = "SELF_MANAGED"
SERVICE_MANAGED = "SERVICE_MANAGED"


@dataclass(frozen=True)
class AutoDeployment:
    """Whether the service follows the members of the units that it has been told."""

    enabled: bool
    retain_stacks: bool = False
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Configuration:
    """Everything about a stack set that `UpdateStackSet` can change.

    Attributes:
        auto_deployment: None under self-managed permissions.
        execution_role_template: The template of a role that the service makes in the members.
        output_bucket: Where that is kept.
    """

    template_body: str
    description: str | None
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    administration_role_arn: str
    execution_role_name: str
    managed_execution: bool
    permission_model: str = SELF_MANAGED
    auto_deployment: AutoDeployment | None = None
    execution_role_template: str | None = None
    output_bucket: str | None = None

    @property
    def service_managed(self) -> bool:
        """Whether the service makes the roles, and reaches accounts by their units."""
        return self.permission_model == SERVICE_MANAGED

    @property
    def follows_units(self) -> bool:
        """Whether the service acts when accounts come and go."""
        return self.auto_deployment is not None and self.auto_deployment.enabled

    def outdates(self, previous: Configuration) -> bool:
        """Tell whether a change from `previous` to this one marks every instance OUTDATED."""
        return (self.template_body, self.parameters) != (
            previous.template_body,
            previous.parameters,
        )
