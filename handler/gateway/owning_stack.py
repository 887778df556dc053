"""The gateway to the stack that owns the resource: what CloudFormation shows of it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html
"""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError

from handler.values.observation import OwningStackState, ResourceFailure, ResourceState

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_CANCELLED = "cancelled"
_UNANSWERED = "did not receive a response"
_OWN_ANSWER = "response status [FAILED]"
_ABSENT = "does not exist"
_SILENCE = 20.0  # no longer than a rollback waits for the writes of what it undoes
_OF_ITS_OWN = ("CREATE_", "UPDATE_")
_KINDS = {"CREATE", "UPDATE", "DELETE"}
_MOST_PAGES = 50
# One that is delivered once more after its answer is answered alike.
_TO_GO = {"DELETE_COMPLETE", "DELETE_FAILED", "DELETE_IN_PROGRESS"}
_SETTLED = {
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
}


class OwningStack:
    """One resource in the stack that owns it.

    Nothing here is worth an error or a second try: where CloudFormation does not tell, the marks in
    OperationIds have to do.

    Args:
        client: CloudFormation's.
        stack_id: The stack's ARN.
        logical_id: The resource's.
        warn: Takes what an operator should know: a text, and details by name.

    Attributes:
        is_absent: Whether the last question was about a stack or resource that does not exist.
    """

    def __init__(
        self,
        client: CloudFormationClient,
        stack_id: str,
        logical_id: str,
        warn: Callable[..., None],
    ) -> None:
        self._client = client
        self._stack_id = stack_id
        self._logical_id = logical_id
        self._warn = warn
        self._warned: set[str] = set()
        self._silent_until = 0.0
        self.is_absent = False

    @property
    def is_silent(self) -> bool:
        """Whether a question has run into a time-out a while ago, and none is asked for that.

        One time-out after the other would hold up writes, while others write.
        """
        return time.time() < self._silent_until

    def stack(self) -> OwningStackState | None:
        """Returns the stack's state; None where CloudFormation does not tell."""
        answer = self._ask("describe_stacks", StackName=self._stack_id)
        stacks = answer.get("Stacks") or ()
        return OwningStackState.from_api(stacks[0]) if stacks else None

    def resource(self) -> ResourceState | None:
        """Returns the resource's state; None where CloudFormation does not tell."""
        answer = self._ask(
            "describe_stack_resource", StackName=self._stack_id, LogicalResourceId=self._logical_id
        )
        detail = answer.get("StackResourceDetail")
        return ResourceState.from_api(detail) if detail else None

    def previous_request_was_answered(self) -> bool:
        """Whether the function has answered the resource's previous request; False for unknown.

        CloudFormation gives requests up that nobody has answered, so that a sandbox may still be
        at work on one of those.
        """
        ends = [each for each in self._events() if not _is_beginning(each)]
        if not ends:
            return False
        reason = ends[0].get("ResourceStatusReason") or ""
        if ends[0]["ResourceStatus"].endswith("_COMPLETE"):
            return True
        is_given_up = _CANCELLED in reason.lower() or _UNANSWERED in reason
        return _OWN_ANSWER in reason and not is_given_up

    def is_to_go(self, physical_id: str) -> bool | None:
        """Whether the newest event with this physical id is of a delete that has begun.

        That of a clean-up is told by events alone. What is replaced may be kept, too.

        Returns:
            None where no event shows the resource with this id, or CloudFormation does not tell.
        """
        for each in self._all_events():
            is_own = each.get("LogicalResourceId") == self._logical_id
            if is_own and each.get("PhysicalResourceId") == physical_id:
                return each["ResourceStatus"] in _TO_GO
        return None

    def previous_failure(self, *, is_answered: bool) -> str:
        """Returns why the resource's previous request failed by the function's own word.

        Args:
            is_answered: Whether the present request has been answered: then the newest end is its.

        Returns:
            Empty where it did not, or CloudFormation does not tell.
        """
        events: Iterable[dict[str, Any]] = self._own_events()
        if is_answered:
            events = itertools.dropwhile(lambda each: not _is_beginning(each), events)
        ended = next((each for each in events if not _is_beginning(each)), {})
        reason = ended.get("ResourceStatusReason") or ""
        is_own = str(ended.get("ResourceStatus")).endswith("_FAILED") and _OWN_ANSWER in reason
        return reason if is_own else ""

    def requests_began(self) -> list[float]:
        """Returns when the resource's last requests began, in seconds since the epoch.

        Returns:
            The newest first; none where CloudFormation does not tell.
        """
        began: list[float] = []
        is_same = False
        for each in self._own_events():
            moment = float(each["Timestamp"].timestamp())
            if not _is_beginning(each):
                is_same = False
            elif is_same:
                # A beginning may be told twice: at first, and when there is a physical id.
                began[-1] = moment
            else:
                began.append(moment)
                is_same = True
        return began

    def unsettled_since(self, physical_id: str) -> float | None:
        """Returns when the request began that gave the resource a physical id, if it is undone.

        A stack settles with what a request has made when it ends an operation well, or the
        rollback of a later one.

        Returns:
            In seconds since the epoch; 0 where the stack has settled since, and None where
            CloudFormation does not tell.
        """
        began: float | None = None
        for each in self._all_events():
            status = each["ResourceStatus"]
            is_of_stack = each.get("PhysicalResourceId") == self._stack_id
            is_own = each.get("LogicalResourceId") == self._logical_id and not is_of_stack
            if is_own and _is_beginning(each) and status.startswith(_OF_ITS_OWN):
                # A beginning may be told twice: at first, and when there is a physical id.
                is_another = each.get("PhysicalResourceId") != physical_id
                if status.startswith("CREATE_") or is_another or began is not None:
                    began = float(each["Timestamp"].timestamp())
            elif began is not None and (is_own or is_of_stack):
                return began
            elif is_of_stack and status in _SETTLED:
                return 0.0
        return began

    def wanted_properties(self, since: float) -> Any:  # noqa: ANN401  whatever JSON holds
        """Returns the properties that the resource is to have by its newest request.

        Args:
            since: An event from before this moment is a stale one, in seconds since the epoch.

        Returns:
            None where CloudFormation does not tell.
        """
        begun = next((each for each in self._own_events() if _is_beginning(each)), None)
        if begun is None or begun["Timestamp"].timestamp() < since:
            return None
        return _properties(begun)

    def unmended(self) -> tuple[list[ResourceFailure], set[str]]:
        """Returns requests that have failed, and every physical id that the resource has had.

        Deletes are those of what has not been deleted since. Where CloudFormation does not tell,
        there is nothing of either.
        """
        failures: list[ResourceFailure] = []
        deployed: set[str] = set()
        gone: set[str] = set()
        for each in self._all_events():
            kind, _, end = str(each["ResourceStatus"]).rpartition("_")
            physical_id = each.get("PhysicalResourceId") or ""
            if each.get("LogicalResourceId") != self._logical_id or kind not in _KINDS:
                continue
            if end == "FAILED" and not (kind == "DELETE" and physical_id in gone):
                failures.append(ResourceFailure(kind, physical_id, _properties(each)))
            elif end == "COMPLETE":
                (gone if kind == "DELETE" else deployed).add(physical_id)
        return failures, deployed

    def begun_properties(self, kind: str, physical_id: str) -> Any:  # noqa: ANN401  as above
        """Returns the properties with which the resource's newest request of a kind has begun.

        Args:
            kind: Create, Update or Delete.
            physical_id: The one that the request names; empty on a Create.

        Returns:
            An empty text where the event shows none that can be read; None where there is no such
            event, or CloudFormation does not tell.
        """
        for each in self._all_events():
            is_own = each.get("LogicalResourceId") == self._logical_id
            is_such = each["ResourceStatus"] == f"{kind.upper()}_IN_PROGRESS"
            if is_own and is_such and (each.get("PhysicalResourceId") or "") == physical_id:
                return _properties(each) or ""
        return None

    def was_deployed(self, physical_id: str) -> bool | None:
        """Whether a request has ever succeeded that left the resource with this physical id.

        Returns:
            False where its Create has failed; None where CloudFormation does not tell.
        """
        for each in self._own_events():
            if each.get("PhysicalResourceId") != physical_id:
                continue
            if each["ResourceStatus"].startswith("UPDATE_") or _is_done(each):
                return True
            if not _is_beginning(each):
                return False
        return None

    def _own_events(self) -> list[dict[str, Any]]:
        """The same without deletes: what was replaced is deleted under the same logical id."""
        return [e for e in self._events() if e["ResourceStatus"].startswith(_OF_ITS_OWN)]

    def _events(self) -> list[dict[str, Any]]:
        """The resource's last events, newest first."""
        answer = self._ask("describe_stack_events", StackName=self._stack_id)
        events = answer.get("StackEvents") or ()
        return [each for each in events if each.get("LogicalResourceId") == self._logical_id]

    def _all_events(self) -> Iterator[dict[str, Any]]:
        """Yields the stack's events, newest first, page by page."""
        token: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            page = self._ask("describe_stack_events", StackName=self._stack_id, **token)
            yield from page.get("StackEvents") or ()
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _ask(self, method: str, **parameters: str) -> dict[str, Any]:
        if self.is_silent:
            return {}
        try:
            answer: dict[str, Any] = getattr(self._client, method)(**parameters)
        except Exception as error:  # noqa: BLE001 - nothing here is worth an error
            self.is_absent = _ABSENT in str(error)
            if isinstance(error, BotoCoreError):
                self._silent_until = time.time() + _SILENCE
            if method not in self._warned:
                self._warned.add(method)
                self._warn(
                    "CloudFormation does not tell which request it waits for, so marks decide",
                    call=method,
                    cause=str(error),
                )
            return {}
        self.is_absent = False
        return answer


def _is_done(event: Mapping[str, Any]) -> bool:
    return str(event["ResourceStatus"]).endswith("_COMPLETE")


def _is_beginning(event: Mapping[str, Any]) -> bool:
    return str(event["ResourceStatus"]).endswith("_IN_PROGRESS")


def _properties(event: Mapping[str, Any]) -> Any:  # noqa: ANN401  whatever JSON holds
    try:
        return json.loads(event.get("ResourceProperties") or "null")
    except ValueError:
        return None
