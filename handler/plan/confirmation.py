"""Whether CloudFormation itself shows what a request claims: whoever may invoke can forge one.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from handler.plan.liveness import Asked
from handler.values.observation import ResourceState

_HIDDEN = re.compile(r"\*{4,}|\{\{resolve:[^{}]*\}\}")
_NOT_ASCII = re.compile(r"[?\u0080-\U0010ffff]+")
_FRAME = ("ServiceToken", "ServiceTimeout")


def confirms(asked: Asked, resource: ResourceState, *, is_express: bool = False) -> bool:
    """Whether a resource is under way as a request says, with the physical id that it names.

    Times have no say: a request that is late is told from its successor by `judge`.

    Args:
        asked: The request.
        resource: What CloudFormation shows.
        is_express: Whether the stack counts a resource as done before it is answered for.
    """
    kind = asked.kind.upper()
    if resource.status != f"{kind}_IN_PROGRESS" and not (
        is_express and resource.status == f"{kind}_COMPLETE"
    ):
        return False
    return asked.kind == "Create" or resource.physical_id == asked.physical_id


def contradicts(shown: object, sent: Mapping[str, object]) -> bool:
    """Whether properties are not those that an event of the stack shows.

    An event hides values (NoEcho), shows dynamic references as they are written, and may show `?`
    for what is not ASCII: there any text may be. What is no JSON object shows nothing.

    Args:
        shown: ResourceProperties of the stack's event, read as JSON.
        sent: ResourceProperties of the request.
    """
    if not isinstance(shown, Mapping):
        return False
    known, given = (
        {key: each for key, each in properties.items() if key not in _FRAME}
        for properties in (shown, sent)
    )
    return not _suits(known, given)


def is_for(shown: object, function_arn: str) -> bool:
    """Whether an event of the stack shows that its resource is served by a function.

    Where the event shows no ServiceToken, or hides it, nothing is said.

    Args:
        shown: ResourceProperties of the stack's event, read as JSON.
        function_arn: The function's ARN, with a version or an alias or without.
    """
    token = shown.get("ServiceToken") if isinstance(shown, Mapping) else None
    if not isinstance(token, str) or _HIDDEN.search(token):
        return True
    own = ":".join(function_arn.split(":")[:7])
    return token == own or token.startswith(f"{own}:")


def _suits(shown: object, sent: object) -> bool:
    if isinstance(shown, Mapping):
        return (
            isinstance(sent, Mapping)
            and shown.keys() == sent.keys()
            and all(_suits(each, sent[key]) for key, each in shown.items())
        )
    if isinstance(shown, list):
        return (
            isinstance(sent, list)
            and len(shown) == len(sent)
            and all(_suits(*pair) for pair in zip(shown, sent, strict=True))
        )
    text = _text(shown)
    if isinstance(sent, (Mapping, list)):
        return bool(_HIDDEN.fullmatch(text))
    return _fits(_HIDDEN.split(text), _text(sent))


def _fits(pieces: list[str], text: str) -> bool:
    """Whether a text has these pieces in this order, with anything between them."""
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return text == first
    if not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in pieces[1:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return at <= end


def _text(scalar: object) -> str:
    """The scalar as CloudFormation delivers it, and alike whatever it makes of what is no ASCII."""
    plain = str(scalar).lower() if isinstance(scalar, bool) else str(scalar)
    return _NOT_ASCII.sub("?", plain)
