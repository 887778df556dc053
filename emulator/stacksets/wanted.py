"""The configuration that a create or an update of a stack set asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets import permissions, roles, templates
from emulator.stacksets.configuration import SERVICE_MANAGED, Configuration
from emulator.stacksets.errors import invalid
from emulator.stacksets.parameters import of_stack_set
from emulator.stacksets.sources import template_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from emulator.stacksets.readings import Readings

TAGS = 50


def configuration(
    asked: Mapping[str, Any],
    previous: Configuration | None,
    *,
    fetch_template: Callable[[str], str],
    default_roles: Mapping[str, tuple[str, str]],
    readings: Readings,
) -> Configuration:
    """Return the configuration that a create or an update asks for.

    Args:
        asked: Members of `CreateStackSet` or `UpdateStackSet`.
        previous: What the stack set has; None on create.
        fetch_template: Reads a TemplateURL.
        default_roles: Administration role ARN and execution role name for calls without, by
            permission model.
        readings: What the service is taken to do where it is not documented.

    Raises:
        ApiError: A member is missing, wrong, or not for this permission model.
    """
    model = permissions.model(asked, previous)
    permissions.require_members(asked, model)
    body = _template_body(asked, previous, fetch_template)
    template = templates.parse(body)
    capabilities = tuple(asked.get("Capabilities") or ())
    template.require_capabilities(capabilities)
    tags = asked.get("Tags")
    default = default_roles[model]
    works_with = roles.chosen(
        asked, previous, model, default=default, fetch_template=fetch_template, readings=readings
    )
    if model == SERVICE_MANAGED:
        roles.require_provisionable(template, works_with, capabilities)
    return Configuration(
        template_body=body,
        description=_description(asked, previous, readings),
        parameters=of_stack_set(asked, template, previous.parameters if previous else {}),
        tags=_tags(tags) if tags is not None or previous is None else previous.tags,
        capabilities=capabilities,
        managed_execution=_managed_execution(asked, previous),
        permission_model=model,
        auto_deployment=permissions.auto_deployment(asked, previous, model),
        **works_with._asdict(),
    )


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
