"""What the loop asks of a plan, by the stack set's permission model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from handler.deployment.content import in_words
from handler.deployment.operations import Operations
from handler.deployment.placing import Placing
from handler.deployment.removals import Removals
from handler.plan import instances as planning
from handler.plan.imports import plan_imports
from handler.plan.marks import Marks
from handler.plan.memberships import with_members
from handler.plan.places import Units, made_again, missing
from handler.plan.removal import Removal, leaving
from handler.plan.steps import CREATE, DELETE, Step
from handler.plan.unit_deletions import leaving_instances, plan_deletion_by_unit
from handler.plan.units import (
    SetUpdate,
    of_others,
    plan_units,
    unknown_overrides,
    verify_units,
)
from handler.values.observation import InstanceState, Observation
from handler.values.organization import ServiceManaged
from handler.values.selection import Place, Selection, united
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import INTERSECTION, Target


class Planner(Protocol):
    """Works out what to do next for one request."""

    def unknown_overrides(self, seen: Observation) -> list[Target]:
        """The wanted instances whose overrides have to be looked up."""

    def operations_that_override(self, targets: list[Target]) -> int:
        """How many operations set the overrides of these instances, at most."""

    def steps(
        self, operations: Operations, seen: Observation, settled: StackSetSpec, content: str | None
    ) -> list[Step]:
        """The steps from what is there to what the template says.

        Args:
            operations: Those of the stack set.
            seen: What is there.
            settled: What the template says, with the template that is to be deployed.
            content: What UpdateStackSet has to send, in words of its own; None where the stack
                set's own configuration is as it should be.

        Raises:
            StackSetResourceError: They would take away more than they may.
        """

    def going(self, seen: Observation) -> Mapping[Target, InstanceState]:
        """The instances that leave the template, as far as they are listed."""

    def wanted(self, seen: Observation) -> Iterable[Target]:
        """The instances that the template wants, as far as they are known."""

    def verify(self, operations: Operations, seen: Observation) -> None:
        """Say what is not where it should be, when no step is left.

        Raises:
            OperationFailed: Some stack is not.
        """

    def tell_of_nobody(self, seen: Observation) -> None:
        """Warn where nothing is deployed though nothing has failed."""


@dataclass(frozen=True)
class SelfManagedPlanner:
    """Plans for a stack set whose accounts are known one by one."""

    spec: StackSetSpec
    previous: Previous
    marks: Marks
    removals: Removals

    def unknown_overrides(self, seen: Observation) -> list[Target]:
        """See `Planner`."""
        return planning.unknown_overrides(self.spec, self._before(seen), seen, self.marks)

    def operations_that_override(self, targets: list[Target]) -> int:
        """See `Planner`."""
        return planning.operations_that_override(self.spec.instances, targets)

    def steps(
        self, operations: Operations, seen: Observation, settled: StackSetSpec, content: str | None
    ) -> list[Step]:
        """See `Planner`."""
        before, there = self._before(seen), len(seen.instances)
        removal = self.removals.of_update(operations, self.spec, self.going(seen), there, before)
        return planning.plan_deployment(settled, before, seen, self.marks, content, removal=removal)

    def going(self, seen: Observation) -> Mapping[Target, InstanceState]:
        """See `Planner`."""
        return leaving(self.spec.targets, self._before(seen), seen, self.marks)

    def wanted(self, _seen: Observation) -> Iterable[Target]:
        """See `Planner`."""
        return self.spec.targets

    def verify(self, operations: Operations, seen: Observation) -> None:
        """See `Planner`."""
        planning.verify(self.spec, seen, operations.tolerated())

    def tell_of_nobody(self, _seen: Observation) -> None:
        """See `Planner`; who is in units has been asked before anything was planned."""

    def _before(self, seen: Observation) -> Previous:
        return with_members(self.spec, self.previous, seen, self.marks)


@dataclass
class ServiceManagedPlanner:
    """Plans for a stack set whose accounts are those of organizational units, for one look."""

    spec: StackSetSpec
    managed: ServiceManaged
    previous: Previous
    marks: Marks
    removals: Removals
    placing: Placing
    _worked_out: Units | None = None

    def unknown_overrides(self, seen: Observation) -> list[Target]:
        """See `Planner`."""
        return unknown_overrides(self._units(seen), seen, self.marks)

    def operations_that_override(self, targets: list[Target]) -> int:
        """See `Planner`."""
        return min(len(targets), len({each.overrides for each in self.managed.groups}))

    def steps(
        self, operations: Operations, seen: Observation, settled: StackSetSpec, content: str | None
    ) -> list[Step]:
        """See `Planner`."""
        units, going, there = self._units(seen), self.going(seen), len(seen.instances)
        removal = self.removals.of_update(operations, self.spec, going, there, self.previous)
        differs, words = content is not None, content or in_words(settled)
        update = SetUpdate(words, differs, self.managed.auto_deployment)
        units = replace(units, created=operations.named(CREATE))
        again = made_again(units, _deleted(operations), seen.instances)
        units = replace(units, missed=united(again, self._missed(units, seen)))
        imports = plan_imports(self.spec, seen, self.marks)
        return plan_units(units, seen, self.marks, update, removal, imports=imports)

    def going(self, seen: Observation) -> Mapping[Target, InstanceState]:
        """See `Planner`."""
        return leaving_instances(self._units(seen), seen, self.spec.imported)

    def wanted(self, seen: Observation) -> Iterable[Target]:
        """See `Planner`."""
        units = self._units(seen)
        return [
            target
            for target, state in seen.instances.items()
            if target in self.spec.imported or units.wanted_overrides(target, state) is not None
        ]

    def verify(self, operations: Operations, seen: Observation) -> None:
        """See `Planner`."""
        units, imported = self._units(seen), self.spec.imported
        verify_units(units, seen, self.marks, operations.tolerated(), imported)
        is_automatic = self.managed.auto_deployment.is_enabled
        count = 0 if is_automatic else of_others(units, seen, self.marks)
        if count:
            self.placing.warn(
                f"Somebody else has worked last on {count} of the stack instances that the"
                " template selects, so updates leave these alone: change the stack set itself"
                " once, such as its StackSetDescription, and they are this resource's again."
            )

    def tell_of_nobody(self, seen: Observation) -> None:
        """See `Planner`."""
        tree = self._units(seen).tree
        self.placing.tell_of_nobody(self.managed, self.previous, tree, seen)

    def _missed(self, units: Units, seen: Observation) -> Selection:
        """What has to be created for accounts that have joined, where StackSets does not."""
        if self.managed.auto_deployment.is_enabled or not units.certain or self.previous.is_new:
            return {}
        reachable = self.placing.reachable(units)
        return missing(units, reachable, seen.instances)

    def _units(self, seen: Observation) -> Units:
        if self._worked_out is None:
            units = self.placing.units(self.managed, self.previous, seen)
            before = self.previous.spec
            # Some that were named before may have failed then, and join by this request.
            known = before is not None and before.fails_on_tolerated
            joining = self.spec.imported - (self.previous.imported if known else set())
            self._worked_out = replace(units, joining=joining)
        return self._worked_out


def _deleted(operations: Operations) -> Iterator[tuple[Place, str]]:
    """Yields what deletes of this request have named; of those of a dead sandbox, lists tell."""
    for each in operations.successes():
        if each.action != DELETE:
            continue
        if each.units:
            named = each.accounts if each.account_filter == INTERSECTION else ()
            yield from ((Place(u, r), a) for u in each.units for r in each.regions for a in named)
            continue
        units = operations.stack_sets.units_of(each.stack_set_id, each.operation_id)
        yield from ((Place(unit, target.region), target.account) for target, unit in units.items())


def planner_for(
    spec: StackSetSpec, previous: Previous, marks: Marks, removals: Removals, placing: Placing
) -> Planner:
    """Returns the planner of a stack set's permission model, for one look."""
    managed = spec.service_managed
    if managed is None:
        return SelfManagedPlanner(spec, previous, marks, removals)
    return ServiceManagedPlanner(spec, managed, previous, marks, removals, placing)


def plan_deletion(
    spec: StackSetSpec,
    instances: Mapping[Target, InstanceState],
    marks: Marks,
    removal: Removal,
    *,
    is_all: bool = True,
) -> list[Step]:
    """The steps that delete instances.

    Args:
        spec: Tells the permission model.
        instances: Those that go.
        marks: Those of the request.
        removal: What becomes of their stacks.
        is_all: Whether there are no others.
    """
    if spec.service_managed is None:
        return planning.plan_deletion(instances, marks, removal)
    return plan_deletion_by_unit(instances, marks, removal, is_all=is_all)
