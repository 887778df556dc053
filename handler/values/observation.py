"""What is there: a stack set, its instances and its operations, as the StackSets API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from handler.values.organization import NO_AUTO_DEPLOYMENT, SERVICE_MANAGED, AutoDeployment
from handler.values.spec import Overrides
from handler.values.targets import Target, may_be_made_by

_UNFINISHED = {"PENDING", "RUNNING"}
_SKIPPED = "SKIPPED_SUSPENDED_ACCOUNT"
_CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class InstanceState:
    """One entry of ListStackInstances.

    Attributes:
        status: CURRENT, OUTDATED or INOPERABLE.
        detailed_status: Such as SUCCEEDED, FAILED or CANCELLED; empty where the API gives none.
        reason: Why the instance is not CURRENT; empty where the API gives none.
        last_operation_id: The operation that touched it last; empty where the API gives none.
        has_stack: Whether there is a stack, or has ever been one.
        unit: The organizational unit for which it was made; empty for none.
        joined_stack_id: The id of its stack where StackSets has not made that, by its name; empty
            otherwise.
    """

    status: str
    detailed_status: str = ""
    reason: str = ""
    last_operation_id: str = ""
    has_stack: bool = False
    unit: str = ""
    joined_stack_id: str = ""

    @classmethod
    def from_api(cls, summary: Mapping[str, Any]) -> Self:
        """Read a StackInstanceSummary."""
        stack_id, stack_set_id = summary.get("StackId") or "", summary.get("StackSetId") or ""
        return cls(
            status=summary.get("Status", ""),
            detailed_status=summary.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
            reason=summary.get("StatusReason", ""),
            last_operation_id=summary.get("LastOperationId", ""),
            has_stack=bool(summary.get("StackId")),
            unit=summary.get("OrganizationalUnitId", ""),
            joined_stack_id="" if may_be_made_by(stack_id, stack_set_id) else stack_id,
        )

    @property
    def is_unfinished(self) -> bool:
        """Whether its last operation has not done with it yet."""
        return self.detailed_status in _UNFINISHED

    @property
    def is_current(self) -> bool:
        """Whether the stack is deployed as the stack set says."""
        return self.status == "CURRENT"

    @property
    def is_inoperable(self) -> bool:
        """Whether a delete has failed half way, so that updates pass the instance over."""
        return self.status == "INOPERABLE"

    @property
    def has_joined(self) -> bool:
        """Whether its stack was there before it."""
        return bool(self.joined_stack_id)

    @property
    def is_failed_import(self) -> bool:
        """Whether its stack was to join the stack set, and has not."""
        return self.detailed_status == "FAILED_IMPORT"

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
    regions: frozenset[str] | None = None
    is_service_managed: bool = False
    auto_deployment: AutoDeployment = NO_AUTO_DEPLOYMENT
    drift_status: str = "NOT_CHECKED"
    drifted_instances: int = 0

    @classmethod
    def from_api(cls, stack_set: Mapping[str, Any]) -> Self:
        """Read a StackSet."""
        tags, parameters = stack_set.get("Tags"), stack_set.get("Parameters")
        drift = stack_set.get("StackSetDriftDetectionDetails") or {}
        capabilities, regions = stack_set.get("Capabilities"), stack_set.get("Regions")
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
            regions=None if regions is None else frozenset(regions),
            is_service_managed=stack_set.get("PermissionModel") == SERVICE_MANAGED,
            auto_deployment=AutoDeployment.from_api(stack_set.get("AutoDeployment") or {}),
            drift_status=drift.get("DriftStatus") or "NOT_CHECKED",
            drifted_instances=drift.get("DriftedStackInstancesCount") or 0,
        )


@dataclass(frozen=True)
class OperationState:
    """One operation of a stack set.

    Attributes:
        began: When it was created, in seconds since the epoch; 0 where the API gives no time.
        ended: The same for its end.
        failed_instances: How many instances it failed on, which its tolerance may have allowed.
        percentage: How much of it is deployed, from 0 to 100; 0 where the API does not tell.
        passed_over: How many instances it has left as they are; 0 where the API does not tell.
    """

    operation_id: str
    action: str
    status: str
    reason: str = ""
    began: float = 0.0
    ended: float = 0.0
    failed_instances: int = 0
    percentage: float = 0.0
    passed_over: int = 0

    @classmethod
    def from_api(cls, operation: Mapping[str, Any]) -> Self:
        """Read a StackSetOperation or a StackSetOperationSummary."""
        created, ended = operation.get("CreationTimestamp"), operation.get("EndTimestamp")
        details = operation.get("StatusDetails") or {}
        stage = (details.get("Stages") or {}).get("StackInstancesDeployment", {})
        return cls(
            operation_id=operation["OperationId"],
            action=operation.get("Action", ""),
            status=operation.get("Status", ""),
            reason=operation.get("StatusReason", ""),
            began=created.timestamp() if created else 0.0,
            ended=ended.timestamp() if ended else 0.0,
            failed_instances=details.get("FailedStackInstancesCount", 0),
            percentage=float(stage.get("PercentageCompleted", 0)),
            passed_over=stage.get("SkippedStackInstancesCount", 0)
            + stage.get("CancelledStackInstancesCount", 0),
        )

    @property
    def may_have_passed_over(self) -> bool:
        """Whether a delete that has ended may have left instances for their accounts' sake."""
        return self.action == "DELETE" and (self.passed_over > 0 or not self.percentage)

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
        known_overrides: The overrides in force of those instances that were looked up one by one;
            None where the API did not know the instance.
        newest_operation_id: The operation started last; empty where there was none.
    """

    stack_set: StackSetState
    instances: Mapping[Target, InstanceState] = field(default_factory=dict)
    known_overrides: Mapping[Target, Overrides | None] = field(default_factory=dict)
    newest_operation_id: str = ""


@dataclass(frozen=True)
class OwningStackState:
    """What DescribeStacks shows of the stack that owns the resource.

    Attributes:
        operation_ids: Its newest operations; empty where the API gives none.
        is_express: Whether it counts a resource as done before that has been answered for.
    """

    status: str
    operation_ids: tuple[str, ...] = ()
    is_express: bool = False

    @classmethod
    def from_api(cls, stack: Mapping[str, Any]) -> Self:
        """Read a Stack."""
        operations = stack.get("LastOperations") or ()
        mode = (stack.get("DeploymentConfig") or {}).get("Mode", "")
        return cls(
            status=stack["StackStatus"],
            operation_ids=tuple(
                each["OperationId"]
                for each in operations
                if each.get("OperationType") != "CREATE_CHANGESET"
            ),
            is_express=mode == "EXPRESS",
        )


_CUSTOM = "AWS::CloudFormation::CustomResource"


@dataclass(frozen=True)
class ResourceState:
    """What DescribeStackResource shows of the resource.

    Attributes:
        physical_id: Empty while CloudFormation has none.
        since: When this status began, in seconds since the epoch.
        is_custom: Whether a function may be what answers for it.
    """

    status: str
    physical_id: str
    since: float
    is_custom: bool = True

    @classmethod
    def from_api(cls, detail: Mapping[str, Any]) -> Self:
        """Read a StackResourceDetail."""
        kind = detail.get("ResourceType", _CUSTOM)
        return cls(
            status=detail["ResourceStatus"],
            physical_id=detail.get("PhysicalResourceId", ""),
            since=detail["LastUpdatedTimestamp"].timestamp(),
            is_custom=kind == _CUSTOM or kind.startswith("Custom::"),
        )


@dataclass(frozen=True)
class ResourceFailure:
    """What an event shows of a request for the resource that has failed.

    Attributes:
        kind: CREATE, UPDATE or DELETE.
        physical_id: What the resource was then.
        properties: What it was to be; None for unknown.
    """

    kind: str
    physical_id: str
    properties: Mapping[str, Any] | None
