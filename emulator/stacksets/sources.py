"""Templates as calls give them: as a text, or as its address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets.errors import constraint, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TEMPLATE_BODY_BYTES = 51_200
TEMPLATE_URL_BYTES = 1024 * 1024


def template_source(
    asked: Mapping[str, Any],
    fetch_template: Callable[[str], str],
    members: tuple[str, str] = ("TemplateBody", "TemplateURL"),
) -> str | None:
    """Return the text of a template that a call gives, or None when it gives none.

    Args:
        asked: The call.
        fetch_template: Reads the address.
        members: The members for a text and for an address.

    Raises:
        ApiError: ValidationError.
    """
    body, url = (asked.get(member) for member in members)
    if body is not None and url is not None:
        message = f"You must specify either {' or '.join(members)}, but not both"
        raise invalid(message)
    if body is not None:
        _check_size(members[0], body, TEMPLATE_BODY_BYTES)
        return str(body)
    if url is None:
        return None
    text = fetch_template(url)
    _check_size(members[1], text, TEMPLATE_URL_BYTES)
    return text


def list_at(url: str, fetch: Callable[[str], str]) -> str:
    """Return the text of a list that a call names by its address, which may be an `s3://` one."""
    bucket_and_key = url.removeprefix("s3://")
    if bucket_and_key != url:
        return fetch(f"https://s3.amazonaws.com/{bucket_and_key}")
    return fetch(url)


def _check_size(member: str, text: str, limit: int) -> None:
    if (size := len(text.encode())) > limit:
        rule = (
            f"Member must have length less than or equal to {limit} (the value shown is its length)"
        )
        raise constraint(size, member, rule)
