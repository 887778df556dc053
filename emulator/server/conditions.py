"""Conditions that join lists; ministack takes what it cannot work out for true."""

from __future__ import annotations

import functools
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers

from emulator.server import deployments


def install() -> None:
    """Work out each `Fn::Join` in the conditions of a template before ministack looks at them."""
    original = engine._evaluate_conditions  # noqa: SLF001

    @functools.wraps(original)
    def evaluate(template: dict[str, Any], params: dict[str, Any]) -> Any:  # noqa: ANN401
        conditions = _joined(template.get("Conditions", {}), params)
        return original({**template, "Conditions": conditions}, params)

    importers: tuple[Any, ...] = (engine, changesets, handlers, deployments)
    for module in importers:
        module._evaluate_conditions = evaluate  # noqa: SLF001


def _joined(value: Any, params: dict[str, Any]) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_joined(each, params) for each in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Join" in value:
        delimiter, items = value["Fn::Join"]
        return delimiter.join(_texts(items, params))
    return {key: _joined(each, params) for key, each in value.items()}


def _texts(items: Any, params: dict[str, Any]) -> list[str]:  # noqa: ANN401
    """What is joined: a list parameter, whose value is one text here, or texts and references."""
    if isinstance(items, dict):
        return str(params[items["Ref"]]["Value"]).split(",")
    return [str(params[each["Ref"]]["Value"] if isinstance(each, dict) else each) for each in items]
