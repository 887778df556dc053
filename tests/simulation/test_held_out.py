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
    bucket = (address.hostname or "").split(".")[0]
    return {(bucket, address.path[1:]): template(use.get("parameters", 0)).encode()}


def _wanted(properties: dict[str, Any]) -> set[tuple[str, str]]:
    wanted: set[tuple[str, str]] = set()
    for group in properties.get("StackInstancesGroup", ()):
        targets = group["DeploymentTargets"]
        units = targets["OrganizationalUnitIds"]
        inside = {a for u, a in zip(UNITS, ACCOUNTS, strict=True) if {u, ROOT} & {*units}}
        # No use that is served has another filter.
        if targets.get("AccountFilterType") == "DIFFERENCE":
            inside -= {*targets["Accounts"]}
        wanted.update((account, region) for account in inside for region in group["Regions"])
    return wanted


@pytest.mark.parametrize("use", _SERVED, ids=[each["source"] for each in _SERVED])
def test_use(use: dict[str, Any]) -> None:
    """It is created with a stack for each account and Region, changed into itself, and deleted."""
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
        made = {(account, region) for account, region, _ in aws.deployer.stacks}
        assert made == _wanted(properties)
        assert stack.deploy({**properties, "ServiceTimeout": "3000"}) == "UPDATE_COMPLETE"
        assert stack.delete() == "DELETE_COMPLETE", stack.reason
        assert aws.deployer.stacks == {}
        assert aws.unexpected == []
