"""crhelper's frame, with the parts replaced that would leak, lie or wait too long.

crhelper calls the create, update and delete functions, keeps what they return and has it answered.
Replaced are its poller (EventBridge rules: they leak, and take no large event), the physical id of
a failure (random, so that a rollback cannot find what was made), the reason (its last 240
characters), the PUT of the answer (any HTTP status counts as delivered), and the guard that answers
FAILED half a second before the sandbox dies: Lambda delivers the event again, and that invocation
goes on with the request.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from crhelper import FAILED, SUCCESS, CfnResource

from handler.custom_resource.answer import Answer, DeliveryFailed, can_be_answered, deliver
from handler.custom_resource.queue import Message, MessageLost, records_in, request_in
from handler.custom_resource.relay import Relay, carried_by
from handler.deployment.liveness import GivenUp
from handler.deployment.memory import Memory
from handler.deployment.patience import TimeToRelay
from handler.deployment.request import Request, is_stack_set_id
from handler.errors import OperationFailed, OutOfTime, RequestRefused, StackSetResourceError
from handler.observability import logger, metrics, observe
from handler.properties.import_paths import mend_of_imports
from handler.properties.sealed import unsealed_again
from handler.values.addresses import without_queries

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_LAST_SECONDS = 5.0
_MOST_LOGGED = 500


class StackSetResource(CfnResource):
    """One Lambda function's side of the custom resource protocol.

    Attributes:
        request: The request that is being served.
        memory: What it has made so far; carried from relay to relay.
        abandon: Leaves no operation of the request running.
        message: What brought the request back; None where CloudFormation's event did.
        can_leave: Whether there is a queue in which the request can wait.
    """

    request: Request
    memory: Memory
    abandon: Callable[[], None]
    message: Message | None = None
    can_leave: bool = False
    _event: dict[str, Any]
    _context: LambdaContext
    _sam_local: str | None

    def __init__(
        self, relay: Relay, announce: Callable[[Mapping[str, Any]], None] | None = None
    ) -> None:
        """Take what hands a request to a later invocation.

        Args:
            relay: It does.
            announce: Called with what an event tells when a request has finished; it may not fail.
        """
        # Under SAM's local run crhelper makes no clients; it would make three, none used here.
        os.environ["AWS_SAM_LOCAL"] = "true"
        try:
            super().__init__(log_level="WARNING", boto_level="WARNING", sleep_on_delete=0)
        finally:
            del os.environ["AWS_SAM_LOCAL"]
        self._sam_local = None
        self._relay = relay
        self._announce = announce or _tell_nobody
        self._goes_on = False
        self._is_superseded = False
        self._failed_instances = 0
        self._undelivered: Exception | None = None

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> None:
        """Serve one delivery of a request, by CloudFormation's event or by a message.

        Raises:
            DeliveryFailed: The answer could not be delivered: Lambda has to deliver the event
                again.
            MessageLost: The message is not this sandbox's any more, and is not to be deleted.
        """
        records, queue = records_in(event), self._relay.queue()
        self.can_leave = queue is not None
        self.message = queue.message(records[0]) if records and queue is not None else None
        self._event, self._context = request_in(records[0]) if records else event, context
        self._undelivered = None
        if self._has_no_address():
            return
        # What comes past the queue, and says what to remember, is no relay of ours.
        self._recall(is_first=queue is not None and self.message is None)
        super().__call__(self._event, context)
        if self._undelivered is not None:
            raise self._undelivered
        if not (self._goes_on or self._is_superseded):
            self._announce(self._finished(self.Status))

    def speak_for_the_dead(
        self, event: dict[str, Any], context: LambdaContext, reason: str
    ) -> None:
        """Answer FAILED for a request whose every invocation has died.

        Raises:
            DeliveryFailed: The answer could not be delivered.
        """
        self._event, self._context = event, context
        if self._has_no_address():
            return
        observe(event)
        self._recall()
        # It has perhaps been answered by a sandbox that died before it could say so.
        if self.memory.is_answered or self.request.answers_early:
            logger.error("deployment died", reason=reason)
            metrics.add_metric("FailedDeployments", "Count", 1)
        if self.memory.is_answered:
            self.PhysicalResourceId = self.memory.first.answered_id
            self._announce(self._finished(FAILED))
            return
        known = self.request.physical_id or self.memory.made_id
        self.Data, self.NoEcho = {}, False
        self.PhysicalResourceId = known or self.request.unfinished_id
        self._undelivered = None
        self._send(FAILED, reason)
        if self._undelivered is not None:
            raise self._undelivered
        self._announce(self._finished(FAILED))

    def answer_early(self, physical_id: str) -> None:
        """Answer SUCCESS, with the attributes that are set, for a request that goes on.

        Args:
            physical_id: What ``Ref`` is to give.

        Raises:
            DeliveryFailed: CloudFormation could not be answered.
        """
        self.PhysicalResourceId = physical_id
        self._send(SUCCESS)
        if self._undelivered is not None:
            message = "before the end"
            raise DeliveryFailed(message) from self._undelivered

    def generate_physical_id(self, _event: dict[str, Any]) -> str:
        """The physical id that CloudFormation does not know yet.

        It is what a Create has made before it failed, so that the rollback deletes it, or else
        recognisably no StackSetId.
        """
        if self.memory.has_adopted:
            return self.request.adopting_id
        return self.memory.made_id or self.request.placeholder_id

    def _log_setup(self, event: dict[str, Any], _context: LambdaContext) -> None:
        observe(event)

    def _set_timeout(self) -> None:
        """Set no guard: see the module."""

    def _has_no_address(self) -> bool:
        """Whether the answer would go elsewhere than to S3: no request of CloudFormation's does."""
        if can_be_answered(self._event["ResponseURL"]):
            return False
        logger.error("ResponseURL is no https address of S3, so nothing was done")
        return True

    def _recall(self, *, is_first: bool = False) -> None:
        self.memory, began = (Memory(), None) if is_first else carried_by(self._event)
        is_answered = self.memory.is_answered
        self.request = Request.from_event(self._event, began, is_answered=is_answered)
        self.abandon = _nothing

    def _wrap_function(self, func: Callable[[dict[str, Any], LambdaContext], str]) -> None:
        self.Data, self.NoEcho = {}, False
        self._goes_on = self._is_superseded = False
        self._failed_instances = 0
        try:
            if self.message is not None:
                self.message.keep_hidden()
            self.PhysicalResourceId = func(self._event, self._context)
            if self.memory.is_answered:
                logger.info("deployment ended well")
        except TimeToRelay as leave:
            self._hand_over(leave.after)
        except DeliveryFailed:
            self._goes_on = True  # in the next delivery of the same event
        except MessageLost as lost:
            # Ended well, Lambda would delete the message: perhaps nobody has received it yet.
            self._goes_on, self._undelivered = True, lost
            logger.warning("the message is not hidden any more, so its next delivery goes on")
        except GivenUp as error:
            self._is_superseded = True
            # Nobody reads it if we are right, and nobody waits an hour if we are wrong.
            self.abandon()
            if self.memory.is_answered:
                logger.warning("deployment superseded", reason=str(error))
            else:
                self._fail(str(error), error)
        except StackSetResourceError as error:
            self._fail(str(error), error)
        except Exception as error:  # noqa: BLE001 - even our own bugs must be answered for
            self._fail(f"Unforeseen {type(error).__name__}: {error}", error)

    def _hand_over(self, after: float) -> None:
        began = self.request.began
        try:
            self._relay.hand_over(self._event, self._context, self.memory, began, after)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody goes on
            self.abandon()
            self._fail(f"The function could not go on in another invocation: {error}", error)
        else:
            self._goes_on = True

    def _fail(self, reason: str, error: Exception) -> None:
        if isinstance(error, OutOfTime):
            self.abandon()
        if isinstance(error, OperationFailed | RequestRefused):
            again = unsealed_again(self.request.properties, self.request.old_properties)
            joining = mend_of_imports(self.request.properties, error)
            reason = " ".join(each for each in (reason, joining, again) if each)
        # AWS quotes a TemplateURL, and the author may have written it anywhere.
        reason = without_queries(reason)
        self.Status, self.Reason = FAILED, reason
        failures = error.failures if isinstance(error, OperationFailed) else ()
        self._failed_instances = len(failures)
        logger.error(
            "deployment failed" if self.memory.is_answered else "request failed",
            reason=reason,
            failures=[
                asdict(each) | {"reason": without_queries(each.reason)}
                for each in failures[:_MOST_LOGGED]
            ],
            exc_info=None if isinstance(error, StackSetResourceError | GivenUp) else error,
        )
        metrics.add_metric("FailedInstances", "Count", len(failures))
        if self.memory.is_answered:
            metrics.add_metric("FailedDeployments", "Count", 1)

    def _finished(self, status: str) -> dict[str, Any]:
        """What an event tells of the request; no value of a property, and no reason."""
        physical_id = self.PhysicalResourceId or self.generate_physical_id(self._event)
        failed = self.Data.get("FailedInstanceCount", self._failed_instances)
        return {
            "version": "1",
            "status": status,
            "requestType": self.request.kind,
            "requestId": self.request.request_id,
            "stackId": self.request.stack_id,
            "logicalResourceId": self.request.logical_id,
            "resourceType": self._event.get("ResourceType", ""),
            "stackSetId": physical_id if is_stack_set_id(physical_id) else "",
            "instances": int(self.Data.get("InstanceCount", 0)),
            "failedInstances": int(failed),
            "seconds": round(time.time() - self.request.began, 1),
        }

    def _polling_init(self, _event: dict[str, Any]) -> None:
        self._send_response = not (self._goes_on or self.memory.is_answered)

    def _seconds_left(self) -> float:
        """Seconds until the sandbox dies."""
        return float(self._context.get_remaining_time_in_millis()) / 1000

    def _send(self, status: str | None = None, reason: str = "", **_: object) -> None:
        known = self._event.get("PhysicalResourceId")
        log = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "of the function")
        answer = Answer(
            status=status or self.Status,
            physical_id=self.PhysicalResourceId or known or self.generate_physical_id(self._event),
            reason=reason or self.Reason,
            where_to_read_on=f"More in log stream {log}.",
            data=self.Data,
            no_echo=self.NoEcho,
        )
        logger.info("answer", status=answer.status)
        metrics.add_metric("Seconds", "Seconds", time.time() - self.request.began)
        try:
            until = time.time() + self._seconds_left() - _LAST_SECONDS
            deliver(self._event["ResponseURL"], answer.encode(self._event), until)
        except Exception as error:  # noqa: BLE001 - crhelper would answer FAILED instead
            self._undelivered = error


def _tell_nobody(_detail: Mapping[str, Any]) -> None:
    """There is no event bus."""


def _nothing() -> None:
    """There is nothing to abandon before the request is looked at."""
