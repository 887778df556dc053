"""A template is known in what a stack set shows of it, question marks and all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handler.values.templates import is_surely_another, may_hide, same_text, sha256

_ASCII = st.characters(min_codepoint=32, max_codepoint=126)
_OTHERS = st.characters(min_codepoint=128)
_texts = st.text(st.one_of(_ASCII, _OTHERS, st.just("\n")), max_size=30)
_ways = st.sampled_from(["character", "byte", "unit"])
_WIDTHS: dict[str, Callable[[str], int]] = {
    "character": len,
    "byte": lambda each: len(each.encode()),
    "unit": lambda each: len(each.encode("utf-16-le")) // 2,
}


def _masked(text: str, way: str) -> str:
    return "".join(each if each.isascii() else "?" * _WIDTHS[way](each) for each in text)


@pytest.mark.parametrize(
    ("wanted", "live", "same"),
    [
        ("a: 東京\n", "a: ??", True),
        ("a: 東京", "a: ??????", True),
        ("a: 🚨!", "a: ??!", True),
        ("a: 🚨!", "a: ????!", True),
        ("a: 🚨!", "a: ???!", False),
        ("a: 東京", "a: ????", False),
        ("a: 東京", "a: ?", False),
        ("a: 東?", "a: ??", True),
        ("a: ?東", "a: x?", False),
        ("a: 東b", "a: ?c", False),
        ("a: bc", "a: b?", False),
        ("a: b", "a: ?", False),
        ("a: ?", "a: ?", True),
        ("a: é東", "a: é?", True),
        ("a: é東", "a: ?東", True),
        ("\u3000a", "?a", True),
        (" \r\na\r\nb\n", "a\nb", True),
        ("a\rb", "a\nb", False),
        ("", "", True),
        ("", "?", False),
    ],
)
def test_same_text(wanted: str, live: str, *, same: bool) -> None:
    """Line ends, edges and question marks for what is not ASCII make no difference, all else does.

    One text is shown in one way: a character that takes three bytes is three question marks where
    others are, too.
    """
    assert same_text(wanted, live) is same


@given(_texts, _ways)
def test_shown_in_any_way(text: str, way: str) -> None:
    """However question marks stand for the characters, the text is the same."""
    assert same_text(text, _masked(text, way))
    assert same_text(text.replace("\n", "\r\n"), f"\n{_masked(text, way)} ")


@given(_texts, _ways, st.integers(0, 40), _ASCII)
@example("東", "character", 0, "a")
def test_another_ascii_character(text: str, way: str, at: int, other: str) -> None:
    """A text with one ASCII character more, or another one, is another text."""
    shown = _masked(text, way)
    at = min(at, len(text))
    longer = text[:at] + "x" + text[at:]

    assert not same_text(longer, shown)
    changed = [each if each.isascii() and each.strip() else None for each in text]
    for index, each in enumerate(changed):
        if each is not None and other not in (each, " "):
            assert not same_text(text[:index] + other + text[index + 1 :], shown)


@given(st.text(_ASCII), st.text(_ASCII))
def test_plain_texts(one: str, other: str) -> None:
    """Texts of ASCII are the same if they are equal but for their edges."""
    assert same_text(one, other) is (one.strip() == other.strip())


@given(_texts, _texts)
def test_false_equality(one: str, other: str) -> None:
    """Two texts are the same only if every ASCII character but question marks is in both."""
    if same_text(one, other):
        kept = [
            "".join(each for each in text if each.isascii() and each not in "? \n")
            for text in (one, other)
        ]
        assert kept[0] == kept[1]


def test_a_large_template() -> None:
    """A megabyte of one script is compared in no time to speak of."""
    text = "東京" * 170_000

    assert same_text(text, "?" * 340_000)
    assert not same_text(text, "?" * 340_001)


def test_half_a_surrogate_pair() -> None:
    """What cannot be written as UTF-8 is compared all the same."""
    assert same_text("\ud800", "?")


def test_may_hide() -> None:
    """Only a text with question marks may be another."""
    assert may_hide("a: ?")
    assert not may_hide("a: b")


def test_sha256() -> None:
    """The digest is that of the bytes, in small hexadecimal digits."""
    assert sha256(b"a") == hashlib.sha256(b"a").hexdigest()


@pytest.mark.parametrize(
    ("text", "wanted", "is_another"),
    [
        ('{"A": 1, "B": 2}', '{"B": 2,\n "A": 1}', False),
        ('{"A": 1}', '{"A": 2}', True),
        ("A: 1\nB: x", "A:   1\r\n\r\nB: 'x'\n", False),
        ("A: 1", "A: 2", True),
        ('{"A": 1}', "A: 1", False),
        ("A: ?", "A: é", False),
        ("A: ?", "A: ü", False),
    ],
    ids=["order", "JSON", "style", "YAML", "both", "hidden", "hidden otherwise"],
)
def test_surely_another(text: str, wanted: str, *, is_another: bool) -> None:
    """Only what differs by more than its style does."""
    assert is_surely_another(text, wanted) is is_another
