"""The environment of a function in a virtual world."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextlib.contextmanager
def environment(region: str, variables: Mapping[str, str]) -> Iterator[None]:
    """Within the context the environment leads to no real AWS.

    Args:
        region: Where the function runs.
        variables: What the function finds besides.
    """
    region_names = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    with mock.patch.dict(os.environ, {**_CREDENTIALS, **region_names, **variables}):
        for name in [name for name in os.environ if _leads_elsewhere(name)]:
            del os.environ[name]
        yield


def _leads_elsewhere(name: str) -> bool:
    return name.startswith("AWS_ENDPOINT_URL") or name in {"AWS_PROFILE", "AWS_CA_BUNDLE"}
