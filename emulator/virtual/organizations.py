"""Organizations' JSON protocol: what botocore sends, and what it reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator.stacksets.organizations import ACTIONS
from emulator.virtual.http import Reply, json_asked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSPreparedRequest

    from emulator.stacksets.errors import ApiError

_TARGET = "AWSOrganizationsV20161128."
_JSON = {"Content-Type": "application/x-amz-json-1.1"}


def asked(request: AWSPreparedRequest) -> tuple[str, dict[str, Any]] | None:
    """Read a request: the action and its parameters; None for one that is not known."""
    return json_asked(request, _TARGET, ACTIONS)


def render(result: Mapping[str, Any]) -> Reply:
    """Return the answer to a call."""
    return Reply(200, json.dumps(result).encode(), _JSON)


def render_error(error: ApiError) -> Reply:
    """Return the answer to a call that was refused."""
    body = {"__type": error.code, "Message": error.message}
    return Reply(error.status, json.dumps(body).encode(), _JSON)
