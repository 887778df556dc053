"""What the unit tests talk about: a few accounts and regions, and short ways to write values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from handler.errors import Fault, InvalidProperties
from handler.plan.marks import Marks
from handler.properties.reading import parse_properties, read_leniently
from handler.values.observation import InstanceState, Observation, StackSetState
from handler.values.spec import Overrides
from handler.values.targets import Target

ONE, TWO, THREE, FOUR = "111111111111", "222222222222", "333333333333", "444444444444"
TOKYO, VIRGINIA, OREGON, IRELAND = "ap-northeast-1", "us-east-1", "us-west-2", "eu-west-1"
URL = "https://s3.us-east-2.amazonaws.com/cloudformation-pipeline/events.yaml"
STACK_ID = (
    "arn:aws:cloudformation:us-east-1:999999999999:stack/stacksets/"
    "51af3dc0-da77-11e4-872e-1234567db123"
)
STACK_SET_ID = "StackSetsTest:1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9"
PROPERTIES = (
    *("ServiceToken", "ServiceTimeout", "WaitFor", "StackSetName", "StackSetDescription"),
    "Description",
    *("TemplateURL", "TemplateBody", "TemplateDigest", "Parameters", "Tags", "Capabilities"),
    *("AdministrationRoleARN", "ExecutionRoleName", "PermissionModel", "CallAs"),
    "ImportStacks",
    "ManagedExecution",
    *("OperationPreferences", "StackInstances", "StackInstancesGroup"),
    *("FailOnTolerated", "RetainStacks", "RetainStacksOnRemoval", "UnreachableAccounts"),
    *("MaxDeletePercentage", "Revision", "DryRun", "loglevel", "botolevel"),
)
GROUP_MEMBERS = ("Accounts", "DeploymentTargets", "Regions", "ParameterOverrides")
PREFERENCES = (
    *("RegionConcurrencyType", "RegionOrder", "FailureToleranceCount"),
    *("FailureTolerancePercentage", "MaxConcurrentCount", "MaxConcurrentPercentage"),
    "ConcurrencyMode",
)
MARKS = Marks.of(STACK_ID, "StackSet", "request-1")


def targets_of(accounts: Iterable[str], regions: Iterable[str]) -> set[Target]:
    """Every pair of these accounts and regions."""
    listed = list(regions)
    return {Target(account, region) for account in accounts for region in listed}


def group(
    accounts: object = (ONE,), regions: object = (VIRGINIA,), **members: object
) -> dict[str, Any]:
    """A group of stack instances in the awslabs spelling."""
    given = {"Accounts": accounts, "Regions": regions}
    lists = {key: list(v) if isinstance(v, tuple) else v for key, v in given.items()}
    return {**lists, **members}


def faults_of(properties: Mapping[str, Any]) -> tuple[Fault, ...]:
    """What is wrong with these properties; none where they are right."""
    try:
        parse_properties(properties)
    except InvalidProperties as error:
        return error.faults
    return ()


def texts_of(properties: Mapping[str, Any]) -> list[str]:
    """The faults of these properties as the author reads them."""
    return [str(fault) for fault in faults_of(properties)]


def with_url(**properties: object) -> dict[str, Any]:
    """Properties that have the one thing that every stack set needs."""
    return {"TemplateURL": URL, **properties}


def current(last_operation_id: str = "") -> InstanceState:
    """An instance that is as the stack set says."""
    return InstanceState("CURRENT", "SUCCEEDED", last_operation_id=last_operation_id)


def outdated(detailed_status: str = "FAILED", last_operation_id: str = "") -> InstanceState:
    """An instance that is not as the stack set says."""
    return InstanceState("OUTDATED", detailed_status, last_operation_id=last_operation_id)


def stack_set(**members: Any) -> StackSetState:
    """What DescribeStackSet says of the story's stack set."""
    given: dict[str, Any] = {
        "stack_set_id": STACK_SET_ID,
        "name": "StackSetsTest",
        "arn": f"arn:aws:cloudformation:us-east-1:999999999999:stackset/{STACK_SET_ID}",
        "status": "ACTIVE",
        **members,
    }
    return StackSetState(**given)


def observation(
    instances: Mapping[Target, InstanceState] | None = None,
    known_overrides: Mapping[Target, Overrides | None] | None = None,
) -> Observation:
    """A look at the story's stack set."""
    return Observation(stack_set(), instances or {}, known_overrides or {})


accounts = st.sampled_from([ONE, TWO, THREE, FOUR])
regions = st.sampled_from([TOKYO, VIRGINIA, OREGON, IRELAND])
places = st.builds(Target, accounts, regions)


def salvaged(raw: Mapping[str, Any]) -> Mapping[Target, Overrides]:
    """The stack instances that properties name, whatever else is wrong with them."""
    return read_leniently(raw).spec.instances
