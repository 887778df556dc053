"""Who is meant where a self-managed group names units, or a list elsewhere, instead of accounts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from handler.errors import Fault, InvalidProperties, StackSetResourceError, first_of
from handler.gateway.organization import NotTold, Organization, active_accounts
from handler.plan.nobody import in_words
from handler.properties.permissions import no_unit
from handler.values.memberships import Membership
from handler.values.spec import Overrides, StackSetSpec
from handler.values.targets import Target

_MOST_READINGS = 5
_WAY_OUT = "or write the accounts into Accounts"


@dataclass
class Memberships:
    """Finds out, before anything is written, which instances a template means.

    Attributes:
        organization: Tells who is in a unit.
        read_list: Reads the accounts behind an address.
        goes_back: Whether the request is a rollback, which is never refused for what it says.
        reads_members: Whether the function may ask who is in the units.
        warnings: What could not be known, as sentences for the author.
    """

    organization: Organization
    read_list: Callable[[str], Collection[str]]
    goes_back: Callable[[], bool]
    reads_members: bool = False
    warnings: list[str] = field(default_factory=list)

    def resolve(self, spec: StackSetSpec) -> StackSetSpec:
        """Returns the same with every instance that is meant.

        In a rollback that cannot know who is meant, their instances stay as they are.

        Raises:
            InvalidProperties: The function may not ask, was not told all, or two groups give an
                account different overrides.
        """
        if not spec.memberships:
            return spec
        try:
            meant = self._meant(spec.memberships)
        except InvalidProperties as error:
            if not self.goes_back():
                raise
            text = "The instances of accounts that are named by unit or list stay as they are."
            self.warnings.append(f"{text} {error}")
            return replace(spec, leaves_members=True)
        self._warn(_of_nobody(each) for each, accounts in meant if not accounts)
        faults = list(_conflicts(meant, spec))
        if faults and not self.goes_back():
            raise InvalidProperties(faults)
        members: dict[Target, Overrides] = {}
        for membership, accounts in meant:
            for target in _targets(membership, accounts):
                members[target] = membership.overrides
        return replace(
            spec,
            instances={**members, **spec.instances},
            members=frozenset(members) - spec.instances.keys(),
        )

    def _meant(
        self, memberships: Collection[Membership]
    ) -> list[tuple[Membership, frozenset[str]]]:
        listed = {each.path: self._listed(each) for each in memberships}
        by_unit = [each for each in memberships if each.units]
        if by_unit and not self.reads_members:
            raise InvalidProperties([_denied(each) for each in by_unit])
        found = self._in_units(by_unit)
        return [
            (each, frozenset(listed[each.path] | found.get(each.path, frozenset())))
            for each in memberships
        ]

    def _listed(self, membership: Membership) -> frozenset[str]:
        if not membership.accounts_url:
            return frozenset()
        try:
            return frozenset(self.read_list(membership.accounts_url))
        except StackSetResourceError as error:
            message = f"names a list that is of no use: {error}"
            raise InvalidProperties([Fault(f"{membership.path}.AccountsUrl", message)]) from error

    def _in_units(self, memberships: Collection[Membership]) -> dict[str, frozenset[str]]:
        if not memberships:
            return {}
        try:
            owner = self.organization.management_account()
            statuses = self._statuses(memberships)
        except NotTold as error:
            message = (
                f"cannot be read in full ({error}), and who is not seen is not taken for gone. The"
                " function has to run in the organization's management account or a delegated"
                " administrator's, with the parameter ReadOrganization: EVERYTHING of its stack;"
                f" mend that, {_WAY_OUT}"
            )
            faults = [Fault(f"{each.path}.OrganizationalUnitIds", message) for each in memberships]
            raise InvalidProperties(faults) from error
        self._warn(t for each in memberships for t in _idle_exceptions(each, statuses, owner))
        return {each.path: _members(each, statuses, owner) for each in memberships}

    def _warn(self, texts: Iterable[str]) -> None:
        self.warnings += [each for each in texts if each not in self.warnings]

    def _statuses(self, memberships: Collection[Membership]) -> Mapping[str, Mapping[str, str]]:
        """The status of each account by unit, read until two readings are alike.

        An account that moves while units are read one after the other may be seen in neither.
        """
        before: dict[str, dict[str, str]] | None = None
        for _ in range(_MOST_READINGS):
            found = self._one_reading(memberships)
            if found == before:
                return found
            before = found
        action, message = "ListAccountsForParent", "accounts move while they are listed"
        raise NotTold(action, message)

    def _one_reading(self, memberships: Collection[Membership]) -> dict[str, dict[str, str]]:
        found, faults = {}, []
        for unit in sorted({unit for each in memberships for unit in each.units}):
            try:
                found[unit] = self.organization.accounts(unit)
            except NotTold as error:
                if error.unknown != unit:
                    raise
                faults += [no_unit(each.path, unit) for each in memberships if unit in each.units]
        if faults:
            raise InvalidProperties(faults)
        return found


def _members(
    membership: Membership, statuses: Mapping[str, Mapping[str, str]], owner: str
) -> frozenset[str]:
    found = {each for unit in membership.units for each in active_accounts(statuses[unit])}
    found.discard(owner)
    if membership.includes_management_account:
        found.add(owner)
    return frozenset(found - membership.excluded)


def _of_nobody(membership: Membership) -> str:
    units = in_words(membership.units)
    return (
        f"{membership.path} selects nobody, so nothing is deployed for it: {units} has no active"
        " account but those that are excepted. See that it is the right unit."
    )


def _idle_exceptions(
    membership: Membership, statuses: Mapping[str, Mapping[str, str]], owner: str
) -> Iterator[str]:
    """Yields a sentence about accounts that would not be meant anyway, a typing error perhaps."""
    there = {account for unit in membership.units for account in statuses[unit]}
    idle = sorted(membership.excluded - there - {owner})
    if idle:
        units = in_words(membership.units)
        yield (
            f"{membership.path}.ExcludedAccounts names {first_of(idle)}, and {units} has no such"
            " account: see that it is no typing error."
        )


def _targets(membership: Membership, accounts: Collection[str]) -> Iterator[Target]:
    return (
        Target(account, region) for account in sorted(accounts) for region in membership.regions
    )


def _denied(membership: Membership) -> Fault:
    message = (
        "takes a right to ask who is in the units, which the function does not have: set the"
        f" parameter ReadOrganization of its stack to EVERYTHING, {_WAY_OUT}. If StackSets itself"
        " is to go by units, write PermissionModel: SERVICE_MANAGED"
    )
    return Fault(f"{membership.path}.OrganizationalUnitIds", message)


def _conflicts(
    meant: Collection[tuple[Membership, frozenset[str]]], spec: StackSetSpec
) -> Iterator[Fault]:
    """Yields groups that give an account other overrides than an earlier one, the first of each."""
    first: dict[Target, tuple[str, Overrides]] = {
        target: (spec.written_in.get(target, "another group"), overrides)
        for target, overrides in spec.instances.items()
    }
    for membership, accounts in meant:
        for target in _targets(membership, accounts):
            path, overrides = first.setdefault(target, (membership.path, membership.overrides))
            if overrides != membership.overrides:
                message = (
                    f"gives {target.account} in {target.region} other overrides than {path}: take"
                    " it out of one of the two (ExcludedAccounts), or write the same overrides"
                )
                yield Fault(membership.path, message)
                break
