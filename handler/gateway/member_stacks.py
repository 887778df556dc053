"""The stacks of a stack set in their own accounts, read through a role there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from handler.causes import mends_of

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

SESSION_NAME = "stackset-resource"
"""How a target account's trail names who reads there."""

Credentials = Mapping[str, Any]
"""Those of a session as STS gives them: AccessKeyId, SecretAccessKey and SessionToken."""

_SESSION_SECONDS = 900  # the shortest that there is
# Clients are for several threads, and what makes them is not.
_making = Lock()
_ROLE_TEMPLATE = "examples/roles/output-reader.yaml"


class Client(Protocol):
    """What is used of STS's client."""

    def assume_role(self, *, RoleArn: str, RoleSessionName: str, DurationSeconds: int) -> Any:  # noqa: N803, ANN401
        """Take a role."""


class NotRead(Exception):
    """A stack's outputs cannot be read.

    Attributes:
        cause: Why, alike for all stacks for which it is the same.
        mend: What to do, a sentence.
        told: What AWS says; it quotes neither credentials nor outputs.
    """

    def __init__(self, cause: str, mend: str, told: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.mend = mend
        self.told = told


@dataclass(frozen=True)
class MemberStacks:
    """Who reads stacks in other accounts; several threads may at once.

    Attributes:
        role_name: The role in each of the accounts, with its path.
        sts: Gives the client of the function's own account.
        cloudformation: Makes a client with some credentials in a Region.
    """

    role_name: str
    sts: Callable[[], Client]
    cloudformation: Callable[[Credentials, str], CloudFormationClient]

    def enter(self, account: str, partition: str) -> Credentials:
        """Take the role in an account; returns its credentials, which nobody may see.

        Args:
            account: The account.
            partition: Its partition, such as ``aws``.

        Raises:
            NotRead: The role cannot be assumed.
        """
        arn = f"arn:{partition}:iam::{account}:role/{self.role_name}"
        try:
            with _making:
                sts = self.sts()
            answer = sts.assume_role(
                RoleArn=arn, RoleSessionName=SESSION_NAME, DurationSeconds=_SESSION_SECONDS
            )
        except (BotoCoreError, ClientError) as error:
            cause = f"the role {self.role_name} cannot be assumed there ({_code(error)})"
            mend = f"Deploy {_ROLE_TEMPLATE} there, with the function's role as the one it trusts."
            raise NotRead(cause, mend, str(error)) from error
        credentials: Credentials = answer["Credentials"]
        return credentials

    def outputs(self, credentials: Credentials, region: str, stack_id: str) -> dict[str, str]:
        """Returns all outputs of a stack, by their keys.

        Args:
            credentials: Those of the role in the stack's account.
            region: The stack's Region.
            stack_id: The stack.

        Raises:
            NotRead: It is not there any more, or the role may not read it.
        """
        try:
            with _making:
                client = self.cloudformation(credentials, region)
            with contextlib.closing(client):
                [stack] = client.describe_stacks(StackName=stack_id)["Stacks"]
        except (BotoCoreError, ClientError) as error:
            # A signature that does not match is answered with all that was signed.
            told = str(error).replace(credentials["SessionToken"], "...")
            raise NotRead(*self._why(error), told) from error
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}

    def _why(self, error: BotoCoreError | ClientError) -> tuple[str, str]:
        """The cause and the mend of a stack that is not told of."""
        text, code = str(error), _code(error)
        if code == "ValidationError" and "does not exist" in text:
            mend = "Somebody has deleted it: take its target out of the template, then put it back."
            return "the stack does not exist any more", mend
        if code in {"AccessDenied", "AccessDeniedException"}:
            cause = f"the role {self.role_name} may not describe the stack ({code})"
            return cause, f"Allow it cloudformation:DescribeStacks, as {_ROLE_TEMPLATE} does."
        mends = mends_of([f"{code} {text}"]) or ["Write another Revision to have it tried again."]
        return f"DescribeStacks is refused ({code})", mends[0]


def _code(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code"))
    return type(error).__name__
