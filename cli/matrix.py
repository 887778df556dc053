"""The instances of a stack set as a table of accounts and Regions."""

from __future__ import annotations

from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from cli.snapshot import Snapshot
from handler.values.observation import InstanceState
from handler.values.targets import Target

_MARKS = {"CURRENT": ("●", "green"), "OUTDATED": ("✗", "red"), "INOPERABLE": ("!", "bold red")}
_MOST_ROWS = 60
_UNFINISHED = ("◐", "yellow")


def mark_of(state: InstanceState) -> tuple[str, str]:
    """Returns the sign and the colour of a state."""
    if state.is_unfinished:
        return _UNFINISHED
    return _MARKS.get(state.status, ("?", "dim"))


def words_of(state: InstanceState) -> str:
    """Returns a state in one or two words of the API."""
    details = state.detailed_status
    return state.status if details in ("", "SUCCEEDED") else f"{state.status} {details}"


def matrix(snapshot: Snapshot, width: int) -> Table:
    """Returns the table; accounts beyond the first 60 are counted, those with faults come first.

    Args:
        snapshot: The stack set.
        width: Columns of the screen; where the words do not fit, signs alone are shown.
    """
    regions = snapshot.regions
    fits = 14 + len(regions) * 20 <= width
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("")
    for region in regions:
        table.add_column(region if fits else _short(region), no_wrap=True)
    ill = {each.account for each, state in snapshot.instances.items() if not state.is_current}
    accounts = sorted(snapshot.accounts, key=lambda each: (each not in ill, each))
    for account in accounts[:_MOST_ROWS]:
        cells = (_cell(snapshot.instances, Target(account, region), fits) for region in regions)
        table.add_row(account, *cells)
    if len(accounts) > _MOST_ROWS:
        table.add_row(f"{len(accounts) - _MOST_ROWS} more")
    return table


def _cell(instances: Mapping[Target, InstanceState], target: Target, fits: bool) -> Text:  # noqa: FBT001
    state = instances.get(target)
    if state is None:
        return Text("")
    sign, colour = mark_of(state)
    return Text(f"{sign} {words_of(state)}" if fits else sign, style=colour)


def _short(region: str) -> str:
    """Returns a Region as its initials, such as ``euw1``."""
    return "".join(
        part[:2] if not index else part[0] for index, part in enumerate(region.split("-"))
    )
