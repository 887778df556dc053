"""What a stack says of its custom resources, from the moment at which a request begins.

ministack writes a resource down when its provider has answered: until then, DescribeStackResource
says that it "does not exist", or shows what it was before the request. Its events lack the
properties that a request is to bring about.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, helpers

if TYPE_CHECKING:
    from collections.abc import Mapping

_DELETED = "_deleted_resources"


def install() -> None:
    """Let deleted resources be described, as for 90 days, and events tell properties."""
    actions = cloudformation._ACTION_HANDLERS  # noqa: SLF001
    actions["DescribeStackResource"] = _showing_deleted(actions["DescribeStackResource"])
    actions["DescribeStackEvents"] = _telling_properties(actions["DescribeStackEvents"])


def begin(event: Mapping[str, Any], stack_name: str, props: Mapping[str, Any]) -> None:
    """Show that a request is under way, from this millisecond on.

    A Delete of an id that the resource no longer has (the clean-up of a replacement) changes
    nothing of what is shown.
    """
    kind = event["RequestType"].upper()
    found = _record(event, stack_name)
    if kind == "DELETE" and not _is_shown(found, event):
        return
    _note_properties(event, f"{kind}_IN_PROGRESS")
    _show(
        event,
        stack_name,
        {
            "Properties": props,
            "Attributes": {},
            **(found or {}),
            "LogicalResourceId": event["LogicalResourceId"],
            "PhysicalResourceId": event.get("PhysicalResourceId", ""),
            "ResourceType": event["ResourceType"],
            "ResourceStatus": f"{kind}_IN_PROGRESS",
            "ResourceStatusReason": "",
            "Timestamp": now_iso(),
        },
    )


def succeed(event: Mapping[str, Any], stack_name: str, physical_id: str) -> None:
    """Show that the request has done what it was for."""
    found = _record(event, stack_name)
    kind = event["RequestType"].upper()
    if found is None or (kind == "DELETE" and not _is_shown(found, event)):
        return
    done = {**found, "ResourceStatus": f"{kind}_COMPLETE", "Timestamp": now_iso()}
    if kind == "DELETE":
        _stack(event, stack_name).setdefault(_DELETED, {})[event["LogicalResourceId"]] = done
    else:
        done["PhysicalResourceId"] = physical_id
    _show(event, stack_name, done)


def fail(event: Mapping[str, Any], stack_name: str, physical_id: str, reason: str) -> None:
    """Show that the request has failed, and why."""
    found = _record(event, stack_name)
    kind = event["RequestType"].upper()
    if found is None or (kind == "DELETE" and not _is_shown(found, event)):
        return
    _show(
        event,
        stack_name,
        {
            **found,
            "PhysicalResourceId": physical_id,
            "ResourceStatus": f"{kind}_FAILED",
            "ResourceStatusReason": reason,
            "Timestamp": now_iso(),
        },
    )


def _stack(event: Mapping[str, Any], stack_name: str) -> dict[str, Any]:
    stack = cloudformation._stacks.get(stack_name)  # noqa: SLF001
    return stack if stack and stack["StackId"] == event["StackId"] else {}


def _record(event: Mapping[str, Any], stack_name: str) -> dict[str, Any] | None:
    resources = _stack(event, stack_name).get("_resources", {})
    record: dict[str, Any] | None = resources.get(event["LogicalResourceId"])
    return record


def _is_shown(record: Mapping[str, Any] | None, event: Mapping[str, Any]) -> bool:
    return record is not None and record["PhysicalResourceId"] == event["PhysicalResourceId"]


def _show(event: Mapping[str, Any], stack_name: str, record: dict[str, Any]) -> None:
    # A new record each time: an update keeps the former one for its rollback.
    resources = _stack(event, stack_name).get("_resources")
    if resources is not None:
        resources[event["LogicalResourceId"]] = record


def _note_properties(request: Mapping[str, Any], status: str) -> None:
    """Give the event of the request's beginning its properties, before the resource shows it."""
    for each in reversed(cloudformation._stack_events.get(request["StackId"], [])):  # noqa: SLF001
        if (each["LogicalResourceId"], each["ResourceStatus"]) == (
            request["LogicalResourceId"],
            status,
        ):
            each.setdefault("ResourceProperties", json.dumps(request["ResourceProperties"]))
            return


def _telling_properties(describe: Any) -> Any:  # noqa: ANN401 - ministack is untyped
    @functools.wraps(describe)
    def wrapper(params: dict[str, Any]) -> Any:  # noqa: ANN401
        status, headers, body = describe(params)
        stack = handlers._resolve_stack(helpers._p(params, "StackName")) or {}  # noqa: SLF001
        text = body.decode()
        for each in cloudformation._stack_events.get(stack.get("StackId"), []):  # noqa: SLF001
            if "ResourceProperties" in each:
                event_id = f"<EventId>{each['EventId']}</EventId>"
                told = helpers._esc(each["ResourceProperties"])  # noqa: SLF001
                text = text.replace(
                    event_id, f"{event_id}<ResourceProperties>{told}</ResourceProperties>"
                )
        return status, headers, text.encode()

    return wrapper


def _showing_deleted(describe: Any) -> Any:  # noqa: ANN401 - ministack is untyped
    @functools.wraps(describe)
    def wrapper(params: dict[str, Any]) -> Any:  # noqa: ANN401
        name = helpers._p(params, "LogicalResourceId")  # noqa: SLF001
        stack = handlers._resolve_stack(helpers._p(params, "StackName"))  # noqa: SLF001
        deleted = (stack or {}).get(_DELETED, {}).get(name)
        if stack is None or deleted is None or name in stack["_resources"]:
            return describe(params)
        stack["_resources"][name] = deleted
        try:
            return describe(params)
        finally:
            stack["_resources"].pop(name)

    return wrapper
