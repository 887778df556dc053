"""What the demo shows: a live table in a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from emulator.local.stacks import Event

_STYLES = {
    "CURRENT": "green",
    "RUNNING": "bold yellow",
    "PENDING": "dim",
    "FAILED": "bold red",
    "OUTDATED": "red",
    "CANCELLED": "magenta",
    "gone": "dim",
}
_MARKS = {"CURRENT": "●", "RUNNING": "◐", "PENDING": "○", "FAILED": "✗", "CANCELLED": "⊘"}


@dataclass
class Cell:
    """One stack instance on the screen.

    Attributes:
        state: What to show.
        since: When it came to that state.
        worked: Seconds that the last deployment took.
    """

    state: str
    since: float
    worked: float = 0.0

    def turn(self, state: str, now: float) -> None:
        """Go to another state."""
        if state in {"PENDING", "RUNNING"}:
            self.worked = 0.0
        if self.state == "RUNNING":
            self.worked = now - self.since
        self.state, self.since = state, now

    def seconds(self, now: float) -> float:
        """Seconds to show: of the work going on, or of the last."""
        return now - self.since if self.state == "RUNNING" else self.worked


class Screen(Protocol):
    """Shows the demo."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, *_: object) -> None:
        """End."""

    def step(self, title: str) -> None:
        """A new step begins."""

    def instances(self, states: Mapping[tuple[str, str], str]) -> None:
        """The states of all instances, by account and Region."""

    def events(self, events: Iterable[Event]) -> None:
        """New events of CloudFormation."""

    def say(self, text: str, style: str = "") -> None:
        """A line that stays."""


class Grid:
    """The cells, and what has become of them since the last look."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str], Cell] = {}

    def update(self, states: Mapping[tuple[str, str], str]) -> list[tuple[str, str]]:
        """Take over the states; return the places whose state is another now."""
        now = time.monotonic()
        changed = []
        for place in self.cells.keys() | states.keys():
            state = states.get(place, "gone")
            cell = self.cells.setdefault(place, Cell("", now))
            if cell.state != state:
                cell.turn(state, now)
                changed.append(place)
        return sorted(changed)


class LogScreen:
    """One line for each thing that happens."""

    def __init__(self) -> None:
        self._grid = Grid()
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def step(self, title: str) -> None:
        """A new step begins."""
        self.say(f"== {title}")

    def instances(self, states: Mapping[tuple[str, str], str]) -> None:
        """The states of all instances; only changes are told."""
        for account, region in self._grid.update(states):
            cell = self._grid.cells[account, region]
            took = f" after {cell.worked:.1f} s" if cell.worked else ""
            self.say(f"   {account} {region:<15} {cell.state}{took}")

    def events(self, events: Iterable[Event]) -> None:
        """New events of CloudFormation."""
        for event in events:
            self.say(f"   {_event_line(event)}")

    def say(self, text: str, style: str = "") -> None:  # noqa: ARG002 - no colours here
        """A line that stays."""
        sys.stdout.write(f"{time.monotonic() - self._began:6.1f} s  {text}\n")
        sys.stdout.flush()


class LiveScreen:
    """A table of accounts and Regions that moves, and above it what has happened."""

    def __init__(self) -> None:
        self._grid = Grid()
        self._title = ""
        self._began = time.monotonic()
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, refresh_per_second=10, get_renderable=self._draw)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._title = ""
        self._live.stop()

    def step(self, title: str) -> None:
        """A new step begins."""
        self._title, self._began = title, time.monotonic()
        self._console.rule(f"[bold]{title}", align="left", style="blue")

    def instances(self, states: Mapping[tuple[str, str], str]) -> None:
        """The states of all instances, by account and Region."""
        self._grid.update(states)

    def events(self, events: Iterable[Event]) -> None:
        """New events of CloudFormation."""
        for event in events:
            failed = event["ResourceStatus"].endswith("FAILED")
            style = "red" if failed or "ROLLBACK" in event["ResourceStatus"] else "dim"
            self._console.print(Text(f"  {_event_line(event)}", style=style))

    def say(self, text: str, style: str = "") -> None:
        """A line that stays."""
        self._console.print(Text(text, style=style))

    def _draw(self) -> RenderableType:
        if not self._title:
            return Text("")
        now = time.monotonic()
        heading = Text(f"{self._title}  {now - self._began:.0f} s", style="bold")
        return Panel(Group(heading, self._table(now)), border_style="blue", expand=False)

    def _table(self, now: float) -> Table:
        cells = self._grid.cells
        regions = sorted({region for _, region in cells})
        table = Table("account", *regions, box=None, padding=(0, 2), header_style="bold")
        for account in sorted({account for account, _ in cells}):
            shown = (cells.get((account, region)) for region in regions)
            table.add_row(account, *(_picture(cell, now) for cell in shown))
        return table


def _picture(cell: Cell | None, now: float) -> Text:
    if cell is None or cell.state == "gone":
        return Text("·", style="dim")
    seconds = cell.seconds(now)
    took = f" {seconds:.1f} s" if seconds else ""
    mark = _MARKS.get(cell.state, "?")
    return Text(f"{mark} {cell.state}{took}", style=_STYLES.get(cell.state, ""))


def _event_line(event: Event) -> str:
    line = f"{event['ResourceStatus']:<45} {event['LogicalResourceId']}"
    reason = event.get("ResourceStatusReason", "")
    return f"{line}  {reason}" if reason and reason != "User Initiated" else line
