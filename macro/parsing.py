"""The text of templates: read once, and within bounds. No AWS here."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import yaml

# CloudFormation takes no larger template.
LARGEST = 1_048_576
# Reading YAML takes seconds a megabyte, dense YAML many more, and the macro has a minute for all.
_MOST_YAML = 2 * LARGEST
_MOST_NODES = 200_000


_TOO_MUCH = "the YAML of this change set is more than the macro has time for"
_TOO_DEEP = "it is nested too deep"


class NoTemplate(Exception):
    """A text of which nothing can be made here; the exception's text says why."""


class _Loader(yaml.BaseLoader):
    """YAML with CloudFormation's short forms, every scalar a text.

    CloudFormation takes no aliases; a few lines of them can stand for gigabytes.

    Attributes:
        left: How many more nodes may be made.
    """

    left = _MOST_NODES

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self.left -= 1
        if self.left < 0:
            raise yaml.YAMLError(_TOO_MUCH)
        if self.check_event(yaml.AliasEvent):
            problem = "aliases are not allowed in templates"
            raise yaml.YAMLError(problem)
        return super().compose_node(parent, index)


def long_name(name: str) -> str:
    """Returns a function's name as it is without YAML's short forms, such as ``Fn::If``."""
    return name if name in {"Ref", "Condition"} else f"Fn::{name}"


def written_out(loader: yaml.BaseLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    """Returns the long form of a function's short one; a constructor for YAML's loaders."""
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_scalar(node)  # type: ignore[arg-type]
    return {long_name(name): value}


_Loader.add_multi_constructor("!", written_out)


class Templates:
    """Reads the templates of one change set, each content once."""

    def __init__(self) -> None:
        self._known: dict[bytes, dict[str, Any] | NoTemplate] = {}
        self._yaml_left, self._nodes_left = _MOST_YAML, _MOST_NODES

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
            raise NoTemplate(_TOO_MUCH)
        try:
            loader = _Loader(content)
            loader.left = self._nodes_left
            try:
                return _map(loader.get_single_data())
            finally:
                self._nodes_left = loader.left
                loader.dispose()
        except RecursionError as error:
            raise NoTemplate(_TOO_DEEP) from error
        except (yaml.YAMLError, ValueError) as error:
            message = f"it cannot be read here: {error}".replace("\n", " ")
            raise NoTemplate(message) from error


def _map(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    message = "it is no map"
    raise NoTemplate(message)
