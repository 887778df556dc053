"""Which instances go, and what becomes of their stacks."""

from __future__ import annotations

import dataclasses

import pytest

from handler.errors import OperationFailed, TooManyDeletions
from handler.plan.instances import plan_deletion
from handler.plan.marks import Marks
from handler.plan.removal import Removal, check_removal, check_share, leaving
from handler.plan.steps import CREATE, DELETE, UPDATE_SET, Step
from handler.values.observation import InstanceState
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Rectangle, Target
from tests.factories import MARKS, ONE, STACK_ID, TWO, VIRGINIA, observation, targets_of

_HERE = Target(ONE, VIRGINIA)
_REACH = Rectangle((ONE,), (VIRGINIA,))
_BEFORE = Marks.of(STACK_ID, "StackSet", "request-0")
_DELETED = MARKS.operation_id(Step(DELETE, _REACH, (VIRGINIA,)))
_DELETED_BEFORE = _BEFORE.operation_id(Step(DELETE, _REACH, (VIRGINIA,)))
_MADE_BEFORE = _BEFORE.operation_id(Step(CREATE, _REACH, (VIRGINIA,)))
_SET_BEFORE = _BEFORE.operation_id(Step(UPDATE_SET, None, (VIRGINIA,)))
_CURRENT = InstanceState("CURRENT", "SUCCEEDED", has_stack=True, last_operation_id=_MADE_BEFORE)
_SUSPENDED = InstanceState("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT", "This account is suspended.")
_FAILED = InstanceState("OUTDATED", "FAILED", "No", _MADE_BEFORE)
_CANCELLED = InstanceState("OUTDATED", "CANCELLED", "", _MADE_BEFORE)
_INOPERABLE = InstanceState("INOPERABLE", "INOPERABLE", "No", _DELETED_BEFORE, has_stack=True)


def _after(state: InstanceState, operation_id: str) -> InstanceState:
    return dataclasses.replace(state, last_operation_id=operation_id)


@pytest.mark.parametrize(
    ("state", "removal", "stays"),
    [
        (_CURRENT, Removal(), False),
        (_INOPERABLE, Removal(), False),
        (_INOPERABLE, Removal(failed={_HERE}), None),
        (_SUSPENDED, Removal(), True),
        (_SUSPENDED, Removal(fails_on_unreachable=True), False),
        (_after(_SUSPENDED, _DELETED), Removal(fails_on_unreachable=True), None),
        (_FAILED, Removal(newest_operation_id=_MADE_BEFORE), False),
        (_after(_FAILED, _DELETED), Removal(), True),
        (_FAILED, Removal(failed={_HERE}), True),
        (_CANCELLED, Removal(), False),
        (_CANCELLED, Removal(newest_operation_id=_MADE_BEFORE), True),
        (_CANCELLED, Removal(newest_operation_id=_SET_BEFORE), False),
        (_CURRENT, Removal(retains=True), True),
        (_SUSPENDED, Removal(retains=True, fails_on_unreachable=True), True),
        (_CURRENT, Removal(retains=True, coming_back={_HERE}), False),
        (_CURRENT, Removal(retains=True, takes_back=True), False),
        (_INOPERABLE, Removal(retains=True, takes_back=True), False),
        (_after(_CURRENT, _SET_BEFORE), Removal(retains=True, takes_back=True), True),
        (_after(_CURRENT, "somebody"), Removal(retains=True, takes_back=True), True),
    ],
)
def test_stack(state: InstanceState, removal: Removal, stays: bool | None) -> None:  # noqa: FBT001
    """Whether a stack stays, or whether its instance has been tried in vain."""
    assert removal.leaves_stack(_HERE, state, MARKS) is stays
    planned = plan_deletion({_HERE: state}, MARKS, removal)
    assert [each.retain_stacks for each in planned] == ([] if stays is None else [stays])


def test_leaving() -> None:
    """What the old properties name and the new do not, and what was half deleted before."""
    gone, half, kept, strange = sorted(targets_of([ONE, TWO], [VIRGINIA, "us-west-2"]))
    seen = observation({gone: _CURRENT, half: _INOPERABLE, kept: _INOPERABLE, strange: _CURRENT})

    found = leaving({kept: ()}, Previous({gone: (), kept: ()}), seen, MARKS)
    assert set(found) == {gone, half}


def test_leaving_all_regions() -> None:
    """Of an account that was in all Regions only what the resource has made goes."""
    gone, strange, kept = sorted(targets_of([ONE], [VIRGINIA, "us-west-2", "us-west-1"]))
    by_hand = _after(_CURRENT, "by-hand")
    seen = observation({gone: _CURRENT, strange: by_hand, kept: _CURRENT})
    found = leaving({kept: ()}, Previous({}, in_all_regions={ONE: ()}), seen, MARKS)
    assert set(found) == {gone}


@pytest.mark.parametrize(("going", "there", "most"), [(1, 10, 10), (0, 0, 0), (3, 3, 100)])
def test_share(going: int, there: int, most: int) -> None:
    """As much as is allowed may go."""
    targets = [Target(f"{number:012}", VIRGINIA) for number in range(going)]
    check_share(StackSetSpec(max_delete_percentage=most), targets, there)


def test_too_large_a_share() -> None:
    """Else the first are named, and how many there are."""
    targets = [Target(f"{number:012}", VIRGINIA) for number in range(8)]
    with pytest.raises(TooManyDeletions) as refused:
        check_share(StackSetSpec(max_delete_percentage=79), targets, 10)
    assert "would delete 8 of 10 stack instances (000000000000/us-east-1, " in str(refused.value)
    assert "and 3 more), which is more than 79 %, so nothing has been changed" in str(refused.value)


def test_removal() -> None:
    """What a delete has left because of its account fails by name; a try comes first."""
    check_removal({_HERE: _SUSPENDED, Target(TWO, VIRGINIA): _INOPERABLE}, MARKS)
    with pytest.raises(OperationFailed, match=f"suspended \\({ONE}/{VIRGINIA}\\)"):
        check_removal({_HERE: _after(_SUSPENDED, _DELETED)}, MARKS)
