"""The texts that authors read are complete, in the right order, and finite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.errors import (
    AccessDenied,
    Failure,
    Fault,
    InvalidProperties,
    OperationFailed,
    OutOfTime,
    RequestRefused,
    StackSetExists,
    StackSetResourceError,
    describe_failures,
)
from tests.factories import ONE, OREGON, THREE, TWO, VIRGINIA


def _failures(reason: str, count: int, start: int = 0) -> list[Failure]:
    return [Failure(f"{start + each:012d}", VIRGINIA, reason) for each in range(count)]


@pytest.mark.parametrize(
    "outcome",
    [
        InvalidProperties,
        StackSetExists,
        OperationFailed,
        OutOfTime,
        RequestRefused,
        AccessDenied,
    ],
)
def test_outcomes_share_a_base(outcome: type[Exception]) -> None:
    """Whatever the author is to read as an outcome is a StackSetResourceError."""
    assert issubclass(outcome, StackSetResourceError)


def test_fault_reads_as_sentence() -> None:
    """A fault's path is the beginning of its sentence."""
    fault = Fault("StackInstances[0].Regions", "is missing: write it")

    assert str(fault) == "StackInstances[0].Regions is missing: write it"


def test_fault_without_path() -> None:
    """A fault that names its place itself needs no path."""
    assert str(Fault("", "`Tagz` is not a property")) == "`Tagz` is not a property"


def test_one_invalid_property() -> None:
    """One fault is announced as one."""
    error = InvalidProperties([Fault("Tags", "is 'x': write a map")])

    assert str(error) == "The properties have a fault: Tags is 'x': write a map."


def test_several_invalid_properties() -> None:
    """Several faults are counted, and all told in one text."""
    error = InvalidProperties([Fault("A", "is bad"), Fault("B", "is worse")])

    assert str(error) == "The properties have 2 faults: A is bad. | B is worse."
    assert error.faults == (Fault("A", "is bad"), Fault("B", "is worse"))


def test_stack_set_exists() -> None:
    """Who meets a foreign stack set reads its name and the ways out."""
    assert str(StackSetExists("Baseline")) == (
        "StackSetName: a stack set named 'Baseline' exists already and does not belong to this"
        " resource, so it is left alone. Choose another name, delete that stack set first, or"
        " write OnExistingStackSet: ADOPT to take it over with its instances."
    )


def test_request_refused() -> None:
    """A refused call is told with its action, message and code."""
    error = RequestRefused("CreateStackSet", "ValidationError", "Template format error")

    assert str(error) == "CreateStackSet was refused: Template format error (ValidationError)."
    assert error.code == "ValidationError"


def test_access_denied() -> None:
    """A missing right is told with the action and where to grant it."""
    text = str(AccessDenied("CreateStackSet", "User is not authorized."))

    assert text == (
        "The function's role lacks a right that CreateStackSet needs: User is not authorized."
        " Grant it to StackSetResourceRole in the stack that exports StackSetCustomResource."
    )


def test_no_failures() -> None:
    """No failure, no sentence."""
    assert describe_failures([]) == ""


def test_one_failure_names_account_region_and_cause() -> None:
    """A failed stack is told with account, region and cause."""
    text = describe_failures([Failure(ONE, VIRGINIA, "Role exists.")])

    assert text == "1 stack failed: Role exists (111111111111/us-east-1)."


def test_cause_comes_before_who_was_hit() -> None:
    """The text begins with the cause, as the docstring of describe_failures shows."""
    failures = [Failure(ONE, VIRGINIA, "Role exists"), Failure(TWO, VIRGINIA, "Role exists")]

    assert describe_failures(failures) == (
        "2 stacks failed: Role exists (111111111111/us-east-1, 222222222222/us-east-1)."
    )


def test_equal_causes_are_told_once() -> None:
    """Stacks that failed for the same reason share a sentence, in the order of their places."""
    text = describe_failures(
        [
            Failure(THREE, VIRGINIA, "Role exists"),
            Failure(ONE, OREGON, "Role exists"),
            Failure(ONE, VIRGINIA, " Role exists "),
        ]
    )

    assert text.count("Role exists") == 1
    assert text.startswith("3 stacks failed")
    assert "111111111111/us-east-1, 111111111111/us-west-2, 333333333333/us-east-1" in text
    assert "more" not in text


def test_most_common_cause_comes_first() -> None:
    """The cause that hit most stacks is the first that the author reads."""
    failures = [*_failures("Rare", 1), *_failures("Common", 3, 10), *_failures("Seldom", 2, 20)]

    text = describe_failures(failures)

    assert text.index("Common") < text.index("Seldom") < text.index("Rare")


def test_five_places_are_shown() -> None:
    """All places are named as long as they are five."""
    text = describe_failures(_failures("Role exists", 5))

    assert "000000000004/us-east-1" in text
    assert "more" not in text


def test_further_places_are_counted() -> None:
    """Of many places the first five are named and the others counted."""
    text = describe_failures(_failures("Role exists", 800))

    assert text.startswith("800 stacks failed")
    assert text.endswith("000000000004/us-east-1 and 795 more).")
    assert "000000000005/us-east-1" not in text
    assert len(text) < 250


def test_three_causes_are_told() -> None:
    """All causes are told as long as they are three."""
    failures = [*_failures("A", 1), *_failures("B", 1), *_failures("C", 1)]

    assert "other reasons" not in describe_failures(failures)


def test_further_causes_are_counted() -> None:
    """Of many causes the three most common are told and the others counted."""
    failures = [
        failure
        for number, count in enumerate((5, 4, 3, 2, 1))
        for failure in _failures(f"Cause-{number}", count, 100 * number)
    ]

    text = describe_failures(failures)

    assert "Cause-2" in text
    assert "Cause-3" not in text
    assert text.endswith(" 3 more failed for 2 other reasons.")


@pytest.mark.parametrize("reason", ["", "  "])
def test_failure_without_reason(reason: str) -> None:
    """A stack that failed without a word of the API is told as such."""
    assert "no reason given" in describe_failures([Failure(ONE, VIRGINIA, reason)])


@given(st.lists(st.builds(Failure, st.just(ONE), st.just(VIRGINIA), st.text(max_size=40))))
def test_every_failure_is_counted(failures: list[Failure]) -> None:
    """The numbers of the text add up to the number of failures."""
    reasons = [failure.reason.strip() or "no reason given" for failure in failures]
    counts = sorted((reasons.count(each) for each in set(reasons)), reverse=True)
    text = describe_failures(failures)

    for count in counts[:3]:
        assert f"{count} stack{'s' if count > 1 else ''} failed" in text
    if len(counts) > 3:
        assert f"{sum(counts[3:])} more failed for {len(counts) - 3} other reasons." in text


def test_operation_failed() -> None:
    """The causes come first, then how many were cancelled, then which operation it was."""
    failure = Failure(ONE, VIRGINIA, "Role exists")
    error = OperationFailed("CREATE operation op-1: FAILED", [failure], cancelled=7)

    text = str(error)

    assert text.startswith("1 stack failed")
    assert text.endswith(" 7 more cancelled. CREATE operation op-1: FAILED")
    assert error.failures == (failure,)


def test_operation_failed_without_cancelled() -> None:
    """Nothing is said of cancelled instances where there are none."""
    error = OperationFailed("CREATE operation op-1: FAILED", [Failure(ONE, VIRGINIA, "x")])

    assert "cancelled" not in str(error)
    assert "  " not in str(error)


def test_operation_failed_without_failures() -> None:
    """An operation that was stopped before any stack failed is told alone."""
    assert str(OperationFailed("UPDATE operation op-1: STOPPED", [])) == (
        "UPDATE operation op-1: STOPPED"
    )


def test_long_cause_leaves_room_for_its_places() -> None:
    """However long a cause is, who was hit can still be read after it."""
    text = describe_failures([Failure(ONE, VIRGINIA, "説" * 100_000)])

    assert len(text) < 1_000
    assert text.endswith("... (111111111111/us-east-1).")
