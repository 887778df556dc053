"""What the macro makes of a template: content becomes a property. No AWS here."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from handler.errors import Fault, sentence
from handler.properties.locations import unreadable
from handler.properties.reading import parse_properties
from handler.properties.waiting import WAIT_TYPE, read_wait
from handler.values.summary import TemplateSummary
from macro.faults import find_faults
from macro.fitting import find_misfits
from macro.intrinsics import holds, resolve
from macro.loops import find_loops
from macro.scope import UNKNOWN, Scope
from macro.sealing import Read, Seal, Sealer, Unreadable

_TYPE = "Custom::StackSet"


class Refused(Exception):
    """The template asks for something that cannot be: no change set may come of it."""


class NotTaken(Exception):
    """CloudFormation takes no such template; the text is its own."""


Summarize = Callable[[Mapping[str, str]], TemplateSummary | None]
"""What CloudFormation tells of a template: of a TemplateURL, or a TemplateBody; None for nothing.
It raises NotTaken."""


class Sources(NamedTuple):
    """Where the macro learns of what a template names.

    Attributes:
        read: Gives the content behind an address.
        summarize: Gives what CloudFormation tells of a template.
    """

    read: Read
    summarize: Summarize


class Processed(NamedTuple):
    """What has become of a template.

    Attributes:
        template: The template; the very same where nothing has changed since the last time.
        unsealed: What may change without a change of the template, each with its logical id.
    """

    template: dict[str, Any]
    unsealed: tuple[str, ...]


def transform(
    fragment: Mapping[str, Any], scope: Scope, sources: Sources, macro: str = "StackSetTemplate"
) -> Processed:
    """Check every stack set and every wait of a template, and write the digests of contents.

    Args:
        fragment: The template.
        scope: What is known of it.
        sources: Tell of what it names.
        macro: The macro's name.

    Raises:
        Refused: All that is wrong, each with the logical id of its resource in front.
    """
    given = fragment.get("Resources")
    resources = dict(given) if isinstance(given, dict) else {}
    sealer = Sealer(sources.read, scope.values)
    faults: list[str] = []
    unsealed: list[str] = []
    for name, resource in resources.items():
        found = list(find_loops(name, resource, macro))
        if not found and _is_ours(resource, scope):
            properties = resolve(resource.get("Properties") or {}, scope)
            found = _faults(resource["Type"], properties)
            if not found and resource["Type"] == _TYPE and isinstance(properties, dict):
                found, seal = _examine(properties, sealer, sources.summarize)
                written = {**resource["Properties"], **seal.properties}
                resources[name] = {**resource, "Properties": written}
                unsealed += [f"{name}: {each}" for each in seal.unsealed]
            elif not found and properties is UNKNOWN:
                unsealed.append(f"{name}: only the deployment tells its properties")
        faults += [sentence(f"{name}: {each}") for each in found]
    if faults:
        raise Refused(" | ".join(faults))
    template = {**fragment, "Resources": resources} if resources else dict(fragment)
    return Processed(template, tuple(unsealed))


def _is_ours(resource: Any, scope: Scope) -> bool:  # noqa: ANN401 - a template holds anything
    if not isinstance(resource, dict) or resource.get("Type") not in (_TYPE, WAIT_TYPE):
        return False
    return "Condition" not in resource or holds(resource["Condition"], scope) is not False


def _faults(kind: str, properties: Any) -> list[Fault]:  # noqa: ANN401
    return find_faults(properties, read_wait if kind == WAIT_TYPE else parse_properties)


def _examine(
    properties: Mapping[str, Any], sealer: Sealer, summarize: Summarize
) -> tuple[list[Fault], Seal]:
    """What is wrong with the template of a stack set, and what names its content."""
    try:
        seal = sealer.seal(properties)
    except Unreadable as error:
        return [Fault("TemplateURL", str(error))], Seal({})
    body = properties.get("TemplateBody")
    if seal.content is not None:
        text = seal.content.body.decode(errors="replace")
        return _misfits(properties, {"TemplateURL": seal.url}, text, summarize), seal
    if isinstance(body, str) and body and not properties.get("TemplateURL"):
        return _misfits(properties, {"TemplateBody": body}, body, summarize), seal
    return [], seal


def _misfits(
    properties: Mapping[str, Any], wanted: Mapping[str, str], text: str, summarize: Summarize
) -> list[Fault]:
    [path] = wanted
    try:
        summary = summarize(wanted)
    except NotTaken as error:
        # That the address can be read is known by now: what is said of that is not the author's.
        return [dataclasses.replace(each, path=path) for each in unreadable(None, str(error))]
    return [] if summary is None else list(find_misfits(properties, summary, text))
