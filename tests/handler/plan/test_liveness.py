"""Whether a request is waited for, by what CloudFormation shows of its resource."""

from __future__ import annotations

import pytest

from handler.plan.liveness import Asked, Verdict, judge
from handler.values.observation import ResourceState

SIGNED = 1_000
OURS, OTHER = "Set:1f2e3d4c", "Other:1f2e3d4c"
MADE_UP = "stacksets-StackSet-1A2B3C4D5E6F"


def shown(status: str, since: float, physical_id: str = OURS) -> ResourceState:
    """What DescribeStackResource shows; the time is from the second of signing on."""
    return ResourceState(status, physical_id, SIGNED + since)


@pytest.mark.parametrize(
    ("status", "since", "verdict"),
    [
        ("UPDATE_IN_PROGRESS", -0.3, Verdict.LIVE),
        ("UPDATE_IN_PROGRESS", 0.9, Verdict.LIVE),
        ("UPDATE_IN_PROGRESS", 1.9, Verdict.LIVE),
        ("UPDATE_IN_PROGRESS", 2.0, Verdict.DEAD),
        ("UPDATE_IN_PROGRESS", -1.0, Verdict.LIVE),
        ("UPDATE_IN_PROGRESS", -500.0, Verdict.UNKNOWN),
        ("UPDATE_FAILED", 0.5, Verdict.DEAD),
        ("UPDATE_COMPLETE", 30.0, Verdict.DEAD),
        ("DELETE_IN_PROGRESS", 30.0, Verdict.DEAD),
        ("DELETE_COMPLETE", 300.0, Verdict.DEAD),
        ("CREATE_COMPLETE", -500.0, Verdict.UNKNOWN),
        ("UPDATE_FAILED", -0.5, Verdict.UNKNOWN),
    ],
)
def test_update(status: str, since: float, verdict: Verdict) -> None:
    """An Update is waited for from the second of its signing until something newer begins."""
    assert judge(Asked("Update", OURS, SIGNED), shown(status, since)) is verdict


@pytest.mark.parametrize(
    ("status", "since", "verdict"),
    [
        ("CREATE_IN_PROGRESS", 0.2, Verdict.LIVE),
        ("CREATE_FAILED", 3.0, Verdict.DEAD),
        ("DELETE_IN_PROGRESS", 5.0, Verdict.DEAD),
        ("DELETE_COMPLETE", 50.0, Verdict.DEAD),
        ("CREATE_COMPLETE", 50.0, Verdict.DEAD),
        ("CREATE_IN_PROGRESS", 60.0, Verdict.DEAD),
        ("CREATE_FAILED", -60.0, Verdict.UNKNOWN),
    ],
)
def test_create(status: str, since: float, verdict: Verdict) -> None:
    """A Create is over when the resource is anything but in creation, or is created anew."""
    assert judge(Asked("Create", "", SIGNED), shown(status, since, "")) is verdict


@pytest.mark.parametrize(
    ("status", "since", "verdict"),
    [
        ("DELETE_IN_PROGRESS", 0.0, Verdict.LIVE),
        ("DELETE_IN_PROGRESS", 10.0, Verdict.DEAD),
        ("UPDATE_COMPLETE", -100.0, Verdict.UNASKED),
        ("CREATE_COMPLETE", 10.0, Verdict.UNASKED),
        ("DELETE_COMPLETE", 10.0, Verdict.UNASKED),
        ("UPDATE_IN_PROGRESS", 10.0, Verdict.UNASKED),
    ],
)
@pytest.mark.parametrize("physical_id", [OURS, MADE_UP])
def test_delete(status: str, since: float, physical_id: str, verdict: Verdict) -> None:
    """What CloudFormation shows as the resource is deleted only while it says so."""
    asked = Asked("Delete", physical_id, SIGNED)

    assert judge(asked, shown(status, since, physical_id)) is verdict


@pytest.mark.parametrize(
    ("status", "since", "verdict"),
    [
        ("UPDATE_COMPLETE", -5.0, Verdict.LIVE),
        ("CREATE_COMPLETE", -5.0, Verdict.LIVE),
        ("UPDATE_IN_PROGRESS", 60.0, Verdict.DEAD),
        ("CREATE_IN_PROGRESS", 60.0, Verdict.DEAD),
        ("UPDATE_IN_PROGRESS", -60.0, Verdict.UNKNOWN),
        ("DELETE_IN_PROGRESS", -60.0, Verdict.LIVE),
    ],
)
def test_clean_up(status: str, since: float, verdict: Verdict) -> None:
    """What was replaced may be deleted until the resource is worked on again."""
    asked = Asked("Delete", OTHER, SIGNED)

    assert judge(asked, shown(status, since)) is verdict


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_nobody_tells(kind: str) -> None:
    """Without an answer nothing is known: that is not dead."""
    assert judge(Asked(kind, OURS, SIGNED), None) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("kind", "status", "verdict"),
    [
        ("Create", "CREATE_IN_PROGRESS", Verdict.LIVE),
        ("Create", "CREATE_COMPLETE", Verdict.UNKNOWN),
        ("Update", "UPDATE_IN_PROGRESS", Verdict.LIVE),
        ("Update", "DELETE_COMPLETE", Verdict.UNKNOWN),
        ("Delete", "UPDATE_COMPLETE", Verdict.UNKNOWN),
    ],
)
def test_unsigned(kind: str, status: str, verdict: Verdict) -> None:
    """A request that does not tell when it was signed is never known to be dead."""
    assert judge(Asked(kind, OURS, 0), shown(status, 0.0)) is verdict


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("UPDATE_COMPLETE", Verdict.LIVE),
        ("UPDATE_FAILED", Verdict.DEAD),
        ("CREATE_COMPLETE", Verdict.DEAD),
    ],
)
def test_express(status: str, verdict: Verdict) -> None:
    """In the mode EXPRESS a resource may count as done while it is waited for."""
    asked = Asked("Update", OURS, SIGNED)

    assert judge(asked, shown(status, 5.0), is_express=True) is verdict


@pytest.mark.parametrize(
    ("answered_id", "status", "since", "physical_id", "verdict"),
    [
        ("", "UPDATE_COMPLETE", 5.0, OURS, Verdict.ANSWERED),
        ("", "UPDATE_COMPLETE", 5.0, OTHER, Verdict.ANSWERED),
        (OURS, "UPDATE_COMPLETE", 5.0, OURS, Verdict.ANSWERED),
        (OURS, "UPDATE_COMPLETE", 5.0, OTHER, Verdict.DEAD),
        (OURS, "UPDATE_IN_PROGRESS", 0.5, OURS, Verdict.LIVE),
        (OURS, "UPDATE_IN_PROGRESS", 50.0, OURS, Verdict.DEAD),
        (OURS, "UPDATE_COMPLETE", -50.0, OURS, Verdict.UNKNOWN),
        (OURS, "DELETE_IN_PROGRESS", 50.0, OURS, Verdict.DEAD),
        (OURS, "UPDATE_FAILED", 5.0, OURS, Verdict.DEAD),
        ("", "UPDATE_FAILED", 5.0, OURS, Verdict.DEAD),
        ("", "CREATE_COMPLETE", 5.0, OURS, Verdict.DEAD),
    ],
)
def test_answered_early(
    answered_id: str, status: str, since: float, physical_id: str, verdict: Verdict
) -> None:
    """An early answer makes the resource complete with the id that was answered."""
    asked = Asked("Update", OURS, SIGNED, answers_early=True, answered_id=answered_id)

    assert judge(asked, shown(status, since, physical_id)) is verdict


@pytest.mark.parametrize(("answered_id", "verdict"), [("", Verdict.LIVE), (OURS, Verdict.ANSWERED)])
def test_answered_early_in_express(answered_id: str, verdict: Verdict) -> None:
    """In the mode EXPRESS a resource that is done tells of no answer."""
    asked = Asked("Update", OURS, SIGNED, answers_early=True, answered_id=answered_id)

    assert judge(asked, shown("UPDATE_COMPLETE", 5.0), is_express=True) is verdict
