"""Seconds from the end of the last operation to the answer, in virtual time.

For deployments of 30 s to 58 minutes, with how many invocations and API calls they took.
"""

from __future__ import annotations

import contextlib
import io

from emulator.virtual.aws import world
from emulator.virtual.cloudformation import Stack
from handler import app

PROPERTIES = {
    "TemplateBody": '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}',
    "StackInstances": [{"Accounts": ["222222222222"], "Regions": ["us-east-1"]}],
    "loglevel": "ERROR",
}
SECONDS = (30, 60, 300, 840, 1_200, 2_400, 3_480)


def measure(seconds: float) -> tuple[float, int, int]:
    """Deploy one stack that takes so long; the lag, invocations and API calls."""
    for client in (app._cloudformation, app._lambda, app._s3):  # noqa: SLF001 - a world of its own
        client.cache_clear()
    with world(seconds=seconds) as aws:
        stack = Stack(aws, app)
        with contextlib.redirect_stdout(io.StringIO()):
            status = stack.deploy(PROPERTIES)
        if status != "CREATE_COMPLETE":
            raise RuntimeError(stack.reason)
        operation = next(iter(aws.engine.stack_sets[stack.physical_id].operations.values()))
        lag = aws.responses[-1].time - (operation.ended_at or 0.0)
        return lag, 1 + len(aws.invocations), len(aws.calls)


def main() -> None:
    """Print the table."""
    print("| the operation takes | answered after | invocations | API calls |")
    print("| ---: | ---: | ---: | ---: |")
    for seconds in SECONDS:
        lag, invocations, calls = measure(float(seconds))
        print(f"| {seconds:,} s | {lag:.1f} s | {invocations} | {calls} |")


if __name__ == "__main__":
    main()
