"""S3, Lambda and EventBridge, as far as the function and the tests use them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from emulator.virtual.http import Reply, header, path_of, text_of
from emulator.virtual.s3 import Objects, locate

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest


class Read(NamedTuple):
    """What S3 is asked for: one object, to take one, or the versions of those with a prefix."""

    action: str
    bucket: str
    key: str
    version: str | None = None
    body: bytes = b""


def s3_asked(request: AWSPreparedRequest) -> Read | None:
    """Read a request to S3; None for one that is not known."""
    parts = urlsplit(request.url)
    query = parse_qs(parts.query, keep_blank_values=True)
    if "versions" in query:
        # With a key in the place of none, the bucket is found in either style.
        some = locate(parts._replace(path=f"{parts.path.rstrip('/')}/key").geturl())
        return Read("ListObjectVersions", some[0] if some else "", query["prefix"][0])
    location = locate(request.url)
    if request.method == "PUT" and location is not None:
        return Read("PutObject", *location, _sent(request))
    if request.method != "GET" or location is None:
        return None
    return Read("GetObject", *location)


def s3_reply(objects: Objects, asked: Read) -> Reply:
    """Answer a request to S3."""
    if asked.action == "ListObjectVersions":
        listed = "".join(
            f"<Version><Key>{escape(key)}</Key><VersionId>{version}</VersionId>"
            f"<ETag>{hashlib.md5(body, usedforsecurity=False).hexdigest()}</ETag></Version>"
            for key, version, body in objects.versions(asked.bucket, asked.key)
        )
        return Reply(200, f"<ListVersionsResult>{listed}</ListVersionsResult>".encode())
    if asked.action == "PutObject":
        objects[asked.bucket, asked.key] = asked.body
        return Reply(200)
    body = objects.read(asked.bucket, asked.key, asked.version)
    if body is None:
        message = "<Code>NoSuchKey</Code><Message>The specified key does not exist.</Message>"
        xml = f"<Error>{message}<Key>{escape(asked.key)}</Key></Error>"
        return Reply(404, xml.encode())
    return Reply(200, body, {"content-length": str(len(body))})


def invoked(request: AWSPreparedRequest) -> tuple[str, Any] | None:
    """Read an asynchronous Invoke: the function's name and the event; None for anything else."""
    match = re.fullmatch(r"/2015-03-31/functions/([^/]+)/invocations", path_of(request))
    if match is None or header(request, "X-Amz-Invocation-Type") != "Event":
        return None
    return unquote(match[1]), json.loads(text_of(request) or "null")


def _sent(request: AWSPreparedRequest) -> bytes:
    """The body of a request, which the SDK sends in chunks, with a checksum behind them."""
    body: Any = request.body
    raw: bytes = body.read() if hasattr(body, "read") else bytes(body or b"")
    if "aws-chunked" not in (header(request, "Content-Encoding") or ""):
        return raw
    whole = b""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if not length:
            break
        whole, raw = whole + raw[:length], raw[length + 2 :]
    return whole


def events_put(
    request: AWSPreparedRequest, events: list[dict[str, Any]], *, refused: bool
) -> Reply:
    """Answer PutEvents, and add what it brings to the events, each with its detail read."""
    if refused:
        return Reply(400, b'{"__type": "AccessDeniedException", "message": "no"}')
    entries = json.loads(text_of(request))["Entries"]
    events += [{**each, "Detail": json.loads(each["Detail"])} for each in entries]
    answers = [{"EventId": str(number)} for number in range(len(entries))]
    body = json.dumps({"FailedEntryCount": 0, "Entries": answers})
    return Reply(200, body.encode(), {"Content-Type": "application/x-amz-json-1.1"})
