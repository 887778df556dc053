"""How services take roles: StackSets the administration role, others those that name them."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import request_scope
from ministack.services import iam, sts

from emulator.stacksets.deployment import DeploymentOrder

_SERVICE = "cloudformation.amazonaws.com"
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_SESSION_SECONDS = 3600


class RoleRefusedError(Exception):
    """A role is missing or does not trust who wants to take it."""


def administration_session(order: DeploymentOrder, account: str, region: str) -> dict[str, str]:
    """Take the administration role as the CloudFormation service does; return its credentials.

    ministack's STS lets any service take a role that trusts one, so the trust policy is
    evaluated here, with the keys against a confused deputy.

    Args:
        order: What is to be deployed.
        account: The administrator account.
        region: The Region of the stack set.

    Raises:
        RoleRefusedError: There is no such role, or it does not trust CloudFormation.
    """
    arn = order.administration_role_arn
    name = arn.rsplit("/", 1)[-1]
    source = (
        f"arn:{arn.split(':')[1]}:cloudformation:{region}:{account}:stackset/{order.stack_set_id}"
    )
    session = service_session(_SERVICE, account, region, arn, source)
    if session is None:
        message = (
            f"Account {account} should have '{name}' role with trust relationship to "
            "CloudFormation service."
        )
        raise RoleRefusedError(message)
    return session


def service_session(
    service: str, account: str, region: str, role_arn: str, source_arn: str = ""
) -> dict[str, str] | None:
    """Take a role as a service does; return its credentials, or None if it does not trust it.

    Args:
        service: The service's principal, such as `codebuild.amazonaws.com`.
        account: The account for which the service acts, and of the role.
        region: Where it acts.
        role_arn: The role.
        source_arn: The resource for which it acts.
    """
    name = role_arn.rsplit("/", 1)[-1]
    context = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=role_arn,
        region=region,
        service_context={"aws:sourceaccount": account, "aws:sourcearn": source_arn},
    )
    trusted = _trusts(service, account, name, context)
    return _register_session(service, account, name) if trusted else None


def service_managed_session(order: DeploymentOrder) -> dict[str, str]:
    """Take the execution role of a service-managed stack set; return its credentials.

    The service's own is made when it is missing, and may do all. A custom one comes from its
    template, which must have been deployed.

    Raises:
        RoleRefusedError: The role template has not made the role.
    """
    account, name = order.account, order.execution_role_name
    if iam._roles.get_scoped(account, None, name) is None:  # noqa: SLF001
        if order.execution_role_template is not None:
            message = f"Account {account} should have '{name}' role"
            raise RoleRefusedError(message)
        _make_role(account, order.region, name)
    return _register_session(_SERVICE, account, name)


def _make_role(account: str, region: str, name: str) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "member.org.stacksets.cloudformation.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    with request_scope(account, region):
        iam._create_role(  # noqa: SLF001
            {"RoleName": [name], "AssumeRolePolicyDocument": [json.dumps(trust)]}
        )
        iam._roles[name]["AttachedPolicies"].append(_ADMINISTRATOR)  # noqa: SLF001


def _trusts(
    service: str,
    account: str,
    role_name: str,
    context: Any,  # noqa: ANN401 - ministack is untyped
) -> bool:
    role = iam._roles.get_scoped(account, None, role_name) or {}  # noqa: SLF001
    document = role.get("AssumeRolePolicyDocument") or "{}"
    document = json.loads(document) if isinstance(document, str) else document
    statements = document.get("Statement", [])
    matching = {
        statement.get("Effect")
        for statement in ([statements] if isinstance(statements, dict) else statements)
        if iam_evaluator._service_principal_matches(statement.get("Principal"), service)  # noqa: SLF001
        and iam_evaluator._conditions_met(statement.get("Condition", {}), context)  # noqa: SLF001
    }
    return matching == {"Allow"}


def _register_session(service: str, account: str, role_name: str) -> dict[str, str]:
    session = "StackSets" if service == _SERVICE else service.partition(".")[0]
    key, secret, token = (secrets.token_hex(size).upper() for size in (8, 20, 40))
    sts.register_session(
        f"ASIA{key}",
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{session}",
            "UserId": f"{role_name}:{session}",
            "AccountId": account,
            "PrincipalType": "AssumedRole",
            "SecretAccessKey": secret,
            "SessionToken": token,
            "Expiration": time.time() + _SESSION_SECONDS,
        },
    )
    return {
        "aws_access_key_id": f"ASIA{key}",
        "aws_secret_access_key": secret,
        "aws_session_token": token,
    }
