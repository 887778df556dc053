"""Changes to a stack set's instances, on which plans are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from handler.values.spec import Overrides
from handler.values.targets import Target

Instances = Mapping[Target, Overrides]
A, B, C, D, E, F, G = (f"{digit}" * 12 for digit in range(1, 8))
X, Y, Z, W = "eu-west-1", "us-east-1", "us-west-2", "ap-northeast-1"
SMALL: Overrides = (("Size", "small"),)
LARGE: Overrides = (("Size", "large"),)
HUGE: Overrides = (("Size", "huge"),)


@dataclass(frozen=True)
class Change:
    """From one state of a template to the next."""

    name: str
    before: Instances
    after: Instances
    changes_set: bool = False


def difference(before: Instances, after: Instances) -> tuple[Instances, Instances, Instances]:
    """Returns what goes, what comes, and what stays with other overrides."""
    return (
        {target: each for target, each in before.items() if target not in after},
        {target: each for target, each in after.items() if target not in before},
        {t: each for t, each in after.items() if t in before and before[t] != each},
    )


def rows(instances: Instances) -> int:
    """Returns how many different sets of Regions with the same overrides accounts have."""
    regions: dict[tuple[str, Overrides], set[str]] = defaultdict(set)
    for target, overrides in instances.items():
        regions[target.account, overrides].add(target.region)
    return len({(frozenset(where), overrides) for (_, overrides), where in regions.items()})


def _at(
    accounts: str | tuple[str, ...], regions: str | tuple[str, ...], overrides: Overrides = ()
) -> Instances:
    some = (accounts,) if isinstance(accounts, str) else accounts
    where = (regions,) if isinstance(regions, str) else regions
    return {Target(account, region): overrides for account in some for region in where}


def _many(count: int, regions: tuple[str, ...], overrides: Overrides = ()) -> Instances:
    return _at(tuple(f"{number:012d}" for number in range(count)), regions, overrides)


def _subsets() -> Instances:
    """Seven accounts, each in a different non-empty set of three regions."""
    return {
        Target(account, region): ()
        for number, account in enumerate((A, B, C, D, E, F, G), start=1)
        for bit, region in enumerate((X, Y, Z))
        if number >> bit & 1
    }


_THREE, _GRID = _at((A, B, C), X), _at((A, B, C, D), (X, Y, Z))

CHANGES = (
    Change("create 3 accounts, 1 region", {}, _THREE),
    Change("create 5 accounts, 2 regions", {}, _at((A, B, C, D, E), (X, Y))),
    Change("create 800 accounts, 4 regions", {}, _many(800, (W, X, Y, Z))),
    Change(
        "create 3 accounts, 3 different overrides",
        {},
        {**_at(A, X, SMALL), **_at(B, X, LARGE), **_at(C, X, HUGE)},
    ),
    Change(
        "create A in 2 regions, B in one, C in the other",
        {},
        {**_at(A, (X, Y)), **_at(B, X), **_at(C, Y)},
    ),
    Change("create 7 accounts, each another set of 3 regions", {}, _subsets()),
    Change(
        "create a grid with one corner missing",
        {},
        {k: v for k, v in _GRID.items() if k != Target(D, Z)},
    ),
    Change(
        "create one region with its own override",
        {},
        {**_at((A, B, C), X), **_at((A, B, C), Y, SMALL)},
    ),
    Change(
        "create, overrides by account and by region",
        {},
        {**_at((A, B), (X, Y)), **_at((A, B), Z, SMALL), **_at(C, (X, Y, Z), SMALL)},
    ),
    Change("nothing", _THREE, _THREE),
    Change("a tag", _THREE, _THREE, changes_set=True),
    Change(
        "a tag, 800 accounts, 4 regions",
        _many(800, (W, X, Y, Z)),
        _many(800, (W, X, Y, Z)),
        changes_set=True,
    ),
    Change("one account more", _THREE, {**_THREE, **_at(D, X)}),
    Change(
        "one account more and a new template", _THREE, {**_THREE, **_at(D, X)}, changes_set=True
    ),
    Change("one account less", _GRID, _at((A, B, C), (X, Y, Z))),
    Change(
        "one account less and a new template", _GRID, _at((A, B, C), (X, Y, Z)), changes_set=True
    ),
    Change("one account swapped for another", _THREE, _at((A, B, D), X)),
    Change("one region more", _at((A, B, C), X), _at((A, B, C), (X, Y))),
    Change("one region less", _GRID, _at((A, B, C, D), (X, Y))),
    Change("one region moved", _at((A, B, C), (X, Y)), _at((A, B, C), (X, Z))),
    Change("one override more", _THREE, {**_THREE, **_at(A, X, SMALL)}),
    Change("one override changed", {**_THREE, **_at(A, X, SMALL)}, {**_THREE, **_at(A, X, LARGE)}),
    Change("all overrides gone", _at((A, B, C), X, SMALL), _THREE),
    Change(
        "one override of 800 accounts",
        _many(800, (X,)),
        {**_many(800, (X,)), **_at("000000000007", X, SMALL)},
    ),
    Change(
        "overrides swapped between two accounts",
        {**_at(A, X, SMALL), **_at(B, X, LARGE)},
        {**_at(A, X, LARGE), **_at(B, X, SMALL)},
    ),
    Change(
        "an override and a new template", _THREE, {**_THREE, **_at(A, X, SMALL)}, changes_set=True
    ),
    Change(
        "delete two with different overrides",
        {**_at(A, X, SMALL), **_at(B, X, LARGE), **_at(C, X)},
        _at(C, X),
    ),
    Change(
        "delete all but one, mixed overrides",
        {**_at((A, B), (X, Y), SMALL), **_at((C, D), (X, Y), LARGE)},
        _at(A, X, SMALL),
    ),
    Change("delete seven, each another set of regions", _subsets(), {}),
    Change("delete everything", _GRID, {}),
    Change(
        "delete a diagonal",
        _at((A, B, C), (X, Y, Z)),
        {
            t: o
            for t, o in _at((A, B, C), (X, Y, Z)).items()
            if (t.account, t.region) not in {(A, X), (B, Y), (C, Z)}
        },
    ),
    Change(
        "mixed overrides in one account, one region leaves",
        {**_at(A, X, SMALL), **_at(A, Y, LARGE)},
        _at(A, X, SMALL),
    ),
    Change(
        "everything at once",
        {**_at((A, B), (X, Y)), **_at(C, X)},
        {**_at(A, (X, Y)), **_at(C, X, LARGE), **_at((D, E), X)},
        changes_set=True,
    ),
    Change(
        "regroup: the same pairs, written otherwise", _GRID, dict(reversed(list(_GRID.items())))
    ),
)
"""The published list."""
