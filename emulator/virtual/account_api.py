"""The account API: which Regions are enabled in an account, in rest-json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator.stacksets.errors import ApiError
from emulator.virtual.http import JsonService, Reply, path_of, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSPreparedRequest

PAGE = 3
"""How many Regions a page has at most where nothing is asked for; the service's own is larger."""

_ACTIONS = {"/listRegions": "ListRegions"}
_DENIED = "User is not authorized to perform: account:ListRegions"


class Regions:
    """The Regions of one account.

    Attributes:
        statuses: The RegionOptStatus of each.
        denied: Whether the caller may not ask.
    """

    def __init__(self) -> None:
        self.denied = False
        self.statuses = {
            "af-south-1": "DISABLED",
            "ap-east-1": "ENABLED",
            "ap-northeast-1": "ENABLED_BY_DEFAULT",
            "eu-west-1": "ENABLED_BY_DEFAULT",
            "il-central-1": "ENABLING",
            "me-south-1": "DISABLING",
            "us-east-1": "ENABLED_BY_DEFAULT",
            "us-west-2": "ENABLED_BY_DEFAULT",
        }

    def call(self, _action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer ListRegions.

        Raises:
            ApiError: The caller may not ask.
        """
        if self.denied:
            code = "AccessDeniedException"
            raise ApiError(code, _DENIED, status=403)
        wanted = asked.get("RegionOptStatusContains") or set(self.statuses.values())
        found = [
            {"RegionName": name, "RegionOptStatus": status}
            for name, status in sorted(self.statuses.items())
            if status in wanted
        ]
        start = int(asked.get("NextToken") or 0)
        end = start + int(asked.get("MaxResults") or PAGE)
        page: dict[str, Any] = {"Regions": found[start:end]}
        return {**page, "NextToken": str(end)} if end < len(found) else page


def asked(request: AWSPreparedRequest) -> tuple[str, dict[str, Any]] | None:
    """Read a request: the action and its parameters; None for one that is not known."""
    action = _ACTIONS.get(path_of(request))
    if action is None:
        return None
    parameters: dict[str, Any] = json.loads(text_of(request) or "{}")
    return action, parameters


def render(result: Mapping[str, Any]) -> Reply:
    """Return the answer to a call."""
    return Reply(200, json.dumps(result).encode())


def render_error(error: ApiError) -> Reply:
    """Return the answer to a call that was refused."""
    body = json.dumps({"message": error.message}).encode()
    return Reply(error.status, body, {"x-amzn-ErrorType": error.code})


def service(regions: Regions) -> JsonService:
    """Return the account API of an account with these Regions."""
    return JsonService(asked, regions.call, render, render_error)
