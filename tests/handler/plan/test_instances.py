"""Plans cover exactly the difference, in the right order, under ids that tell whose they are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from handler.plan.instances import (
    doubtful_overrides,
    interrupted,
    known_before,
    overrides_in_force,
    plan_deletion,
    plan_deployment,
    unknown_overrides,
)
from handler.plan.marks import Marks
from handler.plan.steps import ALL_STEPS, CREATE, DELETE, UPDATE, UPDATE_SET, Step
from handler.values.observation import InstanceState, Observation, StackSetState
from handler.values.spec import Overrides, Previous, StackSetSpec
from handler.values.targets import Rectangle, Target
from tests.factories import (
    MARKS,
    ONE,
    OREGON,
    STACK_ID,
    THREE,
    TOKYO,
    TWO,
    VIRGINIA,
    current,
    observation,
    outdated,
    stack_set,
    targets_of,
)

_BIG: Overrides = (("Size", "big"),)
_SMALL: Overrides = (("Size", "small"),)
_AT_ONE, _AT_TWO, _AT_THREE = (Target(each, VIRGINIA) for each in (ONE, TWO, THREE))
_CREATED = MARKS.operation_id(Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)))
_UPDATED = MARKS.operation_id(Step(UPDATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)))
_DELETED = MARKS.operation_id(Step(DELETE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)))
_SET = MARKS.operation_id(Step(UPDATE_SET, None, (VIRGINIA,)))
_ELSEWHERE = Marks.of(STACK_ID, "StackSet", "request-0").operation_id(
    Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))
)

_OF_ANOTHER = Marks.of(STACK_ID, "OtherSet", "request-1").operation_id(
    Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))
)


def _plan(
    wanted: Mapping[Target, Overrides],
    previous: Mapping[Target, Overrides],
    seen: Observation,
    set_content: str | None = None,
) -> list[Step]:
    spec = StackSetSpec(instances=wanted)
    return plan_deployment(spec, Previous(previous), seen, MARKS, set_content)


def _all(overrides: Overrides, *targets: Target) -> dict[Target, Overrides]:
    return dict.fromkeys(targets, overrides)


def _in_place(*targets: Target) -> Observation:
    return observation(dict.fromkeys(targets, current()))


class TestDeployment:
    """The steps of a Create or an Update."""

    def test_first_deployment(self) -> None:
        """All instances of a new stack set are created by one operation."""
        wanted = dict.fromkeys(targets_of([ONE, TWO, THREE], [TOKYO]), ())

        assert _plan(wanted, {}, observation()) == [
            Step(CREATE, Rectangle((ONE, TWO, THREE), (TOKYO,)), (TOKYO,))
        ]

    def test_nothing_to_do(self) -> None:
        """Where everything is in place, there is no step."""
        wanted = _all(_BIG, _AT_ONE, _AT_TWO)

        assert _plan(wanted, wanted, _in_place(_AT_ONE, _AT_TWO)) == []

    def test_nothing_wanted_and_nothing_there(self) -> None:
        """A stack set without instances needs no step."""
        assert _plan({}, {}, observation()) == []

    def test_account_added(self) -> None:
        """Only the new account is touched."""
        previous = _all((), _AT_ONE, _AT_TWO)

        assert _plan({**previous, _AT_THREE: ()}, previous, _in_place(_AT_ONE, _AT_TWO)) == [
            Step(CREATE, Rectangle((THREE,), (VIRGINIA,)), (VIRGINIA,))
        ]

    def test_account_removed(self) -> None:
        """Only the account that leaves is touched; its stack goes."""
        previous = _all((), _AT_ONE, _AT_TWO)

        assert _plan(_all((), _AT_ONE), previous, _in_place(_AT_ONE, _AT_TWO)) == [
            Step(DELETE, Rectangle((TWO,), (VIRGINIA,)), (VIRGINIA,), retain_stacks=False)
        ]

    def test_removed_and_gone(self) -> None:
        """What is to leave and is not there needs no step."""
        assert _plan({}, _all((), _AT_ONE), observation()) == []

    def test_foreign_instance_is_left_alone(self) -> None:
        """An instance that no properties ever named is none of an Update's business."""
        assert _plan({}, {}, _in_place(_AT_ONE)) == []

    def test_instance_lost_out_of_band(self) -> None:
        """An instance that was there and is not there any more is created again."""
        wanted = _all(_BIG, _AT_ONE)

        assert _plan(wanted, wanted, observation()) == [
            Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), _BIG)
        ]

    def test_stack_set_changed(self) -> None:
        """One UpdateStackSet reaches every instance: no other step."""
        wanted = _all((), _AT_ONE, _AT_TWO, Target(ONE, OREGON))

        assert _plan(wanted, wanted, _in_place(*wanted), "new tags") == [
            Step(UPDATE_SET, None, (VIRGINIA, OREGON), content="new tags")
        ]

    def test_stack_set_without_instances_changed(self) -> None:
        """An UpdateStackSet that reaches no instance names no region."""
        assert _plan({}, {}, observation(), "new tags") == [
            Step(UPDATE_SET, None, (), content="new tags")
        ]

    def test_update_reaches_foreign_instances(self) -> None:
        """UpdateStackSet reaches instances that the template does not name, but not doomed ones."""
        seen = _in_place(_AT_ONE, Target(TWO, OREGON), Target(THREE, TOKYO))
        previous = _all((), _AT_ONE, Target(THREE, TOKYO))

        steps = _plan(_all((), _AT_ONE), previous, seen, "new tags")

        assert steps[-1] == Step(UPDATE_SET, None, (VIRGINIA, OREGON), content="new tags")

    def test_order(self) -> None:
        """Deletes, then the stack set, then creates, then updates."""
        previous = _all((), _AT_ONE, _AT_TWO)
        wanted = {_AT_ONE: _BIG, _AT_THREE: ()}

        steps = _plan(wanted, previous, _in_place(_AT_ONE, _AT_TWO), "new template")

        assert [each.action for each in steps] == [
            "DeleteStackInstances",
            "UpdateStackSet",
            "CreateStackInstances",
            "UpdateStackInstances",
        ]

    def test_overrides_changed(self) -> None:
        """An instance whose overrides change is updated by itself, with the new ones alone."""
        previous = _all(_SMALL, _AT_ONE, _AT_TWO)

        assert _plan({**previous, _AT_ONE: _BIG}, previous, _in_place(_AT_ONE, _AT_TWO)) == [
            Step(UPDATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), _BIG)
        ]

    def test_overrides_removed(self) -> None:
        """An override that leaves the template is taken away."""
        seen = _in_place(_AT_ONE)

        assert _plan(_all((), _AT_ONE), _all(_BIG, _AT_ONE), seen) == [
            Step(UPDATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), ())
        ]

    def test_equal_overrides_share_an_operation(self) -> None:
        """Instances are grouped by what they override, never by group of the template."""
        wanted = {**_all(_BIG, _AT_ONE, _AT_THREE), _AT_TWO: _SMALL}

        assert _plan(wanted, {}, observation()) == [
            Step(CREATE, Rectangle((ONE, THREE), (VIRGINIA,)), (VIRGINIA,), _BIG),
            Step(CREATE, Rectangle((TWO,), (VIRGINIA,)), (VIRGINIA,), _SMALL),
        ]

    def test_deletes_ignore_overrides(self) -> None:
        """Instances that leave go by one operation, whatever they override."""
        previous = {_AT_ONE: _BIG, _AT_TWO: _SMALL}

        assert _plan({}, previous, _in_place(_AT_ONE, _AT_TWO)) == [
            Step(DELETE, Rectangle((ONE, TWO), (VIRGINIA,)), (VIRGINIA,))
        ]

    @pytest.mark.parametrize("detailed_status", ["FAILED", "CANCELLED", "PENDING", ""])
    def test_outdated_is_updated(self, detailed_status: str) -> None:
        """An instance that stayed behind is updated though nothing has changed."""
        wanted = _all(_BIG, _AT_ONE)
        seen = observation({_AT_ONE: outdated(detailed_status)})

        assert _plan(wanted, wanted, seen) == [
            Step(UPDATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), _BIG)
        ]

    def test_outdated_by_an_earlier_request_is_updated(self) -> None:
        """That an earlier request failed on an instance is no reason to leave it."""
        wanted = _all((), _AT_ONE)
        seen = observation({_AT_ONE: outdated(last_operation_id=_ELSEWHERE)})

        assert [each.action for each in _plan(wanted, wanted, seen)] == [UPDATE]

    @pytest.mark.parametrize(
        "state",
        [
            pytest.param(outdated("SKIPPED_SUSPENDED_ACCOUNT"), id="suspended"),
            pytest.param(
                InstanceState("INOPERABLE", "INOPERABLE", last_operation_id=_CREATED),
                id="inoperable by this request",
            ),
            pytest.param(outdated(last_operation_id=_CREATED), id="failed in this request"),
            pytest.param(outdated(last_operation_id=_SET), id="failed in this request's update"),
        ],
    )
    def test_hopeless_is_left(self, state: InstanceState) -> None:
        """What no update can mend, or this request has tried already, is not tried again."""
        wanted = _all((), _AT_ONE)

        assert _plan(wanted, wanted, observation({_AT_ONE: state})) == []

    def test_half_deleted_is_replaced(self) -> None:
        """What an earlier delete has left half deleted is deleted for good and created again."""
        wanted = _all(_BIG, _AT_ONE)
        seen = observation({_AT_ONE: InstanceState("INOPERABLE", "INOPERABLE")})

        assert _plan(wanted, wanted, seen) == [
            Step(DELETE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)),
            Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), _BIG),
        ]

    def test_half_deleted_in_a_suspended_account_is_left(self) -> None:
        """What cannot be reached can be neither deleted for good nor created again."""
        wanted = _all((), _AT_ONE)
        state = InstanceState("INOPERABLE", "SKIPPED_SUSPENDED_ACCOUNT")

        assert _plan(wanted, wanted, observation({_AT_ONE: state})) == []

    def test_half_deleted_foreign_instance_is_left_alone(self) -> None:
        """What is half deleted and not in the template is not this resource's to mend."""
        seen = observation({_AT_ONE: InstanceState("INOPERABLE", "INOPERABLE")})

        assert _plan({}, {}, seen) == []

    def test_outdated_is_left_to_the_stack_set_update(self) -> None:
        """UpdateStackSet brings what stayed behind up to date, so that nothing is done twice."""
        wanted = _all((), _AT_ONE)
        seen = observation({_AT_ONE: outdated()})

        assert [each.action for each in _plan(wanted, wanted, seen, "new tags")] == [UPDATE_SET]

    def test_outdated_foreign_instance_is_left_alone(self) -> None:
        """What stayed behind and is not in the template is not this resource's to mend."""
        assert _plan({}, {}, observation({_AT_ONE: outdated()})) == []

    @pytest.mark.parametrize("operation_id", [_CREATED, _UPDATED], ids=["create", "update"])
    def test_overrides_set_by_this_request(self, operation_id: str) -> None:
        """What this request's own operation has just set is not set again."""
        seen = observation({_AT_ONE: current(operation_id)})

        assert _plan(_all(_BIG, _AT_ONE), _all(_SMALL, _AT_ONE), seen) == []

    @pytest.mark.parametrize(
        "operation_id", [_SET, _DELETED, _ELSEWHERE], ids=["set", "delete", "earlier request"]
    )
    def test_overrides_not_set_by_this_request(self, operation_id: str) -> None:
        """An operation that sets no overrides, or is another request's, does not count."""
        seen = observation({_AT_ONE: current(operation_id)})

        assert _plan(_all(_BIG, _AT_ONE), _all(_SMALL, _AT_ONE), seen) == [
            Step(UPDATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), _BIG)
        ]

    def test_looked_up_overrides_count(self) -> None:
        """What an instance really overrides counts for more than what the old properties say."""
        seen = observation({_AT_ONE: current()}, {_AT_ONE: _BIG})

        assert _plan(_all(_BIG, _AT_ONE), _all(_SMALL, _AT_ONE), seen) == []

    def test_half_of_a_large_stack_set_leaves(self) -> None:
        """Planning takes no time that grows with the square of the instances."""
        previous = dict.fromkeys(targets_of([f"{n:012d}" for n in range(25_000)], [VIRGINIA]), ())
        wanted = {target: () for target in previous if target.account < "000000012500"}

        (step,) = _plan(wanted, previous, _in_place(*previous))

        assert step.reach is not None
        assert len(step.reach.accounts) == 12_500


class TestKnownBefore:
    """What a stack set was, where only its instances tell."""

    @pytest.mark.parametrize(
        "operation_id",
        [_CREATED, _UPDATED, _DELETED, _ELSEWHERE],
        ids=["create", "update", "delete", "earlier request"],
    )
    def test_own(self, operation_id: str) -> None:
        """What any request of the resource worked on by name is its own; overrides are unknown."""
        assert known_before({_AT_ONE: current(operation_id)}, MARKS) == Previous(
            {_AT_ONE: None}, certain=False, spec=None, is_new=False
        )

    @pytest.mark.parametrize(
        "operation_id",
        ["", "by-hand", _SET, _OF_ANOTHER],
        ids=["none", "by hand", "whole stack set", "another resource"],
    )
    def test_foreign(self, operation_id: str) -> None:
        """What was reached by nobody, somebody else or as one of all may be somebody else's."""
        assert known_before({_AT_ONE: current(operation_id)}, MARKS).instances == {}

    def test_nothing_there(self) -> None:
        """Where nothing is, nothing was."""
        assert known_before({}, MARKS) == Previous({}, certain=False)

    def test_own_leave_and_foreign_stay(self) -> None:
        """What was the resource's and is not wanted any more goes; the rest is left alone."""
        seen = observation({_AT_ONE: current(_ELSEWHERE), _AT_TWO: current("by-hand")})
        previous = known_before(seen.instances, MARKS)

        assert plan_deployment(StackSetSpec(), previous, seen, MARKS, None) == [
            Step(DELETE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))
        ]

    def test_overrides_are_looked_up(self) -> None:
        """What stays is asked for its overrides, for nothing else knows them."""
        seen = observation({_AT_ONE: current(_ELSEWHERE), _AT_TWO: current()})
        spec = StackSetSpec(instances=_all((), _AT_ONE, _AT_TWO))

        assert unknown_overrides(spec, known_before(seen.instances, MARKS), seen, MARKS) == [
            _AT_ONE,
            _AT_TWO,
        ]


def test_all_steps() -> None:
    """The kinds of steps, in the order in which a deployment takes them."""
    assert ALL_STEPS == (
        "DeleteStackInstances",
        "UpdateStackSet",
        "CreateStackInstances",
        "UpdateStackInstances",
    )


def test_previous_by_default() -> None:
    """Old properties count as applied, in full unknown, to a stack set that was there before."""
    previous = Previous({})

    assert (previous.certain, previous.spec, previous.is_new) == (True, None, False)


class TestDeletion:
    """The steps that delete instances."""

    def test_nothing_there(self) -> None:
        """Nothing there, nothing to delete."""
        assert plan_deletion({}, MARKS) == []

    def test_whole_stack_set(self) -> None:
        """All instances go by one operation where they make one rectangle."""
        instances = dict.fromkeys(targets_of([ONE, TWO], [VIRGINIA, TOKYO]), current())

        assert plan_deletion(instances, MARKS) == [
            Step(DELETE, Rectangle((ONE, TWO), (TOKYO, VIRGINIA)), (TOKYO, VIRGINIA))
        ]

    def test_suspended_accounts_are_forgotten(self) -> None:
        """Stacks of suspended accounts are left where they are, after the others are deleted."""
        instances = {
            _AT_ONE: outdated("SKIPPED_SUSPENDED_ACCOUNT"),
            _AT_TWO: current(),
            _AT_THREE: outdated(),
        }

        assert plan_deletion(instances, MARKS) == [
            Step(DELETE, Rectangle((TWO, THREE), (VIRGINIA,)), (VIRGINIA,), retain_stacks=False),
            Step(DELETE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), retain_stacks=True),
        ]

    def test_what_never_had_a_stack_is_forgotten(self) -> None:
        """Where deleting has failed and there never was a stack, the instance is forgotten."""
        tried = InstanceState("OUTDATED", "FAILED", last_operation_id=_DELETED)

        assert plan_deletion({_AT_ONE: tried}, MARKS) == [
            Step(DELETE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), retain_stacks=True)
        ]

    @pytest.mark.parametrize(
        "state",
        [
            InstanceState("OUTDATED", "FAILED", last_operation_id=_DELETED, has_stack=True),
            InstanceState("OUTDATED", "FAILED", last_operation_id=_CREATED),
            InstanceState("OUTDATED", "FAILED", last_operation_id=_ELSEWHERE),
            InstanceState("OUTDATED", "FAILED"),
        ],
        ids=["has a stack", "never tried", "tried by an earlier request", "nothing known"],
    )
    def test_stacks_are_not_left_lightly(self, state: InstanceState) -> None:
        """Whatever may have a stack, or was not tried yet, is really deleted."""
        (step,) = plan_deletion({_AT_ONE: state}, MARKS)

        assert step.retain_stacks is False


class TestOverridesInForce:
    """What an existing instance overrides, and when only the API can tell."""

    @pytest.mark.parametrize(
        ("seen", "previous", "wanted", "in_force"),
        [
            pytest.param(_in_place(_AT_ONE), Previous({_AT_ONE: _BIG}), _SMALL, _BIG, id="named"),
            pytest.param(_in_place(_AT_ONE), Previous({}), _SMALL, None, id="not named"),
            pytest.param(
                _in_place(_AT_ONE),
                Previous({_AT_ONE: _BIG}, certain=False),
                _SMALL,
                None,
                id="uncertain and different",
            ),
            pytest.param(
                _in_place(_AT_ONE),
                Previous({_AT_ONE: _BIG}, certain=False),
                _BIG,
                _BIG,
                id="uncertain and equal",
            ),
            pytest.param(
                _in_place(_AT_ONE), Previous({}, certain=False), (), None, id="uncertain, not named"
            ),
            pytest.param(
                _in_place(_AT_ONE), Previous({_AT_ONE: None}), (), None, id="named, but unknown"
            ),
            pytest.param(
                observation({_AT_ONE: current()}, {_AT_ONE: _BIG}),
                Previous({_AT_ONE: _SMALL}),
                _SMALL,
                _BIG,
                id="looked up",
            ),
            pytest.param(
                observation({_AT_ONE: current()}, {_AT_ONE: ()}),
                Previous({}),
                _SMALL,
                (),
                id="looked up, none",
            ),
            pytest.param(
                observation({_AT_ONE: current(_CREATED)}, {_AT_ONE: _SMALL}),
                Previous({_AT_ONE: _SMALL}),
                _BIG,
                _BIG,
                id="set by this request",
            ),
            pytest.param(
                observation({_AT_ONE: current(_ELSEWHERE)}),
                Previous({_AT_ONE: _SMALL}),
                _BIG,
                _SMALL,
                id="set by an earlier request",
            ),
        ],
    )
    def test_in_force(
        self, seen: Observation, previous: Previous, wanted: Overrides, in_force: Overrides | None
    ) -> None:
        """This request's own word first, then the API's, then that of certain old properties."""
        spec = StackSetSpec(instances={_AT_ONE: wanted})

        assert overrides_in_force(_AT_ONE, wanted, previous, seen, MARKS) == in_force
        assert unknown_overrides(spec, previous, seen, MARKS) == (
            [_AT_ONE] if in_force is None else []
        )

    def test_unknown_are_sorted(self) -> None:
        """The instances to look up come in a fixed order."""
        spec = StackSetSpec(instances=_all((), _AT_THREE, _AT_ONE, _AT_TWO))
        seen = _in_place(_AT_TWO, _AT_THREE, _AT_ONE)

        assert unknown_overrides(spec, Previous({}), seen, MARKS) == [_AT_ONE, _AT_TWO, _AT_THREE]

    def test_missing_instances_are_not_unknown(self) -> None:
        """An instance that is not there has no overrides to look up."""
        spec = StackSetSpec(instances=_all((), _AT_ONE))

        assert unknown_overrides(spec, Previous({}), observation(), MARKS) == []

    def test_foreign_instances_are_not_unknown(self) -> None:
        """Nobody asks for the overrides of an instance that the template does not name."""
        assert unknown_overrides(StackSetSpec(), Previous({}), _in_place(_AT_ONE), MARKS) == []


def test_no_instance_is_deployed_twice_for_an_override_and_a_template() -> None:
    """UpdateStackSet reaches the others alone where one rectangle covers them."""
    wanted = {
        Target("1" * 12, "us-east-1"): (("Size", "large"),),
        Target("2" * 12, "us-east-1"): (),
    }
    live = StackSetState("id", "name", "arn", "ACTIVE", parameters={"Size": "small"}, tags={})
    seen = Observation(live, dict.fromkeys(wanted, InstanceState("CURRENT")))
    previous = Previous(dict.fromkeys(wanted, ()))

    steps = plan_deployment(StackSetSpec(instances=wanted), previous, seen, Marks("a", "b"), "new")

    assert [(each.action, each.reach and each.reach.accounts) for each in steps] == [
        (UPDATE_SET, ("2" * 12,)),
        (UPDATE, ("1" * 12,)),
    ]


_LARGE_AT_ONE = {_AT_ONE: (("Size", "large"),), _AT_TWO: ()}


@pytest.mark.parametrize(
    ("live", "why"),
    [
        (stack_set(parameters={}), "only the new template has the parameter"),
        (
            stack_set(
                template_body='{"Resources": {"A": {"Properties": {"Size": 1}}}}', parameters={}
            ),
            "a property of that name is no parameter",
        ),
        (stack_set(parameters={"Size": ""}, tags={"Old": "tag"}), "tags change as well"),
        (
            stack_set(parameters={"Size": ""}, capabilities=frozenset({"CAPABILITY_IAM"})),
            "capabilities change as well",
        ),
        (
            stack_set(parameters={"Size": ""}, execution_role_name="Other"),
            "a role changes as well",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_all_instances_first(live: StackSetState, why: str) -> None:
    """UpdateStackSet reaches all where a narrower one would leave something behind."""
    seen = Observation(live, dict.fromkeys(_LARGE_AT_ONE, InstanceState("CURRENT")))
    previous = Previous(dict.fromkeys(_LARGE_AT_ONE, ()))

    steps = plan_deployment(StackSetSpec(instances=_LARGE_AT_ONE), previous, seen, MARKS, "new")

    assert [(each.action, each.reach is None) for each in steps] == [
        (UPDATE_SET, True),
        (UPDATE, False),
    ], why


def test_an_override_of_a_new_parameter_waits_for_it() -> None:
    """Even where the instance is behind: the API refuses an override that it does not know."""
    seen = Observation(stack_set(parameters={}), {_AT_ONE: InstanceState("OUTDATED", "FAILED")})
    spec = StackSetSpec(instances={_AT_ONE: (("Size", "large"),)})

    steps = plan_deployment(spec, Previous({_AT_ONE: ()}), seen, MARKS, "new")

    assert [each.action for each in steps] == [UPDATE_SET, UPDATE]


class TestEarlyAnswer:
    """What was there before, when the deployment before perhaps never came to its end."""

    def test_interrupted(self) -> None:
        """No override is certain, no masked value, and what was being deleted is still there."""
        before = StackSetSpec(parameters={"Password": "x"}, instances={_AT_ONE: _BIG, _AT_TWO: ()})
        listed = {_AT_ONE: current(_SET), _AT_THREE: outdated(last_operation_id=_DELETED)}

        found = interrupted(Previous(before.instances, spec=before), listed, MARKS)

        assert found.instances == {_AT_ONE: None, _AT_TWO: None, _AT_THREE: None}
        assert found.spec is not None
        assert found.spec.parameters == {"Password": ""}

    def test_doubtful_overrides(self) -> None:
        """Only where old or new properties have overrides they are looked up."""
        before = Previous({_AT_ONE: _BIG, _AT_TWO: (), _AT_THREE: ()})
        spec = StackSetSpec(instances={_AT_ONE: (), _AT_TWO: _SMALL, _AT_THREE: ()})

        found = doubtful_overrides(before, spec)

        assert found.instances == {_AT_ONE: None, _AT_TWO: None, _AT_THREE: ()}
        assert unknown_overrides(
            spec,
            found,
            observation({_AT_ONE: current(), _AT_TWO: current(), _AT_THREE: current()}),
            MARKS,
        ) == [_AT_ONE, _AT_TWO]
