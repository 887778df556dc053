"""Outputs of member stacks: what is read, and how what is not is told."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest

from handler.deployment.outputs import MemberOutputs
from handler.deployment.patience import TimeToRelay
from handler.errors import OutOfTime
from handler.gateway.member_stacks import NotRead
from handler.values.observation import InstanceState
from handler.values.targets import Target

ACCOUNTS = [f"{number:012}" for number in range(1, 8)]
STACKS = {
    Target(account, region): f"arn:aws-cn:cloudformation:{region}:{account}:stack/x/1"
    for account in ACCOUNTS
    for region in ("cn-north-1", "cn-northwest-1")
}
CURRENT = InstanceState("CURRENT", has_stack=True)
INSTANCES = dict.fromkeys(STACKS, CURRENT)


class Members:
    """Accounts of which some let nobody in, and some are slow."""

    def __init__(self, closed: int = 0, slow: tuple[str, ...] = ()) -> None:
        self.closed = ACCOUNTS[:closed]
        self.slow = slow
        self.partitions: set[str] = set()

    def enter(self, account: str, partition: str) -> Any:
        """Take the role."""
        self.partitions.add(partition)
        if account in self.slow:
            time.sleep(0.5)
        if account in self.closed:
            cause, mend = "it is closed", "Open it."
            raise NotRead(cause, mend, f"{account} is closed")
        return account

    def outputs(self, credentials: Any, region: str, stack_id: str) -> dict[str, str]:
        """Tell of a stack."""
        assert credentials in stack_id
        assert region in stack_id
        return {"VpcId": f"secret-{credentials}-{region}"}


def read(
    members: Any,
    keys: tuple[str, ...] = ("VpcId",),
    more: dict[Target, InstanceState] | None = None,
) -> Any:
    """Read the outputs with all the time that is needed, of more instances than have stacks."""
    return MemberOutputs(members, keys, time.sleep).read(INSTANCES | (more or {}), STACKS)


def test_read() -> None:
    """Every stack is read with the session of its account."""
    members = Members()
    outputs = read(members)

    assert outputs.values == {(t, "VpcId"): f"secret-{t.account}-{t.region}" for t in STACKS}
    assert outputs.warnings == ()
    assert members.partitions == {"aws-cn"}
    assert "secret" not in repr(outputs)


def test_closed_accounts(logged: list[logging.LogRecord]) -> None:
    """A cause is told once, with a few places; the log names all, and what AWS says of one."""
    outputs = read(Members(closed=3))

    assert len(outputs.values) == 8
    [warning] = outputs.warnings
    assert warning == (
        "OutputKeys: outputs of 000000000001/cn-north-1, 000000000001/cn-northwest-1,"
        " 000000000002/cn-north-1 and 3 more are missing: it is closed. Open it."
    )
    [line] = [vars(each) for each in logged]
    assert (line["cause"], line["mend"]) == ("it is closed", "Open it.")
    assert line["told"] == "000000000001 is closed"
    assert len(line["places"]) == line["count"] == 6


def test_missing_outputs() -> None:
    """Each output that is missing is told with the stacks that lack it, the others are read."""
    more = {Target("8", "x"): InstanceState("CURRENT"), Target("9", "x"): InstanceState("OUTDATED")}
    outputs = read(Members(closed=5), keys=("VpcId", "RoleArn"), more=more)

    assert {key for _, key in outputs.values} == {"VpcId"}
    assert [each.partition(" are missing: ")[2].partition(".")[0] for each in outputs.warnings] == [
        "it is closed",
        "StackSets does not list the stack yet",
        "there is no stack",
        "the stack has no output RoleArn",
    ]


@pytest.mark.parametrize("error", [OutOfTime("over"), TimeToRelay()])
def test_no_time(error: Exception) -> None:
    """Whoever was read in time is told, and whoever was not is named."""

    def sleep(_seconds: float) -> None:
        time.sleep(0.1)
        raise error

    slow = Members(slow=tuple(ACCOUNTS[2:3]))
    outputs = MemberOutputs(slow, ["VpcId"], sleep).read(INSTANCES, STACKS)  # type: ignore[arg-type]

    assert {target.account for target, _ in outputs.values} == {*ACCOUNTS} - {ACCOUNTS[2]}
    [warning] = outputs.warnings
    assert f"{ACCOUNTS[2]}/cn-north-1, {ACCOUNTS[2]}/cn-northwest-1 are missing" in warning
    assert "the time was over" in warning


def test_nobody_reads() -> None:
    """Without a role nothing is read, and the parameter is named."""
    outputs = MemberOutputs(None, ["VpcId"], time.sleep).read(INSTANCES, STACKS)

    assert not outputs.values
    assert "parameter OutputReaderRoleName" in outputs.warnings[0]


def test_no_stacks() -> None:
    """A stack set without stacks has no outputs, and no warning."""
    assert not MemberOutputs(Members(), ["VpcId"], time.sleep).read({}, {}).warnings  # type: ignore[arg-type]


@pytest.mark.parametrize(("errors", "listings"), [([], 3), ([OutOfTime("over")], 1)])
def test_lists_that_lag(errors: list[Exception], listings: int) -> None:
    """Stacks that are not listed yet are waited for, while there is time; others are not."""
    asked: list[int] = []

    def list_stacks() -> Any:
        asked.append(1)
        return list(STACKS.items())[: 5 * len(asked)]

    def sleep(_seconds: float) -> None:
        for error in errors:
            raise error

    nobody: Any = Members()
    reader = MemberOutputs(nobody, ["VpcId"], sleep)
    failed = {Target("9", "x"): InstanceState("OUTDATED")}
    found = reader.find(INSTANCES | failed, {}, list_stacks)

    assert len(asked) == listings
    assert found == dict(list(STACKS.items())[: 5 * listings])
    assert reader.find(INSTANCES, STACKS, list_stacks) == STACKS
    assert len(asked) == listings, "what is known is not listed"
