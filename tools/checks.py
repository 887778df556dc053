"""Everything that CI runs: lint, types, templates, policies, shell, tests."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from tools import template
from tools.environments import ENVIRONMENTS, ROOT, prepare
from tools.options import test_parser
from tools.programs import CommandFailed, finish, started, variables

PROJECT = ENVIRONMENTS["project"]
TEMPLATE = ROOT / "template.yaml"
# Runs here, which may have another Python than Lambda.
BUNDLE = str(ROOT / "build" / "here" / "bundle")
# A program of ours that ends in one line, and takes along what it started.
_START = [str(PROJECT.python), "-m", "tools.start", "--step"]
# Tests that start servers mostly wait, so that more run side by side than there are cores; the
# tests of one file share their servers. The files that take longest come first.
SERVERS = ["tests/local", "tests/packaging"]
LONGEST = [
    "tests/packaging/test_front_door.py",
    *(f"tests/local/test_{name}.py" for name in ("guide", "function_overlaps", "crowd", "long")),
]
WAITING = ["-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", *LONGEST, *SERVERS]
COMPUTING = ["-n", "2", "tests", *(f"--ignore={folder}" for folder in SERVERS)]
# Those who wait for something to happen in time come before those who compute.
BEHIND = ["nice", "-n", "10"]

# Templates that Guard looks at: those whose functions tools/template.py can write out.
GUARDED = [
    TEMPLATE,
    ROOT / "examples" / "bucket.yaml",
    ROOT / "examples" / "pipeline" / "pipeline.yaml",
    ROOT / "examples" / "roles" / "administration.yaml",
    ROOT / "examples" / "roles" / "execution.yaml",
]

# ARNs for what `template.policies` leaves as names, since parliament wants real ones.
_LAMBDA = "arn:aws:lambda:eu-west-1:111111111111:function"
_LOGS = "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/lambda"
_SQS = "arn:aws:sqs:eu-west-1:111111111111"
ARNS = {
    "LastWordFunction.Arn": f"{_LAMBDA}:last-word",
    "LastWordLogGroup.Arn": f"{_LOGS}/last-word:*",
    "StackSetDeadLetterQueue.Arn": f"{_SQS}:dead-letters",
    "StackSetMacroLogGroup.Arn": f"{_LOGS}/macro:*",
    "StackSetQueue.Arn": f"{_SQS}:requests",
    "StackSetResourceFunction.Arn": f"{_LAMBDA}:main",
    "StackSetResourceLogGroup.Arn": f"{_LOGS}/main:*",
}


def checks() -> Iterator[tuple[str, list[str]]]:
    """Each check's name and command; all but the tests, which come last and speak for themselves.

    Yields:
        Pairs of name and command.
    """
    folders = [
        name
        for name in ("handler", "macro", "emulator", "tools", "tests", "benchmarks")
        if (ROOT / name).is_dir()
    ]
    examples = sorted((ROOT / "examples").rglob("*.yaml"))
    templates = [TEMPLATE, *(path for path in examples if path.name != "buildspec.yaml")]
    audit = prepare("audit")
    yield "bundle", [*_START, "tools.bundle", "--runs-here", "--output", BUNDLE]
    yield "ruff format", [_tool("ruff"), "format", "--check", "."]
    yield "ruff check", [_tool("ruff"), "check", "."]
    yield "mypy", [_tool("mypy"), *folders]
    yield "shellcheck", [_tool("shellcheck"), "build.sh", ".ci/run"]
    yield "cfn-lint", [_tool("cfn-lint"), *map(str, templates)]
    scan = ["-f", str(TEMPLATE), "--framework", "cloudformation", "--skip-download"]
    yield "checkov", [str(audit.program("checkov")), *scan, "--compact", "--quiet"]
    if any(audit.path.glob("lib/python*/site-packages/guardpycfn")):
        yield "cfn-guard", [str(audit.python), "-m", "tools.guard", *map(str, GUARDED)]
    else:
        print("     cfn-guard: left out, for there is no wheel for this machine", flush=True)
    for role, policy in _policies().items():
        yield f"parliament {role}", [str(audit.program("parliament")), "--string", policy]


def _policies() -> dict[str, str]:
    found = {}
    for role, statements in template.policies(template.load(TEMPLATE)).items():
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        for name, arn in ARNS.items():
            policy = policy.replace(name, arn)
        found[role] = policy
    return found


def _tool(name: str) -> str:
    return str(PROJECT.program(name))


def _passes(name: str, command: list[str]) -> bool:
    began = time.monotonic()
    done = finish(command, ROOT)
    seconds = time.monotonic() - began
    print(f"{'ok  ' if done.returncode == 0 else 'FAIL'} {name} ({seconds:.1f} s)", flush=True)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return done.returncode == 0


def _all_tests_pass() -> bool:
    """Run both parts of the tests side by side; what the computing part says comes last."""
    with tempfile.TemporaryFile("w+") as output:
        behind = [*BEHIND, *_pytest(COMPUTING)]
        streams = {"stdout": output, "stderr": subprocess.STDOUT}
        with started(behind, cwd=ROOT, env=_variables(), **streams) as computing:
            passed = _tests_pass(WAITING)
            failed = computing.wait()
        output.seek(0)
        print(output.read(), flush=True)
    return passed and not failed


def _tests_pass(words: list[str]) -> bool:
    """Run tests, and pass on what they write as it comes: who reads it may go at any moment."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with started(_pytest(words), cwd=ROOT, env=_variables(), bufsize=0, **streams) as tests:
        output = tests.stdout
        while output and (written := output.read(65536)):
            sys.stdout.buffer.write(written)
            sys.stdout.flush()
        return tests.wait() == 0


def _variables() -> dict[str, str]:
    return variables(BUNDLE=os.environ.get("BUNDLE", f"{BUNDLE}.zip"))


def _pytest(words: list[str]) -> list[str]:
    color = ["--color=yes"] if sys.stdout.isatty() else []
    return [_tool("python"), "-m", "pytest", "-p", "no:cacheprovider", *color, *words]


def main() -> int:
    """Run every check, then the tests with the words of the command line."""
    _, words = test_parser().parse_known_args()
    try:
        failed = [name for name, command in checks() if not _passes(name, command)]
        for name in ("emulator", "lambda"):
            prepare(name)
    except CommandFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    if not (_tests_pass(words) if words else _all_tests_pass()):
        failed.append("pytest")
    print(f"Failed: {', '.join(failed)}" if failed else "All passed.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
