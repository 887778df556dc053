"""What CloudFormation tells of a template before it is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Declaration:
    """A parameter as a template declares it.

    Attributes:
        kind: Its type, such as String or Number.
        has_default: Whether it may be left without a value.
        allowed: The values that it may have; empty for any.
        is_hidden: Whether nothing shows its value.
    """

    kind: str = "String"
    has_default: bool = False
    allowed: tuple[str, ...] = ()
    is_hidden: bool = False

    @classmethod
    def from_api(cls, declared: Mapping[str, Any]) -> Self:
        """Read a ParameterDeclaration."""
        constraints = declared.get("ParameterConstraints") or {}
        return cls(
            kind=declared.get("ParameterType", "String"),
            has_default="DefaultValue" in declared,
            allowed=tuple(constraints.get("AllowedValues") or ()),
            is_hidden=bool(declared.get("NoEcho")),
        )


@dataclass(frozen=True)
class TemplateSummary:
    """What GetTemplateSummary says.

    Attributes:
        parameters: The declared parameters, by name.
        capabilities: Those that a deployment has to acknowledge.
        reason: What in the template needs them; empty where the API does not say.
        transforms: The macros that the template names.
        resource_types: The types of its resources; those inside of nested stacks are not among
            them.
    """

    parameters: Mapping[str, Declaration] = field(default_factory=dict)
    capabilities: tuple[str, ...] = ()
    reason: str = ""
    transforms: tuple[str, ...] = ()
    resource_types: tuple[str, ...] = ()

    @classmethod
    def from_api(cls, answer: Mapping[str, Any]) -> Self:
        """Read an answer of GetTemplateSummary."""
        return cls(
            parameters={
                each["ParameterKey"]: Declaration.from_api(each)
                for each in answer.get("Parameters") or ()
            },
            capabilities=tuple(answer.get("Capabilities") or ()),
            reason=answer.get("CapabilitiesReason", ""),
            transforms=tuple(answer.get("DeclaredTransforms") or ()),
            resource_types=tuple(answer.get("ResourceTypes") or ()),
        )
