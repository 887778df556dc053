"""The seam between the engine and whatever really deploys a stack."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class DeploymentOrder:
    """What one stack instance needs.

    Attributes:
        action: `CREATE`, `UPDATE`, `DELETE`, or `IMPORT`, which takes a stack as it is.
        stack_set_name: Name of the stack set.
        stack_set_id: `name:uuid`.
        account: The 12 digits of the target account.
        region: The target Region.
        stack_name: `StackSet-NAME-UUID`, the uuid being the instance's.
        stack_id: ARN of the existing stack, or None when it was never created. On CREATE it names
            what a failed create left behind.
        expected_stack_id: The ARN that a stack of this name gets where nothing real makes one.
        template_body: The template as text.
        parameters: The set's parameters with the instance's overrides laid over them; only keys
            that the template declares.
        tags: The set's tags.
        capabilities: The set's capabilities.
        administration_role_arn: The role that StackSets takes in the administrator account.
        execution_role_name: The role that it then takes in the target account.
        service_managed: Whether the service makes the roles by itself.
        execution_role_template: The template of the execution role, if it is a custom one.
        operation_id: The operation that this deployment belongs to.
    """

    action: str
    stack_set_name: str
    stack_set_id: str
    account: str
    region: str
    stack_name: str
    stack_id: str | None
    expected_stack_id: str
    template_body: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...]
    administration_role_arn: str
    execution_role_name: str
    operation_id: str
    service_managed: bool = False
    execution_role_template: str | None = None


@dataclass(frozen=True)
class Outcome:
    """How a deployment ended.

    Attributes:
        succeeded: Whether the stack is now what the order asked for.
        reason: Why not; empty on success.
        stack_id: ARN of the stack once it exists, also when a failed create left one behind.
        parameters: What an imported stack has; empty where nothing was imported.
    """

    succeeded: bool
    reason: str = ""
    stack_id: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


class Deployment(Protocol):
    """One deployment under way."""

    @property
    def ready_at(self) -> float | None:
        """The time at which it will be done, or None when only polling tells."""

    def poll(self, now: float) -> Outcome | None:
        """Return the outcome, or None while the deployment still runs."""


class Deployer(Protocol):
    """Starts deployments: in virtual time, or as real stacks in a real engine."""

    def start(self, order: DeploymentOrder, now: float) -> Deployment:
        """Start what the order asks for."""
