"""Leaving out what is wrong always comes to an end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from handler.errors import Fault
from handler.properties import mending
from handler.properties.complaints import Complaint
from handler.properties.model import StackSetProperties
from tests.factories import with_url


def test_a_complaint_about_a_place_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The member that it is in goes as a whole."""
    complaint = Complaint(("Tags", "inside", 3), (Fault("Tags", "is wrong"),))

    def validate(
        members: Mapping[str, Any],
    ) -> tuple[StackSetProperties | None, list[Complaint]]:
        if "Tags" in members:
            return None, [complaint]
        return StackSetProperties.model_validate(dict(members)), []

    monkeypatch.setattr(mending, "validate", validate)
    properties, warnings = mending.mend(with_url(Tags=[{"Team": "blue"}]))

    assert dict(properties.Tags) == {}
    assert warnings == ["Passed over: Tags is wrong"]
