"""Which Regions are enabled, page after page."""

from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from handler.gateway.regions import EnabledRegions, RegionsNotTold


class _Client:
    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def list_regions(self, **asked: object) -> object:
        self.asked.append(asked)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _page(token: str = "", **statuses: str) -> dict[str, Any]:
    regions = [
        {"RegionName": name.replace("_", "-"), "RegionOptStatus": each}
        for name, each in statuses.items()
    ]
    return {"Regions": regions, "NextToken": token} if token else {"Regions": regions}


def _error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No"}}, "ListRegions")


def _read(client: _Client) -> frozenset[str]:
    return EnabledRegions(lambda: cast("Any", client), lambda _: None).read()


def test_pages() -> None:
    """All pages count, and only what is enabled."""
    client = _Client(
        _page("more", us_east_1="ENABLED_BY_DEFAULT"),
        _error("TooManyRequestsException"),
        _page(ap_east_1="ENABLED", af_south_1="ENABLING"),
    )
    assert _read(client) == {"us-east-1", "ap-east-1"}
    statuses = ["ENABLED", "ENABLED_BY_DEFAULT"]
    assert client.asked[0] == {"RegionOptStatusContains": statuses}
    assert client.asked[2] == {"RegionOptStatusContains": statuses, "NextToken": "more"}


@pytest.mark.parametrize(
    "answers",
    [
        (_error("AccessDeniedException"),),
        (_page("more", us_east_1="ENABLED"), _error("AccessDeniedException")),
        (_page("more", us_east_1="ENABLED"), *[_error("TooManyRequestsException")] * 4),
        (_page(),),
    ],
    ids=["denied", "denied later", "throttled later", "none"],
)
def test_no_whole_answer(answers: tuple[object, ...]) -> None:
    """Part of an answer is none."""
    with pytest.raises(RegionsNotTold, match="account:ListRegions"):
        _read(_Client(*answers))
