"""ALL_ENABLED among the Regions of a group."""

from __future__ import annotations

from typing import Any

import pytest

from handler.errors import InvalidProperties
from handler.properties.everywhere import paths_of_all_regions
from handler.properties.reading import parse_properties, read_previous, read_properties
from handler.values.everywhere import in_present_regions, in_regions
from handler.values.targets import ALL_ENABLED, Target
from tests.factories import ONE, TWO, VIRGINIA

OREGON = "us-west-2"
LARGE = (("Size", "large"),)


def _group(account: str, *regions: str, **overrides: str) -> dict[str, Any]:
    return {"Accounts": [account], "Regions": list(regions), "ParameterOverrides": overrides}


def _properties(*groups: dict[str, Any], **others: Any) -> dict[str, Any]:
    return {"TemplateBody": "{}", "StackInstances": list(groups), **others}


def test_regions_by_name() -> None:
    """It stands for all that are enabled; a named one counts whether it is or not."""
    raw = _properties(_group(ONE, ALL_ENABLED, "eu-west-1", Size="large"), _group(TWO, VIRGINIA))
    spec = parse_properties(raw)
    assert spec.names_all_regions
    assert spec.all_overrides == {(), LARGE}
    assert paths_of_all_regions(raw) == ["StackInstances[0].Regions"]
    assert in_regions(spec, {VIRGINIA, OREGON}).instances == {
        Target(ONE, VIRGINIA): LARGE,
        Target(ONE, OREGON): LARGE,
        Target(ONE, "eu-west-1"): LARGE,
        Target(TWO, VIRGINIA): (),
    }
    there = {Target(ONE, OREGON), Target(TWO, OREGON)}
    assert in_present_regions(spec, there).instances == {
        Target(ONE, OREGON): LARGE,
        Target(ONE, "eu-west-1"): LARGE,
        Target(TWO, VIRGINIA): (),
    }


def test_regions_of_units() -> None:
    """The same in an organization."""
    unit = {"OrganizationalUnitIds": ["ou-root-aaaaaaaa"]}
    group = {"DeploymentTargets": unit, "Regions": [ALL_ENABLED, "eu-west-1"]}
    spec = parse_properties(_properties(group, PermissionModel="SERVICE_MANAGED"))
    assert spec.names_all_regions
    managed = in_regions(spec, {VIRGINIA, OREGON}).service_managed
    assert managed is not None
    assert managed.groups[0].regions == ("eu-west-1", VIRGINIA, OREGON)


def test_without() -> None:
    """Regions by their names stay as they are."""
    spec = parse_properties(_properties(_group(ONE, VIRGINIA)))
    assert not spec.names_all_regions
    assert in_regions(spec, {OREGON}) == spec


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_named_again(order: tuple[int, int]) -> None:
    """Another group cannot name one of them, since it has its instance already."""
    groups = [_group(ONE, ALL_ENABLED), _group(ONE, VIRGINIA, Size="large")]
    with pytest.raises(InvalidProperties) as refused:
        parse_properties(_properties(*(groups[each] for each in order)))
    all_of_them = order.index(0)
    told = f"is among {ALL_ENABLED} of StackInstances[{all_of_them}]"
    assert f"StackInstances[{1 - all_of_them}] names {ONE} in {VIRGINIA}, which {told}" in str(
        refused.value
    )


def test_blank_instead() -> None:
    """A list that becomes blank where it stood is refused."""
    with pytest.raises(InvalidProperties):
        read_properties(_properties(_group(ONE, "")), _properties(_group(ONE, ALL_ENABLED)))


def test_not_a_region() -> None:
    """Another word is none."""
    with pytest.raises(InvalidProperties, match="write ALL_ENABLED for all Regions"):
        parse_properties(_properties(_group(ONE, "ALL")))


def test_region_order() -> None:
    """Which Regions there are is not known, so none of an order is a surprise."""
    preferences = {"RegionOrder": ["eu-west-1", VIRGINIA]}
    raw = _properties(
        _group(ONE, ALL_ENABLED), _group(TWO, VIRGINIA), OperationPreferences=preferences
    )
    assert read_properties(raw).warnings == ()


@pytest.mark.parametrize("broken", [False, True])
def test_previous(*, broken: bool) -> None:
    """What it stood for is not known, only for whom, whatever else is wrong."""
    others = {"StackSetName": "-"} if broken else {}
    previous = read_previous(_properties(_group(ONE, ALL_ENABLED, Size="large"), **others))
    assert previous.certain is not broken
    assert (previous.instances, previous.in_all_regions) == ({}, {ONE: LARGE})
