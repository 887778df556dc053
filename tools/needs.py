"""Says what a word of build.sh needs, before it starts: `python -m tools.needs WORD`.

Needs nothing but the standard library.
"""

import os
import resource
import shutil
import sys
import tempfile
from pathlib import Path

from tools import interpreters
from tools.environments import ENVIRONMENTS, ROOT, RUNTIME

# Millions of bytes that a word writes into the folder for temporary files, and to spare.
_ROOM = {"build": 100, "demo": 250, "deploy": 100, "test": 1000}
_LARGEST_FILE = 100
_MILLION = 1_000_000
_FIRST = {"build": "project", "demo": "emulator", "test": "audit"}
_RUNS_BUNDLE = ("demo", "test")


def missing(word: str) -> str:
    """Returns what keeps a word from starting, in one sentence; nothing if all is there."""
    folder = Path(tempfile.gettempdir())
    named = os.environ.get("TMPDIR")
    if named and Path(named).resolve() != folder.resolve():
        return f"TMPDIR, {named}, cannot be written: let it name a folder that can."
    if shutil.disk_usage(folder).free < _ROOM[word] * _MILLION:
        return (
            f"{folder} has less than {_ROOM[word]} MB free: "
            "make room, or let TMPDIR name a folder that has it."
        )
    limit, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if limit != resource.RLIM_INFINITY and limit < _LARGEST_FILE * _MILLION:
        return f"No file may be larger than {limit} bytes here: raise the limit (ulimit -f)."
    return _unwritable()


def _unwritable() -> str:
    try:
        (ROOT / ".tools").mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=ROOT / ".tools"):
            return ""
    except OSError as problem:
        return (
            f"{ROOT} cannot be written ({problem.strerror}): "
            "environments and bundle lie in the clone, so use one that is yours."
        )


def notices(word: str) -> list[str]:
    """Returns what is worth knowing before a word starts."""
    told = []
    first = _FIRST.get(word)
    if first and not ENVIRONMENTS[first].python.exists():
        told.append("The first time, packages come from PyPI, into .venv and .tools; then offline.")
    if word in _RUNS_BUNDLE and interpreters.find(RUNTIME) is None:
        lambdas, this = (".".join(map(str, each)) for each in (RUNTIME, sys.version_info[:2]))
        told.append(f"No Python {lambdas} here, as Lambda has it: functions run on {this} instead.")
    return told


def main() -> int:
    """Check what the word on the command line needs."""
    word = sys.argv[1]
    if problem := missing(word):
        print(f"build.sh: {problem}", file=sys.stderr)
        return 1
    for notice in notices(word):
        print(notice, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
