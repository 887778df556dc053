"""How a stack set is, and what it is doing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.matrix import matrix, words_of
from cli.snapshot import Snapshot
from handler.errors import Failure, first_of, places_by_cause
from handler.values.observation import InstanceState, OperationState

_SECONDS = 5.0
_MOST_PLACES = 3
_NOT_REACHED = "OUTDATED CANCELLED"
_STYLES = {"SUCCEEDED": "green", "FAILED": "red", "STOPPED": "magenta", "RUNNING": "yellow"}


def show(snapshot: Snapshot, console: Console) -> None:
    """Prints a look."""
    console.print(_screen(snapshot, console.width))


def watch(look: Callable[[], Snapshot], console: Console) -> Snapshot:
    """Shows what happens until nothing runs; returns the last look."""
    with Live(console=console, auto_refresh=False) as live:
        while True:
            snapshot = look()
            live.update(_screen(snapshot, console.width), refresh=True)
            if snapshot.running is None:
                return snapshot
            time.sleep(_SECONDS)


def plain(snapshot: Snapshot) -> dict[str, Any]:
    """Returns a look for programs: texts, numbers, seconds since the epoch."""
    live = snapshot.stack_set
    return {
        "StackSetName": live.name,
        "StackSetId": live.stack_set_id,
        "Status": live.status,
        "Counts": dict(snapshot.counts),
        "Instances": [
            {
                "Account": target.account,
                "Region": target.region,
                "Status": state.status,
                "DetailedStatus": state.detailed_status,
                "StatusReason": state.reason,
                "OrganizationalUnitId": state.unit,
                "Since": snapshot.since(state),
            }
            for target, state in sorted(snapshot.instances.items())
        ],
        "Operations": [_plain_operation(each) for each in snapshot.operations],
        "Running": None if snapshot.running is None else _plain_operation(snapshot.running),
    }


def lasted(seconds: float) -> str:
    """Returns a duration in words, such as ``3 min``."""
    if seconds < 60:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"  # noqa: PLR2004


def _plain_operation(operation: OperationState) -> dict[str, Any]:
    return {
        "OperationId": operation.operation_id,
        "Action": operation.action,
        "Status": operation.status,
        "StatusReason": operation.reason,
        "Began": operation.began or None,
        "Ended": operation.ended or None,
        "PercentageCompleted": operation.percentage,
        "FailedStackInstancesCount": operation.failed_instances,
    }


def _screen(snapshot: Snapshot, width: int) -> RenderableType:
    live, counts = snapshot.stack_set, snapshot.counts
    model = "SERVICE_MANAGED" if live.is_service_managed else "SELF_MANAGED"
    told = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    head = f"{live.name}  {live.status}  {model}  {sum(counts.values())} instances"
    parts: list[RenderableType] = [Text(f"{head}: {told}" if told else head, style="bold"), ""]
    if snapshot.instances:
        parts += [matrix(snapshot, width), ""]
    parts += [Text(each, style="red") for each in _reasons(snapshot)]
    if snapshot.running is not None:
        parts += [_progress(snapshot.running), ""]
    parts.append(_operations(snapshot))
    return Group(*parts)


def _reasons(snapshot: Snapshot) -> Iterator[str]:
    """Yields why instances are not CURRENT, and since when: each cause once."""
    failures = [
        Failure(target.account, target.region, _why(snapshot, state))
        for target, state in sorted(snapshot.instances.items())
        if not state.is_current and not state.is_unfinished
    ]
    # What was not reached for another's sake comes last.
    causes = sorted(places_by_cause(failures), key=lambda each: each[0].startswith(_NOT_REACHED))
    for reason, places in causes:
        yield f"{len(places)} {reason} ({first_of(places, _MOST_PLACES)})"
    if failures:
        yield ""


def _why(snapshot: Snapshot, state: InstanceState) -> str:
    since = snapshot.since(state)
    ago = "" if since is None else f" for {lasted(time.time() - since)}"
    return f"{words_of(state)}{ago}: {state.reason or 'no reason given'}"


def _progress(operation: OperationState) -> RenderableType:
    row = Table.grid(padding=(0, 1))
    since = lasted(time.time() - operation.began) if operation.began else "?"
    row.add_row(
        Text(f"{operation.action} {operation.status} for {since}", style="yellow"),
        ProgressBar(total=100, completed=operation.percentage, width=30),
        f"{operation.percentage:.0f} %",
        operation.operation_id,
    )
    return row


def _operations(snapshot: Snapshot) -> RenderableType:
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("Began (UTC)", "Action", "Status", "Lasted", "Operation"):
        table.add_column(name, no_wrap=name != "Operation")
    for each in snapshot.operations:
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(each.began)) if each.began else "?"
        took = lasted(each.ended - each.began) if each.ended and each.began else ""
        status = Text(each.status, style=_STYLES.get(each.status, ""))
        table.add_row(began, each.action, status, took, each.operation_id)
    return table
