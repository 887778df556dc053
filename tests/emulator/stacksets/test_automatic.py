"""What the service does by itself when accounts come, move and go."""

import uuid
from typing import Any

import pytest

from tests.emulator.bench import EAST, TOKYO, WEST, A, B, C, D, parameter
from tests.emulator.organizations import NETWORK, PLATFORM, ROOT, SANDBOX, E, ManagedBench

CREATE, DELETE = "CreateStackInstances", "DeleteStackInstances"
ON = {"AutoDeployment": {"Enabled": True}}


@pytest.fixture
def bench() -> ManagedBench:
    """A stack set that follows PLATFORM in one Region."""
    bench = ManagedBench(asked=ON)
    bench.run(CREATE, [PLATFORM])
    return bench


def automatic(bench: ManagedBench) -> list[tuple[str, str]]:
    """Return action and status of the service's own operations, oldest first."""
    return [
        (operation.action, operation.status)
        for operation in bench.stack_set.operations.values()
        if operation.automatic
    ]


def test_account_joins(bench: ManagedBench) -> None:
    """It gets what its unit has, without overrides, by an operation with an id of its own."""
    bench.run(
        "UpdateStackInstances", [PLATFORM], ParameterOverrides=[parameter("Stage", "special")]
    )
    bench.engine.join(E, NETWORK)
    (summary, *_) = bench.call("ListStackSetOperations")["Summaries"]
    bench.wait()

    assert (summary["Action"], summary["Status"]) == ("CREATE", "RUNNING")
    assert uuid.UUID(summary["OperationId"]).version == 4
    assert bench.units()[E] == PLATFORM
    assert bench.deployed(E)["Stage"] == "test"
    shown = bench.call("DescribeStackSetOperation", OperationId=summary["OperationId"])
    targets = shown["StackSetOperation"]["DeploymentTargets"]
    assert targets == {"OrganizationalUnitIds": [PLATFORM]}


def test_account_leaves(bench: ManagedBench) -> None:
    """Its stack is deleted."""
    bench.engine.leave(B)
    bench.wait()

    assert automatic(bench) == [("DELETE", "SUCCEEDED")]
    assert bench.accounts() == [C]
    assert {account for account, *_ in bench.deployer.stacks} == {C}


def test_stacks_are_retained_if_asked_for() -> None:
    """The instance goes, its stack stays."""
    settings = {"Enabled": True, "RetainStacksOnAccountRemoval": True}
    bench = ManagedBench(asked={"AutoDeployment": settings})
    bench.run(CREATE, [PLATFORM])
    bench.engine.leave(B)
    bench.wait()

    assert bench.accounts() == [C]
    assert {account for account, *_ in bench.deployer.stacks} == {B, C}


class TestMoves:
    """Accounts that go from unit to unit."""

    def test_within_a_followed_unit(self, bench: ManagedBench) -> None:
        """Nothing happens."""
        bench.engine.move(B, NETWORK)

        assert automatic(bench) == []

    def test_into_and_out_of_a_followed_unit(self, bench: ManagedBench) -> None:
        """It gets its instance, and loses it."""
        bench.engine.move(D, NETWORK)
        bench.wait()
        assert bench.accounts() == [B, C, D]
        bench.engine.move(D, ROOT)
        bench.wait()

        assert automatic(bench) == [("CREATE", "SUCCEEDED"), ("DELETE", "SUCCEEDED")]
        assert bench.accounts() == [B, C]

    def test_between_followed_units(self, bench: ManagedBench) -> None:
        """It loses its instance and gets another, one after the other."""
        bench.run(CREATE, [SANDBOX])
        bench.engine.move(B, SANDBOX)
        assert automatic(bench) == [("DELETE", "RUNNING"), ("CREATE", "QUEUED")]
        bench.wait()

        assert bench.units()[B] == SANDBOX
        assert bench.instances()[B, EAST] == "CURRENT/SUCCEEDED"

    def test_ancestor_that_has_it_too(self, bench: ManagedBench) -> None:
        """What the root still has in a Region stays; what only the unit had there goes."""
        bench.run(CREATE, [ROOT], regions=[EAST, WEST])
        bench.run(CREATE, [PLATFORM], regions=[TOKYO])
        bench.engine.move(B, SANDBOX)
        bench.wait()

        assert [key for key in bench.instances() if key[0] == B] == [(B, EAST), (B, WEST)]


class TestNothingHappens:
    """Changes that the service leaves alone."""

    def test_switched_off(self) -> None:
        """Without AutoDeployment nobody follows."""
        bench = ManagedBench()
        bench.run(CREATE, [PLATFORM])
        bench.engine.join(E, PLATFORM)
        bench.engine.leave(B)

        assert automatic(bench) == []

    def test_no_trusted_access(self, bench: ManagedBench) -> None:
        """Who may not look does not see."""
        bench.organization.trusted_access = False
        bench.engine.join(E, PLATFORM)

        assert automatic(bench) == []

    def test_management_account(self) -> None:
        """It is never deployed to."""
        bench = ManagedBench(asked=ON)
        bench.run(CREATE, [PLATFORM])
        bench.engine.move(A, PLATFORM)

        assert automatic(bench) == []

    def test_account_without_instances_leaves(self, bench: ManagedBench) -> None:
        """There is nothing to delete."""
        bench.run(DELETE, [PLATFORM], filter_type="INTERSECTION", accounts=[B])
        bench.engine.leave(B)

        assert automatic(bench) == []

    def test_no_organization(self, ready: Any) -> None:
        """Nobody can join what is not there."""
        with pytest.raises(ValueError, match="has no organization"):
            ready.engine.join(E)


def test_it_waits_its_turn(bench: ManagedBench) -> None:
    """The service's operations queue behind others, and calls meet them in progress."""
    bench.start("UpdateStackInstances", [PLATFORM])
    bench.engine.join(E, PLATFORM)
    assert automatic(bench) == [("CREATE", "QUEUED")]
    assert "OperationInProgress" in bench.refused(DELETE, [PLATFORM])
    bench.wait()

    assert automatic(bench) == [("CREATE", "SUCCEEDED")]


def test_filters_do_not_count() -> None:
    """A unit that was deployed to with an account filter is followed as a whole."""
    bench = ManagedBench(asked=ON)
    bench.run(CREATE, [PLATFORM], filter_type="INTERSECTION", accounts=[B])
    bench.engine.join(E, PLATFORM)
    bench.wait()

    assert bench.accounts() == [B, E]


@pytest.mark.parametrize("returns", [False, True])
def test_deleted_instances(*, returns: bool) -> None:
    """Whether what is deleted comes back while its account stays in the unit is a doubt."""
    bench = ManagedBench(asked=ON, deleted_instances_return=returns)
    bench.run(CREATE, [PLATFORM])
    bench.run(DELETE, [PLATFORM], filter_type="INTERSECTION", accounts=[B])
    bench.run(DELETE, [PLATFORM], filter_type="INTERSECTION", accounts=[C])

    assert bench.accounts() == ([B, C] if returns else [])
    assert automatic(bench) == [("CREATE", "SUCCEEDED")] * 2 * returns


def test_deleted_instances_of_left_units_stay_away() -> None:
    """What the set no longer follows does not come back, nor where the set is gone."""
    bench = ManagedBench(asked=ON, deleted_instances_return=True)
    bench.run(CREATE, [PLATFORM])
    bench.start(DELETE, [PLATFORM])
    bench.at(60)
    bench.call("DeleteStackSet")
    bench.wait()

    assert bench.deployer.stacks == {}
