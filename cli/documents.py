"""The text of a template, read with the place of each value. No AWS here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from macro.parsing import long_name, written_out

_TOO_DEEP = "is nested too deep to be read"
_ALIAS = "has an alias here, and CloudFormation takes none: write it out"


class Mark(NamedTuple):
    """A place in a text.

    Attributes:
        line: Its line, from 1.
        column: Its column, from 1.
    """

    line: int
    column: int


class Unreadable(Exception):
    """A text that is no template.

    Attributes:
        mark: Where reading ended.
    """

    def __init__(self, message: str, mark: Mark) -> None:
        super().__init__(message)
        self.mark = mark


@dataclass(frozen=True)
class Document:
    """A template and where its values stand.

    Attributes:
        content: The template, short forms of functions written out.
        root: The same as YAML's nodes, which know their places.
    """

    content: Mapping[str, Any]
    root: yaml.Node


# The parser in C is ten times as fast where PyYAML has it.
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """YAML with CloudFormation's short forms, dates left as text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


_Loader.add_multi_constructor("!", written_out)


def function_of(tag: str) -> str:
    """Returns the long form of a function's tag, such as ``Fn::If`` for ``!If``."""
    return long_name(tag.removeprefix("!"))


def read_document(text: str) -> Document:
    """Read a template, JSON or YAML.

    Raises:
        Unreadable: It is none.
    """
    # A tab is white space to JSON alone; in its texts there is none.
    text = text.replace("\t", " ") if text.lstrip().startswith("{") else text
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.AliasEvent):
                raise Unreadable(_ALIAS, _mark_of(event.start_mark))
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            content = None if root is None else loader.construct_document(root)
        finally:
            loader.dispose()
    except RecursionError as error:
        raise Unreadable(_TOO_DEEP, Mark(1, 1)) from error
    except yaml.YAMLError as error:
        raise _unreadable(error) from error
    except ValueError as error:  # a number or a text that YAML allows to be written and not to be
        message = f"cannot be read: {error}"
        raise Unreadable(message, Mark(1, 1)) from error
    if not isinstance(content, dict):
        message = "is no template: a template is a map with Resources in it"
        raise Unreadable(message, Mark(1, 1))
    return Document(content, root)


def start_of(node: yaml.Node) -> Mark:
    """Returns where a node begins."""
    return _mark_of(node.start_mark)


def _mark_of(mark: Any) -> Mark:  # noqa: ANN401 - of the parser in C or in Python
    return Mark(mark.line + 1, mark.column + 1)


def _unreadable(error: yaml.YAMLError) -> Unreadable:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    context = getattr(error, "context", None)
    message = f"is no YAML: {problem}" + (f", {context}" if context else "")
    return Unreadable(" ".join(message.split()), _mark_of(mark) if mark else Mark(1, 1))
