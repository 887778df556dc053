"""What is known of instances whatever a list says."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from handler.plan.marks import Marks
from handler.plan.outcomes import (
    LAG,
    OwnOperation,
    contradicts,
    corrected,
    have_ended_well,
    hides_passed_over,
    is_settled_by,
    is_stale,
)
from handler.plan.steps import CREATE, DELETE, UPDATE, UPDATE_SET, Step
from handler.values.observation import InstanceState, OperationState
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Rectangle, Target
from tests.factories import MARKS, ONE, STACK_ID, THREE, TWO, VIRGINIA

NOW = 10_000.0
AT_ONE, AT_TWO, AT_THREE = (Target(each, VIRGINIA) for each in (ONE, TWO, THREE))
CURRENT = InstanceState("CURRENT", "SUCCEEDED", last_operation_id="old", has_stack=True)
DONE = InstanceState("CURRENT", "SUCCEEDED", last_operation_id="op", has_stack=True)


def success(action: str, *targets: Target, ago: float = 1.0) -> OwnOperation:
    """An operation of this request that has succeeded a while ago."""
    accounts = tuple(sorted({each.account for each in targets}))
    return OwnOperation("op", "a:b", action, accounts, (VIRGINIA,), ended=NOW - ago)


class TestCorrected:
    """Lists that lag behind an operation that has succeeded."""

    def test_created(self) -> None:
        """What has been created is there, listed or not."""
        assert corrected({}, [success(CREATE, AT_ONE)], NOW) == {AT_ONE: DONE}

    def test_deleted(self) -> None:
        """What has been deleted is gone, listed or not."""
        listed = {AT_ONE: CURRENT, AT_TWO: CURRENT}

        assert corrected(listed, [success(DELETE, AT_ONE, AT_THREE)], NOW) == {AT_TWO: CURRENT}

    @pytest.mark.parametrize("action", [CREATE, UPDATE, UPDATE_SET])
    @pytest.mark.parametrize(
        "state",
        [
            CURRENT,
            InstanceState("OUTDATED", "FAILED", "broken", "old"),
            InstanceState("OUTDATED", "RUNNING", last_operation_id="op"),
            InstanceState("OUTDATED", "PENDING", last_operation_id="op"),
        ],
    )
    def test_updated(self, action: str, state: InstanceState) -> None:
        """What has been updated is CURRENT, whatever a list still shows."""
        assert corrected({AT_ONE: state}, [success(action, AT_ONE)], NOW) == {AT_ONE: DONE}

    @pytest.mark.parametrize(
        "state",
        [
            InstanceState("INOPERABLE", "INOPERABLE", "bucket not empty", "old", has_stack=True),
            InstanceState("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT", "suspended", "op"),
            InstanceState("OUTDATED", "FAILED", "later failure", "op"),
        ],
    )
    def test_what_no_update_mends(self, state: InstanceState) -> None:
        """What an update passes over is as the list says, and so is what it shows after it."""
        assert corrected({AT_ONE: state}, [success(UPDATE, AT_ONE)], NOW) == {AT_ONE: state}

    @pytest.mark.parametrize("action", [UPDATE, UPDATE_SET])
    def test_what_an_update_never_saw(self, action: str) -> None:
        """An update makes no instance."""
        assert corrected({}, [success(action, AT_ONE)], NOW) == {}

    def test_after_a_while(self) -> None:
        """Later the list counts again: somebody else may have been at work."""
        listed = {AT_TWO: CURRENT}

        assert corrected(listed, [success(CREATE, AT_ONE, ago=LAG)], NOW) is listed

    def test_everywhere(self) -> None:
        """An update of the whole stack set has reached whatever is listed."""
        update = OwnOperation("op", "a:b", UPDATE_SET, everywhere=True, ended=NOW)
        spared = OwnOperation(
            "op", "a:b", DELETE, (ONE, TWO), (VIRGINIA,), spared=(AT_TWO,), ended=NOW
        )

        assert corrected({AT_ONE: CURRENT}, [update], NOW) == {AT_ONE: DONE}
        assert corrected({AT_ONE: CURRENT, AT_TWO: CURRENT}, [spared], NOW) == {AT_TWO: CURRENT}

    @pytest.mark.parametrize("ended", [0.0, NOW - LAG])
    def test_not_known(self, ended: float) -> None:
        """What has not ended, or long ago, corrects nothing."""
        running = OwnOperation("op", "a:b", CREATE, (ONE,), (VIRGINIA,), ended=ended)

        assert corrected({}, [running], NOW) == {}

    def test_travels(self) -> None:
        """What is known of operations is carried from invocation to invocation."""
        operation = OwnOperation(
            "op", "a:b", DELETE, (ONE, TWO), (VIRGINIA,), spared=(AT_TWO,), ended=NOW
        )

        assert OwnOperation.from_json(json.loads(json.dumps(asdict(operation)))) == operation

    def test_let_off(self) -> None:
        """What an operation has failed on, and was let off, is behind, listed so or not."""
        spared = OwnOperation("op", "a:b", CREATE, (ONE, TWO), (VIRGINIA,), spared=(AT_ONE, AT_TWO))
        own = [replace(spared, ended=NOW - 1)]
        failed = InstanceState("OUTDATED", "FAILED", last_operation_id="op")
        told = replace(failed, reason="No")

        assert corrected({AT_TWO: CURRENT}, own, NOW) == {
            AT_ONE: failed,
            AT_TWO: replace(failed, has_stack=True),
        }
        assert corrected({AT_ONE: told, AT_TWO: told}, own, NOW) == {AT_ONE: told, AT_TWO: told}

    def test_passed_over(self) -> None:
        """What a delete has left because of its account is there, as long as the list says so."""
        suspended = InstanceState("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT", last_operation_id="op")
        before = replace(suspended, last_operation_id="old")
        own = [success(DELETE, AT_ONE, AT_TWO)]

        assert corrected({AT_ONE: suspended, AT_TWO: before}, own, NOW) == {AT_ONE: suspended}
        forgotten = replace(success(DELETE, AT_ONE), operation_id="later")
        assert corrected({AT_ONE: suspended}, [*own, forgotten], NOW) == {}

    def test_in_order(self) -> None:
        """What was deleted and made again is there."""
        steps = [success(DELETE, AT_ONE), success(CREATE, AT_ONE)]

        assert corrected({AT_ONE: CURRENT}, steps, NOW) == {AT_ONE: DONE}


@pytest.mark.parametrize(
    ("state", "ago", "stale"),
    [
        (InstanceState("OUTDATED", "RUNNING", last_operation_id="op"), 1.0, True),
        (InstanceState("OUTDATED", "PENDING", last_operation_id="op"), 1.0, True),
        (InstanceState("OUTDATED", "RUNNING", last_operation_id="op"), LAG, False),
        (InstanceState("OUTDATED", "PENDING", last_operation_id="earlier"), 1.0, False),
        (InstanceState("OUTDATED", "FAILED", last_operation_id="op"), 1.0, False),
    ],
)
def test_stale(state: InstanceState, ago: float, *, stale: bool) -> None:
    """Instances at work in an operation that has ended are those of a moment ago.

    Outside the scope of an update instances are PENDING for good.
    """
    ended = [OperationState("op", "UPDATE", "SUCCEEDED", ended=NOW - ago)]

    assert is_stale({AT_TWO: CURRENT, AT_ONE: state}, ended, NOW) is stale


@pytest.mark.parametrize(
    ("passed_over", "last", "ago", "hides"),
    [(1, "old", 1.0, True), (1, "old", LAG, False), (1, "op", 1.0, False), (0, "old", 1.0, False)],
)
def test_passed_over_is_hidden(passed_over: int, last: str, ago: float, *, hides: bool) -> None:
    """A delete that has passed instances over is the last that has touched them."""
    own = replace(success(DELETE, AT_ONE, ago=ago), passed_over=passed_over)
    state = InstanceState("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT", last_operation_id=last)

    assert hides_passed_over({AT_ONE: state}, [own], NOW) is hides
    assert not hides_passed_over({AT_ONE: state}, [own, success(DELETE, AT_ONE)], NOW)
    assert not hides_passed_over({AT_ONE: state}, [], NOW)


@pytest.mark.parametrize(
    ("wanted", "before", "listed", "surprising"),
    [
        ([AT_ONE], [AT_ONE], [AT_ONE], False),
        ([AT_ONE], [AT_ONE], [AT_ONE, AT_THREE], False),
        ([AT_ONE], [AT_ONE, AT_TWO], [AT_ONE], True),
        ([AT_ONE, AT_TWO], [AT_ONE], [AT_ONE, AT_TWO], True),
        ([AT_ONE, AT_TWO], [AT_ONE], [AT_ONE], False),
        ([], [AT_ONE], [], True),
    ],
)
def test_contradiction(
    wanted: list[Target], before: list[Target], listed: list[Target], *, surprising: bool
) -> None:
    """A list is expected to have what was deployed before, and of the rest nothing wanted."""
    spec = StackSetSpec(instances=dict.fromkeys(wanted, ()))

    assert contradicts(spec, Previous(dict.fromkeys(before, ())), listed) is surprising


@pytest.mark.parametrize(
    ("listed", "own", "surprising"),
    [
        ([AT_ONE, AT_THREE], success(CREATE, AT_THREE), False),
        ([AT_THREE], success(CREATE, AT_THREE), True),
        ([], success(DELETE, AT_ONE), False),
        ([AT_THREE], success(DELETE, AT_ONE), True),
        ([], success(UPDATE, AT_ONE), True),
        ([], success(UPDATE_SET, AT_ONE), True),
        ([], OwnOperation("op", "a:b", UPDATE_SET, everywhere=True, ended=NOW), True),
    ],
)
def test_contradiction_after_own_operations(
    listed: list[Target], own: OwnOperation, *, surprising: bool
) -> None:
    """What this request has made or deleted is expected; the rest is as it was before."""
    spec = StackSetSpec(instances={AT_ONE: (), AT_THREE: ()})

    assert contradicts(spec, Previous({AT_ONE: ()}), listed, [own]) is surprising


@pytest.mark.parametrize(
    "previous", [Previous({}, certain=False), Previous({}, is_new=True)], ids=["unsure", "new"]
)
def test_nothing_expected(previous: Previous) -> None:
    """Where nobody knows what was deployed, no list surprises."""
    assert not contradicts(StackSetSpec(instances={AT_ONE: ()}), previous, [AT_ONE])


_STEP = Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))
_EARLIER = Marks.of(STACK_ID, "StackSet", "request-0").operation_id(_STEP)


@pytest.mark.parametrize(
    ("operation_id", "status", "detailed", "settled"),
    [
        (_EARLIER, "FAILED", "FAILED", True),
        (_EARLIER, "STOPPED", "CANCELLED", True),
        (_EARLIER, "FAILED", "RUNNING", False),
        (_EARLIER, "SUCCEEDED", "SUCCEEDED", False),
        (MARKS.operation_id(_STEP), "FAILED", "FAILED", False),
        ("1f2e3d4c", "FAILED", "FAILED", False),
    ],
)
def test_settled(operation_id: str, status: str, detailed: str, *, settled: bool) -> None:
    """A list that shows the end of an earlier request's last operation is new enough."""
    newest = OperationState(operation_id, "CREATE", status)
    listed = {AT_ONE: InstanceState("OUTDATED", detailed, last_operation_id=operation_id)}

    assert is_settled_by(listed, newest, MARKS) is settled
    assert not is_settled_by({AT_ONE: CURRENT}, newest, MARKS)
    assert not is_settled_by(listed, None, MARKS)


@pytest.mark.parametrize(
    ("status", "ended", "failed", "expected"),
    [
        ("SUCCEEDED", NOW - 200, 0, True),
        ("SUCCEEDED", NOW - 100, 0, False),
        ("SUCCEEDED", NOW - 200, 1, False),
        ("FAILED", NOW - 200, 0, False),
        ("STOPPED", NOW - 200, 0, False),
        ("RUNNING", 0.0, 0, False),
    ],
)
def test_have_ended_well(status: str, ended: float, failed: int, *, expected: bool) -> None:
    """A deployment before is done if its last operation is, and nothing came for a while."""
    own = MARKS.operation_id(Step(DELETE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)))
    recent = [
        OperationState(own, "DELETE", "RUNNING"),
        OperationState("op", "CREATE", status, ended=ended, failed_instances=failed),
        OperationState("older", "CREATE", "FAILED"),
    ]

    assert have_ended_well(recent, MARKS, NOW, 180) is expected


def test_nothing_has_run_before() -> None:
    """Where nothing has run, nothing can be unfinished."""
    assert have_ended_well([], MARKS, NOW, 180)
