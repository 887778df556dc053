"""What the state of an instance says has to be done with it. No AWS here."""

from __future__ import annotations

from handler.plan.marks import Marks
from handler.values.observation import InstanceState


def must_be_replaced(state: InstanceState, marks: Marks) -> bool:
    """Whether an earlier delete has left a stack half deleted, which no update can mend."""
    half_deleted = state.is_inoperable and not (state.is_suspended or state.is_failed_import)
    return half_deleted and marks.action_of(state.last_operation_id) is None


def worth_retrying(state: InstanceState, marks: Marks) -> bool:
    """Whether an instance is behind, and an update may bring it where it should be."""
    is_lost = state.is_inoperable or state.is_failed_import
    beyond_an_update = is_lost or state.is_current or state.is_suspended
    return not beyond_an_update and marks.action_of(state.last_operation_id) is None


def is_lost_import(state: InstanceState, marks: Marks, *, is_wanted: bool) -> bool:
    """Whether a stack has not joined that nothing has join any more: its instance has to go.

    Args:
        state: That of an instance whose stack is not named.
        marks: Those of this request.
        is_wanted: Whether a stack is to be made there; what others have left stays otherwise.
    """
    return state.is_failed_import and (is_wanted or marks.is_of_resource(state.last_operation_id))
