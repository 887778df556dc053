"""Deploys stack instances as real stacks, in the member accounts, through the roles."""

from __future__ import annotations

import dataclasses
import json
import re
import threading
import time
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from emulator.server.roles import (
    RoleRefusedError,
    administration_session,
    service_managed_session,
)
from emulator.stacksets import templates
from emulator.stacksets.deployment import DeploymentOrder, Outcome

_POLL_SECONDS = 0.1
_NOTHING_TO_DO = "No updates are to be performed"
_STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS")


class DeploymentFailedError(Exception):
    """The stack is not what the order asked for."""


class StackDeployer:
    """Starts each deployment in a thread of its own, which calls the gateway as StackSets would.

    Args:
        endpoint: URL of the gateway.
        certificate: The file that vouches for it.
        account: The administrator account.
        region: The Region of its stack sets.
        minimum_seconds: How long a deployment takes at least, so that somebody can watch it.
    """

    def __init__(
        self,
        endpoint: str,
        certificate: str,
        *,
        account: str,
        region: str,
        minimum_seconds: float = 0,
    ) -> None:
        self._endpoint = endpoint
        self._certificate = certificate
        self._account = account
        self._region = region
        self._minimum_seconds = minimum_seconds
        self._session = botocore.session.Session()
        self._making_client = threading.Lock()
        self._provisioning = threading.Lock()

    def start(self, order: DeploymentOrder, now: float) -> StackDeployment:
        """Start what the order asks for."""
        deployment = StackDeployment(now + self._minimum_seconds)
        thread = threading.Thread(target=self._run, args=(order, deployment), daemon=True)
        thread.start()
        return deployment

    def _run(self, order: DeploymentOrder, deployment: StackDeployment) -> None:
        stack = _Stack(order)
        try:
            stack.deploy(self._member_client(order))
        except (DeploymentFailedError, RoleRefusedError) as failure:
            deployment.finish(Outcome(succeeded=False, reason=str(failure), stack_id=stack.id))
        except ClientError as error:
            reason = error.response["Error"]["Message"]
            deployment.finish(Outcome(succeeded=False, reason=reason, stack_id=stack.id))
        except BotoCoreError as error:
            deployment.finish(Outcome(succeeded=False, reason=str(error), stack_id=stack.id))
        else:
            deployment.finish(
                Outcome(succeeded=True, stack_id=stack.id, parameters=stack.parameters)
            )

    def _member_client(self, order: DeploymentOrder) -> Any:  # noqa: ANN401 - an untyped client
        """Go from the service through the administration role to the execution role."""
        if order.service_managed:
            self._provision_role(order)
            member = service_managed_session(order)
            return self._client("cloudformation", order.region, member)
        administrator = administration_session(order, self._account, self._region)
        administration = order.administration_role_arn
        partition = administration.split(":")[1]
        execution = f"arn:{partition}:iam::{order.account}:role/{order.execution_role_name}"
        try:
            member = self._assume(administrator, execution)
        except ClientError as error:
            name = administration.rsplit("/", 1)[-1]
            message = (
                f"Account {order.account} should have '{order.execution_role_name}' role with "
                f"trust relationship to Role '{name}'."
            )
            raise RoleRefusedError(message) from error
        return self._client("cloudformation", order.region, member)

    def _provision_role(self, order: DeploymentOrder) -> None:
        """Bring a custom execution role to what its template says, in the member account."""
        if order.execution_role_template is None or order.action == "DELETE":
            return
        root = {"aws_access_key_id": order.account, "aws_secret_access_key": "test"}
        role = _Stack(
            dataclasses.replace(
                order,
                action="UPDATE",
                stack_name=f"StackSet-{order.execution_role_name}",
                stack_id=None,
                template_body=order.execution_role_template,
                parameters={},
            )
        )
        # Regions deploy side by side; the role is the account's.
        with self._provisioning:
            role.deploy(self._client("cloudformation", self._region, root))

    def _assume(self, credentials: dict[str, str], role_arn: str) -> dict[str, str]:
        client = self._client("sts", "us-east-1", credentials)
        taken = client.assume_role(RoleArn=role_arn, RoleSessionName="StackSets")["Credentials"]
        return {
            "aws_access_key_id": taken["AccessKeyId"],
            "aws_secret_access_key": taken["SecretAccessKey"],
            "aws_session_token": taken["SessionToken"],
        }

    def _client(self, service: str, region: str, credentials: dict[str, str]) -> Any:  # noqa: ANN401
        with self._making_client:
            create: Any = self._session.create_client
            return create(
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                verify=self._certificate,
                config=Config(retries={"total_max_attempts": 2}),
                **credentials,
            )


class StackDeployment:
    """One deployment under way.

    Args:
        not_before: The earliest time at which it may be done.
    """

    ready_at: float | None = None

    def __init__(self, not_before: float) -> None:
        self._not_before = not_before
        self._outcome: Outcome | None = None

    def finish(self, outcome: Outcome) -> None:
        """Keep the outcome for the next poll."""
        self._outcome = outcome

    def poll(self, now: float) -> Outcome | None:
        """Return the outcome, or None while the deployment still runs."""
        return self._outcome if now >= self._not_before else None


class _Stack:
    """The stack of one instance, in the member account.

    Attributes:
        id: Its ARN, once it is known.
        parameters: What an imported stack has; empty for any other.
    """

    def __init__(self, order: DeploymentOrder) -> None:
        self.id = order.stack_id
        self.parameters: dict[str, str] = {}
        self._order = order

    def deploy(self, client: Any) -> None:  # noqa: ANN401
        """Bring the stack to what the order asks for, and wait until it is there."""
        status = self._status(client)
        if self._order.action == "IMPORT":
            if status is None:
                message = f"Stack [{self.id}] does not exist"
                raise DeploymentFailedError(message)
            self._import(client)
            return
        if self._order.action == "DELETE":
            if status is not None:
                self._delete(client)
            self.id = None
            return
        if status == "ROLLBACK_COMPLETE":
            # Such a stack can only be deleted: StackSets makes it anew.
            self._delete(client)
            status = None
        if status is None:
            self.id = client.create_stack(**self._request())["StackId"]
            self._settle_creation(client)
            return
        try:
            client.update_stack(**self._request())
        except ClientError as error:
            if _NOTHING_TO_DO in error.response["Error"]["Message"]:
                return
            raise
        self._settle(client, "UPDATE_COMPLETE")

    def _import(self, client: Any) -> None:  # noqa: ANN401
        """Take the stack as it is, with its parameters, if it has the stack set's template."""
        found = client.get_template(StackName=self.id, TemplateStage="Original")["TemplateBody"]
        # botocore reads JSON.
        body = found if isinstance(found, str) else json.dumps(found)
        if not templates.are_alike(body, self._order.template_body):
            message = f"Stack [{self.id}] has another template than the stack set"
            raise DeploymentFailedError(message)
        stack = client.describe_stacks(StackName=self.id)["Stacks"][0]
        self.parameters = {
            each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])
        }

    def _request(self) -> dict[str, Any]:
        order = self._order
        return {
            "StackName": order.stack_name,
            "TemplateBody": order.template_body,
            "Parameters": [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in order.parameters.items()
            ],
            "Tags": [{"Key": key, "Value": value} for key, value in order.tags.items()],
            "Capabilities": list(order.capabilities),
        }

    def _status(self, client: Any) -> str | None:  # noqa: ANN401
        try:
            found = client.describe_stacks(StackName=self.id or self._order.stack_name)
        except ClientError:
            return None
        stack = found["Stacks"][0]
        self.id = stack["StackId"]
        status: str = stack["StackStatus"]
        return None if status == "DELETE_COMPLETE" else status

    def _delete(self, client: Any) -> None:  # noqa: ANN401
        client.delete_stack(StackName=self.id)
        self._settle(client, None)

    def _settle(self, client: Any, wanted: str | None) -> None:  # noqa: ANN401
        while (status := self._status(client)) is not None and status.endswith("_IN_PROGRESS"):
            time.sleep(_POLL_SECONDS)
        if status != wanted:
            raise DeploymentFailedError(self._cause(client) or f"Stack is {status}")

    def _settle_creation(self, client: Any) -> None:  # noqa: ANN401
        try:
            self._settle(client, "CREATE_COMPLETE")
        except DeploymentFailedError:
            # StackSets leaves nothing of a failed create.
            self._delete(client)
            raise

    def _cause(self, client: Any) -> str:  # noqa: ANN401
        """Return the first failure of the last operation, in StackSets' words."""
        cause = ""
        for event in client.describe_stack_events(StackName=self.id)["StackEvents"]:
            status = event["ResourceStatus"]
            if status.endswith("_FAILED"):
                cause = (
                    f"ResourceLogicalId:{event['LogicalResourceId']}, "
                    f"ResourceType:{event['ResourceType']}, "
                    f"ResourceStatusReason:{_message(event.get('ResourceStatusReason', ''))}"
                )
            if event["LogicalResourceId"] == self._order.stack_name and status in _STARTS:
                break
        return cause


def _message(reason: str) -> str:
    """Return what a service said; ministack quotes some answers whole, AWS only the message."""
    quoted = re.search(r'"message": "([^"]+)"', reason)
    return f"{(quoted[1] if quoted else reason).rstrip('.')}."
