"""Which types of resources there are, and names that are meant for one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from handler.errors import Fault, InvalidProperties
from handler.properties.waiting import WAIT_TYPE

STACK_SET_TYPE = "Custom::StackSet"


def check_type(resource_type: str, raw: Mapping[str, Any]) -> None:
    """Refuse a new resource whose type is one of the two, misspelt.

    Any other name is that of a stack set, as it always was.

    Args:
        resource_type: The resource's type.
        raw: The properties as CloudFormation delivers them; a wait is known by them, too.

    Raises:
        InvalidProperties: It is, and which two there are.
    """
    types = (STACK_SET_TYPE, WAIT_TYPE)
    is_misspelt = _letters(resource_type) in {_letters(each) for each in types}
    if resource_type in types or not (is_misspelt or "DeploymentId" in raw):
        return
    message = (
        f"is {resource_type}, and the function serves {STACK_SET_TYPE}, a stack set, and"
        f" {WAIT_TYPE}, which waits for a deployment of one: write one of the two"
    )
    raise InvalidProperties([Fault("Type", message)])


def _letters(name: str) -> str:
    """A name as far as typing errors leave it alone."""
    return re.sub(r"[^a-z]", "", name.lower()).rstrip("s")
