"""The ids of operations tell whose they are, and are the same for the same step."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.plan.marks import Deployment, Mark, Marks, read_mark
from handler.plan.outcomes import OwnOperation
from handler.plan.steps import CREATE, DELETE, DETECT_DRIFT, IMPORT, UPDATE, UPDATE_SET, Step
from handler.values.spec import Overrides
from handler.values.targets import Rectangle, Stacks
from tests.factories import (
    MARKS,
    ONE,
    OREGON,
    STACK_ID,
    TWO,
    VIRGINIA,
)

_BIG: Overrides = (("Size", "big"),)
_SMALL: Overrides = (("Size", "small"),)


class TestMarks:
    """The ids of operations."""

    _STEP = Step(CREATE, Rectangle((ONE, TWO), (VIRGINIA,)), (VIRGINIA,), _BIG)

    @pytest.mark.parametrize(
        "step",
        [
            Step(DELETE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)),
            Step(UPDATE_SET, None, (), content="{}" * 50_000),
            Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), (("名前", "値"),)),
            Step(UPDATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)),
        ],
        ids=lambda step: step.action,
    )
    def test_api_takes_the_id(self, step: Step) -> None:
        """An OperationId has at most 128 letters, digits and hyphens."""
        operation_id = MARKS.operation_id(step)

        assert re.fullmatch("[a-zA-Z0-9][-a-zA-Z0-9]*", operation_id)
        assert len(operation_id) <= 128

    @given(st.text(), st.text(), st.text(), st.text())
    def test_api_takes_the_token(self, stack: str, logical: str, request: str, name: str) -> None:
        """A ClientRequestToken has at most 128 letters, digits and hyphens."""
        token = Marks.of(stack, logical, request).client_request_token(name)

        assert re.fullmatch("[a-zA-Z0-9][-a-zA-Z0-9]*", token)
        assert len(token) <= 128

    def test_same_step_same_id(self) -> None:
        """A repeated request finds its operations again."""
        again = Step(CREATE, Rectangle((ONE, TWO), (VIRGINIA,)), (VIRGINIA,), (("Size", "big"),))
        marks = Marks.of(STACK_ID, "StackSet", "request-1")

        assert marks.operation_id(again) == MARKS.operation_id(self._STEP)
        assert marks.client_request_token("A") == MARKS.client_request_token("A")

    @pytest.mark.parametrize(
        "other",
        [
            Step(UPDATE, Rectangle((ONE, TWO), (VIRGINIA,)), (VIRGINIA,), _BIG),
            Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), _BIG),
            Step(CREATE, Rectangle((ONE, TWO), (OREGON,)), (OREGON,), _BIG),
            Step(CREATE, Rectangle((ONE, TWO), (VIRGINIA,)), (VIRGINIA,), _SMALL),
            Step(CREATE, Rectangle((ONE, TWO), (VIRGINIA,)), (VIRGINIA,), ()),
            Step(CREATE, Rectangle((ONE, TWO), (VIRGINIA,)), (VIRGINIA,), _BIG, retain_stacks=True),
        ],
        ids=["action", "accounts", "regions", "overrides", "none", "retention"],
    )
    def test_other_step_other_id(self, other: Step) -> None:
        """Whatever differs in what is sent makes another operation."""
        assert MARKS.operation_id(other) != MARKS.operation_id(self._STEP)

    @pytest.mark.parametrize(
        "marks",
        [
            Marks.of(STACK_ID, "StackSet", "request-2"),
            Marks.of(STACK_ID, "OtherSet", "request-1"),
            Marks.of(STACK_ID + "x", "StackSet", "request-1"),
            Marks.of(STACK_ID + "StackSet", "", "request-1"),
        ],
        ids=["request", "logical id", "stack", "boundary"],
    )
    def test_other_request_other_id(self, marks: Marks) -> None:
        """The same step of another request or resource is another operation."""
        assert marks.operation_id(self._STEP) != MARKS.operation_id(self._STEP)

    def test_token_of_a_resource(self) -> None:
        """Every request of a resource has the same token for a name, and no other resource has."""
        later = Marks.of(STACK_ID, "StackSet", "request-2", "a:b", signed_at=9)
        other = Marks.of(STACK_ID, "OtherSet", "request-1")

        assert later.client_request_token("A") == MARKS.client_request_token("A")
        assert other.client_request_token("A") != MARKS.client_request_token("A")
        assert MARKS.client_request_token("A", "again") != MARKS.client_request_token("A")

    def test_pinned(self) -> None:
        """Requests in flight find their operations after an upgrade: this id never changes."""
        marks = Marks.of("stack", "logical", "request", "Name:uuid", signed_at=1_767_225_600)
        step = Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), (("Size", "big"),))
        update = Step(UPDATE_SET, None, (), content="{}")

        assert marks.operation_id(step) == (
            "26e3718aea84ecbb-6955b900-a0cfbaaad23ecf35-create-bf60b284f16eafc2-e7b7fedd09f0b384"
        )
        assert marks.operation_id(update) == (
            "26e3718aea84ecbb-6955b900-a0cfbaaad23ecf35-set-546888d7f0d59ce4-e7b7fedd09f0b384"
        )
        assert marks.client_request_token("Name") == "26e3718aea84ecbb-af2cfcf3fcd16f66"

    def test_pinned_imports(self) -> None:
        """The same for stacks that join."""
        marks = Marks.of("stack", "logical", "request", "Name:uuid", signed_at=1_767_225_600)
        stacks = Stacks((STACK_ID,), ("ou-root-aaaaaaaa",))
        step = Step(IMPORT, stacks, stacks.regions)

        assert marks.operation_id(step) == (
            "26e3718aea84ecbb-6955b900-a0cfbaaad23ecf35-import-ff00030477974c38-e7b7fedd09f0b384"
        )
        assert marks.action_of(marks.operation_id(step)) == IMPORT
        assert marks.names_instances_of_resource(marks.operation_id(step))

    def test_one_content_one_id(self) -> None:
        """A stack set's content is rolled out once, whatever instances an update reaches."""
        everywhere = Step(UPDATE_SET, None, (VIRGINIA,), content="{}")
        somewhere = Step(UPDATE_SET, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,), content="{}")
        other = Step(UPDATE_SET, None, (VIRGINIA,), content="{ }")

        assert MARKS.operation_id(everywhere) == MARKS.operation_id(somewhere)
        assert MARKS.operation_id(everywhere) != MARKS.operation_id(other)

    def test_content_is_salted(self) -> None:
        """Overrides may be secrets: the same ones look different in each request."""
        later = Marks.of(STACK_ID, "StackSet", "request-2")

        def content(marks: Marks) -> str:
            return marks.operation_id(self._STEP).split("-")[4]

        assert content(later) != content(MARKS)

    def test_order(self) -> None:
        """Marks tell which of two requests CloudFormation has signed later."""
        first = Marks.of(STACK_ID, "StackSet", "request-1", signed_at=100)
        later = Marks.of(STACK_ID, "StackSet", "request-2", signed_at=101)
        unsigned = Marks.of(STACK_ID, "StackSet", "request-3")

        assert first.is_of_later_request(later.operation_id(self._STEP))
        assert not later.is_of_later_request(first.operation_id(self._STEP))
        assert not first.is_of_later_request(first.operation_id(self._STEP))
        assert not unsigned.is_of_later_request(first.operation_id(self._STEP))
        assert first.is_of_other_request(later.operation_id(self._STEP))
        assert not first.is_of_other_request(first.operation_id(self._STEP))
        assert not first.is_of_other_request("1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9")

    def test_other_name_other_token(self) -> None:
        """A replacement is not taken for the stack set that it replaces."""
        assert MARKS.client_request_token("A") != MARKS.client_request_token("B")

    def test_own_resource(self) -> None:
        """Every request of a resource knows the operations of all of them; others do not."""
        operation_id = MARKS.operation_id(self._STEP)

        assert MARKS.is_of_resource(operation_id)
        assert Marks.of(STACK_ID, "StackSet", "request-2").is_of_resource(operation_id)
        assert not Marks.of(STACK_ID, "OtherSet", "request-1").is_of_resource(operation_id)
        assert not MARKS.is_of_resource("1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9")
        assert not MARKS.is_of_resource("")

    def test_operations_on_named_instances(self) -> None:
        """A resource tells its operations on single instances from those on the whole set."""
        on_some = MARKS.operation_id(self._STEP)
        on_all = MARKS.operation_id(Step(UPDATE_SET, None, ()))
        later = Marks.of(STACK_ID, "StackSet", "request-2")

        assert later.names_instances_of_resource(on_some)
        assert not later.names_instances_of_resource(on_all)
        assert not Marks.of(STACK_ID, "Other", "r").names_instances_of_resource(on_some)
        for foreign in ("", "-", "1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9", f"{MARKS.resource}-x-y"):
            assert not later.names_instances_of_resource(foreign)

    @given(st.one_of(st.sampled_from([0, 1, 2, 3]), st.text()))
    def test_own_request(self, origin: int | str) -> None:
        """Only ids that this very request made are its own, and tell their action."""
        steps = [
            Step(DELETE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)),
            Step(UPDATE_SET, None, ()),
            self._STEP,
            Step(UPDATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,)),
        ]
        if isinstance(origin, int):
            step = steps[origin]
            assert MARKS.action_of(MARKS.operation_id(step)) == step.action
            other = Marks.of(STACK_ID, "StackSet", "request-2")
            assert other.action_of(MARKS.operation_id(step)) is None
        else:
            assert MARKS.action_of(origin) is None


class TestDeployment:
    """What a wait is told of a deployment."""

    _MARKS = Marks.of(STACK_ID, "StackSet", "request-1", signed_at=1_787_443_200)
    _STEP = Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))

    def test_id_is_pinned(self) -> None:
        """A DeploymentId stands in templates' outputs, so that it survives an upgrade."""
        assert self._MARKS.deployment(9).id == "6a8a3800-6aa4ffd724fd9f0b-9"

    @pytest.mark.parametrize("last", ["", _MARKS.operation_id(_STEP)])
    def test_tolerance(self, last: str) -> None:
        """A wait can tell whether failures that an operation tolerates may pass."""
        made = self._MARKS.deployment(9, last, tolerates=True)

        assert made.id == f"{self._MARKS.deployment(9, last).id}-tolerant"
        assert Deployment.read(made.id) == made

    @given(st.integers(0, 2**32 - 1), st.integers(0, 100_000))
    def test_read_again(self, signed_at: int, instances: int) -> None:
        """What is written can be read."""
        made = Marks.of(STACK_ID, "StackSet", "r", signed_at=signed_at).deployment(instances)

        assert Deployment.read(made.id) == made

    @pytest.mark.parametrize("text", ["", "x", "6a8a3000-63257e3ba8ba68a9", "6a8a3000--9"])
    def test_no_deployment_id(self, text: str) -> None:
        """Anything else is none."""
        assert Deployment.read(text) is None

    def test_its_operations(self) -> None:
        """A deployment knows its operations, and no others, whichever resource reads them."""
        deployment = self._MARKS.deployment(9)
        later = Marks.of(STACK_ID, "StackSet", "request-2", signed_at=1_787_443_201)

        assert deployment.has_started(self._MARKS.operation_id(self._STEP))
        assert not deployment.has_started(later.operation_id(self._STEP))
        assert not deployment.has_started("somebody-elses")

    def test_marks_of_any_resource(self) -> None:
        """A mark is read by whoever asks."""
        mark = read_mark(self._MARKS.operation_id(self._STEP))

        assert mark is not None
        assert mark.request == self._MARKS.request
        assert read_mark("somebody-elses") is None

    def test_id_of_the_version_before(self) -> None:
        """A request in flight, and a stack set's history, outlive the upgrade of the function."""
        before = f"{MARKS.resource}-{MARKS.request}-create-0123456789abcdef-{MARKS.present}"

        assert read_mark(before) == Mark(MARKS.resource, 0, MARKS.request, CREATE, MARKS.present)
        assert MARKS.action_of(before) == CREATE
        assert not MARKS.is_of_later_request(before)


def test_marks_of_what_was_there_before() -> None:
    """The end of an id tells that its request has taken the stack set over, and nothing else."""
    step = Step(CREATE, Rectangle((ONE,), (VIRGINIA,)), (VIRGINIA,))
    adopting = replace(MARKS, adopts=True)
    plain, marked = MARKS.operation_id(step), adopting.operation_id(step)

    assert marked == f"{plain}-adopted"
    assert len(marked) <= 128
    assert read_mark(marked) == read_mark(plain)._replace(adopts=True)  # type: ignore[union-attr]
    assert adopting.action_of(plain) == MARKS.action_of(marked) == CREATE
    assert Deployment.read(MARKS.deployment(3, marked).id) == MARKS.deployment(3, marked)


def test_marks_of_a_detection() -> None:
    """A detection of drift reaches instances of whomever, so it makes none the resource's."""
    detection = MARKS.operation_id(Step(DETECT_DRIFT, None, ()))

    assert MARKS.action_of(detection) == DETECT_DRIFT
    assert not MARKS.names_instances_of_resource(detection)
    assert OwnOperation.of(Step(DETECT_DRIFT, None, ()), detection, "Set:1").targets({}) == set()
    assert not OwnOperation.of(Step(DETECT_DRIFT, None, ()), detection, "Set:1").everywhere
