"""The gateway to the StackSets API, and the only module that calls it.

Every write may be repeated: CreateStackSet carries a ClientRequestToken, each operation an
OperationId, and deleting what is gone is done. Throttling, server errors and network faults are
tried again for as long as the request's patience lasts, and before every try of a write somebody
may object.

API reference: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import Failure, RequestRefused
from handler.gateway.retry import backoff_intervals, is_transient
from handler.gateway.signals import NotFound, translated
from handler.plan.parameters import create_parameters, instance_parameters, update_parameters
from handler.plan.steps import CREATE, DELETE, DETECT_DRIFT, IMPORT, UPDATE, UPDATE_SET, Step
from handler.values.observation import InstanceState, OperationState, StackSetState
from handler.values.organization import SELF
from handler.values.spec import Overrides, StackSetSpec
from handler.values.targets import Target

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_METHODS = {
    DELETE: "delete_stack_instances",
    UPDATE_SET: "update_stack_set",
    CREATE: "create_stack_instances",
    UPDATE: "update_stack_instances",
    DETECT_DRIFT: "detect_stack_set_drift",
    IMPORT: "import_stacks_to_stack_set",
}
_MOST_A_PAGE = 100
_MOST_STACK_IDS = 50
_STOP = "stop_stack_set_operation"
_READS = ("describe_", "list_")


class StackSets:
    """The stack sets of this account and region.

    Every method raises AccessDenied or RequestRefused where the API says no for good, and whatever
    ``sleep`` and ``before_write`` raise.

    Args:
        client: CloudFormation's.
        sleep: Called with the seconds to wait before each further try, and with 0 before each page
            and each look-up, so that long lists end in time.
        before_write: Called before each try of a call that changes something; a stop is none.

    Attributes:
        call_as: SELF or DELEGATED_ADMIN: for whom every call is made.
        known_stack_ids: The ids of the first few stacks that the last list of instances has told.
    """

    call_as = SELF

    def __init__(
        self,
        client: CloudFormationClient,
        sleep: Callable[[float], None],
        before_write: Callable[[], None],
    ) -> None:
        self._client = client
        self._sleep = sleep
        self._before_write = before_write
        self.known_stack_ids: dict[Target, str] = {}

    def create(self, name: str, spec: StackSetSpec, token: str) -> str:
        """Create a stack set without instances.

        Args:
            name: Its name.
            spec: Its configuration.
            token: ClientRequestToken: the same call again gives the same stack set.

        Returns:
            The StackSetId, ``name:uuid``.

        Raises:
            NameTaken: A stack set of that name exists.
        """
        parameters = create_parameters(spec)
        answer = self._call(
            "create_stack_set", StackSetName=name, ClientRequestToken=token, **parameters
        )
        return str(answer["StackSetId"])

    def describe(self, name_or_id: str) -> StackSetState | None:
        """A stack set's configuration; None where there is none or it is deleted."""
        try:
            answer = self._call("describe_stack_set", StackSetName=name_or_id)["StackSet"]
        except NotFound:
            return None
        return None if answer.get("Status") == "DELETED" else StackSetState.from_api(answer)

    def instances(self, stack_set_id: str) -> dict[Target, InstanceState]:
        """All instances of a stack set; none where the stack set is gone.

        Their overrides are not in it: the API shows those one instance a call.
        """
        # 100,000 instances have few different accounts, Regions and states: each is kept once.
        texts: dict[str, str] = {}
        states: dict[InstanceState, InstanceState] = {}
        instances: dict[Target, InstanceState] = {}
        self.known_stack_ids = {}
        for each in self.summaries(stack_set_id):
            target = Target(*(texts.setdefault(t, t) for t in (each["Account"], each["Region"])))
            state = InstanceState.from_api(each)
            instances[target] = states.setdefault(state, state)
            if each.get("StackId") and len(instances) <= _MOST_STACK_IDS:
                self.known_stack_ids[target] = each["StackId"]
        return instances

    def each_instance(self, stack_set_id: str) -> Iterator[tuple[Target, InstanceState]]:
        """Yields all instances of a stack set page by page; none where the stack set is gone."""
        for each in self.summaries(stack_set_id):
            yield Target(each["Account"], each["Region"]), InstanceState.from_api(each)

    def summaries(self, stack_set_id: str) -> Iterator[dict[str, Any]]:
        """Yields the same in the API's own form."""
        try:
            yield from self._pages("list_stack_instances", StackSetName=stack_set_id)
        except NotFound:
            return

    def overrides(self, stack_set_id: str, target: Target) -> Overrides | None:
        """The parameter overrides of one instance; None where it is not there, or not yet.

        What is shown may be a moment old: one that is still being imported shows none.
        """
        self._sleep(0)
        try:
            answer = self._call(
                "describe_stack_instance",
                StackSetName=stack_set_id,
                StackInstanceAccount=target.account,
                StackInstanceRegion=target.region,
            )
        except NotFound:
            return None
        if InstanceState.from_api(answer["StackInstance"]).is_unfinished:
            return None
        listed = answer["StackInstance"].get("ParameterOverrides") or ()
        return tuple(
            sorted((each["ParameterKey"], each.get("ParameterValue", "")) for each in listed)
        )

    def recent_operations(
        self, stack_set_id: str, most: int = _MOST_A_PAGE
    ) -> list[OperationState]:
        """Returns the last operations of a stack set, newest first; none where it is gone.

        The list may lag behind: it may lack an operation that has just begun, and show one as
        running that has ended.
        """
        pages = self._pages("list_stack_set_operations", StackSetName=stack_set_id, MaxResults=most)
        try:
            return [OperationState.from_api(each) for each in islice(pages, most)]
        except NotFound:
            return []

    def operation(self, stack_set_id: str, operation_id: str) -> OperationState:
        """Returns one operation, as it is; running where the API does not know it yet."""
        try:
            answer = self._call(
                "describe_stack_set_operation", StackSetName=stack_set_id, OperationId=operation_id
            )
        except RequestRefused as error:
            if error.code != "OperationNotFoundException":
                raise
            return OperationState(operation_id, "", "RUNNING")
        return OperationState.from_api(answer["StackSetOperation"])

    def failures(self, stack_set_id: str, operation_id: str) -> tuple[list[Failure], int]:
        """Which instances an operation failed on, and how many it cancelled because of them."""
        failures, cancelled = [], 0
        for each in self._pages(
            "list_stack_set_operation_results", StackSetName=stack_set_id, OperationId=operation_id
        ):
            if each["Status"] == "FAILED":
                reason = each.get("StatusReason") or ""
                failures.append(Failure(each["Account"], each["Region"], reason))
            elif each["Status"] == "CANCELLED":
                cancelled += 1
        return failures, cancelled

    def named(self, stack_set_id: str, operation_id: str) -> set[Target]:
        """Returns the instances that an operation names, whatever has become of them."""
        return {*self.units_of(stack_set_id, operation_id)}

    def units_of(self, stack_set_id: str, operation_id: str) -> dict[Target, str]:
        """Returns the same, each with the unit for which it is or was; empty for none."""
        asked = {"StackSetName": stack_set_id, "OperationId": operation_id}
        listed = self._pages("list_stack_set_operation_results", **asked)
        return {
            Target(each["Account"], each["Region"]): each.get("OrganizationalUnitId", "")
            for each in listed
        }

    def start(
        self,
        stack_set_id: str,
        step: Step,
        operation_id: str,
        preferences: dict[str, Any],
        spec: StackSetSpec,
    ) -> None:
        """Start one operation.

        Raises:
            AlreadyStarted: The operation was started before.
            StackSetBusy: Another operation runs.
            NotFound: An instance, or the whole stack set, went away since it was looked at.
        """
        parameters: dict[str, Any] = {"StackSetName": stack_set_id, "OperationId": operation_id}
        if preferences:
            parameters["OperationPreferences"] = preferences
        if step.reach is not None:
            parameters.update(step.reach.members())
        is_of_set = step.action == UPDATE_SET
        parameters.update(
            update_parameters(spec, with_auto_deployment=step.switches_auto)
            if is_of_set
            else instance_parameters(step)
        )
        self._call(_METHODS[step.action], **parameters)

    def stop(self, stack_set_id: str, operation_id: str) -> None:
        """Stop an operation; done where it has ended by itself."""
        try:
            self._call(_STOP, StackSetName=stack_set_id, OperationId=operation_id)
        except NotFound:
            return
        except RequestRefused as error:
            if error.code not in {"InvalidOperationException", "OperationNotFoundException"}:
                raise

    def delete(self, stack_set_id: str) -> None:
        """Delete a stack set that has no instances; done where it is gone.

        Raises:
            StackSetBusy: It has instances, or an operation runs.
        """
        try:
            self._call("delete_stack_set", StackSetName=stack_set_id)
        except NotFound:
            return

    def _pages(self, method: str, **parameters: object) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            self._sleep(0)
            page = self._call(method, **parameters, **token)
            yield from page["Summaries"]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        intervals = backoff_intervals()
        is_write = not method.startswith(_READS) and method != _STOP
        caller = {} if self.call_as == SELF else {"CallAs": self.call_as}
        while True:
            if is_write:
                self._before_write()
            try:
                answer: dict[str, Any] = getattr(self._client, method)(**parameters, **caller)
            except (ClientError, BotoCoreError) as error:
                # Where the line broke, the call may have been carried out: all may be repeated.
                if not is_transient(error):
                    raise translated(method, error) from error
            else:
                return answer
            self._sleep(next(intervals))
