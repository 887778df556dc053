"""The fewest ``accounts x regions`` rectangles that cover a set of targets, each target once.

Accounts with equal regions count as one row of a table, regions with equal accounts as one
column, and parts of the table that share no row or column are covered apart. Grouping by account
makes each row a rectangle, and a row that is made up of others needs none of its own; grouping by
region does the same with columns. The rank of the table is a lower bound: where the better of the
two groupings reaches it, it is optimal, and that is so for nearly every template people write.
Elsewhere a search looks for fewer, with a fixed budget: the problem (a smallest biclique partition)
is NP-hard, and a plan must not take longer than the operation that it saves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from handler.values.targets import Rectangle, Target

_SEARCH_BUDGET = 3_000
_MOST_SEARCHED = 10
_MOST_REDUCED = 64
_PRIME = 2_147_483_647

Cells = tuple[int, int]
"""A rectangle of a table: a bit mask of its rows and a bit mask of its columns."""


def cover(targets: Iterable[Target]) -> tuple[Rectangle, ...]:
    """Cover exactly these targets by few rectangles that do not overlap.

    Args:
        targets: Any number of pairs, in any order, repeated or not.

    Returns:
        Rectangles in a fixed order, each target in exactly one of them; never more than grouping
        by account or by region would take.
    """
    regions_of: dict[str, set[str]] = defaultdict(set)
    for account, region in targets:
        regions_of[account].add(region)
    accounts_with: dict[frozenset[str], list[str]] = defaultdict(list)
    for account in sorted(regions_of):
        accounts_with[frozenset(regions_of[account])].append(account)
    budget = iter(range(_SEARCH_BUDGET))
    rectangles = [
        rectangle
        for part in _parts(sorted(accounts_with, key=sorted))
        for rectangle in _cover_part(part, accounts_with, budget)
    ]
    return tuple(sorted(rectangles, key=lambda each: (each.accounts, each.regions)))


def _parts(region_sets: Iterable[frozenset[str]]) -> list[list[frozenset[str]]]:
    """Split into parts that share no region with each other."""
    parts: list[tuple[set[str], list[frozenset[str]]]] = []
    for regions in region_sets:
        merged = (set(regions), [regions])
        for part in [each for each in parts if not each[0].isdisjoint(regions)]:
            merged[0].update(part[0])
            merged[1].extend(part[1])
            parts.remove(part)
        parts.append(merged)
    return [sets for _, sets in parts]


def _cover_part(
    region_sets: Sequence[frozenset[str]],
    accounts_with: dict[frozenset[str], list[str]],
    budget: Iterator[int],
) -> Iterator[Rectangle]:
    rows_of: dict[str, int] = defaultdict(int)
    for row, regions in enumerate(region_sets):
        for region in regions:
            rows_of[region] |= 1 << row
    regions_with: dict[int, list[str]] = defaultdict(list)
    for region in sorted(rows_of):
        regions_with[rows_of[region]].append(region)
    columns = list(regions_with)
    for rows, covered in _cover_table(columns, len(region_sets), budget):
        accounts = [each for row in _bits(rows) for each in accounts_with[region_sets[row]]]
        names = [each for column in _bits(covered) for each in regions_with[columns[column]]]
        yield Rectangle(tuple(sorted(accounts)), tuple(sorted(names)))


def _cover_table(columns: list[int], height: int, budget: Iterator[int]) -> list[Cells]:
    """Cover a table of distinct columns, each the bit mask of its rows, by few rectangles."""
    rows = _transposed(columns, height)
    by_region = _grouped(columns)
    by_account = [(mask, used) for used, mask in _grouped(rows)]
    best = min(by_account, by_region, key=len)
    bound = _rank(min(rows, columns, key=len))
    if max(len(rows), len(columns)) <= _MOST_SEARCHED:
        for size in range(bound, len(best)):
            found = _search(tuple(rows), size, budget)
            if found is not None:
                return found
    return best


def _transposed(lines: Sequence[int], width: int) -> list[int]:
    return [
        sum(1 << index for index, line in enumerate(lines) if line >> bit & 1)
        for bit in range(width)
    ]


def _grouped(lines: list[int]) -> list[Cells]:
    """A rectangle for each line, but for those lines that others make up.

    Returns:
        For each rectangle the mask that its lines share, and the mask of these lines.
    """
    basis = set(lines)
    if len(lines) <= _MOST_REDUCED:
        for line in sorted(lines, key=int.bit_count, reverse=True):
            if _made_up(line, basis - {line}) is not None:
                basis.discard(line)
    users: dict[int, int] = defaultdict(int)
    for index, line in enumerate(lines):
        for part in [line] if line in basis else _made_up(line, basis) or ():
            users[part] |= 1 << index
    return list(users.items())


def _made_up(line: int, basis: set[int]) -> list[int] | None:
    """Members of the basis that make up a line without overlap; None where there are none."""
    if line == 0:
        return []
    lowest = line & -line
    for part in sorted(
        (each for each in basis if each & lowest and not each & ~line), reverse=True
    ):
        rest = _made_up(line & ~part, basis)
        if rest is not None:
            return [part, *rest]
    return None


def _rank(lines: Sequence[int]) -> int:
    """The rank of a table over a large prime field: no fewer rectangles can cover it."""
    width = max(line.bit_length() for line in lines)
    table = [[line >> bit & 1 for bit in range(width)] for line in lines]
    rank = 0
    for column in range(width):
        pivot = next((row for row in table[rank:] if row[column]), None)
        if pivot is None:
            continue
        table.remove(pivot)
        inverse = pow(pivot[column], -1, _PRIME)
        for row in table[rank:]:
            factor = row[column] * inverse
            row[:] = [(a - factor * b) % _PRIME for a, b in zip(row, pivot, strict=True)]
        table.insert(rank, pivot)
        rank += 1
    return rank


def _search(rows: tuple[int, ...], size: int, budget: Iterator[int]) -> list[Cells] | None:
    """Cover the ones that are left in a table by at most ``size`` rectangles, if that can be."""
    first = next((index for index, row in enumerate(rows) if row), None)
    if first is None:
        return []
    if size == 0 or next(budget, None) is None or _rank(rows) > size:
        return None
    lowest = rows[first] & -rows[first]
    for columns in _subsets(rows[first] & ~lowest):
        covered = columns | lowest
        others = [index for index in range(first + 1, len(rows)) if not covered & ~rows[index]]
        for chosen in _subsets(sum(1 << index for index in others)):
            using = chosen | 1 << first
            left = tuple(
                row & ~covered if using >> index & 1 else row for index, row in enumerate(rows)
            )
            found = _search(left, size - 1, budget)
            if found is not None:
                return [(using, covered), *found]
    return None


def _subsets(mask: int) -> Iterator[int]:
    """All subsets of a bit mask, the whole first."""
    subset = mask
    while True:
        yield subset
        if subset == 0:
            return
        subset = (subset - 1) & mask


def _bits(mask: int) -> list[int]:
    return [bit for bit in range(mask.bit_length()) if mask >> bit & 1]
