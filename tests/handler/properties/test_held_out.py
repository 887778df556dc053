"""Uses of the native resource in public repositories are read as they stand."""

from __future__ import annotations

from typing import Any

import pytest

from handler.errors import InvalidProperties
from handler.properties.reading import read_properties
from tests.handler.properties.held_out import delivered, uses

_NAMED = [pytest.param(each, id=each["source"].split("(")[1].rstrip(")")) for each in uses()]


@pytest.mark.parametrize("use", _NAMED)
def test_use(use: dict[str, Any]) -> None:
    """It is read, or refused for what the service refuses as well."""
    if "refused" not in use:
        read_properties(delivered(use))
        return
    with pytest.raises(InvalidProperties) as told:
        read_properties(delivered(use))
    assert use["says"] in "\n".join(f"{each}" for each in told.value.faults), use["refused"]
