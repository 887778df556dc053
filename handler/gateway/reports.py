"""Reports in S3: what is too long for an answer."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import StackSetResourceError
from handler.gateway.stacksets import StackSets
from handler.values.targets import Target

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PREFIX = "stackset-resource/"
"""What the keys of all reports begin with."""


def stack_ids(stack_sets: StackSets, stack_set_id: str) -> Iterator[tuple[Target, str]]:
    """Yields the ids of all stacks of a stack set page by page, of instances that have one."""
    for each in stack_sets.summaries(stack_set_id):
        if each.get("StackId"):
            yield Target(each["Account"], each["Region"]), each["StackId"]


@dataclass(frozen=True)
class Reports:
    """The bucket for reports.

    Attributes:
        s3: Gives the client; called only when there is something to write.
        bucket: Its name.
    """

    s3: Callable[[], S3Client]
    bucket: str

    def write(self, name: str, told: Iterable[tuple[Target, str | Mapping[str, str]]]) -> str:
        """Write an object of JSON that gives what belongs to each ``ACCOUNT/REGION``.

        Args:
            name: The end of the object's key: the same is written over.
            told: The instances, each with the id of its stack or its outputs by their keys; never
                the whole text is in memory.

        Returns:
            The object's address, ``s3://BUCKET/KEY``.

        Raises:
            StackSetResourceError: S3 does not take it, and why.
        """
        key = f"{PREFIX}{name}.json"
        with tempfile.TemporaryFile() as file:
            separator = "{"
            for target, each in told:
                place = f"{target.account}/{target.region}"
                entry = f"{separator}\n{json.dumps(place)}: {json.dumps(each)}"
                file.write(entry.encode())
                separator = ","
            file.write(b"{}\n" if separator == "{" else b"\n}\n")
            file.seek(0)
            try:
                self.s3().put_object(
                    Bucket=self.bucket, Key=key, Body=file, ContentType="application/json"
                )
            except (BotoCoreError, ClientError) as error:
                message = f"s3://{self.bucket}/{key} could not be written: {error}"
                raise StackSetResourceError(message) from error
        return f"s3://{self.bucket}/{key}"
