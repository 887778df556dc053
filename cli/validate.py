"""What is wrong with the stack sets of a template, and where it says so. No AWS here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from cli import native
from cli.documents import Document, Mark, Unreadable, read_document, start_of
from cli.places import locate, member_of, members, place_of
from cli.summary import summary_of
from cli.worlds import worlds
from handler.errors import Fault, InvalidProperties, sentence
from handler.properties.reading import parse_properties, read_properties
from handler.properties.waiting import WAIT_TYPE, read_wait
from macro.faults import find_faults, may_be_due_to, unknown_paths
from macro.fitting import find_misfits
from macro.given import without_unknown
from macro.intrinsics import holds, resolve
from macro.scope import NOTHING, UNKNOWN, Scope, as_map, scope_within

TYPE = "Custom::StackSet"
ERROR, WARNING = "error", "warning"
UNREADABLE, PROPERTY, TEMPLATE, CONCERN = "unreadable", "property", "template", "concern"
"""The kinds of findings."""

_TOKEN = Fault(
    "ServiceToken", "is missing: write ServiceToken: !ImportValue StackSetCustomResource"
)


@dataclass(frozen=True)
class Finding:
    """Something to tell an author.

    Attributes:
        file: The template's path, as it was given.
        mark: Where it is said.
        level: ERROR, or WARNING for what would be deployed.
        kind: One of the kinds above.
        message: A sentence, with the logical id and the path of the property in front.
    """

    file: str
    mark: Mark
    level: str
    kind: str
    message: str


def check(path: str, text: str, *, with_native: bool = False) -> list[Finding]:
    """Check every stack set of a template.

    Args:
        path: Where it lies; relative addresses of templates begin in its folder.
        text: What it says.
        with_native: Whether resources of AWS::CloudFormation::StackSet are checked as well.

    Returns:
        What is wrong, in the order of the lines.
    """
    try:
        document = read_document(text)
    except Unreadable as error:
        return [Finding(path, error.mark, ERROR, UNREADABLE, sentence(str(error)))]
    found: dict[tuple[Mark, str], Finding] = {}
    for said, each in _findings(path, document, with_native=with_native):
        found.setdefault((each.mark, said), each)
    return sorted(found.values(), key=lambda each: each.mark)


def _findings(path: str, document: Document, *, with_native: bool) -> Iterator[tuple[str, Finding]]:
    """Yields each with what is said without its path, whose numbers differ from case to case."""
    cases = list(worlds(_scope(document.content)))
    resources = member_of(document.root, "Resources")
    for key, node in members(resources) if resources is not None else ():
        name = str(key.value)
        resource = as_map(as_map(document.content.get("Resources")).get(name))
        kind = resource.get("Type")
        if kind not in (TYPE, WAIT_TYPE) and not (with_native and kind == native.TYPE):
            continue
        root = member_of(node, "Properties")
        for world in cases:
            if "Condition" in resource and holds(resource["Condition"], world) is False:
                continue
            properties = resolve(resource.get("Properties", {}), world)
            for told in _told(str(kind), properties, Path(path).parent):
                mark = _mark(root, key, told.fault, world)
                message = sentence(f"{name}: {told.fault}")
                yield told.fault.message, Finding(path, mark, told.level, told.kind, message)


def _scope(template: Mapping[str, Any]) -> Scope:
    """What is known where a template is deployed with nothing given: defaults that say something.

    An empty default stands for what has to be given.
    """
    empty = {
        name
        for name, declared in as_map(template.get("Parameters")).items()
        if as_map(declared).get("Default") in ("", None)
    }
    known = scope_within(template, {}, {"AWS::NoValue": NOTHING})
    values = {name: each for name, each in known.values.items() if name not in empty}
    return Scope(values, known.conditions, known.mappings)


def _mark(root: yaml.Node | None, key: yaml.Node, fault: Fault, scope: Scope) -> Mark:
    if root is not None and not isinstance(root, yaml.MappingNode):
        return start_of(root)
    mark = None if root is None else locate(root, place_of(fault), partial(holds, scope=scope))
    # What is missing, and what is about the whole, is told at the resource.
    return start_of(key) if mark is None else mark


@dataclass(frozen=True)
class _Told:
    fault: Fault
    level: str = ERROR
    kind: str = PROPERTY


def _told(kind: str, properties: Any, folder: Path) -> Iterator[_Told]:  # noqa: ANN401
    if not isinstance(properties, dict):
        if properties is not UNKNOWN:
            yield _Told(Fault("Properties", "is no map: write the properties into it"))
        return
    if kind != native.TYPE and "ServiceToken" not in properties:
        yield _Told(_TOKEN)
    if kind == native.TYPE:
        yield from map(_Told, native.find_faults(properties))
    local, properties = _local_template(properties, folder)
    parse: Callable[[Mapping[str, Any]], object] = (
        read_wait if kind == WAIT_TYPE else parse_properties
    )
    faults = find_faults(properties, parse)
    yield from map(_Told, faults)
    if faults or kind == WAIT_TYPE:
        return
    for fault in _misfits(properties, local):
        yield _Told(fault, kind=TEMPLATE)
    for fault in _concerns(properties):
        yield _Told(fault, WARNING, CONCERN)


def _local_template(
    properties: Mapping[str, Any], folder: Path
) -> tuple[str | None, dict[str, Any]]:
    """What a TemplateURL names in this folder, which ``package`` uploads; None for any other."""
    url = properties.get("TemplateURL")
    if isinstance(url, str) and "://" not in url and (folder / url).is_file():
        text = (folder / url).read_text(encoding="utf-8", errors="replace")
        return text, {**properties, "TemplateURL": UNKNOWN}
    return None, dict(properties)


def _misfits(properties: Mapping[str, Any], local: str | None) -> Iterable[Fault]:
    """What the template of a stack set asks for and does not get, where its text is here."""
    body = properties.get("TemplateBody")
    text = local if local is not None else body
    path = "TemplateBody" if local is None else "TemplateURL"
    if not isinstance(text, str) or not text:
        return
    try:
        template = read_document(text)
    except Unreadable as error:
        yield Fault(path, f"names a text that {error} (line {error.mark.line} of it)")
        return
    known = {k: v for k, v in properties.items() if k != "TemplateURL"} | {"TemplateBody": text}
    yield from find_misfits(known, summary_of(template.content), text)


def _concerns(properties: Mapping[str, Any]) -> Iterator[Fault]:
    unknown = list(unknown_paths(properties))
    try:
        warnings = read_properties(without_unknown(properties)).warnings
    except InvalidProperties:  # due to what is not known
        return
    for each in warnings:
        path, _, message = each.partition(" ")
        if not may_be_due_to(unknown, path.rstrip(":")):
            yield Fault(path.rstrip(":"), message)
