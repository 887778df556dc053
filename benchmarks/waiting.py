"""What waiting costs: seconds of Lambda, places in the account, dollars, and the answer's lag.

In virtual time: one stack set alone, for deployments of 30 s to 58 minutes, and many that deploy at
the same time in a new account, where ten functions may run at once. Nothing is known here of how
the function waits, so the same command measures before and after.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
from dataclasses import dataclass
from typing import Any

from emulator.virtual.aws import QueueSettings, VirtualAWS, world
from emulator.virtual.cloudformation import Stack, Timing
from emulator.virtual.functions import Sandboxes
from emulator.virtual.loading import forget_clients, load_again
from emulator.virtual.mappings import IDLE_POLLERS, LONG_POLL_SECONDS
from emulator.virtual.usage import NEW_ACCOUNT_CONCURRENCY
from handler import app

TEMPLATE = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
MINUTES = (0.5, 2, 5, 20, 40, 58)
SECONDS_OF_A_CALL = 0.3
MEGABYTES = 256
DOLLARS_PER_SQS_REQUEST = 0.40 / 1_000_000
FREE_SQS_REQUESTS = 1_000_000
SECONDS_OF_A_MONTH = 30 * 86_400.0
QUEUES = 2
IDLE_REQUESTS = int(QUEUES * IDLE_POLLERS * SECONDS_OF_A_MONTH / LONG_POLL_SECONDS)
"""SQS requests of a month in which nothing is deployed: the queue and the dead letters."""


class Copies:
    """The function, loaded as often as it runs at the same time, kept from world to world."""

    def __init__(self) -> None:
        """Begin with the one that is loaded."""
        self._all: list[Any] = [app]

    def fresh(self) -> Sandboxes:
        """Return all copies, with clients yet to be made."""
        for each in self._all:
            forget_clients(each)
        sandboxes = Sandboxes(self._all[0], self._another)
        sandboxes.idle = [*self._all]
        return sandboxes

    def _another(self) -> Any:  # noqa: ANN401  a module
        self._all.append(load_again("handler.app"))
        return self._all[-1]


@dataclass(frozen=True)
class Measured:
    """What became of some stack sets.

    Attributes:
        succeeded: How many requests were answered SUCCESS in time.
        lags: Seconds from the end of each's last operation to its answer, of those.
        highest: How many functions ran at the same time at most.
        dollars: Lambda and SQS, while something was deployed.
    """

    succeeded: int
    lags: list[float]
    lambda_seconds: float
    invocations: int
    throttled: int
    highest: int
    calls: int
    sqs_requests: int
    dollars: float

    def quantile(self, share: float) -> float:
        """The lag that so many do not exceed; not a number when none has succeeded."""
        if not self.lags:
            return math.nan
        return sorted(self.lags)[math.ceil(share * len(self.lags)) - 1]


def properties(name: str) -> dict[str, Any]:
    """Properties of a stack set with one instance."""
    return {
        "StackSetName": name,
        "TemplateBody": TEMPLATE,
        "StackInstances": [{"Accounts": ["222222222222"], "Regions": ["us-east-1"]}],
        "loglevel": "CRITICAL",
    }


def deploy(
    copies: Copies,
    count: int,
    seconds: float,
    *,
    concurrency: int = 1000,
    queue: QueueSettings | None = None,
) -> Measured:
    """Deploy stack sets at the same time, each by a stack of its own.

    Args:
        copies: The function.
        count: How many.
        seconds: How long each takes.
        concurrency: How many functions may run at once in the account.
        queue: How the function's queue is set up.
    """
    with world(seconds=seconds, concurrency=concurrency, queue=queue) as aws:
        aws.call_seconds = SECONDS_OF_A_CALL
        sandboxes = copies.fresh()
        timing = Timing(overlaps=True)
        stacks = [Stack(aws, sandboxes, f"stack-{each}", timing=timing) for each in range(count)]
        with contextlib.redirect_stdout(io.StringIO()):
            for number, stack in enumerate(stacks):
                stack.start(properties(f"Set-{number}"))
            aws.scheduler.drain()
        return measured(aws, stacks)


def measured(aws: VirtualAWS, stacks: list[Stack]) -> Measured:
    """Read what became of the stacks."""
    answered = {each.body["RequestId"]: each.time for each in aws.responses}
    lags = []
    for stack in stacks:
        if stack.answers[0][1].status == "SUCCESS":
            operations = aws.engine.stack_sets[stack.physical_id].operations.values()
            ended = max(each.ended_at or 0.0 for each in operations)
            lags.append(answered[stack.requests[0]["RequestId"]] - ended)
    usage, queues = aws.lambda_usage, (aws.messaging.queue, aws.messaging.dead_letters)
    by_function = sum(service == "sqs" for _, service, _ in aws.calls)
    sqs_requests = by_function + sum(each.requests for each in queues)
    return Measured(
        succeeded=len(lags),
        lags=lags,
        lambda_seconds=usage.seconds,
        invocations=len(usage.runs),
        throttled=usage.throttled,
        highest=usage.highest,
        calls=len(aws.calls),
        sqs_requests=sqs_requests,
        dollars=usage.dollars(MEGABYTES) + sqs_requests * DOLLARS_PER_SQS_REQUEST,
    )


def print_lengths(copies: Copies) -> None:
    """Print the table of deployments by their length."""
    print(
        "| the operation takes | Lambda | share | answered after | invocations | API calls | cost |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for minutes in MINUTES:
        seconds = minutes * 60
        each = deploy(copies, 1, seconds)
        print(
            f"| {seconds:,.0f} s | {each.lambda_seconds:,.0f} s "
            f"| {each.lambda_seconds / seconds:.1%} | {each.quantile(0.5):.1f} s "
            f"| {each.invocations} | {each.calls} | ${each.dollars:.6f} |"
        )


def print_crowd(copies: Copies, options: argparse.Namespace) -> None:
    """Print what becomes of many stack sets that deploy at the same time."""
    queue = QueueSettings(
        maximum_concurrency=options.maximum_concurrency,
        holds_throttled=not options.returned,
    )
    each = deploy(
        copies, options.stacks, options.minutes * 60, concurrency=options.concurrency, queue=queue
    )
    print(
        f"\n{options.stacks} stack sets deploy for {options.minutes:g} minutes at the same time, "
        f"{options.concurrency} concurrent executions in the account, MaximumConcurrency "
        f"{options.maximum_concurrency}, a throttled message is "
        f"{'hidden until its visibility timeout' if options.returned else 'tried again'}:\n"
    )
    print("| | |\n| --- | ---: |")
    print(f"| SUCCESS | {each.succeeded} of {options.stacks} |")
    print(f"| answered after, median | {each.quantile(0.5):.1f} s |")
    print(f"| answered after, 99th percentile | {each.quantile(0.99):.1f} s |")
    print(f"| highest concurrency | {each.highest} |")
    print(f"| throttled | {each.throttled:,} |")
    print(f"| invocations | {each.invocations:,} |")
    print(f"| Lambda | {each.lambda_seconds:,.0f} s |")
    print(f"| SQS requests | {each.sqs_requests:,} |")
    print(f"| API calls | {each.calls:,} |")
    print(f"| cost | ${each.dollars:.4f} |")


def print_idle() -> None:
    """Print what a month without any request costs."""
    free = max(0, IDLE_REQUESTS - FREE_SQS_REQUESTS)
    print(
        f"\nA month without any request: {IDLE_REQUESTS:,} SQS requests of the two mappings, "
        f"${IDLE_REQUESTS * DOLLARS_PER_SQS_REQUEST:.2f} "
        f"(${free * DOLLARS_PER_SQS_REQUEST:.2f} where the million free ones are not used up); "
        "nothing without a queue."
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stacks", type=int, default=200, help="how many at the same time")
    parser.add_argument("--minutes", type=float, default=20.0, help="how long each of them takes")
    parser.add_argument("--concurrency", type=int, default=NEW_ACCOUNT_CONCURRENCY)
    parser.add_argument("--maximum-concurrency", type=int, default=8)
    parser.add_argument(
        "--returned",
        action="store_true",
        help="a throttled message stays hidden for the rest of its visibility timeout",
    )
    options = parser.parse_args()
    copies = Copies()
    print_lengths(copies)
    print_crowd(copies, options)
    print_idle()


if __name__ == "__main__":
    main()
