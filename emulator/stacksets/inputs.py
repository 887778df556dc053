"""Reading and checking what calls ask for.

Lengths, patterns and enumerations that botocore's model knows are checked in `wire`; here are the
rules that tie members to each other and to the state.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.stacksets import regions as known_regions
from emulator.stacksets import templates
from emulator.stacksets.errors import constraint, invalid
from emulator.stacksets.parameters import of_stack_set
from emulator.stacksets.state import Configuration, Preferences, Target

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from emulator.stacksets.readings import Readings

Parameters = dict[str, Any]

TEMPLATE_BODY_BYTES = 51_200
TEMPLATE_URL_BYTES = 1024 * 1024
TAGS = 50
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
    accounts = asked.get("Accounts") or (deployment_targets or {}).get("Accounts")
    areas = asked.get("Regions")
    _check("account", accounts, _ACCOUNT)
    _check("region", areas, _REGION)
    pairs = (Target(account, region) for region in areas or () for account in accounts or ())
    return tuple(dict.fromkeys(pairs))


def require_existing_regions(targets: Iterable[Target], home: str) -> None:
    """Check that all Regions exist in the partition of the Region `home`.

    Raises:
        ApiError: ValidationError.
    """
    if unknown := sorted(
        {region for _, region in targets if not known_regions.exists(region, home)}
    ):
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


def configuration(
    asked: Mapping[str, Any],
    previous: Configuration | None,
    *,
    fetch_template: Callable[[str], str],
    default_roles: tuple[str, str],
    readings: Readings,
) -> Configuration:
    """Return the configuration that a create or an update asks for.

    Args:
        asked: Members of `CreateStackSet` or `UpdateStackSet`.
        previous: What the stack set has; None on create.
        fetch_template: Reads a TemplateURL.
        default_roles: Administration role ARN and execution role name for calls without.
        readings: What the service is taken to do where it is not documented.
    """
    body = _template_body(asked, previous, fetch_template)
    template = templates.parse(body)
    capabilities = tuple(asked.get("Capabilities") or ())
    template.require_capabilities(capabilities)
    tags = asked.get("Tags")
    return Configuration(
        template_body=body,
        description=_description(asked, previous, readings),
        parameters=of_stack_set(asked, template, previous.parameters if previous else {}),
        tags=_tags(tags) if tags is not None or previous is None else previous.tags,
        capabilities=capabilities,
        administration_role_arn=_administration_role(asked, previous, default_roles[0], readings),
        execution_role_name=asked.get("ExecutionRoleName")
        or (previous.execution_role_name if previous else default_roles[1]),
        managed_execution=_managed_execution(asked, previous),
    )


def template_source(asked: Mapping[str, Any], fetch_template: Callable[[str], str]) -> str | None:
    """Return the text of TemplateBody or TemplateURL, or None when neither is given."""
    body, url = asked.get("TemplateBody"), asked.get("TemplateURL")
    if body is not None and url is not None:
        message = "You must specify either TemplateBody or TemplateURL, but not both"
        raise invalid(message)
    if body is not None:
        _check_size("TemplateBody", body, TEMPLATE_BODY_BYTES)
        return str(body)
    if url is None:
        return None
    text = fetch_template(url)
    _check_size("TemplateURL", text, TEMPLATE_URL_BYTES)
    return text


def _template_body(
    asked: Mapping[str, Any],
    previous: Configuration | None,
    fetch_template: Callable[[str], str],
) -> str:
    body = template_source(asked, fetch_template)
    keep = bool(asked.get("UsePreviousTemplate"))
    if previous is None or not keep:
        if body is None:
            message = "Either TemplateBody or TemplateURL must be specified"
            raise invalid(message + ("" if previous is None else ", or UsePreviousTemplate"))
        return body
    if body is not None:
        message = "You cannot specify UsePreviousTemplate together with a template"
        raise invalid(message)
    return previous.template_body


def _description(
    asked: Mapping[str, Any], previous: Configuration | None, readings: Readings
) -> str | None:
    given = asked.get("Description")
    if given is None and previous is not None and readings.keeps_removed_description:
        return previous.description
    return given


def _administration_role(
    asked: Mapping[str, Any], previous: Configuration | None, default: str, readings: Readings
) -> str:
    if given := asked.get("AdministrationRoleARN"):
        return str(given)
    custom = previous is not None and previous.administration_role_arn != default
    if custom and readings.requires_custom_administration_role:
        message = "You must specify the customized administration role of this stack set"
        raise invalid(message)
    return default


def _managed_execution(asked: Mapping[str, Any], previous: Configuration | None) -> bool:
    if (given := asked.get("ManagedExecution")) is not None:
        return bool(given.get("Active"))
    return previous is not None and previous.managed_execution


def _tags(given: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    tags: dict[str, str] = {}
    for tag in given or ():
        key = tag["Key"]
        if key in tags:
            message = f"Duplicate tag keys found: {key}"
            raise invalid(message)
        if key.lower().startswith("aws:"):
            message = f"Tag key {key}: aws: prefixed tag key names are not allowed"
            raise invalid(message)
        tags[key] = tag["Value"]
    if len(tags) > TAGS:
        message = f"{len(tags)} tags given; at most {TAGS} are allowed"
        raise invalid(message)
    return tags


def _check(what: str, values: list[str] | None, pattern: re.Pattern[str]) -> None:
    if not values:
        message = f"At least one {what} must be specified"
        raise invalid(message)
    for value in values:
        if not pattern.fullmatch(value):
            message = f"Value '{value}' is not a valid {what}: it must match {pattern.pattern}"
            raise invalid(message)


def _check_size(member: str, text: str, limit: int) -> None:
    if (size := len(text.encode())) > limit:
        rule = (
            f"Member must have length less than or equal to {limit} (the value shown is its length)"
        )
        raise constraint(size, member, rule)
