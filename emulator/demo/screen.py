"""What the demo shows: a live table in a terminal, plain lines anywhere else."""

from __future__ import annotations

import shutil
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from emulator.demo.grid import Cell, Grid, Place, rows
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
_ROLLBACK = "Rollback"
# What a rollback's last seconds go by with.
_LOOKS_AGAIN = "lists of StackSets may lag: the function looks again"


class Screen(Protocol):
    """Shows the demo."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, *_: object) -> None:
        """End."""

    def step(self, title: str) -> None:
        """A new step begins."""

    def instances(self, states: Mapping[Place, str]) -> None:
        """The states of all instances, by account and Region."""

    def events(self, events: Iterable[Event]) -> None:
        """New events of CloudFormation; one that tells a failure keeps the instances in sight."""

    def say(self, text: str, style: str = "") -> None:
        """A line that stays."""

    def summary(self, title: str, lines: Sequence[str]) -> None:
        """What ends the show."""


def choose() -> Screen:
    """Return what suits the standard output."""
    console = Console(highlight=False)
    return LiveScreen(console) if console.is_interactive else LogScreen()


class LogScreen:
    """One line for each thing that happens, no wider than the terminal, or 80 columns."""

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

    def instances(self, states: Mapping[Place, str]) -> None:
        """The states of all instances; only changes are told."""
        for account, region in self._grid.update(states):
            cell = self._grid.cells[account, region]
            took = f" after {cell.worked:.1f} s" if cell.worked else ""
            self.say(f"   {account} {region:<15} {cell.state}{took}")

    def events(self, events: Iterable[Event]) -> None:
        """New events of CloudFormation; one that tells a failure brings the whole table."""
        for event in events:
            self.say(f"   {_event_line(event)}")
            if reason := _reason(event):
                self.say(f"      {reason}")
            if _tells_failure(event):
                for line in self._table():
                    self.say(f"      {line}")

    def say(self, text: str, style: str = "") -> None:  # noqa: ARG002 - no colours here
        """A line that stays."""
        self._write(f"{time.monotonic() - self._began:6.1f} s  ", text)

    def summary(self, title: str, lines: Sequence[str]) -> None:
        """What ends the show."""
        for line in ("", title, *(f"  {line}" for line in lines)):
            self._write("", line)

    def _table(self) -> Iterator[str]:
        regions, accounts = rows(self._grid.failure)
        yield "".join(f"{word:<16}" for word in ("account", *regions))
        for account, cells in accounts:
            yield "".join(f"{word:<16}" for word in (account, *(_state(each) for each in cells)))

    def _write(self, prefix: str, text: str) -> None:
        width = shutil.get_terminal_size().columns - len(prefix)
        for number, line in enumerate(_wrap(text, width)):
            start = " " * len(prefix) if number else prefix
            sys.stdout.write(f"{start}{line}".rstrip() + "\n")
        sys.stdout.flush()


class LiveScreen:
    """A table of accounts and Regions that moves, and above it what has happened.

    Args:
        console: A terminal.
    """

    def __init__(self, console: Console) -> None:
        self._grid = Grid()
        self._title = ""
        self._began = time.monotonic()
        self._console = console
        # Drawn by the thread that prints: where another one draws in between, remains stay.
        self._live = Live(
            console=console, auto_refresh=False, transient=True, get_renderable=self._draw
        )

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

    def instances(self, states: Mapping[Place, str]) -> None:
        """The states of all instances, by account and Region."""
        self._grid.update(states)
        self._live.refresh()

    def events(self, events: Iterable[Event]) -> None:
        """New events of CloudFormation.

        One that tells a failure keeps the table with the reason in sight, and what follows moves
        in a table under it.
        """
        for event in events:
            if _tells_failure(event):
                self._keep_failure(event)
                continue
            rolls_back = "ROLLBACK" in event["ResourceStatus"]
            style = "red" if rolls_back else "dim"
            if rolls_back and self._title != _ROLLBACK:
                self._title, self._began = _ROLLBACK, time.monotonic()
            self._console.print(Text(f"  {_event_line(event)}", style=style))

    def say(self, text: str, style: str = "") -> None:
        """A line that stays."""
        self._console.print(Text(text, style=style))

    def summary(self, title: str, lines: Sequence[str]) -> None:
        """What ends the show."""
        self._console.print(Text(f"\n{title}", style="bold"))
        for line in lines:
            self._console.print(Text(f"  {line}"))

    @property
    def _width(self) -> int:
        # The terminal writes ^C behind the last line, and that must not begin a new one.
        return min(self._console.width, 100) - len("^C")

    def _keep_failure(self, event: Event) -> None:
        # What CloudFormation puts around the reason is the same each time.
        reason = _reason(event).rpartition("Message returned: ")[2].partition(" (RequestId")[0]
        table = _table(self._grid.failure, time.monotonic())
        self._console.print(
            Panel(
                Group(table, Text(reason, style="red")),
                title=Text(_event_line(event, 0), style="bold red"),
                title_align="left",
                border_style="red",
                width=self._width,
            )
        )

    def _draw(self) -> RenderableType:
        cells = self._grid.cells
        if not (self._title and cells):
            return Text("")
        now = time.monotonic()
        heading = Text(f"{self._title}  {now - self._began:.0f} s", style="bold")
        is_back = self._title == _ROLLBACK and {each.state for each in cells.values()} == {
            "CURRENT"
        }
        return Panel(
            _table(cells, now),
            title=heading,
            title_align="left",
            subtitle=_LOOKS_AGAIN if is_back else None,
            border_style="blue",
            width=self._width,
        )


def _table(cells: Mapping[Place, Cell], now: float) -> Table:
    regions, accounts = rows(cells)
    table = Table("account", *regions, box=None, padding=(0, 1), header_style="bold")
    for account, found in accounts:
        table.add_row(account, *(_picture(cell, now) for cell in found))
    return table


def _picture(cell: Cell | None, now: float) -> Text:
    if cell is None or cell.state == "gone":
        return Text("·", style="dim")
    seconds = cell.seconds(now)
    took = f" {seconds:.1f} s" if seconds else ""
    mark = _MARKS.get(cell.state, "?")
    return Text(f"{mark} {cell.state}{took}", style=_STYLES.get(cell.state, ""))


def _state(cell: Cell | None) -> str:
    return cell.state if cell else ""


def _event_line(event: Event, width: int = 45) -> str:
    return f"{event['ResourceStatus']:<{width}} {event['LogicalResourceId']}"


def _reason(event: Event) -> str:
    reason: str = event.get("ResourceStatusReason", "")
    return "" if reason == "User Initiated" else reason


def _tells_failure(event: Event) -> bool:
    return bool(event["ResourceStatus"].endswith("_FAILED") and _reason(event))


def _wrap(text: str, width: int) -> list[str]:
    """Break a text into lines; what it is indented by, all of them are."""
    indent = text[: len(text) - len(text.lstrip())]
    found = textwrap.wrap(
        text,
        max(width, len(indent) + 20),
        subsequent_indent=indent,
        break_on_hyphens=False,
    )
    return found or [""]
