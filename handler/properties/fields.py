"""The types of the properties' fields: what each may hold and what to write instead.

CloudFormation hands a custom resource every scalar as a string, and ``Ref: AWS::NoValue`` or a
parameter left empty leaves gaps: absent keys, nulls, empty lists, lists with an empty string.
Ranges and patterns are those of the API model and of the native resource's schema.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from handler.errors import Fault
from handler.properties import hints, locations
from handler.properties.forms import (
    BOOLEAN,
    Form,
    fault_error,
    is_unicode,
    matches,
    one_of,
    text_up_to,
    whole_number,
    wrong,
)
from handler.properties.pairs import (
    MOST_TAGS,
    PARAMETER,
    TAG,
    Spelling,
    is_gap,
    parameter_faults,
    read_pairs,
    tag_faults,
)
from handler.values.addresses import locate
from handler.values.spec import ADOPT, END, FAIL, RETAIN, START
from handler.values.targets import ALL_ENABLED

_LONGEST_DESCRIPTION = 1024
_LONGEST_TEMPLATE = 51_200
_LONGEST_URL = 5120
_BROKEN = Fault("", "has half of a surrogate pair in it: write whole characters")


def mark_gaps(value: object) -> object:
    """A list with None for each gap, so that the other entries keep their numbers.

    Raises:
        PydanticCustomError: It is no list.
    """
    if not isinstance(value, list):
        hint = hints.of_list(value) if isinstance(value, str) else None
        raise wrong(value, "a list, `- ` before each entry", hint)
    return [None if is_blank(each) else each for each in value]


def is_blank(entry: object) -> bool:
    """Whether an entry of a list is a gap, or white space, which ``Fn::Split`` leaves around."""
    return is_gap(entry) or (isinstance(entry, str) and not entry.strip())


def _refuse_empty(value: object) -> object:
    if value == []:
        raise fault_error(Fault("", "is empty: write at least one, or leave the group out"))
    return value


def _refuse_repeats(values: tuple[str | None, ...]) -> tuple[str | None, ...]:
    counts = Counter(each for each in values if each is not None)
    repeated = sorted(each for each, count in counts.items() if count > 1)
    if repeated:
        raise fault_error(Fault("", f"names {', '.join(repeated)} twice: write it once"))
    return values


def _utf8_size(text: str) -> int:
    return len(text.encode())


def _refuse_addresses(value: object) -> object:
    message = locations.body_complaint(value) if isinstance(value, str) else None
    if message:
        raise fault_error(Fault("", message))
    return value


def _read_url(value: object) -> str:
    text = str(value).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    is_in_s3 = parts.scheme == "s3" and locate(text) is not None
    is_address = parts.scheme in {"https", "ssm-doc"} and parts.netloc
    whole = is_in_s3 or (is_address and not re.search(r"\s", text))
    told = locations.complaint(text) if isinstance(value, str) and is_unicode(text) else None
    if told:
        raise fault_error(Fault("", told))
    if not whole or len(text) > _LONGEST_URL or not is_unicode(text):
        shown_text = text.partition("?")[0] if isinstance(value, str) else value
        raise wrong(shown_text, "an https:// address of at most 5,120 characters")
    return text


def _pairs(spelling: Spelling, check: Callable[[dict[str, str]], list[Fault]]) -> Form:
    def read(raw: object) -> dict[str, str]:
        pairs, faults = read_pairs(raw, spelling)
        faults += check(pairs) if is_unicode("".join((*pairs, *pairs.values()))) else [_BROKEN]
        if faults:
            raise fault_error(*faults)
        return pairs

    entry = {"type": "object", "minProperties": 1}
    return Form(read, {"anyOf": [{"type": "object"}, {"type": "array", "items": entry}]})


def right_pairs(name: str, raw: object) -> list[dict[str, str]]:
    """Those parameters or tags that are right by themselves, in the native spelling.

    Args:
        name: The member that holds them, one of ``PAIRS``.
        raw: What was given.
    """
    spelling, check = PAIRS[name]
    pairs, _ = read_pairs(raw, spelling)
    right = [
        {spelling.key: key, spelling.value: value}
        for key, value in pairs.items()
        if is_unicode(key + value) and not check({key: value})
    ]
    return right[:MOST_TAGS] if spelling is TAG else right


PAIRS: Mapping[str, tuple[Spelling, Callable[[dict[str, str]], list[Fault]]]] = {
    "Parameters": (PARAMETER, parameter_faults),
    "ParameterOverrides": (PARAMETER, parameter_faults),
    "Tags": (TAG, tag_faults),
}
"""The members that hold names with values: how they are spelled, and what is wrong with them."""

ACCOUNT = r"[0-9]{12}"
REGION = r"[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}"

_ACCOUNT_MEANT = "the 12 digits of an account id, in quotes so that leading zeros stay"
Account = Annotated[str, matches(ACCOUNT, _ACCOUNT_MEANT, hints.of_account)]
_REGION_MEANT = "the name of a region, such as us-east-1"
Region = Annotated[str, matches(REGION, _REGION_MEANT, hints.of_entry)]
GroupRegion = Annotated[str, matches(f"{REGION}|{ALL_ENABLED}", _REGION_MEANT, hints.of_region)]
Capability = Annotated[
    str, one_of("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
]
repeats = AfterValidator(_refuse_repeats)
"""Refuses a list that names something twice."""

gaps = BeforeValidator(mark_gaps)
"""Marks gaps in a list."""

empty = BeforeValidator(_refuse_empty)
"""Refuses an empty list."""

# Pydantic runs those before the type from the last to the first.
Accounts = Annotated[tuple[Account | None, ...], repeats, gaps, empty]
Regions = Annotated[tuple[GroupRegion | None, ...], repeats, gaps, empty]
RegionOrder = Annotated[tuple[Region | None, ...], repeats, gaps]
Capabilities = Annotated[tuple[Capability | None, ...], gaps]

StackSetName = Annotated[
    str,
    matches(
        r"[a-zA-Z][-a-zA-Z0-9]{0,127}",
        "at most 128 letters, digits and hyphens, a letter first",
    ),
]
Description = Annotated[
    str, text_up_to(_LONGEST_DESCRIPTION, "characters", "a text of at most 1,024 characters", len)
]
RoleArn = Annotated[
    str,
    matches(
        r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/[\x21-\x7e]{1,1990}",
        "the role's ARN, such as"
        " arn:aws:iam::111111111111:role/AWSCloudFormationStackSetAdministrationRole",
    ),
]
RoleName = Annotated[
    str,
    matches(
        r"[a-zA-Z0-9_+=,.@-]{1,64}", "the role's name alone: no ARN, no path, at most 64 characters"
    ),
]
TemplateBody = Annotated[
    str,
    text_up_to(
        _LONGEST_TEMPLATE,
        "bytes",
        "the template as a text of at most 51,200 bytes, or put it into S3 and write TemplateURL",
        _utf8_size,
    ),
    BeforeValidator(_refuse_addresses),
]
TemplateUrl = Annotated[
    str,
    Form(
        _read_url,
        {
            "type": "string",
            "maxLength": _LONGEST_URL,
            "not": {"pattern": r"^http:|^https://(github\.com/|([a-z0-9-]+\.)?console\.aws)"},
            "description": "Write an https:// address in S3.",
        },
    ),
]
TemplateDigest = Annotated[
    str,
    matches(
        r"[0-9a-f]{64}(\.[0-9a-f]{64})?",
        "the SHA-256 of the template in 64 small hexadecimal digits, or leave it to the macro",
    ),
]
Parameters = Annotated[dict[str, str], _pairs(PARAMETER, parameter_faults)]
Tags = Annotated[dict[str, str], _pairs(TAG, tag_faults)]

Boolean = Annotated[bool, BOOLEAN]
Count = Annotated[int, whole_number(0)]
PositiveCount = Annotated[int, whole_number(1)]
Percentage = Annotated[int, whole_number(0, 100)]
PositivePercentage = Annotated[int, whole_number(1, 100)]
Seconds = Annotated[int, whole_number(1, 3600)]
RegionConcurrencyType = Annotated[str, one_of("SEQUENTIAL", "PARALLEL")]
ConcurrencyMode = Annotated[str, one_of("STRICT_FAILURE_TOLERANCE", "SOFT_FAILURE_TOLERANCE")]
UnreachableAccounts = Annotated[str, one_of(RETAIN, FAIL)]
WaitFor = Annotated[str, one_of(START, END)]
OnExistingStackSet = Annotated[str, one_of(FAIL, ADOPT)]
LogLevel = Annotated[str, one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")]
