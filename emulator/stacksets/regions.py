"""The Regions that exist, by partition (November 2026)."""

from __future__ import annotations

from emulator.stacksets import arns

_NUMBERED = {
    "af-south": 1,
    "ap-east": 2,
    "ap-northeast": 3,
    "ap-south": 2,
    "ap-southeast": 7,
    "ca-central": 1,
    "ca-west": 1,
    "cn-north": 1,
    "cn-northwest": 1,
    "eu-central": 2,
    "eu-north": 1,
    "eu-south": 2,
    "eu-west": 3,
    "eusc-de-east": 1,
    "il-central": 1,
    "me-central": 1,
    "me-south": 1,
    "mx-central": 1,
    "sa-east": 1,
    "us-east": 2,
    "us-gov-east": 1,
    "us-gov-west": 1,
    "us-west": 2,
}


def exists(region: str, home: str) -> bool:
    """Tell whether a Region exists in the partition of the Region `home`."""
    area, _, number = region.rpartition("-")
    known = number.isdigit() and 1 <= int(number) <= _NUMBERED.get(area, 0)
    return known and arns.partition(region) == arns.partition(home)
