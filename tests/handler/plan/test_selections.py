"""The change from one selection to another, against an organization in which everybody is known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.plan.boxes import by_overrides, cover_by_boxes
from handler.plan.selections import UnknownMembers, change
from handler.values.organization import UnitGroup
from handler.values.selection import Cell, Place, Selection, Tree, disagreements, expand, in_force
from handler.values.spec import Overrides
from handler.values.targets import ALL, DIFFERENCE, INTERSECTION, Box

ROOT, A, B, C = "r-root", "ou-root-aaaaaaaa", "ou-root-bbbbbbbb", "ou-root-cccccccc"
EAST, WEST = "us-east-1", "us-west-2"
ABOVE = {A: (ROOT,), B: (ROOT,), C: (A, ROOT)}
"""C is below A."""

MEMBERS = {A: {"1", "2", "3", "6"}, B: {"4", "5"}, C: {"6"}, ROOT: {"1", "2", "3", "4", "5", "6"}}
BIG: Overrides = (("Size", "big"),)

_WHOLE = Tree(ROOT, ABOVE, {unit: frozenset(each) for unit, each in MEMBERS.items()})


def _group(units: tuple[str, ...], kind: str = ALL, *accounts: str, **others: object) -> UnitGroup:
    return UnitGroup("Group", units, (EAST,), kind, tuple(accounts), **others)  # type: ignore[arg-type]


def _reality(selection: Selection) -> dict[tuple[str, str], Overrides]:
    """Who has an instance, by account and Region."""
    found = {}
    for place in selection:
        for account in MEMBERS[place.unit]:
            unit = next(
                each for each in (C, A, B, ROOT) if account in MEMBERS[each] and each is not None
            )
            home = Place(unit, place.region)
            overrides = in_force(selection, home, _WHOLE).of(account)
            if overrides is not None:
                found[account, place.region] = overrides
    return found


def _reached(box: Box) -> set[tuple[str, str]]:
    inside = {account for unit in box.units for account in MEMBERS[unit]}
    named = set(box.accounts)
    chosen = {ALL: inside, INTERSECTION: inside & named, DIFFERENCE: inside - named}
    return {(each, region) for each in chosen[box.account_filter] for region in box.regions}


def _applied(old: Selection, new: Selection, tree: Tree) -> dict[tuple[str, str], Overrides]:
    """What the world is after the operations of a change."""
    world = _reality(old)
    found = change(old, new, tree)
    for box in cover_by_boxes(found.leaving):
        for each in _reached(box):
            world.pop(each, None)
    wanted = by_overrides(new)
    for overrides, part in by_overrides(found.joining).items():
        for box in cover_by_boxes(part, wanted[overrides], may_overlap=True):
            for each in _reached(box):
                world.setdefault(each, overrides)
    for overrides, part in by_overrides(found.overridden).items():
        for box in cover_by_boxes(part):
            for each in _reached(box) & set(world):
                world[each] = overrides
    return world


_KINDS = st.sampled_from([ALL, INTERSECTION, DIFFERENCE])


@st.composite
def _selections(draw: st.DrawFn, units: tuple[str, ...]) -> Selection:
    groups = []
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(_KINDS)
        groups.append(
            UnitGroup(
                "Group",
                tuple(draw(st.sets(st.sampled_from(units), min_size=1))),
                tuple(draw(st.sets(st.sampled_from([EAST, WEST]), min_size=1))),
                kind,
                tuple(draw(st.sets(st.sampled_from("123456"), min_size=1))) if kind != ALL else (),
                overrides=draw(st.sampled_from([(), BIG])),
            )
        )
    return expand(groups, {}, ROOT)


@settings(max_examples=300)
@given(_selections((A, B)), _selections((A, B)))
def test_separate_units(old: Selection, new: Selection) -> None:
    """Whatever the filters, the operations of a change bring about what is wanted, and no more."""
    tree = Tree(ROOT)
    assert _applied(old, new, tree) == _reality(new)


def _agree(selection: Selection) -> bool:
    """Whether no account is given different overrides in a Region by two units."""
    values: dict[tuple[str, str], set[Overrides]] = {}
    for place, cell in selection.items():
        for account in MEMBERS[place.unit]:
            if (overrides := cell.of(account)) is not None:
                values.setdefault((account, place.region), set()).add(overrides)
    return all(len(each) == 1 for each in values.values())


@settings(max_examples=300)
@given(_selections((A, B, C, ROOT)), _selections((A, B, C, ROOT)))
def test_nested_units(old: Selection, new: Selection) -> None:
    """With the tree and its members known, units may lie in each other."""
    if _agree(old) and _agree(new):
        assert _applied(old, new, _WHOLE) == _reality(new)


class TestChange:
    """What leaves and what joins."""

    def test_an_account_leaves_a_list_of_exceptions(self) -> None:
        """It is one create of that account, and never a delete."""
        old = expand([_group((A,), DIFFERENCE, "1", "2")], {})
        new = expand([_group((A,), DIFFERENCE, "1")], {})
        found = change(old, new, Tree())
        assert found.leaving == {}
        assert cover_by_boxes(found.joining) == (Box((A,), (EAST,), INTERSECTION, ("2",)),)

    def test_a_filter_is_taken_away(self) -> None:
        """What was left out is created."""
        old = expand([_group((A,), INTERSECTION, "1")], {})
        found = change(old, expand([_group((A,))], {}), Tree())
        assert cover_by_boxes(found.joining) == (Box((A,), (EAST,), DIFFERENCE, ("1",)),)

    def test_a_unit_joins_another(self) -> None:
        """What is there already may be named as well, if that saves a call."""
        both = UnitGroup("Group", (A, B), (EAST, WEST))
        old, new = expand([_group((A,))], {}), expand([both], {})
        joining = change(old, new, Tree()).joining
        assert len(cover_by_boxes(joining)) == 2
        assert cover_by_boxes(joining, new) == (Box((A, B), (EAST, WEST)),)

    def test_groups_that_overlap(self) -> None:
        """A create leaves what another has made, so that two groups need two calls."""
        one = UnitGroup("Group", (A, B), (EAST, WEST))
        other = UnitGroup("Group", (B, C), (WEST, "eu-west-1"), INTERSECTION, ("1", "2"))
        wanted = expand([one, other], {})
        assert len(cover_by_boxes(wanted)) > 2
        assert len(cover_by_boxes(wanted, may_overlap=True)) == 2

    def test_a_unit_below_one_that_stays(self) -> None:
        """Its accounts stay."""
        tree = Tree(ROOT, ABOVE)
        found = change(expand([_group((A, C))], {}), expand([_group((A,))], {}), tree)
        assert (found.leaving, found.joining) == ({}, {})

    def test_the_root_is_above_all(self) -> None:
        """Nobody has to ask for that."""
        found = change(expand([_group((A,))], {}), expand([_group((ROOT,))], {}), Tree(ROOT))
        assert found.leaving == {}
        assert cover_by_boxes(found.joining) == (Box((ROOT,), (EAST,)),)

    def test_a_unit_above_one_that_stays(self) -> None:
        """Who is in the one that stays has to be known."""
        old, new = expand([_group((ROOT,))], {}), expand([_group((B,))], {})
        with pytest.raises(UnknownMembers) as unknown:
            change(old, new, Tree(ROOT))
        assert (unknown.value.unit, unknown.value.below) == (ROOT, [B])
        known = Tree(ROOT, members={B: frozenset(MEMBERS[B])})
        leaving = change(old, new, known).leaving
        assert cover_by_boxes(leaving) == (Box((ROOT,), (EAST,), DIFFERENCE, ("4", "5")),)

    def test_other_overrides(self) -> None:
        """They are compared by value, for each account."""
        old = expand([_group((A,), INTERSECTION, "1", "2")], {})
        new = expand(
            [_group((A,), INTERSECTION, "1"), _group((A,), INTERSECTION, "2", overrides=BIG)], {}
        )
        assert change(old, new, Tree()).overridden == {Place(A, EAST): Cell(None, {"2": BIG})}


class TestBoxes:
    """How few calls it takes."""

    def test_fifty_units_a_call(self) -> None:
        """More than fifty units take another call."""
        units = tuple(f"ou-root-{number:08d}" for number in range(120))
        boxes = cover_by_boxes(expand([UnitGroup("Group", units, (EAST,))], {}))
        assert [len(each.units) for each in boxes] == [50, 50, 20]

    def test_units_regions_and_accounts_together(self) -> None:
        """What is alike along any of the three goes into one call."""
        groups = [UnitGroup("G", (unit,), (EAST, WEST), DIFFERENCE, ("1",)) for unit in (A, B)]
        assert cover_by_boxes(expand(groups, {})) == (
            Box((A, B), (EAST, WEST), DIFFERENCE, ("1",)),
        )

    def test_nothing(self) -> None:
        """Nothing takes no call."""
        assert cover_by_boxes({}) == ()


def test_lists_behind_addresses() -> None:
    """They are read as if they stood in the group."""
    group = UnitGroup("Group", (A,), (EAST,), INTERSECTION, accounts_url="https://list")
    assert expand([group], {"https://list": ["1"]}) == {Place(A, EAST): Cell(None, {"1": ()})}


def test_groups_that_disagree() -> None:
    """They are named, also where one is of the root."""
    tree = Tree(ROOT)
    first, second = _group((ROOT,)), _group((B,), INTERSECTION, "4", overrides=BIG)
    assert list(disagreements([first, second], tree, {})) == [(second, first, Place(B, EAST))]
    assert list(disagreements([first, _group((B,))], tree, {})) == []
