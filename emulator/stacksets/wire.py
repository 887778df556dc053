"""The query protocol of CloudFormation, by botocore's own service model."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

import botocore.loaders
from botocore.model import (
    ListShape,
    MapShape,
    OperationModel,
    OperationNotFoundError,
    ServiceModel,
    Shape,
    StringShape,
    StructureShape,
)

from emulator.stacksets import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.stacksets.errors import ApiError

REQUEST_ID = "00000000-0000-4000-8000-000000000000"
_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"
# Members that the engine tells, but older models of botocore do not know.
_NEWER = frozenset(
    {
        *("Stages", "TotalAccountsCount", "TotalStackInstancesCount", "RegionalStatusDetails"),
        *("StackSetOutputBucketPath", "DependsOn"),
    }
)
# XML 1.0 has no way to write these; a carriage return must be written as a reference.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def parse_request(body: str | Mapping[str, list[str]]) -> tuple[str, dict[str, Any]]:
    """Read a request.

    Args:
        body: The form, as text or as `urllib.parse.parse_qs` returns it (blank values kept).

    Returns:
        The action, and its members as botocore takes them.

    Raises:
        ApiError: InvalidAction, or ValidationError when a member breaks the model's constraints.
    """
    form = parse_qs(body, keep_blank_values=True) if isinstance(body, str) else body
    action = form.get("Action", [""])[0]
    shape = _operation(action).input_shape
    if shape is None:
        return action, {}
    tree: dict[str, Any] = {}
    for key, values in form.items():
        _plant(tree, key.split("."), values[0])
    return action, _read_structure(shape, tree)


def render_result(action: str, result: Mapping[str, Any]) -> bytes:
    """Write an answer; `result` is as botocore returns it, without `ResponseMetadata`.

    Members that only newer models know are left out where the installed one does not.

    Raises:
        KeyError: The result has a member that no model knows.
    """
    shape = _operation(action).output_shape
    content = "" if shape is None else _write(shape, result)
    return (
        f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{content}</{action}Result>'
        f"<ResponseMetadata><RequestId>{REQUEST_ID}</RequestId></ResponseMetadata>"
        f"</{action}Response>"
    ).encode()


def render_error(error: ApiError) -> tuple[int, bytes]:
    """Write an error answer; modelled exceptions get the model's wire code and status.

    Returns:
        The HTTP status and the body.
    """
    status, read = read_error(error)
    content = "".join(f"<{name}>{_text(text)}</{name}>" for name, text in read["Error"].items())
    body = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error>{content}</Error>'
        f"<RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
    )
    return status, body.encode()


def read_result(action: str, result: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what botocore reads in the answer that `render_result` writes.

    Raises:
        KeyError: The result has a member that no model knows.
    """
    shape = _operation(action).output_shape
    return {} if shape is None else _as_read(shape, result)


def read_error(error: ApiError) -> tuple[int, dict[str, Any]]:
    """Returns the HTTP status of an error answer, and what botocore reads in it."""
    modelled = _errors().get(error.code, {})
    status = int(modelled.get("httpStatusCode", error.status))
    sender = "Sender" if status < 500 else "Receiver"  # noqa: PLR2004  server errors
    code = _written(modelled.get("code", error.code))
    return status, {"Error": {"Type": sender, "Code": code, "Message": _written(error.message)}}


@functools.cache
def service_model() -> ServiceModel:
    """Return botocore's model of CloudFormation."""
    description = botocore.loaders.create_loader().load_service_model("cloudformation", "service-2")
    return ServiceModel(description, "cloudformation")


@functools.cache
def _errors() -> dict[str, dict[str, Any]]:
    return {
        shape.name: shape.metadata["error"]
        for shape in service_model().error_shapes
        if "error" in shape.metadata
    }


@functools.lru_cache(maxsize=256)
def _operation(action: str) -> OperationModel:
    try:
        return service_model().operation_model(action)
    except OperationNotFoundError as error:
        raise errors.unknown_action(action) from error


def _plant(tree: dict[str, Any], path: list[str], value: str) -> None:
    for name in path[:-1]:
        child = tree.setdefault(name, {})
        if not isinstance(child, dict):
            child = tree[name] = {}
        tree = child
    tree.setdefault(path[-1], value)


def _read_structure(shape: StructureShape, tree: Any) -> dict[str, Any]:  # noqa: ANN401
    values = {}
    tree = tree if isinstance(tree, dict) else {}
    for name, member in shape.members.items():
        if name in tree:
            values[name] = _read(member, tree[name], name)
        elif name in shape.required_members:
            raise errors.constraint(None, name, "Member must not be null")
    return values


def _read(shape: Shape, tree: Any, name: str) -> Any:  # noqa: ANN401  whatever the shape says
    if isinstance(shape, StructureShape):
        return _read_structure(shape, tree)
    if isinstance(shape, ListShape):
        # An empty list travels as `Name=`.
        members = tree.get("member", {}) if isinstance(tree, dict) else {}
        values = [_read(shape.member, members[key], name) for key in sorted(members, key=int)]
        _check_range(shape, len(values), name, values)
        return values
    return _read_scalar(shape, tree, name)


def _read_scalar(shape: Shape, text: str, name: str) -> Any:  # noqa: ANN401
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name in {"integer", "long"}:
        if not re.fullmatch(r"-?[0-9]+", text):
            raise errors.constraint(text, name, "Member must be an integer")
        _check_range(shape, int(text), name, text)
        return int(text)
    _check_range(shape, len(text), name, text)
    if isinstance(shape, StringShape) and shape.enum and text not in shape.enum:
        rule = f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        raise errors.constraint(text, name, rule)
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, text):
        rule = f"Member must satisfy regular expression pattern: {pattern}"
        raise errors.constraint(text, name, rule)
    return text


def _check_range(shape: Shape, size: int, name: str, value: object) -> None:
    noun = "value" if shape.type_name in {"integer", "long"} else "length"
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        rule = f"Member must have {noun} greater than or equal to {least}"
        raise errors.constraint(value, name, rule)
    if most is not None and size > most:
        rule = f"Member must have {noun} less than or equal to {most}"
        raise errors.constraint(value, name, rule)


def _write(shape: Shape, value: Any) -> str:  # noqa: ANN401  whatever the shape says
    if isinstance(shape, StructureShape):
        members = shape.members
        return "".join(
            f"<{name}>{_write(members[name], item)}</{name}>"
            for name, item in value.items()
            if name in members or name not in _NEWER
        )
    if isinstance(shape, MapShape):
        return "".join(
            f"<entry><key>{_text(key)}</key><value>{_write(shape.value, item)}</value></entry>"
            for key, item in value.items()
        )
    if isinstance(shape, ListShape):
        return "".join(f"<member>{_write(shape.member, item)}</member>" for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return _text(value)


def _as_read(shape: Shape, value: Any) -> Any:  # noqa: ANN401  whatever the shape says
    if isinstance(shape, StructureShape):
        members = shape.members
        return {
            name: _as_read(members[name], item)
            for name, item in value.items()
            if name in members or name not in _NEWER
        }
    if isinstance(shape, MapShape):
        return {_written(key): _as_read(shape.value, item) for key, item in value.items()}
    if isinstance(shape, ListShape):
        return [_as_read(shape.member, item) for item in value]
    return _written(value) if shape.type_name == "string" else value


def _text(value: object) -> str:
    return escape(_written(value), {"\r": "&#13;"})


def _written(value: object) -> str:
    """The text without what XML cannot say."""
    return _FORBIDDEN.sub("\ufffd", str(value))
