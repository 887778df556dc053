"""Where in S3 a TemplateURL leads. No AWS here."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, parse_qsl, unquote, urlencode, urlsplit

_SERVICE = r"s3(-[a-z0-9-]+)?(\.[a-z0-9-]+)*\.({})".format(
    "|".join(
        re.escape(suffix)
        for suffix in (
            "amazonaws.com",
            "amazonaws.com.cn",
            "amazonaws.eu",
            "c2s.ic.gov",
            "sc2s.sgov.gov",
            "cloud.adc-e.uk",
            "csp.hci.ic.gov",
        )
    )
)
_PATH_STYLE = re.compile(_SERVICE)
_HOST_STYLE = re.compile(rf"(?P<bucket>.+)\.{_SERVICE}")


_QUERY = re.compile(r"(https?://[^\s?\"'<>]*)\?([^\s\"'<>]*)", re.IGNORECASE)


def without_queries(text: str) -> str:
    """A text in which no address has a query, for that of a presigned one is a key.

    A ``versionId`` stays, since it tells which content is meant.
    """
    return _QUERY.sub(lambda found: found[1] + _version_in(found[2]), text)


def _version_in(query: str) -> str:
    version = re.search(r"(?:^|&)versionId=([\w.~-]+)", query)
    return f"?versionId={version[1]}" if version else ""


def locate(url: str) -> dict[str, str] | None:
    """The bucket, key and version that an https address in S3 names.

    Args:
        url: In any form that S3 has had: bucket in the host or in the path, with or without
            region, a ``versionId`` or none.

    Returns:
        The parameters of GetObject; None for an address that is not in S3.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = unquote(parts.path).lstrip("/")
    host = _HOST_STYLE.fullmatch(parts.netloc)
    if host:
        bucket, key = host["bucket"], path
    elif _PATH_STYLE.fullmatch(parts.netloc):
        bucket, _, key = path.partition("/")
    else:
        return None
    if not (bucket and key):
        return None
    version = parse_qs(parts.query).get("versionId")
    return {"Bucket": bucket, "Key": key, **({"VersionId": version[0]} if version else {})}


def pin(url: str, version: str) -> str:
    """The address of one version of the object to which an address leads."""
    parts = urlsplit(url)
    others = [
        each for each in parse_qsl(parts.query, keep_blank_values=True) if each[0] != "versionId"
    ]
    return parts._replace(query=urlencode([*others, ("versionId", version)])).geturl()
