"""ImportStacks: ids of stacks, alone or with the units to which they are to belong."""

from __future__ import annotations

from typing import Any

import pytest

from handler.errors import InvalidProperties
from handler.properties.reading import parse_properties, read_leniently
from handler.values.targets import Stacks, Target
from tests.factories import ONE, TWO, VIRGINIA

UNIT, OTHER = "ou-root-aaaaaaaa", "ou-root-bbbbbbbb"


def _id(account: str, name: str = "stack") -> str:
    return f"arn:aws:cloudformation:{VIRGINIA}:{account}:stack/{name}/51af3dc0-da77"


def _properties(*entries: object, **others: Any) -> dict[str, Any]:
    return {"TemplateBody": "{}", "ImportStacks": list(entries), **others}


def test_self_managed() -> None:
    """Ids in either form; gaps are passed over."""
    spec = parse_properties(_properties(_id(ONE), "", {"StackId": _id(TWO)}))
    assert spec.imports == (Stacks((_id(ONE), _id(TWO))),)
    assert spec.imported == {Target(ONE, VIRGINIA), Target(TWO, VIRGINIA)}
    assert set(spec.targets) == spec.imported
    assert spec.instances == {}


def test_service_managed() -> None:
    """Ids that share their units go together."""
    entries = [
        {"StackId": _id(ONE), "OrganizationalUnitIds": [UNIT]},
        {"StackId": _id(TWO), "OrganizationalUnitIds": [OTHER]},
        {"StackId": _id("333333333333"), "OrganizationalUnitIds": [UNIT]},
    ]
    spec = parse_properties(_properties(*entries, PermissionModel="SERVICE_MANAGED"))
    assert spec.imports == (
        Stacks((_id(ONE), _id("333333333333")), (UNIT,)),
        Stacks((_id(TWO),), (OTHER,)),
    )


@pytest.mark.parametrize(
    ("entries", "others", "told"),
    [
        (["my-stack"], {}, "ImportStacks[0] is 'my-stack': write the id of a stack, arn:"),
        ([{"StackId": "my-stack"}], {}, "ImportStacks[0].StackId is 'my-stack': write the id"),
        ([{}], {}, "ImportStacks[0].StackId is missing"),
        ([_id(ONE), _id(ONE, "b")], {}, "ImportStacks[1] is in the account and Region of"),
        (
            [{"StackId": _id(ONE), "OrganizationalUnitIds": [UNIT]}],
            {},
            "ImportStacks[0].OrganizationalUnitIds needs PermissionModel: SERVICE_MANAGED",
        ),
        (
            [_id(ONE)],
            {"PermissionModel": "SERVICE_MANAGED"},
            "ImportStacks[0].OrganizationalUnitIds is missing",
        ),
        (_id(ONE), {}, "ImportStacks is"),
    ],
)
def test_faults(entries: Any, others: dict[str, Any], told: str) -> None:
    """What is wrong is told with its path."""
    raw = {"TemplateBody": "{}", "ImportStacks": entries, **others}
    with pytest.raises(InvalidProperties) as refused:
        parse_properties(raw)
    assert told in str(refused.value)


def test_leniently() -> None:
    """A rollback takes what is right, and of two in one place the first."""
    raw = _properties("my-stack", _id(ONE), _id(ONE, "b"), {"StackId": 1}, None)
    assert read_leniently(raw).spec.imports == (Stacks((_id(ONE),)),)
