"""The AWS CLI with answers given beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.aws import Aws, AwsError

ACCOUNT = "111111111111"
DENIED = AwsError(
    "An error occurred (AccessDenied) when calling the Call operation: User is not authorized"
)
FUNCTION = {"StackResourceDetail": {"PhysicalResourceId": "the-function"}}


@dataclass(frozen=True)
class Answers(Aws):
    """Answers by command, and by its last word where that matters: `COMMAND` or `COMMAND WORD`.

    Attributes:
        given: The answers; an exception is raised, of a list each comes once, the last always, and
            a function is called with the command's last word.
        asked: The commands that were run, each as `COMMAND WORD`.
    """

    region: str = "eu-west-1"
    profile: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, *words: str) -> Any:
        """The answer of the command that comes closest."""
        command = f"{words[1]} {words[-1]}"
        self.asked.append(command)
        answer = self.given[command if command in self.given else words[1]]
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(words[-1]) if callable(answer) else answer


def function(runtime: str, architecture: str) -> dict[str, Any]:
    """Answers of a stack whose function runs on these."""
    configuration = {"Runtime": runtime, "Architectures": [architecture]}
    return {"describe-stack-resource": FUNCTION, "get-function-configuration": configuration}


def stack_sets(roles: Mapping[str, str]) -> dict[str, Any]:
    """Answers of an account with these stack sets, and with an administration role's path each."""
    answers: dict[str, Any] = {
        f"describe-stack-set {name}": {
            "StackSet": {"AdministrationRoleARN": f"arn:aws:iam::{ACCOUNT}:role/{role}"}
        }
        for name, role in roles.items()
    }
    summaries = [{"StackSetName": name, "PermissionModel": "SELF_MANAGED"} for name in roles]
    return {**answers, "list-stack-sets": {"Summaries": summaries}}


def importing(stack: str, template: str, **parameters: str) -> dict[str, Any]:
    """Answers of one stack that imports the function."""
    listed = [{"ParameterKey": key, "ParameterValue": each} for key, each in parameters.items()]
    return {
        "list-imports": {"Imports": [stack]},
        f"get-template {stack}": {"TemplateBody": template},
        f"describe-stacks {stack}": {"Stacks": [{"Parameters": listed}]},
    }


NOBODY_IMPORTS = {
    "list-imports": AwsError(
        "An error occurred (ValidationError) when calling the ListImports operation: "
        "Export 'StackSetCustomResource' is not imported by any stack."
    )
}
