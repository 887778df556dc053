"""Which execution roles a stack set may name."""

from __future__ import annotations

import pytest

from handler.plan.execution_roles import ExecutionRoles
from handler.values.organization import ServiceManaged
from handler.values.spec import StackSetSpec

_DEFAULT = "AWSCloudFormationStackSetExecutionRole"


@pytest.mark.parametrize(
    ("listed", "name", "is_allowed"),
    [
        (None, "Any", True),
        ("*", "Any", True),
        ("One, Team*", "TeamB", True),
        ("One,Team?", "TeamBC", False),
        ("One", "one", False),
        ("a.b", "axb", False),
        ("One", None, False),
        (_DEFAULT, None, True),
        ("", "Any", False),
    ],
)
def test_names(listed: str | None, name: str | None, *, is_allowed: bool) -> None:
    """Wildcards are those of IAM; no name is the default's; without a list, any may be."""
    fault = ExecutionRoles.of(listed).fault(StackSetSpec(execution_role_name=name))
    assert (fault is None) is is_allowed


def test_the_text() -> None:
    """It says what is wrong, what to write, and which parameter to widen."""
    fault = ExecutionRoles.of("A,B,C,D,E,F").fault(StackSetSpec(execution_role_name="X"))
    assert str(fault) == (
        "ExecutionRoleName is X, and the function lets stack sets take only A, B, C, D, E and 1"
        " more: write one of these, or add the role's name to the parameter ExecutionRoleNames in"
        " the stack that exports StackSetCustomResource"
    )
    told = ExecutionRoles.of("A").fault(StackSetSpec())
    assert f"ExecutionRoleName is not given, which means {_DEFAULT}, and" in str(told)


@pytest.mark.parametrize(
    ("name", "is_allowed"), [(None, True), ("stacksets-exec-custom-A", True), ("other", False)]
)
def test_service_managed(name: str | None, *, is_allowed: bool) -> None:
    """The service's own role is always allowed; one that is brought along has to be named."""
    roles = ExecutionRoles.of("stacksets-exec-custom-*")
    spec = StackSetSpec(service_managed=ServiceManaged(), execution_role_name=name)
    assert (roles.fault(spec) is None) is is_allowed
