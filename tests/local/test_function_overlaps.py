"""The function in requests that CloudFormation gives up: the later request decides."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from emulator.local.aws import LocalAWS
from tests.local.consumer import MEMBERS, Consumer, configured
from tests.local.probe import SIBLING, SIGNALLED, signal_sibling, until

_ROOT = Path(__file__).resolve().parents[2]
_DEPLOYMENT_SECONDS = 1.5
# Long enough for whatever was under way to come to its end.
_QUIET_SECONDS = 4.0
_RETRY_SECONDS = 3.0
# By then the first delivery has died.
_CRASH_SECONDS = 1.5


@pytest.fixture(scope="module")
def slow(
    emulator_python: Path, bundle: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAWS]:
    """A local AWS whose stack instances take their time, with the function in it."""
    folder = tmp_path_factory.mktemp("slow-aws")
    with LocalAWS(
        emulator_python,
        folder,
        minimum_seconds=_DEPLOYMENT_SECONDS,
        retry_seconds=_RETRY_SECONDS,
    ) as running:
        running.make_roles(MEMBERS)
        running.deploy_provider(bundle, _ROOT / "template.yaml")
        yield running


@pytest.fixture
def owner(slow: LocalAWS, request: pytest.FixtureRequest) -> Iterator[Overlapped]:
    """A stack of this test's own that owns a stack set."""
    name = re.sub(r"[^a-z]+", "-", request.node.name.removeprefix("test_")).strip("-")
    made = Overlapped(slow, f"over-{name}"[:60])
    yield made
    made.settle()
    made.remove()


class Overlapped(Consumer):
    """A consumer whose operations are started and not waited for."""

    def __init__(self, aws: LocalAWS, name: str) -> None:
        super().__init__(aws, name)
        self.stacks = aws.client("cloudformation")

    def start(self, *, sibling: bool = False, **properties: Any) -> None:
        """Start to create or update the stack; the sibling waits for a signal."""
        siblings = {SIBLING: SIGNALLED} if sibling else {}
        body = self.stack_template(siblings=siblings, **properties)
        act = self.stacks.update_stack if self.exists() else self.stacks.create_stack
        act(StackName=self.name, TemplateBody=body)

    def exists(self) -> bool:
        """Whether the stack is there."""
        names = [stack["StackName"] for stack in self.stacks.describe_stacks()["Stacks"]]
        return self.name in names

    def reasons(self) -> list[str]:
        """Why its resources failed, the newest first."""
        told = self.stacks.describe_stack_events(StackName=self.name)["StackEvents"]
        return [each["ResourceStatusReason"] for each in told if "ResourceStatusReason" in each]

    def fail_sibling(self) -> None:
        """Let the sibling fail."""
        signal_sibling(self.stacks, self.name, "FAILURE")

    def fail_sibling_at_once(self) -> None:
        """Let the sibling fail as soon as the custom resource's request is under way."""
        until(lambda: self.set_status() == "CREATE_IN_PROGRESS")
        self.fail_sibling()

    def set_status(self) -> str:
        """The custom resource's status, empty when it is not there."""
        try:
            found = self.stacks.describe_stack_resource(
                StackName=self.name, LogicalResourceId="Set"
            )
        except ClientError:
            return ""
        status: str = found["StackResourceDetail"]["ResourceStatus"]
        return status

    def wait_for_operation(self, action: str) -> None:
        """Wait until an operation of the stack set runs."""
        until(
            lambda: (
                self.stack_set() is not None
                and any(
                    operation["Action"] == action and operation["Status"] == "RUNNING"
                    for operation in self.operations()
                )
            )
        )

    def settle(self) -> str:
        """Wait until the stack has settled; return its status."""
        until(lambda: not self._status().endswith("_IN_PROGRESS"))
        return self._status()

    def _status(self) -> str:
        found = self.stacks.describe_stack_events(StackName=self.name)["StackEvents"]
        return next(
            str(event["ResourceStatus"])
            for event in found
            if event["LogicalResourceId"] == self.name
        )


def _stays(condition: Callable[[], bool]) -> bool:
    """Tell whether a condition holds for as long as something may still go on."""
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        if not condition():
            return False
        time.sleep(0.25)
    return True


class TestFunction:
    """What the stack says in the end is what there is."""

    def test_cancelled_create_leaves_nothing(self, owner: Overlapped) -> None:
        """A sibling fails while the Create deploys: all is deleted, and stays so."""
        owner.start(sibling=True)
        owner.wait_for_operation("CREATE")
        owner.fail_sibling()
        status = owner.settle()

        assert status == "ROLLBACK_COMPLETE"
        assert _stays(lambda: owner.stack_set() is None and not owner.member_stacks())

    def test_create_cancelled_at_its_start_leaves_nothing(self, owner: Overlapped) -> None:
        """A sibling fails before the stack set is there: none is made afterwards."""
        owner.start(sibling=True)
        owner.fail_sibling_at_once()
        status = owner.settle()

        assert status == "ROLLBACK_COMPLETE"
        assert _stays(lambda: owner.stack_set() is None and not owner.member_stacks())

    def test_create_succeeds_after_a_cancelled_one(self, owner: Overlapped) -> None:
        """The next attempt finds nothing in its way."""
        owner.start(sibling=True)
        owner.wait_for_operation("CREATE")
        owner.fail_sibling()
        owner.settle()
        outcome = owner.deploy()

        assert outcome.succeeded, outcome.reasons
        assert sorted(owner.settings()) == MEMBERS[:2]

    def test_deleted_stack_leaves_nothing(self, owner: Overlapped) -> None:
        """DeleteStack while the Create deploys deletes all of it."""
        owner.start()
        owner.wait_for_operation("CREATE")
        owner.stacks.delete_stack(StackName=owner.name)
        until(lambda: not owner.exists())

        assert _stays(lambda: owner.stack_set() is None and not owner.member_stacks())

    @pytest.mark.parametrize(
        ("by", "moment"), [("user", "start"), ("user", "deploying"), ("sibling", "deploying")]
    )
    def test_cancelled_update_leaves_the_old_content(
        self, owner: Overlapped, by: str, moment: str
    ) -> None:
        """The rollback wins at any moment of the Update, whoever has cancelled it."""
        owner.deploy().require()
        owner.start(TemplateBody=owner.template("red"), sibling=by == "sibling")
        if moment == "start":
            until(lambda: owner.set_status() == "UPDATE_IN_PROGRESS")
        else:
            owner.wait_for_operation("UPDATE")
        if by == "user":
            owner.stacks.cancel_update_stack(StackName=owner.name)
        else:
            owner.fail_sibling()
        status = owner.settle()

        assert status == "UPDATE_ROLLBACK_COMPLETE", owner.reasons()
        assert _stays(lambda: set(owner.settings().values()) == {"blue light"})

    def test_late_create_writes_nothing(self, owner: Overlapped) -> None:
        """A Create that Lambda delivers again after the rollback makes no stack set."""
        with configured(owner.aws, Handler="handler.app.missing"):
            owner.start(sibling=True)
            until(lambda: owner.set_status() == "CREATE_IN_PROGRESS")
            time.sleep(_CRASH_SECONDS)
        owner.fail_sibling()
        status = owner.settle()

        assert status == "ROLLBACK_COMPLETE"
        assert _stays(lambda: owner.stack_set() is None and not owner.member_stacks())

    def test_late_update_writes_nothing(self, owner: Overlapped) -> None:
        """An Update that Lambda delivers again after the rollback leaves the old content."""
        owner.deploy().require()
        with configured(owner.aws, Handler="handler.app.missing"):
            owner.start(TemplateBody=owner.template("red"))
            until(lambda: owner.set_status() == "UPDATE_IN_PROGRESS")
            time.sleep(_CRASH_SECONDS)
        owner.stacks.cancel_update_stack(StackName=owner.name)
        status = owner.settle()

        assert status == "UPDATE_ROLLBACK_COMPLETE", owner.reasons()
        assert _stays(lambda: set(owner.settings().values()) == {"blue light"})

    def test_replacement_is_taken_back(self, owner: Overlapped) -> None:
        """A sibling fails after a rename: the old stack set stays, the new one is deleted."""
        owner.deploy().require()
        renamed = f"{owner.name}-new"
        other = Consumer(owner.aws, renamed).template()
        owner.start(StackSetName=renamed, TemplateBody=other, sibling=True)
        until(lambda: owner.set_status() == "UPDATE_COMPLETE")
        owner.fail_sibling()
        status = owner.settle()

        assert status == "UPDATE_ROLLBACK_COMPLETE", owner.reasons()
        assert owner.stack_set() is not None
        assert _stays(lambda: owner.stack_set(renamed) is None)
