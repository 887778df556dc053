"""A stack set as one page of HTML that needs nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from html import escape

from cli.explain import Cause
from cli.matrix import mark_of, words_of
from cli.snapshot import Snapshot
from cli.status import lasted
from handler.values.observation import InstanceState, OperationState
from handler.values.targets import Target

_ROW = 26
_LABELS = 190
_WIDTH = 900
_STATES = {"CURRENT": "well", "OUTDATED": "ill", "INOPERABLE": "ill"}
_ENDS = {"SUCCEEDED": "well", "FAILED": "ill", "STOPPED": "ended"}

_STYLE = """
:root { color-scheme: light dark; --well: light-dark(#1a7f37, #3fb950);
  --ill: light-dark(#cf222e, #ff7b72); --work: light-dark(#9a6700, #d29922);
  --ended: light-dark(#6e7781, #8b949e); --line: light-dark(#d0d7de, #30363d); }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--line);
  padding: .25rem .6rem; text-align: left; vertical-align: top; }
.scroll { overflow-x: auto; } .well { color: var(--well); } .ill { color: var(--ill); }
.work { color: var(--work); } .ended { color: var(--ended); }
svg text { font: 12px system-ui, sans-serif; fill: currentColor; }
rect.well { fill: var(--well); } rect.ill { fill: var(--ill); } rect.work { fill: var(--work); }
rect.ended { fill: var(--ended); } line { stroke: var(--line); }
@media print { body { margin: 0; max-width: none; } .scroll { overflow: visible; } }
"""


def page(snapshot: Snapshot, causes: Iterable[Cause], now: float) -> str:
    """Returns the page: the matrix, the operations in time, the failures.

    Args:
        snapshot: The stack set.
        causes: Why its last failed operation failed.
        now: The time of the look, in seconds since the epoch.
    """
    live = snapshot.stack_set
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Stack set {escape(live.name)}</title><style>{_STYLE}</style></head><body><main>",
        f"<h1>Stack set {escape(live.name)}</h1>",
        (
            f"<p>{escape(live.arn or live.stack_set_id)}<br>{escape(live.status)}, seen at"
            f" {_moment(now)} UTC. {escape(_told(snapshot.counts))}</p>"
        ),
        *_failures(causes),
        *_matrix(snapshot),
        *_time_line(snapshot.operations, now),
        *_table(snapshot.operations),
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _told(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{number} {status}" for status, number in sorted(counts.items()))
    return f"{sum(counts.values())} instances: {told}." if told else "No instances."


def _failures(causes: Iterable[Cause]) -> Iterator[str]:
    """Yields the section of failures; nothing where none are."""
    listed = list(causes)
    if not listed:
        return
    yield '<section><h2 id="failures">Failures</h2><ul>'
    for cause in listed:
        yield f'<li><strong class="ill">{escape(cause.reason)}</strong>'
        yield f"<br>{escape(', '.join(cause.places))}" if cause.places else ""
        yield f"<br>First failed resource: {escape(cause.event)}" if cause.event else ""
        yield from (f"<br>What to do: {escape(each)}" for each in cause.mends)
        yield "</li>"
    yield "</ul></section>"


def _matrix(snapshot: Snapshot) -> Iterator[str]:
    """Yields the table of accounts and Regions."""
    yield '<section><h2>Instances</h2><div class="scroll" tabindex="0" role="region"'
    yield ' aria-label="Instances"><table><thead><tr><th scope="col">Account</th>'
    yield "".join(f'<th scope="col">{escape(each)}</th>' for each in snapshot.regions)
    yield "</tr></thead><tbody>"
    for account in snapshot.accounts:
        cells = (_cell(snapshot.instances.get(Target(account, each))) for each in snapshot.regions)
        yield f'<tr><th scope="row">{account}</th>{"".join(cells)}</tr>'
    yield "</tbody></table></div></section>"


def _cell(state: InstanceState | None) -> str:
    if state is None:
        return "<td></td>"
    kind = "work" if state.is_unfinished else _STATES.get(state.status, "ended")
    reason = f"<br><small>{escape(state.reason)}</small>" if state.reason else ""
    return f'<td class="{kind}">{mark_of(state)[0]} {escape(words_of(state))}{reason}</td>'


def _time_line(operations: list[OperationState], now: float) -> Iterator[str]:
    """Yields a chart with a bar for each operation, the oldest on top."""
    known = sorted((each for each in operations if each.began), key=lambda each: each.began)
    if not known:
        return
    first, last = known[0].began, max(each.ended or now for each in known)
    scale = (_WIDTH - _LABELS) / max(last - first, 1.0)
    height = _ROW * (len(known) + 1)
    yield '<section><h2>Operations in time</h2><div class="scroll" tabindex="0" role="region"'
    yield ' aria-label="Operations in time">'
    yield f'<svg role="img" aria-labelledby="chart" width="{_WIDTH}" height="{height}"'
    yield f' viewBox="0 0 {_WIDTH} {height}"><title id="chart">{len(known)} operations from'
    yield f" {_moment(first)} to {_moment(last)} UTC; the table below has the same.</title>"
    for row, each in enumerate(known):
        left, top = _LABELS + (each.began - first) * scale, row * _ROW
        width = max(((each.ended or now) - each.began) * scale, 2.0)
        kind = "work" if each.is_active else _ENDS.get(each.status, "ended")
        label = f"{each.action} {lasted((each.ended or now) - each.began)}"
        yield f'<text x="0" y="{top + 17}">{escape(label)}</text>'
        yield f'<line x1="{_LABELS}" x2="{_WIDTH}" y1="{top + 13}" y2="{top + 13}"/>'
        yield f'<rect class="{kind}" x="{left:.1f}" y="{top + 4}" width="{width:.1f}" height="18">'
        yield f"<title>{escape(f'{label}: {each.status}')}</title></rect>"
    ends = ((_LABELS, "start", first), (_WIDTH, "end", last))
    for x, anchor, moment in ends:
        yield f'<text x="{x}" y="{height - 6}" text-anchor="{anchor}">{_moment(moment)}</text>'
    yield "</svg></div></section>"


def _table(operations: list[OperationState]) -> Iterator[str]:
    yield '<section><h2>Operations</h2><div class="scroll" tabindex="0" role="region"'
    yield ' aria-label="Operations"><table><thead><tr>'
    heads = ("Began (UTC)", "Action", "Status", "Lasted", "Failed", "Operation")
    yield "".join(f'<th scope="col">{each}</th>' for each in heads)
    yield "</tr></thead><tbody>"
    for each in operations:
        took = lasted(each.ended - each.began) if each.ended and each.began else ""
        kind = "work" if each.is_active else _ENDS.get(each.status, "ended")
        cells = (_moment(each.began), each.action, took, each.failed_instances, each.operation_id)
        began, action, took, failed, operation_id = (escape(str(cell)) for cell in cells)
        reason = f"<br><small>{escape(each.reason)}</small>" if each.reason else ""
        yield f'<tr><td>{began}</td><td>{action}</td><td class="{kind}">{escape(each.status)}'
        yield f"{reason}</td><td>{took}</td><td>{failed}</td><td>{operation_id}</td></tr>"
    yield "</tbody></table></div></section>"


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds)) if seconds else ""
