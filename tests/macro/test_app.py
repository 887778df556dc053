"""What CloudFormation is answered."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from macro import app
from macro.objects import reader
from macro.parsing import LARGEST
from macro.sealing import Content, Denied, Unavailable, Unreadable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

URL = "https://b.s3.amazonaws.com/app.yaml"
PLACE = {"Bucket": "b", "Key": "app.yaml"}
CONTEXT: Any = SimpleNamespace(
    invoked_function_arn="arn:aws:lambda:us-east-1:111111111111:function:macro"
)


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The macro's S3 client, without an S3."""
    client: Any = _client("s3")
    monkeypatch.setattr(app, "_s3", lambda: client)
    with Stubber(client) as stubber:
        yield stubber


@pytest.fixture(autouse=True)
def summaries(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The macro's client of CloudFormation, which may not ask unless it is told an answer."""
    client: Any = _client("cloudformation")
    monkeypatch.setattr(app, "_cloudformation", lambda: client)
    with Stubber(client) as stubber:
        yield stubber


def _client(service: Any) -> object:
    return boto3.client(
        service, region_name="us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="made-up"
    )


def _read(stub: Stubber, url: str) -> Content | None:
    return reader(lambda: cast("S3Client", stub.client))(url)


def _event(**properties: Any) -> dict[str, Any]:
    return {
        "region": "us-east-1",
        "accountId": "111111111111",
        "fragment": {
            "Parameters": {"Url": {"Type": "String"}},
            "Resources": {"Set": {"Type": "Custom::StackSet", "Properties": properties}},
        },
        "transformId": "111111111111::StackSetTemplate",
        "params": {},
        "requestId": "request-1",
        "templateParameterValues": {"Url": URL},
    }


def _answer(content: bytes, **members: str) -> dict[str, Any]:
    return {"Body": StreamingBody(io.BytesIO(content), len(content)), **members}


def test_success(stub: Stubber) -> None:
    """The answer carries the request's id, success and the processed template."""
    stub.add_response("get_object", _answer(b"x", VersionId="v1"), PLACE)
    stub.add_response("get_object", _answer(b"x", VersionId="v1"), {**PLACE, "VersionId": "v1"})
    event = _event(TemplateURL={"Ref": "Url"})

    answer = app.handler(event, CONTEXT)

    assert (answer["requestId"], answer["status"]) == ("request-1", "success")
    assert answer["fragment"]["Resources"]["Set"]["Properties"] == {
        "TemplateURL": f"{URL}?versionId=v1",
        "TemplateDigest": hashlib.sha256(b"x").hexdigest(),
    }


def test_suspended_versioning(stub: Stubber) -> None:
    """The null version may be overwritten, so it is not pinned."""
    stub.add_response("get_object", _answer(b"x", VersionId="null"), PLACE)
    event = _event(TemplateURL=URL)

    properties = app.handler(event, CONTEXT)["fragment"]["Resources"]["Set"]["Properties"]
    assert properties["TemplateURL"] == URL


def test_refusal() -> None:
    """A fault is a failure with its text."""
    answer = app.handler(_event(), CONTEXT)

    assert answer["status"] == "failure"
    assert answer["errorMessage"].startswith("Set: TemplateURL is missing")


def test_chains_without_an_end() -> None:
    """Conditions a thousand deep are the author's to mend, not a bug of ours."""
    event = _event(TemplateBody={"Fn::If": ["C0", "x", "y"]})
    conditions = {f"C{n}": {"Fn::Not": [{"Condition": f"C{n + 1}"}]} for n in range(3000)}
    event["fragment"]["Conditions"] = conditions
    answer = app.handler(event, CONTEXT)

    assert answer["status"] == "failure"
    assert "are too deep" in answer["errorMessage"]


def test_our_own_bug_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even an unforeseen error is an answer that CloudFormation understands."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(app, "transform", fail)
    answer = app.handler(_event(TemplateURL=URL), CONTEXT)

    assert (answer["status"], answer["requestId"]) == ("failure", "request-1")
    assert "Unforeseen ZeroDivisionError" in answer["errorMessage"]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("NoSuchKey", "leads to nothing"),
        ("NoSuchBucket", "Upload the template first"),
        ("AccessDenied", "TemplateBuckets .* TemplateBucketAccounts the account"),
        ("SlowDown", "cannot be read"),
    ],
)
def test_unreadable(stub: Stubber, code: str, told: str) -> None:
    """An address that cannot be read is told with its cause and the mend."""
    stub.add_client_error("get_object", code, "said S3")

    with pytest.raises(Unreadable, match=told) as caught:
        _read(stub, URL)
    assert URL in str(caught.value)


def test_read(stub: Stubber) -> None:
    """The version in the address is the one that is read; other addresses are none of ours."""
    stub.add_response("get_object", _answer(b"x"), {**PLACE, "VersionId": "v0"})

    assert _read(stub, f"{URL}?versionId=v0") == Content(b"x", "")
    assert _read(stub, "https://example.com/app.yaml") is None


def test_short_address(stub: Stubber) -> None:
    """An s3:// address is read, and pinned to the version that was read."""
    stub.add_response("get_object", _answer(b"{}", VersionId="v1"), PLACE)
    stub.add_response("get_object", _answer(b"{}", VersionId="v1"), {**PLACE, "VersionId": "v1"})

    answer = app.handler(_event(TemplateURL="s3://b/app.yaml"), CONTEXT)

    properties = answer["fragment"]["Resources"]["Set"]["Properties"]
    assert properties["TemplateURL"] == "s3://b/app.yaml?versionId=v1"
    assert properties["TemplateDigest"] == hashlib.sha256(b"{}").hexdigest()


def test_other_accounts() -> None:
    """What another account's template names is not read with this account's rights."""
    answer = app.handler({**_event(TemplateURL=URL), "accountId": "222222222222"}, CONTEXT)

    assert answer["status"] == "failure"
    assert "222222222222" in answer["errorMessage"]


def test_each_address_is_read_once(stub: Stubber) -> None:
    """Two stack sets of the same template cost one read, and a refusal is not asked for again."""
    stub.add_response("get_object", _answer(b"x"), PLACE)
    stub.add_client_error("get_object", "AccessDenied")
    read = reader(lambda: cast("S3Client", stub.client))

    assert read(URL) == read(URL) == Content(b"x", "")
    for _ in range(2):
        with pytest.raises(Denied):
            read(f"{URL}?versionId=v1")
    stub.assert_no_pending_responses()


def test_large_object(stub: Stubber) -> None:
    """An object that is no template is not read to its end."""
    asked: list[int | None] = []

    class Endless(io.RawIOBase):
        def read(self, amount: int | None = -1) -> bytes:
            asked.append(amount)
            return b"x" * (amount or 0)

    body = Endless()
    stub.add_response(
        "get_object", {"Body": StreamingBody(cast("IO[bytes]", body), 3_000_000)}, PLACE
    )

    with pytest.raises(Unreadable, match="more than 1 MB"):
        _read(stub, URL)
    assert asked == [LARGEST + 1]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("SlowDown", 503, Unavailable),
        ("InternalError", 500, Unavailable),
        ("RequestTimeout", 400, Unavailable),
        ("AccessDenied", 403, Denied),
        ("NoSuchKey", 404, Unreadable),
        ("InvalidObjectState", 403, Unreadable),
    ],
)
def test_for_the_moment_or_for_good(
    stub: Stubber, code: str, status: int, kind: type[Unreadable]
) -> None:
    """What may be there a moment later is told from what is not."""
    stub.add_client_error("get_object", code, "said S3", http_status_code=status)

    with pytest.raises(Unreadable) as caught:
        _read(stub, URL)
    assert type(caught.value) is kind


def test_queries_are_not_told(stub: Stubber) -> None:
    """The query of a presigned address stands in no reason."""
    stub.add_client_error("get_object", "NoSuchKey", "said S3", http_status_code=404)

    with pytest.raises(Unreadable) as caught:
        _read(stub, f"{URL}?X-Amz-Signature=secret")
    assert "secret" not in str(caught.value)


def test_leading_slash(stub: Stubber) -> None:
    """A key may begin with a slash."""
    stub.add_response("get_object", _answer(b"x"), {"Bucket": "b", "Key": "/app.yaml"})

    assert _read(stub, "https://b.s3.amazonaws.com//app.yaml") == Content(b"x", "")


def test_template_is_asked_about(stub: Stubber, summaries: Stubber) -> None:
    """What the template needs is told by CloudFormation, once for each change set."""
    stub.add_response("get_object", _answer(b"x"), PLACE)
    https = {"TemplateURL": "https://b.s3.amazonaws.com/app.yaml"}
    summaries.add_response("get_template_summary", {"Capabilities": ["CAPABILITY_IAM"]}, https)

    answer = app.handler(_event(TemplateURL="s3://b/app.yaml"), CONTEXT)

    assert "Capabilities lacks" in answer["errorMessage"]


def test_template_that_is_none(stub: Stubber, summaries: Stubber) -> None:
    """What CloudFormation cannot parse fails the change set, with its words."""
    stub.add_response("get_object", _answer(b"x"), PLACE)
    said = "Template format error: unsupported structure."
    summaries.add_client_error("get_template_summary", "ValidationError", said)

    answer = app.handler(_event(TemplateURL=URL), CONTEXT)

    assert "unsupported structure" in answer["errorMessage"]


def test_nobody_tells(stub: Stubber, summaries: Stubber) -> None:
    """Without the right to ask, the change set is made; the function asks again."""
    stub.add_response("get_object", _answer(b"x"), PLACE)
    summaries.add_client_error("get_template_summary", "AccessDenied", "no")

    assert app.handler(_event(TemplateURL=URL), CONTEXT)["status"] == "success"
