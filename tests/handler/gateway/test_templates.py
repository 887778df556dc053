"""Templates in S3 are found under every address that S3 has had, and read where that is allowed."""

from __future__ import annotations

import hashlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import boto3
import pytest
from botocore.config import Config
from botocore.response import StreamingBody
from botocore.stub import Stubber

from handler.errors import TemplateChanged, TemplateGone, TemplateUnreachable
from handler.gateway.templates import Templates
from handler.values.addresses import as_https, locate, pin
from handler.values.spec import StackSetSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

_PLACE = {"Bucket": "my-bucket", "Key": "path/app.yaml"}
_URL = "https://my-bucket.s3.amazonaws.com/path/app.yaml"


@pytest.mark.parametrize(
    "url",
    [
        "https://my-bucket.s3.amazonaws.com/path/app.yaml",
        "https://my-bucket.s3.us-west-2.amazonaws.com/path/app.yaml",
        "https://my-bucket.s3-us-west-2.amazonaws.com/path/app.yaml",
        "https://my-bucket.s3.dualstack.us-west-2.amazonaws.com/path/app.yaml",
        "https://my-bucket.s3-fips.us-gov-west-1.amazonaws.com/path/app.yaml",
        "https://my-bucket.s3.cn-north-1.amazonaws.com.cn/path/app.yaml",
        "https://s3.amazonaws.com/my-bucket/path/app.yaml",
        "https://s3.us-west-2.amazonaws.com/my-bucket/path/app.yaml",
        "https://s3-us-west-2.amazonaws.com/my-bucket/path/app.yaml",
        "https://s3.dualstack.us-west-2.amazonaws.com/my-bucket/path/app.yaml",
        "https://s3.us-gov-west-1.amazonaws.com/my-bucket/path/app.yaml",
        "https://s3.cn-north-1.amazonaws.com.cn/my-bucket/path/app.yaml",
        "https://s3.amazonaws.com/my-bucket/path/app.yaml?X-Amz-Date=20260823T000000Z",
    ],
)
def test_located(url: str) -> None:
    """Bucket and key are found in the host or in the path, with and without region."""
    assert locate(url) == _PLACE


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (
            "https://my.dotted.bucket.s3.amazonaws.com/a",
            {"Bucket": "my.dotted.bucket", "Key": "a"},
        ),
        ("https://s3.amazonaws.com/my.bucket/a", {"Bucket": "my.bucket", "Key": "a"}),
        ("https://b.s3.amazonaws.com/a%20b%2Bc.yaml", {"Bucket": "b", "Key": "a b+c.yaml"}),
        ("https://s3.amazonaws.com/b/%E6%97%A5", {"Bucket": "b", "Key": "日"}),
        (
            "https://b.s3.amazonaws.com/k?versionId=3sL4kqtJlcpXroDTDmJ",
            {"Bucket": "b", "Key": "k", "VersionId": "3sL4kqtJlcpXroDTDmJ"},
        ),
        (
            "https://s3.amazonaws.com/b/k?x=y&versionId=null",
            {"Bucket": "b", "Key": "k", "VersionId": "null"},
        ),
    ],
    ids=["dots in host", "dots in path", "escapes", "unicode", "version", "null version"],
)
def test_located_parts(url: str, place: dict[str, str]) -> None:
    """Dots, escapes and versions are read."""
    assert locate(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/app.yaml",
        "https://my-bucket.s3.example.com/app.yaml",
        "https://s3.amazonaws.com.example.com/b/k",
        "https://my-buckets3.amazonaws.com/k",
        "https://s3.amazonaws.com",
        "https://s3.amazonaws.com/my-bucket",
        "https://s3.amazonaws.com/my-bucket/",
        "https://my-bucket.s3.amazonaws.com",
        "https://my-bucket.s3.amazonaws.com/",
        "https://s3xamazonaws.com/b/k",
        "https://my-bucket.s3.amazonawsxcom/k",
        "https://d111111abcdef8.cloudfront.net/app.yaml",
        "ssm-doc://arn:aws:ssm:us-east-1:111111111111:document/template",
    ],
)
def test_not_in_s3(url: str) -> None:
    """An address outside S3, or without bucket or key, is none."""
    assert locate(url) is None


def test_bucket_named_like_s3() -> None:
    """A bucket may have s3 among its dots."""
    url = "https://my.s3.bucket.s3.us-west-2.amazonaws.com/k"

    assert locate(url) == {"Bucket": "my.s3.bucket", "Key": "k"}


@pytest.mark.parametrize(
    "url",
    [
        "https://my-bucket.s3.eusc-de-east-1.amazonaws.eu/path/app.yaml",
        "https://s3.us-iso-east-1.c2s.ic.gov/my-bucket/path/app.yaml",
        "https://s3.us-isob-east-1.sc2s.sgov.gov/my-bucket/path/app.yaml",
    ],
    ids=["aws-eusc", "aws-iso", "aws-iso-b"],
)
def test_located_in_any_partition(url: str) -> None:
    """Every partition's S3 is S3: a template edited in place deploys there too."""
    assert locate(url) == _PLACE


def test_odd_host_is_judged_at_once() -> None:
    """However many hyphens a host has, it takes no time to see that it is not S3's."""
    host = "a.s3" + "-a" * 60 + ".a-a" * 60

    assert locate(f"https://{host}.example.com/k") is None
    assert locate(f"https://{host}.amazonaws.com/k") == {"Bucket": "a", "Key": "k"}


def test_broken_address() -> None:
    """What is no address is none in S3."""
    assert locate("https://[my-bucket.s3.amazonaws.com/k") is None


def _client() -> S3Client:
    return boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="made-up"
    )


class Warned:
    """What an operator is warned of."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.details: list[dict[str, object]] = []

    def __call__(self, text: str, **details: object) -> None:
        """Take a warning."""
        self.texts.append(text)
        self.details.append(details)


def _ignore(*_: object, **__: object) -> None:
    """Nobody reads the warnings."""


def _never_sleep(_: float) -> NoReturn:
    pytest.fail("S3 is asked once")


def _never() -> NoReturn:
    pytest.fail("no client is needed")


def _fetched(answer: dict[str, Any], url: str, place: dict[str, str]) -> str | None:
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", answer, place)
        return Templates(lambda: client, _ignore, _never_sleep).read(StackSetSpec(template_url=url))


def _body(content: bytes, length: int | None = None) -> dict[str, Any]:
    size = len(content) if length is None else length
    return {"Body": StreamingBody(io.BytesIO(content), size)}


def test_fetched() -> None:
    """A template's text is read from where its address says."""
    content = "Description: 日本\n".encode()

    assert _fetched(_body(content), _URL, _PLACE) == "Description: 日本\n"


def test_fetched_version() -> None:
    """The version that the address names is read."""
    place = {**_PLACE, "VersionId": "7"}

    assert _fetched(_body(b"x"), f"{_URL}?versionId=7", place) == "x"


def test_outside_s3() -> None:
    """An address outside S3 costs no client and no call."""
    assert (
        Templates(_never, _ignore, _never_sleep).read(
            StackSetSpec(template_url="https://example.com/a.yaml")
        )
        is None
    )


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchKey", "NoSuchVersion", "NoSuchBucket"])
def test_unreadable(code: str) -> None:
    """A template that this function may not read is not an error: CloudFormation perhaps may."""
    client, warned = _client(), Warned()
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code)
        templates = Templates(lambda: client, warned, _never_sleep)

        assert templates.read(StackSetSpec(template_url=_URL)) is None

    assert warned.texts == ["template not read, so only a changed URL counts"]
    assert code in str(warned.details[0]["error"])


def test_not_a_text() -> None:
    """What is no text is not compared."""
    assert _fetched(_body(b"\xff\xfe"), _URL, _PLACE) is None


def test_cut_off() -> None:
    """A template whose transfer breaks off is read again."""
    client, slept = _client(), list[float]()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(b"Resources:", length=100), _PLACE)
        stub.add_response("get_object", _body(b"Resources: {}"), _PLACE)
        templates = Templates(lambda: client, _ignore, slept.append)

        assert templates.read(StackSetSpec(template_url=_URL)) == "Resources: {}"

    assert len(slept) == 1


@pytest.mark.parametrize(
    ("code", "status"), [("SlowDown", 503), ("InternalError", 500), ("Throttling", 400)]
)
def test_answers_again(code: str, status: int) -> None:
    """S3 that is busy or broken is asked again, after a pause that grows."""
    client, slept = _client(), list[float]()
    with Stubber(client) as stub:
        for _ in range(3):
            stub.add_client_error("get_object", code, http_status_code=status)
        stub.add_response("get_object", _body(_MEANT), _PLACE)
        templates = Templates(lambda: client, _ignore, slept.append)

        assert templates.read(StackSetSpec(template_url=_URL)) == _MEANT.decode()

    assert len(slept) == 3
    assert slept[0] <= 1 < slept[2]


_SIGNED = f"{_URL}?X-Amz-Signature=secret&versionId=7&X-Amz-Security-Token=secret"


def _unreachable() -> S3Client:
    """A client whose every call ends at an address where nobody listens."""
    return boto3.client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="made-up",
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize("way", ["read", "check", "settle"])
def test_s3_cannot_be_reached(way: str) -> None:
    """S3 that never answers fails the request, and nothing in the reason or the log is a key."""
    client, slept, warned = _unreachable(), list[float](), Warned()
    templates = Templates(lambda: client, warned, slept.append)
    spec = StackSetSpec(template_url=_SIGNED, template_digest=_DIGEST)
    calls: dict[str, Callable[[], object]] = {
        "read": lambda: templates.read(spec),
        "check": lambda: templates.check(spec),
        "settle": lambda: templates.settle(spec, "Other"),
    }

    with pytest.raises(
        TemplateUnreachable, match=r"my-bucket/path/app\.yaml in 4 attempts"
    ) as told:
        calls[way]()

    assert len(slept) == 3
    assert "Deploy again" in str(told.value)
    assert "secret" not in f"{told.value}{warned.details}"


def test_patience_ends_the_asking() -> None:
    """What ends the waiting for S3 is passed on: the request goes on in another sandbox."""

    def leave(_: float) -> NoReturn:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        Templates(_unreachable, _ignore, leave).read(StackSetSpec(template_url=_URL))


def test_listing_cannot_be_reached() -> None:
    """S3 that stops answering in the middle of a search fails the request, too."""
    client, slept = _client(), list[float]()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(_OTHER), _PLACE)
        for _ in range(4):
            stub.add_client_error("list_object_versions", "SlowDown", http_status_code=503)
        with pytest.raises(TemplateUnreachable, match="SlowDown"):
            Templates(lambda: client, _ignore, slept.append).settle(_SPEC, None)


@pytest.mark.parametrize(
    ("url", "pinned"),
    [
        ("https://b.s3.amazonaws.com/k", "https://b.s3.amazonaws.com/k?versionId=v.1"),
        (
            "https://b.s3.amazonaws.com/k?versionId=old",
            "https://b.s3.amazonaws.com/k?versionId=v.1",
        ),
        (
            "https://s3.amazonaws.com/b/k?a=&b=c",
            "https://s3.amazonaws.com/b/k?a=&b=c&versionId=v.1",
        ),
    ],
)
def test_pinned(url: str, pinned: str) -> None:
    """An address can be led to one version, whatever else it says."""
    assert pin(url, "v.1") == pinned


_MEANT, _OTHER = b"Resources: {}", b"Resources: {Other: {}}"
_DIGEST = hashlib.sha256(_MEANT).hexdigest()
_SPEC = StackSetSpec(template_url=_URL, template_digest=f"{_DIGEST}.{'0' * 64}")


def _version(number: int, **members: Any) -> dict[str, Any]:
    return {"Key": _PLACE["Key"], "VersionId": f"v{number}", "ETag": f"e{number}", **members}


def test_settled_on_what_is_there() -> None:
    """A stack set that has the content already keeps it, and nothing is read."""
    settled = Templates(_never, _ignore, _never_sleep).settle(_SPEC, _MEANT.decode())

    assert (settled.template_url, settled.template_body) == (None, None)


def test_settled_on_the_address() -> None:
    """An address that holds what is meant stays."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(_MEANT), _PLACE)
        assert Templates(lambda: client, _ignore, _never_sleep).settle(_SPEC, "Other") == _SPEC


def test_settled_on_a_version() -> None:
    """Among the versions of that very key the right one is found; equal ones are read once."""
    client = _client()
    listed = [_version(3), _version(2, ETag="e3"), _version(1), _version(0, Key="path/app.yaml2")]
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(_OTHER), _PLACE)
        stub.add_response(
            "list_object_versions",
            {"Versions": listed},
            {"Bucket": "my-bucket", "Prefix": "path/app.yaml", "MaxKeys": 50},
        )
        stub.add_response("get_object", _body(_OTHER), {**_PLACE, "VersionId": "v3"})
        stub.add_response("get_object", _body(_MEANT), {**_PLACE, "VersionId": "v1"})
        settled = Templates(lambda: client, _ignore, _never_sleep).settle(_SPEC, None)

    assert settled.template_url == f"{_URL}?versionId=v1"


def test_no_version_has_it() -> None:
    """Without a version that has the content, the reason tells what to do."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(_OTHER), _PLACE)
        stub.add_response("list_object_versions", {})
        with pytest.raises(TemplateChanged, match=r"newest 50 versions.*versioning .*my-bucket"):
            Templates(lambda: client, _ignore, _never_sleep).settle(_SPEC, None)


@pytest.mark.parametrize("code", ["NoSuchVersion", "NoSuchKey", "MethodNotAllowed"])
def test_pinned_version_is_gone(code: str) -> None:
    """A version that has expired, or become a delete marker, is found under another number."""
    client = _client()
    spec = replace(_SPEC, template_url=f"{_URL}?versionId=v1")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", code)
        stub.add_response("list_object_versions", {"Versions": [_version(3), _version(2)]})
        stub.add_response("get_object", _body(_OTHER), {**_PLACE, "VersionId": "v3"})
        stub.add_response("get_object", _body(_MEANT), {**_PLACE, "VersionId": "v2"})
        settled = Templates(lambda: client, _ignore, _never_sleep).settle(spec, "Other")

    assert settled.template_url == f"{_URL}?versionId=v2"


def test_expired_version_without_the_right_to_know() -> None:
    """Who may not list a bucket is told of an expired version as of one that may not be read."""
    client = _client()
    spec = replace(_SPEC, template_url=f"{_URL}?versionId=v1")
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "AccessDenied")
        stub.add_response("list_object_versions", {"Versions": [_version(2)]})
        stub.add_response("get_object", _body(_MEANT), {**_PLACE, "VersionId": "v2"})
        settled = Templates(lambda: client, _ignore, _never_sleep).settle(spec, "Other")

    assert settled.template_url == f"{_URL}?versionId=v2"


def test_denied_versions() -> None:
    """Versions that may not be read are asked for once, and nothing is judged by that."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "AccessDenied")
        stub.add_response("list_object_versions", {"Versions": [_version(2), _version(1)]})
        stub.add_client_error("get_object", "AccessDenied")

        assert Templates(lambda: client, _ignore, _never_sleep).settle(_SPEC, "Other") == _SPEC
        stub.assert_no_pending_responses()


def test_version_that_expires_meanwhile() -> None:
    """A listed version that is gone by now does not hide another with the same bytes."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(_OTHER), _PLACE)
        listed = [_version(3, ETag="same"), _version(2, ETag="same")]
        stub.add_response("list_object_versions", {"Versions": listed})
        stub.add_client_error("get_object", "NoSuchVersion")
        stub.add_response("get_object", _body(_MEANT), {**_PLACE, "VersionId": "v2"})
        settled = Templates(lambda: client, _ignore, _never_sleep).settle(_SPEC, None)

    assert settled.template_url == f"{_URL}?versionId=v2"


def test_nothing_is_left() -> None:
    """Where neither the pinned version nor another has the content, the reason says so."""
    client = _client()
    spec = replace(_SPEC, template_url=_SIGNED)
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "NoSuchVersion")
        stub.add_response("list_object_versions", {})
        with pytest.raises(TemplateGone, match=r"versionId=7 any more.*newest 50") as told:
            Templates(lambda: client, _ignore, _never_sleep).settle(spec, None)

    assert "secret" not in str(told.value)


def test_checked_without_anything_there() -> None:
    """Before a stack set is made, an address that holds nothing is refused."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "NoSuchKey")
        with pytest.raises(TemplateGone, match="NoSuchKey"):
            Templates(lambda: client, _ignore, _never_sleep).check(_SPEC)


def test_versions_cannot_be_listed() -> None:
    """Without the right to look for versions, the reason names the right."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(_OTHER), _PLACE)
        stub.add_client_error("list_object_versions", "AccessDenied")
        with pytest.raises(TemplateChanged, match="s3:ListBucketVersions"):
            Templates(lambda: client, _ignore, _never_sleep).settle(_SPEC, None)


def test_checked() -> None:
    """Before a stack set is made, another content than the meant one is refused."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(_OTHER), _PLACE)
        with pytest.raises(TemplateChanged, match="TemplateDigest"):
            Templates(lambda: client, _ignore, _never_sleep).check(_SPEC)


def test_unreadable_is_not_judged() -> None:
    """Where the content cannot be read, CloudFormation will tell: nothing is refused here."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "AccessDenied")
        stub.add_client_error("get_object", "AccessDenied")
        stub.add_client_error("list_object_versions", "AccessDenied")
        Templates(lambda: client, _ignore, _never_sleep).check(_SPEC)
        assert Templates(lambda: client, _ignore, _never_sleep).settle(_SPEC, None) == _SPEC


@pytest.mark.parametrize(
    "spec",
    [
        StackSetSpec(template_url=_URL),
        StackSetSpec(template_body="x", template_digest=_DIGEST),
        StackSetSpec(template_url="https://example.com/a", template_digest=_DIGEST),
    ],
    ids=["no digest", "no address", "outside S3"],
)
def test_nothing_to_settle(spec: StackSetSpec) -> None:
    """Without a digest or an address in S3 nothing is read."""
    assert Templates(_never, _ignore, _never_sleep).settle(spec, None) is spec


_JAPANESE = "Description: 東京\nResources: {}\n"
_SHOWN = "Description: ??\nResources: {}\n"
_WISH = StackSetSpec(
    template_url=_URL, template_digest=hashlib.sha256(_JAPANESE.encode()).hexdigest()
)
_FAILED = replace(_WISH, template_digest=_DIGEST)


def test_question_marks_and_the_content_itself() -> None:
    """A content that can be read is named by its address: the texts tell whether it is there."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(_JAPANESE.encode()), _PLACE)

        assert Templates(lambda: client, _ignore, _never_sleep).settle(_WISH, _SHOWN) == _WISH


def _rolled_back(live: str, present: bytes, before: StackSetSpec, *more: bytes) -> StackSetSpec:
    """Goes back to a text with question marks whose address has another content by now."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(present), _PLACE)
        stub.add_response("list_object_versions", {})
        for each in more:
            stub.add_response("get_object", _body(each), _PLACE)
        return Templates(lambda: client, _ignore, _never_sleep).settle(_WISH, live, before)


def test_question_marks_after_an_update_that_never_came_so_far() -> None:
    """A rollback keeps what is there where it is neither the present content nor the failed one."""
    kept = _rolled_back(_SHOWN, _MEANT, _FAILED, _MEANT)

    assert (kept.template_url, kept.template_body) == (None, None)


def test_question_marks_that_were_there_before() -> None:
    """A stack set that should have what it had keeps it."""
    kept = _rolled_back(_SHOWN, _MEANT, _WISH)

    assert (kept.template_url, kept.template_body) == (None, None)


_OTHER_CITY = "Description: 大阪府\nResources: {}\n".encode()


@pytest.mark.parametrize(
    ("live", "present", "before", "more"),
    [
        ("Description: ???\nResources: {}", _OTHER_CITY, _FAILED, ()),
        (
            "Description: ???\nResources: {}",
            _MEANT,
            replace(_FAILED, template_digest=hashlib.sha256(_OTHER_CITY).hexdigest()),
            (_OTHER_CITY,),
        ),
        (_SHOWN, _MEANT, StackSetSpec(template_url="https://example.com/a"), ()),
        (_MEANT.decode(), _OTHER, _FAILED, ()),
    ],
    ids=["present content", "failed content", "unknown before", "no question marks"],
)
def test_question_marks_of_another_content(
    live: str, present: bytes, before: StackSetSpec, more: tuple[bytes, ...]
) -> None:
    """What may be another content is never taken for the one that is meant."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(present), _PLACE)
        stub.add_response("list_object_versions", {})
        for each in more:
            stub.add_response("get_object", _body(each), _PLACE)
            stub.add_response("list_object_versions", {})
        with pytest.raises(TemplateChanged):
            Templates(lambda: client, _ignore, _never_sleep).settle(_WISH, live, before)


def test_question_marks_where_nothing_may_be_read() -> None:
    """What was wanted before as well is kept, though nobody can read it."""
    client = _client()
    with Stubber(client) as stub:
        stub.add_client_error("get_object", "AccessDenied")
        stub.add_client_error("list_object_versions", "AccessDenied")
        kept = Templates(lambda: client, _ignore, _never_sleep).settle(_WISH, _SHOWN, _WISH)

    assert (kept.template_url, kept.template_body) == (None, None)


def test_question_marks_of_nobody_knows_what() -> None:
    """Where neither content can be read, CloudFormation is asked to deploy what is meant."""
    client = _client()
    with Stubber(client) as stub:
        for _ in range(2):
            stub.add_client_error("get_object", "AccessDenied")
            stub.add_client_error("list_object_versions", "AccessDenied")

        assert Templates(lambda: client, _ignore, _never_sleep).settle(_WISH, _SHOWN, _FAILED) == (
            _WISH
        )


@pytest.mark.parametrize("versioned", [True, False])
def test_question_marks_and_the_failed_content_in_the_text(*, versioned: bool) -> None:
    """What failed is known by its text, or by another version, when that is what is shown."""
    text = StackSetSpec(template_body=_OTHER_CITY.decode())
    at_address = replace(_WISH, template_digest=hashlib.sha256(_OTHER_CITY).hexdigest())
    live = "Description: ???\nResources: {}"
    client = _client()
    with Stubber(client) as stub:
        stub.add_response("get_object", _body(_MEANT), _PLACE)
        stub.add_response("list_object_versions", {})
        if versioned:
            stub.add_response("get_object", _body(_MEANT), _PLACE)
            stub.add_response("list_object_versions", {"Versions": [_version(2)]})
            for _ in range(2):
                place = {**_PLACE, "VersionId": "v2"}
                stub.add_response("get_object", _body(_OTHER_CITY), place)
        with pytest.raises(TemplateChanged):
            Templates(lambda: client, _ignore, _never_sleep).settle(
                _WISH, live, at_address if versioned else text
            )


@pytest.mark.parametrize(
    ("url", "neighbour", "https"),
    [
        ("s3://b/k/a.yaml", None, "https://b.s3.amazonaws.com/k/a.yaml"),
        ("s3://b/a b+ä?versionId=x", None, "https://b.s3.amazonaws.com/a%20b%2B%C3%A4?versionId=x"),
        (
            "s3://b/k",
            "arn:aws-cn:lambda:cn-north-1:111111111111:function:f",
            "https://b.s3.cn-north-1.amazonaws.com.cn/k",
        ),
        (
            "s3://b/k",
            "arn:aws:lambda:eu-west-1:111111111111:function:f",
            "https://b.s3.amazonaws.com/k",
        ),
        (
            "s3://b/k",
            "arn:aws-us-gov:lambda:us-gov-west-1:111111111111:function:f",
            "https://b.s3.us-gov-west-1.amazonaws.com/k",
        ),
        (_URL, None, _URL),
    ],
    ids=["plain", "odd", "China", "Region", "GovCloud", "https"],
)
def test_short_address(url: str, neighbour: str | None, https: str) -> None:
    """An s3:// address is read as the https one of the same object, in its own partition."""
    assert as_https(url, neighbour) == https
    assert locate(https) == locate(url)
