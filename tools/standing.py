"""The stack as it stands before a deployment."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tools.aws import Aws, AwsError

# A stack in one of these states takes no update, and only a person can help.
STUCK = {
    "ROLLBACK_COMPLETE": "its first deployment failed; delete the stack, then deploy again",
    "ROLLBACK_FAILED": "delete the stack, then deploy again",
    "DELETE_FAILED": "delete the stack, then deploy again",
    "UPDATE_ROLLBACK_FAILED": "continue its rollback (aws cloudformation continue-update-rollback)",
}


class DeployFailed(Exception):
    """The deployment cannot go on; the text says why and what would help."""


@dataclass(frozen=True)
class Standing:
    """A stack that is there and takes an update.

    Attributes:
        stack: Its name.
        parameters: The values of its template's parameters, by name.
    """

    stack: str
    parameters: Mapping[str, str]


def find(aws: Aws, stack: str) -> Standing | None:
    """Return the stack of this name; None where there is none, or only a change set for one.

    Raises:
        DeployFailed: It would refuse the deployment.
    """
    try:
        found = aws("cloudformation", "describe-stacks", "--stack-name", stack)["Stacks"][0]
    except AwsError as error:
        if "does not exist" in error.text:
            return None
        raise
    status = found["StackStatus"]
    if status == "REVIEW_IN_PROGRESS":
        return None
    mend = STUCK.get(status)
    if status.endswith("_IN_PROGRESS"):
        mend = "wait until that is over, then deploy again"
    if mend:
        msg = f"Stack {stack} is in {status}: {mend}."
        raise DeployFailed(msg)
    given = found.get("Parameters", [])
    return Standing(stack, {each["ParameterKey"]: each["ParameterValue"] for each in given})


def read_overrides(words: Iterable[str]) -> dict[str, str]:
    """Return the template parameters of a command line by name.

    Raises:
        DeployFailed: A word is not NAME=VALUE.
    """
    overrides = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (equals and name.isalnum()):
            msg = (
                f"--parameter-overrides takes words of the form NAME=VALUE, which '{word}' is not."
            )
            raise DeployFailed(msg)
        overrides[name] = value
    return overrides
