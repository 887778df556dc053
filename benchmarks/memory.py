"""Peak memory of the function's process while it looks at 100,000 instances and plans.

The StackSets API is played by a client that makes each page when it is asked for, so that what is
measured is the function's own.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from handler import app
from handler.custom_resource import frame

ACCOUNTS, REGIONS = 5_000, 20
STACK_ID = (
    "arn:aws:cloudformation:us-east-1:111111111111:stack/s/51af3dc0-da77-11e4-872e-1234567db123"
)
STACK_SET_ID = "Large:1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9"
PAGE = 100


def properties(tag: str) -> dict[str, Any]:
    """Properties of a stack set in 5,000 accounts and 20 Regions."""
    accounts = [f"{number:012d}" for number in range(ACCOUNTS)]
    regions = [f"us-east-{number}" for number in range(1, REGIONS + 1)]
    return {
        "StackSetName": "Large",
        "TemplateBody": "{}",
        "Tags": [{"Stage": tag}],
        "StackInstances": [{"Accounts": accounts, "Regions": regions}],
        "loglevel": "ERROR",
    }


class Client:
    """CloudFormation's client as far as an Update that changes a tag needs it."""

    def __init__(self) -> None:
        self.tag = "old"
        self.operation: dict[str, Any] | None = None

    def list_stack_instances(self, NextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803, ANN401
        """Return one page, each text an object of its own as the parser gives it."""
        first = int(NextToken)
        last_operation = self.operation["OperationId"] if self.operation else "earlier"
        summaries = [
            {
                "Account": f"{number // REGIONS:012d}",
                "Region": f"us-east-{number % REGIONS + 1}",
                "Status": "CURRENT".lower().upper(),
                "StackInstanceStatus": {"DetailedStatus": "SUCCEEDED".lower().upper()},
                "LastOperationId": f"{last_operation}"[:],
                "StackId": f"arn:aws:cloudformation:stack/{number}",
            }
            for number in range(first, first + PAGE)
        ]
        more = first + PAGE < ACCOUNTS * REGIONS
        return {"Summaries": summaries, **({"NextToken": str(first + PAGE)} if more else {})}

    def describe_stack_set(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the configuration."""
        return {
            "StackSet": {
                "StackSetId": STACK_SET_ID,
                "StackSetName": "Large",
                "Status": "ACTIVE",
                "TemplateBody": "{}",
                "Tags": [{"Key": "Stage", "Value": self.tag}],
                "Capabilities": [],
            }
        }

    def update_stack_set(self, OperationId: str, **_: Any) -> dict[str, Any]:  # noqa: N803, ANN401
        """Carry the update out at once."""
        now = datetime.now(UTC)
        self.tag = "new"
        self.operation = {
            "OperationId": OperationId,
            "Action": "UPDATE",
            "Status": "SUCCEEDED",
            "CreationTimestamp": now,
            "EndTimestamp": now,
        }
        return {"OperationId": OperationId}

    def describe_stack_set_operation(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the one operation."""
        return {"StackSetOperation": self.operation}

    def list_stack_set_operations(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401
        """Return the one operation, once there is one."""
        return {"Summaries": [self.operation] if self.operation else []}

    def describe_stacks(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401
        """Tell nothing."""
        return {"Stacks": []}

    def describe_stack_resource(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401
        """Tell nothing."""
        return {}


def main() -> None:
    """Serve one Update and print the peak."""
    client = Client()
    answers: list[bytes] = []
    replaced: Callable[[], Any] = lambda: client  # noqa: E731
    vars(app)["_cloudformation"] = replaced
    vars(frame)["deliver"] = lambda _url, body, _until: answers.append(body)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    event = {
        "RequestType": "Update",
        "StackId": STACK_ID,
        "LogicalResourceId": "StackSet",
        "RequestId": "r",
        "PhysicalResourceId": STACK_SET_ID,
        "ResponseURL": "https://example.com",
        "ResourceProperties": properties("new"),
        "OldResourceProperties": properties("old"),
    }
    context: Any = SimpleNamespace(
        get_remaining_time_in_millis=lambda: 900_000,
        invoked_function_arn="",
        aws_request_id="",
        function_name="",
        log_group_name="",
        log_stream_name="",
        memory_limit_in_mb=256,
    )
    app.handler(event, context)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{answers[0][:120]!r}\n")
    print(f"before the request {before:.0f} MB, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
