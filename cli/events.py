"""The events of member stacks, where a role lets us read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from cli.service import Service
from handler.gateway.member_stacks import MemberStacks, NotRead
from handler.gateway.stacksets import StackSets
from handler.values.targets import Target

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_FAILED = "_FAILED"
# What fails only because something else did.
_ECHOES = ("Resource creation cancelled", "Resource update cancelled", "The following resource(s)")


@dataclass
class MemberEvents:
    """Reads why stacks failed, in their own accounts.

    Attributes:
        service: Where to ask.
        stack_sets: Lists the instances, once, where a stack is asked for.
        stack_set_id: The stack set.
        role_name: The role to assume in other accounts; None to read those of the own alone.
        notes: Why stacks could not be read, each once.
    """

    service: Service
    stack_sets: StackSets
    stack_set_id: str
    role_name: str | None
    notes: dict[str, None] = field(default_factory=dict)

    @cached_property
    def _stack_ids(self) -> dict[Target, str]:
        return {
            Target(each["Account"], each["Region"]): each.get("StackId") or ""
            for each in self.stack_sets.summaries(self.stack_set_id)
        }

    @cached_property
    def _sts(self) -> Any:  # noqa: ANN401 - botocore makes it
        return self.service.session().client("sts", endpoint_url=self.service.endpoint)

    @cached_property
    def _caller(self) -> tuple[str, str]:
        """Whose credentials these are: the account, and its partition."""
        identity = self._sts.get_caller_identity()
        return str(identity["Account"]), str(identity["Arn"]).split(":")[1]

    def first_failure(self, account: str, region: str) -> str:
        """Returns the first failed resource of a stack with its reason; empty for nothing."""
        stack_id = self._stack_ids.get(Target(account, region))
        if not stack_id:
            return ""
        try:
            client = self._client(account, region)
            return "" if client is None else _first_failure(client, stack_id)
        except NotRead as error:
            self.notes[f"The stack's own events are not read: {error}. {error.mend}"] = None
        except (BotoCoreError, ClientError) as error:
            self.notes[f"The stack's own events are not read: {error}"] = None
        return ""

    def _client(self, account: str, region: str) -> CloudFormationClient | None:
        own, partition = self._caller
        if own == account:
            return self._made({}, region)
        if self.role_name is None:
            self.notes["Stacks of other accounts are read with --role NAME."] = None
            return None
        members = MemberStacks(self.role_name, lambda: self._sts, self._made)
        return self._made(members.enter(account, partition), region)

    def _made(self, credentials: Any, region: str) -> CloudFormationClient:  # noqa: ANN401
        """Makes a client with some credentials, or without any with those of the caller."""
        return self.service.session().client(
            "cloudformation",
            region_name=region,
            endpoint_url=self.service.endpoint,
            aws_access_key_id=credentials.get("AccessKeyId"),
            aws_secret_access_key=credentials.get("SecretAccessKey"),
            aws_session_token=credentials.get("SessionToken"),
        )


def _first_failure(client: CloudFormationClient, stack_id: str) -> str:
    """Returns the first event of the last deployment that is a failure of its own."""
    failed: list[str] = []
    pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    for page in pages:
        for event in page["StackEvents"]:
            reason = event.get("ResourceStatusReason") or ""
            status = event.get("ResourceStatus", "")
            is_own = event.get("PhysicalResourceId") == stack_id
            if is_own and reason == "User Initiated":
                return failed[-1] if failed else ""
            if status.endswith(_FAILED) and not is_own and not reason.startswith(_ECHOES):
                failed.append(
                    f"{event.get('LogicalResourceId')} ({event.get('ResourceType')}): {reason}"
                )
    return failed[-1] if failed else ""
