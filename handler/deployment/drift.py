"""Drift: whether the stacks are still what was deployed, asked when a deployment is done.

A detection is no part of what CloudFormation has to be told of: one that fails, is not allowed or
does not end in time leaves the request as successful as it is.
"""

from __future__ import annotations

from handler.deployment.operations import BUSY_PAUSE, Operations
from handler.errors import AccessDenied, OutOfTime, RequestRefused
from handler.observability import logger
from handler.plan.parameters import operation_preferences
from handler.plan.steps import DETECT_DRIFT, Step
from handler.values.observation import Observation
from handler.values.spec import StackSetSpec


def has_been_detected(operations: Operations, spec: StackSetSpec, seen: Observation) -> bool:
    """Detect drift, once in a request, on all instances of the stack set; no rollback has time.

    Returns:
        Whether nothing is left to do; False where the stack set has to be looked at again.
    """
    if not (spec.detects_drift and seen.instances) or operations.liveness.is_rollback:
        return True
    step = Step(DETECT_DRIFT, None, ())
    operation_id = operations.marks.operation_id(step)
    if operations.has_succeeded(operation_id):
        return True
    operations.last_planned = operations.last_planned or operation_id
    try:
        started = operations.start(step, operation_preferences(spec, ()), spec)
        if started is None:
            operations.patience.sleep(BUSY_PAUSE)
        else:
            operations.judge(operations.wait(operation_id))
    except OutOfTime as error:
        operations.stack_sets.stop(operations.stack_set_id, operation_id)
        logger.warning("drift not detected", cause=str(error))
        return True
    except (AccessDenied, RequestRefused) as error:
        logger.warning("drift not detected", cause=str(error))
        return True
    return False
