"""The stacks that import the function: from which buckets their templates come."""

from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from handler.values.addresses import locate
from macro.intrinsics import holds, resolve
from macro.scope import UNKNOWN, scope_of
from tools import template
from tools.aws import Aws, AwsError

EXPORT = "StackSetCustomResource"


def importers(aws: Aws) -> list[str]:
    """Return the names of the stacks that import the function.

    Raises:
        AwsError: They may not be listed.
    """
    try:
        found = aws("cloudformation", "list-imports", "--export-name", EXPORT)
    except AwsError as error:
        if "not imported" in error.text:
            return []
        raise
    return sorted(found["Imports"])


def buckets(aws: Aws, account: str, stack: str) -> dict[str, set[str]]:
    """Return the buckets of a stack's TemplateURLs, with the places that name them.

    A place is `STACK.LOGICALID`. Addresses that only the deployment tells are passed over.

    Raises:
        AwsError: The stack or its template may not be read.
    """
    body = aws("cloudformation", "get-template", "--stack-name", stack)["TemplateBody"]
    described = aws("cloudformation", "describe-stacks", "--stack-name", stack)["Stacks"][0]
    given = {
        each["ParameterKey"]: each.get("ResolvedValue", each.get("ParameterValue"))
        for each in described.get("Parameters", [])
    }
    try:
        read = template.parse(body) if isinstance(body, str) else body
    except yaml.YAMLError:
        return {}
    if not isinstance(read, dict):
        return {}
    used: dict[str, set[str]] = {}
    for name, url in _urls(read, given, aws.region, account):
        place = locate(url)
        if place:
            used.setdefault(place["Bucket"], set()).add(f"{stack}.{name}")
    return used


def _urls(
    read: Mapping[str, Any], given: Mapping[str, Any], region: str, account: str
) -> Iterator[tuple[str, str]]:
    """Each TemplateURL of a custom resource that is known beforehand, by logical id."""
    scope = scope_of(read, given, region, account)
    for name, resource in (read.get("Resources") or {}).items():
        properties = resource.get("Properties") if isinstance(resource, dict) else None
        if not isinstance(properties, dict) or "ServiceToken" not in properties:
            continue
        if "Condition" in resource and holds(resource["Condition"], scope) is False:
            continue
        url = resolve(properties.get("TemplateURL", UNKNOWN), scope)
        if isinstance(url, str):
            yield name, url
