"""The types of the fields that service-managed stack sets have."""

from __future__ import annotations

from typing import Annotated

from handler.properties.fields import empty, gaps, repeats
from handler.properties.forms import matches, one_of
from handler.values.organization import DELEGATED_ADMIN, SELF, SELF_MANAGED, SERVICE_MANAGED
from handler.values.targets import ALL, DIFFERENCE, INTERSECTION

UNION = "UNION"
"""Accounts of units and further accounts; the API takes it for some calls only."""

Unit = Annotated[
    str,
    matches(
        r"ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}|r-[a-z0-9]{4,32}",
        "the id of an organizational unit, ou-..., or of the root, r-... (an organization's own"
        " id, o-..., is neither)",
    ),
]
StackSetArn = Annotated[
    str,
    matches(
        r"arn:[a-z0-9-]+:cloudformation:[a-z0-9-]+:[0-9]{12}:stackset/[-a-zA-Z0-9]+:[-0-9a-zA-Z]+",
        "the ARN of a stack set",
    ),
]
BucketName = Annotated[
    str, matches(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of a bucket alone")
]

# Pydantic runs those before the type from the last to the first.
Units = Annotated[tuple[Unit | None, ...], repeats, gaps, empty]
StackSetArns = Annotated[tuple[StackSetArn | None, ...], repeats, gaps]
PermissionModel = Annotated[str, one_of(SELF_MANAGED, SERVICE_MANAGED)]
CallAs = Annotated[str, one_of(SELF, DELEGATED_ADMIN)]
AccountFilterType = Annotated[str, one_of(ALL, INTERSECTION, DIFFERENCE, UNION)]
