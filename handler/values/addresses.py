"""Where in S3 a TemplateURL leads. No AWS here."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, parse_qsl, quote, unquote, urlencode, urlsplit

SUFFIXES = {
    "aws": "amazonaws.com",
    "aws-us-gov": "amazonaws.com",
    "aws-cn": "amazonaws.com.cn",
    "aws-eusc": "amazonaws.eu",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
}
"""What the names of a partition's hosts end in."""

_SERVICE = r"s3(-[a-z0-9-]+)?(\.[a-z0-9-]+)*\.({})".format(
    "|".join(re.escape(suffix) for suffix in dict.fromkeys(SUFFIXES.values()))
)
_S3 = re.compile(
    r"s3://(?P<bucket>[^/?#\s]+)/(?P<key>[^?\r\n]*[^/?\r\n])(\?versionId=(?P<version>[\w.~-]+))?"
)
_PATH_STYLE = re.compile(_SERVICE)
# No other character: clients differ in where the host ends, and a backslash may end it before.
_HOST_STYLE = re.compile(rf"(?P<bucket>[A-Za-z0-9._-]+)\.{_SERVICE}")


_QUERY = re.compile(r"(https?://[^\s?\"'<>]*)\?([^\s\"'<>]*)", re.IGNORECASE)
_KEY = re.compile(
    r"(X-Amz-[a-z0-9-]+|Signature|AWSAccessKeyId)(?:=|%3D)[^\s&\"'<>]+", re.IGNORECASE
)


def without_queries(text: str) -> str:
    """A text in which no address has a query, for that of a presigned one is a key.

    A ``versionId`` stays, since it tells which content is meant. Where an address is not written as
    one, so that nobody can tell where it begins, at least the keys in it are left out.
    """
    plain = _QUERY.sub(lambda found: found[1] + _version_in(found[2]), text)
    return _KEY.sub(r"\1=...", plain)


def _version_in(query: str) -> str:
    version = re.search(r"(?:^|&)versionId=([\w.~-]+)", query)
    return f"?versionId={version[1]}" if version else ""


def locate(url: str) -> dict[str, str] | None:
    """The bucket, key and version that an address in S3 names.

    Args:
        url: In any form that S3 has had: ``s3://``, or https with the bucket in the host or in
            the path, with or without region, a ``versionId`` or none.

    Returns:
        The parameters of GetObject; None for an address that is not in S3.
    """
    short = _S3.fullmatch(url)
    if short:
        version = {"VersionId": short["version"]} if short["version"] else {}
        return {"Bucket": short["bucket"], "Key": short["key"], **version}
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    path = unquote(parts.path)
    host = _HOST_STYLE.fullmatch(parts.netloc)
    if host:
        # A key may begin with a slash of its own.
        bucket, key = host["bucket"], path.removeprefix("/")
    elif _PATH_STYLE.fullmatch(parts.netloc):
        bucket, _, key = path.lstrip("/").partition("/")
    else:
        return None
    if not (bucket and key):
        return None
    versions = parse_qs(parts.query).get("versionId")
    return {"Bucket": bucket, "Key": key, **({"VersionId": versions[0]} if versions else {})}


def as_https(url: str, neighbour: str | None = None) -> str:
    """The https address that an ``s3://`` one means; any other as it is.

    Args:
        url: The address.
        neighbour: An ARN in the partition of the bucket, whose Region counts where a partition
            has no address for all of its Regions; None for the partition of most.
    """
    short = _S3.fullmatch(url)
    if short is None:
        return url
    _, partition, _, region, *_ = [*(neighbour or "").split(":"), "", "", "", ""]
    place = "" if partition in {"", "aws"} or not region else f"{region}."
    suffix = SUFFIXES.get(partition, SUFFIXES["aws"])
    version = f"?versionId={short['version']}" if short["version"] else ""
    return f"https://{short['bucket']}.s3.{place}{suffix}/{quote(short['key'])}{version}"


def pin(url: str, version: str) -> str:
    """The address of one version of the object to which an address leads."""
    parts = urlsplit(url)
    others = [
        each for each in parse_qsl(parts.query, keep_blank_values=True) if each[0] != "versionId"
    ]
    return parts._replace(query=urlencode([*others, ("versionId", version)])).geturl()
