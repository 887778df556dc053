"""Templates in S3, with the version that was read."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handler.causes import OWN_STACK
from handler.values.addresses import locate, without_queries
from macro.parsing import LARGEST
from macro.sealing import Content, Denied, Read, Unavailable, Unreadable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = {"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404"}
_DENIED = {"AccessDenied", "403"}
_BUSY = {"OperationAborted", "RequestTimeout", "RequestTimeTooSkewed", "SlowDown"}
_RIGHT = (
    " S3 says so of an object that is not there, too: upload it first, or name its bucket in"
    f" parameter TemplateBuckets of {OWN_STACK}, which grants"
    " s3:GetObject and s3:GetObjectVersion to StackSetMacroRole, and in TemplateBucketAccounts the"
    " account that has it if it is another; a bucket's own KMS key takes kms:Decrypt besides."
)
_AGAIN = "Nobody knows what it holds: try again."


def reader(s3: Callable[[], S3Client]) -> Read:
    """Make what reads the content behind an address, each once.

    Args:
        s3: Gives the client; called only for an address in S3.

    Returns:
        A function of an address: its content, or None for an address outside S3. It raises
        Unreadable.
    """
    known: dict[str, Content | Unreadable] = {}

    def read(url: str) -> Content | None:
        place = locate(url)
        if place is None:
            return None
        if url not in known:
            try:
                known[url] = _read(s3(), url, place)
            except Unreadable as error:
                known[url] = error
        found = known[url]
        if isinstance(found, Unreadable):
            raise found
        return found

    return read


def _read(s3: S3Client, url: str, place: dict[str, str]) -> Content:
    shown = without_queries(url)
    try:
        answer = s3.get_object(**place)  # type: ignore[arg-type]
        body: bytes = answer["Body"].read(LARGEST + 1)
        answer["Body"].close()
    except ClientError as error:
        raise _told(shown, error) from error
    except BotoCoreError as error:
        message = f"{shown} cannot be read for the moment: {error}. {_AGAIN}"
        raise Unavailable(message) from error
    if len(body) > LARGEST:
        message = f"{shown} has more than 1 MB, the most that a template may have: divide it"
        raise Unreadable(message)
    version = answer.get("VersionId", "")
    return Content(body, "" if version == "null" else version)


def _told(shown: str, error: ClientError) -> Unreadable:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "").rstrip(".")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    cause = f"{message} ({code})"
    if code in _ABSENT:
        return Unreadable(f"{shown} leads to nothing: {cause}. Upload the template first.")
    if code in _DENIED:
        return Denied(f"{shown} may not be read by the macro: {cause}.{_RIGHT}")
    if (
        code in _BUSY
        or status in {0, HTTPStatus.TOO_MANY_REQUESTS}
        or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    ):
        return Unavailable(f"{shown} cannot be read for the moment: {cause}. {_AGAIN}")
    return Unreadable(f"{shown} cannot be read: {cause}.")
