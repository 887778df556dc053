"""Rights that a request needs beside the right to its own action."""

from __future__ import annotations

from collections.abc import Mapping

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_region

from emulator.stacksets.errors import ApiError


def authorize(
    action: str, service: str, resource: str, context: Mapping[str, str] | None = None
) -> None:
    """Check a right that the request needs beside its own action.

    Raises:
        ApiError: The caller's policies do not grant it.
    """
    # The key whose signature the request has passed: users and sessions; root may do all.
    key = iam_evaluator._verified_key.get()  # noqa: SLF001
    if not app.AUTH or not key:
        return
    denied = iam_evaluator.enforce(
        key,
        action,
        service,
        get_region(),
        resource_arn=resource,
        service_context=dict(context or {}),
    )
    if denied is not None:
        explicit = getattr(denied, "decision", "") == "Deny"
        message = iam_actions.identity_denial_message(
            action, iam_evaluator.caller_arn(), resource, explicit
        )
        code = "AccessDenied"
        raise ApiError(code, message, 403)
