"""What the StackSets API says no with: what its callers go on from, and what they do not."""

from __future__ import annotations

import re

from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import AccessDenied, RequestRefused

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
_BUSY = {"OperationInProgressException", "StaleRequestException"}
_GONE = {"StackSetNotFoundException", "StackInstanceNotFoundException"}
_RUNNING = re.compile(r"in progress: ([-a-zA-Z0-9]+)\s*$")


class StackSetBusy(Exception):
    """Another operation runs on the stack set, or has just changed it: wait and look again.

    Attributes:
        operation_id: The operation that runs; empty where the API does not say.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        found = _RUNNING.search(message)
        self.operation_id = found[1] if found else ""


class NotFound(Exception):
    """The stack set, or an instance that a call names, is not there: look again."""


class AlreadyStarted(Exception):
    """An operation with this OperationId exists: this request started it before."""


class NameTaken(Exception):
    """A stack set of this name exists already."""


class NameTakenAndModified(NameTaken):
    """A stack set of this name exists, and the API says that it has been changed since."""


_SIGNALS: dict[str, type[Exception]] = {
    **dict.fromkeys(_BUSY, StackSetBusy),
    **dict.fromkeys(_GONE, NotFound),
    "OperationIdAlreadyExistsException": AlreadyStarted,
    "NameAlreadyExistsException": NameTaken,
    "CreatedButModifiedException": NameTakenAndModified,
    "StackSetNotEmptyException": StackSetBusy,
}


def translated(method: str, error: ClientError | BotoCoreError) -> Exception:
    """Returns what to raise for an error of the API.

    Args:
        method: The client's, such as ``create_stack_set``.
        error: What botocore has raised.
    """
    if not isinstance(error, ClientError):
        return RequestRefused(_api_name(method), type(error).__name__, str(error))
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "")
    if code in _SIGNALS:
        return _SIGNALS[code](message)
    if code in _DENIED:
        return AccessDenied(_api_name(method), message)
    return RequestRefused(_api_name(method), code, message)


def _api_name(method: str) -> str:
    return "".join(word.capitalize() for word in method.split("_"))
