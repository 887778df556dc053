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
from pydantic_core import PydanticCustomError

from handler.errors import Fault
from handler.properties.pairs import PARAMETER, TAG, Spelling, is_gap, read_pairs
from handler.values.spec import END, START

FAULTS = "faults"
"""Type, and name of the context entry, of a pydantic error that carries faults of our own."""

FAIL, ADOPT = "FAIL", "ADOPT"
"""What becomes of a stack set of the wanted name that somebody else has made."""

_LONGEST_SHOWN = 60
_LONGEST_DESCRIPTION = 1024
_LONGEST_PARAMETER = 4096
_LONGEST_TEMPLATE = 51_200
_LONGEST_URL = 5120
_MOST_TAGS = 50
_LONGEST_TAG_KEY = 128
_LONGEST_TAG_VALUE = 256
_BROKEN = Fault("", "has half of a surrogate pair in it: write whole characters")


def fault_error(*faults: Fault) -> PydanticCustomError:
    """The error by which a validator tells pydantic of faults at or below its own field."""
    return PydanticCustomError(FAULTS, "{faults}", {FAULTS: list(faults)})


def shown(value: object) -> str:
    """A value as a message shows it: short, and without what a map or a list holds."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."


def mark_gaps(value: object) -> object:
    """A list with None for each gap, so that the other entries keep their numbers.

    Raises:
        PydanticCustomError: It is no list.
    """
    if not isinstance(value, list):
        raise fault_error(Fault("", f"is {shown(value)}: write a list, `- ` before each entry"))
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


def _wrong(value: object, expected: str) -> PydanticCustomError:
    return fault_error(Fault("", f"is {shown(value)}: write {expected}"))


def _matches(pattern: str, expected: str) -> BeforeValidator:
    compiled = re.compile(pattern)

    def read(value: object) -> str:
        text = str(value).strip() if isinstance(value, str | int) else ""
        if not compiled.fullmatch(text):
            raise _wrong(value, expected)
        return text

    return BeforeValidator(read)


def _text_up_to(
    limit: int, unit: str, expected: str, measure: Callable[[str], int]
) -> BeforeValidator:
    def read(value: object) -> str:
        if not isinstance(value, str | int | float) or not _is_unicode(str(value)):
            raise _wrong(value, expected)
        size = measure(str(value))
        if size > limit:
            raise fault_error(Fault("", f"has {size:,} {unit}: write {expected}"))
        return str(value)

    return BeforeValidator(read)


def _is_unicode(text: str) -> bool:
    """Whether a text has no half of a surrogate pair, which JSON lets through."""
    return not any("\ud800" <= each <= "\udfff" for each in text)


def _utf8_size(text: str) -> int:
    return len(text.encode())


def _read_url(value: object) -> str:
    text = str(value).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    whole = parts.scheme in {"https", "ssm-doc"} and parts.netloc and not re.search(r"\s", text)
    if not whole or len(text) > _LONGEST_URL or not _is_unicode(text):
        shown_text = text.partition("?")[0] if isinstance(value, str) else value
        raise _wrong(shown_text, "an https:// address of at most 5,120 characters")
    return text


def _whole_number(least: int, most: int | None = None) -> BeforeValidator:
    bounds = f"of at least {least}" if most is None else f"from {least} to {most}"

    def read(value: object) -> int:
        text = str(value).strip()
        number = int(text) if re.fullmatch(r"[0-9]{1,9}", text) else -1
        if number < least or (most is not None and number > most):
            raise _wrong(value, f"a whole number {bounds}")
        return number

    return BeforeValidator(read)


def _one_of(*choices: str) -> BeforeValidator:
    def read(value: object) -> str:
        text = value.strip().upper() if isinstance(value, str) else ""
        if text not in choices:
            raise _wrong(value, " or ".join(choices))
        return text

    return BeforeValidator(read)


def _read_boolean(value: object) -> bool:
    text = str(value).strip().lower()
    if text not in {"true", "false"}:
        raise _wrong(value, "true or false")
    return text == "true"


def _pairs(spelling: Spelling, check: Callable[[dict[str, str]], list[Fault]]) -> BeforeValidator:
    def read(raw: object) -> dict[str, str]:
        pairs, faults = read_pairs(raw, spelling)
        faults += check(pairs) if _is_unicode("".join((*pairs, *pairs.values()))) else [_BROKEN]
        if faults:
            raise fault_error(*faults)
        return pairs

    return BeforeValidator(read)


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
        if _is_unicode(key + value) and not check({key: value})
    ]
    return right[:_MOST_TAGS] if spelling is TAG else right


def _parameter_faults(pairs: dict[str, str]) -> list[Fault]:
    long = [key for key, value in pairs.items() if _utf8_size(value) > _LONGEST_PARAMETER]
    return [Fault(f".{key}", "is longer than 4,096 bytes: shorten it") for key in long]


def _tag_faults(pairs: dict[str, str]) -> list[Fault]:
    faults = []
    if len(pairs) > _MOST_TAGS:
        faults.append(Fault("", f"has {len(pairs)} tags: write at most {_MOST_TAGS}"))
    for key, value in pairs.items():
        if not 1 <= len(key) <= _LONGEST_TAG_KEY:
            faults.append(Fault(f".{key[:20]}", "has a key that is not 1 to 128 characters long"))
        if key.lower().startswith("aws:"):
            faults.append(Fault(f".{key}", "begins with `aws:`, which is reserved: rename it"))
        if not 1 <= len(value) <= _LONGEST_TAG_VALUE:
            faults.append(Fault(f".{key}", "must have a value of 1 to 256 characters"))
    return faults


PAIRS: Mapping[str, tuple[Spelling, Callable[[dict[str, str]], list[Fault]]]] = {
    "Parameters": (PARAMETER, _parameter_faults),
    "ParameterOverrides": (PARAMETER, _parameter_faults),
    "Tags": (TAG, _tag_faults),
}
"""The members that hold names with values: how they are spelled, and what is wrong with them."""

ACCOUNT = r"[0-9]{12}"
REGION = r"[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}"

Account = Annotated[
    str,
    _matches(ACCOUNT, "the 12 digits of an account id, in quotes so that leading zeros stay"),
]
Region = Annotated[str, _matches(REGION, "the name of a region, such as us-east-1")]
Capability = Annotated[
    str, _one_of("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
]
_repeats = AfterValidator(_refuse_repeats)
_gaps, _empty = BeforeValidator(mark_gaps), BeforeValidator(_refuse_empty)
# Pydantic runs those before the type from the last to the first.
Accounts = Annotated[tuple[Account | None, ...], _repeats, _gaps, _empty]
Regions = Annotated[tuple[Region | None, ...], _repeats, _gaps, _empty]
RegionOrder = Annotated[tuple[Region | None, ...], _repeats, _gaps]
Capabilities = Annotated[tuple[Capability | None, ...], _gaps]

StackSetName = Annotated[
    str,
    _matches(
        r"[a-zA-Z][-a-zA-Z0-9]{0,127}",
        "at most 128 letters, digits and hyphens, a letter first",
    ),
]
Description = Annotated[
    str, _text_up_to(_LONGEST_DESCRIPTION, "characters", "a text of at most 1,024 characters", len)
]
RoleArn = Annotated[
    str,
    _matches(
        r"arn:[a-z0-9-]+:iam::[0-9]{12}:role/[\x21-\x7e]{1,1990}",
        "the role's ARN, such as"
        " arn:aws:iam::111111111111:role/AWSCloudFormationStackSetAdministrationRole",
    ),
]
RoleName = Annotated[
    str,
    _matches(
        r"[a-zA-Z0-9_+=,.@-]{1,64}", "the role's name alone: no ARN, no path, at most 64 characters"
    ),
]
TemplateBody = Annotated[
    str,
    _text_up_to(
        _LONGEST_TEMPLATE,
        "bytes",
        "the template as a text of at most 51,200 bytes, or put it into S3 and write TemplateURL",
        _utf8_size,
    ),
]
TemplateUrl = Annotated[str, BeforeValidator(_read_url)]
TemplateDigest = Annotated[
    str,
    _matches(
        r"[0-9a-f]{64}(\.[0-9a-f]{64})?",
        "the SHA-256 of the template in 64 small hexadecimal digits, or leave it to the macro",
    ),
]
Parameters = Annotated[dict[str, str], _pairs(PARAMETER, _parameter_faults)]
Tags = Annotated[dict[str, str], _pairs(TAG, _tag_faults)]

Boolean = Annotated[bool, BeforeValidator(_read_boolean)]
Count = Annotated[int, _whole_number(0)]
PositiveCount = Annotated[int, _whole_number(1)]
Percentage = Annotated[int, _whole_number(0, 100)]
PositivePercentage = Annotated[int, _whole_number(1, 100)]
Seconds = Annotated[int, _whole_number(1, 3600)]
RegionConcurrencyType = Annotated[str, _one_of("SEQUENTIAL", "PARALLEL")]
ConcurrencyMode = Annotated[str, _one_of("STRICT_FAILURE_TOLERANCE", "SOFT_FAILURE_TOLERANCE")]
WaitFor = Annotated[str, _one_of(START, END)]
OnExistingStackSet = Annotated[str, _one_of(FAIL, ADOPT)]
StackSetId = Annotated[
    str, _matches(r"[a-zA-Z][-a-zA-Z0-9]{0,127}:[0-9a-zA-Z-]+", "what !Ref gives: NAME:UUID")
]
DeploymentId = Annotated[
    str,
    _matches(
        r"[0-9a-f]{8}-[0-9a-f]{16}-[0-9]{1,6}(-[-0-9a-z]+)?", "what !GetAtt gives: the DeploymentId"
    ),
]
LogLevel = Annotated[str, _one_of("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")]
SelfManaged = Annotated[str, _one_of("SELF_MANAGED")]
CallAsSelf = Annotated[str, _one_of("SELF")]
