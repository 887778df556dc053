"""Uses of the native resource in public repositories are deployed and deleted as they stand."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from emulator.stacksets.organization import Organization
from emulator.virtual.aws import world
from tests.handler.properties.held_out import (
    ACCOUNTS,
    HOME,
    ROOT,
    UNITS,
    delivered,
    template,
    uses,
)
from tests.simulation.story import new_stack

_SERVED = [each for each in uses() if "refused" not in each]


def _organization() -> Organization:
    made = Organization(HOME, root=ROOT)
    for unit, account in zip(UNITS, ACCOUNTS, strict=True):
        made.add_unit(unit)
        made.join(account, unit)
    made.delegated_administrators.add(ACCOUNTS[1])
    return made


def _objects(use: dict[str, Any], properties: dict[str, Any]) -> dict[tuple[str, str], bytes]:
    if "TemplateURL" not in properties:
        return {}
    address = urlsplit(properties["TemplateURL"])
    bucket, key = (address.hostname or "").split(".")[0], address.path[1:]
    if bucket == "s3":
        bucket, _, key = key.partition("/")
    return {(bucket, key): template(use).encode()}


def _pairs(entries: list[dict[str, str]]) -> dict[str, str]:
    return {each["ParameterKey"]: each["ParameterValue"] for each in entries}


def _wanted(properties: dict[str, Any]) -> dict[tuple[str, str], dict[str, str]]:
    wanted: dict[tuple[str, str], dict[str, str]] = {}
    common = _pairs(properties.get("Parameters", []))
    for group in properties.get("StackInstancesGroup", ()):
        targets = group["DeploymentTargets"]
        units = targets.get("OrganizationalUnitIds", ())
        inside = {a for u, a in zip(UNITS, ACCOUNTS, strict=True) if {u, ROOT} & {*units}}
        named = {*targets.get("Accounts", ())}
        chosen = {
            "NONE": inside,
            "DIFFERENCE": inside - named,
            "INTERSECTION": inside & named if units else named,
            "UNION": inside | named,
        }[targets.get("AccountFilterType", "NONE" if units else "INTERSECTION")]
        # StackSets leaves the management account out, whoever names it.
        chosen -= {HOME}
        values = {**common, **_pairs(group.get("ParameterOverrides", []))}
        wanted.update({(a, region): values for a in chosen for region in group["Regions"]})
    return wanted


@pytest.mark.parametrize("use", _SERVED, ids=[each["source"] for each in _SERVED])
def test_use(use: dict[str, Any]) -> None:
    """Its stacks have what is given; it is changed into itself, and deleted."""
    properties = delivered(use)
    delegated = properties.get("CallAs") == "DELEGATED_ADMIN"
    with world(
        seconds=1.0,
        account=ACCOUNTS[1] if delegated else HOME,
        organization=_organization(),
        objects=_objects(use, properties),
    ) as aws:
        stack = new_stack(aws)
        assert stack.deploy(properties) == "CREATE_COMPLETE", stack.reason
        tags = {each["Key"]: each["Value"] for each in properties.get("Tags", ())}
        made = {(a, region): each for (a, region, _), each in aws.deployer.stacks.items()}
        assert {place: dict(each.parameters) for place, each in made.items()} == _wanted(properties)
        assert all(tags.items() <= each.tags.items() for each in made.values())
        assert stack.deploy({**properties, "ServiceTimeout": "3000"}) == "UPDATE_COMPLETE"
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert aws.deployer.stacks == {}
        assert aws.unexpected == []
