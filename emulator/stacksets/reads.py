"""The calls that only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets import errors
from emulator.stacksets import outputs as responses
from emulator.stacksets.registry import view_of
from emulator.stacksets.state import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.stacksets.history import History
    from emulator.stacksets.readings import Readings
    from emulator.stacksets.registry import Registry
    from emulator.stacksets.state import StackInstance


class Reader:
    """Answers what is asked about stack sets; lists may be of some moments ago.

    Attributes:
        answers: What answers a call, by the name of its API operation.
    """

    def __init__(
        self,
        registry: Registry,
        history: History,
        readings: Readings,
        now: Callable[[], float],
    ) -> None:
        self._registry = registry
        self._history = history
        self._readings = readings
        self._now = now
        self.answers: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "DescribeStackSet": self._describe_stack_set,
            "ListStackSets": self._list_stack_sets,
            "DescribeStackInstance": self._describe_stack_instance,
            "ListStackInstances": self._list_stack_instances,
            "DescribeStackSetOperation": self._describe_operation,
            "ListStackSetOperations": self._list_operations,
            "ListStackSetOperationResults": self._list_operation_results,
            "ListStackSetAutoDeploymentTargets": self._list_followed,
        }

    def _describe_stack_set(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer by id also for a deleted stack set."""
        item = self._registry.get(asked["StackSetName"])
        if item is None or item.call_as != view_of(asked):
            item = self._registry.named(asked)
        return {"StackSet": responses.stack_set(item, self._readings)}

    def _list_stack_sets(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        status = asked.get("Status")
        return responses.page(
            asked,
            self._registry.values(),
            responses.stack_set_summary,
            keep=lambda item: status in {None, item.status} and item.call_as == view_of(asked),
        )

    def _describe_stack_instance(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item = self._registry.named(asked)
        target = Target(asked["StackInstanceAccount"], asked["StackInstanceRegion"])
        moment = self._moment(asked, self._history.lag.instances)
        instance = self._history.instances(item, moment).get(target)
        if instance is None:
            raise errors.stack_instance_not_found(item.stack_set_id, *target)
        return {"StackInstance": responses.stack_instance(item, instance, self._readings)}

    def _list_stack_instances(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item = self._registry.named(asked)
        account, region = asked.get("StackInstanceAccount"), asked.get("StackInstanceRegion")
        filters = {entry["Name"]: entry["Values"] for entry in asked.get("Filters") or ()}
        moment = self._moment(asked, self._history.lag.instances)
        return responses.page(
            asked,
            self._history.instances(item, moment).values(),
            lambda instance: responses.stack_instance_summary(item, instance, self._readings),
            keep=lambda instance: (
                account in {None, instance.target.account}
                and region in {None, instance.target.region}
                and _passes(instance, filters)
            ),
            moment=moment,
        )

    def _describe_operation(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item, operation = self._registry.operation(asked)
        return {"StackSetOperation": responses.operation(item, operation, self._readings)}

    def _list_operations(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer the newest first."""
        item = self._registry.named(asked)
        moment = self._moment(asked, self._history.lag.operations)
        newest_first = reversed(self._history.operations(item, moment).values())
        return responses.page(
            asked,
            newest_first,
            lambda operation: responses.operation_summary(operation, self._readings),
            moment=moment,
        )

    def _list_operation_results(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item, operation = self._registry.operation(asked)
        wanted = [entry["Values"] for entry in asked.get("Filters") or ()]
        moment = self._moment(asked, self._history.lag.results)
        return responses.page(
            asked,
            self._history.results(item, operation, moment).items(),
            lambda pair: responses.operation_result(operation, *pair),
            keep=lambda pair: all(pair[1].status == value for value in wanted),
            moment=moment,
        )

    def _list_followed(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item = self._registry.named(asked)
        return responses.page(asked, item.followed.items(), responses.followed)

    def _moment(self, asked: Mapping[str, Any], lag: float) -> float | None:
        """Return as of when a list answers: a listing that goes on stays where it began."""
        if asked.get("NextToken") is not None:
            return responses.place(asked)[1]
        return self._history.moment(lag, self._now())


def _passes(instance: StackInstance, filters: Mapping[str, str]) -> bool:
    values = {
        "DETAILED_STATUS": instance.detailed_status,
        "LAST_OPERATION_ID": instance.last_operation_id,
        "DRIFT_STATUS": instance.drift_status,
    }
    return all(values.get(name) == value for name, value in filters.items())
