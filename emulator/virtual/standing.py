"""DescribeStacks and GetTemplate of stacks that stand in the account itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from emulator.stacksets.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.virtual.deployer import ScriptedDeployer

ACTIONS = frozenset({"DescribeStacks", "GetTemplate"})


def shown(
    deployer: ScriptedDeployer, url: str, account: str, action: str, asked: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Answer a question about a stack that a deployer knows.

    Args:
        deployer: It does.
        url: Tells the Region.
        account: The account.
        action: What is asked.
        asked: The call.

    Returns:
        The answer; None for any other question, and for DescribeStacks of any other stack.

    Raises:
        ApiError: ValidationError: there is no such stack in that Region.
    """
    if action not in ACTIONS:
        return None
    name, region = asked.get("StackName"), str(urlsplit(url).hostname).split(".")[1]
    for place, stack in deployer.stacks.items():
        if place[:2] != (account, region) or stack.stack_id != name:
            continue
        if action == "GetTemplate":
            return {"TemplateBody": stack.template_body, "StagesAvailable": ["Original"]}
        made = datetime(2026, 1, 1, tzinfo=UTC)
        told = {"StackId": name, "StackName": stack.stack_name, "CreationTime": made}
        return {"Stacks": [{**told, "StackStatus": "CREATE_COMPLETE"}]}
    if action == "GetTemplate":
        message = f"Stack with id {name} does not exist"
        raise invalid(message)
    return None
