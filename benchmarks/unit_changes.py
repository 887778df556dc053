"""Changes to the units and filters of a service-managed stack set, on which plans are compared."""

from __future__ import annotations

from dataclasses import dataclass

from handler.values.organization import UnitGroup
from handler.values.spec import NO_OVERRIDES, Overrides
from handler.values.targets import ALL, DIFFERENCE, INTERSECTION

A, B, C, D = (f"ou-root-{letter * 8}" for letter in "abcd")
ONE, TWO, THREE, FOUR = (f"{digit}" * 12 for digit in range(1, 5))
X, Y, Z, W = "eu-west-1", "us-east-1", "us-west-2", "ap-northeast-1"
MEMBERS = {A: (ONE, TWO), B: (THREE,), C: (FOUR,), D: ("5" * 12,)}
"""Who has an instance before each change: it is what a list of instances shows."""

LARGE: Overrides = (("Size", "large"),)
HUGE: Overrides = (("Size", "huge"),)

Groups = tuple[UnitGroup, ...]


@dataclass(frozen=True)
class UnitChange:
    """From one state of a template to the next."""

    name: str
    before: Groups
    after: Groups
    changes_set: bool = False


def _at(
    units: tuple[str, ...],
    regions: tuple[str, ...] = (X,),
    kind: str = ALL,
    accounts: tuple[str, ...] = (),
    overrides: Overrides = NO_OVERRIDES,
) -> UnitGroup:
    return UnitGroup("Group", units, regions, kind, accounts, overrides=overrides)


_BOTH, _TWO_REGIONS = (_at((A, B)),), (_at((A, B), (X, Y)),)
_ALL_BUT_ONE = (_at((A, B), (X, Y), DIFFERENCE, (ONE,)),)
_ONLY = (_at((A,), (X, Y), INTERSECTION, (ONE,)),)

UNIT_CHANGES = (
    UnitChange("create 2 units, 2 Regions", (), _TWO_REGIONS),
    UnitChange("create 2 units, 4 Regions, all but one account", (),
        (_at((A, B), (W, X, Y, Z), DIFFERENCE, (ONE,)),)),
    UnitChange("create one account of each of 3 units", (),
        (_at((A, B, C), (X,), INTERSECTION, (ONE, THREE, FOUR)),)),
    UnitChange("nothing", _TWO_REGIONS, _TWO_REGIONS),
    UnitChange("a tag", _TWO_REGIONS, _TWO_REGIONS, changes_set=True),
    UnitChange("a tag, with a filter", _ALL_BUT_ONE, _ALL_BUT_ONE, changes_set=True),
    UnitChange("a unit joins", _TWO_REGIONS, (_at((A, B, C), (X, Y)),)),
    UnitChange("a unit leaves", (_at((A, B, C), (X, Y)),), _TWO_REGIONS),
    UnitChange("a Region joins", _BOTH, _TWO_REGIONS),
    UnitChange("a Region joins, with a filter",
        (_at((A, B), (X,), DIFFERENCE, (ONE,)),), _ALL_BUT_ONE),
    UnitChange("a Region leaves, with a filter", _ALL_BUT_ONE,
        (_at((A, B), (X,), DIFFERENCE, (ONE,)),)),
    UnitChange("a filter comes: all but one account", _TWO_REGIONS, _ALL_BUT_ONE),
    UnitChange("a filter goes", _ALL_BUT_ONE, _TWO_REGIONS),
    UnitChange("an account leaves the exceptions",
        (_at((A, B), (X, Y), DIFFERENCE, (ONE, TWO)),), _ALL_BUT_ONE),
    UnitChange("an account joins the exceptions", _ALL_BUT_ONE,
        (_at((A, B), (X, Y), DIFFERENCE, (ONE, TWO)),)),
    UnitChange("an account joins a list", _ONLY,
        (_at((A,), (X, Y), INTERSECTION, (ONE, TWO)),)),
    UnitChange("a list becomes its opposite", _ONLY,
        (_at((A,), (X, Y), DIFFERENCE, (ONE,)),)),
    UnitChange("overrides of one unit", _TWO_REGIONS,
        (_at((A,), (X, Y), overrides=LARGE), _at((B,), (X, Y)))),
    UnitChange("overrides of one account", _ALL_BUT_ONE,
        (_at((A, B), (X, Y), DIFFERENCE, (ONE, TWO)),
         _at((A,), (X, Y), INTERSECTION, (TWO,), LARGE))),
    UnitChange("3 units, 3 overrides become one",
        (_at((A,)), _at((B,), overrides=LARGE), _at((C,), overrides=HUGE)), (_at((A, B, C)),)),
    UnitChange("a unit leaves, one joins, and a new template", _TWO_REGIONS,
        (_at((A, C), (X, Y)),), changes_set=True),
    UnitChange("two units with different overrides leave",
        (_at((A,)), _at((B,), overrides=LARGE), _at((C,), overrides=HUGE)), (_at((A,)),)),
    UnitChange("everything leaves", _ALL_BUT_ONE, ()),
)  # fmt: skip
