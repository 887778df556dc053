"""What a template asks for, when it asks for nothing."""

from __future__ import annotations

import dataclasses

import pytest

from handler.values.spec import NO_OVERRIDES, StackSetSpec


def test_defaults() -> None:
    """Whatever is not asked for is absent, and stays apart from spec to spec."""
    spec = StackSetSpec()

    assert dataclasses.asdict(spec) == {
        "name": None,
        "description": None,
        "template_body": None,
        "template_url": None,
        "template_digest": None,
        "parameters": {},
        "tags": {},
        "capabilities": frozenset(),
        "administration_role_arn": None,
        "execution_role_name": None,
        "managed_execution": False,
        "preferences": {},
        "instances": {},
        "wait_for": "END",
        "in_all_regions": {},
        "memberships": (),
        "members": frozenset(),
        "leaves_members": False,
        "written_in": {},
        "service_managed": None,
        "call_as": "SELF",
        "retain_stacks": False,
        "retain_stacks_on_removal": False,
        "fails_on_unreachable": False,
        "fails_on_tolerated": True,
        "max_delete_percentage": 100,
        "adopts": False,
        "detects_drift": False,
        "imports": (),
        "output_keys": (),
    }
    assert spec == StackSetSpec()


def test_no_overrides() -> None:
    """No overrides are an empty tuple."""
    assert NO_OVERRIDES == ()


def test_frozen() -> None:
    """A spec cannot be changed once read."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        StackSetSpec().name = "Other"  # type: ignore[misc]
