"""Which stack sets are a resource's own, though CloudFormation knows another physical id or none.

A stack set is the resource's own where an operation on it carries the resource's mark, or where
the API recognises the ClientRequestToken with which one of its requests created it.
"""

from __future__ import annotations

from handler.errors import StackSetExists
from handler.gateway.stacksets import NameTaken, StackSets
from handler.plan.marks import Marks
from handler.values.spec import StackSetSpec


def create(
    stack_sets: StackSets, marks: Marks, name: str, spec: StackSetSpec, present: str
) -> tuple[str, bool]:
    """Create a stack set without instances, or find the one that the resource has already.

    A resource has one of another name than its present one while CloudFormation rolls back a
    replacement, or after a replacement that failed.

    Args:
        stack_sets: The gateway.
        marks: Those of the request.
        name: The name of the stack set.
        spec: Its configuration.
        present: The physical id of the request; empty on a Create.

    Returns:
        Its StackSetId, and whether this request made it.

    Raises:
        StackSetExists: The name belongs to a stack set that the resource did not make.
    """
    try:
        return stack_sets.create(name, spec, marks.client_request_token(name)), True
    except NameTaken as error:
        own = find(stack_sets, marks, name) or _find_replaced(stack_sets, marks, name, present)
        if own is None:
            raise StackSetExists(name) from error
        return own, False


def find(stack_sets: StackSets, marks: Marks, name: str) -> str | None:
    """Find the stack set of this name on which a request of the resource has worked.

    Returns:
        Its StackSetId; None where there is none or it is somebody else's.
    """
    live = stack_sets.describe(name)
    if live is None:
        return None
    recent = stack_sets.recent_operations(live.stack_set_id)
    is_own = any(marks.is_of_resource(each.operation_id) for each in recent)
    return live.stack_set_id if is_own else None


def _find_replaced(stack_sets: StackSets, marks: Marks, name: str, present: str) -> str | None:
    """Find the stack set of this name that the present one was made to replace."""
    live = stack_sets.describe(name)
    if live is None or not present:
        return None
    operations = stack_sets.recent_operations(present)
    old = live.stack_set_id
    replaced = any(marks.is_of_successor(each.operation_id, old) for each in operations)
    return old if replaced else None


def find_created(stack_sets: StackSets, marks: Marks, name: str, spec: StackSetSpec) -> str | None:
    """Find what a Create made that died before anybody knew.

    Args:
        stack_sets: The gateway.
        marks: Those of the Create that died.
        name: The name that it wanted.
        spec: What it wanted: the same call again gives the same stack set.

    Returns:
        Its StackSetId; None where it made none.
    """
    if stack_sets.describe(name) is None:
        return None
    try:
        return stack_sets.create(name, spec, marks.client_request_token(name))
    except NameTaken:
        return find(stack_sets, marks, name)
