"""Requests that CloudFormation is told to have sent, for events that come from a file.

A sample event names a stack that nobody has made; the function asks for it before it serves the
event. So the stack is written down with its resource under way, and again when it is answered.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.core import responses
from ministack.core.responses import now_iso
from ministack.services import cloudformation

from emulator.server import paths, resource_status

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATH = "/_ministack/cfn-request"


def install() -> None:
    """Take what is told, at a path of its own."""
    paths.take_puts(_PATH, _take)


def tell(event: Mapping[str, Any], physical_id: str | None) -> None:
    """Show a request as under way, or as done.

    Args:
        event: As CloudFormation sends it.
        physical_id: What it was answered with; None while it is not answered.
    """
    _, _, _, region, account, name = event["StackId"].split(":")
    stack_name = name.split("/")[1]
    with responses.request_scope(account, region):
        if physical_id is None:
            _make_stack(event["StackId"], stack_name)
            resource_status.begin(event, stack_name, event["ResourceProperties"])
            return
        resource_status.succeed(event, stack_name, physical_id)
        if event["RequestType"] == "Delete":
            # Whoever makes a stack of that name finds none.
            cloudformation._stacks.pop(stack_name, None)  # noqa: SLF001


def _make_stack(stack_id: str, stack_name: str) -> None:
    cloudformation._stacks.setdefault(  # noqa: SLF001
        stack_name,
        {
            "StackName": stack_name,
            "StackId": stack_id,
            "StackStatus": "UPDATE_IN_PROGRESS",
            "StackStatusReason": "",
            "CreationTime": now_iso(),
            "LastUpdatedTime": now_iso(),
            "_resources": {},
        },
    )


def _take(
    _rest: str, _headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    told = json.loads(body)
    tell(told["event"], told.get("physicalId"))
    return 200, {}, b""
