"""The text of templates: read once, and within bounds. No AWS here."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import yaml

# CloudFormation takes no larger template.
LARGEST = 1_048_576
# Reading YAML takes seconds a megabyte, and the macro has a minute for all.
_MOST_YAML = 2 * LARGEST


class NoTemplate(Exception):
    """A text of which nothing can be made here; the exception's text says why."""


class _Loader(yaml.BaseLoader):
    """YAML with CloudFormation's short forms, every scalar a text.

    CloudFormation takes no aliases; a few lines of them can stand for gigabytes.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            problem = "aliases are not allowed in templates"
            raise yaml.YAMLError(problem)
        return super().compose_node(parent, index)


def _written_out(loader: yaml.BaseLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type]
    return {name if name in {"Ref", "Condition"} else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _written_out)


class Templates:
    """Reads the templates of one change set, each content once."""

    def __init__(self) -> None:
        self._known: dict[bytes, dict[str, Any] | NoTemplate] = {}
        self._yaml_left = _MOST_YAML

    def parse(self, content: bytes) -> dict[str, Any]:
        """Returns what a template says, from JSON or YAML.

        Raises:
            NoTemplate: It is none, or too much has been read already.
        """
        key = hashlib.sha256(content).digest()
        if key not in self._known:
            try:
                self._known[key] = self._read(content)
            except NoTemplate as error:
                self._known[key] = error
        known = self._known[key]
        if isinstance(known, NoTemplate):
            raise known
        return known

    def _read(self, content: bytes) -> dict[str, Any]:
        try:
            return _map(json.loads(content))
        except RecursionError as error:
            raise NoTemplate(_TOO_DEEP) from error
        except ValueError:
            pass
        self._yaml_left -= len(content)
        if self._yaml_left < 0:
            message = f"more than {_MOST_YAML} bytes of YAML have been read for this change set"
            raise NoTemplate(message)
        try:
            return _map(yaml.load(content, _Loader))  # noqa: S506 - makes nothing but texts
        except RecursionError as error:
            raise NoTemplate(_TOO_DEEP) from error
        except (yaml.YAMLError, ValueError) as error:
            message = f"it is no template: {error}".replace("\n", " ")
            raise NoTemplate(message) from error


_TOO_DEEP = "it is nested too deep"


def _map(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    message = "it is no map"
    raise NoTemplate(message)
