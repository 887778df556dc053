"""The properties of a wait: few, and each complaint names the mend."""

from __future__ import annotations

from typing import Any

import pytest

from handler.errors import InvalidProperties
from handler.properties.waiting import read_wait
from handler.values.spec import WaitSpec
from tests.factories import STACK_SET_ID

_DEPLOYMENT = "6a8a3000-63257e3ba8ba68a9-9"
_RIGHT = {"ServiceToken": "arn", "StackSetId": STACK_SET_ID, "DeploymentId": _DEPLOYMENT}


def _texts(**members: Any) -> list[str]:
    with pytest.raises(InvalidProperties) as caught:
        read_wait({**_RIGHT, **members})
    return [str(each) for each in caught.value.faults]


def test_defaults() -> None:
    """A wait is the last unless it says otherwise."""
    assert read_wait(_RIGHT) == WaitSpec(STACK_SET_ID, _DEPLOYMENT, is_last=True)


@pytest.mark.parametrize(("told", "is_last"), [("false", False), (False, False), ("true", True)])
def test_last(told: object, is_last: bool) -> None:  # noqa: FBT001
    """CloudFormation delivers booleans as texts."""
    assert read_wait({**_RIGHT, "Last": told}).is_last is is_last


def test_gaps() -> None:
    """What is missing is named, be it absent or left empty."""
    assert _texts(StackSetId="", DeploymentId=None) == [
        "StackSetId is missing: write it",
        "DeploymentId is missing: write it",
    ]


def test_unknown() -> None:
    """A typing error is told by the name of the type, with what was perhaps meant."""
    assert _texts(Lats="true") == [
        "`Lats` is not a property of Custom::StackSetWait; did you mean `Last`?"
    ]


@pytest.mark.parametrize(
    ("member", "value", "mend"),
    [
        ("StackSetId", "Baseline", "write what !Ref gives: NAME:UUID"),
        ("DeploymentId", "op-1", "write what !GetAtt gives: the DeploymentId"),
        ("Last", "perhaps", "write true or false"),
        ("ServiceTimeout", "7200", "write a whole number from 1 to 3600"),
    ],
)
def test_wrong(member: str, value: str, mend: str) -> None:
    """A wrong value is shown with what to write instead."""
    assert _texts(**{member: value}) == [f"{member} is '{value}': {mend}"]
