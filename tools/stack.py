"""The function's own stack: deploys it, or only says what a deployment would change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tools.aws import Aws, AwsError
from tools.standing import DeployFailed

_PROPOSAL = "--no-execute-changeset"


@dataclass(frozen=True)
class Stack:
    """A stack, whether it is there or not.

    Attributes:
        aws: The AWS CLI, bound to region and profile.
        name: Its name.
        tags: Tags of the stack, which CloudFormation gives to all that is in it.
        role: ARN of the role with which CloudFormation acts; empty for the caller's rights.
    """

    aws: Aws
    name: str
    tags: Mapping[str, str] = field(default_factory=dict)
    role: str = ""

    def deploy(self, packaged: Path, parameters: Mapping[str, str]) -> None:
        """Bring it to a template, before the user's eyes.

        Raises:
            DeployFailed: It was not deployed; the text has the reasons.
        """
        if not self.aws.show(*self._words(packaged, parameters)):
            reasons = "".join(f"\n  {reason}" for reason in self._failures())
            msg = f"Stack {self.name} was not deployed.{reasons}"
            raise DeployFailed(msg)

    def propose(self, packaged: Path, parameters: Mapping[str, str]) -> None:
        """Make a change set, print what it would change, and leave it there.

        Raises:
            DeployFailed: There can be none.
        """
        before = self._change_sets()
        if not self.aws.show(*self._words(packaged, parameters), _PROPOSAL):
            msg = f"No change set of stack {self.name} was made."
            raise DeployFailed(msg)
        made = [each for each in self._change_sets() - before if self._print_changes(each)]
        if not made:
            print(f"Nothing would change in stack {self.name}.")
        for each in made:
            print(f"To execute it: aws cloudformation execute-change-set --change-set-name {each}")

    def output(self, key: str) -> str:
        """The value of an output."""
        found = self._ask("describe-stacks")
        [stack] = found["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        return str(outputs[key])

    def _words(self, packaged: Path, parameters: Mapping[str, str]) -> list[str]:
        words = [
            *("cloudformation", "deploy", "--template-file", str(packaged)),
            *("--stack-name", self.name, "--no-fail-on-empty-changeset"),
            # Asked for wherever a template knows a RoleName, even if this stack gives none.
            *("--capabilities", "CAPABILITY_NAMED_IAM"),
        ]
        if parameters:
            words += [
                "--parameter-overrides",
                *(f"{key}={each}" for key, each in parameters.items()),
            ]
        if self.tags:
            words += ["--tags", *(f"{key}={each}" for key, each in self.tags.items())]
        if self.role:
            words += ["--role-arn", self.role]
        return words

    def _ask(self, call: str) -> Any:  # noqa: ANN401
        return self.aws("cloudformation", call, "--stack-name", self.name)

    def _change_sets(self) -> set[str]:
        """The ARNs of its change sets that could be executed."""
        try:
            found = self._ask("list-change-sets")
        except AwsError:
            return set()
        return {each["ChangeSetId"] for each in found["Summaries"] if each["Status"] != "FAILED"}

    def _print_changes(self, change_set: str) -> bool:
        """Print a line for each resource that would change; tell whether there is any."""
        call = ("cloudformation", "describe-change-set", "--change-set-name", change_set)
        changes = [each["ResourceChange"] for each in self.aws(*call).get("Changes", [])]
        for each in changes:
            replaced = {"True": ", replaced", "Conditional": ", perhaps replaced"}
            how = each["Action"] + replaced.get(each.get("Replacement", ""), "")
            print(f"  {how}: {each['LogicalResourceId']} ({each['ResourceType']})")
        return bool(changes)

    def _failures(self) -> list[str]:
        """What failed in its last deployment, first cause first."""
        try:
            found = self._ask("describe-stack-events")
        except AwsError:
            return []
        reasons = []
        for event in found["StackEvents"]:
            status = event["ResourceStatus"]
            if status.endswith("_FAILED") and "ResourceStatusReason" in event:
                reasons.append(f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}")
            is_stack = event["LogicalResourceId"] == self.name
            if is_stack and status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}:
                break
        return reasons[::-1]
