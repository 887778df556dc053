"""ParameterOverrides, shown by DescribeStackInstance only."""

from typing import Any

import pytest

from tests.emulator.bench import (
    EAST,
    TOPIC,
    A,
    Bench,
    parameter,
)


class TestOverrides:
    """ParameterOverrides, shown by DescribeStackInstance only."""

    @pytest.fixture
    def overridden(self, ready: Bench) -> Bench:
        """One instance with two overrides."""
        ready.deploy([A], ParameterOverrides=[parameter("Stage", "live"), parameter("Size", "9")])
        ready.wait()
        return ready

    def overrides(self, bench: Bench) -> dict[str, str]:
        """Return the overrides that the API shows."""
        instance = bench.call(
            "DescribeStackInstance", StackInstanceAccount=A, StackInstanceRegion=EAST
        )["StackInstance"]
        return {
            entry["ParameterKey"]: entry["ParameterValue"]
            for entry in instance["ParameterOverrides"]
        }

    def test_set_on_create(self, overridden: Bench) -> None:
        """Overrides beat the parameters of the stack set, for the stack too."""
        assert self.overrides(overridden) == {"Stage": "live", "Size": "9"}
        assert overridden.deployed(A) == {"Stage": "live", "Size": "9"}

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({}, {"Stage": "live", "Size": "9"}),
            ({"ParameterOverrides": []}, {}),
            ({"ParameterOverrides": [parameter("Size", "1")]}, {"Size": "1"}),
            (
                {"ParameterOverrides": [parameter("Size", "1"), parameter("Stage", None)]},
                {"Stage": "live", "Size": "1"},
            ),
            ({"ParameterOverrides": [parameter("Secret", None)]}, {}),
        ],
        ids=["no list keeps", "empty resets", "left out resets", "previous keeps", "never had"],
    )
    def test_update(
        self, overridden: Bench, asked: dict[str, Any], expected: dict[str, str]
    ) -> None:
        """A value sets, UsePreviousValue keeps, left out resets, no list leaves all."""
        overridden.call("UpdateStackInstances", Accounts=[A], Regions=[EAST], **asked)
        overridden.wait()

        assert self.overrides(overridden) == expected
        assert overridden.deployed(A) == {"Stage": "test"} | expected

    def test_survive_an_update_of_the_set(self, overridden: Bench) -> None:
        """A new parameter value of the stack set does not reach an overriding instance."""
        overridden.update(Parameters=[parameter("Stage", "new")])
        overridden.wait()

        assert overridden.deployed(A)["Stage"] == "live"

    def test_of_parameters_that_went_are_not_sent(self, overridden: Bench) -> None:
        """Overrides of parameters that a new template lacks are not deployed."""
        overridden.update(TemplateBody=TOPIC.replace("  Size: {Type: Number, Default: 3}\n", ""))
        overridden.wait()

        assert overridden.deployed(A) == {"Stage": "live"}

    def test_secrets_are_masked(self, ready: Bench) -> None:
        """NoEcho overrides show as asterisks."""
        ready.deploy([A], ParameterOverrides=[parameter("Secret", "psst")])
        ready.wait()

        assert self.overrides(ready) == {"Secret": "****"}
        assert ready.deployed(A)["Secret"] == "psst"

    def test_absent_from_the_list(self, overridden: Bench) -> None:
        """ListStackInstances does not show overrides."""
        (summary,) = overridden.call("ListStackInstances")["Summaries"]

        assert "ParameterOverrides" not in summary
