"""What ministack gets wrong and the function relies on; each mend names the behaviour of AWS."""

from __future__ import annotations

import functools
import json
import os
import threading
from typing import Any
from urllib.parse import urlsplit

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import iam, lambda_svc, s3
from ministack.services.cloudformation import helpers, provisioners

from emulator.server import (
    architectures,
    conditions,
    custom_resources,
    deployments,
    event_sources,
    operations,
    resource_status,
    rollbacks,
    throttling,
    told_requests,
)

_S3_HOSTS = (".s3.", ".s3-")


def install(
    iam_log: str | None = None,
    *,
    rollbacks_are_operations: bool = False,
    throttled_messages_return: bool = False,
) -> None:
    """Install every mend.

    Args:
        iam_log: A file that receives each evaluated IAM action as one line of JSON.
        rollbacks_are_operations: Whether automatic rollbacks have OperationIds of their own.
        throttled_messages_return: Whether a queue's message that Lambda throttles goes back.
    """
    custom_resources.install()
    resource_status.install()
    told_requests.install()
    rollbacks.install(numbered=rollbacks_are_operations)
    deployments.install()
    conditions.install()
    operations.install()
    architectures.install()
    event_sources.install()
    throttling.install(messages_return=throttled_messages_return)
    keep_to_our_port()
    honour_function_properties()
    name_stack_set_resources()
    ask_leave_for_the_account_api()
    name_roles_as_principals()
    read_virtual_hosted_template_urls()
    fetch_code_of_other_accounts()
    if iam_log:
        record_iam_actions(iam_log)


def keep_to_our_port() -> None:
    """With TLS, ministack also takes port 443 when it is free: nobody asked for that."""
    app._port_is_bindable = lambda *_: False  # noqa: SLF001


def honour_function_properties() -> None:
    """CloudFormation sets `RecursiveLoop` and `ReservedConcurrentExecutions`; ministack's does not.

    A reservation that goes from the template goes from the function; one that the template never
    named stays.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]  # noqa: SLF001
    create, update = handlers["create"], handlers["update"]

    def keep(name: str, old: dict[str, Any], props: dict[str, Any]) -> None:
        function = lambda_svc._functions.get(name)  # noqa: SLF001
        if function is not None:
            function["recursive_loop"] = props.get("RecursiveLoop", "Terminate")
            if "ReservedConcurrentExecutions" in old | props:
                reserved = props.get("ReservedConcurrentExecutions")
                function["concurrency"] = None if reserved is None else int(reserved)

    @functools.wraps(create)
    def creating(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:  # noqa: ANN401
        made = create(logical_id, props, stack_name)
        keep(made[0], {}, props)
        return made

    @functools.wraps(update)
    def updating(physical_id: str, old: dict[str, Any], new: dict[str, Any], *names: str) -> Any:  # noqa: ANN401
        made = update(physical_id, old, new, *names)
        keep(made[0], old, new)
        return made

    handlers["create"], handlers["update"] = creating, updating


def name_stack_set_resources() -> None:
    """IAM sees a StackSets call on its stack set; CreateStackSet and ListStackSets see `*` only."""
    original = iam_actions.extract_resource_arn

    @functools.wraps(original)
    def extract(  # noqa: PLR0913, PLR0917 - the signature is ministack's
        service: str,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        region: str,
        account_id: str,
    ) -> str:
        name = iam_actions._query_param(query_params, "StackSetName")  # noqa: SLF001
        action = iam_actions._query_param(query_params, "Action")  # noqa: SLF001
        if service == "cloudformation" and name and action != "CreateStackSet":
            # Given by name, the set is known by its id only later: any id of that name.
            identity = name if ":" in name else f"{name}:*"
            return f"arn:aws:cloudformation:{region}:{account_id}:stackset/{identity}"
        arn: str = original(service, method, path, headers, body, query_params, region, account_id)
        return arn

    iam_actions.extract_resource_arn = extract


def ask_leave_for_the_account_api() -> None:
    """The account API asks for rights on the caller's account; ministack's answers everybody."""
    iam_actions._BOTOCORE_SERVICE_MAP["account"] = ["account"]  # noqa: SLF001
    original = iam_actions.extract_resource_arn

    @functools.wraps(original)
    def extract(service: str, *request: Any) -> str:  # noqa: ANN401
        if service == "account":
            return f"arn:aws:account::{get_account_id()}:account"
        arn: str = original(service, *request)
        return arn

    iam_actions.extract_resource_arn = extract


def name_roles_as_principals() -> None:
    """`aws:PrincipalArn` of an assumed role is the role's ARN; ministack gives the session's."""
    original = iam_evaluator._resolve_condition_key  # noqa: SLF001

    @functools.wraps(original)
    def resolve(key: str, context: Any) -> Any:  # noqa: ANN401
        value = original(key, context)
        if key.lower() != "aws:principalarn" or ":assumed-role/" not in str(value):
            return value
        account, name = value.split(":")[4], value.split("/")[1]
        role = iam._roles.get_scoped(account, None, name)  # noqa: SLF001
        return role["Arn"] if role else value

    iam_evaluator._resolve_condition_key = resolve  # noqa: SLF001


def path_style(url: str) -> str:
    """Rewrite `https://BUCKET.s3.REGION.amazonaws.com/KEY` to the path style; others stay."""
    parts = urlsplit(url)
    for mark in _S3_HOSTS:
        bucket, found, rest = parts.netloc.partition(mark)
        if found and bucket:
            return parts._replace(netloc=f"s3.{rest}", path=f"/{bucket}{parts.path}").geturl()
    return url


def read_virtual_hosted_template_urls() -> None:
    """CloudFormation takes both styles of S3 URL; ministack reads the path style only."""
    original = helpers._resolve_document  # noqa: SLF001

    @functools.wraps(original)
    def resolve(params: dict[str, Any], body_key: str, url_key: str, label: str) -> Any:  # noqa: ANN401
        url = helpers._p(params, url_key)  # noqa: SLF001
        if url:
            params = {**params, url_key: [path_style(url)]}
        return original(params, body_key, url_key, label)

    helpers._resolve_document = resolve  # noqa: SLF001


def fetch_code_of_other_accounts() -> None:
    """Lambda fetches code from any bucket that lets it; ministack's looks in its own account."""
    original = lambda_svc._fetch_code_from_s3  # noqa: SLF001

    @functools.wraps(original)
    def fetch(bucket: str, key: str, version_id: str | None = None) -> Any:  # noqa: ANN401
        owner, caller = s3._bucket_owner_account(bucket), get_account_id()  # noqa: SLF001
        if owner in {None, caller}:
            return original(bucket, key, version_id)
        if not s3._foreign_bucket_allows(owner, bucket, key, "GET", {}, caller):  # noqa: SLF001
            message = (
                "Your access has been denied by S3, please make sure your request credentials "
                f"have permission to GetObject for {bucket}/{key}. S3 Error Code: AccessDenied."
            )
            raise ValueError(message)
        with request_scope(owner, get_region()):
            return original(bucket, key, version_id)

    lambda_svc._fetch_code_from_s3 = fetch  # noqa: SLF001


def record_iam_actions(path: str) -> None:
    """Write down which principal needed which action on what, and whether it was allowed."""
    original = iam_evaluator.enforce
    lock = threading.Lock()

    @functools.wraps(original)
    def enforce(
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        **kwargs: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        denied = original(
            access_key_id, iam_action, service, region, resource_arn=resource_arn, **kwargs
        )
        line = {
            "principal": iam_evaluator.caller_arn(),
            "action": iam_action,
            "resource": resource_arn,
            "allowed": denied is None,
        }
        with lock, open(path, "a", encoding="utf-8") as log:  # noqa: PTH123 - appending
            log.write(json.dumps(line) + os.linesep)
        return denied

    iam_evaluator.enforce = enforce
