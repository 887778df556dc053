"""The way of StackSets into a member account: administration role, then execution role."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import iam, sts

from emulator.deployment import DeploymentOrder

_SERVICE = "cloudformation.amazonaws.com"
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
    context = iam_evaluator.EvalContext(
        principal_arn=_SERVICE,
        principal_type="Service",
        principal_account=account,
        action="sts:AssumeRole",
        resource_arn=arn,
        region=region,
        service_context={
            "aws:sourceaccount": account,
            "aws:sourcearn": (
                f"arn:{arn.split(':')[1]}:cloudformation:{region}:{account}:"
                f"stackset/{order.stack_set_id}"
            ),
        },
    )
    if not _trusts_the_service(account, name, context):
        message = (
            f"Account {account} should have '{name}' role with trust relationship to "
            "CloudFormation service."
        )
        raise RoleRefusedError(message)
    return _register_session(account, name)


def _trusts_the_service(
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
        if iam_evaluator._service_principal_matches(statement.get("Principal"), _SERVICE)  # noqa: SLF001
        and iam_evaluator._conditions_met(statement.get("Condition", {}), context)  # noqa: SLF001
    }
    return matching == {"Allow"}


def _register_session(account: str, role_name: str) -> dict[str, str]:
    key, secret, token = (secrets.token_hex(size).upper() for size in (8, 20, 40))
    sts.register_session(
        f"ASIA{key}",
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/StackSets",
            "UserId": f"{role_name}:StackSets",
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
