"""The properties of Custom::StackSetWait."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from handler.errors import InvalidProperties
from handler.properties import fields, forms, unit_fields
from handler.properties.complaints import validate_as
from handler.properties.maps import Properties
from handler.values.organization import SELF
from handler.values.spec import WaitSpec

WAIT_TYPE = "Custom::StackSetWait"

_StackSetId = Annotated[
    str, forms.matches(r"[a-zA-Z][-a-zA-Z0-9]{0,127}:[0-9a-zA-Z-]+", "what !Ref gives: NAME:UUID")
]
_DeploymentId = Annotated[
    str,
    forms.matches(
        r"[0-9a-f]{8}-[0-9a-f]{16}-[0-9]{1,6}(-[-0-9a-z]+)?", "what !GetAtt gives: the DeploymentId"
    ),
]


class WaitProperties(Properties):
    """All properties of Custom::StackSetWait."""

    ServiceToken: str | None = None
    ServiceTimeout: fields.Seconds | None = None
    StackSetId: _StackSetId
    DeploymentId: _DeploymentId
    CallAs: unit_fields.CallAs = SELF
    Last: fields.Boolean = True
    loglevel: fields.LogLevel | None = None
    botolevel: fields.LogLevel | None = None


def read_wait(raw: Mapping[str, Any]) -> WaitSpec:
    """Read the ResourceProperties of a wait.

    Args:
        raw: As CloudFormation delivers them, gaps and all.

    Raises:
        InvalidProperties: All that is wrong, each with its path and what to write instead.
    """
    properties, complaints = validate_as(raw, WaitProperties, WAIT_TYPE)
    if properties is None:
        raise InvalidProperties([fault for each in complaints for fault in each.faults])
    return WaitSpec(
        properties.StackSetId,
        properties.DeploymentId,
        is_last=properties.Last,
        call_as=properties.CallAs,
    )
