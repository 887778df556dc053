"""Properties against what their template declares: parameters, overrides and capabilities."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from handler.errors import Fault
from handler.properties import hints
from handler.properties.mending import mend
from handler.properties.model import StackSetProperties
from handler.values.organization import SELF_MANAGED
from handler.values.summary import Declaration, TemplateSummary

_NAMED, _PLAIN = "CAPABILITY_NAMED_IAM", "CAPABILITY_IAM"
_NESTED = "AWS::CloudFormation::Stack"
_OWN_MACROS = "AWS::"
_NUMBER = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")
_MOST_NAMED = 10


@dataclass(frozen=True)
class TemplateCheck:
    """What comes of laying properties beside their template.

    Attributes:
        faults: What CloudFormation would refuse, sooner or later.
        without_value: The same for parameters that have neither value nor default, unless their
            default is empty: it is not sure that those are shown.
    """

    faults: tuple[Fault, ...]
    without_value: tuple[Fault, ...]


def check_template(raw: Mapping[str, Any], summary: TemplateSummary) -> TemplateCheck:
    """Compare properties with what their template declares.

    Args:
        raw: The properties, right by themselves.
        summary: What CloudFormation tells of the template.
    """
    properties, _ = mend(raw)
    faults = [
        *_faults_of_units(properties, summary),
        *_capability_faults(properties, summary),
        *_value_faults("Parameters", properties.Parameters, summary),
    ]
    for path, group in properties.groups():
        faults += _value_faults(f"{path}.ParameterOverrides", group.ParameterOverrides, summary)
    return TemplateCheck(tuple(faults), tuple(_missing_values(properties, summary)))


def _faults_of_units(properties: StackSetProperties, summary: TemplateSummary) -> Iterator[Fault]:
    has_role = properties.ExecutionRoleTemplateBody or properties.ExecutionRoleTemplateURL
    if properties.PermissionModel == SELF_MANAGED or has_role:
        return
    used = [f"the macro {each}" for each in summary.transforms]
    if _NESTED in summary.resource_types:
        used.append("nested stacks")
    if used:
        message = (
            f"uses {', '.join(used)}, which a service-managed stack set takes only with an"
            " execution role of its own: write ExecutionRoleTemplateURL and ExecutionRoleName, or"
            " a template without"
        )
        yield Fault("TemplateURL" if properties.TemplateURL else "TemplateBody", message)


def _capability_faults(properties: StackSetProperties, summary: TemplateSummary) -> Iterator[Fault]:
    held = {each for each in properties.Capabilities if each is not None}
    if _NAMED in held:
        held.add(_PLAIN)
    missing = [each for each in summary.capabilities if each not in held]
    if missing:
        why = f" ({summary.reason.rstrip('.')})" if summary.reason else ""
        yield Fault("Capabilities", f"lacks what the template needs{why}: add {', '.join(missing)}")


def _missing_values(properties: StackSetProperties, summary: TemplateSummary) -> Iterator[Fault]:
    for name, declared in summary.parameters.items():
        if not declared.has_default and name not in properties.Parameters:
            message = (
                f"gives no value to {name}, which the template declares without a default: write"
                f" `{name}: value` there"
            )
            yield Fault("Parameters", message)


def _value_faults(
    path: str, values: Mapping[str, str], summary: TemplateSummary
) -> Iterator[Fault]:
    for name, value in values.items():
        declared = summary.parameters.get(name)
        if declared is not None:
            expected = _expected(declared, value)
            if expected:
                yield Fault(f"{path}.{name}", f"is not what the template allows: write {expected}")
        elif all(each.startswith(_OWN_MACROS) for each in summary.transforms):
            # What another macro makes of the template nobody knows beforehand.
            yield Fault(path, f"names {name}, {_unknown(name, summary)}", (name,))


def _unknown(name: str, summary: TemplateSummary) -> str:
    known = list(summary.parameters)
    close = hints.of_name(name, known)
    text = "which the template does not declare"
    if close:
        return f"{text}: did you mean {close}?"
    if not known:
        return f"{text}, for it has no parameters: take it out"
    more = " and more" if len(known) > _MOST_NAMED else ""
    return f"{text}: it declares {', '.join(known[:_MOST_NAMED])}{more}"


def _expected(declared: Declaration, value: str) -> str | None:
    """What to write instead of a value; None for one that is right, or may be."""
    if declared.kind == "Number":
        if not _NUMBER.fullmatch(value):
            return "a number"
        allowed = {float(each) for each in declared.allowed if _NUMBER.fullmatch(each)}
        is_right = not allowed or float(value) in allowed
    else:
        is_right = declared.kind != "String" or not declared.allowed or value in declared.allowed
    return None if is_right else f"one of {', '.join(declared.allowed[:_MOST_NAMED])}"
