"""Templates in S3, with the version that was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from handler.causes import OWN_STACK
from handler.values.addresses import locate
from macro.fragment import Content, Unreadable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_ABSENT = {"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404"}
_DENIED = {"AccessDenied", "403"}
_RIGHT = (
    " S3 says so of an object that is not there, too: upload it first, or name its bucket in"
    f" parameter TemplateBuckets of {OWN_STACK}, which grants"
    " s3:GetObject and s3:GetObjectVersion to StackSetMacroRole; a bucket's own KMS key takes"
    " kms:Decrypt besides."
)


def reader(s3: Callable[[], S3Client]) -> Callable[[str], Content | None]:
    """Make what reads the content behind an address.

    Args:
        s3: Gives the client; called only for an address in S3.

    Returns:
        A function of an address: its content, or None for an address outside S3. It raises
        Unreadable.
    """

    def read(url: str) -> Content | None:
        place = locate(url)
        if place is None:
            return None
        try:
            answer = s3().get_object(**place)  # type: ignore[arg-type]
            body: bytes = answer["Body"].read()
        except ClientError as error:
            raise Unreadable(_cause(url, error)) from error
        except BotoCoreError as error:
            message = f"{url} cannot be read: {error}"
            raise Unreadable(message) from error
        version = answer.get("VersionId", "")
        return Content(body, "" if version == "null" else version)

    return read


def _cause(url: str, error: ClientError) -> str:
    details = error.response.get("Error", {})
    code, message = details.get("Code", ""), details.get("Message", "").rstrip(".")
    if code in _ABSENT:
        return f"{url} leads to nothing: {message} ({code}). Upload the template first."
    if code in _DENIED:
        return f"{url} may not be read by the macro: {message} ({code}).{_RIGHT}"
    return f"{url} cannot be read: {message} ({code})."
