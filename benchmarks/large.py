"""What 100,000 instances cost: calls and seconds of each change, in virtual time.

Every call takes 0.3 s, and the service throttles at ten calls a second. Peak memory is measured by
`benchmarks.memory`, in a process that does not hold the service as well.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections import Counter
from typing import Any

from emulator.stacksets.faults import Answer, CallFault
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from handler import app

REGIONS = [
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
    *("eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-central-2", "eu-north-1"),
    *("eu-south-1", "eu-south-2", "ap-east-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2"),
    *("ap-southeast-1", "ap-southeast-2"),
]
SECONDS_OF_A_CALL = 0.3
MOST_CALLS_A_SECOND = 10
TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'


def properties(instances: int, tag: str, tolerance: int = 0) -> dict[str, Any]:
    """Properties of a stack set with so many instances."""
    accounts = [f"{number:012d}" for number in range(1, 1 + instances // len(REGIONS))]
    return {
        "StackSetName": "Large",
        "TemplateBody": TEMPLATE,
        "Tags": [{"Stage": tag}],
        "OperationPreferences": {
            "RegionConcurrencyType": "PARALLEL",
            "MaxConcurrentPercentage": 100,
            "FailureToleranceCount": tolerance,
            "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
        },
        "StackInstances": [{"Accounts": accounts, "Regions": REGIONS}],
        "loglevel": "ERROR",
    }


class Throttle:
    """Throttles whoever calls more often than ten times in a second."""

    def __init__(self, aws: VirtualAWS) -> None:
        """Watch the calls of a world."""
        self._aws = aws
        self._calls: list[float] = []
        aws.before_call = self._watch

    def _watch(self, service: str, _action: str, _number: int) -> None:
        now = self._aws.clock.now
        self._calls = [each for each in self._calls if now - each < 1.0]
        if service == "cloudformation" and len(self._calls) >= MOST_CALLS_A_SECOND:
            self._aws.engine.faults.calls.append(CallFault("*", Answer.THROTTLED, times=1))
        self._calls.append(now)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=100_000)
    size = parser.parse_args().instances
    with world(seconds=60.0, concurrency=10) as aws:
        aws.call_seconds = SECONDS_OF_A_CALL
        Throttle(aws)
        stack = Stack(aws, app)
        changes = {
            "Create": lambda: stack.deploy(properties(size, "one")),
            "Update of a tag": lambda: stack.deploy(properties(size, "two")),
            "Update of nothing": lambda: stack.deploy(properties(size, "two", tolerance=1)),
            "Delete": stack.delete,
        }
        print("| change | status | calls | of these pages of lists | seconds | Lambda | real s |")
        print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
        for name, change in changes.items():
            calls, began, real = len(aws.calls), aws.clock.now, time.perf_counter()
            used = aws.lambda_usage.seconds
            with contextlib.redirect_stdout(io.StringIO()):
                status = change()
            made = Counter(action for _, _, action in aws.calls[calls:])
            pages = sum(count for action, count in made.items() if action.startswith("List"))
            print(
                f"| {name} | {status} | {sum(made.values()):,} | {pages:,} "
                f"| {aws.clock.now - began:,.0f} | {aws.lambda_usage.seconds - used:,.0f} "
                f"| {time.perf_counter() - real:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
