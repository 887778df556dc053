"""Who has too little time is told before, and again when it is over; no one else hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.stacksets.deployment import DeploymentOrder
from emulator.stacksets.faults import DeploymentFault
from emulator.virtual.aws import VirtualAWS
from emulator.virtual.cloudformation import Stack
from tests.simulation.story import REGIONS, group, operations, properties, template

MANY = tuple(f"{number:012}" for number in range(1, 801))
SECRET = "only-for-members"
BEGINS = "The deployment was estimated to take "


def _properties(*groups: dict[str, Any], preferences: object, **others: Any) -> dict[str, Any]:
    listed = groups or (group(MANY),)
    return properties(*listed, OperationPreferences=preferences, **others)


def _told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.message for each in caplog.records if each.message.startswith(BEGINS)]


class TestOneAtATime:
    """Eight hundred accounts, one after the other."""

    def test_hour(self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        """The log says so once, and the failure repeats it beside what it says as ever."""
        aws.deployer.seconds = 60.0
        wanted = _properties(preferences="CAREFUL", Parameters=[{"Size": SECRET}])

        assert stack.deploy(wanted) == "ROLLBACK_COMPLETE"
        reason = stack.answers[0][1].reason
        [told] = _told(caplog)
        assert "take 800 minutes, at 60 seconds a stack, when 58 were left: " in told
        assert told.endswith("write OperationPreferences: BALANCED, or OperationPreferences: FAST.")
        assert told in reason
        for each in ("about to give up waiting", "of 800 stacks are where", "No operation runs"):
            assert each in reason
        assert SECRET not in reason + str([vars(each) for each in caplog.records])

    def test_fewer(self, aws: VirtualAWS, stack: Stack) -> None:
        """What has still to go is named beside what stays, and counts in the estimate."""
        stack.deploy(_properties(group(MANY[:100]), preferences="FAST"))
        aws.deployer.seconds = 60.0

        shrunk = _properties(group(MANY[:3]), preferences="CAREFUL", ServiceTimeout="1800")
        assert stack.deploy(shrunk).startswith("UPDATE_ROLLBACK")
        reason = stack.answers[1][1].reason
        assert "3 of 3 stacks are where the template says. 68 have still to be deleted." in reason
        assert f"{BEGINS}97 minutes" in reason

    def test_longer_than_an_hour(
        self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What takes some hours may also be answered at its start."""
        aws.deployer.seconds = 60.0

        stack.deploy(_properties(group(MANY[:100]), preferences="CAREFUL"))
        [told] = _told(caplog)
        assert told.endswith("FAST, or WaitFor: START and a Custom::StackSetWait for each hour.")

    def test_answered_early(
        self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An early answer has twelve hours, which are not enough either: Warnings says so."""
        aws.deployer.seconds = 60.0

        wanted = _properties(preferences="CAREFUL", WaitFor="START")
        assert stack.deploy(wanted) == "CREATE_COMPLETE"
        [told] = _told(caplog)
        assert "take 800 minutes, at 60 seconds a stack, when 718 were left: " in told
        assert stack.attributes["Warnings"] == told
        aws.scheduler.drain()
        [failed] = [each for each in caplog.records if each.message == "deployment failed"]
        assert told in vars(failed)["reason"]

    @pytest.mark.parametrize("early", [{}, {"WaitFor": "START"}])
    @pytest.mark.parametrize("word", ["FAST", "BALANCED"])
    def test_faster(
        self,
        aws: VirtualAWS,
        stack: Stack,
        caplog: pytest.LogCaptureFixture,
        word: str,
        early: dict[str, str],
    ) -> None:
        """Of what fits nothing is said, nor of its delete."""
        aws.deployer.seconds = 60.0

        assert stack.deploy(_properties(preferences=word, **early)) == "CREATE_COMPLETE"
        aws.scheduler.drain()
        assert stack.delete() == "DELETE_COMPLETE"
        assert stack.attributes["Warnings"] == ""
        assert _told(caplog) == []

    def test_map(self, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        """Who has written a map reads which of its members to change."""
        wanted = group(MANY[:40], REGIONS)
        slow = {"MaxConcurrentCount": 10, "RegionOrder": list(REGIONS)}

        stack.deploy(_properties(wanted, preferences=slow))
        [told] = _told(caplog)
        assert (
            "write a higher MaxConcurrentPercentage with ConcurrencyMode: SOFT_FAILURE_TOLERANCE,"
            " or RegionConcurrencyType: PARALLEL, or OperationPreferences: FAST, or WaitFor"
        ) in told

    def test_nothing_is_faster(self, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        """Where each operation has one stack, going faster is no mend."""
        groups = [group((account,), Size=account) for account in MANY[:70]]

        stack.deploy(_properties(*groups, preferences="CAREFUL"))
        [told] = _told(caplog)
        assert "left: write WaitFor: START and a Custom::StackSetWait for each hour." in told

    def test_no_mend(self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        """Where nothing is enough, fewer have to go at a time."""
        aws.engine.faults.deployments.append(DeploymentFault("No", actions=("CREATE",)))
        groups = [group((account,), Size=account) for account in MANY]

        stack.deploy(_properties(*groups, preferences="FAST"))
        [told] = _told(caplog)
        assert told.endswith("58 were left: name fewer accounts or Regions at a time.")


class TestNewestEstimate:
    """What is said is said of what is left, by what is known now."""

    def test_success(self, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        """What has fitted after all is no warning of the deployment that is done."""
        assert stack.deploy(_properties(group(MANY[:80]), preferences={})) == "CREATE_COMPLETE"
        assert len(_told(caplog)) == 1
        assert stack.attributes["Warnings"] == ""

    def test_measured(
        self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        """An operation that shows how fast it goes takes back what was said before it."""

        def seconds(order: DeploymentOrder) -> float:
            hangs = order.action == "CREATE" and order.account == MANY[70]
            return 3500.0 if hangs else 20.0

        aws.deployer.seconds = seconds
        groups = [group(MANY[:40]), group(MANY[40:80], Size=SECRET)]

        assert stack.deploy(_properties(*groups, preferences={})) == "ROLLBACK_COMPLETE"
        assert len(_told(caplog)) == 1
        reason = stack.answers[0][1].reason
        assert "about to give up waiting" in reason
        assert BEGINS not in reason
        assert SECRET not in reason + str([vars(each) for each in caplog.records])

    def test_later_plan(
        self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The log has the first estimate, and the failure the newest."""
        aws.deployer.seconds = lambda order: 60.0 if order.action == "CREATE" else 1.0
        groups = [group(MANY[n : n + 40], Size=f"{n}") for n in (0, 40, 80)]

        assert stack.deploy(_properties(*groups, preferences={})) == "ROLLBACK_COMPLETE"
        [told] = _told(caplog)
        assert f"{BEGINS}120 minutes" in told
        assert f"{BEGINS}80 minutes" in stack.answers[0][1].reason
        assert told not in stack.answers[0][1].reason

    def test_last_moment(self, aws: VirtualAWS, stack: Stack) -> None:
        """What would have been enough from the beginning is named at the end, too."""
        aws.deployer.seconds = lambda order: 60.0 if order.action == "CREATE" else 1.0
        groups = [group(MANY[:58]), group(MANY[58:63], Size="large")]

        assert stack.deploy(_properties(*groups, preferences={})) == "ROLLBACK_COMPLETE"
        reason = stack.answers[0][1].reason
        assert f"{BEGINS}5 minutes, at 60 seconds a stack, when 0 were left: write Oper" in reason

    @pytest.mark.parametrize(("took", "times"), [(15.0, 0), (90.0, 1)])
    def test_earlier_operation(
        self,
        aws: VirtualAWS,
        stack: Stack,
        caplog: pytest.LogCaptureFixture,
        took: float,
        times: int,
    ) -> None:
        """No stack takes longer than an earlier operation on all of them took."""
        aws.deployer.seconds = took
        wanted = _properties(group(MANY[:100]), preferences="FAST")
        stack.deploy(wanted)
        stack.deploy({**wanted, "TemplateBody": template("2")})
        before = len(operations(aws))

        stack.deploy(_properties(group(MANY[:100]), preferences={}, TemplateBody=template("3")))
        assert operations(aws)[before] == "UpdateStackSet"
        assert len(_told(caplog)) == times


class TestRollback:
    """What is taken back goes as it goes."""

    def test_update(self, aws: VirtualAWS, stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
        """A rollback says nothing of an estimate: nobody can write anything for it."""
        aws.deployer.seconds = 1.0
        wanted = _properties(group(MANY[:100]), preferences={})
        stack.deploy({**wanted, "OperationPreferences": "FAST"})
        stack.deploy({**wanted, "ServiceTimeout": "3600"})
        aws.deployer.seconds = 45.0

        failing = {**wanted, "TemplateBody": template("2"), "OperationPreferences": "FAST"}
        stack.others_fail = True
        assert stack.deploy(failing).startswith("UPDATE_ROLLBACK")
        assert _told(caplog) == []

    @pytest.mark.parametrize("others", [{}, {"FailOnTolerated": "false"}])
    def test_too_slow(self, aws: VirtualAWS, stack: Stack, others: dict[str, Any]) -> None:
        """What would run out of time goes all at once, in the order of Regions that is written."""
        slow = {"MaxConcurrentCount": 1, "RegionOrder": list(REGIONS[:2])}
        wanted = _properties(group(MANY[:30], REGIONS[:2]), preferences=slow, **others)
        stack.deploy({**wanted, "OperationPreferences": "FAST"})
        stack.deploy({**wanted, "ServiceTimeout": "3600"})
        aws.deployer.seconds = 60.0

        assert stack.deploy({**wanted, "TemplateBody": template("2")}) == "UPDATE_ROLLBACK_COMPLETE"
        assert "about to give up waiting" in stack.reason
        sent = [asked for _, action, asked in aws.engine.calls if action == "UpdateStackSet"]
        sent = sent[-1]["OperationPreferences"]
        assert sent["RegionOrder"] == list(REGIONS[:2])
        assert sent.get("FailureTolerancePercentage", 0) == 0
        assert {each.template_body for each in aws.deployer.stacks.values()} == {template()}

    def test_slow_enough(self, aws: VirtualAWS, stack: Stack) -> None:
        """What fits goes as it is written: it may be one after the other for a reason."""
        wanted = _properties(group(MANY[:20]), preferences="CAREFUL")
        stack.deploy(wanted)
        stack.others_fail = True
        aws.deployer.seconds = 60.0
        began = aws.clock.now
        failing = {**wanted, "TemplateBody": template("2")}
        assert stack.deploy(failing) == "UPDATE_ROLLBACK_COMPLETE"
        assert aws.clock.now - began > 2 * 20 * 60
