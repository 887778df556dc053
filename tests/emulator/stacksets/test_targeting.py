"""Targets by unit: which accounts a call means, and when."""

from typing import Any

import pytest

from emulator.stacksets.faults import DeploymentFault
from tests.emulator.bench import EAST, WEST, A, B, C, D
from tests.emulator.organizations import NETWORK, PLATFORM, ROOT, SANDBOX, E, ManagedBench

ONLY_UNITS = (
    "ValidationError: StackSets with SERVICE_MANAGED permission model can only have "
    "OrganizationalUnit as target"
)
CREATE, UPDATE, DELETE = "CreateStackInstances", "UpdateStackInstances", "DeleteStackInstances"


class TestSelections:
    """How units and accounts go together."""

    @pytest.mark.parametrize(
        ("units", "more", "expected"),
        [
            ([ROOT], {}, [B, C, D]),
            ([PLATFORM], {}, [B, C]),
            ([NETWORK], {"filter_type": "NONE"}, [C]),
            ([NETWORK, ROOT], {}, [B, C, D]),
            ([PLATFORM], {"filter_type": "INTERSECTION", "accounts": [C, D, E]}, [C]),
            ([ROOT], {"filter_type": "DIFFERENCE", "accounts": [C, E]}, [B, D]),
            ([ROOT], {"filter_type": "INTERSECTION", "accounts": [A]}, []),
        ],
    )
    def test_on_create(self, units: list[str], more: dict[str, Any], expected: list[str]) -> None:
        """Nested accounts belong to a unit, the management account and strangers never."""
        bench = ManagedBench()
        operation = bench.run(CREATE, units, **more)

        assert bench.accounts() == expected
        assert bench.status(operation) == "SUCCEEDED"

    @pytest.mark.parametrize("action", [UPDATE, DELETE])
    @pytest.mark.parametrize(
        ("units", "more", "expected"),
        [
            ([PLATFORM], {}, [B, C]),
            ([PLATFORM], {"accounts": [D]}, [B, C, D]),
            ([PLATFORM], {"accounts": [D], "filter_type": "UNION"}, [B, C, D]),
            ([ROOT], {"accounts": [C], "filter_type": "INTERSECTION"}, [C]),
            ([ROOT], {"accounts": [C], "filter_type": "DIFFERENCE"}, [B, D]),
        ],
    )
    def test_on_what_is_there(
        self, action: str, units: list[str], more: dict[str, Any], expected: list[str]
    ) -> None:
        """Without a type, accounts widen the units; otherwise it is as on create."""
        bench = ManagedBench()
        bench.run(CREATE, [ROOT], regions=[EAST, WEST])
        operation = bench.run(action, units, **more)

        assert {*bench.results(operation)} == {(account, EAST) for account in expected}

    @pytest.mark.parametrize("start", ["https://bucket.s3.amazonaws.com", "s3://bucket"])
    def test_accounts_from_a_file(self, start: str) -> None:
        """AccountsUrl stands for Accounts, with commas or lines, by either kind of address."""
        bench = ManagedBench()
        bench.objects["bucket", "a.csv"] = f"{B},{C}\n{D}\n".encode()
        targets = {
            "OrganizationalUnitIds": [PLATFORM],
            "AccountsUrl": f"{start}/a.csv",
            "AccountFilterType": "INTERSECTION",
        }
        bench.call(CREATE, DeploymentTargets=targets, Regions=[EAST])
        bench.wait()

        assert bench.accounts() == [B, C]

    def test_unit_of_the_call(self) -> None:
        """An instance carries the unit that the call named, the first that holds its account."""
        bench = ManagedBench()
        operation = bench.run(CREATE, [PLATFORM, ROOT])

        assert bench.units() == {B: PLATFORM, C: PLATFORM, D: ROOT}
        results = bench.call("ListStackSetOperationResults", OperationId=operation)["Summaries"]
        assert {each["Account"]: each["OrganizationalUnitId"] for each in results} == bench.units()

    def test_unit_in_results(self) -> None:
        """An operation on all instances, and on one that has left, tells their units."""
        bench = ManagedBench()
        bench.run(CREATE, [PLATFORM])
        bench.engine.leave(C)
        updated = bench.update()
        bench.wait()
        deleted = bench.run(DELETE, [ROOT])

        for operation in (updated, deleted):
            results = bench.call("ListStackSetOperationResults", OperationId=operation)
            units = {each["Account"]: each["OrganizationalUnitId"] for each in results["Summaries"]}
            assert units[C] == PLATFORM

    def test_second_create_leaves_the_unit(self) -> None:
        """Whoever deploys again changes nothing of what is there."""
        bench = ManagedBench()
        bench.run(CREATE, [NETWORK])
        bench.run(CREATE, [ROOT])

        assert bench.units() == {B: ROOT, C: NETWORK, D: ROOT}


class TestMoment:
    """Units are looked into when the operation starts."""

    def test_queued_operation_sees_who_came_meanwhile(self) -> None:
        """An account that joins before a queued create starts gets its instance."""
        bench = ManagedBench(asked={"ManagedExecution": {"Active": True}})
        bench.start(CREATE, [PLATFORM])
        queued = bench.start(CREATE, [PLATFORM])
        bench.engine.join(E, NETWORK)
        assert bench.status(queued) == "QUEUED"
        bench.wait()

        assert bench.accounts() == [B, C, E]

    def test_disjoint_units_run_side_by_side(self) -> None:
        """Under ManagedExecution, units that share no account do not wait for each other."""
        bench = ManagedBench(asked={"ManagedExecution": {"Active": True}})
        bench.start(CREATE, [PLATFORM])

        assert bench.status(bench.start(CREATE, [SANDBOX])) == "RUNNING"
        assert bench.status(bench.start(CREATE, [NETWORK])) == "QUEUED"

    def test_empty_unit(self) -> None:
        """Nothing to do is success at once, with any RegionOrder."""
        bench = ManagedBench()
        bench.organization.add_unit("ou-root-empty123")
        preferences = {"RegionOrder": [WEST, EAST]}
        operation = bench.start(
            CREATE, ["ou-root-empty123"], regions=[EAST, WEST], OperationPreferences=preferences
        )

        assert bench.status(operation) == "SUCCEEDED"
        assert bench.instances() == {}

    def test_suspended_and_closed_accounts_are_skipped(self) -> None:
        """They are members, and skipped when their turn comes; deletes must retain them."""
        bench = ManagedBench()
        bench.organization.suspend(B)
        bench.organization.close(C)
        created = bench.run(CREATE, [ROOT])

        skipped = "OUTDATED/SKIPPED_SUSPENDED_ACCOUNT"
        assert bench.instances() == {
            (B, EAST): skipped,
            (C, EAST): skipped,
            (D, EAST): "CURRENT/SUCCEEDED",
        }
        assert bench.status(created) == "SUCCEEDED"
        bench.run(DELETE, [ROOT])
        assert bench.accounts() == [B, C]
        bench.run(DELETE, [ROOT], RetainStacks=True)
        assert bench.accounts() == []


class TestDelete:
    """DeleteStackInstances by unit."""

    def test_takes_who_was_and_who_is_in_the_unit(self) -> None:
        """An account that left the unit since is still meant by it, and by the new one."""
        bench = ManagedBench()
        bench.run(CREATE, [PLATFORM])
        bench.engine.move(B, SANDBOX)
        bench.engine.leave(C)
        bench.run(DELETE, [PLATFORM])
        assert bench.accounts() == []

        bench.run(CREATE, [PLATFORM, SANDBOX])
        bench.engine.move(B, PLATFORM)
        bench.run(DELETE, [PLATFORM], filter_type="INTERSECTION", accounts=[B])
        assert bench.accounts() == [D]

    def test_ancestor_takes_who_was_below_it(self) -> None:
        """The root means an account that has left the organization, if it was in a unit of it."""
        bench = ManagedBench()
        bench.run(CREATE, [NETWORK])
        bench.engine.leave(C)
        bench.run(DELETE, [ROOT])

        assert bench.accounts() == []

    def test_units_are_no_longer_followed(self) -> None:
        """What the set follows is what was created, less what was deleted without a filter."""
        bench = ManagedBench()
        bench.run(CREATE, [PLATFORM, SANDBOX], regions=[EAST, WEST])
        bench.run(DELETE, [PLATFORM], filter_type="INTERSECTION", accounts=[B])
        bench.run(DELETE, [PLATFORM])
        bench.run(DELETE, [SANDBOX], regions=[EAST, WEST])

        assert bench.shown()["OrganizationalUnitIds"] == [PLATFORM]
        followed = bench.call("ListStackSetAutoDeploymentTargets")["Summaries"]
        assert followed == [{"OrganizationalUnitId": PLATFORM, "Regions": [WEST]}]

    def test_deleting_by_the_root_ends_all(self) -> None:
        """A unit above takes what those below it had been told."""
        bench = ManagedBench()
        bench.run(CREATE, [NETWORK, SANDBOX])
        bench.run(DELETE, [ROOT])

        assert bench.shown()["OrganizationalUnitIds"] == []


class TestMissingInstances:
    """Updates of what is not there."""

    @pytest.fixture
    def bench(self) -> ManagedBench:
        """Two of three accounts have an instance."""
        bench = ManagedBench()
        bench.run(CREATE, [PLATFORM])
        return bench

    @pytest.mark.parametrize("action", [UPDATE, "UpdateStackSet"])
    @pytest.mark.parametrize("filter_type", ["INTERSECTION", "UNION"])
    def test_named_account(self, bench: ManagedBench, action: str, filter_type: str) -> None:
        """One account that is named and has no instance refuses the whole call."""
        parameters = [{"ParameterKey": "Stage", "UsePreviousValue": True}]
        same: dict[str, Any] = {"UsePreviousTemplate": True, "Parameters": parameters}
        more = same if action == "UpdateStackSet" else {}
        text = bench.refused(action, [ROOT], filter_type=filter_type, accounts=[B, D], **more)

        assert text.startswith("StackInstanceNotFoundException: Stack instance not found")
        assert D in text

    def test_named_stranger_is_ignored(self, bench: ManagedBench) -> None:
        """An account that is in none of the units is not meant."""
        operation = bench.run(UPDATE, [PLATFORM], filter_type="INTERSECTION", accounts=[B, D, E])

        assert bench.results(operation) == {(B, EAST): "SUCCEEDED"}

    def test_whole_units(self, bench: ManagedBench) -> None:
        """A unit brings along only those of its accounts that have an instance."""
        operation = bench.run(UPDATE, [ROOT])

        assert {*bench.results(operation)} == {(B, EAST), (C, EAST)}

    @pytest.mark.parametrize("needs", [False, True])
    def test_difference(self, *, needs: bool) -> None:
        """Whether all but some must have instances is a doubt."""
        bench = ManagedBench(difference_needs_every_instance=needs)
        bench.run(CREATE, [PLATFORM])
        asked: dict[str, Any] = {"filter_type": "DIFFERENCE", "accounts": [B]}
        if needs:
            assert "StackInstanceNotFound" in bench.refused(UPDATE, [ROOT], **asked)
        else:
            assert {*bench.results(bench.run(UPDATE, [ROOT], **asked))} == {(C, EAST)}


class TestRefusals:
    """Calls that are refused before anything happens."""

    @pytest.mark.parametrize("action", [CREATE, UPDATE, DELETE])
    @pytest.mark.parametrize(
        "asked",
        [
            {"Accounts": [B]},
            {"DeploymentTargets": {"Accounts": [B]}},
            {"DeploymentTargets": {}},
            {"DeploymentTargets": {"OrganizationalUnitIds": []}},
        ],
    )
    def test_no_units(self, action: str, asked: dict[str, Any]) -> None:
        """Accounts alone are no targets."""
        bench = ManagedBench()
        retain = {"RetainStacks": False} if action == DELETE else {}
        error = bench.refuse(action, Regions=[EAST], **retain, **asked)

        assert f"{error.code}: {error.message}" == ONLY_UNITS

    @pytest.mark.parametrize(
        ("action", "units", "more", "text"),
        [
            (CREATE, ["ou-root-unknown1"], {}, "does not exist"),
            (CREATE, [f"ou-root-{n:08}" for n in range(51)], {}, "at most 50"),
            (CREATE, [ROOT], {"accounts": [B]}, "AccountFilterType is required"),
            (CREATE, [ROOT], {"accounts": [B], "filter_type": "UNION"}, "not supported for create"),
            (CREATE, [ROOT], {"filter_type": "INTERSECTION"}, "Accounts must be specified"),
            (UPDATE, [ROOT], {"accounts": [B], "filter_type": "NONE"}, "Accounts must not be"),
            (UPDATE, [ROOT], {"accounts": ["1"], "filter_type": "UNION"}, "not a valid account"),
            (DELETE, [ROOT], {"regions": []}, "At least one region"),
        ],
    )
    def test_texts(self, action: str, units: list[str], more: dict[str, Any], text: str) -> None:
        """The complaint says what is wrong."""
        bench = ManagedBench()
        refused = bench.refused(action, units, **more)

        assert refused.startswith("ValidationError")
        assert text in refused
        assert bench.stack_set.operations == {}

    def test_accounts_given_twice(self) -> None:
        """Accounts and AccountsUrl exclude each other, and files have a limit."""
        bench = ManagedBench()
        url = "https://bucket.s3.amazonaws.com/a.csv"
        targets: dict[str, Any] = {"OrganizationalUnitIds": [ROOT], "AccountsUrl": url}
        both = {**targets, "Accounts": [B]}
        bench.objects["bucket", "a.csv"] = b"1" * (10 * 1024 * 1024 + 1)

        error = bench.refuse(CREATE, DeploymentTargets=both, Regions=[EAST])
        assert "either Accounts or AccountsUrl" in error.message
        targets["AccountFilterType"] = "INTERSECTION"
        error = bench.refuse(CREATE, DeploymentTargets=targets, Regions=[EAST])
        assert "larger than" in error.message


def test_operation_shows_its_targets() -> None:
    """DescribeStackSetOperation repeats DeploymentTargets; failures count as ever."""
    bench = ManagedBench()
    bench.faults.deployments.append(DeploymentFault("broken", account=C))
    operation = bench.run(CREATE, [PLATFORM])

    shown = bench.call("DescribeStackSetOperation", OperationId=operation)["StackSetOperation"]
    assert shown["DeploymentTargets"] == {"OrganizationalUnitIds": [PLATFORM]}
    assert shown["Status"] == "FAILED"
    assert bench.instances()[C, EAST] == "OUTDATED/FAILED"
