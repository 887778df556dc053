"""A stack set that was there before the resource, with the built function and real stacks."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from emulator.local.aws import LocalAWS
from tests.local.consumer import ADMINISTRATION_ROLE, MEMBERS, REGION, Consumer

# A minute of it is for lists that lag.
ADOPT = {"OnExistingStackSet": "ADOPT", "ServiceTimeout": 300}
THERE, NAMED = MEMBERS[:2], [MEMBERS[0], MEMBERS[2]]


@pytest.fixture
def made_by_hand(provider: LocalAWS, consumer: Consumer) -> str:
    """The id of a stack set in two accounts, of the name that the consumer wants."""
    stacks = provider.client("cloudformation")
    made: str = stacks.create_stack_set(
        StackSetName=consumer.name,
        TemplateBody=consumer.template("grey"),
        AdministrationRoleARN=ADMINISTRATION_ROLE,
    )["StackSetId"]
    stacks.create_stack_instances(StackSetName=made, Accounts=THERE, Regions=[REGION])
    while any(each["Status"] in {"RUNNING", "QUEUED"} for each in consumer.operations()):
        time.sleep(0.2)
    assert consumer.settings() == dict.fromkeys(THERE, "grey light")
    return made


def test_take_over(consumer: Consumer, made_by_hand: str) -> None:
    """It is brought to the template with all its stacks, and goes with the stack."""
    outcome = consumer.deploy(NAMED, **ADOPT).require()

    assert outcome.outputs["Ref"] == made_by_hand
    assert consumer.settings() == dict.fromkeys(MEMBERS[:3], "blue light")
    consumer.delete().require()
    assert consumer.stack_set() is None
    assert consumer.settings() == {}


def test_take_over_in_vain(
    consumer: Consumer, made_by_hand: str, fail_in: Callable[..., None]
) -> None:
    """A create that fails leaves what was there, and nothing else."""
    fail_in(MEMBERS[2])
    outcome = consumer.deploy(NAMED, **ADOPT)

    assert outcome.status == "ROLLBACK_COMPLETE"
    left = consumer.stack_set()
    assert left is not None
    assert left["StackSetId"] == made_by_hand
    assert sorted(consumer.settings()) == THERE
