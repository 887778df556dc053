"""The texts behind TemplateURLs: what is there now, and where the one that is meant lies."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handler.errors import TemplateChanged
from handler.values.addresses import locate, pin
from handler.values.spec import StackSetSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

_MOST_VERSIONS = 50


class Templates:
    """The templates that this function can read.

    Args:
        s3: Gives the client; called only for an address in S3.
        warn: Takes what an operator should know: a text, and details by name.
    """

    def __init__(self, s3: Callable[[], S3Client], warn: Callable[..., None]) -> None:
        self._s3 = s3
        self._warn = warn

    def read(self, spec: StackSetSpec) -> str | None:
        """Read the wanted template.

        Returns:
            Its text; None where it is outside S3 or this function may not read it, though
            CloudFormation perhaps can, and where the stack set is to keep the one it has.
        """
        place = locate(spec.template_url) if spec.template_url else None
        if place is None:
            return spec.template_body
        content = self._fetch(place)
        try:
            return None if content is None else content.decode()
        except UnicodeDecodeError as error:
            self._warn("template is no text", error=str(error))
            return None

    def check(self, spec: StackSetSpec) -> None:
        """Make sure that the address holds what the digest says, as far as it can be read.

        Raises:
            TemplateChanged: It holds something else.
        """
        place, digest = _meant(spec)
        if place and digest and not self._holds(place, digest):
            raise TemplateChanged(str(spec.template_url), place["Bucket"])

    def settle(self, spec: StackSetSpec, live: str | None) -> StackSetSpec:
        """Find the content that the digest names, wherever it is by now.

        Args:
            spec: What is wanted.
            live: The stack set's present template; None for unknown.

        Returns:
            The same with the address of the right content, or without any where the stack set has
            it already.

        Raises:
            TemplateChanged: The address holds another content, and no version of it is the right
                one.
        """
        place, digest = _meant(spec)
        if not (place and digest):
            return spec
        if live is not None and _sha256(live.encode()) == digest:
            return replace(spec, template_url=None)
        if self._holds(place, digest):
            return spec
        version = self._find_version(str(spec.template_url), place, digest)
        self._warn("template has changed since, so an older version is used", version=version)
        return replace(spec, template_url=pin(str(spec.template_url), version))

    def _holds(self, place: Mapping[str, str], digest: str) -> bool:
        """Whether an object has that digest, or cannot be read: then CloudFormation will tell."""
        content = self._fetch(place)
        return content is None or _sha256(content) == digest

    def _find_version(self, url: str, place: Mapping[str, str], digest: str) -> str:
        bucket, key = place["Bucket"], place["Key"]
        try:
            # The key itself comes first among those that begin with it, its newest version first.
            answer = self._s3().list_object_versions(
                Bucket=bucket, Prefix=key, MaxKeys=_MOST_VERSIONS
            )
        except (BotoCoreError, ClientError) as error:
            why = f"its versions cannot be listed ({error}): grant s3:ListBucketVersions"
            raise TemplateChanged(url, bucket, why) from error
        tried = set()
        for each in answer.get("Versions", ()):
            if each["Key"] != key or each["ETag"] in tried:
                continue
            tried.add(each["ETag"])
            content = self._fetch({"Bucket": bucket, "Key": key, "VersionId": each["VersionId"]})
            if content is not None and _sha256(content) == digest:
                return each["VersionId"]
        why = f"none of the newest {_MOST_VERSIONS} versions has the content that was meant"
        raise TemplateChanged(url, bucket, why)

    def _fetch(self, place: Mapping[str, str]) -> bytes | None:
        try:
            body: bytes = self._s3().get_object(**place)["Body"].read()  # type: ignore[arg-type]
        except (BotoCoreError, ClientError) as error:
            self._warn("template not read, so only a changed URL counts", error=str(error))
            return None
        return body


def _meant(spec: StackSetSpec) -> tuple[dict[str, str] | None, str]:
    """Where the wanted template lies in S3, and the digest of its own content, without nested."""
    place = locate(spec.template_url) if spec.template_url else None
    return place, (spec.template_digest or "").partition(".")[0]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
