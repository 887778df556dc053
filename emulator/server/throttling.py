"""Lambda tries again to deliver what it has to throttle; ministack takes that for a failure."""

from __future__ import annotations

import contextvars
import functools
import time
from typing import Any

from ministack.services import lambda_svc

_PAUSE_SECONDS = 0.2
# How long an event is kept that has no `MaximumEventAgeInSeconds`.
_EVENT_AGE_SECONDS = 21_600

# Until when a delivery that is throttled is tried again; 0 where the caller hears of it.
_keep_until: contextvars.ContextVar[float] = contextvars.ContextVar("keep_until", default=0.0)


def install(*, messages_return: bool = False) -> None:
    """Keep throttled events until they are too old, and messages until they are visible again.

    Args:
        messages_return: Whether a message that may not be delivered stays hidden until its
            visibility ends and counts as received, as is reported; the documentation says that
            Lambda tries to deliver it until then.
    """
    lambda_svc._execute_function = _executing(lambda_svc._execute_function)  # noqa: SLF001
    lambda_svc.invoke_async_with_retry = _invoking(lambda_svc.invoke_async_with_retry)
    if not messages_return:
        lambda_svc._run_sqs_batch = _running(lambda_svc._run_sqs_batch)  # noqa: SLF001


def _executing(execute: Any) -> Any:  # noqa: ANN401 - ministack is untyped
    @functools.wraps(execute)
    def wrapper(function: Any, event: Any) -> Any:  # noqa: ANN401
        result = execute(function, event)
        while result.get("throttle") and time.time() + _PAUSE_SECONDS < _keep_until.get():
            time.sleep(_PAUSE_SECONDS)
            result = execute(function, event)
        return result

    return wrapper


def _invoking(invoke: Any) -> Any:  # noqa: ANN401
    @functools.wraps(invoke)
    def wrapper(function: dict[str, Any], event: Any) -> None:  # noqa: ANN401
        config = lambda_svc._event_invoke_config(function, None) or {}  # noqa: SLF001
        age = int(config.get("MaximumEventAgeInSeconds", _EVENT_AGE_SECONDS))
        # The thread that it starts takes a copy of the context along.
        kept = _keep_until.set(time.time() + age)
        try:
            invoke(function, event)
        finally:
            _keep_until.reset(kept)

    return wrapper


def _running(run: Any) -> Any:  # noqa: ANN401
    @functools.wraps(run)
    def wrapper(
        mapping: Any,  # noqa: ANN401
        function: Any,  # noqa: ANN401
        event: Any,  # noqa: ANN401
        batch: list[dict[str, Any]],
        *queue: str,
    ) -> None:
        kept = _keep_until.set(min(message["visible_at"] for message in batch))
        try:
            run(mapping, function, event, batch, *queue)
        finally:
            _keep_until.reset(kept)

    return wrapper
