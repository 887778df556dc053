"""Which Regions there are, as far as the AWS SDK of this version knows."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


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
