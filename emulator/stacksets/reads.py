"""The calls that only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets import outputs as responses
from emulator.stacksets.registry import require_instances
from emulator.stacksets.state import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.stacksets.registry import Registry
    from emulator.stacksets.state import StackInstance


def describe_stack_set(registry: Registry, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `DescribeStackSet`; by id also for a deleted stack set."""
    wanted = asked["StackSetName"]
    item = registry.get(wanted) or registry.find(wanted)
    return {"StackSet": responses.stack_set(item)}


def list_stack_sets(registry: Registry, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `ListStackSets`."""
    status = asked.get("Status")
    return responses.page(
        asked,
        registry.values(),
        responses.stack_set_summary,
        keep=lambda item: status in {None, item.status},
    )


def describe_stack_instance(registry: Registry, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `DescribeStackInstance`."""
    item = registry.find(asked["StackSetName"])
    target = Target(asked["StackInstanceAccount"], asked["StackInstanceRegion"])
    (instance,) = require_instances(item, [target])
    return {"StackInstance": responses.stack_instance(item, instance)}


def list_stack_instances(registry: Registry, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `ListStackInstances`."""
    item = registry.find(asked["StackSetName"])
    account, region = asked.get("StackInstanceAccount"), asked.get("StackInstanceRegion")
    filters = {entry["Name"]: entry["Values"] for entry in asked.get("Filters") or ()}
    return responses.page(
        asked,
        item.instances.values(),
        lambda instance: responses.stack_instance_summary(item, instance),
        keep=lambda instance: (
            account in {None, instance.target.account}
            and region in {None, instance.target.region}
            and _passes(instance, filters)
        ),
    )


def describe_operation(registry: Registry, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `DescribeStackSetOperation`."""
    item, operation = registry.operation(asked)
    return {"StackSetOperation": responses.operation(item, operation)}


def list_operations(registry: Registry, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `ListStackSetOperations`, newest first."""
    item = registry.find(asked["StackSetName"])
    newest_first = reversed(item.operations.values())
    return responses.page(asked, newest_first, responses.operation_summary)


def list_operation_results(registry: Registry, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer `ListStackSetOperationResults`."""
    _, operation = registry.operation(asked)
    wanted = [entry["Values"] for entry in asked.get("Filters") or ()]
    return responses.page(
        asked,
        operation.results.items(),
        lambda pair: responses.operation_result(*pair),
        keep=lambda pair: all(pair[1].status == value for value in wanted),
    )


def _passes(instance: StackInstance, filters: Mapping[str, str]) -> bool:
    values = {
        "DETAILED_STATUS": instance.detailed_status,
        "LAST_OPERATION_ID": instance.last_operation_id,
        "DRIFT_STATUS": "NOT_CHECKED",
    }
    return all(values.get(name) == value for name, value in filters.items())
