"""What a call to the engine may raise, and the texts of it."""

from __future__ import annotations

STATUS_BY_CODE = {
    "CreatedButModifiedException": 409,
    "NameAlreadyExistsException": 409,
    "OperationIdAlreadyExistsException": 409,
    "OperationInProgressException": 409,
    "OperationNotFoundException": 404,
    "StackInstanceNotFoundException": 404,
    "StackSetNotEmptyException": 409,
    "StackSetNotFoundException": 404,
}


class ApiError(Exception):
    """An error answer of the API.

    Attributes:
        code: Name of the modelled exception, or a plain code such as `ValidationError`.
        message: The text that the caller reads.
        status: The HTTP status.
    """

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status or STATUS_BY_CODE.get(code, 400)

    def __reduce__(self) -> tuple[type[ApiError], tuple[str, str, int]]:
        return type(self), (self.code, self.message, self.status)


class ResponseLostError(Exception):
    """The call was carried out, but its answer never reaches the caller."""


def invalid(message: str) -> ApiError:
    """The unmodelled error that AWS gives for most input mistakes."""
    return ApiError("ValidationError", message)


def constraint(value: object, member: str, rule: str) -> ApiError:
    """A value that breaks a length, range, pattern or enumeration."""
    shown = "null" if value is None else f"'{value}'"
    return invalid(
        f"1 validation error detected: Value {shown} at '{member[:1].lower()}{member[1:]}' "
        f"failed to satisfy constraint: {rule}"
    )


def unknown_action(action: str) -> ApiError:
    """An operation that the API, or this emulation of it, does not have."""
    return ApiError("InvalidAction", f"Could not find operation {action} for version 2010-05-15")


def insufficient_capabilities(missing: list[str]) -> ApiError:
    """The template needs capabilities that the call does not acknowledge."""
    message = f"Requires capabilities : [{', '.join(missing)}]"
    return ApiError("InsufficientCapabilitiesException", message)


def name_already_exists(name: str) -> ApiError:
    """An ACTIVE stack set of this name is there."""
    return ApiError("NameAlreadyExistsException", f"The name already exists: {name}")


def created_but_modified(name: str) -> ApiError:
    """The same creation request came before, but the stack set is not as it made it."""
    message = f"The specified stack set {name} exists, but has been changed"
    return ApiError("CreatedButModifiedException", message)


def stack_set_not_found(name_or_id: str) -> ApiError:
    """No ACTIVE stack set has this name or id."""
    return ApiError("StackSetNotFoundException", f"StackSet {name_or_id} not found")


def stack_set_not_empty() -> ApiError:
    """A stack set with instances cannot be deleted."""
    return ApiError("StackSetNotEmptyException", "StackSet is not empty")


def stack_instance_not_found(stack_set_id: str, account: str, region: str) -> ApiError:
    """The stack set has no instance in this account and Region."""
    message = (
        f"Stack instance not found for StackSet {stack_set_id}, account {account}, region {region}"
    )
    return ApiError("StackInstanceNotFoundException", message)


def operation_not_found(operation_id: str) -> ApiError:
    """The stack set never had this operation."""
    return ApiError("OperationNotFoundException", f"Operation {operation_id} not found")


def operation_id_already_exists(operation_id: str) -> ApiError:
    """The stack set has had an operation with this id."""
    message = f"Operation with id {operation_id} already exists"
    return ApiError("OperationIdAlreadyExistsException", message)


def operation_in_progress(arn: str, operation_id: str) -> ApiError:
    """Another operation runs or waits on the stack set."""
    message = f"Another Operation on StackSet {arn} is in progress: {operation_id}"
    return ApiError("OperationInProgressException", message)


def invalid_operation(message: str) -> ApiError:
    """The state of the stack set or operation does not allow it."""
    return ApiError("InvalidOperationException", message)
