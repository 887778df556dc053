"""What an author has probably meant by a value that cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from handler.values.targets import ALL_ENABLED

_DIGITS_OF_ACCOUNT = 12
_LEAST_OCTAL, _MOST_OCTAL = 8**9, 8**11
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_SCIENTIFIC = re.compile(r"[0-9]+(\.[0-9]+)?[eE]\+?[0-9]{1,2}")
_EVERYWHERE = {"*", "all", "any", "every", "allenabled", "allregions", "enabled"}
_IN_ARN = re.compile(r"arn:[a-z0-9-]+:[a-z0-9-]*:[a-z0-9-]*:([0-9]{12}):.+")


def of_name(name: str, known: Sequence[str]) -> str | None:
    """Returns the known name that is meant by one like it; None where none is near."""
    close = get_close_matches(name, known, n=1)
    in_small = [each for each in known if each.lower() == name.lower()]
    return next(iter([*close, *in_small]), None)


def of_account(text: str) -> str | None:
    """What to write for what is no account id, as the rest of a sentence; None for unknown.

    YAML 1.1 reads unquoted digits with a zero in front as an octal number, where all are below
    eight, so that CloudFormation delivers another number than the author has written.
    """
    number = _number(text)
    if number is not None:
        return number
    found = _IN_ARN.fullmatch(text)
    if found:
        return f'that is an ARN: write "{found[1]}"'
    if _ORGANIZATION.fullmatch(text):
        return "that is an organization: write the ids of its accounts, 12 digits each, in quotes"
    return of_entry(text)


def of_entry(text: str) -> str | None:
    """What to write for several entries of a list in one text; None where it is one."""
    if "," not in text:
        return None
    return 'those are several in one text: write each as an entry of its own, or !Split [",", ...]'


def of_region(text: str) -> str | None:
    """What to write for what is no Region, as the rest of a sentence; None for unknown."""
    if re.sub(r"[^a-z*]", "", text.lower()) in _EVERYWHERE:
        return f"write {ALL_ENABLED} for all Regions that are enabled"
    return of_entry(text)


def of_list(text: str) -> str | None:
    """What to write for a text in the place of a list; None where it holds one thing."""
    if "," not in text:
        return None
    return 'write a list, `- ` before each entry, or !Split [",", ...] for a text with commas'


def _number(text: str) -> str | None:
    if _SCIENTIFIC.fullmatch(text):
        whole = f"{float(text):.0f}"
        return f'write it in quotes, "{whole.zfill(_DIGITS_OF_ACCOUNT)}", so that it stays a text'
    if not re.fullmatch(r"[0-9]{1,11}", text):
        return None
    if _LEAST_OCTAL <= int(text) < _MOST_OCTAL:
        written = f"{int(text):o}".zfill(_DIGITS_OF_ACCOUNT)
        return f'YAML makes that of {written} without quotes: write "{written}" in quotes'
    return None
