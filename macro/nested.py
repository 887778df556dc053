"""The templates that a template names in turn. No AWS here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from handler.properties.pairs import PARAMETER, read_pairs
from macro.intrinsics import resolve
from macro.scope import Scope

_NESTED = "AWS::CloudFormation::Stack"


class _Loader(yaml.BaseLoader):
    """YAML with CloudFormation's short forms, every scalar a text."""


def _written_out(loader: yaml.BaseLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type]
    return {name if name == "Ref" else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _written_out)


def find_nested(
    content: bytes, parameters: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, str]]]:
    """Find the templates that the nested stacks of a template are made from.

    Args:
        content: The template, in JSON or YAML.
        parameters: What is known of its parameters' values; their defaults count for the rest.

    Yields:
        The address of each, and what is known of its parameters' values. Addresses that only the
        deployment tells are passed over, and so is all in a text that is no template.
    """
    # Reading YAML takes seconds for a long template, and most nest nothing.
    if _NESTED.encode() not in content:
        return
    template = _parse(content)
    scope = Scope({**_defaults(template), **parameters})
    for resource in _map(template.get("Resources")).values():
        properties = _map(_map(resource).get("Properties"))
        if _map(resource).get("Type") == _NESTED:
            address = resolve(properties.get("TemplateURL"), scope)
            if isinstance(address, str):
                given = resolve(properties.get("Parameters"), scope)
                yield address, known_parameters(given)


def known_parameters(resolved: object) -> dict[str, str]:
    """The parameter values, in any spelling, that are texts already."""
    given = resolved if isinstance(resolved, list) else [resolved]
    pairs, _ = read_pairs([each for each in given if isinstance(each, dict)], PARAMETER)
    return pairs


def _parse(content: bytes) -> dict[str, Any]:
    try:
        return _map(json.loads(content))
    except ValueError:
        pass
    try:
        return _map(yaml.load(content, _Loader))  # noqa: S506 - makes nothing but texts
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}


def _defaults(template: Mapping[str, Any]) -> dict[str, str]:
    declared = {name: _map(each) for name, each in _map(template.get("Parameters")).items()}
    return {name: str(each["Default"]) for name, each in declared.items() if "Default" in each}


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
