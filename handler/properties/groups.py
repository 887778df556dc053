"""Groups of stack instances: which accounts and Regions, and with what overrides."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydantic import Field

from handler.errors import Fault
from handler.properties import fields, unit_fields
from handler.properties.maps import Properties
from handler.properties.unit_fields import UNION
from handler.values.memberships import Membership
from handler.values.organization import UnitGroup
from handler.values.selection import ROOT
from handler.values.spec import Overrides
from handler.values.targets import ALL, DIFFERENCE, INTERSECTION, Target


class Targets(Properties):
    """The native resource's way to name accounts."""

    Accounts: fields.Accounts | None = None
    AccountsUrl: fields.TemplateUrl | None = None
    OrganizationalUnitIds: unit_fields.Units | None = None
    AccountFilterType: unit_fields.AccountFilterType | None = None
    ExcludedAccounts: fields.Accounts | None = None
    IncludeManagementAccount: fields.Boolean = False

    @property
    def names_accounts(self) -> bool:
        """Whether accounts are named one by one, here or in a list elsewhere."""
        return self.Accounts is not None or self.AccountsUrl is not None


class Group(Properties):
    """Stack instances that share Regions and overrides."""

    Accounts: fields.Accounts | None = None
    DeploymentTargets: Targets | None = None
    Regions: fields.Regions
    ParameterOverrides: fields.Parameters = Field(default={})

    def faults(self, path: str, unreadable: Collection[str]) -> Iterator[Fault]:
        """Yields what is wrong among members that are each right by themselves.

        Args:
            path: The group's own.
            unreadable: Paths of what was left out because it is wrong by itself.
        """
        places = (f"{path}.Accounts", f"{path}.DeploymentTargets")
        is_told = any(each.startswith(places) for each in unreadable)
        if self.Accounts is None and self.DeploymentTargets is None and not is_told:
            yield Fault(path, "names no accounts: write Accounts, or leave the group out")
        named = self.DeploymentTargets
        if self.Accounts is not None and named is not None:
            yield Fault(path, "has both Accounts and DeploymentTargets: keep one of the two")
        if named is not None and named.Accounts is not None and named.AccountsUrl is not None:
            message = "has both Accounts and AccountsUrl: keep one of the two"
            yield Fault(f"{path}.DeploymentTargets", message)

    def faults_of_self_managed(self, path: str, unreadable: Collection[str]) -> Iterator[Fault]:
        """Yields what only a service-managed stack set may have in a group.

        Args:
            path: The group's own.
            unreadable: Paths of what was left out because it is wrong by itself.
        """
        here, named = f"{path}.DeploymentTargets", self.DeploymentTargets
        if named is None:
            return
        units, unread = named.OrganizationalUnitIds, any(e.startswith(here) for e in unreadable)
        if units is None and not named.names_accounts and not unread:
            yield Fault(f"{here}.Accounts", "is missing: write it, or leave the whole map out")
        if units is not None and not _given(units) and not unread:
            message = "is blank, and would select nothing: fill it, or leave the group out"
            yield Fault(f"{here}.OrganizationalUnitIds", message)
        if units is None and not unread:
            message = "needs OrganizationalUnitIds beside it: remove it, or name the units"
            if named.ExcludedAccounts is not None:
                yield Fault(f"{here}.ExcludedAccounts", message)
            if named.IncludeManagementAccount:
                yield Fault(f"{here}.IncludeManagementAccount", message)
        both = sorted({*_given(named.Accounts)} & {*_given(named.ExcludedAccounts)})
        if both:
            message = f"names {', '.join(both)}, as Accounts does: take them out of one of the two"
            yield Fault(f"{here}.ExcludedAccounts", message)
        yield from _faults_of_filter(f"{here}.AccountFilterType", named)

    def faults_of_service_managed(self, path: str, unreadable: Collection[str]) -> Iterator[Fault]:
        """Yields what is wrong in how a group of a service-managed stack set names accounts.

        Args:
            path: The group's own.
            unreadable: Paths of what was left out because it is wrong by itself.
        """
        here, named = f"{path}.DeploymentTargets", self.DeploymentTargets
        if named is None:
            return
        kind = named.AccountFilterType
        yield from _faults_of_members(here, named)
        unread = any(each.startswith(here) for each in unreadable)
        for name in ("OrganizationalUnitIds", "Accounts"):
            entries = getattr(named, name)
            if entries is not None and not _given(entries) and not unread:
                message = "is blank, and would select nothing: fill it, or leave the group out"
                yield Fault(f"{here}.{name}", message)
        if named.OrganizationalUnitIds is None and not named.names_accounts and not unread:
            yield Fault(here, "names nothing: write OrganizationalUnitIds, or Accounts")
        has_both = named.OrganizationalUnitIds is not None and named.names_accounts
        if has_both and kind is None and not unread:
            message = (
                "is missing beside OrganizationalUnitIds and accounts: write INTERSECTION for only"
                " these accounts of the units, DIFFERENCE for all others of them, UNION for both"
            )
            yield Fault(f"{here}.AccountFilterType", message)
        if kind in {INTERSECTION, DIFFERENCE, UNION} and not named.names_accounts and not unread:
            yield Fault(f"{here}.AccountFilterType", f"is {kind}: name the accounts in Accounts")
        if kind == ALL and named.names_accounts:
            message = "is NONE, which leaves Accounts out of account: write INTERSECTION,"
            yield Fault(f"{here}.AccountFilterType", f"{message} DIFFERENCE or UNION")
        if kind == DIFFERENCE and named.OrganizationalUnitIds is None and not unread:
            message = "is DIFFERENCE: write the OrganizationalUnitIds whose other accounts you mean"
            yield Fault(f"{here}.AccountFilterType", message)

    def targets(self) -> list[Target]:
        """Returns every pair of account and Region that the group names."""
        accounts = self.Accounts or (self.DeploymentTargets and self.DeploymentTargets.Accounts)
        return [
            Target(account, region)
            for account in accounts or ()
            for region in self.Regions
            if account is not None and region is not None
        ]

    def overrides(self) -> Overrides:
        """Returns the parameter overrides of all its instances."""
        return tuple(sorted(self.ParameterOverrides.items()))

    def membership(self, path: str) -> Membership | None:
        """Returns what a self-managed group means besides the accounts that it names.

        Args:
            path: The group's own.
        """
        named = self.DeploymentTargets
        if named is None or not (named.OrganizationalUnitIds or named.AccountsUrl):
            return None
        return Membership(
            f"{path}.DeploymentTargets",
            _given(self.Regions),
            units=_given(named.OrganizationalUnitIds),
            excluded=frozenset(_given(named.ExcludedAccounts)),
            includes_management_account=named.IncludeManagementAccount,
            accounts_url=named.AccountsUrl or "",
            overrides=self.overrides(),
        )

    def unit_groups(self, path: str) -> Iterator[UnitGroup]:
        """Yields what the group selects in an organization.

        The API takes no UNION to create instances, and no accounts without a unit: both are the
        same as accounts of the organization's root.

        Args:
            path: The group's own.
        """
        named = self.DeploymentTargets or Targets.model_construct(Accounts=self.Accounts)
        units = _given(named.OrganizationalUnitIds)
        accounts, url = _given(named.Accounts), named.AccountsUrl or ""
        regions, overrides = _given(self.Regions), self.overrides()
        kind = named.AccountFilterType
        if units and kind in {INTERSECTION, DIFFERENCE}:
            yield UnitGroup(path, units, regions, kind, accounts, url, overrides)
            return
        if units:
            yield UnitGroup(path, units, regions, overrides=overrides)
        if (accounts or url) and (not units or kind == UNION):
            yield UnitGroup(path, (ROOT,), regions, INTERSECTION, accounts, url, overrides)


_WITHOUT_FILTER = {
    DIFFERENCE: "remove it, and write ExcludedAccounts instead of Accounts",
    INTERSECTION: "remove it, and OrganizationalUnitIds, too, for Accounts alone say who is meant",
}


def _faults_of_filter(path: str, named: Targets) -> Iterator[Fault]:
    """Yields what is wrong with the filter of a self-managed group: it can only add accounts."""
    kind, units = named.AccountFilterType, named.OrganizationalUnitIds
    if units is None and kind not in {None, ALL}:
        message = "needs PermissionModel: SERVICE_MANAGED, and organizational units: remove it"
        yield Fault(path, message)
    elif kind == ALL and units is not None and named.names_accounts:
        message = "is NONE, which leaves Accounts out of account: write UNION, or remove it"
        yield Fault(path, message)
    elif kind in {INTERSECTION, DIFFERENCE} and units is not None:
        mend = _WITHOUT_FILTER[kind]
        yield Fault(path, f"is {kind}, which needs PermissionModel: SERVICE_MANAGED: {mend}")


def _faults_of_members(here: str, named: Targets) -> Iterator[Fault]:
    """Yields what only a self-managed group has."""
    if named.ExcludedAccounts is not None:
        message = (
            "goes with PermissionModel: SELF_MANAGED only: write AccountFilterType: DIFFERENCE, and"
            " these accounts into Accounts"
        )
        yield Fault(f"{here}.ExcludedAccounts", message)
    if named.IncludeManagementAccount:
        message = (
            "goes with PermissionModel: SELF_MANAGED only, for StackSets deploys nothing to the"
            " management account otherwise: remove it"
        )
        yield Fault(f"{here}.IncludeManagementAccount", message)


def _given(entries: tuple[str | None, ...] | None) -> tuple[str, ...]:
    return tuple(each for each in entries or () if each is not None)
