"""A deployment that is answered when it starts, and the waits that tell how it ended."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from emulator.stacksets.faults import Answer, CallFault, DeploymentFault
from emulator.stacksets.history import Lag
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.cloudformation import Stack
from emulator.virtual.functions import SandboxDied
from handler.custom_resource.queue import Queue
from handler.plan.marks import Deployment
from tests.simulation import sandboxes
from tests.simulation.story import (
    ACCOUNTS,
    REGIONS,
    group,
    new_stack,
    operations,
    properties,
    stacks_of,
    template,
    wait_for,
    wanted_stacks,
)
from tests.simulation.verdicts import verdict, writes_of

HOUR = 3600.0
# Deployed Region by Region and account by account: nine stacks, each as long as the world says.
LONG = properties(
    group(ACCOUNTS[:3], REGIONS[:3]),
    WaitFor="START",
    OperationPreferences={"MaxConcurrentCount": 1, "FailureToleranceCount": 0},
)
LOST = f"{'0' * 16}-{'0' * 8}-{'0' * 16}-create-{'0' * 16}-{'0' * 16}"
LATER = {**LONG, "TemplateBody": template("2")}


@pytest.fixture
def aws() -> VirtualAWS:
    """A virtual AWS in which the long deployment takes five hours."""
    return world(seconds=lambda order: 30.0 if order.action == "DELETE" else 2000.0)


def begin(aws: VirtualAWS) -> Stack:
    """A stack whose answers are taken the moment they come."""
    stack = new_stack(aws)
    stack.timing.overlaps = True
    return stack


class TestStart:
    """What CloudFormation is told at the start."""

    def test_answered_at_once(self, aws: VirtualAWS, caplog: pytest.LogCaptureFixture) -> None:
        """A Create says SUCCESS within seconds, with all attributes, and goes on to its end."""
        with aws:
            stack = begin(aws)
            began = aws.clock.now
            assert stack.deploy(LONG) == "CREATE_COMPLETE"
            assert aws.clock.now - began < 10
            assert stack.attributes["InstanceCount"] == "9"
            deployment = Deployment.read(stack.attributes["DeploymentId"])
            assert deployment is not None
            assert deployment.instances == 9
            [only] = aws.engine.stack_sets[stack.physical_id].operations
            assert deployment.last == only
            aws.scheduler.drain()
            assert aws.clock.now - began > 4.9 * HOUR
            assert stacks_of(aws, stack.physical_id) == wanted_stacks(LONG)
            assert len(aws.responses) == 1
            told = "its end is told by a Custom::StackSetWait, and without one by this log"
            assert sum(told in each for each in caplog.messages) == 1

    def test_nothing_to_do(self, aws: VirtualAWS) -> None:
        """What is there already is answered at its end."""
        with aws:
            stack = begin(aws)
            stack.deploy({**LONG, "StackInstances": []})
            assert stack.answers[-1][1].status == "SUCCESS"
            assert stack.attributes["InstanceCount"] == "0"

    def test_impossible(self, aws: VirtualAWS) -> None:
        """What is not possible fails before anything is answered."""
        with aws:
            stack = begin(aws)
            assert stack.deploy({**LONG, "Nonsense": "1"}) == "ROLLBACK_COMPLETE"
            assert "Nonsense" in stack.reason

    def test_end_has_a_deployment_id_too(self) -> None:
        """With WaitFor END there is a DeploymentId as well, and a wait for it is done at once."""
        with world() as aws:
            stack = begin(aws)
            stack.deploy({**LONG, "WaitFor": "END"})
            aws.clock.sleep(200)
            began = aws.clock.now
            assert wait_for(stack).status == "CREATE_COMPLETE"
            assert aws.clock.now - began < 10


class TestTolerance:
    """A deployment in which failures within the tolerance pass."""

    TOLERANT = {  # noqa: RUF012  never written to
        **LONG,
        "FailOnTolerated": False,
        "OperationPreferences": {"MaxConcurrentCount": 1, "FailureToleranceCount": 1},
    }

    def test_passes(self, aws: VirtualAWS) -> None:
        """The wait knows by the DeploymentId, and is as content as the deployment."""
        with aws:
            stack = begin(aws)
            fault = DeploymentFault("No", account=ACCOUNTS[1], region=REGIONS[2], seconds=1)
            aws.engine.faults.deployments.append(fault)
            stack.deploy(self.TOLERANT)
            assert stack.attributes["DeploymentId"].endswith("-tolerant")
            waits = [wait_for(stack, number, Last="false") for number in range(1, 7)]
            assert waits[-1].attributes["HasEnded"] == "true"
            assert wait_for(stack, 8).status == "CREATE_COMPLETE"
            aws.scheduler.drain()
            assert "UpdateStackInstances" not in operations(aws)

    def test_too_many(self, aws: VirtualAWS) -> None:
        """What is beyond the tolerance fails the wait."""
        with aws:
            stack = begin(aws)
            for account in ACCOUNTS[:2]:
                fault = DeploymentFault("No", account=account, region=REGIONS[0], seconds=1)
                aws.engine.faults.deployments.append(fault)
            stack.deploy(self.TOLERANT)
            assert wait_for(stack).status == "ROLLBACK_COMPLETE"


class TestAfterTheAnswer:
    """What becomes of a deployment that nobody is told of any more."""

    def test_dies_for_good(self, aws: VirtualAWS, caplog: pytest.LogCaptureFixture) -> None:
        """A deployment whose every sandbox dies answers nothing twice, and is in the log."""
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)

            def die(service: str, action: str, _number: int) -> None:
                if (service, action) == ("cloudformation", "ListStackSetOperations"):
                    raise SandboxDied

            aws.before_call = die
            aws.scheduler.drain()
            assert len(aws.responses) == 1
            assert "deployment died" in caplog.text

    def test_fails(self, aws: VirtualAWS, caplog: pytest.LogCaptureFixture) -> None:
        """A failure after the answer is told to nobody but the log."""
        with aws:
            stack = begin(aws)
            fault = DeploymentFault("No", account=ACCOUNTS[1], region=REGIONS[2], seconds=1)
            aws.engine.faults.deployments.append(fault)
            stack.deploy(LONG)
            aws.scheduler.drain()
            assert len(aws.responses) == 1
            assert "deployment failed" in caplog.text


class TestWaits:
    """Waits that are listed one after the other."""

    def test_five_hours(self, aws: VirtualAWS) -> None:
        """Five waits that are not the last run out of time well, and the last says the end."""
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)
            for number in range(1, 6):
                assert wait_for(stack, number, Last="false").status == "CREATE_COMPLETE"
            last = wait_for(stack, 6)
            assert last.status == "CREATE_COMPLETE"
            assert last.attributes["HasEnded"] == "true"
            assert stacks_of(aws, stack.physical_id) == wanted_stacks(LONG)

    def test_too_few(self, aws: VirtualAWS) -> None:
        """The last wait fails while the deployment runs, and says how to go on."""
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)
            last = wait_for(stack)
            assert last.status == "ROLLBACK_COMPLETE"
            assert "has not ended within its last wait" in last.answers[0][1].reason
            assert "Last: false" in last.answers[0][1].reason

    def test_failure(self, aws: VirtualAWS) -> None:
        """A failure in hour three ends the nearest wait at once, with place and cause."""
        with aws:
            stack = begin(aws)
            fault = DeploymentFault("No", account=ACCOUNTS[1], region=REGIONS[2], seconds=1)
            aws.engine.faults.deployments.append(fault)
            stack.deploy(LONG)
            waits = [wait_for(stack, number, Last="false") for number in range(1, 4)]
            statuses = [each.status for each in waits]
            assert "ROLLBACK_COMPLETE" in statuses
            failed = waits[statuses.index("ROLLBACK_COMPLETE")]
            reason = failed.answers[0][1].reason
            assert reason.startswith("1 stack failed: ")
            assert f"{ACCOUNTS[1]}/{REGIONS[2]}" in reason

    def test_rolled_back(self, aws: VirtualAWS) -> None:
        """In a rollback a wait names an old deployment, and waits for the one that goes back."""
        with aws:
            stack = begin(aws)
            stack.deploy({**LONG, "StackInstances": [group(ACCOUNTS[:1], REGIONS[:1])]})
            old = stack.attributes["DeploymentId"]
            aws.scheduler.drain()
            stack.others_fail = True
            stack.deploy(LATER)
            assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
            running = [e for each in aws.engine.stack_sets.values() for e in each.unfinished]
            assert running
            last = wait_for(stack, DeploymentId=old)
            assert last.status == "CREATE_COMPLETE"
            assert verdict(aws, stack) == []

    def test_failure_of_the_last_operation_before(self, aws: VirtualAWS) -> None:
        """What failed before the named deployment is no failure of it."""
        with aws:
            stack = begin(aws)
            fault = DeploymentFault("No", account=ACCOUNTS[1], region=REGIONS[2], times=1)
            aws.engine.faults.deployments.append(fault)
            stack.deploy(LONG)
            aws.scheduler.drain()
            stack.deploy(LATER)
            waits = [wait_for(stack, number, Last="false") for number in range(1, 11)]
            assert {each.status for each in waits} == {"CREATE_COMPLETE"}
            assert waits[-1].attributes["HasEnded"] == "true"
            assert verdict(aws, stack) == []

    @pytest.mark.parametrize(
        "change", [{"instances": 2}, {"instances": 2, "last": ""}, {"last": LOST}]
    )
    def test_dead_without_a_trace(self, aws: VirtualAWS, change: dict[str, Any]) -> None:
        """A deployment that left too little and no failed operation has failed."""
        with aws:
            stack = begin(aws)
            stack.deploy({**LONG, "StackInstances": [group(ACCOUNTS[:1], REGIONS[:1])]})
            aws.scheduler.drain()
            deployment = Deployment.read(stack.attributes["DeploymentId"])
            assert deployment is not None
            began = aws.clock.now
            named = deployment._replace(**change).id
            reason = wait_for(stack, DeploymentId=named).answers[0][1].reason
            assert reason.startswith("Nothing has run for")
            assert aws.clock.now - began < 2000

    @pytest.mark.parametrize(
        "deaths", [1, 2], ids=["hidden for a quarter of an hour", "and once more"]
    )
    def test_a_death_between_two_operations_is_no_end(self, deaths: int) -> None:
        """However long a deployment is held up, a wait goes on until its last operation is done."""
        with world(seconds=30) as aws:
            stack = begin(aws)
            stack.deploy({**LONG, "WaitFor": "END"})
            aws.clock.sleep(400)
            fewer = {**LATER, "StackInstances": [group(ACCOUNTS[:2], REGIONS[:3])]}
            stack.deploy(fewer)
            left = [deaths]

            def die(_service: str, action: str, _number: int) -> None:
                is_deployments = aws.scheduler.current in stack.function._deliveries
                if action == "ChangeMessageVisibility" and is_deployments and left[0]:
                    left[0] -= 1
                    raise SandboxDied

            aws.before_call = die
            waiting = wait_for(stack)
            assert left == [0]
            assert waiting.attributes["HasEnded"] == "true"
            assert stacks_of(aws, stack.physical_id) == wanted_stacks(fewer)

    @pytest.mark.parametrize("body", ['{"Resources": {}}', "{nonsense}"])
    def test_a_template_that_is_refused_after_the_first_operation(self, body: str) -> None:
        """What was refused in between is not taken for deployed."""
        with world(seconds=10) as aws:
            stack = begin(aws)
            stack.deploy({**LONG, "WaitFor": "END"})
            aws.clock.sleep(400)
            fewer = [group(ACCOUNTS[:2], REGIONS[:3])]
            # Else it is refused before the first operation.
            denied = CallFault("GetTemplateSummary", Answer.ACCESS_DENIED, times=None)
            aws.engine.faults.calls.append(denied)
            stack.deploy({**LONG, "TemplateBody": body, "StackInstances": fewer})
            assert wait_for(stack).status == "ROLLBACK_COMPLETE"

    @pytest.mark.parametrize("seed", range(3))
    def test_lists_that_lag(self, aws: VirtualAWS, seed: int) -> None:
        """With lists up to a minute behind nothing is said too early."""
        aws.engine.lag = Lag(operations=59.0, results=59.0, instances=59.0, seed=seed)
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)
            waits = [wait_for(stack, number, Last="false") for number in range(1, 7)]
            assert {each.status for each in waits} == {"CREATE_COMPLETE"}
            assert waits[-1].attributes["HasEnded"] == "true"
            assert waits[-2].attributes["HasEnded"] == "false"
            assert verdict(aws, stack) == []

    def test_waiting_costs_little(self, aws: VirtualAWS) -> None:
        """For an hour a deployment and its wait make less than a call in two seconds."""
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)
            already = len(aws.calls)
            wait_for(stack, Last="false")
            assert len(aws.calls) - already < HOUR / 2

    def test_not_a_stack_set(self, aws: VirtualAWS) -> None:
        """A wait for a stack set that is gone fails at once."""
        with aws:
            stack = begin(aws)
            stack.deploy({**LONG, "StackInstances": []})
            stack.delete()
            waiting = wait_for(stack)
            assert "There is no stack set" in waiting.answers[0][1].reason

    def test_what_is_wrong_is_named(self, aws: VirtualAWS) -> None:
        """A wait complains of its own properties, by its own name."""
        with aws:
            stack = begin(aws)
            stack.deploy({**LONG, "StackInstances": []})
            waiting = wait_for(stack, DeploymentId="x", Lats="true")
            reason = waiting.answers[0][1].reason
            assert "DeploymentId is 'x'" in reason
            assert "`Lats` is not a property of Custom::StackSetWait" in reason


class TestSuperseded:
    """What ends a deployment that was answered."""

    @pytest.mark.parametrize("after", [100.0, 5000.0])
    def test_by_an_update(self, aws: VirtualAWS, after: float) -> None:
        """A later Update takes over: the first stops, and the stacks are as the Update says."""
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)
            aws.clock.sleep(after)
            moment = aws.clock.now
            assert stack.deploy(LATER) == "UPDATE_COMPLETE"
            assert verdict(aws, stack) == []
            assert writes_of(aws, stack.requests[0], moment + 20) == []

    @pytest.mark.parametrize("after", [100.0, 5000.0])
    def test_by_a_delete(self, aws: VirtualAWS, after: float) -> None:
        """A Delete takes everything along."""
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)
            aws.clock.sleep(after)
            moment = aws.clock.now
            assert stack.delete() == "DELETE_COMPLETE"
            assert verdict(aws, stack) == []
            assert writes_of(aws, stack.requests[0], moment + 20) == []

    def test_by_a_rollback(self, aws: VirtualAWS) -> None:
        """A neighbour that fails after the answer takes the deployment back."""
        with aws:
            stack = begin(aws)
            stack.deploy({**LONG, "StackInstances": []})
            stack.others_fail = True
            assert stack.deploy(LATER) == "UPDATE_ROLLBACK_COMPLETE"
            moment = aws.clock.now
            aws.scheduler.drain()
            assert verdict(aws, stack) == []
            assert writes_of(aws, stack.requests[1], moment + 20) == []

    def test_not_by_an_update_of_others(self, aws: VirtualAWS) -> None:
        """A rollback of a later operation that leaves the resource alone leaves it alone, too."""
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)
            aws.clock.sleep(100)
            stack._open("UPDATE_STACK", "UPDATE_IN_PROGRESS")
            aws.clock.sleep(60)
            stack._turn("UPDATE_ROLLBACK_IN_PROGRESS")
            aws.clock.sleep(60)
            stack._turn("UPDATE_ROLLBACK_COMPLETE")
            assert verdict(aws, stack) == []


class TestLongLives:
    """What happens in the hours after the answer."""

    @pytest.mark.parametrize("after", [100.0, 2 * HOUR])
    def test_upgraded_in_between(
        self, aws: VirtualAWS, monkeypatch: pytest.MonkeyPatch, after: float
    ) -> None:
        """Another version goes on with what this one has carried, and the other way round."""
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)
            aws.clock.sleep(after)
            stack.function.sandboxes.idle[:] = [sandboxes.load()]
            written = Queue.send

            def send(queue: Queue, body: str, delay: float) -> None:
                carried = json.loads(body)
                carried["CrHelperData"] |= {"AddedLater": 1}
                carried["CrHelperData"]["first"] |= {"added_later": 2}
                written(queue, json.dumps(carried), delay)

            monkeypatch.setattr(Queue, "send", send)
            aws.clock.sleep(600)
            monkeypatch.undo()
            assert wait_for(stack, 1, Last="false").status == "CREATE_COMPLETE"
            aws.scheduler.drain()
            assert stacks_of(aws, stack.physical_id) == wanted_stacks(LONG)
            assert operations(aws) == ["CreateStackSet", "CreateStackInstances"]
            assert len(stack.answers) == 1

    def test_template_is_overwritten_in_between(self, aws: VirtualAWS) -> None:
        """What the macro has sealed is deployed to the end, whatever lies there by then."""
        aws.objects["bucket", "app.json"] = template("2").encode()
        sealed = {
            **{key: value for key, value in LONG.items() if key != "TemplateBody"},
            "TemplateURL": "https://bucket.s3.us-east-1.amazonaws.com/app.json",
            "TemplateDigest": hashlib.sha256(template("2").encode()).hexdigest(),
        }
        with aws:
            stack = begin(aws)
            stack.deploy(LONG)
            aws.scheduler.drain()
            assert stack.deploy(sealed) == "UPDATE_COMPLETE"
            aws.clock.sleep(HOUR)
            aws.objects["bucket", "app.json"] = template("3").encode()
            waits = [wait_for(stack, number, Last="false") for number in range(1, 7)]
            assert waits[-1].attributes["HasEnded"] == "true"
            assert stacks_of(aws, stack.physical_id) == wanted_stacks(LATER)

    def test_delete_of_hours(self) -> None:
        """A Delete that runs out of time says how to go on, and the next goes on there."""
        in_order = {"OperationPreferences": {"RegionConcurrencyType": "SEQUENTIAL"}}
        with world(seconds=lambda order: 3000.0 if order.action == "DELETE" else 1.0) as aws:
            stack = begin(aws)
            stack.deploy({**LONG, **in_order, "WaitFor": "END"})
            aws.clock.sleep(200)
            told = []
            while stack.delete() != "DELETE_COMPLETE":
                left = len(aws.deployer.stacks)
                told.append(f"{left} stack instances are left" in stack.reason)
                assert "deleting again goes on with them" in stack.reason
            assert told == [True, True]
            deleted = [
                (order.account, order.region)
                for _, order, _ in aws.engine.deployments
                if order.action == "DELETE"
            ]
            assert len(deleted) == len(set(deleted)) == 9
            assert verdict(aws, stack) == []
