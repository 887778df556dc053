"""Objects as S3 serves them, and the forms of their URLs."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote, urlsplit

from emulator.stacksets.errors import invalid

_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]+)\.)?"
    r"s3(?:[.-](?:dualstack\.)?(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d))?\.amazonaws\.com(?:\.cn)?"
)
_MORE = (
    "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
)


class Objects(dict[tuple[str, str], "bytes | list[bytes]"]):
    """Objects by (bucket, key): one body, or all versions of it, the newest last.

    The version ids are `1`, `2` and so on.
    """

    def read(self, bucket: str, key: str, version: str | None = None) -> bytes | None:
        """Return the newest or the given version of an object, or None."""
        found = self.get((bucket, key))
        if found is None:
            return None
        versions = _numbered(found)
        if version is None:
            return versions[-1]
        number = int(version) if version.isdigit() else 0
        return versions[number - 1] if 1 <= number <= len(versions) else None

    def versions(self, bucket: str, prefix: str) -> list[tuple[str, str, bytes]]:
        """Return (key, version id, body) as ListObjectVersions does: by key, the newest first."""
        return [
            (key, str(number), body)
            for (place, key), found in sorted(self.items())
            if place == bucket and key.startswith(prefix)
            for number, body in reversed(list(enumerate(_numbered(found), 1)))
        ]

    def fetch(self, url: str) -> str:
        """Read a TemplateURL as CloudFormation does.

        Raises:
            ApiError: ValidationError when the URL is no S3 URL or leads to nothing.
        """
        location = locate(url)
        if location is None:
            message = f"S3 error: Domain name specified in {url} is not a valid S3 domain"
            raise invalid(message)
        body = self.read(*location)
        if body is None:
            message = f"S3 error: The specified key does not exist. {_MORE}"
            raise invalid(message)
        return body.decode("utf-8")


def _numbered(found: bytes | list[bytes]) -> list[bytes]:
    return found if isinstance(found, list) else [found]


def locate(url: str) -> tuple[str, str, str | None] | None:
    """Split an https URL of S3, in any of its forms.

    Returns:
        Bucket, key and version id or None; None altogether when it is no such URL.
    """
    parts = urlsplit(url)
    match = _HOST.fullmatch(parts.hostname or "")
    if parts.scheme != "https" or match is None:
        return None
    path = unquote(parts.path.lstrip("/"))
    bucket, key = match["bucket"], path
    if bucket is None:
        bucket, _, key = path.partition("/")
    version = parse_qs(parts.query).get("versionId", [None])[0]
    return (bucket, key, version) if bucket and key else None
