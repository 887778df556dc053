"""Reading CloudFormation templates as far as StackSets looks into them."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

import yaml

from emulator.stacksets.errors import insufficient_capabilities, invalid

_IAM_TYPES = frozenset(
    f"AWS::IAM::{name}"
    for name in (
        "AccessKey",
        "Group",
        "InstanceProfile",
        "ManagedPolicy",
        "Policy",
        "Role",
        "User",
        "UserToGroupAddition",
    )
)
_IAM_NAMES = frozenset(
    {"GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName"}
)


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, dates left as text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _short_form(loader: _Loader, name: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


yaml.add_multi_constructor("!", _short_form, Loader=_Loader)


@dataclass(frozen=True)
class Template:
    """What StackSets needs to know of a template.

    Attributes:
        parameters: The declarations, by name, in the template's order.
        capabilities: The capabilities that it requires.
        resource_types: The types of its resources, each once, sorted.
        transforms: The macros it declares.
    """

    description: str | None
    version: str | None
    metadata: str | None
    parameters: dict[str, dict[str, Any]]
    capabilities: tuple[str, ...]
    resource_types: tuple[str, ...]
    transforms: tuple[str, ...]

    def default(self, name: str) -> str | None:
        """Return the default of a parameter as text, or None when it has none."""
        value = self.parameters[name].get("Default")
        return None if value is None else as_text(value)

    def no_echo(self, name: str) -> bool:
        """Tell whether the value of a parameter must not be shown."""
        return as_text(self.parameters[name].get("NoEcho", False)).lower() == "true"

    def require_capabilities(self, granted: tuple[str, ...]) -> None:
        """Check that a call acknowledges what the template needs.

        Raises:
            ApiError: InsufficientCapabilitiesException.
        """
        held = set(granted)
        if "CAPABILITY_NAMED_IAM" in held:
            held.add("CAPABILITY_IAM")
        missing = [name for name in self.capabilities if name not in held]
        if missing:
            raise insufficient_capabilities(missing)


def as_text(value: object) -> str:
    """Return a scalar the way CloudFormation spells it: booleans in lower case, lists joined."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(as_text(item) for item in value)
    return str(value)


@functools.lru_cache(maxsize=256)
def parse(body: str) -> Template:
    """Read a template.

    Args:
        body: JSON, or YAML with CloudFormation's short forms.

    Raises:
        ApiError: ValidationError when it is not a template.
    """
    document = _document(body)
    resources = _resources(document)
    return Template(
        description=document.get("Description"),
        version=document.get("AWSTemplateFormatVersion"),
        metadata=json.dumps(document["Metadata"]) if "Metadata" in document else None,
        parameters=_parameters(document),
        capabilities=_capabilities(document, resources),
        resource_types=tuple(sorted({resource["Type"] for resource in resources.values()})),
        transforms=_transforms(document),
    )


def are_alike(one: str, other: str) -> bool:
    """Tell whether two templates say the same, be they written alike or not.

    Raises:
        ApiError: ValidationError when one is not a template.
    """
    return one == other or _document(one) == _document(other)


def _document(body: str) -> dict[str, Any]:
    try:
        document = yaml.load(body, Loader=_Loader)  # noqa: S506  a subclass of SafeLoader
    except yaml.YAMLError as error:
        message = f"Template format error: YAML not well-formed. {error}"
        raise invalid(message) from error
    if not isinstance(document, dict):
        message = "Template format error: unsupported structure."
        raise invalid(message)
    return document


def _resources(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    resources = document.get("Resources")
    if not isinstance(resources, dict) or not resources:
        message = "Template format error: At least one Resources member must be defined."
        raise invalid(message)
    for name, resource in resources.items():
        # A loop of the AWS::LanguageExtensions transform stands where a resource would.
        if str(name).startswith("Fn::ForEach::"):
            continue
        if not isinstance(resource, dict) or not isinstance(resource.get("Type"), str):
            message = f"Template format error: [/Resources/{name}] Every Resources object must "
            raise invalid(message + "contain a Type member.")
    return {name: item for name, item in resources.items() if isinstance(item, dict)}


def _parameters(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    parameters = document.get("Parameters") or {}
    if not isinstance(parameters, dict):
        message = "Template format error: [/Parameters] must be an object."
        raise invalid(message)
    for name, declaration in parameters.items():
        if not isinstance(declaration, dict) or "Type" not in declaration:
            message = f"Template format error: [/Parameters/{name}] Every Parameters object must "
            raise invalid(message + "contain a Type member.")
    return parameters


def _capabilities(
    document: dict[str, Any], resources: dict[str, dict[str, Any]]
) -> tuple[str, ...]:
    iam = [item for item in resources.values() if item["Type"] in _IAM_TYPES]
    named = any(_IAM_NAMES & set(item.get("Properties") or {}) for item in iam)
    required = []
    if iam:
        required.append("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM")
    if _transforms(document):
        required.append("CAPABILITY_AUTO_EXPAND")
    return tuple(required)


def _transforms(document: dict[str, Any]) -> tuple[str, ...]:
    declared = document.get("Transform") or []
    return tuple(
        item if isinstance(item, str) else str(item.get("Name"))
        for item in (declared if isinstance(declared, list) else [declared])
    )
