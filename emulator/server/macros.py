"""Macros in ministack's CloudFormation, which knows none: templates are sent through functions.

A macro that the top level of a template names is called with the documented request, once for each
CreateStack, UpdateStack and CreateChangeSet, in its turn among CloudFormation's own transforms. It
is called with the rights of whoever sends the request.
"""

from __future__ import annotations

import contextvars
import copy
import functools
import json
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import cloudformation, lambda_svc
from ministack.services.cloudformation import changesets, engine, handlers, helpers, provisioners

from emulator.server import custom_resources
from emulator.server.rights import authorize
from emulator.stacksets.errors import ApiError

_ACTIONS = {"CreateStack", "UpdateStack", "CreateChangeSet"}
_OWN = "AWS::"

# The functions of macros, by account, Region and name.
_functions: dict[tuple[str, str, str], str] = {}


class _Processed(NamedTuple):
    """A template on its way through its macros: what has become of it, or why it has not."""

    template: dict[str, Any]
    failure: str = ""


_processed: contextvars.ContextVar[_Processed | None] = contextvars.ContextVar(
    "processed", default=None
)


def install() -> None:
    """Know the resource type, and call macros."""
    provisioners._RESOURCE_HANDLERS["AWS::CloudFormation::Macro"] = {  # noqa: SLF001
        "create": _create,
        "update": _update,
        "delete": _delete,
    }
    cloudformation.handle_request = _calling_macros(cloudformation.handle_request)
    applying = _using_what_macros_made(engine._apply_transforms)  # noqa: SLF001
    engine._apply_transforms = applying  # noqa: SLF001
    handlers._apply_transforms = applying  # noqa: SLF001
    changesets._apply_transforms = applying  # noqa: SLF001


def _key(name: str) -> tuple[str, str, str]:
    return get_account_id(), get_region(), name


def _create(_logical_id: str, props: dict[str, Any], _stack_name: str) -> Any:  # noqa: ANN401
    name = props["Name"]
    if _key(name) in _functions:
        message = f"Macro {name} already exists"
        raise ValueError(message)
    _functions[_key(name)] = props["FunctionName"]
    return name, {}


def _update(physical_id: str, _old: dict[str, Any], new: dict[str, Any], *names: str) -> Any:  # noqa: ANN401
    if new["Name"] != physical_id:
        return _create("", new, *names)
    _functions[_key(physical_id)] = new["FunctionName"]
    return physical_id, {}


def _delete(physical_id: str, *_: object) -> None:
    _functions.pop(_key(physical_id), None)


def _calling_macros(original: Any) -> Any:  # noqa: ANN401
    """Let macros process the template before the request is carried out."""

    @functools.wraps(original)
    async def handle_request(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        scope = _processed.set(await _process(_parameters(method, body, query)))
        try:
            return await original(method, path, headers, body, query)
        finally:
            _processed.reset(scope)

    return handle_request


def _parameters(method: str, body: bytes, query: dict[str, Any]) -> dict[str, Any]:
    if method != "POST":
        return dict(query)
    return dict(query) | parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True)


async def _process(params: dict[str, Any]) -> _Processed | None:
    """Send a request's template through the macros that it names; None where it names none."""
    template = _template(params) if helpers._p(params, "Action") in _ACTIONS else {}  # noqa: SLF001
    names = engine.declared_transforms(template)
    while names and names[-1].startswith(_OWN):
        names.pop()  # those after the last macro come in their time
    if not names:
        return None
    values = _values(params, template)
    processed = _Processed(template)
    for name in names:
        if processed.failure:
            break
        if name.startswith(_OWN):
            processed = _transform(name, processed.template, params)
        else:
            processed = await _call(name, processed.template, values)
    return processed


def _transform(name: str, template: dict[str, Any], params: dict[str, Any]) -> _Processed:
    """Let CloudFormation's own transform have a template before a macro that is named after it."""
    others = engine._without_transform(template, name).pop("Transform", None)  # noqa: SLF001
    given = helpers._extract_members(params, "Parameters")  # noqa: SLF001
    processed = engine._apply_transforms({**template, "Transform": name}, given)  # noqa: SLF001
    if isinstance(processed, engine._TransformFailed):  # noqa: SLF001
        return _Processed(template, processed.error)
    return _Processed({**processed, **({"Transform": others} if others else {})})


def _template(params: dict[str, Any]) -> dict[str, Any]:
    """The template of a request; empty where there is none, which the request itself will tell."""
    body, refused = helpers._resolve_template(params)  # noqa: SLF001
    if refused or not body:
        return {}
    try:
        template: dict[str, Any] = engine._parse_template(body)  # noqa: SLF001
    except Exception:  # noqa: BLE001 - whatever a parser raises
        return {}
    return template


def _values(params: dict[str, Any], template: dict[str, Any]) -> dict[str, Any]:
    """What the parameters are, as macros are told: lists as lists."""
    stack = handlers._resolve_stack(helpers._p(params, "StackName")) or {}  # noqa: SLF001
    given = helpers._extract_members(params, "Parameters")  # noqa: SLF001
    previous = stack.get("_resolved_params", {})
    values = engine._transform_parameters(template, given, previous)  # noqa: SLF001
    declared = template.get("Parameters") or {}
    return {
        name: value.split(",") if declared[name].get("Type") == "CommaDelimitedList" else value
        for name, value in values.items()
    }


async def _call(name: str, template: dict[str, Any], values: dict[str, Any]) -> _Processed:
    transform = f"{get_account_id()}::{name}"
    if _key(name) not in _functions:
        return _Processed(template, f"No transform named {transform} found.")
    request_id = new_uuid()
    fragment = copy.deepcopy(engine._without_transform(template, name))  # noqa: SLF001
    others = fragment.pop("Transform", None)
    event = {
        "region": get_region(),
        "accountId": get_account_id(),
        "fragment": json.loads(json.dumps(fragment, default=str)),
        "transformId": transform,
        "params": {},
        "requestId": request_id,
        "templateParameterValues": values,
    }
    function = custom_resources.function_of(_functions[_key(name)])
    try:
        authorize("lambda:InvokeFunction", "lambda", function["config"]["FunctionArn"])
    except ApiError as denied:
        return _Processed(template, f"{denied.message}. Rollback requested by user.")
    # The function calls this very server, so it must not hold up its loop.
    result = await run_reentrant(lambda_svc._execute_function_with_config_scope, function, event)  # noqa: SLF001
    answer = _answer(result)
    if answer is None or answer.get("requestId") != request_id:
        failure = f"Received malformed response from transform {transform}"
    elif str(answer.get("status")).lower() != "success":
        failure = f"Transform {transform} failed with: {answer.get('errorMessage', '')}"
    elif not isinstance(answer.get("fragment"), dict):
        failure = f"Received malformed response from transform {transform}"
    else:
        # What other transforms there are is CloudFormation's affair.
        return _Processed(answer["fragment"] | ({"Transform": others} if others else {}))
    return _Processed(template, f"{failure}. Rollback requested by user.".replace("..", "."))


def _answer(result: dict[str, Any]) -> dict[str, Any] | None:
    body = result.get("body")
    if result.get("error"):
        return None
    try:
        answer = json.loads(body) if isinstance(body, str | bytes) else body
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _using_what_macros_made(original: Any) -> Any:  # noqa: ANN401
    @functools.wraps(original)
    def apply(template: dict[str, Any], *arguments: Any) -> Any:  # noqa: ANN401
        processed = _processed.get()
        if processed is None:
            return original(template, *arguments)
        if processed.failure:
            return engine._TransformFailed(template, processed.failure)  # noqa: SLF001
        return original(processed.template, *arguments)

    return apply
