"""Deployments that take a told time and leave their stacks in a dictionary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.stacksets import templates
from emulator.stacksets.deployment import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.stacksets.deployment import DeploymentOrder


@dataclass(frozen=True)
class DeployedStack:
    """A stack as it stands in a member account."""

    stack_id: str
    stack_name: str
    template_body: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


class ScriptedDeployer:
    """Deploys into `stacks`; failures are made by the engine's faults.

    Args:
        seconds: How long a deployment takes, or a function that tells it for an order.

    Attributes:
        stacks: What is deployed, by (account, region, stack set id). Change it at will, to play
            somebody who works on the stacks by hand.
    """

    def __init__(self, seconds: float | Callable[[DeploymentOrder], float] = 30.0) -> None:
        self.seconds = seconds
        self.stacks: dict[tuple[str, str, str], DeployedStack] = {}

    def start(self, order: DeploymentOrder, now: float) -> ScriptedDeployment:
        """Start what the order asks for."""
        seconds = self.seconds(order) if callable(self.seconds) else self.seconds
        return ScriptedDeployment(self.stacks, order, now + seconds)


@dataclass(frozen=True)
class ScriptedDeployment:
    """A deployment that changes the world at the very end."""

    stacks: dict[tuple[str, str, str], DeployedStack]
    order: DeploymentOrder
    ready_at: float

    def poll(self, now: float) -> Outcome | None:
        """Return the outcome once its time has come."""
        return self._carry_out() if now >= self.ready_at else None

    def _carry_out(self) -> Outcome:
        order = self.order
        key = (order.account, order.region, order.stack_set_id)
        if order.action == "DELETE":
            self.stacks.pop(key, None)
            return Outcome(succeeded=True, stack_id=order.stack_id)
        if order.action == "IMPORT":
            return self._take_over(key)
        if order.action == "UPDATE" and key not in self.stacks:
            return Outcome(succeeded=False, reason=f"Stack [{order.stack_id}] does not exist")
        stack_id = order.stack_id or order.expected_stack_id
        self.stacks[key] = DeployedStack(
            stack_id, order.stack_name, order.template_body, order.parameters, order.tags
        )
        return Outcome(succeeded=True, stack_id=stack_id)

    def _take_over(self, key: tuple[str, str, str]) -> Outcome:
        order = self.order
        for place, stack in self.stacks.items():
            if place[:2] != key[:2] or stack.stack_id != order.stack_id:
                continue
            if not templates.are_alike(stack.template_body, order.template_body):
                reason = f"Stack [{order.stack_id}] has another template than the stack set"
                return Outcome(succeeded=False, reason=reason, stack_id=order.stack_id)
            del self.stacks[place]
            self.stacks[key] = stack
            return Outcome(
                succeeded=True, stack_id=stack.stack_id, parameters=dict(stack.parameters)
            )
        reason = f"Stack [{order.stack_id}] does not exist"
        return Outcome(succeeded=False, reason=reason)
