"""The stack instances by account and Region, and how long each has been at what it does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

Place = tuple[str, str]


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


class Grid:
    """The cells, and what has become of them since the last look.

    Attributes:
        cells: By account and Region.
        failure: The cells as they were when one was last seen to have failed.
    """

    def __init__(self) -> None:
        self.cells: dict[Place, Cell] = {}
        self.failure: dict[Place, Cell] = {}

    def update(self, states: Mapping[Place, str]) -> list[Place]:
        """Take over the states; return the places whose state is another now."""
        now = time.monotonic()
        changed = []
        for place in self.cells.keys() | states.keys():
            state = states.get(place, "gone")
            cell = self.cells.setdefault(place, Cell("", now))
            if cell.state != state:
                cell.turn(state, now)
                changed.append(place)
        if "FAILED" in states.values():
            self.failure = {place: replace(cell) for place, cell in self.cells.items()}
        return sorted(changed)


def rows(cells: Mapping[Place, Cell]) -> tuple[list[str], list[tuple[str, list[Cell | None]]]]:
    """Return the Regions, and each account with its cell in each of them, all in order."""
    regions = sorted({region for _, region in cells})
    accounts = sorted({account for account, _ in cells})
    return regions, [(each, [cells.get((each, region)) for region in regions]) for each in accounts]
