"""Stacks that stay, accounts that are closed, deletions that are too many, failures that pass."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.stacksets.history import Lag
from emulator.stacksets.readings import Readings
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import (
    ACCOUNTS,
    REGIONS,
    group,
    new_stack,
    operations,
    properties,
    stacks_of,
    template,
    wanted_stacks,
)

RETAIN = {"RetainStacks": True}
ON_REMOVAL = {"RetainStacksOnRemoval": True}
TOLERANT = {
    "FailOnTolerated": False,
    "OperationPreferences": {"FailureToleranceCount": 1, "MaxConcurrentCount": 2},
}
ONE_LESS = group(ACCOUNTS[:2])


def _fail(aws: VirtualAWS, account: str, **how: Any) -> None:
    aws.engine.faults.deployments.append(DeploymentFault("No", account=account, seconds=1, **how))


def _deny(aws: VirtualAWS, *actions: str) -> None:
    aws.engine.faults.calls.extend(
        CallFault(each, Answer.ACCESS_DENIED, times=None) for each in actions
    )


def _in(aws: VirtualAWS) -> set[str]:
    return {account for account, _, _ in aws.deployer.stacks}


class TestRetainStacks:
    """Stacks that stay when the resource is deleted."""

    def test_delete(self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        """The stack set goes by one operation, each stack stays, and the log lists them."""
        stack.deploy(properties(**RETAIN))

        assert stack.delete() == "DELETE_COMPLETE"
        assert operations(aws)[-2:] == ["DeleteStackInstances", "DeleteStackSet"]
        assert _in(aws) == set(ACCOUNTS[:3])
        [line] = [each for each in caplog.records if each.message.startswith("stacks stay")]
        assert vars(line)["stacks"] == [f"{each}/{REGIONS[0]}" for each in ACCOUNTS[:3]]

    def test_last_deployed(self, aws: VirtualAWS, stack: Stack) -> None:
        """What was deployed last counts: retaining that was taken back retains nothing."""
        stack.deploy(properties(**RETAIN))
        stack.deploy(properties())

        assert stack.delete() == "DELETE_COMPLETE"
        assert _in(aws) == set()

    def test_replacement(self, aws: VirtualAWS, stack: Stack) -> None:
        """The clean-up after a rename is a delete like any other."""
        stack.deploy(properties(**RETAIN))
        old = stack.physical_id

        assert stack.deploy(properties(StackSetName="Renamed")) == "UPDATE_COMPLETE"
        assert aws.engine.stack_sets[old].status == "DELETED"
        assert set(stacks_of(aws, old)) == {(each, REGIONS[0]) for each in ACCOUNTS[:3]}

    @pytest.mark.parametrize("denied", [(), ("DescribeStacks",), ("DescribeStackEvents",)])
    def test_failed_create(self, aws: VirtualAWS, stack: Stack, denied: tuple[str, ...]) -> None:
        """What a failed Create has made goes all the same."""
        _fail(aws, ACCOUNTS[1], actions=("CREATE",))
        _deny(aws, *denied)

        assert stack.deploy(properties(**RETAIN)) == "ROLLBACK_COMPLETE"
        assert _in(aws) == set()

    def test_nothing_is_told(self, aws: VirtualAWS, stack: Stack) -> None:
        """Where CloudFormation tells nothing at all, what ran on the stack set tells."""
        _fail(aws, ACCOUNTS[1], actions=("CREATE",))
        _deny(aws, "DescribeStacks", "DescribeStackEvents", "DescribeStackResource")

        assert stack.deploy(properties(**RETAIN)) == "ROLLBACK_COMPLETE"
        assert _in(aws) == set()

    @pytest.mark.parametrize("updates", [0, 1])
    def test_nothing_is_told_of_success(self, aws: VirtualAWS, stack: Stack, updates: int) -> None:
        """So it does of what has succeeded, an update that failed afterwards or not."""
        stack.deploy(properties(**RETAIN))
        if updates:
            _fail(aws, ACCOUNTS[1], times=1)
            failing = properties(**RETAIN, TemplateBody=template("2"))
            assert stack.deploy(failing) == "UPDATE_ROLLBACK_COMPLETE"
        _deny(aws, "DescribeStacks", "DescribeStackEvents", "DescribeStackResource")

        assert stack.delete() == "DELETE_COMPLETE"
        assert _in(aws) == set(ACCOUNTS[:3])

    @pytest.mark.parametrize("others", [TOLERANT, {"WaitFor": "START"}])
    def test_nothing_is_told_of_what_failed_later(
        self, aws: VirtualAWS, stack: Stack, others: dict[str, Any]
    ) -> None:
        """In doubt a Create has succeeded: one that tolerates, or is answered before its end."""
        _fail(aws, ACCOUNTS[1], actions=("CREATE",))
        assert stack.deploy(properties(**RETAIN, **others)) == "CREATE_COMPLETE"
        aws.scheduler.drain()
        _deny(aws, "DescribeStacks", "DescribeStackEvents", "DescribeStackResource")
        there = _in(aws)

        assert stack.delete() == "DELETE_COMPLETE"
        assert _in(aws) == there != set()

    def test_sibling_fails(self) -> None:
        """A Create that is taken back since something else failed leaves nothing."""
        with world() as aws:
            stack = new_stack(aws)
            stack.timing.overlaps = True
            stack.start(properties(**RETAIN))
            aws.at_call(9, stack.sibling_fails)
            assert stack.settle() == "ROLLBACK_COMPLETE"
            aws.scheduler.drain()
            assert _in(aws) == set()

    def test_deleted_after_a_failed_create(self, aws: VirtualAWS, stack: Stack) -> None:
        """With rollback disabled, the stack is deleted by its user: nothing was ever deployed."""
        _fail(aws, ACCOUNTS[1], actions=("CREATE",))
        stack.disable_rollback = True
        assert stack.deploy(properties(**RETAIN)) == "CREATE_FAILED"

        assert stack.delete() == "DELETE_COMPLETE"
        assert _in(aws) == set()

    def test_failed_rename(self, aws: VirtualAWS, stack: Stack) -> None:
        """What was to replace the stack set goes, what it was to replace stays untouched."""
        stack.deploy(properties(**RETAIN))
        old = stack.physical_id
        _fail(aws, ACCOUNTS[1], actions=("CREATE",))

        failing = properties(**RETAIN, StackSetName="Renamed")
        assert stack.deploy(failing) == "UPDATE_ROLLBACK_COMPLETE"
        assert {owner for _, _, owner in aws.deployer.stacks} == {old}
        assert len(stacks_of(aws, old)) == 3


class TestRetainStacksOnRemoval:
    """Stacks that stay when a target leaves the template."""

    def test_removal(self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        """The instance is forgotten before the rest is updated, and its stack stays as it was."""
        stack.deploy(properties())

        wanted = properties(ONE_LESS, **ON_REMOVAL, TemplateBody=template("2"))
        assert stack.deploy(wanted) == "UPDATE_COMPLETE"
        left = stacks_of(aws, stack.physical_id).pop((ACCOUNTS[2], REGIONS[0]))
        assert left.template_body == template("1")
        assert f"{ACCOUNTS[2]}/{REGIONS[0]}" in str([vars(each) for each in caplog.records])
        assert stack.delete() == "DELETE_COMPLETE"
        assert _in(aws) == {ACCOUNTS[2]}

    def test_rollback_takes_back(self, aws: VirtualAWS, stack: Stack) -> None:
        """A rollback deletes the stacks that the failed update has made."""
        stack.deploy(properties(**ON_REMOVAL))
        stack.others_fail = True

        four = properties(group(ACCOUNTS), **ON_REMOVAL)
        assert stack.deploy(four) == "UPDATE_ROLLBACK_COMPLETE"
        assert _in(aws) == set(ACCOUNTS[:3])

    def test_rollback_that_is_not_known(self, aws: VirtualAWS, stack: Stack) -> None:
        """Where CloudFormation does not tell of the rollback, the stack stays: nothing is lost."""
        stack.deploy(properties(**ON_REMOVAL))
        stack.others_fail = True
        _deny(aws, "DescribeStacks")

        four = properties(group(ACCOUNTS), **ON_REMOVAL)
        assert stack.deploy(four) == "UPDATE_ROLLBACK_COMPLETE"
        assert _in(aws) == set(ACCOUNTS)


class TestUnreachableAccounts:
    """Accounts that are suspended or closed."""

    @pytest.mark.parametrize("tells", [True, False])
    @pytest.mark.parametrize("lag", [None, Lag(instances=20.0)])
    def test_forgotten(self, lag: Lag | None, *, tells: bool) -> None:
        """By default a removal and a delete forget them, and delete all others."""
        with world(readings=Readings(tells_progress=tells), lag=lag) as aws:
            stack = new_stack(aws)
            stack.deploy(properties(group(ACCOUNTS)))
            aws.engine.faults.suspended_accounts.update(ACCOUNTS[2:])
            wanted = properties(group(ACCOUNTS[:3]), TemplateBody=template("2"))
            assert stack.deploy(wanted) == "UPDATE_COMPLETE", stack.reason
            there = {account for account, _ in aws.engine.stack_sets[stack.physical_id].instances}
            if tells:
                assert there == set(ACCOUNTS[:3])
            assert stack.delete() == "DELETE_COMPLETE", stack.reason
            assert _in(aws) == set(ACCOUNTS[2:])

    def test_minded(self, aws: VirtualAWS, stack: Stack) -> None:
        """With FAIL they fail the delete by name, once all others are gone."""
        stack.deploy(properties(UnreachableAccounts="FAIL"))
        aws.engine.faults.suspended_accounts.add(ACCOUNTS[1])

        assert stack.delete() == "DELETE_FAILED"
        assert "This account is suspended" in stack.reason
        assert f"{ACCOUNTS[1]}/{REGIONS[0]}" in stack.reason
        assert _in(aws) == {ACCOUNTS[1]}

    def test_open_again(self, aws: VirtualAWS, stack: Stack) -> None:
        """With FAIL each request tries, so an account that is open again is no reason to fail."""
        stack.deploy(properties(UnreachableAccounts="FAIL"))
        aws.engine.faults.suspended_accounts.add(ACCOUNTS[1])
        assert stack.delete() == "DELETE_FAILED"
        aws.engine.faults.suspended_accounts.clear()

        assert stack.delete() == "DELETE_COMPLETE"
        assert _in(aws) == set()

    def test_inoperable_is_tried_and_kept(self, aws: VirtualAWS, stack: Stack) -> None:
        """A stack that refuses to go is tried once by each delete, and never forgotten."""
        stack.deploy(properties())
        _fail(aws, ACCOUNTS[1], actions=("DELETE",))

        assert stack.delete() == stack.delete() == "DELETE_FAILED"
        tried = [o.account for _, o, _ in aws.engine.deployments if o.action == "DELETE"]
        assert tried.count(ACCOUNTS[1]) == 2
        assert _in(aws) == {ACCOUNTS[1]}

    def test_rollback_of_a_create(self, aws: VirtualAWS, stack: Stack) -> None:
        """The rollback of a failed Create is not held up by them."""
        _fail(aws, ACCOUNTS[1], actions=("CREATE",))
        aws.engine.faults.suspended_accounts.add(ACCOUNTS[0])

        assert stack.deploy(properties(UnreachableAccounts="FAIL")) == "ROLLBACK_COMPLETE"
        assert _in(aws) == set()


class TestMaxDeletePercentage:
    """A limit to what one update may delete."""

    def test_refused(self, aws: VirtualAWS, stack: Stack) -> None:
        """More than that is refused by name before anything is touched, and so is its rollback."""
        stack.deploy(properties())
        before = len(operations(aws))

        wanted = properties(ONE_LESS, MaxDeletePercentage=33, TemplateBody=template("2"))
        assert stack.deploy(wanted) == "UPDATE_ROLLBACK_COMPLETE"
        assert f"would delete 1 of 3 stack instances ({ACCOUNTS[2]}/{REGIONS[0]})" in stack.reason
        assert operations(aws)[before:] == []

    @pytest.mark.parametrize("percentage", [34, 100])
    def test_allowed(self, aws: VirtualAWS, stack: Stack, percentage: int) -> None:
        """As much as that is deleted."""
        stack.deploy(properties())

        assert stack.deploy(properties(ONE_LESS, MaxDeletePercentage=percentage)) == (
            "UPDATE_COMPLETE"
        )
        assert _in(aws) == set(ACCOUNTS[:2])

    def test_rename(self, aws: VirtualAWS, stack: Stack) -> None:
        """A new name would delete all instances of the old one."""
        stack.deploy(properties())
        before = len(operations(aws))

        wanted = properties(StackSetName="Renamed", MaxDeletePercentage=99)
        assert stack.deploy(wanted) == "UPDATE_ROLLBACK_COMPLETE"
        assert "would delete 3 of 3" in stack.reason
        assert operations(aws)[before:] == []

    @pytest.mark.parametrize("denied", [(), ("DescribeStacks",)])
    def test_never_in_a_rollback(
        self, aws: VirtualAWS, stack: Stack, denied: tuple[str, ...]
    ) -> None:
        """A rollback deletes what the failed update has made, however much that is."""
        stack.deploy(properties(group(ACCOUNTS[:1]), MaxDeletePercentage=0))
        stack.others_fail = True
        _deny(aws, *denied)

        four = properties(group(ACCOUNTS), MaxDeletePercentage=0)
        assert stack.deploy(four) == "UPDATE_ROLLBACK_COMPLETE", stack.reason
        assert _in(aws) == {ACCOUNTS[0]}

    def test_after_an_early_answer(self, aws: VirtualAWS, stack: Stack) -> None:
        """What a deployment that is cut short was to delete is none of the next one's."""
        stack.timing.overlaps = True
        stack.deploy(properties(group(ACCOUNTS)))
        careful = {"OperationPreferences": "CAREFUL", "WaitFor": "START"}
        stack.deploy(properties(group(ACCOUNTS[:1]), MaxDeletePercentage=75, **careful))
        aws.clock.sleep(20)

        same = properties(group(ACCOUNTS[:1]), MaxDeletePercentage=25, Revision="2")
        assert stack.deploy(same) == "UPDATE_COMPLETE", stack.reason
        assert _in(aws) == set(ACCOUNTS[:1])

    def test_delete(self, aws: VirtualAWS, stack: Stack) -> None:
        """Deleting the resource is no update."""
        stack.deploy(properties(MaxDeletePercentage=0))

        assert stack.delete() == "DELETE_COMPLETE"
        assert _in(aws) == set()


class TestFailOnTolerated:
    """Failures that an operation's tolerance lets pass."""

    def test_create(self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        """They are counted and logged by name, and not tried again by the same request."""
        _fail(aws, ACCOUNTS[1], actions=("CREATE",))

        assert stack.deploy(properties(**TOLERANT)) == "CREATE_COMPLETE", stack.reason
        assert stack.attributes["FailedInstanceCount"] == "1"
        assert operations(aws) == ["CreateStackSet", "CreateStackInstances"]
        [line] = [each for each in caplog.records if "within the tolerance" in each.message]
        assert vars(line)["failures"] == [
            {"account": ACCOUNTS[1], "region": REGIONS[0], "reason": "No"}
        ]

    def test_healed(self, aws: VirtualAWS, stack: Stack) -> None:
        """The next update, of no more than the revision, tries again."""
        _fail(aws, ACCOUNTS[1], actions=("CREATE",))
        stack.deploy(properties(**TOLERANT))
        aws.engine.faults.deployments.clear()

        assert stack.deploy(properties(**TOLERANT, Revision="2")) == "UPDATE_COMPLETE"
        assert operations(aws)[2:] == ["UpdateStackInstances"]
        assert stack.attributes["FailedInstanceCount"] == "0"
        assert stacks_of(aws, stack.physical_id) == wanted_stacks(properties())

    def test_removal_is_healed(self, aws: VirtualAWS, stack: Stack) -> None:
        """What could not be deleted is by the next update, though no properties name it."""
        stack.deploy(properties())
        _fail(aws, ACCOUNTS[2], actions=("DELETE",))
        assert stack.deploy(properties(ONE_LESS, **TOLERANT)) == "UPDATE_COMPLETE"
        assert stack.attributes["FailedInstanceCount"] == "1"
        aws.engine.faults.deployments.clear()

        wanted = properties(ONE_LESS, **TOLERANT, Revision="2")
        assert stack.deploy(wanted) == "UPDATE_COMPLETE"
        assert _in(aws) == set(ACCOUNTS[:2])

    def test_beyond(self, aws: VirtualAWS, stack: Stack) -> None:
        """More failures than the tolerance fail as ever."""
        for account in ACCOUNTS[:2]:
            _fail(aws, account, actions=("CREATE",))

        assert stack.deploy(properties(**TOLERANT)) == "ROLLBACK_COMPLETE"

    @pytest.mark.parametrize("seconds", [20.0, 50.0])
    def test_lists_lag(self, seconds: float) -> None:
        """A list that shows what was before does not hide the failure."""
        with world(lag=Lag(instances=seconds, results=seconds)) as aws:
            stack = new_stack(aws)
            stack.deploy(properties())
            _fail(aws, ACCOUNTS[1], marker="version 2")
            wanted = properties(**TOLERANT, TemplateBody=template("2"))
            assert stack.deploy(wanted) == "UPDATE_COMPLETE", stack.reason
            assert stack.attributes["FailedInstanceCount"] == "1"
            assert operations(aws).count("UpdateStackSet") == 1
            assert "UpdateStackInstances" not in operations(aws)


class TestSpeed:
    """How fast operations go."""

    MANY = tuple(f"{number:012}" for number in range(1, 91))

    def test_ninety_stacks_go_at_once(self, aws: VirtualAWS, stack: Stack) -> None:
        """Careful deployments or not, a stack set of ninety stacks is deleted in a minute."""
        stack.deploy(properties(group(self.MANY), OperationPreferences="FAST"))
        stack.deploy(properties(group(self.MANY), OperationPreferences="CAREFUL"))
        began = aws.clock.now

        assert stack.delete() == "DELETE_COMPLETE"
        assert aws.clock.now - began < 60

    def test_all_are_tried(self, aws: VirtualAWS, stack: Stack) -> None:
        """A stack that refuses to go does not keep the others, in whichever operation they go."""
        stack.deploy(
            properties(group(ACCOUNTS[:1], REGIONS[:2]), group(ACCOUNTS[1:3], REGIONS[1:2]))
        )
        for account in ACCOUNTS[:2]:
            _fail(aws, account, actions=("DELETE",), times=1)

        assert stack.delete() == "DELETE_FAILED"
        assert len(aws.deployer.stacks) == 2
        assert "2 stacks failed: No" in stack.reason

    def test_a_written_order_is_kept(self, aws: VirtualAWS, stack: Stack) -> None:
        """Regions that are to go in an order go in that order, each at once."""
        order = {"RegionOrder": [REGIONS[1], REGIONS[0]], "MaxConcurrentCount": 1}
        stack.deploy(properties(group(ACCOUNTS, REGIONS[:2]), OperationPreferences=order))

        stack.delete()
        deleted = [o.region for _, o, _ in aws.engine.deployments if o.action == "DELETE"]
        assert deleted == [REGIONS[1]] * 4 + [REGIONS[0]] * 4

    @pytest.mark.parametrize(
        ("default", "written", "minutes"),
        [
            (None, None, 4.0),
            ("CAREFUL", None, 4.0),
            ("FAST", None, 0.5),
            ("BALANCED", None, 2.0),
            ("CAREFUL", "FAST", 0.5),
            ("FAST", {"MaxConcurrentCount": 1}, 4.0),
            ("nonsense", None, 4.0),
        ],
    )
    def test_default(self, default: str | None, written: object, minutes: float) -> None:
        """The function's default holds where a template says nothing."""
        aws = world()
        if default is not None:
            aws.environment["DEFAULT_OPERATION_PREFERENCES"] = default
        with aws:
            stack = new_stack(aws)
            eight = (*ACCOUNTS, *self.MANY[:4])
            stack.deploy(properties(group(eight), OperationPreferences=written or {}))
            starts = [moment for moment, _, _ in aws.engine.deployments]
            assert (max(starts) - min(starts) + 30) / 60 == pytest.approx(minutes, abs=0.1)

    def test_another_default_is_no_change(self) -> None:
        """Nothing is deployed again because the function's default has changed."""
        aws = world()
        with aws:
            stack = new_stack(aws)
            stack.deploy(properties(OperationPreferences={}))
        aws.environment["DEFAULT_OPERATION_PREFERENCES"] = "FAST"
        with aws:
            before = len(operations(aws))
            stack.deploy(properties(OperationPreferences={}, Revision="2"))
            assert operations(aws)[before:] == []

    def test_lack_of_time_repeats_the_warning(self, aws: VirtualAWS, stack: Stack) -> None:
        """Who runs out of time reads what would have made it faster."""
        aws.deployer.seconds = lambda order: 2000.0 if order.action == "CREATE" else 30.0

        assert stack.deploy(properties()) == "ROLLBACK_COMPLETE"
        assert "about to give up waiting" in stack.answers[0][1].reason
        assert "Write ConcurrencyMode: SOFT_FAILURE_TOLERANCE" in stack.answers[0][1].reason
