"""What the loop asks of a plan, by the stack set's permission model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from handler.deployment.placing import Placing
from handler.plan import instances as planning
from handler.plan.marks import Marks
from handler.plan.steps import Step
from handler.plan.units import (
    SetUpdate,
    Units,
    plan_deletion_by_unit,
    plan_units,
    unknown_overrides,
    verify_units,
)
from handler.values.observation import InstanceState, Observation
from handler.values.organization import ServiceManaged
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Target


class Planner(Protocol):
    """Works out what to do next for one request."""

    def unknown_overrides(self, seen: Observation) -> list[Target]:
        """The wanted instances whose overrides have to be looked up."""

    def operations_that_override(self, targets: list[Target]) -> int:
        """How many operations set the overrides of these instances, at most."""

    def steps(
        self, seen: Observation, spec: StackSetSpec, content: str, *, differs: bool
    ) -> list[Step]:
        """The steps from what is there to what the template says.

        Args:
            seen: What is there.
            spec: What the template says, with the template that is to be deployed.
            content: What UpdateStackSet has to send, in words of its own.
            differs: Whether the stack set's own configuration differs.
        """

    def verify(self, seen: Observation) -> None:
        """Say what is not where it should be, when no step is left.

        Raises:
            OperationFailed: Some stack is not.
        """


@dataclass(frozen=True)
class SelfManagedPlanner:
    """Plans for a stack set whose accounts are named one by one."""

    spec: StackSetSpec
    previous: Previous
    marks: Marks

    def unknown_overrides(self, seen: Observation) -> list[Target]:
        """See `Planner`."""
        return planning.unknown_overrides(self.spec, self.previous, seen, self.marks)

    def operations_that_override(self, targets: list[Target]) -> int:
        """See `Planner`."""
        return planning.operations_that_override(self.spec.instances, targets)

    def steps(
        self, seen: Observation, spec: StackSetSpec, content: str, *, differs: bool
    ) -> list[Step]:
        """See `Planner`."""
        set_content = content if differs else None
        return planning.plan_deployment(spec, self.previous, seen, self.marks, set_content)

    def verify(self, seen: Observation) -> None:
        """See `Planner`."""
        planning.verify(self.spec, seen)


@dataclass(frozen=True)
class ServiceManagedPlanner:
    """Plans for a stack set whose accounts are those of organizational units."""

    wanted: ServiceManaged
    previous: Previous
    marks: Marks
    placing: Placing

    def unknown_overrides(self, seen: Observation) -> list[Target]:
        """See `Planner`."""
        return unknown_overrides(self._units(seen), seen, self.marks)

    def operations_that_override(self, targets: list[Target]) -> int:
        """See `Planner`."""
        return min(len(targets), len({each.overrides for each in self.wanted.groups}))

    def steps(
        self, seen: Observation, _spec: StackSetSpec, content: str, *, differs: bool
    ) -> list[Step]:
        """See `Planner`."""
        update = SetUpdate(content, differs, self.wanted.auto_deployment)
        return plan_units(self._units(seen), seen, self.marks, update)

    def verify(self, seen: Observation) -> None:
        """See `Planner`."""
        verify_units(self._units(seen), seen, self.marks)

    def _units(self, seen: Observation) -> Units:
        return self.placing.units(self.wanted, self.previous, seen)


def plan_deletion(
    spec: StackSetSpec, instances: Mapping[Target, InstanceState], marks: Marks
) -> list[Step]:
    """The steps that delete all instances.

    Args:
        spec: Tells the permission model.
        instances: All that are there.
        marks: Those of the request.
    """
    if spec.service_managed is None:
        return planning.plan_deletion(instances, marks)
    return plan_deletion_by_unit(instances, marks)
