"""What CloudFormation is answered."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber

from macro import app
from macro.fragment import Content, Unreadable
from macro.objects import reader

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

URL = "https://b.s3.amazonaws.com/app.yaml"
PLACE = {"Bucket": "b", "Key": "app.yaml"}
CONTEXT: Any = None


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """The macro's S3 client, without an S3."""
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="made-up"
    )
    monkeypatch.setattr(app, "_s3", lambda: client)
    with Stubber(client) as stubber:
        yield stubber


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
        ("AccessDenied", "TemplateBuckets"),
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

    answer = app.handler(_event(TemplateURL="s3://b/app.yaml"), CONTEXT)

    properties = answer["fragment"]["Resources"]["Set"]["Properties"]
    assert properties["TemplateURL"] == "s3://b/app.yaml?versionId=v1"
    assert properties["TemplateDigest"] == hashlib.sha256(b"{}").hexdigest()
