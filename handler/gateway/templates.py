"""The texts behind TemplateURLs: what is there now, and where the one that is meant lies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError

from handler.errors import StackSetResourceError, TemplateChanged, TemplateGone, TemplateUnreachable
from handler.gateway.retry import ATTEMPTS, call_patiently, is_transient
from handler.values.addresses import locate, pin, without_queries
from handler.values.spec import StackSetSpec
from handler.values.templates import may_hide, same_text, sha256

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MOST_VERSIONS = 50
_NOTHING_THERE = {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}
_Answer = TypeVar("_Answer")


class _Held(NamedTuple):
    """What an address in S3 holds.

    Attributes:
        content: None where there is nothing, or nothing that this function may read.
        missing: Why there is nothing; empty where there is something.
    """

    content: bytes | None
    missing: str = ""

    def is_other_than(self, digest: str) -> bool:
        """Whether it is known not to be what is meant."""
        return bool(self.missing) or (self.content is not None and sha256(self.content) != digest)


class Templates:
    """The templates that this function can read.

    Every method raises TemplateUnreachable where S3 does not answer however often it is asked, and
    whatever ``sleep`` raises where asking again would take too long.

    Args:
        s3: Gives the client; called only for an address in S3.
        warn: Takes what an operator should know: a text, and details by name.
        sleep: Waits for so many seconds before S3 is asked again.
    """

    def __init__(
        self,
        s3: Callable[[], S3Client],
        warn: Callable[..., None],
        sleep: Callable[[float], None],
    ) -> None:
        self._s3 = s3
        self._warn = warn
        self._sleep = sleep

    def read(self, spec: StackSetSpec) -> str | None:
        """Read the wanted template.

        Returns:
            Its text; None where it is outside S3 or this function may not read it, though
            CloudFormation perhaps can, and where the stack set is to keep the one it has.
        """
        place = locate(spec.template_url) if spec.template_url else None
        if place is None:
            return spec.template_body
        held = self._fetch(place)
        if held.missing:
            self._warn_unread(held.missing)
        return self._text(held.content)

    def check(self, spec: StackSetSpec) -> None:
        """Make sure that the address holds what the digest says, as far as it can be read.

        Raises:
            TemplateChanged: It holds something else.
            TemplateGone: It holds nothing.
        """
        place, digest = _meant(spec)
        if not (place and digest):
            return
        held = self._fetch(place)
        if held.is_other_than(digest):
            raise _problem(spec, place, held)

    def settle(
        self, spec: StackSetSpec, live: str | None, before: StackSetSpec | None = None
    ) -> StackSetSpec:
        """Find the content that the digest names, wherever it is by now.

        What a stack set shows with question marks may be the content, though its digest differs:
        the content is then read and compared by ``same_text``. Where it is nowhere to be read, the
        stack set keeps what it has unless that may be another content. An address that may not be
        read may be one that holds nothing, for S3 tells that only those who may list the bucket.

        Args:
            spec: What is wanted.
            live: The stack set's present template; None for unknown.
            before: What was wanted before, read leniently where it is wrong: on a rollback that is
                what failed. None for unknown.

        Returns:
            The same with the address of the right content, or without any where the stack set has
            it already.

        Raises:
            TemplateChanged: The address holds another content, and no version of it is the right
                one.
            TemplateGone: The address holds nothing, and no version of it is the right one.
        """
        place, digest = _meant(spec)
        if not (place and digest):
            return spec
        if live is not None and _digest_of(live) == digest:
            return replace(spec, template_url=None)
        held = self._fetch(place)
        if held.content is not None and not held.is_other_than(digest):
            return spec
        version, why = self._find_version(place, digest)
        if version:
            self._warn("template has changed since, so an older version is used", version=version)
            return replace(spec, template_url=pin(str(spec.template_url), version))
        if live is not None and self._may_be_in_place(digest, live, held, before):
            self._warn("template is kept, since it is none of the others that are known", why=why)
            return replace(spec, template_url=None)
        if held.is_other_than(digest):
            raise _problem(spec, place, held, why)
        return spec

    def _may_be_in_place(
        self, digest: str, live: str, held: _Held, before: StackSetSpec | None
    ) -> bool:
        """Whether a text with question marks is neither what lies there now nor what was before."""
        if not may_hide(live) or _is_shown(held.content, live) or before is None:
            return False
        place, old_digest = _meant(before)
        if old_digest == digest:
            return True
        if old_digest and _digest_of(live) == old_digest:
            return False
        old = self._content_before(before, place, old_digest)
        return old is not None and not _is_shown(old, live)

    def _content_before(
        self, before: StackSetSpec, place: Mapping[str, str] | None, digest: str
    ) -> bytes | None:
        """What was wanted before, wherever it is by now; None where nobody knows."""
        if place is None:
            return before.template_body.encode() if before.template_body else None
        held = self._fetch(place)
        if digest and held.is_other_than(digest):
            version, _ = self._find_version(place, digest)
            return self._fetch({**place, "VersionId": version}).content if version else None
        return held.content

    def _find_version(self, place: Mapping[str, str], digest: str) -> tuple[str, str]:
        """The newest version of an object that has that digest; empty, and why, for none."""
        bucket, key = place["Bucket"], place["Key"]
        try:
            # The key itself comes first among those that begin with it, its newest version first.
            answer = self._ask(
                place,
                lambda: self._s3().list_object_versions(
                    Bucket=bucket, Prefix=key, MaxKeys=_MOST_VERSIONS
                ),
            )
        except (BotoCoreError, ClientError) as error:
            return "", f"its versions cannot be listed ({error}): grant s3:ListBucketVersions"
        tried = set()
        for each in answer.get("Versions", ()):
            if each["Key"] != key or each["ETag"] in tried:
                continue
            held = self._fetch({**place, "VersionId": each["VersionId"]})
            if held.content is not None:
                if sha256(held.content) == digest:
                    return each["VersionId"], ""
                tried.add(each["ETag"])
            elif not held.missing:
                return "", "its versions may not be read: grant s3:GetObjectVersion"
        return "", f"none of the newest {_MOST_VERSIONS} versions has the content that was meant"

    def _fetch(self, place: Mapping[str, str]) -> _Held:
        def get() -> bytes:
            body: bytes = self._s3().get_object(**place)["Body"].read()  # type: ignore[arg-type]
            return body

        try:
            return _Held(self._ask(place, get))
        except (BotoCoreError, ClientError) as error:
            if isinstance(error, ClientError) and _code(error) in _NOTHING_THERE:
                return _Held(None, str(error))
            self._warn_unread(str(error))
            return _Held(None)

    def _ask(self, place: Mapping[str, str], call: Callable[[], _Answer]) -> _Answer:
        """Call S3, and again while it does not answer; a broken transfer is no answer."""
        try:
            return call_patiently(call, self._sleep, _may_answer_later)
        except (BotoCoreError, ClientError) as error:
            if not _may_answer_later(error):
                raise
            where = f"s3://{place['Bucket']}/{place['Key']}"
            cause = without_queries(str(error))
            raise TemplateUnreachable(where, ATTEMPTS, cause) from error

    def _text(self, content: bytes | None) -> str | None:
        try:
            return None if content is None else content.decode()
        except UnicodeDecodeError as error:
            self._warn("template is no text", error=str(error))
            return None

    def _warn_unread(self, error: str) -> None:
        text = "template not read, so only a changed URL counts"
        self._warn(text, error=without_queries(error))


def _may_answer_later(error: Exception) -> bool:
    return is_transient(error) or isinstance(error, IncompleteReadError)


def _problem(
    spec: StackSetSpec, place: Mapping[str, str], held: _Held, why: str = ""
) -> StackSetResourceError:
    url = without_queries(str(spec.template_url))
    if held.missing:
        return TemplateGone(url, place["Bucket"], why or held.missing)
    return TemplateChanged(url, place["Bucket"], why)


def _is_shown(content: bytes | None, live: str) -> bool:
    return content is not None and same_text(content.decode(errors="replace"), live)


def _digest_of(live: str) -> str:
    return sha256(live.encode(errors="surrogatepass"))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _meant(spec: StackSetSpec) -> tuple[dict[str, str] | None, str]:
    """Where the wanted template lies in S3, and the digest of its own content, without nested."""
    place = locate(spec.template_url) if spec.template_url else None
    return place, (spec.template_digest or "").partition(".")[0]
