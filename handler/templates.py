"""The text behind a TemplateURL, to see whether it has changed while its address has not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from handler.observability import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

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


def fetch_template(url: str, s3: Callable[[], S3Client]) -> str | None:
    """Read a template from S3.

    Args:
        url: Its TemplateURL.
        s3: Gives the client; not called for an address outside S3.

    Returns:
        Its text; None where the address is outside S3 or this function may not read it, though
        CloudFormation perhaps can.
    """
    place = locate(url)
    if place is None:
        return None
    try:
        body: bytes = s3().get_object(**place)["Body"].read()  # type: ignore[arg-type]
        return body.decode()
    except (BotoCoreError, ClientError, UnicodeDecodeError) as error:
        logger.warning("template not read, so only a changed URL counts", error=str(error))
        return None
