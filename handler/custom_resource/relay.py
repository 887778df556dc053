"""Who goes on with a request when this sandbox ends, and what they are handed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.custom_resource.queue import Queue
from handler.deployment.memory import Memory
from handler.gateway.retry import backoff_intervals, is_transient
from handler.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_lambda import LambdaClient

_RELAYED = "CrHelperPoll"  # crhelper's own key: its poll functions then serve the event
_CARRIED = "CrHelperData"
_LAST_SECONDS = 5.0
_MOST_BYTES = 1024 * 1024
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Relay:
    """Hands a request to a later invocation: by the queue, or at once where there is none.

    A function that was deployed without the queue, such as in a test of one's own, sleeps while it
    waits and invokes itself.

    Args:
        client: Gives Lambda's client; called only where there is no queue.
        queue: Gives the stack's own; None where the function was deployed without.
    """

    def __init__(
        self, client: Callable[[], LambdaClient], queue: Callable[[], Queue | None]
    ) -> None:
        self._client = client
        self.queue = queue

    def hand_over(
        self,
        event: Mapping[str, Any],
        context: LambdaContext,
        memory: Memory,
        began: float,
        after: float = 0.0,
    ) -> None:
        """Have another invocation go on with a request.

        Args:
            event: As this invocation got it.
            context: Lambda's.
            memory: What is known of the request.
            began: When the request began, in seconds since the epoch.
            after: Seconds after which to go on.

        Raises:
            ClientError: AWS refuses, or cannot be reached before the sandbox ends.
            BotoCoreError: The same.
        """
        carried = {**memory.to_json(), "began": began}
        payload = _encoded({**event, _RELAYED: True, _CARRIED: carried})
        if len(payload.encode()) > _MOST_BYTES:
            # They can be looked up again; all else is needed.
            carried.pop("look_ups")
            payload = _encoded({**event, _RELAYED: True, _CARRIED: carried})
        for pause in backoff_intervals():
            try:
                self._send(payload, context, after)
            except (ClientError, BotoCoreError) as error:
                left = context.get_remaining_time_in_millis() / 1000
                if not is_transient(error) or left < pause + _LAST_SECONDS:
                    raise
            else:
                break
            time.sleep(pause)
        logger.info("relayed", stack_set_id=memory.stack_set_id, after=after)

    def _send(self, payload: str, context: LambdaContext, after: float) -> None:
        queue = self.queue()
        if queue is not None:
            queue.send(payload, after)
            return
        self._client().invoke(
            FunctionName=context.invoked_function_arn,
            InvocationType="Event",
            Payload=payload.encode(),
        )


def carried_by(event: Mapping[str, Any]) -> tuple[Memory, float | None]:
    """Returns what an earlier invocation has left, and when the request began; None for the first.

    Args:
        event: As this invocation got it.
    """
    carried = event.get(_CARRIED) or {}
    return Memory.from_json(carried), carried.get("began")


def _encoded(payload: Mapping[str, Any]) -> str:
    """Text as it is: escapes would make an event of characters beyond ASCII outgrow its limit.

    Half of a surrogate pair, and what SQS takes for no text, has to be escaped all the same.
    """
    text = json.dumps(payload, ensure_ascii=False)
    return json.dumps(payload) if _NO_TEXT.search(text) else text
