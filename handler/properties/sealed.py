"""Properties whose content nobody has named, after some that named theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.properties.pairs import is_gap


def unsealed_again(properties: Mapping[str, Any], old: Mapping[str, Any]) -> str:
    """What to do where a deployment fails on its way back to before the macro was used.

    Args:
        properties: What the request asks for.
        old: What the request before asked for.

    Returns:
        A sentence; empty where the content is named, or the address is another.
    """
    if is_gap(old.get("TemplateDigest")) or not is_gap(properties.get("TemplateDigest")):
        return ""
    place = _place(properties)
    if not place or place != _place(old):
        return ""
    return (
        "Back before the macro, these properties have no TemplateDigest, so nobody knows which"
        " content they meant, and what TemplateURL holds now is deployed: put the content that"
        " worked there again (a versioned bucket has it among its versions), then continue the"
        " rollback."
    )


def _place(properties: Mapping[str, Any]) -> str:
    return str(properties.get("TemplateURL") or "").strip().partition("?")[0]
