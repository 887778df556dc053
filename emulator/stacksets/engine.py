"""StackSets as a pure engine: it knows a clock and how to have one stack deployed."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from emulator.stacksets import arns, creations, errors, members, parameters, templates
from emulator.stacksets import inputs as requests
from emulator.stacksets import outputs as responses
from emulator.stacksets.dice import Dice
from emulator.stacksets.faults import Faults, raise_after, raise_before
from emulator.stacksets.history import History, Lag
from emulator.stacksets.operations import Runner
from emulator.stacksets.readings import Readings
from emulator.stacksets.reads import Reader
from emulator.stacksets.registry import (
    Registry,
    require_acceptable,
    require_idle,
    require_instances,
    require_overridable,
)
from emulator.stacksets.state import Operation, StackSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from emulator.stacksets.deployment import Deployer, DeploymentOrder, Outcome
    from emulator.stacksets.state import Configuration, Target

_CONTENDED = frozenset(
    {
        "UpdateStackSet",
        "DeleteStackSet",
        "CreateStackInstances",
        "UpdateStackInstances",
        "DeleteStackInstances",
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
    """

    def __init__(  # noqa: PLR0913  all but seed are the engine's whole surroundings
        self,
        *,
        now: Callable[[], float],
        deployer: Deployer,
        account: str,
        region: str,
        fetch_template: Callable[[str], str],
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
        self._now = now
        self._fetch_template = fetch_template
        self._random = Dice(seed)
        self._history = History()
        self._reader = Reader(self.stack_sets, self._history, self.readings, now)
        self._runner = Runner(
            deployer,
            self.faults,
            self.readings,
            self._history,
            region=region,
            new_uuid=self._new_uuid,
            dice=Dice(f"{seed} order of accounts"),
        )
        self.lag = lag or Lag()
        self._default_roles = arns.default_roles(account, region)
        self._writes = {
            "CreateStackSet": self._create_stack_set,
            "UpdateStackSet": self._update_stack_set,
            "DeleteStackSet": self._delete_stack_set,
            "CreateStackInstances": self._create_stack_instances,
            "UpdateStackInstances": self._update_stack_instances,
            "DeleteStackInstances": self._delete_stack_instances,
            "StopStackSetOperation": self._stop_operation,
            "GetTemplateSummary": self._get_template_summary,
        }

    @property
    def actions(self) -> frozenset[str]:
        """The names of the API operations that the engine answers."""
        return frozenset({*self._reader.answers, *self._writes})

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
        answer = self._reader.answers.get(action) or self._writes.get(action)
        if answer is None:
            raise errors.unknown_action(action)
        members.require_honoured(action, asked)
        return answer(asked)

    def run_until(self, now: float) -> None:
        """Let everything happen that happens up to now, each event at its own instant."""
        self._runner.run_until(now)

    def next_event_at(self) -> float | None:
        """Return when something will happen by itself, or None when nothing foreseeable."""
        return self._runner.next_event_at()

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

    def _new_uuid(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    # --- stack sets --------------------------------------------------------------------------

    def _create_stack_set(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = requests.stack_set_name(asked)
        stack_set_id = f"{name}:{self._new_uuid()}"
        wanted = StackSet(
            name=name,
            stack_set_id=stack_set_id,
            arn=arns.stack_set_arn(self.account, self.region, stack_set_id),
            token=str(asked.get("ClientRequestToken") or self._new_uuid()),
            permission_model="SELF_MANAGED",
            configuration=self._configuration(asked, None),
            created_at=self._now(),
        )
        if existing := creations.repeated(self.stack_sets, wanted, self.readings):
            return {"StackSetId": existing.stack_set_id}
        self.stack_sets[stack_set_id] = wanted
        return {"StackSetId": stack_set_id}

    def _update_stack_set(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item = self.stack_sets.find(asked["StackSetName"])
        configuration = self._configuration(asked, item.configuration)
        targets = requests.update_scope(asked)
        operation = self._operation(
            asked,
            "UPDATE",
            targets,
            preferences=requests.preferences(asked, _regions(targets or item.instances)),
            configuration=configuration,
            exclusive=True,
            outdates_all=self.readings.scoped_update_outdates_others
            and any(asked.get(key) for key in ("TemplateBody", "TemplateURL", "Parameters")),
        )
        require_acceptable(item, operation, self.readings)
        if (
            item.unfinished
            and configuration.managed_execution != item.configuration.managed_execution
        ):
            message = "ManagedExecution cannot be changed while operations run or are queued"
            raise errors.invalid_operation(message)
        require_instances(item, targets or ())
        return self._submit(item, operation)

    def _delete_stack_set(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item = self.stack_sets.active(asked["StackSetName"])
        if item is None:
            return {}
        require_idle(item)
        if item.instances:
            raise errors.stack_set_not_empty()
        item.status = "DELETED"
        return {}

    def _get_template_summary(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        body = requests.template_source(asked, self._fetch_template)
        name = asked.get("StackSetName")
        if (body is None) == (name is None):
            message = "Specify exactly one of TemplateBody, TemplateURL and StackSetName"
            raise errors.invalid(message)
        if body is None:
            body = self.stack_sets.find(str(name)).configuration.template_body
        return responses.template_summary(templates.parse(body), self.readings)

    def _configuration(
        self, asked: Mapping[str, Any], previous: Configuration | None
    ) -> Configuration:
        return requests.configuration(
            asked,
            previous,
            fetch_template=self._fetch_template,
            default_roles=self._default_roles,
            readings=self.readings,
        )

    # --- operations --------------------------------------------------------------------------

    def _create_stack_instances(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self._submit(*self._instance_operation(asked, "CREATE"))

    def _update_stack_instances(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item, operation = self._instance_operation(asked, "UPDATE")
        require_instances(item, operation.targets or ())
        if self.readings.overrides_wait_for_all_instances:
            require_overridable(item, operation.overrides)
        return self._submit(item, operation)

    def _delete_stack_instances(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        retain = asked.get("RetainStacks")
        if retain is None:
            rule = "Member must not be null"
            raise errors.constraint(retain, "RetainStacks", rule)
        item, operation = self._instance_operation(asked, "DELETE")
        operation.retain_stacks = bool(retain)
        return self._submit(item, operation)

    def _instance_operation(
        self, asked: Mapping[str, Any], action: str
    ) -> tuple[StackSet, Operation]:
        item = self.stack_sets.find(asked["StackSetName"])
        template = templates.parse(item.configuration.template_body)
        targets = requests.targets(asked)
        if self.readings.refuses_unknown_regions:
            requests.require_existing_regions(targets, self.region)
        operation = self._operation(
            asked,
            action,
            targets,
            preferences=requests.preferences(asked, _regions(targets)),
            overrides=parameters.overrides(asked, template),
        )
        require_acceptable(item, operation, self.readings)
        return item, operation

    def _operation(
        self,
        asked: Mapping[str, Any],
        action: str,
        targets: tuple[Target, ...] | None,
        **details: Any,  # noqa: ANN401  further fields of Operation
    ) -> Operation:
        return Operation(
            operation_id=requests.operation_id(asked, self._new_uuid),
            action=action,
            created_at=self._now(),
            targets=targets,
            **details,
        )

    def _submit(self, item: StackSet, operation: Operation) -> dict[str, Any]:
        self._runner.submit(item, operation, self._now())
        return {"OperationId": operation.operation_id}

    def _stop_operation(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        item, operation = self.stack_sets.operation(asked)
        if operation.status not in {"RUNNING", "QUEUED"}:
            message = f"Operation {operation.operation_id} is {operation.status}, not RUNNING"
            raise errors.invalid_operation(message)
        self._runner.stop(item, operation, self._now())
        return {}


def _regions(targets: Iterable[Target]) -> set[str]:
    return {target.region for target in targets}
