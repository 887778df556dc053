"""Find a Python of a given version: this one, on PATH, pyenv's, or uv's."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def find(version: tuple[int, int]) -> Path | None:
    """The first interpreter that really is of this version, or None."""
    for candidate in _candidates(f"{version[0]}.{version[1]}"):
        if version_of(candidate) == version:
            return candidate
    return None


def version_of(python: Path) -> tuple[int, ...]:
    """Returns an interpreter's version, as (3, 13); () where it cannot run."""
    if python == Path(sys.executable):
        return sys.version_info[:2]
    told = _output([str(python), "-c", "import sys; print(*sys.version_info[:2])"])
    return tuple(map(int, told.split()))


def _candidates(version: str) -> Iterator[Path]:
    yield Path(sys.executable)
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    store = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share")) / "uv" / "python"
    yield from sorted(store.glob(f"cpython-{version}.*/bin/python"))


def _output(command: list[str]) -> str:
    """What a command prints; nothing when it cannot run, as a pyenv shim may not."""
    try:
        done = subprocess.run(command, check=False, text=True, capture_output=True)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
