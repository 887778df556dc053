"""Which execution roles a stack set may name: no right of AWS says that, so the function does.

StackSets assumes an execution role with the administration role's rights. Nobody passes it, so
that iam:PassRole, which limits administration roles, has no say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from handler.causes import OWN_STACK
from handler.errors import Fault, first_of
from handler.plan.parameters import DEFAULT_EXECUTION_ROLE
from handler.values.spec import StackSetSpec

_WILDCARDS: Mapping[str, str] = {"*": ".*", "?": "."}


@dataclass(frozen=True)
class ExecutionRoles:
    """The execution roles that stack sets may name.

    Attributes:
        patterns: Their names, with the wildcards of IAM, ``*`` and ``?``.
    """

    patterns: tuple[str, ...] = ("*",)

    @classmethod
    def of(cls, listed: str | None) -> ExecutionRoles:
        """Read a list as the function's environment has it.

        Args:
            listed: Patterns with commas between; None, where nothing is said, for any role.
        """
        if listed is None:
            return cls()
        return cls(tuple(each.strip() for each in listed.split(",") if each.strip()))

    def fault(self, spec: StackSetSpec) -> Fault | None:
        """Returns what is wrong with the role that a stack set names, or takes by default."""
        name = spec.execution_role_name
        if name is None and spec.service_managed is not None:
            return None  # The service's own, which nobody can name.
        if any(_fits(each, name or DEFAULT_EXECUTION_ROLE) for each in self.patterns):
            return None
        head = f"is {name}" if name else f"is not given, which means {DEFAULT_EXECUTION_ROLE}"
        allowed = first_of(self.patterns) or "no role"
        message = (
            f"{head}, and the function lets stack sets take only {allowed}: write"
            " one of these, or add the role's name to the parameter ExecutionRoleNames in"
            f" {OWN_STACK}"
        )
        return Fault("ExecutionRoleName", message)


def _fits(pattern: str, name: str) -> bool:
    expression = "".join(_WILDCARDS.get(each, re.escape(each)) for each in pattern)
    return re.fullmatch(expression, name) is not None
