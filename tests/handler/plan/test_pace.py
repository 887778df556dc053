"""How long a plan takes is worked out by rounds, and not said where it is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.plan.pace import ASSUMED, Load, Outlook, faster, paces, rounds
from handler.plan.steps import CREATE, DELETE, IMPORT, UPDATE, UPDATE_SET, Step
from handler.values.observation import InstanceState, OperationState
from handler.values.preferences import PREFERENCES
from handler.values.targets import DIFFERENCE, INTERSECTION, Box, Rectangle, Stacks, Target
from tests.factories import MARKS

CAREFUL, BALANCED, FAST = PREFERENCES.values()
_SOFT = {"ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}
_STRICT = {"ConcurrencyMode": "STRICT_FAILURE_TOLERANCE"}
_PARALLEL = {"RegionConcurrencyType": "PARALLEL"}
_SEQUENTIAL = {"RegionConcurrencyType": "SEQUENTIAL"}

_regions = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 120), max_size=4)
_counts = st.builds(
    lambda count, tolerance, mode, regions: {
        "MaxConcurrentCount": count,
        "FailureToleranceCount": tolerance,
        **mode,
        **regions,
    },
    st.integers(1, 40),
    st.integers(0, 40),
    st.sampled_from([{}, _SOFT, _STRICT]),
    st.sampled_from([{}, _PARALLEL, _SEQUENTIAL]),
)
_percentages = st.builds(
    lambda most, tolerance, mode, regions: {
        "MaxConcurrentPercentage": most,
        "FailureTolerancePercentage": tolerance,
        **mode,
        **regions,
    },
    st.integers(1, 100),
    st.integers(0, 100),
    st.sampled_from([{}, _SOFT, _STRICT]),
    st.sampled_from([{}, _PARALLEL, _SEQUENTIAL]),
)


def _played(accounts: Mapping[str, int], preferences: Mapping[str, Any]) -> int:
    """How many ticks an operation takes in which each stack takes one."""
    waiting, ticks = dict(accounts), 0
    while any(waiting.values()):
        at_work = [region for region, number in waiting.items() if number]
        if preferences.get("RegionConcurrencyType") != "PARALLEL":
            del at_work[1:]
        for region in at_work:
            of = accounts[region]
            most = preferences.get("MaxConcurrentCount")
            if most is None:
                most = of * preferences["MaxConcurrentPercentage"] // 100 or 1
            if preferences.get("ConcurrencyMode") != "SOFT_FAILURE_TOLERANCE":
                tolerated = preferences.get("FailureToleranceCount")
                if tolerated is None:
                    tolerated = of * preferences["FailureTolerancePercentage"] // 100
                most = min(most, tolerated + 1)
            waiting[region] = max(0, waiting[region] - most)
        ticks += 1
    return ticks


@given(_regions, _counts | _percentages)
def test_rounds_are_those_of_an_operation_that_is_played(
    accounts: dict[str, int], preferences: dict[str, Any]
) -> None:
    """What is worked out at once is what comes of it stack by stack."""
    assert rounds(accounts, preferences) == _played(accounts, preferences)


@given(_regions, _counts, st.sampled_from("abcd"), st.integers(1, 30))
def test_more_stacks_never_take_less(
    accounts: dict[str, int], preferences: dict[str, Any], region: str, more: int
) -> None:
    """With counts; a percentage of more may be more at once."""
    others = {**accounts, region: accounts.get(region, 0) + more}

    assert rounds(others, preferences) >= rounds(accounts, preferences)


@given(_regions, _counts | _percentages, st.integers(1, 30))
def test_more_at_once_never_takes_longer(
    accounts: dict[str, int], preferences: dict[str, Any], more: int
) -> None:
    """Whether more are asked for, more may fail, the mode lets go, or Regions do not wait."""
    name = next(each for each in preferences if each.startswith("MaxConcurrent"))
    tolerance = next(each for each in preferences if each.startswith("FailureTolerance"))
    before = rounds(accounts, preferences)
    for change in (
        {name: preferences[name] + more},
        {tolerance: preferences[tolerance] + more},
        _SOFT,
        _PARALLEL,
    ):
        assert rounds(accounts, {**preferences, **change}) <= before


@pytest.mark.parametrize(
    ("preferences", "expected"),
    [
        ({}, 12),
        (CAREFUL, 12),
        (BALANCED, 8),
        (FAST, 1),
        ({"MaxConcurrentCount": 10}, 12),
        ({"MaxConcurrentCount": 10, **_SOFT}, 2),
        ({"MaxConcurrentCount": 10, "FailureToleranceCount": 2}, 5),
        ({"MaxConcurrentCount": 3, **_SOFT, **_PARALLEL}, 3),
        ({"RegionOrder": ["b", "a"]}, 12),
    ],
)
def test_examples(preferences: dict[str, Any], expected: int) -> None:
    """Eight accounts in a Region and four in another."""
    assert rounds({"a": 8, "b": 4}, preferences) == expected


class TestOutlook:
    """How long a plan takes."""

    def test_batches(self) -> None:
        """Operations of a batch go side by side, batches one after the other."""
        one, two = Load("CREATE", {"a": 1}), Load("CREATE", {"a": 2})

        assert Outlook([[one], [two]]).seconds(CAREFUL) == 3 * ASSUMED
        assert Outlook([[one, two]]).seconds(CAREFUL) == 2 * ASSUMED
        assert Outlook([]).seconds(CAREFUL) == 0

    def test_paces(self) -> None:
        """What operations have shown counts, each kind for itself."""
        outlook = Outlook(
            [[Load("CREATE", {"a": 2})], [Load("DELETE", {"a": 3})]], {"CREATE": 200.0}
        )

        assert outlook.seconds(CAREFUL) == 2 * 200 + 3 * ASSUMED
        assert outlook.seconds_a_stack(CAREFUL) == 200
        assert Outlook(outlook.plan).seconds_a_stack(CAREFUL) == ASSUMED


class TestLoad:
    """What an operation has to do."""

    LISTED: ClassVar = {
        Target("1", "a"): InstanceState("CURRENT", unit="ou-1"),
        Target("2", "a"): InstanceState("CURRENT", unit="ou-1"),
        Target("3", "b"): InstanceState("OUTDATED", unit="ou-2"),
        Target("4", "a"): InstanceState("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT", unit="ou-1"),
    }
    PAIRS = Rectangle(("1", "9"), ("a", "b"))

    @pytest.mark.parametrize(
        ("action", "reach", "expected"),
        [
            (CREATE, PAIRS, {"a": 2, "b": 2}),
            (UPDATE, PAIRS, {"a": 1}),
            (DELETE, PAIRS, {"a": 1}),
            (UPDATE_SET, None, {"a": 2, "b": 1}),
            (UPDATE, Box(("ou-1",), ("a", "b")), {"a": 2}),
            (CREATE, Box(("ou-1",), ("a", "b")), {"b": 3}),
            (CREATE, Box(("ou-1",), ("b",), DIFFERENCE, ("1",)), {"b": 2}),
            (CREATE, Box(("r-1",), ("a", "b"), INTERSECTION, ("1", "8")), {"a": 1, "b": 2}),
            (CREATE, Box(("ou-9",), ("a", "b")), {}),
        ],
    )
    def test_of(self, action: str, reach: Rectangle | Box | None, expected: object) -> None:
        """Who is in a unit is known by instances elsewhere, or else counts as nobody."""
        assert Load.of(Step(action, reach, ()), self.LISTED).accounts == expected

    def test_of_what_stays(self) -> None:
        """A stack that stays is not deployed."""
        step = Step(DELETE, self.PAIRS, (), retain_stacks=True)

        assert Load.of(step, self.LISTED).accounts == {}

    def test_of_an_import(self) -> None:
        """A stack that joins as it is, is not deployed either."""
        stacks = Stacks(("arn:aws:cloudformation:a:9:stack/there/1",))

        assert Load.of(Step(IMPORT, stacks, ("a",)), self.LISTED).accounts == {}


class TestPaces:
    """How long a stack takes, by what operations have shown."""

    @staticmethod
    def _operation(name: str, took: float, **how: Any) -> OperationState:
        told: dict[str, Any] = {"action": "UPDATE", "status": "SUCCEEDED", "began": 1000.0, **how}
        return OperationState(name, ended=1000.0 + took, **told)

    def test_own(self) -> None:
        """An operation of the request itself tells by its rounds, the newest first."""
        recent = [self._operation("second", 900), self._operation("first", 50)]

        assert paces(recent, {}, {"second": 3, "first": 5}) == {"UPDATE": 300}

    @pytest.mark.parametrize(("took", "expected"), [(25.0, 25.0), (5000.0, ASSUMED)])
    def test_others(self, took: float, expected: float) -> None:
        """No stack has taken longer than an earlier operation, whichever its preferences."""
        listed = {Target("1", "a"): InstanceState("CURRENT", last_operation_id="earlier")}

        assert paces([self._operation("earlier", took)], listed, {}) == {"UPDATE": expected}

    @pytest.mark.parametrize(
        "how", [{"status": "FAILED"}, {"status": "STOPPED"}, {"began": 0.0}, {"began": 2000.0}]
    )
    def test_nothing_shown(self, how: dict[str, Any]) -> None:
        """What failed, or has no times, shows nothing; nor does what touched no instance."""
        listed = {Target("1", "a"): InstanceState("CURRENT", last_operation_id="earlier")}

        assert paces([self._operation("earlier", 25, **how)], listed, {}) == {}
        assert paces([self._operation("other", 25)], listed, {"other": 0}) == {}

    def test_imports_show_nothing(self) -> None:
        """They are CREATE operations in the list, and deploy nothing."""
        stacks = Stacks(("arn:aws:cloudformation:a:9:stack/there/1",))
        name = MARKS.operation_id(Step(IMPORT, stacks, ("a",)))
        listed = {Target("9", "a"): InstanceState("CURRENT", last_operation_id=name)}

        assert paces([self._operation(name, 25, action="CREATE")], listed, {name: 1}) == {}


class TestFaster:
    """What to write to go faster."""

    @pytest.mark.parametrize("preferences", [{}, CAREFUL, BALANCED])
    def test_words(self, preferences: dict[str, Any]) -> None:
        """Who has written a word, or nothing, reads words."""
        assert [text for text, _ in faster(preferences)] == [
            "OperationPreferences: BALANCED",
            "OperationPreferences: FAST",
        ]

    def test_members(self) -> None:
        """Who has written a map reads its members first, and keeps the others."""
        written = {"MaxConcurrentCount": 2, "FailureToleranceCount": 1}

        told = dict(faster(written))
        assert list(told) == [
            "a higher MaxConcurrentPercentage with ConcurrencyMode: SOFT_FAILURE_TOLERANCE",
            "RegionConcurrencyType: PARALLEL",
            "OperationPreferences: FAST",
        ]
        assert told["RegionConcurrencyType: PARALLEL"] == {**written, **_PARALLEL}
        assert next(iter(told.values())) == {
            "FailureToleranceCount": 1,
            "MaxConcurrentPercentage": 100,
            **_SOFT,
        }

    @given(_regions, _counts | _percentages)
    def test_never_slower(self, accounts: dict[str, int], preferences: dict[str, Any]) -> None:
        """Each takes as long at most, for a map."""
        for _, each in faster(preferences):
            assert rounds(accounts, each) <= rounds(accounts, preferences)
