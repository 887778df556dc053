"""Targets by unit: what a call selects, and whom that means when its operation starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.stacksets import errors
from emulator.stacksets.errors import invalid
from emulator.stacksets.inputs import checked_accounts, checked_regions
from emulator.stacksets.selection import Selection
from emulator.stacksets.sources import list_at
from emulator.stacksets.state import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from emulator.stacksets.organization import Organization
    from emulator.stacksets.readings import Readings
    from emulator.stacksets.state import StackInstance, StackSet

UNITS = 50
ACCOUNTS_BYTES = 10 * 1024 * 1024
_ONLY_UNITS = (
    "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as target"
)
_SEPARATORS = re.compile(r"[\s,]+")


def selection(
    asked: Mapping[str, Any],
    organization: Organization,
    fetch: Callable[[str], str],
    *,
    creates: bool,
) -> Selection:
    """Return what the `DeploymentTargets` and `Regions` of a call select.

    Args:
        asked: The call.
        organization: Which units there are.
        fetch: Reads an `AccountsUrl`.
        creates: Whether it is `CreateStackInstances`, which is stricter.

    Raises:
        ApiError: ValidationError.
    """
    given = dict(asked.get("DeploymentTargets") or {})
    units = tuple(dict.fromkeys(given.get("OrganizationalUnitIds") or ()))
    if asked.get("Accounts") is not None or not units:
        raise invalid(_ONLY_UNITS)
    if len(units) > UNITS:
        message = f"{len(units)} OrganizationalUnitIds given; at most {UNITS} are allowed"
        raise invalid(message)
    require_units(units, organization)
    accounts = _accounts(given, fetch)
    return Selection(
        units=units,
        accounts=frozenset(accounts or ()),
        filter_type=_filter_type(given, accounts, creates=creates),
        regions=checked_regions(asked.get("Regions")),
        given=given,
    )


def require_units(units: tuple[str, ...], organization: Organization) -> None:
    """Check that units exist.

    Raises:
        ApiError: ValidationError.
    """
    if unknown := [unit for unit in units if not organization.has_unit(unit)]:
        message = f"Organizational unit [{', '.join(unknown)}] does not exist in the organization"
        raise invalid(message)


def _accounts(given: Mapping[str, Any], fetch: Callable[[str], str]) -> tuple[str, ...] | None:
    accounts, url = given.get("Accounts"), given.get("AccountsUrl")
    if accounts is not None and url is not None:
        message = "You must specify either Accounts or AccountsUrl, but not both"
        raise invalid(message)
    if url is None:
        return None if accounts is None else checked_accounts(accounts)
    text = list_at(url, fetch)
    if len(text.encode()) > ACCOUNTS_BYTES:
        message = f"The file at AccountsUrl is larger than {ACCOUNTS_BYTES} bytes"
        raise invalid(message)
    return checked_accounts([each for each in _SEPARATORS.split(text) if each])


def _filter_type(
    given: Mapping[str, Any], accounts: tuple[str, ...] | None, *, creates: bool
) -> str:
    wanted = given.get("AccountFilterType")
    if creates and wanted is None and accounts is not None:
        message = "AccountFilterType is required with both OrganizationalUnitIds and Accounts"
        raise invalid(message)
    if creates and wanted == "UNION":
        message = "AccountFilterType UNION is not supported for create operations"
        raise invalid(message)
    if wanted is None:
        return "NONE" if accounts is None else "UNION"
    if (wanted == "NONE") != (accounts is None):
        needed = "must not" if wanted == "NONE" else "must"
        message = f"Accounts {needed} be specified with AccountFilterType {wanted}"
        raise invalid(message)
    return str(wanted)


def members(chosen: Selection, organization: Organization) -> dict[str, str]:
    """Return the accounts that a selection means now, each with the unit that it is in.

    That is the first unit of the selection that holds it. The management account is never meant;
    suspended and closed ones are, for they are skipped when their turn comes.
    """
    found: dict[str, str] = {}
    for account in organization.members:
        if account == organization.management_account:
            continue
        lineage = organization.units_of(account)
        unit = next((each for each in chosen.units if each in lineage), None)
        if chosen.selects(account, is_in_units=unit is not None):
            found[account] = unit or ""
    return found


def resolve(
    chosen: Selection, action: str, item: StackSet, organization: Organization
) -> tuple[Target, ...]:
    """Return the pairs that a selection means now, Region by Region.

    To create, they are those of the members; otherwise those of instances of which the account is
    in the units now, or was when the instance was made.
    """
    if action == "CREATE":
        accounts = members(chosen, organization)
        return tuple(Target(account, region) for region in chosen.regions for account in accounts)
    present = [
        instance.target
        for instance in item.instances.values()
        if chosen.selects(
            instance.target.account,
            is_in_units=_is_in(chosen.units, instance, organization),
        )
    ]
    return tuple(
        target for region in chosen.regions for target in present if target.region == region
    )


def _is_in(units: tuple[str, ...], instance: StackInstance, organization: Organization) -> bool:
    now = organization.units_of(instance.target.account)
    then = organization.lineage(instance.unit)
    return not {*now, *then, instance.unit}.isdisjoint(units)


def require_instances_of(
    chosen: Selection, item: StackSet, organization: Organization, readings: Readings
) -> None:
    """Check that an update does not mean accounts by name that have no instance.

    Raises:
        ApiError: StackInstanceNotFoundException when a single one is missing.
    """
    for target in _named(chosen, organization, readings):
        if target not in item.instances:
            raise errors.stack_instance_not_found(item.stack_set_id, *target)


def _named(chosen: Selection, organization: Organization, readings: Readings) -> Iterator[Target]:
    by_name = {"INTERSECTION", "UNION"}
    if readings.difference_needs_every_instance:
        by_name.add("DIFFERENCE")
    if chosen.filter_type not in by_name:
        return
    for account in members(chosen, organization):
        if chosen.filter_type == "DIFFERENCE" or account in chosen.accounts:
            yield from (Target(account, region) for region in chosen.regions)
