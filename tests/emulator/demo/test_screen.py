"""What a person sees of the demo, in a terminal and elsewhere."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pytest
from rich.console import Console

from emulator.demo import story
from emulator.demo.screen import LiveScreen, LogScreen, Screen
from emulator.local.stacks import Event
from tools import template
from tools.environments import ROOT

ACCOUNTS = ("222222222222", "333333333333", "444444444444")
REGIONS = ("ap-northeast-1", "eu-west-1", "us-east-1")
REASON = (
    "Received response status [FAILED] from custom resource. Message returned: 1 stack failed: "
    "ResourceLogicalId:Motto, ResourceType:AWS::SSM::Parameter, ResourceStatusReason:The parameter "
    "already exists. To overwrite this value, set the overwrite option in the request to true "
    "(333333333333/eu-west-1). 3 more cancelled. UPDATE operation "
    "3b3e97e63b67801f-6b072b31-bd1f673c347de9f7-set-4550d7d6d48da693-3cecd88d5d84960b FAILED. "
    "More in log stream 3b6b7198-6320-4a9d-843b-69f0965c9a8c. "
    "(RequestId: f6c05fa2-9b97-4cb7-a0ee-c78e5d080a45)"
)
ROLLED_BACK = "The following resource(s) failed to create: [Application]. "


def _event(status: str, name: str, reason: str = "") -> Event:
    return {"ResourceStatus": status, "LogicalResourceId": name, "ResourceStatusReason": reason}


FAILURE = (
    _event("UPDATE_FAILED", "Application", REASON),
    _event("UPDATE_ROLLBACK_IN_PROGRESS", "demo", ROLLED_BACK),
    _event("UPDATE_IN_PROGRESS", "Application"),
)


def _states(*regions: str) -> dict[tuple[str, str], str]:
    """The same state in all accounts, by Region."""
    return {
        (account, region): state
        for account in ACCOUNTS
        for region, state in zip(REGIONS, regions, strict=True)
    }


def _fail_and_roll_back(screen: Screen) -> None:
    """A failing update, up to the rollback's second Region."""
    screen.step("Failing update: it brings /greetings/motto")
    screen.events([_event("UPDATE_IN_PROGRESS", each) for each in ("demo", "Application")])
    screen.instances(_states("CURRENT", "RUNNING", "PENDING"))
    failed = {(ACCOUNTS[1], REGIONS[1]): "FAILED"}
    screen.instances(_states("CURRENT", "CURRENT", "CANCELLED") | failed)
    screen.instances(_states("RUNNING", "PENDING", "PENDING"))
    screen.events(FAILURE)
    screen.instances(_states("CURRENT", "RUNNING", "PENDING"))


def _rows(written: str) -> list[str]:
    """What stands in a terminal that was sent this; the cursor only moves by whole lines."""
    rows, place = [""], 0
    for code in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", written):
        if code == "\n":
            place += 1
            rows += [""] * (place == len(rows))
        elif code == "\x1b[1A":
            place -= 1
        elif code == "\x1b[2K":
            rows[place] = ""
        elif code[0] not in "\r\x1b":
            rows[place] += code
    return rows


def _places(rows: Sequence[str], text: str) -> list[int]:
    return [number for number, row in enumerate(rows) if text in row]


def test_failure_stays_while_the_rollback_runs() -> None:
    """The failing update's instances and the reason stand above the rollback, on one screen."""
    written = io.StringIO()
    terminal = Console(
        file=written, width=80, height=24, force_terminal=True, color_system=None, highlight=False
    )
    screen = LiveScreen(terminal)
    with screen:
        _fail_and_roll_back(screen)
        rows = _rows(written.getvalue())

    [failed], [cause] = _places(rows, "✗ FAILED"), _places(rows, "The parameter already exists.")
    [rollback], [running, *_] = _places(rows, "Rollback  0 s"), _places(rows, "◐ RUNNING")
    assert failed < cause < rollback < running
    first = _places(rows, "UPDATE_FAILED Application")[0]
    assert len(rows) - first < 24
    assert max(map(len, rows)) <= 80


def test_ctrl_c_leaves_no_remains() -> None:
    """The table that moves leaves room for ^C, and is gone at the end."""
    written = io.StringIO()
    terminal = Console(file=written, width=80, height=24, force_terminal=True, color_system=None)
    with LiveScreen(terminal) as screen:
        screen.step("Create")
        screen.instances(_states("CURRENT", "RUNNING", "PENDING"))
        during = _rows(written.getvalue())

    assert max(len(row) for row in during if row[:1] in "╭│╰") <= 78
    assert [row for row in _rows(written.getvalue()) if "RUNNING" in row] == []


@pytest.mark.parametrize("columns", ["80", "120", None])
def test_log_fits(
    columns: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal no line is wider than COLUMNS says, or 80; the table comes, too."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    screen = LogScreen()
    with screen:
        _fail_and_roll_back(screen)
    screen.summary("What next", story.WHAT_NEXT)

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= int(columns or 80)
    [table] = [number for number, line in enumerate(lines) if "account   " in line]
    assert [line.split()[-3:] for line in lines[table + 1 : table + 4]] == [
        ["CURRENT", "CURRENT", "CANCELLED"],
        ["CURRENT", "FAILED", "CANCELLED"],
        ["CURRENT", "CURRENT", "CANCELLED"],
    ]
    assert "".join(REASON.split()) in "".join("".join(lines).split())


def test_names_differ_by_more_than_a_capital() -> None:
    """The stack is not called as its resource is but for a capital."""
    names = [story.STACK, *template.load(ROOT / "examples" / "regions.yaml")["Resources"]]

    assert len({name.casefold() for name in names}) == len(names)


def test_what_next_is_there() -> None:
    """The demo ends with three ways on, each of which exists."""
    first, *pages = (line.split("  ")[0] for line in story.WHAT_NEXT)

    assert first.startswith("./build.sh deploy")
    assert [page for page in pages if not (ROOT / page).is_file()] == []
    assert len(pages) == 2
