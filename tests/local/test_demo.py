"""The demo, as somebody sees it whose terminal is a log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def demo(emulator_python: Path, bundle: Path) -> list[str]:
    """The command that build.sh runs."""
    options = ["--emulator-python", str(emulator_python), "--bundle", str(bundle)]
    return [sys.executable, "-m", "tools.start", "emulator.demo.__main__", *options]


def test_demo_shows_the_whole_life(demo: list[str]) -> None:
    """It ends well, shows the failure's cause and the rollback, leaves nothing, says what next."""
    env = {**os.environ, "COLUMNS": "80"}
    done = subprocess.run(
        demo, cwd=_ROOT, env=env, capture_output=True, text=True, check=False, timeout=110
    )

    assert done.returncode == 0, done.stderr
    assert "parameter already exists" in " ".join(done.stdout.split())
    assert "UPDATE_ROLLBACK_COMPLETE" in done.stdout
    assert "0 stack sets left" in done.stdout
    lines = done.stdout.splitlines()
    assert lines[-4] == "What next"
    assert [line for line in lines if len(line) > 80] == []


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Have programs that are started heed Ctrl-C, even if who runs the tests ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_demo_ends_cleanly_when_interrupted(demo: list[str], told: signal.Signals) -> None:
    """Ctrl-C ends it at once, with one line, and without a process left behind."""
    with subprocess.Popen(
        demo, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert "== Deploy" in running.stdout.readline()
        running.send_signal(told)
        _, errors = running.communicate(timeout=20)

    assert running.returncode == 128 + told
    assert errors.splitlines() == ["Stopped; nothing is left running."]
