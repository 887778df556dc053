"""Whether the stack set's own configuration differs from what the template says.

Instances are the business of the plan; this is the rest: template, parameters, tags and roles.
"""

from __future__ import annotations

from handler.plan.parameters import (
    DEFAULT_EXECUTION_ROLE,
    is_custom_execution_role,
    is_default_administration_role,
)
from handler.values.observation import StackSetState
from handler.values.organization import ServiceManaged
from handler.values.spec import Previous, StackSetSpec
from handler.values.templates import same_text

_MASKED = "****"


def differs(
    spec: StackSetSpec, previous: Previous, live: StackSetState, wanted_template: str | None
) -> bool:
    """Whether the stack set has to be updated.

    Args:
        spec: What the template says.
        previous: What it said before: tells what the API does not show.
        live: What the stack set is.
        wanted_template: The text of the wanted template; None where it cannot be read, so that
            only a changed address tells of a change.
    """
    before = previous.spec
    return (
        _template_differs(spec, before, live, wanted_template)
        or _nested_templates_differ(spec, before)
        or _description_differs(spec, before, live)
        or _parameters_differ(spec, before, live)
        or (previous.is_cut_short and _has_more(spec, live))
        or live.managed_execution != spec.managed_execution
        or stays_current(spec, live)
        or _role_template_differs(spec, before)
    )


def is_given_otherwise(spec: StackSetSpec, before: StackSetSpec) -> bool:
    """Whether the template changes, or anything that it has to take: values and capabilities."""
    return (
        not names_the_same_template(spec, before)
        or dict(spec.parameters) != dict(before.parameters)
        or spec.capabilities != before.capabilities
        or spec.all_overrides != before.all_overrides
    )


def names_the_same_template(spec: StackSetSpec, before: StackSetSpec) -> bool:
    """Whether the template is where it was, and the same as far as its digest tells."""
    return _named_template(spec) == _named_template(before)


def stays_current(spec: StackSetSpec, live: StackSetState) -> bool:
    """Whether something changes that makes no instance OUTDATED by itself: tags, rights, roles."""
    return (
        (live.tags is not None and dict(live.tags) != dict(spec.tags))
        or (live.capabilities is not None and live.capabilities != spec.capabilities)
        or _roles_differ(spec, live)
    )


def _roles_differ(spec: StackSetSpec, live: StackSetState) -> bool:
    wanted, shown = spec.execution_role_name, live.execution_role_name
    if spec.service_managed is not None:
        # StackSets shows roles of its own there unless the stack set has brought one along.
        return (wanted or "") != (shown if shown and is_custom_execution_role(shown) else "")
    return not _is_administration_role(
        spec.administration_role_arn, live.administration_role_arn
    ) or (wanted or DEFAULT_EXECUTION_ROLE) != (shown or DEFAULT_EXECUTION_ROLE)


def _has_more(spec: StackSetSpec, live: StackSetState) -> bool:
    """Whether the stack set has what the template does not name; a default is shown, too."""
    is_described = spec.description is None and bool(live.description)
    return is_described or any(key not in spec.parameters for key in live.parameters or {})


def _template_differs(
    spec: StackSetSpec, before: StackSetSpec | None, live: StackSetState, wanted: str | None
) -> bool:
    if spec.template_url is None and spec.template_body is None:
        return False
    is_named_anew = before is None or _named_template(before) != _named_template(spec)
    shown = live.template_body
    if wanted is None or shown is None:
        return is_named_anew
    if not same_text(wanted, shown):
        return True
    if before is None or same_text(shown, wanted):
        return False
    # The characters that are shown as question marks may be what changes.
    was_another = before.template_body is not None and not same_text(before.template_body, shown)
    return is_named_anew and not was_another


def _named_template(spec: StackSetSpec) -> tuple[str | None, ...]:
    return (spec.template_url, spec.template_body, spec.template_digest)


def _nested_templates_differ(spec: StackSetSpec, before: StackSetSpec | None) -> bool:
    """Only the digest tells of them; one that has come or gone tells of a right, not a change."""
    _, _, wanted = (spec.template_digest or "").partition(".")
    _, _, old = ((before and before.template_digest) or "").partition(".")
    return bool(wanted and old) and wanted != old


def _role_template_differs(spec: StackSetSpec, before: StackSetSpec | None) -> bool:
    """The API does not show it, so only the old properties tell."""
    wanted = spec.service_managed
    if wanted is None or not wanted.has_custom_role:
        return False
    old = before.service_managed if before is not None else None
    return old is None or _role_template(old) != _role_template(wanted)


def _role_template(wanted: ServiceManaged) -> tuple[str | None, ...]:
    return (wanted.role_template_body, wanted.role_template_url, wanted.output_bucket)


def _description_differs(
    spec: StackSetSpec, before: StackSetSpec | None, live: StackSetState
) -> bool:
    if spec.description is None:
        # The API has no way to empty a description but to leave it out of an update, so only its
        # removal from the template is a reason to try.
        return before is not None and before.description is not None and bool(live.description)
    return spec.description != live.description


def _parameters_differ(
    spec: StackSetSpec, before: StackSetSpec | None, live: StackSetState
) -> bool:
    """The API shows parameters that only have their default too, and masks NoEcho values."""
    shown = live.parameters or {}
    old = before.parameters if before is not None else {}
    for key, value in spec.parameters.items():
        actual = shown.get(key)
        if actual == _MASKED and (before is None or old.get(key) == value):
            continue
        if actual != value:
            return True
    return any(key in shown and key not in spec.parameters for key in old)


def _is_administration_role(wanted: str | None, live: str | None) -> bool:
    if wanted is not None:
        return wanted == live
    return live is None or is_default_administration_role(live)
