"""What CloudFormation would tell of a template, as far as its text alone tells it. No AWS here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handler.values.summary import Declaration, TemplateSummary
from macro.scope import as_map, as_text

_IAM = "AWS::IAM::"
# Those of IAM that need no acknowledgement, since they give nobody a right.
_HARMLESS = frozenset(
    {
        f"{_IAM}{name}"
        for name in ("OIDCProvider", "SAMLProvider", "ServerCertificate", "VirtualMFADevice")
    }
)
_NAMED = frozenset(
    {"GroupName", "InstanceProfileName", "ManagedPolicyName", "RoleName", "UserName"}
)


def summary_of(template: Mapping[str, Any]) -> TemplateSummary:
    """Returns what GetTemplateSummary tells of a template with these sections."""
    resources = [
        each for each in as_map(template.get("Resources")).values() if isinstance(each, dict)
    ]
    types = sorted({str(each.get("Type")) for each in resources})
    transforms = _transforms(template.get("Transform"))
    return TemplateSummary(
        parameters={
            str(name): _declaration(as_map(declared))
            for name, declared in as_map(template.get("Parameters")).items()
        },
        capabilities=tuple(_capabilities(resources, transforms)),
        transforms=transforms,
        resource_types=tuple(types),
    )


def _declaration(declared: Mapping[str, Any]) -> Declaration:
    allowed = declared.get("AllowedValues")
    return Declaration(
        kind=str(declared.get("Type", "String")),
        has_default="Default" in declared,
        allowed=tuple(map(as_text, allowed)) if isinstance(allowed, list) else (),
    )


def _transforms(written: object) -> tuple[str, ...]:
    entries = written if isinstance(written, list) else [written] if written else []
    return tuple(str(each.get("Name")) if isinstance(each, dict) else str(each) for each in entries)


def _capabilities(resources: list[dict[str, Any]], transforms: tuple[str, ...]) -> list[str]:
    iam = [
        each
        for each in resources
        if str(each.get("Type")).startswith(_IAM) and each.get("Type") not in _HARMLESS
    ]
    needed = []
    if any(_NAMED & set(as_map(each.get("Properties"))) for each in iam):
        needed.append("CAPABILITY_NAMED_IAM")
    elif iam:
        needed.append("CAPABILITY_IAM")
    return [*needed, "CAPABILITY_AUTO_EXPAND"] if transforms else needed
