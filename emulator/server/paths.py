"""Paths of ministack's own server that are answered here, before any service is asked."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from ministack import app

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Serve = Callable[[str, Mapping[str, str], bytes], tuple[int, dict[str, str], bytes]]


def take_puts(beginning: str, serve: Serve) -> None:
    """Answer each PUT to a path that begins so.

    Args:
        beginning: Of the path.
        serve: Takes the rest of the path, the headers and the body as it came; returns status,
            headers and body.
    """
    app._handle_post_body_shortcuts = _taking(beginning, serve, app._handle_post_body_shortcuts)  # noqa: SLF001


def _taking(beginning: str, serve: Serve, handle: Any) -> Any:  # noqa: ANN401 - ministack is untyped
    @functools.wraps(handle)
    async def wrapper(  # noqa: PLR0913, PLR0917 - the signature is ministack's
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        request_id: str,
    ) -> Any:  # noqa: ANN401
        if method != "PUT" or not path.startswith(beginning):
            return await handle(method, path, headers, body, query_params, request_id)
        return serve(path.removeprefix(beginning), headers, body)

    return wrapper
