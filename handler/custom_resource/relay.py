"""Who goes on with a request when this sandbox ends, and what they are handed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.deployment.lifecycle import Memory
from handler.gateway.retry import backoff_intervals, is_transient
from handler.observability import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_lambda import LambdaClient

_RELAYED = "CrHelperPoll"  # crhelper's own key: its poll functions then serve the event
_CARRIED = "CrHelperData"
_LAST_SECONDS = 5.0


class Relay:
    """Hands a request to another invocation of this function.

    Args:
        client: Gives Lambda's client; called only when a request needs it.
    """

    def __init__(self, client: Callable[[], LambdaClient]) -> None:
        self._client = client

    def hand_over(
        self, event: Mapping[str, Any], context: LambdaContext, memory: Memory, began: float
    ) -> None:
        """Have another invocation go on with a request.

        Args:
            event: As this invocation got it.
            context: Lambda's.
            memory: What is known of the request.
            began: When the request began, in seconds since the epoch.

        Raises:
            ClientError: Lambda refuses, or cannot be reached before the sandbox ends.
            BotoCoreError: The same.
        """
        carried = {**memory.to_json(), "began": began}
        payload = _encoded({**event, _RELAYED: True, _CARRIED: carried})
        for pause in backoff_intervals():
            try:
                self._client().invoke(
                    FunctionName=context.invoked_function_arn,
                    InvocationType="Event",
                    Payload=payload,
                )
            except (ClientError, BotoCoreError) as error:
                left = context.get_remaining_time_in_millis() / 1000
                if not is_transient(error) or left < pause + _LAST_SECONDS:
                    raise
            else:
                break
            time.sleep(pause)
        logger.info("relayed", stack_set_id=memory.stack_set_id)


def carried_by(event: Mapping[str, Any]) -> tuple[Memory, float | None]:
    """Returns what an earlier invocation has left, and when the request began; None for the first.

    Args:
        event: As this invocation got it.
    """
    carried = event.get(_CARRIED) or {}
    return Memory.from_json(carried), carried.get("began")


def _encoded(payload: Mapping[str, Any]) -> bytes:
    """Text as it is: escapes would make an event of characters beyond ASCII outgrow its limit."""
    try:
        return json.dumps(payload, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON lets through
        return json.dumps(payload).encode()
