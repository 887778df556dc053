"""Reports in S3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.errors import StackSetResourceError
from handler.gateway.reports import Reports
from handler.values.targets import Target


class Bucket:
    """S3, which keeps the last object, or refuses."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.asked: dict[str, Any] = {}
        self.text = ""

    def put_object(self, **asked: Any) -> None:
        """Take an object."""
        if self.refuses:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")
        self.asked, self.text = asked, asked["Body"].read().decode()


@pytest.mark.parametrize("count", [0, 1, 3])
def test_written(count: int) -> None:
    """The object is JSON, whatever is in it, below the prefix that the function may write to."""
    s3: Any = Bucket()
    stacks = [(Target(f"{number:012}", "us-east-1"), f"arn:{number}") for number in range(count)]
    address = Reports(lambda: s3, "reports").write("Set/uuid/request", iter(stacks))

    assert address == "s3://reports/stackset-resource/Set/uuid/request.json"
    assert address == f"s3://{s3.asked['Bucket']}/{s3.asked['Key']}"
    assert json.loads(s3.text) == {f"{t.account}/{t.region}": each for t, each in stacks}


def test_refused() -> None:
    """What S3 says is told."""
    s3: Any = Bucket(refuses=True)
    with pytest.raises(StackSetResourceError, match="AccessDenied"):
        Reports(lambda: s3, "reports").write("name", [])
