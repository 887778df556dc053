"""tools/start.py: a program of ours ends in one line, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools.environments import ROOT

HELPERS = """
import errno, os, sys, time
from tools import programs
"""
STOPPED = ["Stopped; nothing is left running."]


def _start(
    folder: Path, main: str, *words: str, output: int = subprocess.PIPE
) -> "subprocess.Popen[str]":
    """Start a module whose `main` has these lines."""
    lines = "".join(f"    {line}\n" for line in main.splitlines())
    (folder / "module.py").write_text(f"{HELPERS}\ndef main():\n{lines}", encoding="utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "tools.start", *words, "module"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("main", "status", "line"),
    [
        ("raise OSError(errno.ENOSPC, 'No space left', '/full')", 1, "/full: No space left: make"),
        ("raise OSError(errno.EROFS, 'Read-only', '/kept')", 1, "/kept: Read-only: use a clone"),
        ("raise OSError(errno.ENOENT, 'No usable temporary directory')", 1, "No usable temporary"),
        ("raise BrokenPipeError", 128 + signal.SIGPIPE, "Stopped: nobody reads on."),
    ],
)
def test_what_the_machine_lacks(tmp_path: Path, main: str, status: int, line: str) -> None:
    """What is no mistake of ours is one line that says what to do."""
    process = _start(tmp_path, main)
    _, errors = process.communicate()
    assert process.returncode == status
    [said] = errors.splitlines()
    assert said.startswith(line)


def test_a_mistake_of_ours_stays_one(tmp_path: Path) -> None:
    """A file that is missing has its traceback: nothing else would lead us to it."""
    _, errors = _start(tmp_path, "open('/nowhere')").communicate()
    assert "Traceback" in errors


def test_nobody_reads(tmp_path: Path) -> None:
    """Where the reader has gone, as `head` does, it ends with one line."""
    reading, writing = os.pipe()
    os.close(reading)
    process = _start(tmp_path, "print('x')\nreturn 0", output=writing)
    os.close(writing)
    _, errors = process.communicate()
    assert process.returncode == 128 + signal.SIGPIPE
    assert errors.splitlines() == ["Stopped: nobody reads on."]


@pytest.mark.parametrize(("words", "said"), [((), STOPPED), (("--step",), [])])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped(tmp_path: Path, number: int, words: tuple[str, ...], said: list[str]) -> None:
    """Told to stop, it ends what it has started, and says so unless somebody else does."""
    process = _start(
        tmp_path,
        "child = ['sh', '-c', 'echo $$ > \"$0\"; exec sleep 60', '%s']\nprograms.finish(child)"
        % (tmp_path / "child"),
        *words,
    )
    child = _told(tmp_path / "child")
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert errors.splitlines() == said
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def _told(path: Path) -> int:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if path.exists() and (text := path.read_text("utf-8").strip()):
            return int(text)
        time.sleep(0.02)
    pytest.fail(f"{path} was not written")
