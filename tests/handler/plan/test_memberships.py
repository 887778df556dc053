"""What a stack set had is told by marks where accounts are not named."""

from __future__ import annotations

from typing import Any

from handler.plan.marks import Marks
from handler.plan.memberships import with_members
from handler.plan.steps import CREATE, UPDATE_SET, Step
from handler.values.memberships import Membership
from handler.values.spec import Overrides, Previous, StackSetSpec
from handler.values.targets import Rectangle, Target
from tests.factories import (
    MARKS,
    ONE,
    OREGON,
    STACK_ID,
    THREE,
    TWO,
    VIRGINIA,
    current,
    observation,
)

_BIG: Overrides = (("Size", "big"),)
_AT_ONE, _AT_TWO, _AT_THREE = (Target(each, VIRGINIA) for each in (ONE, TWO, THREE))
_STEP = Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))
_EARLIER = Marks.of(STACK_ID, "StackSet", "request-0").operation_id(_STEP)
_ROLLED_OUT = MARKS.operation_id(Step(UPDATE_SET, None, (VIRGINIA,)))
_OF_ANOTHER = Marks.of(STACK_ID, "OtherSet", "request-1").operation_id(_STEP)


def _membership(*, overrides: Overrides = ()) -> Membership:
    return Membership("group", (VIRGINIA,), units=("ou-root-aaaaaaaa",), overrides=overrides)


def _spec(*memberships: Membership, **others: Overrides) -> StackSetSpec:
    named = {_AT_ONE: others["named"]} if "named" in others else {}
    return StackSetSpec(instances=named, memberships=memberships)


SEEN = observation(
    {
        _AT_ONE: current(_EARLIER),
        _AT_TWO: current(_ROLLED_OUT),
        _AT_THREE: current(_OF_ANOTHER),
        Target(ONE, OREGON): current(_EARLIER),
    }
)


def _before(wanted: StackSetSpec, before: StackSetSpec, **others: Any) -> Previous:
    previous = Previous(before.instances, spec=before, **others)
    return with_members(wanted, previous, SEEN, MARKS)


def test_marks_tell() -> None:
    """What carries a mark of the resource was its own, in the Regions of the old units."""
    spec = _spec(_membership())
    assert _before(spec, spec).instances == {_AT_ONE: (), _AT_TWO: ()}


def test_named_instances_are_as_they_were_named() -> None:
    """A mark adds nothing to what properties tell."""
    spec = _spec(_membership(), named=_BIG)
    assert _before(spec, spec).instances == {_AT_ONE: _BIG, _AT_TWO: ()}


def test_no_units_before() -> None:
    """Old properties that name accounts tell all."""
    before = _spec(named=_BIG)
    assert _before(_spec(_membership()), before).instances == {_AT_ONE: _BIG}


def test_overrides_that_may_be_either() -> None:
    """An account may have moved since from one group to another: nobody knows its overrides."""
    spec = _spec(_membership(), _membership(overrides=_BIG))
    assert _before(spec, spec).instances == {_AT_ONE: None, _AT_TWO: None}
    assert _before(_spec(_membership()), _spec(_membership(overrides=_BIG))).instances == {
        _AT_ONE: None,
        _AT_TWO: None,
    }


def test_deployments_that_are_doubtful() -> None:
    """Nor where the deployment before perhaps never brought them into force."""
    spec = _spec(_membership())
    assert _before(spec, spec, is_doubtful=True).instances == {_AT_ONE: None, _AT_TWO: None}
    assert _before(spec, spec, certain=False).instances == {_AT_ONE: None, _AT_TWO: None}


def test_members_that_stay_as_they_are() -> None:
    """What is not named now is not the rollback's to touch, were it named before."""
    wanted = StackSetSpec(memberships=(_membership(),), leaves_members=True)
    assert _before(wanted, _spec(named=_BIG)).instances == {}
