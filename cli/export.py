"""The Custom::StackSet template for a stack set that is there, ready to take it over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from cli.snapshot import Snapshot
from cli.trouble import Trouble
from handler.plan.cover import cover
from handler.values.observation import InstanceState, StackSetState
from handler.values.organization import SELF
from handler.values.spec import Overrides
from handler.values.targets import Target

_HIDDEN = "****"
_MOST_BYTES = 51_200
_EXPORT = {"Fn::ImportValue": "StackSetCustomResource"}

Look = Callable[[Target], Overrides | None]
"""Gives the overrides of an instance."""


@dataclass(frozen=True)
class Exported:
    """A template and what its reader has to know.

    Attributes:
        text: The template.
        notes: Sentences for its reader.
    """

    text: str
    notes: tuple[str, ...]


def export(snapshot: Snapshot, overrides: Look, call_as: str) -> Exported:
    """Write the template.

    Args:
        snapshot: The stack set.
        overrides: Gives the overrides of an instance.
        call_as: For whom it was read.

    Raises:
        Trouble: The stack set's template cannot be in one.
    """
    live = snapshot.stack_set
    given, hidden = _parameters(live.parameters or {})
    groups = _groups(snapshot, overrides)
    for group in groups:
        values, secret = _parameters(group.get("ParameterOverrides", {}))
        hidden |= secret
        if values:
            group["ParameterOverrides"] = values
    properties: dict[str, Any] = {
        "ServiceToken": _EXPORT,
        "StackSetName": live.name,
        "OnExistingStackSet": "ADOPT",
        **_configuration(live),
        **({} if call_as == SELF else {"CallAs": call_as}),
        **({"Parameters": given} if given else {}),
        **({"StackInstancesGroup": groups} if groups else {}),
    }
    return Exported(_written(_template(properties, hidden)), tuple(_notes(live, hidden)))


def _template(properties: Mapping[str, Any], hidden: Collection[str]) -> dict[str, Any]:
    declared = {name: {"Type": "String", "NoEcho": True} for name in sorted(hidden)}
    resource = {
        "Type": "Custom::StackSet",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        **({"Parameters": declared} if declared else {}),
        "Resources": {"StackSet": resource},
    }


def _notes(live: StackSetState, hidden: Collection[str]) -> Iterator[str]:
    """Yields what the reader of the template has to know."""
    if hidden:
        yield (
            "The values of parameters that the template hides (NoEcho) are not shown: give them as"
            f" parameters of this template: {', '.join(sorted(hidden))}."
        )
    if live.is_service_managed:
        yield (
            "Each unit is taken for whole. If the stack set has only some accounts of one, add"
            " them as Accounts with AccountFilterType INTERSECTION."
        )


def _configuration(live: StackSetState) -> dict[str, Any]:
    if live.template_body is None:
        message = f"The template of {live.name} cannot be read: cloudformation:DescribeStackSet."
        raise Trouble(message)
    if len(live.template_body.encode()) > _MOST_BYTES:
        message = (
            f"The template of {live.name} is larger than 51,200 bytes: a template of a stack"
            " cannot hold it. Put it into S3, and write the resource with its TemplateURL."
        )
        raise Trouble(message)
    written: dict[str, Any] = {}
    if live.description:
        written["Description"] = live.description
    written["TemplateBody"] = live.template_body
    if live.capabilities:
        written["Capabilities"] = sorted(live.capabilities)
    if live.tags:
        written["Tags"] = [{"Key": key, "Value": each} for key, each in sorted(live.tags.items())]
    if live.managed_execution:
        written["ManagedExecution"] = {"Active": True}
    return {**written, **_permissions(live)}


def _permissions(live: StackSetState) -> dict[str, Any]:
    if live.is_service_managed:
        switch = live.auto_deployment.to_api()
        return {"PermissionModel": "SERVICE_MANAGED", "AutoDeployment": switch}
    roles = {
        "AdministrationRoleARN": live.administration_role_arn,
        "ExecutionRoleName": live.execution_role_name,
    }
    return {name: role for name, role in roles.items() if role}


def _parameters(values: Mapping[str, str]) -> tuple[dict[str, Any], set[str]]:
    """Values as they are, references where they are hidden; and the names of those."""
    hidden = {name for name, value in values.items() if value == _HIDDEN}
    written = {name: {"Ref": name} if name in hidden else each for name, each in values.items()}
    return written, hidden


def _groups(snapshot: Snapshot, overrides: Look) -> list[dict[str, Any]]:
    """Returns few groups that name each instance once, or each unit with its Regions."""
    by_overrides: dict[Overrides, list[tuple[str, str]]] = {}
    for target, state in sorted(snapshot.instances.items()):
        key = overrides(target) or ()
        by_overrides.setdefault(key, []).append((_place(target, state), target.region))
    return [
        _group(rectangle.accounts, rectangle.regions, key)
        for key, pairs in sorted(by_overrides.items())
        for rectangle in cover(Target(*each) for each in pairs)
    ]


def _place(target: Target, state: InstanceState) -> str:
    return state.unit or target.account


def _group(places: Iterable[str], regions: Iterable[str], overrides: Overrides) -> dict[str, Any]:
    named = sorted(places)
    units = [each for each in named if not each.isdigit()]
    targets = {"OrganizationalUnitIds": units} if units else {"Accounts": named}
    group: dict[str, Any] = {"DeploymentTargets": targets, "Regions": sorted(regions)}
    if overrides:
        group["ParameterOverrides"] = dict(overrides)
    return group


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and never an alias."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - as the base has it
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # A block cannot hold blanks before a line's end; a template that has them is quoted.
    style = "|" if "\n" in text and " \n" not in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _written(template: Mapping[str, Any]) -> str:
    text: str = yaml.dump(template, Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True)
    return text
