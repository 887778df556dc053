"""Groups that are deployed to all Regions that are enabled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.properties.mending import mend
from handler.values.targets import ALL_ENABLED


def paths_of_all_regions(raw: Mapping[str, Any]) -> list[str]:
    """Returns where properties ask for all Regions that are enabled.

    Args:
        raw: As CloudFormation delivers them.
    """
    properties, _ = mend(raw)
    return [
        f"{path}.Regions" for path, group in properties.groups() if ALL_ENABLED in group.Regions
    ]
