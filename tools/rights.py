"""What the function may no longer do after a deployment, seen before anything is changed.

The awslabs function may pass every role and read every bucket; here parameters name them.
"""

import re
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from tools import consumers
from tools.aws import Aws, AwsError
from tools.standing import Standing

ROLES = "AdministrationRoleNames"
EXECUTION_ROLES = "ExecutionRoleNames"
BUCKETS = "TemplateBuckets"
OWNERS = "TemplateBucketAccounts"
DEFAULT_ROLE = "AWSCloudFormationStackSetAdministrationRole"
_DEFAULT_EXECUTION_ROLE = "AWSCloudFormationStackSetExecutionRole"
_CUSTOM_EXECUTION_ROLE = "stacksets-exec-custom-"
# A template without the parameter allows everything.
EVERYTHING = ["*"]

# Those who use something, in a line that names them.
_MOST_USERS = 3
# The AWS CLI takes its time to start: some side by side, and not for ever.
_SIDE_BY_SIDE = 8
_MOST_SECONDS = 60.0


@dataclass(frozen=True)
class Loss:
    """Something in use that the function may not use any more.

    Attributes:
        parameter: The template's parameter that would have to name it.
        name: Name of the role, with its path, or of the bucket.
        users: The stack sets, or the resources as STACK.LOGICALID, that use it.
    """

    parameter: str
    name: str
    users: tuple[str, ...]

    def __str__(self) -> str:
        """One line: what it is, and who uses it."""
        users = ", ".join(self.users[:_MOST_USERS])
        if len(self.users) > _MOST_USERS:
            users += f" and {len(self.users) - _MOST_USERS} more"
        if self.parameter == ROLES:
            return f"pass role {self.name}, as stack set {users} needs"
        if self.parameter == EXECUTION_ROLES:
            return f"have execution role {self.name} taken, as stack set {users} needs"
        whose = " of another account" if self.parameter == OWNERS else ""
        return f"read bucket {self.name}{whose}, as resource {users} needs"

    @property
    def entry(self) -> str:
        """What the parameter would have to name; only its owner knows whose a bucket is."""
        return f"ACCOUNT_OF_{self.name}" if self.parameter == OWNERS else self.name


Key = TypeVar("Key", bound=Hashable)
Used = dict[str, set[str]]
"""Names of roles or buckets, each with those who use it."""


def find_losses(
    aws: Aws, account: str, standing: Standing, named: Mapping[str, list[str]]
) -> list[Loss]:
    """Look for what is in use and allowed before an update, and not after it.

    Only reads. What may not be seen is told in a line of warning, and is not a loss.

    Args:
        aws: Where the stack is.
        account: The account that it is in.
        standing: The stack as it is.
        named: What the parameters name after the update.
    """
    before = {parameter: _named_before(standing, parameter) for parameter in named}
    shrinking = {each for each in named if not set(before[each]) <= set(named[each])}
    used: dict[str, Used] = {}
    if shrinking & {ROLES, EXECUTION_ROLES}:
        used |= _roles_in_use(aws, shrinking)
    if shrinking & {BUCKETS, OWNERS}:
        used[BUCKETS] = _buckets_in_use(aws, account)
    losses = [
        Loss(parameter, name, tuple(sorted(users)))
        for parameter, names in used.items()
        for name, users in sorted(names.items())
        if allows(before[parameter], name) and not allows(named[parameter], name)
    ]
    if OWNERS not in shrinking:
        return losses
    ours = [account, *named[OWNERS]]
    return losses + [
        Loss(OWNERS, name, tuple(sorted(users)))
        for name, users in sorted(used[BUCKETS].items())
        if allows(before[BUCKETS], name) and _belongs_elsewhere(aws, name, ours)
    ]


def allows(patterns: Iterable[str], name: str) -> bool:
    """Whether a name fits one of the patterns, with the wildcards of IAM: `*` and `?`."""
    return any(
        re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), name)
        for pattern in patterns
    )


def split(value: str) -> list[str]:
    """Return the entries of a CommaDelimitedList."""
    return [each.strip() for each in value.split(",") if each.strip()]


def _belongs_elsewhere(aws: Aws, bucket: str, accounts: Iterable[str]) -> bool:
    """Whether a bucket is surely none of these accounts'."""
    call = ("s3api", "head-bucket", "--bucket", bucket)
    for account in accounts:
        try:
            aws(*call, "--expected-bucket-owner", account)
        except AwsError as error:
            if error.code in {"404", "NoSuchBucket"}:
                return False
        else:
            return False
    try:
        # S3 gives the same answer to those who may not look and to those who expect another owner.
        aws(*call)
    except AwsError as error:
        _warn(f"it cannot be seen whose bucket {bucket} is ({error}); see {OWNERS}")
        return False
    return True


def _named_before(standing: Standing, parameter: str) -> list[str]:
    value = standing.parameters.get(parameter)
    return EVERYTHING if value is None else split(value)


def _roles_in_use(aws: Aws, parameters: Collection[str]) -> dict[str, Used]:
    """The roles of the account's stack sets in this Region, by the parameter that names them."""
    told = " and ".join(each for each in (ROLES, EXECUTION_ROLES) if each in parameters)
    try:
        found = aws("cloudformation", "list-stack-sets", "--status", "ACTIVE")["Summaries"]
    except AwsError as error:
        _warn(f"the stack sets cannot be listed ({error}); set {told} if they name other roles")
        return {}
    models = {each["StackSetName"]: each.get("PermissionModel") for each in found}
    # Service-managed ones have no administration role.
    names = [
        each
        for each, model in models.items()
        if model != "SERVICE_MANAGED" or EXECUTION_ROLES in parameters
    ]

    def roles(name: str) -> dict[tuple[str, str], set[str]]:
        call = ("cloudformation", "describe-stack-set", "--stack-set-name", name)
        shown = aws(*call)["StackSet"]
        execution = shown.get("ExecutionRoleName") or _DEFAULT_EXECUTION_ROLE
        if models[name] == "SERVICE_MANAGED":
            is_named = execution.startswith(_CUSTOM_EXECUTION_ROLE)
            return {(EXECUTION_ROLES, execution): {name}} if is_named else {}
        arn = shown.get("AdministrationRoleARN", "")
        administration = arn.partition(":role/")[2] or DEFAULT_ROLE
        return {(ROLES, administration): {name}, (EXECUTION_ROLES, execution): {name}}

    used: dict[str, Used] = {each: {} for each in parameters if each in {ROLES, EXECUTION_ROLES}}
    for (parameter, role), users in _together(names, roles, "stack set").items():
        if parameter in used:
            used[parameter][role] = users
    return used


def _buckets_in_use(aws: Aws, account: str) -> Used:
    """The buckets of the templates of all stacks that import the function."""
    try:
        stacks = consumers.importers(aws)
    except AwsError as error:
        _warn(f"the stacks that import the function cannot be listed ({error}); see {BUCKETS}")
        return {}
    return _together(stacks, lambda stack: consumers.buckets(aws, account, stack), "stack")


def _together(
    names: list[str], look: Callable[[str], dict[Key, set[str]]], kind: str
) -> dict[Key, set[str]]:
    """What all of them use; those that cannot be looked at are told in one line."""
    end = time.monotonic() + _MOST_SECONDS

    def one(name: str) -> dict[Key, set[str]] | AwsError:
        if time.monotonic() > end:
            return AwsError(f"after {_MOST_SECONDS:.0f} s there was no more time for it")
        try:
            return look(name)
        except AwsError as error:
            return error

    with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
        seen = list(zip(names, pool.map(one, names), strict=True))
    unseen = [(name, each) for name, each in seen if isinstance(each, AwsError)]
    if unseen:
        name, error = unseen[0]
        _warn(f"{len(unseen)} of {len(names)} {kind}s not looked at, first {name} ({error})")
    return _merged(each for _, each in seen if not isinstance(each, AwsError))


def _merged(found: Iterable[dict[Key, set[str]]]) -> dict[Key, set[str]]:
    merged: dict[Key, set[str]] = {}
    for used in found:
        for name, users in used.items():
            merged.setdefault(name, set()).update(users)
    return merged


def _warn(text: str) -> None:
    print(f"Warning: {text}.")
