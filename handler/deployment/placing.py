"""Where a service-managed stack set is to be deployed, and was: what groups come to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from handler.deployment.exceptions import idle_exceptions
from handler.deployment.lost_units import LostUnits
from handler.deployment.root import Root
from handler.errors import Fault, InvalidProperties, StackSetResourceError
from handler.gateway.organization import NotTold, Organization, active_accounts
from handler.observability import logger
from handler.plan.marks import Marks
from handler.plan.nobody import without_stacks
from handler.plan.places import Units, cells_of
from handler.plan.selections import UnknownMembers, change, deletes
from handler.plan.steps import CREATE, IMPORT
from handler.properties.permissions import conflict, no_unit
from handler.values.observation import InstanceState, Observation, StackSetState
from handler.values.organization import ServiceManaged, UnitGroup
from handler.values.selection import (
    ROOT,
    Cell,
    Place,
    Selection,
    Tree,
    disagreements,
    expand,
    united,
)
from handler.values.spec import Previous
from handler.values.targets import ALL_ENABLED, INTERSECTION, Target


@dataclass
class Placing:
    """Works out selections for one request.

    Attributes:
        organization: Tells of units, where it may be asked.
        read_list: Reads the accounts behind an address.
        marks: Those of the request.
        reads_members: Whether to ask who is in the units.
        goes_back: Whether the request is a rollback, which is never refused for what it says.
        warnings: What could not be known, as sentences for the author.
    """

    organization: Organization
    read_list: Callable[[str], Collection[str]]
    marks: Marks
    reads_members: bool = False
    goes_back: Callable[[], bool] = bool
    warnings: list[str] = field(default_factory=list)
    _lists: dict[str, Collection[str]] = field(default_factory=lambda: {"": ()})
    _members: dict[str, frozenset[str]] = field(default_factory=dict)
    _reachable: dict[str, Collection[str]] | None = None
    _are_known: bool = False

    @cached_property
    def _root(self) -> Root:
        return Root(self.organization)

    @cached_property
    def lost(self) -> LostUnits:
        """The units that were deleted though the stack set has instances for them."""
        return LostUnits(self.organization, self.warn)

    def check(self, wanted: ServiceManaged | None) -> None:
        """Make sure, before anything is made, that it is known where to deploy it.

        Raises:
            InvalidProperties: Two groups give an account different overrides, or it takes to know
                what the function may not ask for.
        """
        if wanted is not None:
            nothing = Observation(StackSetState("", "", "", ""))
            self.units(wanted, Previous({}, is_new=True), nothing)

    def units(self, wanted: ServiceManaged, previous: Previous, seen: Observation) -> Units:
        """Returns where the stack set is to be deployed, and where it was before.

        Raises:
            InvalidProperties: Two groups give an account different overrides, or it takes to know
                what the function may not ask for.
        """
        old = _groups_of(previous)
        certain = previous.certain and not previous.is_doubtful
        root = self._root.find((*wanted.groups, *old))
        old = tuple(self._with_regions(each, root, seen, wanted.groups) for each in old)
        was = expand([each for each in old if not each.accounts_url], {}, root)
        for group in old:
            if group.accounts_url:
                was = self._with_listed(was, group, root, seen)
        self.lost.deployed |= {unit for unit, _ in was}
        groups = [self._readable(each, root, seen) for each in wanted.groups]
        wants = expand(groups, self._lists, root)
        overrides = {each.overrides for each in (*groups, *old)}
        tree = Tree(root, members=self._members)
        if self.reads_members or len(overrides) > 1 or deletes(was, wants, tree):
            tree = replace(tree, above=self._above({unit for unit, _ in {**was, **wants}}))
        faults = [conflict(*each) for each in disagreements(groups, tree, self._lists)]
        if faults:
            raise InvalidProperties(faults)
        if certain:
            self._require_known(wanted, {unit for unit, _ in was})
        if len(overrides) > 1:
            self._learn_homes(wants, tree, seen)
        units = Units(wants, was, tree, certain)
        self._require_members(units, seen)
        return units

    def _require_known(self, wanted: ServiceManaged, deployed: Collection[str]) -> None:
        """Make sure, before the first write, that there are the units that are new."""
        new = {
            unit: each.path
            for each in wanted.groups
            for unit in each.units
            if unit not in deployed and unit.startswith("ou-")
        }
        faults = []
        for unit, path in () if self._are_known else sorted(new.items()):
            try:
                self.organization.above(unit)
            except NotTold as error:
                if not error.unknown:
                    break
                faults.append(no_unit(f"{path}.DeploymentTargets", unit))
        self._are_known = True
        if faults:
            raise InvalidProperties(faults)

    def _learn_homes(self, wants: Selection, tree: Tree, seen: Observation) -> None:
        """Learn who is in units below those for which instances were made: overrides may differ."""
        listed = {state.unit for state in seen.instances.values()}
        below = {unit for unit, _ in wants if not listed.isdisjoint(tree.ancestors(unit))}
        try:
            for each in sorted(below - self._members.keys()):
                self._members[each] = self._members_of(each, seen)
        except NotTold as error:
            self.warn(
                "Which of the accounts that were deployed to by a unit above, or by the root, are"
                f" in {', '.join(sorted(below))} is not known ({error}): these keep their"
                " overrides."
            )

    def _members_of(self, unit: str, seen: Observation) -> frozenset[str]:
        """Who is in a unit, at least of those that have an instance; nobody in one that is gone."""
        try:
            if self.reads_members:
                return frozenset(self.organization.accounts(unit))
        except NotTold as error:
            if not error.unknown:
                raise
            return frozenset()
        # Who is asked for must not depend on what this request has made meanwhile.
        accounts = {t.account for t, state in seen.instances.items() if not self._is_new(state)}
        return frozenset(e for e in accounts if self.organization.has(e, unit))

    def tell_of_nobody(
        self, wanted: ServiceManaged, previous: Previous, tree: Tree, seen: Observation
    ) -> None:
        """Warn of groups for which nothing is deployed, and of exceptions that are none.

        Args:
            wanted: What the template wants.
            previous: What it wanted before, which has been told of.
            tree: What is known of the organization.
            seen: What is there when all is done.
        """
        excepted = idle_exceptions(wanted.groups, _groups_of(previous), self.organization)
        for each in (*without_stacks(wanted, self._lists, tree, seen), *excepted):
            self.warn(each)

    def reachable(self, units: Units) -> Mapping[str, Collection[str]]:
        """Returns who can have an instance, by wanted unit; empty where that is not to be asked."""
        if self.reads_members and self._reachable is None:
            self._reachable = self._read_reachable({unit for unit, _ in units.wanted})
        return self._reachable or {}

    def _read_reachable(self, units: Iterable[str]) -> dict[str, Collection[str]]:
        organization = self.organization
        try:
            owner = organization.management_account()
            return {
                unit: active_accounts(organization.accounts(unit)) - {owner}
                for unit in sorted(units)
            }
        except NotTold as error:
            self.warn(f"Whether accounts have joined since is not known ({error}).")
            return {}

    def warn(self, warning: str) -> None:
        """Tell the operator, and the author with the answer."""
        if warning not in self.warnings:
            logger.warning(warning)
            self.warnings.append(warning)

    def _above(self, units: Collection[str]) -> dict[str, tuple[str, ...]]:
        """The units above each, where one may be above another."""
        below_root = sorted(each for each in units if not each.startswith("r-") and each != ROOT)
        if len(below_root) <= 1:
            return {}
        found = {}
        for each in below_root:
            try:
                found[each] = self.organization.above(each)
            except NotTold as error:
                if error.unknown:
                    continue  # there is nobody in it
                self.warn(
                    "Whether one of the organizational units is below another is not known"
                    f" ({error}): they are taken for separate."
                )
                return {}
        return found

    def _readable(self, group: UnitGroup, root: str, seen: Observation) -> UnitGroup:
        """The group, its list read; in a rollback that cannot, what is there of it.

        Raises:
            InvalidProperties: The list cannot be read, or is none.
        """
        url = group.accounts_url
        try:
            if url and url not in self._lists:
                self._lists[url] = self.read_list(url)
        except StackSetResourceError as error:
            if not self.goes_back():
                message = f"cannot be worked out: {error}"
                fault = Fault(f"{group.path}.DeploymentTargets", message)
                raise InvalidProperties([fault]) from error
            self.warn(f"Accounts behind an address stay as they are. {error}")
            cells = self._with_listed({}, group, root, seen).values()
            accounts = tuple(sorted({account for each in cells for account in each.named}))
            return replace(group, account_filter=INTERSECTION, accounts=accounts, accounts_url="")
        return group

    def _with_listed(
        self, was: dict[Place, Cell], group: UnitGroup, root: str, seen: Observation
    ) -> dict[Place, Cell]:
        """What a list behind an address selected: it may hold others by now."""
        own = self._own_in(group, root, seen)
        listed = cells_of(
            (Place(state.unit, target.region), target.account, group.overrides)
            for target, state in own
            if target.region in group.regions
        )
        return united(was, listed)

    def _own_in(
        self, group: UnitGroup, root: str, seen: Observation
    ) -> Iterator[tuple[Target, InstanceState]]:
        """Yields the resource's own instances that were made for a group's units."""
        units = {root if each == ROOT else each for each in group.units}
        for target, state in seen.instances.items():
            if state.unit in units and self.marks.is_of_resource(state.last_operation_id):
                yield target, state

    def _with_regions(
        self, group: UnitGroup, root: str, seen: Observation, wanted: Iterable[UnitGroup]
    ) -> UnitGroup:
        """The same with the Regions that were enabled: those in which the resource has instances.

        What this very request has created was not there before. Where there was nothing at all, it
        is as if no Region had changed: nobody is there for whom to create it anew.
        """
        if ALL_ENABLED not in group.regions:
            return group
        found = {
            target.region
            for target, state in self._own_in(group, root, seen)
            if not self._is_new(state)
        } or {r for each in wanted if {*each.units} & {*group.units} for r in each.regions}
        return replace(group, regions=tuple(sorted(found | {*group.regions} - {ALL_ENABLED})))

    def _is_new(self, state: InstanceState) -> bool:
        return self.marks.action_of(state.last_operation_id) in {CREATE, IMPORT}

    def _require_members(self, units: Units, seen: Observation) -> None:
        """Learn who is in the units that stay below one that leaves."""
        while True:
            try:
                change(units.before, units.wanted, units.tree)
            except UnknownMembers as unknown:
                self._read_members(unknown, seen)
            else:
                return

    def _read_members(self, unknown: UnknownMembers, seen: Observation) -> None:
        below = ", ".join(unknown.below)
        try:
            for each in unknown.below:
                self._members[each] = self._members_of(each, seen)
        except NotTold as error:
            message = (
                f"Unit {unknown.unit} leaves, and {below} below it stays: which accounts leave is"
                f" only known to who may read the organization ({error}). Set the parameter"
                f" ReadOrganization of the function's stack, or keep {unknown.unit} with"
                " AccountFilterType: INTERSECTION and the accounts that are to stay."
            )
            raise InvalidProperties([Fault("", message)]) from error


def _groups_of(previous: Previous) -> tuple[UnitGroup, ...]:
    """The groups that the template had before; none for a stack set that is new."""
    before = previous.spec.service_managed if previous.spec is not None else None
    return () if before is None or previous.is_new else before.groups
