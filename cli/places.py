"""From a property to the line that says it. No AWS here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import yaml

from cli.documents import Mark, function_of, start_of
from handler.errors import Fault

Place = tuple[int | str, ...]
Branch = Callable[[str], bool | None]
"""Whether a condition holds, by its name; None for unknown."""

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
# The members of a pair as a list of them spells it.
_PAIR = ("ParameterKey", "Key", "Name")
_NOTHING = "AWS::NoValue"


def place_of(fault: Fault) -> Place:
    """Returns the way to what a fault is about: names of members and numbers of entries."""
    steps = _STEP.findall(fault.path)
    return (*(int(number) if number else name for number, name in steps), *fault.place)


def locate(root: yaml.Node, place: Place, holds: Branch) -> Mark | None:
    """Returns where something is said, or what is nearest around it; None where nothing is.

    Args:
        root: What the way begins at.
        place: The way.
        holds: Which branch of a ``Fn::If`` counts.
    """
    node, mark = root, None
    for step in place:
        node = _chosen(node, holds)
        found = _member(node, step, holds)
        if found is None:
            return mark
        mark, node = found
    chosen = _chosen(node, holds)
    return mark if chosen is node else start_of(chosen)


def members(node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yields the key and the value of each member of a map."""
    if isinstance(node, yaml.MappingNode):
        yield from node.value


def member_of(node: yaml.Node, name: str) -> yaml.Node | None:
    """Returns the value of a member; None where there is none."""
    return next((value for key, value in members(node) if key.value == name), None)


def _member(node: yaml.Node, step: int | str, holds: Branch) -> tuple[Mark, yaml.Node] | None:
    if isinstance(step, int):
        if not isinstance(node, yaml.SequenceNode):
            # One written without its list, or the list of which a function gives the entries.
            return (start_of(node), node) if step == 0 else None
        entries = [each for each in node.value if not _is_nothing(each, holds)]
        return (start_of(entries[step]), entries[step]) if step < len(entries) else None
    for key, value in members(node):
        if key.value == step:
            return start_of(key), value
    if isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            names = (member_of(entry, each) for each in _PAIR)
            if any(isinstance(each, yaml.ScalarNode) and each.value == step for each in names):
                return start_of(entry), entry
    return None


def _chosen(node: yaml.Node, holds: Branch) -> yaml.Node:
    """Returns what a Fn::If gives, itself for any other node."""
    while (branches := _branches(node)) is not None and len(branches) == 3:  # noqa: PLR2004
        truth = holds(str(branches[0].value))
        if truth is None:
            return node
        node = branches[1 if truth else 2]
    return node


def _branches(node: yaml.Node) -> list[yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value) if function_of(node.tag) == "Fn::If" else None
    argument = member_of(node, "Fn::If")
    return list(argument.value) if isinstance(argument, yaml.SequenceNode) else None


def _is_nothing(node: yaml.Node, holds: Branch) -> bool:
    node = _chosen(node, holds)
    if isinstance(node, yaml.ScalarNode):
        return node.tag == "!Ref" and node.value == _NOTHING
    written = member_of(node, "Ref")
    return isinstance(written, yaml.ScalarNode) and written.value == _NOTHING
