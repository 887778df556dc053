"""Which processor the function gets: the one that it has, unless another is asked for."""

from collections.abc import Mapping
from typing import NamedTuple

from tools.aws import Aws, AwsError
from tools.standing import DeployFailed, Standing

PARAMETER = "Architecture"
FUNCTION = "StackSetResourceFunction"
# Lambda's own choice for a function whose template says nothing.
DEFAULT = "x86_64"
# The runtimes of Python that Lambda never had for arm64.
X86_RUNTIMES = {"python2.7", "python3.6", "python3.7"}


class Function(NamedTuple):
    """The deployed function: its name, its runtime (python3.6) and its architecture."""

    name: str
    runtime: str
    architecture: str


def settle(aws: Aws, standing: Standing, given: Mapping[str, str]) -> dict[str, str]:
    """Say which architecture a stack's update has to be given.

    Lambda sets architecture and runtime in two calls, so what holds in between must exist, too.

    Args:
        aws: Where the stack is.
        standing: The stack.
        given: The parameters that the user has given.

    Returns:
        The parameter to add; nothing where the user, or the stack itself, has one.

    Raises:
        DeployFailed: The runtime that is there does not have the architecture that is asked for.
    """
    wanted = given.get(PARAMETER)
    if wanted is None and PARAMETER in standing.parameters:
        return {}
    there = _deployed(aws, standing.stack)
    if there is None:
        return {}
    if wanted is None:
        return {PARAMETER: there.architecture}
    if wanted != there.architecture and there.runtime in X86_RUNTIMES:
        msg = (
            f"{there.name} runs {there.runtime}, which Lambda has only on {there.architecture}, "
            "and an update sets architecture and runtime one after the other. Deploy twice: first "
            f"without {PARAMETER}, for the new runtime; then again with "
            f"--parameter-overrides {PARAMETER}={wanted}."
        )
        raise DeployFailed(msg)
    return {}


def _deployed(aws: Aws, stack: str) -> Function | None:
    """The function of the stack; None where it has none."""
    try:
        found = aws(
            *("cloudformation", "describe-stack-resource", "--stack-name", stack),
            *("--logical-resource-id", FUNCTION),
        )
        name = found["StackResourceDetail"]["PhysicalResourceId"]
        read = aws("lambda", "get-function-configuration", "--function-name", name)
    except AwsError as error:
        if "does not exist" in error.text:
            return None
        print(f"Warning: it cannot be seen what {FUNCTION} runs on ({error}): taking {DEFAULT}.")
        return Function(FUNCTION, "", DEFAULT)
    function = Function(name, read.get("Runtime", ""), read.get("Architectures", [DEFAULT])[0])
    print(f"{function.name} is there, {function.runtime} on {function.architecture}.")
    return function
