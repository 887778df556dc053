"""Where properties name the stacks that are to join, and what to do about those that do not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.errors import ImportFailed, RequestRefused, first_of
from handler.properties.mending import mend
from handler.values.targets import Target, place_of_stack

_ACTION = "ImportStacksToStackSet"


def paths_of_stacks(raw: Mapping[str, Any]) -> dict[str, str]:
    """Returns where each stack's id stands, such as ``ImportStacks[0]``.

    Args:
        raw: As CloudFormation delivers them.
    """
    properties, _ = mend(raw)
    paths: dict[str, str] = {}
    for index, entry in enumerate(properties.ImportStacks):
        if entry is not None:
            paths.setdefault(entry.StackId, f"ImportStacks[{index}]")
    return paths


def mend_of_imports(raw: Mapping[str, Any], error: Exception) -> str:
    """Returns what to do about stacks that could not join, whatever the service says.

    Args:
        raw: As CloudFormation delivers them.
        error: Why the request has failed; nothing is returned for any but an import's.
    """
    paths = paths_of_stacks(raw)
    if isinstance(error, ImportFailed):
        places = {Target(each.account, each.region) for each in error.failures}
        meant = [path for each, path in paths.items() if place_of_stack(each) in places]
    elif isinstance(error, RequestRefused) and error.action == _ACTION:
        named = [p for each, p in paths.items() if place_of_stack(each).account in str(error)]
        meant = named or [*paths.values()]
    else:
        return ""
    return (
        f"Mend {first_of(meant) or 'ImportStacks'}: a stack joins if it is"
        " there, has the stack set's template, is in no other stack set and, by units, is in the"
        " unit that is written beside it; or take its id out."
    )
