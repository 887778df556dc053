"""CodePipeline's two actions on change sets."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

_POLL_SECONDS = 0.1
_EMPTY = "didn't contain changes"


class ChangeSets:
    """The change set that an action names.

    Args:
        client: A CloudFormation client with the pipeline's credentials.
        configuration: The action's configuration.
    """

    def __init__(self, client: Any, configuration: Mapping[str, str]) -> None:  # noqa: ANN401
        self._client = client
        self._configuration = configuration
        self._stack = configuration["StackName"]
        self._names = {
            "StackName": self._stack,
            "ChangeSetName": configuration["ChangeSetName"],
        }

    def replace(self, artifacts: Path) -> str:
        """Make the change set anew; return its status, and why if it has no changes.

        Args:
            artifacts: The folder that has each artifact's files, in a folder of its name.
        """
        template, settings = (
            artifacts.joinpath(*self._configuration[name].split("::")).read_text("utf-8")
            for name in ("TemplatePath", "TemplateConfiguration")
        )
        parameters = json.loads(settings)["Parameters"]
        if self._described():
            self._client.delete_change_set(**self._names)
        made = self._client.create_change_set(
            **self._names,
            ChangeSetType="CREATE" if self.status() in {"", "REVIEW_IN_PROGRESS"} else "UPDATE",
            TemplateBody=template,
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
            RoleARN=self._configuration["RoleArn"],
        )
        while True:
            found = self._client.describe_change_set(**self._named(made["Id"]))
            if not found["Status"].endswith(("_IN_PROGRESS", "_PENDING")):
                return f"{found['Status']} {found.get('StatusReason', '')}".strip()
            time.sleep(_POLL_SECONDS)

    def execute(self) -> str | None:
        """Execute the change set unless it is empty, and wait for the stack.

        Returns:
            Why the stack failed, or None.
        """
        found = self._client.describe_change_set(**self._names)
        if found["Status"] == "FAILED":
            reason: str = found["StatusReason"]
            return None if _EMPTY in reason else reason
        self._client.execute_change_set(**self._names)
        while True:
            found = self._client.describe_change_set(**self._named(found["ChangeSetId"]))
            if found["ExecutionStatus"] == "EXECUTE_COMPLETE":
                return None
            if found["ExecutionStatus"] == "EXECUTE_FAILED":
                return f"{self._stack} is {self.status()}: {self._first_failure()}"
            time.sleep(_POLL_SECONDS)

    def status(self) -> str:
        """The stack's status; empty when there is none."""
        try:
            [found] = self._client.describe_stacks(StackName=self._stack)["Stacks"]
        except ClientError as error:
            if "does not exist" not in str(error):
                raise
            return ""
        status: str = found["StackStatus"]
        return status

    def _named(self, change_set_id: str) -> dict[str, str]:
        """By its id, since a name no longer tells once it is executed; IAM looks at the stack."""
        return {"StackName": self._stack, "ChangeSetName": change_set_id}

    def _described(self) -> bool:
        try:
            self._client.describe_change_set(**self._names)
        except ClientError as error:
            if error.response["Error"]["Code"] not in {"ChangeSetNotFound", "ValidationError"}:
                raise
            return False
        return True

    def _first_failure(self) -> str:
        events = self._client.describe_stack_events(StackName=self._stack)["StackEvents"]
        failures = [
            event["ResourceStatusReason"]
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        return failures[-1] if failures else "no reason given"
