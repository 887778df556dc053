"""What a template asks for and properties do not give, as far as these are known. No AWS here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from handler.errors import Fault
from handler.properties.declarations import check_template
from handler.properties.mending import mend
from handler.values.summary import TemplateSummary
from handler.values.templates import may_have_empty_defaults
from macro.faults import unknown_paths
from macro.given import given_by, is_later, without_unknown

# On these depends whether a template may have macros and nested stacks.
_MODEL = {"PermissionModel", "ExecutionRoleTemplateBody", "ExecutionRoleTemplateURL"}


def find_misfits(
    properties: Mapping[str, Any], summary: TemplateSummary, text: str
) -> Iterator[Fault]:
    """Find what CloudFormation would refuse, whatever the unknown values turn out to be.

    Args:
        properties: The resource's properties, resolved, and right by themselves.
        summary: What CloudFormation tells of the template.
        text: The template.

    Yields:
        Each fault, with its path.
    """
    raw = without_unknown(properties)
    check = check_template(raw, summary)
    unknown = {each.partition(".")[0].partition("[")[0] for each in unknown_paths(properties)}
    later = set(_later_paths(raw))
    for fault in check.faults:
        is_of_model = fault.path.startswith("Template") and unknown & _MODEL
        if not (fault.path in later or is_of_model or fault.path in unknown & {"Capabilities"}):
            yield fault
    if given_by(properties.get("Parameters", {})).is_whole and not may_have_empty_defaults(text):
        yield from check.without_value


def _later_paths(raw: Mapping[str, Any]) -> Iterator[str]:
    properties, _ = mend(raw)
    owners = [("Parameters", properties.Parameters)]
    owners += [
        (f"{path}.ParameterOverrides", e.ParameterOverrides) for path, e in properties.groups()
    ]
    for path, values in owners:
        yield from (f"{path}.{name}" for name, value in values.items() if is_later(value))
