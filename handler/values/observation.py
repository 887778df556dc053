"""What is there: a stack set, its instances and its operations, as the StackSets API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from handler.values.spec import Overrides
from handler.values.targets import Target

_SKIPPED = "SKIPPED_SUSPENDED_ACCOUNT"
_CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class InstanceState:
    """One entry of ListStackInstances.

    Attributes:
        status: CURRENT, OUTDATED or INOPERABLE.
        detailed_status: Such as SUCCEEDED, FAILED or CANCELLED; empty where the API gives none.
        reason: Why the instance is not CURRENT; empty where the API gives none.
        last_operation_id: The operation that touched it last; empty where the API gives none.
        stack_id: The stack; empty where there has never been one.
    """

    status: str
    detailed_status: str = ""
    reason: str = ""
    last_operation_id: str = ""
    stack_id: str = ""

    @classmethod
    def from_api(cls, summary: Mapping[str, Any]) -> Self:
        """Read a StackInstanceSummary."""
        return cls(
            status=summary.get("Status", ""),
            detailed_status=summary.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
            reason=summary.get("StatusReason", ""),
            last_operation_id=summary.get("LastOperationId", ""),
            stack_id=summary.get("StackId", ""),
        )

    @property
    def is_current(self) -> bool:
        """Whether the stack is deployed as the stack set says."""
        return self.status == "CURRENT"

    @property
    def is_inoperable(self) -> bool:
        """Whether a delete has failed half way, so that updates pass the instance over."""
        return self.status == "INOPERABLE"

    @property
    def is_suspended(self) -> bool:
        """Whether StackSets passes over the instance because its account is suspended."""
        return self.detailed_status == _SKIPPED

    @property
    def is_cancelled(self) -> bool:
        """Whether the instance was not reached because others failed before it."""
        return self.detailed_status == _CANCELLED


@dataclass(frozen=True)
class StackSetState:
    """What DescribeStackSet says; None for a member that the answer does not carry."""

    stack_set_id: str
    name: str
    arn: str
    status: str
    description: str | None = None
    template_body: str | None = None
    parameters: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None
    capabilities: frozenset[str] | None = None
    managed_execution: bool = False
    administration_role_arn: str | None = None
    execution_role_name: str | None = None

    @classmethod
    def from_api(cls, stack_set: Mapping[str, Any]) -> Self:
        """Read a StackSet."""
        tags, parameters = stack_set.get("Tags"), stack_set.get("Parameters")
        capabilities = stack_set.get("Capabilities")
        return cls(
            stack_set_id=stack_set["StackSetId"],
            name=stack_set["StackSetName"],
            arn=stack_set.get("StackSetARN", ""),
            status=stack_set.get("Status", ""),
            description=stack_set.get("Description"),
            template_body=stack_set.get("TemplateBody"),
            parameters=None
            if parameters is None
            else {each["ParameterKey"]: each.get("ParameterValue", "") for each in parameters},
            tags=None if tags is None else {each["Key"]: each["Value"] for each in tags},
            capabilities=None if capabilities is None else frozenset(capabilities),
            managed_execution=bool((stack_set.get("ManagedExecution") or {}).get("Active")),
            administration_role_arn=stack_set.get("AdministrationRoleARN"),
            execution_role_name=stack_set.get("ExecutionRoleName"),
        )


@dataclass(frozen=True)
class OperationState:
    """One operation of a stack set.

    Attributes:
        began: When it was created, in seconds since the epoch; 0 where the API gives no time.
        failed_instances: How many instances it failed on, which its tolerance may have allowed.
    """

    operation_id: str
    action: str
    status: str
    reason: str = ""
    began: float = 0.0
    failed_instances: int = 0

    @classmethod
    def from_api(cls, operation: Mapping[str, Any]) -> Self:
        """Read a StackSetOperation or a StackSetOperationSummary."""
        created = operation.get("CreationTimestamp")
        return cls(
            operation_id=operation["OperationId"],
            action=operation.get("Action", ""),
            status=operation.get("Status", ""),
            reason=operation.get("StatusReason", ""),
            began=created.timestamp() if created else 0.0,
            failed_instances=operation.get("StatusDetails", {}).get("FailedStackInstancesCount", 0),
        )

    @property
    def is_active(self) -> bool:
        """Whether the operation still runs, waits or stops, so that the stack set is not quiet."""
        return self.status in {"RUNNING", "QUEUED", "STOPPING"}


@dataclass(frozen=True)
class Observation:
    """One look at a stack set on which no operation runs.

    Attributes:
        stack_set: Its configuration.
        instances: All its instances, by target.
        known_overrides: The overrides in force of those instances that were looked up one by one.
        newest_operation_id: The operation started last; empty where there was none.
    """

    stack_set: StackSetState
    instances: Mapping[Target, InstanceState] = field(default_factory=dict)
    known_overrides: Mapping[Target, Overrides] = field(default_factory=dict)
    newest_operation_id: str = ""
