"""Stack deployments in which resources that do not depend on each other work side by side.

ministack makes one resource after the other: no resource can fail, and nothing can be cancelled,
while a custom resource's provider works.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING, Any

from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, stacks
from ministack.services.cloudformation.engine import (
    _evaluate_conditions,
    _extract_deps,
    _topological_sort,
)

from emulator.server import cancellation
from emulator.server.clean_up import CleanUp
from emulator.server.ledger import Ledger
from emulator.server.provisioning import Definition, Failed, Made, Provisioner

if TYPE_CHECKING:
    from collections.abc import Iterator

_STACK = "AWS::CloudFormation::Stack"
_GIVE_UP_SECONDS = 0.1
_WAIT_CONDITION = "AWS::CloudFormation::WaitCondition"

# The deployments that are going on, by StackId.
_running: dict[str, Deployment] = {}


def install() -> None:
    """Put these deployments in the place of ministack's; imports of resources stay with it."""
    original = stacks._deploy_stack_async  # noqa: SLF001

    @functools.wraps(original)
    async def deploy(  # noqa: PLR0913, PLR0917 - the signature is ministack's
        stack_name: str,
        stack_id: str,
        template: dict[str, Any],
        param_values: dict[str, Any],
        disable_rollback: bool,  # noqa: FBT001
        tags: list[Any],
        **options: Any,  # noqa: ANN401
    ) -> None:
        deployment = Deployment(
            stack_name, stack_id, template, param_values, disable_rollback, options
        )
        if options.get("imports") or deployment.is_refused():
            # ministack says why, and ends the operation.
            await original(
                stack_name, stack_id, template, param_values, disable_rollback, tags, **options
            )
            return
        await deployment.run()

    for module in (stacks, handlers, changesets):
        module._deploy_stack_async = deploy  # noqa: SLF001


def interrupt(stack_id: str, *, roll_back: bool) -> asyncio.Event | None:
    """End a stack's deployment now, without waiting for its custom resources.

    Args:
        stack_id: The stack's ARN.
        roll_back: Whether what it has done is undone; otherwise it is left for a deletion.

    Returns:
        What is set as soon as the deployment has made its last step (its rollback, too), or
        None when none is going on.
    """
    deployment = _running.get(stack_id)
    if deployment is None:
        return None
    deployment.interrupt(roll_back=roll_back)
    return deployment.ended


class Deployment:
    """One create or update of a stack; takes what ministack's `_deploy_stack_async` takes."""

    def __init__(  # noqa: PLR0913, PLR0917 - what ministack hands over
        self,
        stack_name: str,
        stack_id: str,
        template: dict[str, Any],
        param_values: dict[str, Any],
        disable_rollback: bool,  # noqa: FBT001
        options: dict[str, Any],
    ) -> None:
        self._name, self._id = stack_name, stack_id
        self._stack: dict[str, Any] = cloudformation._stacks[stack_name]  # noqa: SLF001
        self._template, self._parameters = template, param_values
        self._disable_rollback = disable_rollback
        self._is_update = options.get("is_update", False)
        self._previous: dict[str, Any] = options.get("previous_stack") or {}
        self._retain_except_on_create = options.get("retain_except_on_create", False)
        self._definitions: dict[str, Any] = template.get("Resources", {})
        self._conditions = _evaluate_conditions(template, param_values)
        self._tasks: dict[str, asyncio.Task[Made | Failed]] = {}
        self._interrupted = asyncio.Event()
        self._rolls_back = self._provisioning = True
        self._ledger = Ledger(self._stack, self._previous)
        self.ended = asyncio.Event()

    def is_refused(self) -> bool:
        """Whether the template fails before anything is made."""
        try:
            ordered = _topological_sort(self._definitions, self._conditions)
        except ValueError:
            return True
        owned = {
            record.get("PhysicalResourceId")
            for record in self._previous.get("_resources", {}).values()
        }
        return not self._stack.get("_disable_validation") and bool(
            stacks._validation_errors(  # noqa: SLF001
                self._definitions,
                ordered,
                self._parameters,
                self._conditions,
                self._template.get("Mappings", {}),
                self._name,
                self._id,
                frozenset(owned),
            )
        )

    def interrupt(self, *, roll_back: bool) -> None:
        """Start nothing more, and give up what is in flight; a rollback goes on to its end."""
        if self._provisioning:
            self._rolls_back = self._rolls_back and roll_back
            self._interrupted.set()
            cancellation.give_up(self._id)

    async def run(self) -> None:
        """Make, change and remove resources, or roll back, until the stack has settled."""
        _running[self._id] = self
        for key in ("_failed_operation", "_cancel_requested", "_cancel_token"):
            self._stack.pop(key, None)
        try:
            await self._provision()
            self._provisioning = False
            outcome = None if self._ledger.failure else self._outputs()
            if outcome is not None:
                await self._succeed(*outcome)
            elif self._rolls_back:
                await self._fail()
        finally:
            _running.pop(self._id, None)
            self.ended.set()

    async def _provision(self) -> None:
        """Make every resource as soon as those that it depends on are made."""
        waiting = _topological_sort(self._definitions, self._conditions)
        made: set[str] = set()
        provisioner = self._provisioner()
        active = set(waiting)
        interruption = asyncio.ensure_future(self._interrupted.wait())
        while True:
            for logical_id in list(self._ready(waiting, made, active)):
                waiting.remove(logical_id)
                definition = Definition(logical_id, self._definitions[logical_id])
                self._tasks[logical_id] = asyncio.create_task(provisioner.make(definition))
            if not self._tasks:
                break
            pending = {*self._tasks.values(), *([] if interruption.done() else [interruption])}
            # A request that is being sent while others are given up is given up a moment later.
            patience = _GIVE_UP_SECONDS if self._stops() else None
            await asyncio.wait(pending, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            made |= self._collect()
            if self._stops():
                self._give_up()
        interruption.cancel()
        if self._interrupted.is_set():
            self._ledger.failure = self._ledger.failure or "User Initiated"
            # The rollback is the cancellation's, and so are its events.
            stacks.CLIENT_REQUEST_TOKEN.set(self._stack.pop("_cancel_token", ""))

    def _ready(self, waiting: list[str], made: set[str], active: set[str]) -> Iterator[str]:
        if self._stops():
            return
        for logical_id in waiting:
            if _extract_deps(self._definitions[logical_id], active) - {logical_id} <= made:
                yield logical_id

    def _stops(self) -> bool:
        """Whether nothing more is started: with rollback disabled, independent paths go on."""
        return self._interrupted.is_set() or bool(
            self._ledger.failed and not self._disable_rollback
        )

    def _collect(self) -> set[str]:
        """Write down what has ended; return the resources that are made."""
        made = set()
        for logical_id, task in list(self._tasks.items()):
            if not task.done():
                continue
            del self._tasks[logical_id]
            outcome = task.result()
            if isinstance(outcome, Failed):
                self._ledger.write_failure(outcome)
            else:
                self._ledger.write_success(outcome)
                made.add(logical_id)
        return made

    def _give_up(self) -> None:
        """Cancel the siblings in flight: CloudFormation does not wait for them."""
        cancellation.give_up(self._id)
        for logical_id in list(self._tasks):
            definition = Definition(logical_id, self._definitions[logical_id])
            if definition.type == _WAIT_CONDITION:
                # Its thread waits on for its signals, and nobody for it.
                del self._tasks[logical_id]
                self._ledger.write_failure(Failed(definition, "Resource creation cancelled"))

    def _outputs(self) -> tuple[list[Any], dict[str, Any]] | None:
        """Return the outputs and exports; None when an output fails the operation."""
        remaining = {
            name: record
            for name, record in self._stack["_resources"].items()
            if name not in self._removed()
        }
        try:
            outputs: tuple[list[Any], dict[str, Any]] = stacks._resolve_stack_outputs(  # noqa: SLF001
                self._template.get("Outputs", {}),
                self._conditions,
                remaining,
                self._parameters,
                self._template.get("Mappings", {}),
                self._name,
                self._id,
            )
        except Exception as error:  # noqa: BLE001 - whatever an output asks for
            self._ledger.failure = str(error)
            self._tell_stack(f"{self._ledger.verb}_FAILED", str(error))
            return None
        return outputs

    def _removed(self) -> set[str]:
        known = set(self._previous.get("_resources", {}))
        return known - set(_topological_sort(self._definitions, self._conditions))

    async def _succeed(self, outputs: list[Any], exports: dict[str, Any]) -> None:
        """Publish, and clean up: from here on nothing is rolled back any more."""
        stack = self._stack
        stack["_template"], stack["_resolved_params"] = self._template, self._parameters
        stack["Outputs"] = outputs
        cloudformation._exports.update(exports)  # noqa: SLF001
        if self._is_update:
            self._settle("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            context = (self._template, self._parameters, self._conditions)
            clean_up = CleanUp(stack, self._previous, context)
            await clean_up.delete_replaced(self._ledger.replaced)
            await clean_up.delete_removed(self._removed())
        await asyncio.sleep(0)
        self._settle(f"{self._ledger.verb}_COMPLETE")

    async def _fail(self) -> None:
        operation = stacks._failed_operation(  # noqa: SLF001
            self._is_update,
            self._previous or None,
            self._ledger.changed,
            self._ledger.failed_update,
            next(iter(self._ledger.failed), None),
            [replaced.logical_id for replaced in self._ledger.replaced],
            self._interrupted.is_set(),
            self._template,
            self._parameters,
            self._retain_except_on_create,
            self._stack.get("Tags"),
            self._previous.get("Tags"),
        )
        if self._disable_rollback and not self._interrupted.is_set():
            self._stack["StackStatusReason"] = self._ledger.failure
            self._stack["_failed_operation"] = operation
            self._settle(f"{self._ledger.verb}_FAILED", self._ledger.failure)
            return
        await stacks._roll_back_operation(self._name, self._id, self._stack, operation)  # noqa: SLF001

    def _provisioner(self) -> Provisioner:
        return Provisioner(
            self._stack, self._template, self._parameters, self._conditions, self._previous
        )

    def _settle(self, status: str, reason: str = "") -> None:
        self._stack["StackStatus"] = status
        self._tell_stack(status, reason)

    def _tell_stack(self, status: str, reason: str) -> None:
        stacks._add_event(self._id, self._name, self._name, _STACK, status, reason, self._id)  # noqa: SLF001
