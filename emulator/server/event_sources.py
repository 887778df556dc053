"""Lambda maps a queue to a function only if they suit each other; ministack maps any."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import error_response_json, get_region
from ministack.services import lambda_svc, sqs
from ministack.services.cloudformation import provisioners

# What the poller does with the rights of the function's role.
_RIGHTS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")


class MappingRefusedError(ValueError):
    """Lambda does not take this mapping."""


def install() -> None:
    """Check mappings in Lambda's own API and in what CloudFormation asks of it."""
    lambda_svc._create_esm = _creating_by_api(lambda_svc._create_esm)  # noqa: SLF001
    lambda_svc._update_esm = _updating_by_api(lambda_svc._update_esm)  # noqa: SLF001
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]  # noqa: SLF001
    handlers["create"] = _creating(handlers["create"])
    handlers["update"] = _updating(handlers["update"])


def check(function: str, source: str) -> None:
    """Refuse a mapping from a queue that does not suit the function.

    Args:
        function: Name or ARN of the function.
        source: ARN of the source.

    Raises:
        MappingRefusedError: With Lambda's text.
    """
    name, _ = lambda_svc._resolve_name_and_qualifier(function)  # noqa: SLF001
    queue = sqs._queue_by_arn(source) if ":sqs:" in source else None  # noqa: SLF001
    if queue is None or name not in lambda_svc._functions:  # noqa: SLF001
        return
    config = lambda_svc._functions[name]["config"]  # noqa: SLF001
    visible, timeout = int(queue["attributes"]["VisibilityTimeout"]), int(config["Timeout"])
    if visible < timeout:
        message = (
            f"Queue visibility timeout: {visible} seconds is less than "
            f"Function timeout: {timeout} seconds"
        )
        raise MappingRefusedError(message)
    for right in _RIGHTS:
        if app.AUTH and not _is_allowed(config["Role"], f"sqs:{right}", source):
            message = (
                f"The provided execution role does not have permissions to call {right} on SQS"
            )
            raise MappingRefusedError(message)


def _is_allowed(role: str, action: str, queue: str) -> bool:
    account, name = role.split(":")[4], role.rpartition("/")[2]
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/poller",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=queue,
        region=get_region(),
        secure_transport=True,
    )
    policies = iam_evaluator._gather_role_policies(name, account)  # noqa: SLF001
    result = iam_evaluator.evaluate(context, policies)
    own = sqs.queue_policy_for_arn(queue)
    if own is not None:
        result = iam_evaluator.combine_resource_policy(result, context, *own)
    return bool(result.decision == "Allow")


def _with_numbers(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a template are text; CloudFormation makes the numbers that Lambda wants.

    Raises:
        MappingRefusedError: The number is not one that Lambda takes.
    """
    scaling = dict(properties.get("ScalingConfig") or {})
    if "MaximumConcurrency" not in scaling:
        return dict(properties)
    scaling["MaximumConcurrency"] = int(scaling["MaximumConcurrency"])
    made = {**properties, "ScalingConfig": scaling}
    refused = lambda_svc._validate_scaling_config(made, made.get("EventSourceArn", ""))  # noqa: SLF001
    if refused is not None:
        raise MappingRefusedError(json.loads(refused[2])["message"])
    return made


def _creating(create: Any) -> Any:  # noqa: ANN401 - ministack is untyped
    @functools.wraps(create)
    def wrapper(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:  # noqa: ANN401
        check(props.get("FunctionName", ""), props.get("EventSourceArn", ""))
        return create(logical_id, _with_numbers(props), stack_name)

    return wrapper


def _updating(update: Any) -> Any:  # noqa: ANN401
    @functools.wraps(update)
    def wrapper(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str) -> Any:  # noqa: ANN401
        check(new.get("FunctionName", ""), new.get("EventSourceArn", ""))
        return update(physical_id, old, _with_numbers(new), stack)

    return wrapper


def _creating_by_api(create: Any) -> Any:  # noqa: ANN401
    @functools.wraps(create)
    def wrapper(data: Mapping[str, Any]) -> Any:  # noqa: ANN401
        try:
            check(data.get("FunctionName", ""), data.get("EventSourceArn", ""))
        except MappingRefusedError as error:
            return _refusal(error)
        return create(data)

    return wrapper


def _updating_by_api(update: Any) -> Any:  # noqa: ANN401
    @functools.wraps(update)
    def wrapper(identity: str, data: Mapping[str, Any]) -> Any:  # noqa: ANN401
        known = lambda_svc._esms.get(identity) or {}  # noqa: SLF001
        function = data.get("FunctionName") or known.get("FunctionName", "")
        try:
            check(function, known.get("EventSourceArn", ""))
        except MappingRefusedError as error:
            return _refusal(error)
        return update(identity, data)

    return wrapper


def _refusal(error: MappingRefusedError) -> Any:  # noqa: ANN401
    return error_response_json("InvalidParameterValueException", str(error), 400)
