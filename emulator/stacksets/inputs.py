"""Reading and checking what calls ask for.

Lengths, patterns and enumerations that botocore's model knows are checked in `wire`; here are the
rules that tie members to each other and to the state.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.stacksets import regions as known_regions
from emulator.stacksets.errors import constraint, invalid
from emulator.stacksets.selection import Preferences
from emulator.stacksets.state import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

NAME_CHARACTERS = 128
_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]*")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]")
_OPERATION_ID = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]{0,127}")


def stack_set_name(asked: Mapping[str, Any]) -> str:
    """Return the name of a stack set to be made."""
    name = str(asked.get("StackSetName", ""))
    if not _NAME.fullmatch(name):
        rule = f"Member must satisfy regular expression pattern: {_NAME.pattern}"
        raise constraint(name, "StackSetName", rule)
    if len(name) > NAME_CHARACTERS:
        rule = f"Member must have length less than or equal to {NAME_CHARACTERS}"
        raise constraint(name, "StackSetName", rule)
    return name


def operation_id(asked: Mapping[str, Any], new_uuid: Callable[[], str]) -> str:
    """Return the caller's operation id, or a new one."""
    given = asked.get("OperationId")
    if given is None:
        return new_uuid()
    if not _OPERATION_ID.fullmatch(str(given)):
        rule = f"Member must satisfy regular expression pattern: {_OPERATION_ID.pattern}"
        raise constraint(given, "OperationId", rule)
    return str(given)


def targets(asked: Mapping[str, Any]) -> tuple[Target, ...]:
    """Return the pairs that an instance call names, Region by Region."""
    deployment_targets = asked.get("DeploymentTargets")
    if (asked.get("Accounts") is None) == (deployment_targets is None):
        message = "You must specify either Accounts or DeploymentTargets, and not both"
        raise invalid(message)
    if deployment_targets is not None and set(deployment_targets) - {"Accounts"}:
        message = (
            "A self-managed stack set takes only Accounts in DeploymentTargets, not "
            + ", ".join(sorted(set(deployment_targets) - {"Accounts"}))
        )
        raise invalid(message)
    accounts = checked_accounts(asked.get("Accounts") or (deployment_targets or {}).get("Accounts"))
    areas = checked_regions(asked.get("Regions"))
    return tuple(Target(account, region) for region in areas for account in accounts)


def checked_accounts(accounts: list[str] | None) -> tuple[str, ...]:
    """Return account numbers, each once; there must be one at least."""
    return _checked("account", accounts, _ACCOUNT)


def checked_regions(areas: list[str] | None) -> tuple[str, ...]:
    """Return names of Regions, each once; there must be one at least."""
    return _checked("region", areas, _REGION)


def require_existing_regions(areas: Iterable[str], home: str) -> None:
    """Check that all Regions exist in the partition of the Region `home`.

    Raises:
        ApiError: ValidationError.
    """
    if unknown := sorted({each for each in areas if not known_regions.exists(each, home)}):
        message = f"Regions [{', '.join(unknown)}] are not supported"
        raise invalid(message)


def update_scope(asked: Mapping[str, Any]) -> tuple[Target, ...] | None:
    """Return the pairs to which an `UpdateStackSet` is limited, or None for all instances."""
    if not any(asked.get(key) for key in ("Accounts", "DeploymentTargets", "Regions")):
        return None
    return targets(asked)


def preferences(asked: Mapping[str, Any], regions: Iterable[str]) -> Preferences:
    """Return the operation preferences, checked against the operation's Regions."""
    given = dict(asked.get("OperationPreferences") or {})
    for first, second in (
        ("FailureToleranceCount", "FailureTolerancePercentage"),
        ("MaxConcurrentCount", "MaxConcurrentPercentage"),
    ):
        if given.get(first) is not None and given.get(second) is not None:
            message = f"You must specify either {first} or {second}, but not both"
            raise invalid(message)
    order = list(given.get("RegionOrder") or ())
    if len(set(order)) < len(order):
        message = f"RegionOrder {order} names a Region more than once"
        raise invalid(message)
    if foreign := [region for region in order if region not in set(regions)]:
        message = f"RegionOrder names Regions outside of the operation: {', '.join(foreign)}"
        raise invalid(message)
    return Preferences(given)


def _checked(what: str, values: list[str] | None, pattern: re.Pattern[str]) -> tuple[str, ...]:
    if not values:
        message = f"At least one {what} must be specified"
        raise invalid(message)
    for value in values:
        if not pattern.fullmatch(value):
            message = f"Value '{value}' is not a valid {what}: it must match {pattern.pattern}"
            raise invalid(message)
    return tuple(dict.fromkeys(values))
