"""Starts a program of ours so that it ends in one line, whatever happens to it.

`python -m tools.start MODULE [WORDS ...]` runs the module's `main`; with `--step` before it, what
comes after it says that it was stopped. Needs nothing but the standard library.
"""

import errno
import importlib
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

# What the machine lacks, not what we did wrong.
_MEND = {
    errno.EACCES: "give yourself the right to write there",
    errno.EDQUOT: "make room, or let TMPDIR name a folder that has some",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.ENOENT: "let TMPDIR name a folder that can be written",
    errno.ENOSPC: "make room, or let TMPDIR name a folder that has some",
    errno.EPERM: "give yourself the right to write there",
    errno.EROFS: "use a clone that can be written",
}
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_NO_READER = 128 + signal.SIGPIPE


def run(module: str, *, step: bool) -> int:
    """Run a module's `main`.

    Args:
        module: Its dotted name; `sys.argv` holds its words.
        step: Whether whoever started this says that it was stopped.

    Returns:
        The exit status.
    """
    try:
        _heed_signals()
        status: int = importlib.import_module(module).main()
        sys.stdout.flush()
        # Done: nothing is left to stop.
        _heed(signal.SIG_IGN)
    except KeyboardInterrupt as stopped:
        number = stopped.args[0] if stopped.args else signal.SIGINT
        return _say("" if step else "Stopped; nothing is left running.", 128 + number)
    except BrokenPipeError:
        return _say("Stopped: nobody reads on.", _NO_READER)
    except SystemExit as end:
        # rich's way of saying so.
        if isinstance(end.__context__, BrokenPipeError):
            return _say("Stopped: nobody reads on.", _NO_READER)
        raise
    except OSError as problem:
        if not (problem.errno in _MEND and _is_the_machines(problem)):
            raise
        place = f"{problem.filename}: " if problem.filename else ""
        return _say(f"{place}{problem.strerror}: {_MEND[problem.errno]}.", 1)
    return status


def _is_the_machines(problem: OSError) -> bool:
    """A file that is missing is a mistake of ours, unless it is the folder for temporary files."""
    return problem.errno != errno.ENOENT or "temporary" in str(problem.strerror)


def _heed_signals() -> None:
    """Clean up when told to stop, also where whoever started us ignores Ctrl-C; once is enough.

    build.sh lets signals wait until here.
    """

    def stop(number: int, _: FrameType | None) -> None:
        _heed(signal.SIG_IGN)
        raise KeyboardInterrupt(number)

    _heed(stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def _heed(how: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for each in _STOPS:
        signal.signal(each, how)


def _say(line: str, status: int) -> int:
    """Say it where somebody may still read, and nothing more on standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if line:
        try:
            print(line, file=sys.stderr)
        except OSError:
            os.dup2(1, 2)
    return status


if __name__ == "__main__":
    words = sys.argv[1:]
    is_step = words[0] == "--step"
    name, *rest = words[is_step:]
    sys.argv = [name, *rest]
    sys.exit(run(name, step=is_step))
