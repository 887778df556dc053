"""Properties laid beside what their template declares."""

from __future__ import annotations

from typing import Any

import pytest

from handler.properties.declarations import check_template
from handler.values.summary import Declaration, TemplateSummary
from tests.factories import group, with_url

_SUMMARY = TemplateSummary(
    {
        "Size": Declaration(has_default=True, allowed=("small", "large")),
        "Count": Declaration("Number", has_default=True, allowed=("1", "2")),
        "Vpc": Declaration("AWS::EC2::VPC::Id"),
        "Names": Declaration("CommaDelimitedList", has_default=True, allowed=("a", "b")),
    }
)
_VPC = {"Vpc": "vpc-1"}


def _faults(summary: TemplateSummary = _SUMMARY, **properties: Any) -> list[str]:
    check = check_template(with_url(**properties), summary)
    return [str(each) for each in (*check.faults, *check.without_value)]


@pytest.mark.parametrize(
    "values",
    [
        _VPC,
        {**_VPC, "Size": "small"},
        {**_VPC, "Count": "2.0"},
        {**_VPC, "Names": "a,b"},
        {"Vpc": ""},
    ],
    ids=repr,
)
def test_right(values: dict[str, str]) -> None:
    """What the template allows, or may allow, is no fault."""
    assert _faults(Parameters=values) == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {},
            (
                "Parameters gives no value to Vpc, which the template declares without a default:"
                " write `Vpc: value` there"
            ),
        ),
        (
            {**_VPC, "Sizes": "x"},
            "Parameters names Sizes, which the template does not declare: did you mean Size?",
        ),
        (
            {**_VPC, "Size": "secret"},
            "Parameters.Size is not what the template allows: write one of small, large",
        ),
        (
            {**_VPC, "Count": "secret"},
            "Parameters.Count is not what the template allows: write a number",
        ),
        (
            {**_VPC, "Count": "3"},
            "Parameters.Count is not what the template allows: write one of 1, 2",
        ),
    ],
    ids=repr,
)
def test_wrong(values: dict[str, str], told: str) -> None:
    """Whatever is wrong is told with its path and mend, and without the value."""
    assert _faults(Parameters=values) == [told]


def test_no_parameters_at_all() -> None:
    """A template without parameters takes none."""
    (text,) = _faults(TemplateSummary(), Parameters={"A": "x"})

    assert text.endswith("does not declare, for it has no parameters: take it out")


def test_overrides() -> None:
    """An override is told with the path of its group."""
    groups = [group(), group(["222222222222"], ParameterOverrides=[{"Siez": "small"}])]

    assert _faults(Parameters=_VPC, StackInstances=groups) == [
        (
            "StackInstances[1].ParameterOverrides names Siez, which the template does not declare:"
            " did you mean Size?"
        )
    ]


def test_what_a_macro_makes() -> None:
    """A macro of somebody may declare parameters; one of AWS does not."""
    given = {"Parameters": {"Made": "x"}}

    assert _faults(TemplateSummary(transforms=("Ours",)), **given) == []
    assert len(_faults(TemplateSummary(transforms=("AWS::Include",)), **given)) == 1


def test_what_takes_a_role_of_its_own() -> None:
    """Macros and nested stacks need one under service-managed permissions, and only there."""
    summary = TemplateSummary(
        transforms=("AWS::Include",), resource_types=("AWS::CloudFormation::Stack",)
    )
    role = {
        "ExecutionRoleTemplateURL": "https://s3.amazonaws.com/bucket/role.yaml",
        "ExecutionRoleName": "stacksets-exec-custom-mine",
    }
    managed = {"PermissionModel": "SERVICE_MANAGED", "StackInstances": []}

    [fault] = _faults(summary, **managed)
    assert fault.startswith("TemplateURL uses the macro AWS::Include, nested stacks, which")
    assert _faults(summary, **managed, **role) == []
    assert _faults(summary) == []
    assert _faults(TemplateSummary(), **managed) == []
