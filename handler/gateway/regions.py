"""Which Regions there are, as far as the SDK knows, and which the account has enabled."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

from handler.gateway.retry import call_patiently

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from mypy_boto3_cloudformation import CloudFormationClient


_ENABLED = ("ENABLED", "ENABLED_BY_DEFAULT")


class RegionsNotTold(Exception):
    """Nobody tells which Regions are enabled, or not all of them."""


class EnabledRegions:
    """Reads which Regions are enabled in the function's account.

    https://docs.aws.amazon.com/accounts/latest/reference/API_ListRegions.html

    Args:
        client: Gives the account API's client; called only where it is asked.
        sleep: Called with the seconds to wait before each further try.
    """

    def __init__(self, client: Callable[[], BaseClient], sleep: Callable[[float], None]) -> None:
        self._client = client
        self._sleep = sleep

    def read(self) -> frozenset[str]:
        """Returns the names of all of them.

        Raises:
            RegionsNotTold: The function may not ask, or gets no whole answer.
        """
        found: set[str] = set()
        asked: dict[str, Any] = {"RegionOptStatusContains": list(_ENABLED)}
        while True:
            page = self._page(asked)
            regions = [each for each in page.get("Regions") or () if _is_enabled(each)]
            found.update(str(each["RegionName"]) for each in regions)
            if not page.get("NextToken"):
                break
            asked["NextToken"] = page["NextToken"]
        if not found:
            message = "account:ListRegions: no Region is told"
            raise RegionsNotTold(message)
        return frozenset(found)

    def _page(self, asked: dict[str, Any]) -> dict[str, Any]:
        client: Any = self._client()
        try:
            page: dict[str, Any] = call_patiently(lambda: client.list_regions(**asked), self._sleep)
        except (BotoCoreError, ClientError) as error:
            message = f"account:ListRegions: {error}"
            raise RegionsNotTold(message) from error
        return page


def _is_enabled(told: dict[str, Any]) -> bool:
    return told.get("RegionOptStatus") in _ENABLED


def unknown_regions(client: CloudFormationClient, names: Iterable[str]) -> list[str]:
    """Returns those Regions that the SDK does not know in its own partition, sorted.

    They may be newer than the SDK, so this is a reason to warn and none to refuse.

    Args:
        client: Tells the partition.
        names: Names in the form of a Region.
    """
    known = _regions(client.meta.partition)
    return sorted(set(names) - known) if known else []


@functools.cache
def _regions(partition: str) -> frozenset[str]:
    data: dict[str, Any] = Loader().load_data("partitions")
    of_partition = (each for each in data["partitions"] if each["id"] == partition)
    return frozenset(name for each in of_partition for name in each["regions"])
