"""Target accounts as their own administrators see them: roles to be taken, and outputs of stacks.

A session belongs to the access key that AssumeRole gives; what is asked with it is answered by the
account of its role.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from emulator.stacksets import wire
from emulator.stacksets.errors import ApiError, invalid, unknown_action
from emulator.virtual.http import Reply

if TYPE_CHECKING:
    from emulator.virtual.deployer import DeployedStack, ScriptedDeployer

_SESSION = "ASIAVIRTUAL"
_STS = "https://sts.amazonaws.com/doc/2011-06-15/"


class MemberAccounts:
    """What is asked of the target accounts.

    Attributes:
        role_name: The role that each of them has, for whoever asks; empty for none.
        without_role: Accounts that lack it.
        silent: Accounts in which it may not describe stacks.
        outputs: The outputs of a stack, by account and Region.
        sessions: The (account, name) of each session, in order.
    """

    def __init__(self) -> None:
        self.role_name = ""
        self.without_role: set[str] = set()
        self.silent: set[str] = set()
        self.outputs: Callable[[str, str], Mapping[str, str]] = _nothing
        self.sessions: list[tuple[str, str]] = []

    def sts(self, text: str, caller: str) -> Reply:
        """Answer a call of STS.

        Args:
            text: The request's form.
            caller: The account that asks.
        """
        form = parse_qs(text)
        action = form["Action"][0]
        if action == "GetCallerIdentity":
            arn = f"arn:aws:iam::{caller}:user/testing"
            return _render(action, {"UserId": "AIDATESTING", "Account": caller, "Arn": arn})
        try:
            return _render(action, {"Credentials": self._assume(form)})
        except ApiError as error:
            return Reply(*wire.render_error(error))

    def _assume(self, form: Mapping[str, list[str]]) -> dict[str, str]:
        arn, name = form["RoleArn"][0], form["RoleSessionName"][0]
        account, _, role = arn.removeprefix("arn:aws:iam::").partition(":role/")
        if not self.role_name or role != self.role_name or account in self.without_role:
            message = f"User is not authorized to perform: sts:AssumeRole on resource: {arn}"
            code = "AccessDenied"
            raise ApiError(code, message, 403)
        self.sessions.append((account, name))
        return {
            "AccessKeyId": f"{_SESSION}{account}",
            "SecretAccessKey": f"secret-of-{account}",
            "SessionToken": f"token-of-{account}",
            "Expiration": datetime(2027, 1, 1, tzinfo=UTC).isoformat(),
        }

    def call(
        self,
        access_key: str,
        action: str,
        asked: Mapping[str, Any],
        url: str,
        deployer: ScriptedDeployer,
    ) -> dict[str, Any]:
        """Answer a call of CloudFormation in the account of a session.

        Raises:
            ApiError: The role may not ask, or there is no such stack in that Region.
        """
        if action != "DescribeStacks":
            raise unknown_action(action)
        account, stack_id = access_key.removeprefix(_SESSION), asked["StackName"]
        region = str(urlsplit(url).hostname).split(".")[1]
        if account in self.silent:
            message = f"not authorized to perform: cloudformation:DescribeStacks on {stack_id}"
            code = "AccessDenied"
            raise ApiError(code, message, 403)
        for place, stack in deployer.stacks.items():
            if place[:2] == (account, region) and stack.stack_id == stack_id:
                return {"Stacks": [self._shown(stack, account, region)]}
        message = f"Stack with id {stack_id} does not exist"
        raise invalid(message)

    def _shown(self, stack: DeployedStack, account: str, region: str) -> dict[str, Any]:
        outputs = self.outputs(account, region)
        listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()]
        return {
            "StackId": stack.stack_id,
            "StackName": stack.stack_name,
            "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
            "StackStatus": "CREATE_COMPLETE",
            **({"Outputs": listed} if listed else {}),
        }


def is_session(access_key: str) -> bool:
    """Tell whether an access key is that of a session in a target account."""
    return access_key.startswith(_SESSION)


def sts_action(text: str) -> str | None:
    """Read which action of STS a form asks for; None for one that is not known."""
    [action] = parse_qs(text).get("Action", [""])
    return action if action in {"AssumeRole", "GetCallerIdentity"} else None


def _render(action: str, result: Mapping[str, Any]) -> Reply:
    content = f"<{action}Result>{_written(result)}</{action}Result>"
    return Reply(200, f'<{action}Response xmlns="{_STS}">{content}</{action}Response>'.encode())


def _written(members: Mapping[str, Any]) -> str:
    return "".join(
        f"<{name}>{_written(each) if isinstance(each, Mapping) else each}</{name}>"
        for name, each in members.items()
    )


def _nothing(_account: str, _region: str) -> Mapping[str, str]:
    return {}
