"""Addresses that are no TemplateURL: what each is instead, and what to write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

from handler.causes import OWN_STACK
from handler.errors import Fault
from handler.values.addresses import as_https, locate

_LONGEST_SHOWN = 200
_UPLOAD = "upload the file to S3 and write the https:// address of the object"
_PACKAGE = "upload it to S3 (`./build.sh package` does that) and write the https:// address there"
_FORGES = (".github.com", ".githubusercontent.com", ".gitlab.com", ".bitbucket.org")
_FORMAT = re.compile(
    r"Template (format|validation)? ?error|Invalid template|not well-formed", re.IGNORECASE
)
# What CloudFormation says of an address, and what is wrong with it and what to write.
_CAUSES = tuple(
    (re.compile(pattern, re.IGNORECASE), mend)
    for pattern, mend in (
        (
            r"key does not exist|NoSuchKey|NoSuchVersion",
            "where no object is: write the key as the bucket lists it, capitals and slashes too",
        ),
        (
            r"bucket does not exist|NoSuchBucket",
            "and there is no such bucket: write the name of one that exists",
        ),
        (
            r"expired",
            "whose signature has expired: write the address without its query",
        ),
        (
            r"access denied|AccessDenied|forbidden",
            (
                "which the function may not read: see that the key is right, that the parameter"
                f" TemplateBuckets of {OWN_STACK} names the bucket, that TemplateBucketAccounts"
                " names its account if that is another, and that the bucket's policy lets this"
                " account in"
            ),
        ),
        (
            r"PermanentRedirect|specified endpoint|AuthorizationHeaderMalformed",
            "but the bucket is in another Region: write https://BUCKET.s3.REGION.amazonaws.com/KEY",
        ),
        (
            r"valid S3 domain|supported URL|valid S3 object|TemplateURL must",
            (
                "which is no object in S3: upload the file there and write the https:// address of"
                " the object"
            ),
        ),
        (r"size|larger than|at most", "whose object is too large: a template has at most 1 MB"),
    )
)
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}?")
_SHORT_FORM = re.compile(r"!(?:Sub|Ref|GetAtt|Join|If|ImportValue|FindInMap)\b")
_WEBSITE = re.compile(r"(?P<bucket>.+)\.s3-website[.-].+")
_ARN = re.compile(r"arn:[a-z0-9-]*:s3:::(?P<bucket>[^/]+)/(?P<key>.+)")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/?/?")
_FILE = re.compile(
    r"(file:|[A-Za-z]:[\\/]|[~.]{0,2}[\\/])|[^:?]+\.(ya?ml|json|template|txt)", re.IGNORECASE
)


def unresolved(text: str) -> str | None:
    """What in a text was to be replaced by CloudFormation and has not been; None for nothing."""
    found = _PLACEHOLDER.search(text)
    if found:
        return f"`{found[0]}` in it is not replaced: write !Sub before the text"
    short = _SHORT_FORM.match(text)
    if short:
        return f"`{short[0]}` is part of the text: write it before the quotes, not in them"
    if "{{resolve:" in text:
        return "the dynamic reference in it is not resolved here: use a parameter of the stack"
    return None


def complaint(address: str) -> str | None:
    """Why an address is no TemplateURL, as the rest of a sentence that begins with the path.

    Args:
        address: As the author wrote it.

    Returns:
        None for what may be one, and for what is none in no way that is known here.
    """
    shown = repr(address.partition("?")[0])
    if len(shown) > _LONGEST_SHOWN:
        return None
    why = unresolved(address)
    if why:
        return f"is {shown}, and {why}"
    return next((f"is {shown}{each}" for kind in _KINDS for each in kind(address)), None)


def body_complaint(text: str) -> str | None:
    """Why a text is no TemplateBody but an address of one; None where it may be a template."""
    if "\n" in text or not text.startswith(("https://", "http://", "s3://", "file://")):
        is_path = re.fullmatch(r"[^\s{}:]+\.(ya?ml|json|template)", text, re.IGNORECASE)
        return "is the name of a file: write its content, or TemplateURL" if is_path else None
    return "is an address: write it as TemplateURL"


def unreadable(address: str | None, message: str) -> Iterator[Fault]:
    """Yields what is wrong with a template that CloudFormation cannot make anything of.

    Args:
        address: The TemplateURL; None for a TemplateBody.
        message: What CloudFormation says; nothing comes of what is not the author's fault.
    """
    told = message.partition(" For more information")[0].strip().rstrip(".")
    if _FORMAT.search(told):
        path = "TemplateURL" if address else "TemplateBody"
        yield Fault(path, f"holds no template that CloudFormation takes ({told}): mend it there")
    elif address:
        shown = repr(address.partition("?")[0])
        for pattern, mend in _CAUSES:
            if pattern.search(told):
                yield Fault("TemplateURL", f"is {shown}, {mend} ({told})")
                return


def _quoted(address: str) -> Iterator[str]:
    if len(address) > 1 and address[0] == address[-1] and address[0] in "\"'`":
        yield ", with quotes that are part of the text: take them away"
    elif address.startswith("<") and address.endswith(">"):
        yield ", with the brackets of an example: write the address itself"


def _short(address: str) -> Iterator[str]:
    """An address that begins with s3:// and still names no object."""
    if address.lower().startswith("s3:") and locate(address) is None:
        yield ": write s3://BUCKET/KEY, or the https:// address of the object"


def _arn(address: str) -> Iterator[str]:
    found = _ARN.fullmatch(address)
    if found:
        yield f", which is an ARN: write {_https(found['bucket'], found['key'])}"
    elif address.startswith("arn:"):
        yield ", which is an ARN: write the https:// address of an object in S3"


def _without_scheme(address: str) -> Iterator[str]:
    bare = address.lstrip("/")
    if not _SCHEME.match(address) and locate(f"https://{bare}"):
        yield f", without https:// in front: write https://{bare}"


def _local(address: str) -> Iterator[str]:
    if _FILE.match(address) and not address.startswith("//"):
        yield f", which is a path on some computer, where CloudFormation cannot read: {_PACKAGE}"


def _plain_http(address: str) -> Iterator[str]:
    if not address.lower().startswith("http://"):
        return
    secure = f"https://{address[len('http://') :]}"
    if locate(secure) and not _WEBSITE.match(_host(secure)):
        yield f", which is not encrypted: write {secure.partition('?')[0]}"
    else:
        yield from _hosts(secure, f", which is no object in S3: {_UPLOAD}")


def _https_elsewhere(address: str) -> Iterator[str]:
    if address.lower().startswith("https://"):
        yield from _hosts(address, "")


def _hosts(address: str, otherwise: str) -> Iterator[str]:
    host = _host(address)
    website = _WEBSITE.match(host)
    if f".{host}".endswith(_FORGES):
        yield f", which is a page of {_forge(host)}: {_UPLOAD}, for CloudFormation reads S3 alone"
    elif "console.aws." in host or "console.amazonaws" in host:
        yield f", which is a page of the AWS console: {_behind_console(address)}"
    elif website:
        key = urlsplit(address).path.lstrip("/") or "KEY"
        yield f", which is a website and has no https: write {_https(website['bucket'], key)}"
    elif _is_s3(host) and _names_no_object(address):
        yield ", which names a bucket or a folder: write the address of the template's object in it"
    elif otherwise:
        yield otherwise


_KINDS: tuple[Callable[[str], Iterator[str]], ...] = (
    _quoted,
    _short,
    _arn,
    _without_scheme,
    _plain_http,
    _https_elsewhere,
    _local,
)


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _forge(host: str) -> str:
    return "GitHub" if "github" in host else host


def _is_s3(host: str) -> bool:
    """Whether the host is one of S3, with or without a bucket in it."""
    return locate(f"https://{host}/bucket/key") is not None


def _names_no_object(address: str) -> bool:
    return locate(address) is None or urlsplit(address).path.endswith("/")


def _behind_console(address: str) -> str:
    """What to write for a page of the console that shows an object."""
    parts = urlsplit(address)
    found = re.match(r"/s3/(?:object|buckets)/([^/]+)", parts.path)
    key = parse_qs(parts.query).get("prefix", [""])[0]
    if found and key and not key.endswith("/"):
        return f"write {_https(found[1], key)}"
    return "write what it shows as the object's URL"


def _https(bucket: str, key: str) -> str:
    return as_https(f"s3://{bucket}/{key}")
