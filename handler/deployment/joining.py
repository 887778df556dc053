"""What is looked at, before the first write, of stacks that are to join the stack set."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from handler.deployment.request import Request, is_stack_set_id
from handler.errors import Fault
from handler.gateway.organization import NotTold, Organization
from handler.gateway.stacksets import StackSets
from handler.gateway.standing_stacks import NoSuchStack, StandingStacks
from handler.gateway.templates import Templates
from handler.properties.import_paths import paths_of_stacks
from handler.properties.permissions import no_unit
from handler.values.spec import StackSetSpec
from handler.values.targets import place_of_stack
from handler.values.templates import is_surely_another

_MOST_ACCOUNTS = 50


@dataclass(frozen=True)
class Joining:
    """The checks of stacks that are to join; what cannot be read is left to CloudFormation.

    Attributes:
        request: The request.
        stack_sets: Tells which stacks have joined already.
        organization: Tells in which units accounts are.
        standing: Gives the templates of stacks.
        templates: Gives the wanted template's text.
        home: The function's own account, whose stacks it can read.
    """

    request: Request
    stack_sets: StackSets
    organization: Organization
    standing: StandingStacks
    templates: Templates
    home: str

    def faults(self, spec: StackSetSpec, new: Collection[str]) -> Iterator[Fault]:
        """Yields what is wrong with stacks that were not named before.

        Args:
            spec: What is wanted.
            new: The ids of these stacks.
        """
        paths = {k: v for k, v in paths_of_stacks(self.request.properties).items() if k in new}
        yield from self._faults_of_units(spec, paths)
        own = {k: v for k, v in paths.items() if place_of_stack(k).account == self.home}
        if not own:
            return
        there = self._members()
        text = None if spec.adopts else self.templates.read(spec)
        for stack_id, path in own.items():
            if stack_id not in there:
                yield from self._faults_of_stack(stack_id, path, text)

    def _members(self) -> set[str]:
        """Those that have joined for a request that failed: they may have an older template."""
        present = self.request.physical_id
        if not is_stack_set_id(present):
            return set()
        return {each.joined_stack_id for each in self.stack_sets.instances(present).values()}

    def _faults_of_stack(self, stack_id: str, path: str, wanted: str | None) -> Iterator[Fault]:
        try:
            text = self.standing.template(stack_id)
        except NoSuchStack:
            region = place_of_stack(stack_id).region
            message = (
                f"names {stack_id}, and there is no such stack in {region}: write the id as"
                f" `aws cloudformation describe-stacks --region {region}` shows it"
            )
            yield Fault(path, message)
            return
        if text is not None and wanted is not None and is_surely_another(text, wanted):
            message = (
                f"names {stack_id}, whose template is another than the stack set's: update that"
                " stack to the stack set's template first, or write the stack's template here"
            )
            yield Fault(path, message)

    def _faults_of_units(self, spec: StackSetSpec, paths: Mapping[str, str]) -> Iterator[Fault]:
        for stacks in spec.imports:
            named = [each for each in stacks.stack_ids if each in paths]
            for unit in stacks.units if named else ():
                if self._is_unknown(unit):
                    yield from (no_unit(paths[each], unit) for each in named)
                    named = []
            for stack_id in named[:_MOST_ACCOUNTS] if stacks.units else ():
                yield from self._faults_of_home(stack_id, paths[stack_id], stacks.units)

    def _is_unknown(self, unit: str) -> bool:
        try:
            self.organization.above(unit)
        except NotTold as error:
            return error.unknown == unit
        return False

    def _faults_of_home(self, stack_id: str, path: str, units: Collection[str]) -> Iterator[Fault]:
        account = place_of_stack(stack_id).account
        try:
            above = self.organization.home_of(account)
        except NotTold:
            return
        if not above:
            message = f"names a stack of {account}, which is no account of the organization"
            yield Fault(path, f"{message}: take it out")
        elif not set(units) & set(above):
            message = (
                f"names {', '.join(units)}, and {account} is not in it: write {above[0]}, the unit"
                " of that account, or one above it"
            )
            yield Fault(f"{path}.OrganizationalUnitIds", message)


def newcomers(spec: StackSetSpec, before: StackSetSpec | None) -> frozenset[str]:
    """Returns the ids of the stacks that are to join, and were not named before."""
    return _named(spec) - (_named(before) if before is not None else frozenset())


def _named(spec: StackSetSpec) -> frozenset[str]:
    return frozenset(each for stacks in spec.imports for each in stacks.stack_ids)
