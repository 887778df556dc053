"""StackSets as a pure engine: it knows a clock and how to have one stack deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets import errors, members, permissions
from emulator.stacksets.automatic import AutoDeployer
from emulator.stacksets.context import Context
from emulator.stacksets.dice import Dice
from emulator.stacksets.faults import Faults, raise_after, raise_before
from emulator.stacksets.history import History, Lag
from emulator.stacksets.instance_calls import InstanceCalls
from emulator.stacksets.operations import Runner
from emulator.stacksets.readings import Readings
from emulator.stacksets.reads import Reader
from emulator.stacksets.registry import Registry
from emulator.stacksets.stack_set_calls import StackSetCalls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.stacksets.deployment import Deployer, DeploymentOrder, Outcome
    from emulator.stacksets.organization import Organization

_CONTENDED = frozenset(
    {
        "UpdateStackSet",
        "DeleteStackSet",
        "CreateStackInstances",
        "UpdateStackInstances",
        "DeleteStackInstances",
        "DetectStackSetDrift",
        "ImportStacksToStackSet",
    }
)


class Engine:
    """The StackSets API of one administrator account in one Region.

    Attributes:
        stack_sets: All stack sets ever made, by StackSetId, oldest first.
        calls: (time, action, parameters) of every call, refused ones included.
        faults: The rules in force; they may be changed at any time.
        readings: What the service is taken to do where it is not documented.
        account: The administrator account.
        region: Where the stack sets live.
        organization: The organization that the account belongs to; None when it is in none, and
            all stack sets are self-managed. `join`, `move` and `leave` change who is where.
    """

    def __init__(  # noqa: PLR0913  all but seed are the engine's whole surroundings
        self,
        *,
        now: Callable[[], float],
        deployer: Deployer,
        account: str,
        region: str,
        fetch_template: Callable[[str], str],
        organization: Organization | None = None,
        faults: Faults | None = None,
        readings: Readings | None = None,
        lag: Lag | None = None,
        seed: int = 0,
    ) -> None:
        self.stack_sets = Registry()
        self.calls: list[tuple[float, str, Mapping[str, Any]]] = []
        self.faults = faults or Faults()
        self.readings = readings or Readings()
        self.account = account
        self.region = region
        self.organization = organization
        self._now = now
        self._history = History()
        new_uuid = Dice(seed).uuid
        self._runner = Runner(
            deployer,
            self.faults,
            self.readings,
            self._history,
            organization=organization,
            region=region,
            new_uuid=new_uuid,
            dice=Dice(f"{seed} order of accounts"),
        )
        context = self._context(fetch_template, new_uuid)
        self._automatic = AutoDeployer(context)
        self.lag = lag or Lag()
        self._answers: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            **Reader(self.stack_sets, self._history, self.readings, now).answers,
            **StackSetCalls(context).answers,
            **InstanceCalls(context).answers,
        }

    def _context(self, fetch: Callable[[str], str], new_uuid: Callable[[], str]) -> Context:
        return Context(
            account=self.account,
            region=self.region,
            stack_sets=self.stack_sets,
            organization=self.organization,
            readings=self.readings,
            runner=self._runner,
            now=self._now,
            fetch=fetch,
            new_uuid=new_uuid,
        )

    @property
    def actions(self) -> frozenset[str]:
        """The names of the API operations that the engine answers."""
        return frozenset(self._answers)

    @property
    def lag(self) -> Lag:
        """How far lists lag; it may be set at any time."""
        return self._history.lag

    @lag.setter
    def lag(self, lag: Lag) -> None:
        self.run_until(self._now())
        self._history.begin(lag, self.stack_sets.values())

    @property
    def deployments(self) -> list[tuple[float, DeploymentOrder, Outcome | None]]:
        """(start, order, outcome) of every deployment; the outcome is None while it runs."""
        return self._runner.deployments

    def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one call.

        Args:
            action: Name of the API operation.
            parameters: Its members, as botocore takes them.

        Returns:
            The answer as botocore gives it, without `ResponseMetadata`.

        Raises:
            ApiError: The call is refused.
            ResponseLostError: The call was carried out, but a fault swallows its answer.
        """
        now = self._now()
        self.run_until(now)
        self.calls.append((now, action, parameters))
        answer = self.faults.take_call(action)
        raise_before(answer, action)
        self._let_strangers_in(action, parameters)
        result = self._carry_out(action, parameters)
        raise_after(answer)
        return result

    def _carry_out(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        answer = self._answers.get(action)
        if answer is None:
            raise errors.unknown_action(action)
        members.require_honoured(action, asked)
        permissions.require_caller(asked, self.account, self.organization)
        return answer(asked)

    def run_until(self, now: float) -> None:
        """Let everything happen that happens up to now, each event at its own instant."""
        while (instant := self._automatic.next_at()) is not None and instant <= now:
            self._runner.run_until(instant)
            self._automatic.run_until(instant)
        self._runner.run_until(now)

    def next_event_at(self) -> float | None:
        """Return when something will happen by itself, or None when nothing foreseeable."""
        foreseen = (self._runner.next_event_at(), self._automatic.next_at())
        return min((each for each in foreseen if each is not None), default=None)

    def occupy(self, stack_set_name: str, seconds: float) -> None:
        """Let a stranger's operation run on a stack set from now on."""
        item = self.stack_sets.find(stack_set_name)
        self._runner.occupy(item, seconds, self._now())

    def _let_strangers_in(self, action: str, asked: Mapping[str, Any]) -> None:
        item = self.stack_sets.active(str(asked.get("StackSetName")))
        if item is None or item.unfinished or action not in _CONTENDED:
            return
        if fault := self.faults.take_busy(item.name, action):
            self._runner.occupy(item, fault.seconds, self._now())

    # --- the organization --------------------------------------------------------------------

    def join(self, account: str, unit: str | None = None) -> None:
        """Let an account come into the organization, by default into its root."""
        organization, before = self._before_change(account)
        organization.join(account, unit)
        self.follow(account, before)

    def move(self, account: str, unit: str) -> None:
        """Let an account go into another unit."""
        organization, before = self._before_change(account)
        organization.move(account, unit)
        self.follow(account, before)

    def leave(self, account: str) -> None:
        """Let an account leave the organization."""
        organization, before = self._before_change(account)
        organization.leave(account)
        self.follow(account, before)

    def follow(self, account: str, before: list[str]) -> None:
        """Let the service act on a change that has been made to the organization.

        Args:
            account: The account that came, moved or left.
            before: All units that it was in.
        """
        self.run_until(self._now())
        self._automatic.follow(account, before)

    def _before_change(self, account: str) -> tuple[Organization, list[str]]:
        if self.organization is None:
            message = "this engine has no organization"
            raise ValueError(message)
        self.run_until(self._now())
        return self.organization, self.organization.units_of(account)
