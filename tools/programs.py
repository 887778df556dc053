"""Programs that ours run: they end when ours does, and keep what they fetch below the project."""

import contextlib
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_TOOLS = Path(__file__).resolve().parent.parent / ".tools"

# Nothing goes into the home folder, and nobody fetches a Python unasked.
_OURS = {
    "PIP_CACHE_DIR": str(_TOOLS / "cache" / "pip"),
    "UV_CACHE_DIR": str(_TOOLS / "cache" / "uv"),
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_PYTHON_INSTALL_DIR": str(_TOOLS / "python"),
}
_UNREACHABLE = re.compile(
    r"failed to establish a new connection|dns error|client error \(connect\)"
    r"|cannot connect to proxy|network is unreachable|connection refused|name resolution",
    re.IGNORECASE,
)
_ERROR = re.compile(r"^(error|fatal)\b:?", re.IGNORECASE)
_GENTLE_SECONDS = 2.0


class CommandFailed(Exception):
    """A command did not succeed; the text is one line that names it and says why."""


def variables(**more: str) -> dict[str, str]:
    """Returns the environment of a program: ours, with caches below the project, and more."""
    return {**_OURS, **os.environ, **more}


@contextlib.contextmanager
def started(command: list[str], **options: Any) -> Iterator["subprocess.Popen[Any]"]:  # noqa: ANN401
    """Start a program that takes what it started along when the block ends, however it does.

    Args:
        command: Its words.
        options: As `subprocess.Popen` takes them.

    Yields:
        The process, at the head of a group of its own.
    """
    told: list[int] = []
    with contextlib.ExitStack() as held:
        held.enter_context(_noting(told))
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, **options
        )
        try:
            # From here on somebody ends it.
            held.close()
            for number in told:
                signal.raise_signal(number)
            yield process
        finally:
            if process.poll() is None:
                _end(process)


@contextlib.contextmanager
def _noting(told: list[int]) -> Iterator[None]:
    """Note signals to stop instead of heeding them; threads do not get any."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            before[each] = signal.signal(each, lambda number, _: told.append(number))
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _end(process: "subprocess.Popen[Any]") -> None:
    """Ask the group first: programs of ours in it have groups of their own to end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GENTLE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def finish(
    command: list[str], cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Returns how a program ended, and all that it wrote, which is kept from the terminal.

    Args:
        command: Its words.
        cwd: The folder that it works in.
        env: Its environment; `variables()` if None.
    """
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with started(command, cwd=cwd, env=env or variables(), **streams) as process:
        output, errors = process.communicate()
        return subprocess.CompletedProcess(command, process.returncode, output, errors)


def run(command: list[str], cwd: Path | None = None, **more: str) -> None:
    """Run a command in silence, in a folder, with additional environment variables.

    Raises:
        CommandFailed: It did not succeed.
    """
    done = finish(command, cwd, variables(**more))
    if done.returncode:
        msg = f"{' '.join(command)} failed: {_reason(done.stderr.strip() or done.stdout)}"
        raise CommandFailed(msg)


def _reason(output: str) -> str:
    """The line that tells most; installers say it first or last, among much else."""
    if _UNREACHABLE.search(output):
        return (
            "the package index cannot be reached. See to the network, HTTPS_PROXY or PIP_INDEX_URL:"
            " what has worked once works offline."
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    return (errors or lines[-1:] or ["it says nothing."])[0]
