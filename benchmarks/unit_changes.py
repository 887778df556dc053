"""Changes to where a service-managed stack set is deployed, on which plans are compared.

They are those of the native resource's own tests of its planning, written anew.
"""

from __future__ import annotations

from dataclasses import dataclass

from handler.values.organization import UnitGroup
from handler.values.spec import Overrides
from handler.values.targets import ALL, DIFFERENCE, INTERSECTION

UNITS = U1, U2, U3, U4, U5 = tuple(f"ou-root-{letter * 8}" for letter in "abcde")
ACCOUNTS = A, B, C, D, E = tuple(f"{digit}" * 12 for digit in range(2, 7))
X, Y, Z, W = "eu-west-1", "us-west-1", "us-east-2", "us-east-1"
SMALL: Overrides = (("Size", "small"),)
LARGE: Overrides = (("Size", "large"),)

Groups = tuple[UnitGroup, ...]


@dataclass(frozen=True)
class UnitChange:
    """From one state of a template to the next.

    Attributes:
        best: The fewest operations there can be, when creating what is there costs nothing.
    """

    name: str
    before: Groups
    after: Groups
    best: int


def _in(
    units: tuple[str, ...],
    regions: tuple[str, ...] = (X,),
    *,
    only: tuple[str, ...] = (),
    but: tuple[str, ...] = (),
    overrides: Overrides = (),
) -> UnitGroup:
    kind = INTERSECTION if only else DIFFERENCE if but else ALL
    return UnitGroup("", units, regions, kind, only or but, overrides=overrides)


_TWO = (_in((U1, U2), (X, Y)), _in((U2, U3), (X, Z), only=(A, B)))
_NAMED = (_in((U2, U3), (X, Y, Z), only=(A, B)),)
_APART = (_in((U1, U2), (Y, W)), _in((U3, U4), (Y, W)))
_LAST = (_in((U4,)),)

UNIT_CHANGES = (
    UnitChange("create two groups that overlap", (), _TWO, 2),
    UnitChange("delete two groups that overlap", _TWO, (), 2),
    UnitChange("create two groups in the same Regions", (), _APART, 1),
    UnitChange("delete two groups in the same Regions", _APART, (), 1),
    UnitChange("create all but named accounts", (), (_in((U1,), (X, Y, Z), but=(A, B)),), 1),
    UnitChange("create named accounts in 3 Regions", (), _NAMED, 1),
    UnitChange("delete named accounts in 3 Regions", _NAMED, (), 1),
    UnitChange(
        "one Region moved, named accounts",
        _NAMED,
        (_in((U2, U3), (X, Y, W), only=(A, B)),),
        2,
    ),
    UnitChange(
        "units and Regions moved",
        (_in((U1, U2), (X, Y)), _in((U2, U3), (Z,))),
        (_in((U1,), (X, Y)), _in((U3, U4), (W,))),
        3,
    ),
    UnitChange(
        "all accounts become named ones, moved",
        (_in((U1, U2), (X, Y)),),
        (_in((U2, U3), (Y, Z), only=(B, C)),),
        4,
    ),
    UnitChange(
        "named accounts become all, moved",
        (_in((U2, U3), (Y, Z), only=(B, C)),),
        (_in((U1, U2), (X, Y)),),
        3,
    ),
    UnitChange(
        "exceptions become named accounts, moved",
        (_in((U1,), (X, Y), but=(A, B)),),
        (_in((U1,), (Y, Z), only=(B, C)),),
        3,
    ),
    UnitChange(
        "units moved by one",
        (_in((U1, U2)), _in((U2, U3))),
        (_in((U2, U3)), _in((U3, U4))),
        2,
    ),
    UnitChange(
        "units moved by one, other overrides",
        (_in((U1, U2), overrides=SMALL), _in((U2, U3), overrides=SMALL)),
        (_in((U2, U3), overrides=LARGE), _in((U3, U4), overrides=LARGE)),
        3,
    ),
    UnitChange(
        "five groups of the same units go",
        (
            _in((U1, U2)),
            _in((U2, U3)),
            _in((U1, U2), only=(A, B)),
            _in((U1, U2, U3), but=(B, C)),
            _in((U1, U2, U3), only=(C, D)),
        ),
        _LAST,
        2,
    ),
    UnitChange(
        "named accounts of several groups go",
        (
            _in((U1,)),
            _in((U1, U2), only=(A, B)),
            _in((U1, U2, U3), only=(B, C)),
            _in((U1, U2, U3), only=(C, D)),
        ),
        _LAST,
        4,
    ),
    UnitChange(
        "exceptions of several groups go",
        (
            _in((U1,)),
            _in((U1, U2), but=(A, B)),
            _in((U1, U2, U3), but=(B, C)),
            _in((U1, U2, U3), but=(C, D)),
        ),
        _LAST,
        3,
    ),
    UnitChange(
        "named accounts and exceptions come",
        _LAST,
        (
            _in((U1, U2), only=(A, B)),
            _in((U1, U3), only=(A, C)),
            _in((U1, U2), but=(C, D)),
            _in((U1, U3), but=(C, E)),
        ),
        3,
    ),
    UnitChange(
        "filters come",
        (_in((U1,)), _in((U2,)), _in((U3,))),
        (_in((U1,)), _in((U2,), only=(A, B)), _in((U3,), but=(C, D))),
        2,
    ),
    UnitChange(
        "filters come, the same accounts",
        (_in((U1, U2, U3)),),
        (_in((U1,)), _in((U2,), only=(A, B)), _in((U3,), but=(A, B))),
        2,
    ),
    UnitChange(
        "named accounts become all, others, exceptions",
        (_in((U1, U2, U3), only=(A, B)),),
        (_in((U1,)), _in((U2,), only=(B, C)), _in((U3,), but=(B, C))),
        4,
    ),
    UnitChange(
        "exceptions become all, named accounts, others",
        (_in((U1, U2, U3), but=(A, B)),),
        (_in((U1,)), _in((U2,), only=(B, C)), _in((U3,), but=(B, C))),
        4,
    ),
    UnitChange(
        "everything at once, five units",
        (
            _in((U1, U2), but=(A, B)),
            _in((U1, U2), but=(A, C)),
            _in((U1, U3), only=(C, D)),
            _in((U1, U3), only=(C, E)),
            _in((U4,), but=(C, D)),
        ),
        (
            _in((U1, U2), only=(A, B)),
            _in((U1, U2), only=(A, C)),
            _in((U1, U3), but=(C, D)),
            _in((U1, U3), but=(C, E)),
            _in((U5,)),
        ),
        6,
    ),
)
"""The published list."""
