"""Rollbacks of updates as CloudFormation makes them: replaced resources go back, too."""

from __future__ import annotations

import functools
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

from emulator.server import operations
from emulator.server.clean_up import CleanUp, Replaced
from emulator.server.provisioning import is_custom

_DONE = "UPDATE_ROLLBACK_COMPLETE"
_CLEANS_UP = "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"

# The resources that the rollbacks under way restore, by StackId.
_restored: dict[str, dict[str, Any]] = {}


def install(*, numbered: bool = False) -> None:
    """Mend ministack's rollback, and what a stack shows while it cleans up.

    Args:
        numbered: Whether a rollback that CloudFormation starts by itself is an operation of its
            own in LastOperations; documentation does not say so. Otherwise it belongs to the
            operation that failed.
    """
    roll_back = _sending_replaced_back(stacks._roll_back_operation)  # noqa: SLF001
    if numbered:
        roll_back = _numbering(roll_back)
    for module in (stacks, handlers):
        module._roll_back_operation = roll_back  # noqa: SLF001
    stacks._add_event = _showing_restored(stacks._add_event)  # noqa: SLF001


def _numbering(roll_back: Any) -> Any:  # noqa: ANN401 - ministack is untyped
    @functools.wraps(roll_back)
    async def wrapper(
        stack_name: str,
        stack_id: str,
        stack: dict[str, Any],
        operation: dict[str, Any],
        **options: Any,  # noqa: ANN401
    ) -> None:
        # With a reason it comes from RollbackStack, which has its number.
        if not options.get("reason_override"):
            operations.number(stack, "ROLLBACK")
        await roll_back(stack_name, stack_id, stack, operation, **options)

    return wrapper


def _sending_replaced_back(roll_back: Any) -> Any:  # noqa: ANN401 - ministack is untyped
    """A custom resource that was replaced gets an Update with old and new exchanged.

    ministack only deletes the new one. CloudFormation sends the new physical id, keeps the one
    that is answered, and deletes the other when it cleans up.
    """

    @functools.wraps(roll_back)
    async def wrapper(
        stack_name: str,
        stack_id: str,
        stack: dict[str, Any],
        operation: dict[str, Any],
        **options: Any,  # noqa: ANN401
    ) -> None:
        previous = operation.get("previous_stack") or {}
        restored = previous.get("_resources", {})
        replaced = _replaced(stack.get("_resources", {}), restored, operation)
        for one in replaced:
            # With the same id before and after, ministack sends the Update.
            restored[one.logical_id]["PhysicalResourceId"] = one.old_id
        kept = set(operation.get("replaced_ids", [])) - {one.logical_id for one in replaced}
        if operation.get("is_update"):
            _restored[stack_id] = restored
        try:
            await roll_back(
                stack_name, stack_id, stack, {**operation, "replaced_ids": list(kept)}, **options
            )
        finally:
            _restored.pop(stack_id, None)
        if replaced and stack["StackStatus"] == _DONE:
            await _clean_up(stack, replaced)

    return wrapper


def _replaced(
    current: dict[str, Any], restored: dict[str, Any], operation: dict[str, Any]
) -> list[Replaced]:
    """Return the custom resources that have another id now; it is theirs that will be old."""
    return [
        Replaced(
            name,
            current[name]["ResourceType"],
            current[name]["PhysicalResourceId"],
            restored[name]["PhysicalResourceId"],
            current[name]["Properties"],
        )
        for name in operation.get("replaced_ids", [])
        if name in restored and is_custom(current[name]["ResourceType"])
    ]


async def _clean_up(stack: dict[str, Any], replaced: list[Replaced]) -> None:
    """Delete what the rollback has left; ministack has already said that it is over."""
    stack_id = stack["StackId"]
    ended = cloudformation._stack_events[stack_id].pop()  # noqa: SLF001
    stack["StackStatus"] = _CLEANS_UP
    context = (stack["_template"], stack["_resolved_params"], stack.get("_conditions", {}))
    left = [
        one
        for one in replaced
        if stack["_resources"][one.logical_id]["PhysicalResourceId"] != one.old_id
    ]
    await CleanUp(stack, {}, context).delete_replaced(left)
    stack["StackStatus"] = _DONE
    cloudformation._stack_events[stack_id].append({**ended, "Timestamp": now_iso()})  # noqa: SLF001


def _showing_restored(add_event: Any) -> Any:  # noqa: ANN401
    """While an update's rollback cleans up, a stack shows its former resources.

    ministack shows the failed update's until the end.
    """

    @functools.wraps(add_event)
    def wrapper(
        stack_id: str,
        stack_name: str,
        logical_id: str,
        resource_type: str,
        status: str,
        *details: Any,  # noqa: ANN401
        **options: Any,  # noqa: ANN401
    ) -> None:
        add_event(stack_id, stack_name, logical_id, resource_type, status, *details, **options)
        if status == _CLEANS_UP and stack_id in _restored:
            stack = cloudformation._stacks[stack_name]  # noqa: SLF001
            stack["_resources"] = {**stack["_resources"], **_restored[stack_id]}

    return wrapper
