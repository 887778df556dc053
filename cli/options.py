"""The options that words have in common, named as the AWS CLI names them."""

from __future__ import annotations

import enum
from typing import Annotated

import typer


class CallAs(enum.StrEnum):
    """For whom calls are made."""

    SELF = "SELF"
    DELEGATED_ADMIN = "DELEGATED_ADMIN"


StackSetName = Annotated[
    str, typer.Argument(help="The stack set's name or id.", metavar="STACKSET")
]
Profile = Annotated[str | None, typer.Option(help="A profile of the AWS CLI.")]
Region = Annotated[str | None, typer.Option(help="The Region of the stack set.")]
EndpointUrl = Annotated[str | None, typer.Option(help="Another address of the API.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, for programs.")]
CallAsOption = Annotated[
    CallAs, typer.Option("--call-as", help="Who asks, in an organization.", case_sensitive=False)
]
