"""The operations on stacks: what ends another one, and what tells one from the next."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import new_uuid
from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, helpers

from emulator.server import deployments

_Response = tuple[int, dict[str, str], bytes]

_TYPES = {
    "CreateStack": "CREATE_STACK",
    "ExecuteChangeSet": "",
    "UpdateStack": "UPDATE_STACK",
    "DeleteStack": "DELETE_STACK",
    "ContinueUpdateRollback": "CONTINUE_ROLLBACK",
    "RollbackStack": "ROLLBACK",
}
_KEPT = "_last_operations"
_MOST_KEPT = 5


def install() -> None:
    """Mend CancelUpdateStack, DeleteStack and what DescribeStacks says of the operations."""
    actions = cloudformation._ACTION_HANDLERS  # noqa: SLF001
    for action, kind in _TYPES.items():
        actions[action] = _numbered(actions[action], kind)
    actions["DescribeStacks"] = _telling_last_operations(actions["DescribeStacks"])
    actions["CancelUpdateStack"] = _cancelling_at_once(actions["CancelUpdateStack"])
    actions["DeleteStack"] = _refusing_updates_under_way(actions["DeleteStack"])
    handlers._delete_stack_async = _ending_deployments(handlers._delete_stack_async)  # noqa: SLF001


def number(stack: dict[str, Any], kind: str) -> str:
    """Write down a new operation of a type on a stack; return its OperationId."""
    identity: str = new_uuid()
    operation = {"OperationId": identity, "OperationType": kind}
    stack[_KEPT] = [operation, *stack.get(_KEPT, [])][:_MOST_KEPT]
    return identity


def _cancelling_at_once(cancel: Any) -> Any:  # noqa: ANN401 - ministack is untyped
    """CancelUpdateStack gives up the custom resource at work; ministack's waits for its answer."""

    @functools.wraps(cancel)
    def wrapper(params: Mapping[str, Any]) -> _Response:
        response: _Response = cancel(params)
        stack = _stack(params)
        if stack is not None and response[0] == 200:  # noqa: PLR2004 - HTTP's
            deployments.interrupt(stack["StackId"], roll_back=True)
        return response

    return wrapper


def _ending_deployments(delete: Any) -> Any:  # noqa: ANN401
    """DeleteStack ends a creation and sends a Delete for what is at work; ministack's does not."""

    @functools.wraps(delete)
    async def wrapper(stack_name: str, stack_id: str, *args: Any, **options: Any) -> None:  # noqa: ANN401
        ended = deployments.interrupt(stack_id, roll_back=False)
        if ended is not None:
            await ended.wait()
        await delete(stack_name, stack_id, *args, **options)

    return wrapper


def _refusing_updates_under_way(delete: Any) -> Any:  # noqa: ANN401
    """A stack is not deleted while it is updated; ministack would do both."""

    @functools.wraps(delete)
    def wrapper(params: Mapping[str, Any]) -> _Response:
        stack = _stack(params)
        status = (stack or {}).get("StackStatus", "")
        if stack is not None and status.startswith("UPDATE_") and status.endswith("_PROGRESS"):
            message = f"Stack [{stack['StackId']}] cannot be deleted while in status {status}"
            refusal: _Response = helpers._error("ValidationError", message)  # noqa: SLF001
            return refusal
        response: _Response = delete(params)
        return response

    return wrapper


def _numbered(act: Any, kind: str) -> Any:  # noqa: ANN401
    """Every operation that a caller starts has an OperationId; ministack's have none."""

    @functools.wraps(act)
    def wrapper(params: Mapping[str, Any]) -> _Response:
        name = _stack_name(params)
        status, headers, body = act(params)
        stack = handlers._resolve_stack(name)  # noqa: SLF001
        if status != 200 or stack is None:  # noqa: PLR2004 - HTTP's
            return status, headers, body
        # A change set creates or updates, as its stack's status tells.
        told_kind = kind or stack["StackStatus"].removesuffix("_IN_PROGRESS") + "_STACK"
        told = f"</StackId>{_xml({'OperationId': number(stack, told_kind)})}".encode()
        return status, headers, body.replace(b"</StackId>", told)

    return wrapper


def _telling_last_operations(describe: Any) -> Any:  # noqa: ANN401
    """DescribeStacks tells the last operations, newest first."""

    @functools.wraps(describe)
    def wrapper(params: Mapping[str, Any]) -> _Response:
        status, headers, body = describe(params)
        for stack in list(cloudformation._stacks.values()):  # noqa: SLF001
            members = "".join(f"<member>{_xml(one)}</member>" for one in stack.get(_KEPT, []))
            identity = f"<StackId>{escape(stack['StackId'])}</StackId>"
            told = f"{identity}<LastOperations>{members}</LastOperations>"
            body = body.replace(identity.encode(), told.encode())
        return status, headers, body

    return wrapper


def _stack(params: Mapping[str, Any]) -> dict[str, Any] | None:
    stack: dict[str, Any] | None = handlers._resolve_stack(_stack_name(params))  # noqa: SLF001
    return stack


def _stack_name(params: Mapping[str, Any]) -> str:
    """The stack's name or ARN; a change set's own ARN may stand for it."""
    change_set = helpers._p(params, "ChangeSetName")  # noqa: SLF001
    found = cloudformation._change_sets.get(change_set, {})  # noqa: SLF001
    name: str = helpers._p(params, "StackName") or found.get("StackId", "")  # noqa: SLF001
    return name


def _xml(members: Mapping[str, str]) -> str:
    return "".join(f"<{key}>{escape(value)}</{key}>" for key, value in members.items())
