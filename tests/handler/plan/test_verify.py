"""Side by side runs only what does not meet; done is only what is where the template says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.errors import Failure, OperationFailed
from handler.plan.instances import failure, verify
from handler.plan.steps import CREATE, DELETE, UPDATE, UPDATE_SET, Step, batches
from handler.values.observation import InstanceState
from handler.values.spec import StackSetSpec
from handler.values.targets import Rectangle, Target
from tests.factories import (
    ONE,
    OREGON,
    THREE,
    TWO,
    VIRGINIA,
    accounts,
    current,
    observation,
    outdated,
    regions,
)

_AT_ONE, _AT_TWO = Target(ONE, VIRGINIA), Target(TWO, VIRGINIA)


def _step(action: str, account: str, region: str = VIRGINIA) -> Step:
    return Step(action, Rectangle((account,), (region,)), (region,))


_SET = Step(UPDATE_SET, None, (VIRGINIA,))


class TestBatches:
    """Steps that can run side by side."""

    @pytest.mark.parametrize(
        ("steps", "expected"),
        [
            pytest.param([], [], id="nothing"),
            pytest.param([_SET], [[_SET]], id="stack set"),
            pytest.param(
                [_step(CREATE, ONE), _step(CREATE, TWO)],
                [[_step(CREATE, ONE), _step(CREATE, TWO)]],
                id="two accounts",
            ),
            pytest.param(
                [_step(CREATE, ONE), _step(CREATE, ONE, OREGON)],
                [[_step(CREATE, ONE), _step(CREATE, ONE, OREGON)]],
                id="two regions",
            ),
            pytest.param(
                [
                    _step(DELETE, ONE),
                    _step(DELETE, TWO),
                    _SET,
                    _step(CREATE, ONE),
                    _step(UPDATE, TWO),
                ],
                [
                    [_step(DELETE, ONE), _step(DELETE, TWO)],
                    [_SET],
                    [_step(CREATE, ONE), _step(UPDATE, TWO)],
                ],
                id="stack set between",
            ),
            pytest.param(
                [_step(DELETE, ONE), _step(CREATE, TWO), _step(CREATE, ONE), _step(CREATE, THREE)],
                [
                    [_step(DELETE, ONE), _step(CREATE, TWO)],
                    [_step(CREATE, ONE), _step(CREATE, THREE)],
                ],
                id="replaced instance",
            ),
            pytest.param([_SET, _SET], [[_SET], [_SET]], id="stack set twice"),
        ],
    )
    def test_batches(self, steps: list[Step], expected: list[list[Step]]) -> None:
        """An update of the stack set runs alone; others together while they do not meet."""
        assert batches(steps) == expected

    @given(
        st.lists(
            st.one_of(
                st.just(_SET),
                st.builds(
                    lambda action, rectangle: Step(action, rectangle, rectangle.regions),
                    st.sampled_from([DELETE, CREATE, UPDATE]),
                    st.builds(
                        lambda some, others: Rectangle(tuple(some), tuple(others)),
                        st.lists(accounts, min_size=1, unique=True),
                        st.lists(regions, min_size=1, unique=True),
                    ),
                ),
            )
        )
    )
    def test_no_two_meet(self, steps: list[Step]) -> None:
        """The order stays, and no two steps of a batch reach the same instance."""
        found = batches(steps)

        assert [step for batch in found for step in batch] == steps
        for batch in found:
            reached = [target for step in batch for target in step.targets]
            assert len(reached) == len(set(reached))
            assert batch == [_SET] or _SET not in batch


class TestVerify:
    """Whether everything is where the template says."""

    _SPEC = StackSetSpec(instances={_AT_ONE: (), _AT_TWO: ()})

    def test_all_current(self) -> None:
        """When all wanted stacks are CURRENT, the work is done."""
        verify(self._SPEC, observation({_AT_ONE: current(), _AT_TWO: current()}))

    def test_foreign_instances(self) -> None:
        """What is behind and not in the template is no failure of this request."""
        verify(StackSetSpec(), observation({_AT_ONE: outdated()}))

    def test_suspended_account(self) -> None:
        """A suspended account is nobody's failure."""
        verify(
            self._SPEC,
            observation({_AT_ONE: current(), _AT_TWO: outdated("SKIPPED_SUSPENDED_ACCOUNT")}),
        )

    def test_failed_and_cancelled(self) -> None:
        """Who failed is named with the reason; cancelled followers are counted."""
        seen = observation(
            {
                _AT_ONE: InstanceState("OUTDATED", "FAILED", "Role exists"),
                _AT_TWO: outdated("CANCELLED"),
            }
        )

        with pytest.raises(OperationFailed) as caught:
            verify(self._SPEC, seen)

        assert caught.value.failures == (Failure(ONE, VIRGINIA, "Role exists"),)
        assert str(caught.value).endswith("1 more cancelled. No operation is left to try.")

    def test_missing(self) -> None:
        """An instance that is not there is told, though all others are CURRENT."""
        with pytest.raises(OperationFailed) as caught:
            verify(self._SPEC, observation({_AT_ONE: current()}))

        assert caught.value.failures == (
            Failure(TWO, VIRGINIA, "The instance was deleted while this request ran."),
        )

    def test_only_cancelled(self) -> None:
        """Instances that were only cancelled are not where they should be either."""
        seen = observation({_AT_ONE: outdated("CANCELLED"), _AT_TWO: outdated("CANCELLED")})

        with pytest.raises(
            OperationFailed, match=r"^2 more cancelled\. No operation is left to try\.$"
        ):
            verify(self._SPEC, seen)

    def test_inoperable_without_reason(self) -> None:
        """Where the API gives no reason, the status is told."""
        assert failure(_AT_ONE, InstanceState("INOPERABLE")) == Failure(
            "111111111111", "us-east-1", "The instance is INOPERABLE."
        )
