"""Whether what a stack set shows is a template that is known in full. No AWS here.

CloudFormation deploys every character of a template, yet what it shows of the template may have
question marks in the place of those that are not ASCII.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

_EDGES = " \t\r\n\f\v"
_EMPTY_DEFAULT = re.compile(r"""["']?Default["']?\s*:\s*(?:""|''|\||>|$)""", re.MULTILINE)
_STYLE = re.compile(r"[\s'\"]")
_PARTS = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")
_BYTES_OF_UTF16_UNIT = 2


def _utf8_bytes(character: str) -> int:
    return len(character.encode(errors="surrogatepass"))


def _utf16_units(character: str) -> int:
    return len(character.encode("utf-16-le", errors="surrogatepass")) // _BYTES_OF_UTF16_UNIT


# How many question marks stand for one character.
_WIDTHS: tuple[Callable[[str], int], ...] = (len, _utf8_bytes, _utf16_units)


def same_text(wanted: str, live: str) -> bool:
    """Whether a template is the one that a stack set shows.

    Line ends and white space around the text do not count. A character that is not ASCII may be
    shown as one question mark, or as one for each byte or 16-bit unit that it takes, in all of the
    text alike; every ASCII character has to be there as it is.

    Args:
        wanted: A template in full.
        live: What DescribeStackSet shows.
    """
    wanted, live = _normal(wanted), _normal(live)
    if wanted == live or wanted.isascii():
        return wanted == live
    return any(_shows(live, wanted, width) for width in _WIDTHS)


def is_surely_another(text: str, wanted: str) -> bool:
    """Whether two templates differ in more than how they are written.

    White space and quotes do not count; nor does whether JSON is ordered otherwise, and of JSON
    and YAML nobody knows.

    Args:
        text: One, as CloudFormation shows it.
        wanted: The other.
    """
    if same_text(wanted, text) or may_hide(text):
        return False
    one, other = _parsed(text), _parsed(wanted)
    if one is not None and other is not None:
        return bool(one != other)
    return one is other and _STYLE.sub("", text) != _STYLE.sub("", wanted)


def may_hide(live: str) -> bool:
    """Whether a shown template may be another in full: one with characters that are not ASCII."""
    return "?" in live


def may_have_empty_defaults(text: str) -> bool:
    """Whether a template may declare a parameter with an empty text as its default."""
    return bool(_EMPTY_DEFAULT.search(text))


def sha256(content: bytes) -> str:
    """The digest of a template's bytes, as ``TemplateDigest`` has it."""
    return hashlib.sha256(content).hexdigest()


def _shows(live: str, wanted: str, width: Callable[[str], int]) -> bool:
    """Whether a text is another one with question marks of one kind in it."""
    at = 0
    for part in _PARTS.findall(wanted):
        shown = part
        if not part.isascii() and not live.startswith(part, at):
            shown = "?" * width(part)
        if not live.startswith(shown, at):
            return False
        at += len(shown)
    return at == len(live)


def _normal(text: str) -> str:
    """A template without what a checkout may do to its line ends and its edges."""
    return text.replace("\r\n", "\n").strip(_EDGES)


def _parsed(text: str) -> Any:  # noqa: ANN401  whatever JSON holds
    """What a template in JSON says; None for one in YAML."""
    try:
        return json.loads(text)
    except ValueError:
        return None
