"""What UpdateStackSet has to send, if anything: a request rolls out a content once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from handler.deployment.operations import Operations
from handler.gateway.templates import Templates
from handler.observability import logger
from handler.plan.configuration import differs
from handler.plan.parameters import update_parameters
from handler.plan.steps import UPDATE_SET, Step
from handler.values.observation import Observation
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Target


def in_words(spec: StackSetSpec) -> str:
    """Returns what UpdateStackSet sends for this configuration, in words of its own."""
    return json.dumps(update_parameters(spec), sort_keys=True)


def _has_rolled_out(operations: Operations, content: str) -> bool:
    """Whether this request has updated the stack set to this content."""
    step = Step(UPDATE_SET, None, (), content=content)
    both = (step, replace(step, switches_auto=True))
    return any(operations.has_succeeded(operations.marks.operation_id(each)) for each in both)


def content_to_send(
    operations: Operations,
    seen: Observation,
    spec: StackSetSpec,
    previous: Previous,
    templates: Templates,
) -> str | None:
    """Returns what UpdateStackSet has to send, in words of its own; None where nothing differs.

    Args:
        operations: Those of the stack set.
        seen: The last look.
        spec: What the template wants, with the template that is meant.
        previous: What it wanted before.
        templates: Gives the wanted template's text.
    """
    # What CloudFormation read when it made the stack set may have been another content.
    is_as_made = previous.is_new and not (spec.template_digest and spec.template_url)
    if is_as_made or not differs(spec, previous, seen.stack_set, templates.read(spec)):
        return None
    content = in_words(spec)
    if _has_rolled_out(operations, content):
        logger.warning("stack set is shown otherwise than it was updated")
        return None
    return content


def log_others(steps: Iterable[Step], seen: Observation, wanted: Iterable[Target]) -> None:
    """Say that an update of the stack set reaches instances that the template does not name."""
    reaches_all = any(each.action == UPDATE_SET and each.reach is None for each in steps)
    others = seen.instances.keys() - set(wanted) if reaches_all else ()
    if others:
        logger.warning("the update reaches instances of others, too", instances=len(others))
