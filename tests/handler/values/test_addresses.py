"""What may be told of an address."""

from __future__ import annotations

import pytest

from handler.values.addresses import locate, without_queries


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://b.s3.amazonaws.com/k", "k"),
        ("https://b.s3.amazonaws.com//k", "/k"),
        ("https://s3.amazonaws.com/b//k", "/k"),
        ("https://s3.amazonaws.com//b/k", "k"),
    ],
)
def test_keys_that_begin_with_a_slash(address: str, key: str) -> None:
    """A slash after that of the host or of the bucket is part of the key."""
    assert locate(address) == {"Bucket": "b", "Key": key}


@pytest.mark.parametrize("host", ["example.com\\@b", "user@b", "b%5c", "[b]"])
def test_hosts_that_are_read_differently(host: str) -> None:
    """Before the service may stand a bucket's name alone: to urllib3 a backslash ends the host."""
    assert locate(f"https://{host}.s3.amazonaws.com/k") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("https://b.s3.amazonaws.com/k?X-Amz-Signature=s", "https://b.s3.amazonaws.com/k"),
        (
            "https://b.s3.amazonaws.com/k?X-Amz-Signature=s&versionId=3.a_-&X-Amz-Date=d",
            "https://b.s3.amazonaws.com/k?versionId=3.a_-",
        ),
        (
            "https://b.s3.amazonaws.com/k?versionId=null",
            "https://b.s3.amazonaws.com/k?versionId=null",
        ),
        (
            'At "https://a/k?sig=s": or (https://b/l?sig=t) nothing?',
            'At "https://a/k": or (https://b/l nothing?',
        ),
        ("https://a/k?a=b?c=d rest", "https://a/k rest"),
        ("https://a/k?xversionId=7", "https://a/k"),
        ("s3://b/k?X-Amz-Signature=s&a=b", "s3://b/k?X-Amz-Signature=...&a=b"),
        ("https://b/my key?X-Amz-Signature=s", "https://b/my key?X-Amz-Signature=..."),
        ("b/k?AWSAccessKeyId=a&Signature=s", "b/k?AWSAccessKeyId=...&Signature=..."),
        ("No address? None.", "No address? None."),
        ("", ""),
    ],
)
def test_without_queries(text: str, told: str) -> None:
    """Of an address in a text nothing is told that may be a key; the version is none."""
    assert without_queries(text) == told
