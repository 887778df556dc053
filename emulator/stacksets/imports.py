"""Stacks that are there already, and come into a stack set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets import arns, targeting, templates
from emulator.stacksets.errors import invalid
from emulator.stacksets.sources import list_at
from emulator.stacksets.state import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from emulator.stacksets.organization import Organization
    from emulator.stacksets.state import StackSet

INLINE_STACKS = 10
LISTED_STACKS = 200


def stacks(
    asked: Mapping[str, Any], item: StackSet, fetch: Callable[[str], str]
) -> dict[Target, str]:
    """Return the ids of the stacks that a call imports, by where they are.

    Args:
        asked: The call.
        item: The stack set.
        fetch: Reads a `StackIdsUrl`.

    Raises:
        ApiError: ValidationError.
    """
    template = templates.parse(item.configuration.template_body)
    if hidden := [name for name in template.parameters if template.no_echo(name)]:
        message = f"Stacks with NoEcho parameters cannot be imported: {', '.join(hidden)}"
        raise invalid(message)
    found: dict[Target, str] = {}
    for stack_id in _stack_ids(asked, fetch):
        place = arns.place_of_stack(stack_id)
        if place is None:
            message = f"'{stack_id}' is not the id of a stack"
            raise invalid(message)
        target = Target(*place)
        instance = item.instances.get(target)
        if target in found or (instance and instance.detailed_status != "FAILED_IMPORT"):
            message = f"Account {target.account} in {target.region} can have one stack instance"
            raise invalid(message)
        found[target] = stack_id
    return found


def _stack_ids(asked: Mapping[str, Any], fetch: Callable[[str], str]) -> list[str]:
    inline, url = asked.get("StackIds"), asked.get("StackIdsUrl")
    if (inline is None) == (url is None):
        message = "You must specify either StackIds or StackIdsUrl, but not both"
        raise invalid(message)
    ids = list(inline or ()) if url is None else list_at(url, fetch).replace(",", " ").split()
    most = INLINE_STACKS if url is None else LISTED_STACKS
    if not 0 < len(ids) <= most:
        message = f"{len(ids)} stacks given; between 1 and {most} can be imported at once"
        raise invalid(message)
    return ids


def units(asked: Mapping[str, Any], organization: Organization | None) -> tuple[str, ...]:
    """Return the units that imported stacks are to belong to.

    Args:
        asked: The call.
        organization: None under self-managed permissions, which have no units.

    Raises:
        ApiError: ValidationError.
    """
    given = tuple(asked.get("OrganizationalUnitIds") or ())
    if organization is None:
        if given:
            message = "OrganizationalUnitIds are only for SERVICE_MANAGED permissions"
            raise invalid(message)
        return ()
    if not given:
        message = "OrganizationalUnitIds must be specified with SERVICE_MANAGED permissions"
        raise invalid(message)
    targeting.require_units(given, organization)
    return given


def units_by_account(
    targets: Iterable[Target], chosen: tuple[str, ...], organization: Organization | None
) -> dict[str, str]:
    """Return the chosen unit of each account.

    Raises:
        ApiError: ValidationError when an account is in none of them.
    """
    found: dict[str, str] = {}
    if organization is None:
        return found
    for account, _ in targets:
        lineage = organization.units_of(account)
        unit = next((each for each in chosen if each in lineage), None)
        if unit is None:
            message = f"Account {account} is in none of the organizational units given"
            raise invalid(message)
        found[account] = unit
    return found
