"""Stacks of the function's own account that are there already, in whatever Region."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.gateway.retry import call_patiently
from handler.values.targets import place_of_stack

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_REFUSED, _GONE = "ValidationError", "DELETE_COMPLETE"


class NoSuchStack(Exception):
    """There is no such stack in the Region that its id names."""


class StandingStacks:
    """Reads stacks.

    Args:
        client: Gives CloudFormation's client of a Region.
        warn: Takes what an operator should know: a text, and details by name.
        sleep: Waits for so many seconds before a further try.
    """

    def __init__(
        self,
        client: Callable[[str], CloudFormationClient],
        warn: Callable[..., None],
        sleep: Callable[[float], None],
    ) -> None:
        self._client = client
        self._warn = warn
        self._sleep = sleep

    def template(self, stack_id: str) -> str | None:
        """Returns the template of a stack; None where the function may not ask, or nobody answers.

        Args:
            stack_id: Its ARN.

        Raises:
            NoSuchStack: It is not there, or not any more.
        """
        client = self._client(place_of_stack(stack_id).region)
        try:
            told: Mapping[str, Any] = call_patiently(
                lambda: client.describe_stacks(StackName=stack_id), self._sleep
            )
            if all(each.get("StackStatus") == _GONE for each in told["Stacks"]):
                raise NoSuchStack(stack_id)
            answer: Mapping[str, Any] = call_patiently(
                lambda: client.get_template(StackName=stack_id, TemplateStage="Original"),
                self._sleep,
            )
        except (BotoCoreError, ClientError) as error:
            details: Any = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
            if details.get("Code") == _REFUSED and "does not exist" in details.get("Message", ""):
                raise NoSuchStack(stack_id) from error
            self._warn("stack is not checked before it is imported", cause=str(error))
            return None
        body = answer["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)  # botocore reads JSON
