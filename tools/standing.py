"""The stack as it stands before a deployment."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

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
        tags: Its tags, by key.
    """

    stack: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str] = field(default_factory=dict)


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
    given = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    tags = {each["Key"]: each["Value"] for each in found.get("Tags", [])}
    return Standing(stack, given, tags)


def read_tags(words: Iterable[str]) -> dict[str, str]:
    """Return the tags of a command line by key.

    Raises:
        DeployFailed: A word is not KEY=VALUE.
    """
    tags = {}
    for word in words:
        key, equals, tags[key] = word.partition("=")
        if not (key and equals) or key.startswith("aws:"):
            msg = f"--tags takes words of the form KEY=VALUE, no KEY beginning aws:; not '{word}'."
            raise DeployFailed(msg)
    return tags


def check_role_name(aws: Aws, name: str) -> None:
    """See that a stack that is not there yet can make a role of this name.

    Raises:
        DeployFailed: The account has one, from another Region for instance.
    """
    try:
        aws("iam", "get-role", "--role-name", name)
    except AwsError:
        return
    msg = (
        f"Role {name} exists already, and roles are there once in an account, for all Regions: "
        "write another RoleName, or RoleNamePrefix, which puts the Region into the names."
    )
    raise DeployFailed(msg)


def check_export(aws: Aws, stack: str, export: str) -> None:
    """See that no other stack of this account and Region has the export.

    Raises:
        DeployFailed: Another has it.
    """
    try:
        found = aws("cloudformation", "list-exports")["Exports"]
    except AwsError as error:
        print(f"Warning: it cannot be seen who exports {export} ({error}).")
        return
    for each in found:
        owner = each["ExportingStackId"].split("/")[1]
        if each["Name"] == export and owner != stack:
            msg = (
                f"Stack {owner} exports {export} already, and templates use the function by that "
                f"name: deploy over it with --stack-name {owner}, or delete it first."
            )
            raise DeployFailed(msg)


def read_overrides(words: Iterable[str], declared: Collection[str]) -> dict[str, str]:
    """Return the template parameters of a command line by name.

    Args:
        words: Each a NAME=VALUE.
        declared: The names that there are.

    Raises:
        DeployFailed: A word is none, names no parameter, or one that another gives another value.
    """
    overrides: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (equals and name.isalnum()):
            msg = (
                f"--parameter-overrides takes words of the form NAME=VALUE, which '{word}' is not."
            )
            raise DeployFailed(msg)
        if name not in declared:
            close = difflib.get_close_matches(name, declared, n=1)
            meant = f"did you mean {close[0]}?" if close else f"it has {', '.join(declared)}."
            msg = f"--parameter-overrides: the template has no parameter {name}; {meant}"
            raise DeployFailed(msg)
        if overrides.get(name, value) != value:
            msg = f"--parameter-overrides gives {name} two values: keep one of them."
            raise DeployFailed(msg)
        overrides[name] = value
    return overrides
