"""The fewest calls that cover a selection: each names units, Regions and a filter of accounts.

A call reaches every account that its filter lets through, in every one of its units and Regions. So
a selection is a cube of units, Regions and accounts, the accounts that nobody names being one of
them, and a call is a box in it. The cube is cut along each of its three sides in turn, by the cover
that self-managed stack sets have, and the way with the fewest boxes is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import combinations, product

from handler.plan.cover import cover
from handler.values.selection import NOWHERE, Cell, Place, Selection
from handler.values.targets import ALL, DIFFERENCE, INTERSECTION, Box, Target

_OTHERS = ""
_MOST_UNITS = 50
_SEPARATOR = "\n"
_MOST_MERGED = 60
_MOST_WIDENED = 20_000

Point = tuple[str, str, str]
"""A unit, a Region and an account."""


def cover_by_boxes(
    selection: Selection, spare: Selection | None = None, *, may_overlap: bool = False
) -> tuple[Box, ...]:
    """Returns few boxes that reach all that is selected.

    Args:
        selection: What to reach: whatever has overrides that are not None.
        spare: What may be reached as well, if that saves a call.
        may_overlap: Whether an instance may be reached more than once, if that saves a call.

    Returns:
        Boxes in a fixed order, of at most 50 units each.
    """
    allowed = spare or {}
    accounts = sorted({*_named(selection), *_named(allowed)})
    points = _points(selection, accounts)
    if not points:
        return ()
    ways = [_cut(points, side) for side in range(3)]
    blocks = min(ways, key=len)
    if allowed:
        blocks = _merged(blocks, points | _points(allowed, accounts))
    found = _boxes(blocks, accounts)
    size = sum(_size(each) for each in blocks)
    if may_overlap and 1 < len(blocks) <= _MOST_MERGED and size <= _MOST_WIDENED:
        return min(found, _boxes(_overlapping(blocks, points), accounts), key=len)
    return found


def _boxes(blocks: Iterable[_Block], accounts: Collection[str]) -> tuple[Box, ...]:
    boxes = sorted((_box(each, accounts) for each in blocks), key=_order)
    return tuple(part for box in boxes for part in _split(box))


def cover_accounts(units: Mapping[Target, str]) -> tuple[Box, ...]:
    """Returns few boxes that reach these instances, each account by its name.

    An account is in one unit, so it may be named beside the units of others.

    Args:
        units: The unit of each instance.
    """
    boxes = (
        Box(
            tuple(sorted({units[each] for each in rectangle.targets()})),
            rectangle.regions,
            INTERSECTION,
            rectangle.accounts,
        )
        for rectangle in cover(units)
    )
    return tuple(part for box in sorted(boxes, key=_order) for part in _split(box))


def _named(selection: Selection) -> Iterator[str]:
    for cell in selection.values():
        yield from cell.named


def _points(selection: Selection, accounts: Iterable[str]) -> frozenset[Point]:
    # An account that a cell does not name has what the others have.
    everyone = (*accounts, _OTHERS)
    return frozenset(
        (place.unit, place.region, account)
        for place, cell in selection.items()
        for account in everyone
        if cell.of(account) is not None
    )


_Block = tuple[frozenset[str], frozenset[str], frozenset[str]]


def _cut(points: Collection[Point], side: int) -> list[_Block]:
    """Cover points by blocks, cutting across one side first."""
    first, second = (each for each in range(3) if each != side)
    lines = cover(
        Target(point[side], f"{point[first]}{_SEPARATOR}{point[second]}") for point in points
    )
    blocks = []
    for line in lines:
        pairs = (each.split(_SEPARATOR) for each in line.regions)
        for rectangle in cover(Target(*pair) for pair in pairs):
            sides = {side: line.accounts, first: rectangle.accounts, second: rectangle.regions}
            blocks.append(tuple(frozenset(sides[number]) for number in range(3)))
    return blocks  # type: ignore[return-value]


def _merged(blocks: list[_Block], allowed: Collection[Point]) -> list[_Block]:
    """Put two blocks into one as long as that one stays within what is allowed."""
    merged = sorted(blocks, key=lambda block: [sorted(each) for each in block])
    while len(merged) <= _MOST_MERGED:
        for one, other in combinations(merged, 2):
            both = (one[0] | other[0], one[1] | other[1], one[2] | other[2])
            if _is_within(both, allowed):
                merged = [each for each in merged if each not in (one, other)]
                merged.append(both)
                break
        else:
            break
    return merged


def _overlapping(blocks: Collection[_Block], points: Collection[Point]) -> list[_Block]:
    """Make each block as wide as it can be, and leave out those that others have covered by now."""
    values = [sorted({each[side] for each in points}) for side in range(3)]
    left = [_widened(block, points, values) for block in blocks]
    counts = Counter(point for block in left for point in product(*block))
    for block in sorted(left, key=_size):
        if all(counts[point] > 1 or point not in points for point in product(*block)):
            left.remove(block)
            counts.subtract(product(*block))
    return left


def _size(block: _Block) -> int:
    return len(block[0]) * len(block[1]) * len(block[2])


def _widened(block: _Block, points: Collection[Point], values: list[list[str]]) -> _Block:
    sides = list(block)
    for side in range(3):
        for each in values[side]:
            added = [*sides[:side], frozenset({each}), *sides[side + 1 :]]
            if all(point in points for point in product(*added)):
                sides[side] |= {each}
    return (sides[0], sides[1], sides[2])


def _is_within(block: _Block, allowed: Collection[Point]) -> bool:
    units, regions, accounts = block
    return all(
        (unit, region, account) in allowed
        for unit in units
        for region in regions
        for account in accounts
    )


def _box(block: _Block, accounts: Collection[str]) -> Box:
    units, regions, selected = block
    names = (tuple(sorted(units)), tuple(sorted(regions)))
    if _OTHERS not in selected:
        return Box(*names, INTERSECTION, tuple(sorted(selected)))
    left_out = tuple(sorted(set(accounts) - selected))
    return Box(*names, DIFFERENCE if left_out else ALL, left_out)


def _order(box: Box) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], str]:
    return (box.units, box.regions, box.accounts, box.account_filter)


def _split(box: Box) -> Iterator[Box]:
    for start in range(0, len(box.units), _MOST_UNITS):
        units = box.units[start : start + _MOST_UNITS]
        yield Box(units, box.regions, box.account_filter, box.accounts)


def by_overrides(selection: Selection) -> Mapping[tuple[tuple[str, str], ...], Selection]:
    """Returns the part of a selection that has each overrides."""
    values = {
        each
        for cell in selection.values()
        for each in (cell.others, *cell.named.values())
        if each is not None
    }
    return {value: _only(selection, value) for value in sorted(values)}


def _only(selection: Selection, value: tuple[tuple[str, str], ...]) -> dict[Place, Cell]:
    cells = {}
    for place, cell in selection.items():
        others = value if cell.others == value else None
        named = {account: value if each == value else None for account, each in cell.named.items()}
        kept = Cell(others, {account: each for account, each in named.items() if each != others})
        if kept != NOWHERE:
            cells[place] = kept
    return cells
