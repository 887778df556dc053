"""What is said of a way back to before the macro."""

from __future__ import annotations

from typing import Any

import pytest

from handler.properties.sealed import unsealed_again

URL = "https://b.s3.amazonaws.com/app.yaml"
SEALED = {"TemplateURL": f"{URL}?versionId=2", "TemplateDigest": "0" * 64}


@pytest.mark.parametrize(
    ("properties", "old", "is_told"),
    [
        ({"TemplateURL": URL}, SEALED, True),
        ({"TemplateURL": f" {URL}", "TemplateDigest": ""}, SEALED, True),
        (SEALED, SEALED, False),
        (SEALED, {"TemplateURL": URL}, False),
        ({"TemplateURL": f"{URL}.old"}, SEALED, False),
        ({"TemplateBody": "x"}, SEALED, False),
        ({"TemplateURL": URL}, {}, False),
    ],
)
def test_way_back(properties: dict[str, Any], old: dict[str, Any], is_told: bool) -> None:  # noqa: FBT001
    """It is told of the same address, whose content was named and is not any more."""
    assert bool(unsealed_again(properties, old)) is is_told
