"""What build.sh needs and installs: said first, kept below the project, and without a network."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from emulator.local.aws import LocalAWS
from tests.packaging.conftest import Front
from tools import bundle as bundler
from tools import environments, interpreters, needs, programs, wheels
from tools.environments import ENVIRONMENTS, ROOT, prepare
from tools.wheels import Machine

# Every way to a package index leads nowhere.
NOWHERE = "http://127.0.0.1:9"
OFFLINE = {
    "HTTPS_PROXY": NOWHERE,
    "PIP_INDEX_URL": f"{NOWHERE}/simple",
    "UV_DEFAULT_INDEX": f"{NOWHERE}/simple",
}

_ASK = (
    "the package index cannot be reached. See to the network, HTTPS_PROXY or PIP_INDEX_URL:"
    " what has worked once works offline."
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """As much of a fresh clone as is needed to say what is missing."""
    copy = tmp_path / "clone"
    shutil.copytree(ROOT / "tools", copy / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "build.sh", copy / "build.sh")
    return copy


def test_two_builds_at_once_without_a_network(
    bundle: Path, front_door: Front, tmp_path: Path
) -> None:
    """Offline, in another folder and two at once, the bundle is the same to the byte."""
    target = tmp_path / "somewhere" / "else" / "bundle"
    done: list[subprocess.CompletedProcess[str]] = []

    def build() -> None:
        done.append(front_door("build", "--output", str(target), **OFFLINE))

    both = [threading.Thread(target=build) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()

    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 2
    files = ("bundle.zip", "bundle.cdx.json", "bundle.sha256")
    for name in files:
        assert target.with_name(name).read_bytes() == bundle.with_name(name).read_bytes()
    assert bundler._equal(target, bundle)
    assert {path.name for path in target.parent.iterdir()} == {"bundle", *files}


def test_an_equal_bundle_is_left_alone(tmp_path: Path) -> None:
    """Only what differs is replaced: somebody may be working with it."""
    for name, text in (("one", "x"), ("same", "x"), ("other", "y")):
        (tmp_path / name / "below").mkdir(parents=True)
        (tmp_path / name / "below" / "file").write_text(text)
    assert bundler._equal(tmp_path / "one", tmp_path / "same")
    assert not bundler._equal(tmp_path / "one", tmp_path / "other")
    assert not bundler._equal(tmp_path / "one", tmp_path / "missing")


@pytest.mark.usefixtures("bundle")
def test_a_spoilt_wheel_is_fetched_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is kept is compared with the lock each time, and only what differs is fetched."""
    machine = Machine(bundler.PLATFORMS[0])
    kept = wheels.fetch(machine)
    asked: list[list[str]] = []

    def download(command: list[str]) -> None:
        asked.append(command)
        shutil.copytree(kept, command[command.index("--dest") + 1])

    monkeypatch.setattr(wheels, "STORE", tmp_path)
    monkeypatch.setattr(wheels, "run", download)
    folder = wheels.fetch(machine)
    assert wheels.fetch(machine) == folder
    assert len(asked) == 1
    next(folder.iterdir()).write_bytes(b"spoilt")
    wheels.fetch(machine)
    assert len(asked) == 2
    assert wheels._intact(folder)


def test_without_lambdas_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Python is fetched: the one that is there does, and what runs here gets its modules."""
    monkeypatch.setattr(interpreters, "find", lambda _: None)
    unpacked: list[Machine] = []
    monkeypatch.setattr(wheels, "unpack", lambda machine, *_: unpacked.append(machine))

    assert environments._base(ENVIRONMENTS["emulator"]) == Path(sys.executable)
    bundler.build(tmp_path / "bundle", runs_here=True)
    assert unpacked == [Machine("aarch64"), Machine("x86_64"), Machine()]
    unpacked.clear()
    bundler.build(tmp_path / "bundle")
    assert unpacked == [Machine("aarch64"), Machine("x86_64")]
    assert any("functions run on" in notice for notice in needs.notices("demo"))


def test_everything_is_kept_below_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installers fetch no Python, and cache below .tools, unless somebody wants it otherwise."""
    monkeypatch.setenv("PIP_CACHE_DIR", "/elsewhere")
    monkeypatch.delenv("UV_CACHE_DIR", raising=False)
    given = programs.variables()
    assert given["UV_PYTHON_DOWNLOADS"] == "never"
    assert Path(given["UV_CACHE_DIR"]).is_relative_to(ROOT / ".tools")
    assert given["PIP_CACHE_DIR"] == "/elsewhere"


def test_the_reason_in_one_line() -> None:
    """Of all that an installer says, a failure tells the line that counts."""
    program = "import sys; sys.exit(sys.argv[1])"
    for said, reason in (
        (
            "WARNING: NewConnectionError: Failed to establish a new connection\nERROR: No match",
            _ASK,
        ),
        ("error: Request failed\n  cause: client error (Connect)", _ASK),
        (
            "Collecting x\nERROR: No space left on device\nTraceback",
            "ERROR: No space left on device",
        ),
        ("one\n\nthe last\n", "the last"),
        ("", "it says nothing."),
    ):
        with pytest.raises(programs.CommandFailed) as failed:
            programs.run([sys.executable, "-c", program, said] if said else ["false"])
        assert str(failed.value).endswith(f"failed: {reason}")


def test_demo_refuses_first(front_door: Front, clone: Path) -> None:
    """An option that the demo does not have is refused before anything is made."""
    done = front_door("demo", "--wrong", root=clone)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert "'--wrong'" in line
    assert not (clone / ".tools").exists()


def test_temporary_files_cannot_be_written(front_door: Front) -> None:
    """A TMPDIR of no use is named, instead of being ignored or failing later."""
    done = front_door("build", TMPDIR="/proc")
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("build.sh: TMPDIR, /proc, cannot be written")


def test_clone_cannot_be_written(front_door: Front, clone: Path) -> None:
    """A clone that takes no files is named, in one line."""
    (clone / ".tools").touch()
    done = front_door("demo", root=clone)
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert f"{clone} cannot be written" in line


def test_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little room and too small a limit are said before anything is started."""
    used = shutil.disk_usage("/")
    assert needs.missing("build") == ""
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: used._replace(free=99_000_000))
        assert "has less than 100 MB free" in needs.missing("build")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1_000_000, 1_000_000))
    assert "larger than 1000000 bytes" in needs.missing("build")


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.6, 1.0])
def test_stopped_at_any_moment(tmp_path: Path, seconds: float) -> None:
    """Ctrl-C ends a build in one line, at once, and leaves nothing."""

    def heed() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    building = subprocess.Popen(
        [ROOT / "build.sh", "build", "--output", str(tmp_path / "bundle")],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed,  # noqa: PLW1509 - no thread of ours runs here
    )
    time.sleep(seconds)
    os.killpg(building.pid, signal.SIGINT)
    _, errors = building.communicate(timeout=30)
    ends = {128 + signal.SIGINT: ["Stopped; nothing is left running."]}
    # One program has made way for the next, which had not begun.
    ends[-signal.SIGINT] = []
    assert errors.splitlines() == ends[building.returncode]
    assert not list(tmp_path.iterdir())


def test_certificate_without_openssl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The local AWS needs no program of the machine to be trusted."""
    python = prepare("emulator").python
    monkeypatch.setenv("PATH", str(tmp_path))
    with LocalAWS(python, tmp_path) as aws:
        assert aws.client("sts").get_caller_identity()["Account"] == "111111111111"
