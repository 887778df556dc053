"""How operations go where a template says nothing: as they did, unless another way is asked for."""

from collections.abc import Mapping

from tools.standing import Standing

PARAMETER = "DefaultOperationPreferences"
# What held before there was a choice: StackSets' own default.
BEFORE = "CAREFUL"


def settle(standing: Standing, given: Mapping[str, str]) -> dict[str, str]:
    """Say which default a stack's update has to be given.

    Args:
        standing: The stack.
        given: The parameters that the user has given.

    Returns:
        The parameter to add; nothing where the user, or the stack itself, has one.
    """
    if PARAMETER in given or PARAMETER in standing.parameters:
        return {}
    print(
        f"Templates without OperationPreferences go on with {BEFORE}, one account after the other."
        f" For a quarter of a Region's accounts at once: --parameter-overrides {PARAMETER}=BALANCED"
    )
    return {PARAMETER: BEFORE}
