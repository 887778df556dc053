"""Contents become properties: a digest, and a version in the address. No AWS here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from handler.properties.pairs import is_gap
from handler.values.addresses import locate, pin, without_queries
from macro.given import Given, given_by
from macro.nested import find_nested, may_nest
from macro.parsing import NoTemplate, Templates
from macro.scope import NOTHING

_PRESIGNED = re.compile(r"[?&](X-Amz-|Signature=|AWSAccessKeyId=)", re.IGNORECASE)
_GROUPS = ("StackInstances", "StackInstancesGroup")
_LATER = "only the deployment tells its address"
# Each is read, and a template may name itself with ever other parameters.
_MOST_NESTED = 100


class Content(NamedTuple):
    """What lies behind an address.

    Attributes:
        body: The bytes.
        version: The id of the version that was read; empty where the bucket keeps none.
    """

    body: bytes
    version: str


class Unreadable(Exception):
    """An address in S3 whose content cannot be read; the text says why."""


class Denied(Unreadable):
    """It may not be read; others may perhaps."""


class Unavailable(Unreadable):
    """It cannot be read for the moment: nobody knows what it holds."""


Read = Callable[[str], Content | None]
"""The content behind an address; None for one outside S3."""


class Seal(NamedTuple):
    """What names the content of a stack set.

    Attributes:
        properties: Those that replace the author's; none where the content is not known.
        url: The address that is deployed; empty where it is not known.
        content: What is there; None where that is not known.
        unsealed: What may change without a change of the properties, as ends of sentences.
    """

    properties: Mapping[str, str]
    url: str = ""
    content: Content | None = None
    unsealed: tuple[str, ...] = ()


class Sealer:
    """Seals the stack sets of one change set.

    Args:
        read: Raises Unreadable.
        around: What is known of pseudo parameters, by name.
    """

    def __init__(self, read: Read, around: Mapping[str, Any]) -> None:
        self._read = read
        self._around = around
        self._templates = Templates()

    def seal(self, properties: Mapping[str, Any]) -> Seal:
        """Work out the properties that name a content and not only a place.

        Args:
            properties: Those of a stack set, resolved.

        Raises:
            Unreadable: A content that is needed cannot be read.
        """
        url, own = properties.get("TemplateURL"), properties.get("TemplateDigest", NOTHING)
        if not (own is NOTHING or is_gap(own)):
            return self._sealed_by_hand(url, own)
        if not isinstance(url, str):
            return Seal({}, unsealed=tuple(_unsealed_without_address(properties)))
        url = url.strip()
        try:
            content = self._read(url)
        except Denied as error:
            if _PRESIGNED.search(url):
                return Seal({}, unsealed=(f"TemplateURL: {error}",))
            raise
        if content is None:
            return Seal({}, unsealed=("TemplateURL is outside S3",))
        pinned, notes = self._pinned(url, content)
        digest, open_ones = self._digest(content.body, properties)
        sealed = {"TemplateDigest": digest, **({"TemplateURL": pinned} if pinned != url else {})}
        return Seal(sealed, pinned, content, (*notes, *open_ones))

    def _sealed_by_hand(self, url: object, digest: object) -> Seal:
        """What the author has sealed stays as it is, and is known if the macro finds it there."""
        if not isinstance(url, str):
            return Seal({})
        try:
            content = self._read(url.strip())
        except Unreadable:
            return Seal({})
        meant = str(digest).strip().partition(".")[0]
        if content is None or _sha256(content.body) != meant:
            return Seal({})
        return Seal({}, url.strip(), content)

    def _pinned(self, url: str, content: Content) -> tuple[str, list[str]]:
        """The address with its version, if that may be read, which takes a right of its own."""
        if not content.version or _PRESIGNED.search(url) or "VersionId" in (locate(url) or {}):
            return url, []
        pinned = pin(url, content.version)
        try:
            again = self._read(pinned)
        except Unavailable:
            raise
        except Unreadable as error:
            return url, [f"TemplateURL names no version: {error}"]
        return (pinned, []) if again and again.body == content.body else (url, [])

    def _digest(self, content: bytes, properties: Mapping[str, Any]) -> tuple[str, list[str]]:
        """The digest of a template with that of all templates that it nests, and what is not in it.

        Returns:
            The SHA-256 of the template, and after a dot that of its sorted nested ones, if any.
        """
        nested: dict[str, str] = {}
        unsealed: dict[str, None] = {}
        to_do = [("", content, each) for each in _parameter_sets(properties)]
        done: set[object] = set()
        while to_do:
            above, body, given = to_do.pop()
            for name, url, parameters in self._children(above, body, given, unsealed):
                if url is None:
                    unsealed[f"{name}: {_LATER}"] = None
                elif (url, parameters.identity) in done:
                    continue
                elif len(done) >= _MOST_NESTED:
                    unsealed[f"{name}: there are more than {_MOST_NESTED} nested templates"] = None
                else:
                    done.add((url, parameters.identity))
                    found = self._read_child(name, url, unsealed)
                    if found is not None:
                        nested[url] = _sha256(found)
                        to_do.append((name, found, parameters))
        lines = "\n".join(f"{url} {each}" for url, each in sorted(nested.items()))
        own = _sha256(content)
        return own + (f".{_sha256(lines.encode())}" if nested else ""), list(unsealed)

    def _children(
        self, above: str, body: bytes, given: Given, unsealed: dict[str, None]
    ) -> Iterator[tuple[str, str | None, Given]]:
        if not may_nest(body):
            return
        try:
            template = self._templates.parse(body)
        except NoTemplate as error:
            unsealed[f"what {above or 'the template'} nests: {error}"] = None
            return
        for child in find_nested(template, given, self._around):
            yield f"{above}/{child.name}".lstrip("/"), child.url, child.given

    def _read_child(self, name: str, url: str, unsealed: dict[str, None]) -> bytes | None:
        try:
            found = self._read(url)
        except Unavailable:
            raise
        except Unreadable as error:
            unsealed[f"{name}: {error}"] = None
            return None
        if found is None:
            unsealed[f"{name}: {without_queries(url)} is outside S3"] = None
            return None
        return found.body


def _unsealed_without_address(properties: Mapping[str, Any]) -> Iterator[str]:
    body = properties.get("TemplateBody", NOTHING)
    if isinstance(body, str) and may_nest(body.encode(errors="replace")):
        yield "what TemplateBody nests"
    elif body is NOTHING or is_gap(body):
        yield f"TemplateURL: {_LATER}"


def _parameter_sets(properties: Mapping[str, Any]) -> list[Given]:
    """The values that stacks are deployed with: the stack set's own, and under each override."""
    plain = given_by(properties.get("Parameters", {}))
    sets = {plain.identity: plain}
    for name in _GROUPS:
        groups = properties.get(name)
        for group in groups if isinstance(groups, list) else []:
            if isinstance(group, dict) and "ParameterOverrides" in group:
                own = given_by(group["ParameterOverrides"])
                both = Given({**plain.values, **own.values}, plain.is_whole and own.is_whole)
                sets.setdefault(both.identity, both)
    return list(sets.values())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
