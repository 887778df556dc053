"""Injectable faults: plain rules, also readable from JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from emulator.stacksets import regions
from emulator.stacksets.deployment import Outcome
from emulator.stacksets.errors import ApiError, ResponseLostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.stacksets.deployment import DeploymentOrder
    from emulator.stacksets.state import Target


class Answer(StrEnum):
    """How a call goes wrong."""

    THROTTLED = "THROTTLED"
    SERVER_ERROR = "SERVER_ERROR"
    ACCESS_DENIED = "ACCESS_DENIED"
    RESPONSE_LOST = "RESPONSE_LOST"


@dataclass
class CallFault:
    """Calls of an action go wrong.

    Attributes:
        action: Name of the API operation, or `*` for any.
        times: How often; None for always.
        skip: How many calls go well before.
    """

    action: str
    answer: Answer
    times: int | None = 1
    skip: int = 0


@dataclass
class DeploymentFault:
    """Deployments fail without reaching the deployer.

    Attributes:
        reason: The instance's `StatusReason`.
        account: Only in this account; `*` for any.
        region: Only in this Region; `*` for any.
        actions: Only these of CREATE, UPDATE, DELETE and IMPORT; empty for all. DETECT_DRIFT is
            only meant when it is named.
        marker: Only templates that contain this text.
        times: How often; None for always.
        seconds: How long such a deployment takes to fail.
        stack_made: Whether a create gets as far as to make a stack, which the service deletes.
    """

    reason: str
    account: str = "*"
    region: str = "*"
    actions: tuple[str, ...] = ()
    marker: str = ""
    times: int | None = None
    seconds: float = 5.0
    stack_made: bool = True

    def matches(self, order: DeploymentOrder) -> bool:
        """Tell whether the rule is about this deployment."""
        return (
            self.account in {"*", order.account}
            and self.region in {"*", order.region}
            and (not self.actions or order.action in self.actions)
            and self.marker in order.template_body
        )


@dataclass
class LateRoles:
    """Roles that have been made but are not known everywhere yet.

    Attributes:
        seconds: For how long deployments fail for want of the roles.
        account: The account, or `*` for any.
        since: From when on; None for from the first deployment that it is about.
    """

    seconds: float
    account: str = "*"
    since: float | None = None

    def refuse(self, order: DeploymentOrder, now: float) -> DeploymentFault | None:
        """Return how a deployment fails that starts now; None when the roles are known."""
        if self.account not in {"*", order.account}:
            return None
        if self.since is None:
            self.since = now
        if not self.since <= now < self.since + self.seconds:
            return None
        administration = order.administration_role_arn.rsplit("/", 1)[-1]
        reason = (
            f"Account {order.account} should have '{order.execution_role_name}' role with trust "
            f"relationship to Role '{administration}'."
        )
        return DeploymentFault(reason, stack_made=False)


@dataclass
class BusyFault:
    """A stranger's operation starts on the stack set, once.

    Attributes:
        seconds: How long it runs.
        before: It starts right before the next call of this action; empty for any call that
            would start an operation or delete the stack set.
    """

    stack_set_name: str
    seconds: float
    before: str = ""


@dataclass
class DriftFault:
    """Somebody has changed the resources of stacks by hand.

    Attributes:
        account: Only in this account; `*` for any.
        region: Only in this Region; `*` for any.
    """

    account: str = "*"
    region: str = "*"


@dataclass
class Faults:
    """All rules in force. Rules that count are used up; lists may be changed at any time.

    Attributes:
        suspended_accounts: Accounts that the service skips.
        disabled_regions: Regions that exist, but that the target accounts have not enabled.
        drifted: Which stacks are no longer as they were deployed.
    """

    calls: list[CallFault] = field(default_factory=list)
    deployments: list[DeploymentFault] = field(default_factory=list)
    busy: list[BusyFault] = field(default_factory=list)
    suspended_accounts: set[str] = field(default_factory=set)
    late_roles: list[LateRoles] = field(default_factory=list)
    disabled_regions: set[str] = field(default_factory=set)
    drifted: list[DriftFault] = field(default_factory=list)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Faults:
        """Read rules from JSON data; keys are the attributes of the rule classes.

        Raises:
            TypeError: A rule has an unknown key or lacks one.
            ValueError: A key of `mapping` or an `answer` is unknown.
        """
        known = {each.name for each in fields(cls)}
        if unknown := set(mapping) - known:
            message = f"unknown faults {sorted(unknown)}: use {sorted(known)}"
            raise ValueError(message)
        return cls(
            calls=[
                CallFault(**{**rule, "answer": Answer(rule["answer"])})
                for rule in mapping.get("calls", ())
            ],
            deployments=[
                DeploymentFault(**{**rule, "actions": tuple(rule.get("actions", ()))})
                for rule in mapping.get("deployments", ())
            ],
            busy=[BusyFault(**rule) for rule in mapping.get("busy", ())],
            suspended_accounts=set(mapping.get("suspended_accounts", ())),
            late_roles=[LateRoles(**rule) for rule in mapping.get("late_roles", ())],
            disabled_regions=set(mapping.get("disabled_regions", ())),
            drifted=[DriftFault(**rule) for rule in mapping.get("drifted", ())],
        )

    def take_call(self, action: str) -> Answer | None:
        """Use up one call fault for this action, if there is one."""
        for rule in self.calls:
            if rule.action not in {"*", action} or rule.times == 0:
                continue
            if rule.skip:
                rule.skip -= 1
                continue
            _use(rule)
            return rule.answer
        return None

    def take_deployment(
        self, order: DeploymentOrder, now: float, home: str
    ) -> DeploymentFault | None:
        """Return how a deployment fails, using up one rule; None when nothing is against it.

        Args:
            order: What is to be deployed.
            now: When it starts.
            home: The Region of the stack set; others must be of the same partition.
        """
        if order.region in self.disabled_regions or not regions.exists(order.region, home):
            reason = f"Region {order.region} is not enabled in account {order.account}"
            return DeploymentFault(reason, stack_made=False)
        for late in self.late_roles:
            if refused := late.refuse(order, now):
                return refused
        for rule in self.deployments:
            if rule.times != 0 and rule.matches(order):
                _use(rule)
                return rule
        return None

    def drift_outcome(self, order: DeploymentOrder) -> Outcome:
        """Return whether a look at a stack succeeds, using up one rule that is against it."""
        for rule in self.deployments:
            if rule.times != 0 and "DETECT_DRIFT" in rule.actions and rule.matches(order):
                _use(rule)
                return Outcome(succeeded=False, reason=rule.reason)
        return Outcome(succeeded=True)

    def is_drifted(self, target: Target) -> bool:
        """Tell whether a stack is no longer as it was deployed."""
        return any(
            rule.account in {"*", target.account} and rule.region in {"*", target.region}
            for rule in self.drifted
        )

    def take_busy(self, stack_set_name: str, action: str) -> BusyFault | None:
        """Remove and return the busy rule that this call sets off, if there is one."""
        for rule in self.busy:
            if rule.stack_set_name == stack_set_name and rule.before in {"", action}:
                self.busy.remove(rule)
                return rule
        return None


def raise_before(answer: Answer | None, action: str, service: str = "cloudformation") -> None:
    """Raise what keeps a call from being carried out.

    Raises:
        ApiError: Throttling, InternalFailure or AccessDenied.
    """
    if answer is Answer.THROTTLED:
        code, message, status = "Throttling", "Rate exceeded", 400
    elif answer is Answer.SERVER_ERROR:
        code, message, status = "InternalFailure", "An internal error has occurred", 500
    elif answer is Answer.ACCESS_DENIED:
        code, status = "AccessDenied", 403
        message = f"User is not authorized to perform: {service}:{action}"
    else:
        return
    raise ApiError(code, message, status)


def raise_after(answer: Answer | None) -> None:
    """Raise what keeps the answer of a call from arriving.

    Raises:
        ResponseLostError: The call was carried out.
    """
    if answer is Answer.RESPONSE_LOST:
        message = "the call was carried out, its answer is lost"
        raise ResponseLostError(message)


def _use(rule: CallFault | DeploymentFault) -> None:
    if rule.times is not None:
        rule.times -= 1
