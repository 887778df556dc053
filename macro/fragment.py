"""What the macro makes of a template: content becomes a property. No AWS here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from handler.errors import Fault, sentence
from handler.properties.pairs import is_gap
from handler.properties.reading import parse_properties
from handler.properties.waiting import WAIT_TYPE, read_wait
from handler.values.addresses import pin
from macro.faults import find_faults
from macro.intrinsics import holds, resolve
from macro.nested import find_nested, known_parameters
from macro.scope import NOTHING, Scope

_TYPE = "Custom::StackSet"


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


class Refused(Exception):
    """The template asks for something that cannot be: no change set may come of it."""


Read = Callable[[str], Content | None]
"""The content behind an address; None for one outside S3."""


def transform(fragment: Mapping[str, Any], scope: Scope, read: Read) -> dict[str, Any]:
    """Check every stack set and every wait of a template, and write the digests of contents.

    Args:
        fragment: The template.
        scope: What is known of it.
        read: Raises Unreadable.

    Returns:
        The template; the very same where nothing has changed since the last time.

    Raises:
        Refused: All that is wrong, each with the logical id of its resource in front.
    """
    resources = dict(fragment.get("Resources") or {})
    faults: list[str] = []
    for name, resource in resources.items():
        if not isinstance(resource, dict) or resource.get("Type") not in {_TYPE, WAIT_TYPE}:
            continue
        if "Condition" in resource and holds(resource["Condition"], scope) is False:
            continue
        properties = resolve(resource.get("Properties") or {}, scope)
        found = find_faults(
            properties, read_wait if resource["Type"] == WAIT_TYPE else parse_properties
        )
        if not found and resource["Type"] == _TYPE:
            try:
                sealed = _seal(properties, read)
                resources[name] = {**resource, "Properties": {**resource["Properties"], **sealed}}
            except Unreadable as error:
                found = [Fault("TemplateURL", str(error))]
        faults += [sentence(f"{name}: {each}") for each in found]
    if faults:
        raise Refused(" | ".join(faults))
    return {**fragment, "Resources": resources}


def _seal(properties: Any, read: Read) -> dict[str, str]:  # noqa: ANN401
    """The properties that name a content and not only a place; none where that is not known."""
    if not isinstance(properties, dict):
        return {}
    url, own = properties.get("TemplateURL"), properties.get("TemplateDigest", NOTHING)
    if not isinstance(url, str) or not (own is NOTHING or is_gap(own)):
        return {}
    content = read(url)
    if content is None:
        return {}
    given = known_parameters(properties.get("Parameters"))
    sealed = {"TemplateDigest": digest(content.body, given, read)}
    is_pinned = not content.version or "versionId=" in url
    return sealed if is_pinned else {**sealed, "TemplateURL": pin(url, content.version)}


def digest(content: bytes, parameters: Mapping[str, str], read: Read) -> str:
    """The digest of a template, with that of all templates that it nests, as far as they are read.

    Args:
        content: The template.
        parameters: What is known of its parameters' values.
        read: Raises Unreadable.

    Returns:
        The SHA-256 of the template, and after a dot that of its sorted nested ones, if any.
    """
    nested: dict[str, str] = {}
    to_do = list(find_nested(content, parameters))
    while to_do:
        url, given = to_do.pop()
        if url in nested:
            continue
        try:
            found = read(url)
        except Unreadable:
            continue
        if found is not None:
            nested[url] = _sha256(found.body)
            to_do += find_nested(found.body, given)
    lines = "\n".join(f"{url} {each}" for url, each in sorted(nested.items()))
    return _sha256(content) + (f".{_sha256(lines.encode())}" if nested else "")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
