"""Fields that say nothing about the stack set.

One is to have the function called, one asks for an answer, and one lies.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from handler.errors import Fault
from handler.properties.fields import gaps, repeats
from handler.properties.forms import fault_error, matches, shown


def _read_text(value: object) -> str:
    if not isinstance(value, str | int | float):
        message = f"is {shown(value)}: write any text, another one whenever a new run is wanted"
        raise fault_error(Fault("", message))
    return str(value)


def _refuse(_value: object) -> str:
    message = (
        "cannot be: CloudFormation would record as deployed what was not, and the next update would"
        " start from there. Leave it out, and look at the change with a change set of the stack"
    )
    raise fault_error(Fault("", message))


Revision = Annotated[str, BeforeValidator(_read_text)]
DryRun = Annotated[str, BeforeValidator(_refuse)]

_OutputKey = Annotated[
    str, matches(r"[a-zA-Z0-9]{1,255}", "the name of an output: letters and digits")
]
OutputKeys = Annotated[tuple[_OutputKey | None, ...], repeats, gaps]
