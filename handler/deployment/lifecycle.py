"""What Create, Update and Delete mean for a stack set."""

from __future__ import annotations

from dataclasses import dataclass

from handler.deployment import ownership
from handler.deployment.reconcile import Reconciliation
from handler.deployment.request import Request, is_stack_set_id, name_in
from handler.errors import InvalidProperties, StackSetResourceError
from handler.gateway.stacksets import NotFound
from handler.observability import logger
from handler.plan.instances import known_before
from handler.properties.reading import parse_properties, read_previous
from handler.values.observation import Observation
from handler.values.spec import Previous, StackSetSpec


@dataclass
class Memory:
    """What one invocation leaves to the next of the same request, and to the answer.

    Attributes:
        stack_set_id: The stack set that the request made or found; empty while there is none.
        is_new: Whether the request made it.
    """

    stack_set_id: str = ""
    is_new: bool = False


def create(request: Request, memory: Memory, loop: Reconciliation) -> Observation:
    """Create a stack set and its instances.

    Raises:
        StackSetResourceError: It could not be done. What was made is named in ``memory``, and
            CloudFormation's rollback deletes it.
    """
    spec = parse_properties(request.properties)
    return _deploy_another(spec.name or request.default_name, request, memory, loop, spec)


def update(request: Request, memory: Memory, loop: Reconciliation) -> Observation:
    """Bring a stack set to its new properties, or replace it where its name changes.

    CloudFormation keeps the old stack set when a replacement fails, and knows nothing of the new
    one. The rollback, an Update back to the old name, finds and removes that.

    Raises:
        StackSetResourceError: It could not be done.
    """
    spec = parse_properties(request.properties)
    name = _replacement_name(request, spec, loop)
    if name is not None:
        return _deploy_another(name, request, memory, loop, spec)
    previous_name = str(request.old_properties.get("StackSetName") or "")
    if previous_name in {"", name_in(request.physical_id)}:
        return _deploy(loop, request.physical_id, spec, read_previous(request.old_properties))
    seen = _deploy(loop, request.physical_id, spec, Previous({}, certain=False, spec=spec))
    left_over = ownership.find(loop.stack_sets, loop.marks, previous_name)
    if left_over is not None:
        loop.delete(left_over, spec)
    return seen


def delete(request: Request, loop: Reconciliation) -> None:
    """Delete a stack set with all its instances; done where there is none.

    A physical id that names no stack set is what a failed Create leaves behind.

    Raises:
        StackSetResourceError: It could not be done.
    """
    try:
        spec = parse_properties(request.properties)
    except InvalidProperties:
        spec = StackSetSpec()
    stack_set_id: str | None = request.physical_id
    if not is_stack_set_id(request.physical_id):
        marks = request.marks_of_unfinished_create
        name = spec.name or request.default_name
        stack_set_id = ownership.find_created(loop.stack_sets, marks, name, spec) if marks else None
    if stack_set_id is None:
        logger.info("nothing was created, so nothing is deleted")
    else:
        loop.delete(stack_set_id, spec)


def _replacement_name(request: Request, spec: StackSetSpec, loop: Reconciliation) -> str | None:
    """The name of the stack set to make instead of the present one; None to keep that."""
    present = request.physical_id
    if not is_stack_set_id(present):
        return spec.name or request.default_name
    wanted = spec.name or name_in(present)
    if wanted == name_in(present) and loop.stack_sets.describe(present) is not None:
        return None
    return wanted


def _deploy_another(
    name: str, request: Request, memory: Memory, loop: Reconciliation, spec: StackSetSpec
) -> Observation:
    if not memory.stack_set_id:
        loop.templates.check(spec)
        present = request.physical_id if is_stack_set_id(request.physical_id) else ""
        memory.stack_set_id, memory.is_new = ownership.create(
            loop.stack_sets, loop.marks, name, spec, present
        )
    if memory.is_new:
        previous = Previous({}, spec=spec, is_new=True)
    else:
        instances = loop.stack_sets.instances(memory.stack_set_id)
        previous = known_before(instances, loop.marks)
    return _deploy(loop, memory.stack_set_id, spec, previous)


def _deploy(
    loop: Reconciliation, stack_set_id: str, spec: StackSetSpec, previous: Previous
) -> Observation:
    try:
        return loop.deploy(stack_set_id, spec, previous)
    except NotFound as error:
        message = f"Stack set {stack_set_id} was deleted by somebody else meanwhile."
        raise StackSetResourceError(message) from error
