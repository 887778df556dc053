"""OutputKeys: the answer tells outputs of the member stacks, and no failure to read one fails."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from emulator.stacksets.faults import DeploymentFault
from emulator.stacksets.history import Lag
from emulator.virtual.account import VirtualAWS
from emulator.virtual.aws import world
from emulator.virtual.cloudformation import Stack
from tests.emulator.bench import B, C
from tests.emulator.organizations import PLATFORM, organization
from tests.simulation.deaths import deaths
from tests.simulation.scenarios import killer
from tests.simulation.story import (
    ACCOUNTS,
    REGIONS,
    group,
    new_stack,
    operations,
    properties,
    template,
)

READER = "team/OutputReader"
BUCKET = "reports"
ASKED = properties(
    group(ACCOUNTS[:2], REGIONS[:2]),
    OutputKeys=["VpcId", "RoleArn"],
    OperationPreferences={"MaxConcurrentCount": 1},
)
TOLERANT = {"FailureToleranceCount": 1, "MaxConcurrentCount": 2}
MANY = tuple(f"{number:012}" for number in range(100, 400))
PLACES = [f"{account}.{region}" for account in ACCOUNTS[:2] for region in REGIONS[:2]]


def secret(account: str, region: str) -> dict[str, str]:
    """The outputs of each stack, two of which are asked for."""
    return {
        "VpcId": f"vpc-secret-{account}-{region}",
        "RoleArn": f"role-secret-{account}-{region}",
        "Other": "other-secret",
    }


def reading(seconds: float = 5.0, bucket: str = "", reader: str = READER) -> VirtualAWS:
    """A world whose function reads outputs."""
    aws = world(seconds=seconds)
    aws.environment |= {"OUTPUT_READER_ROLE_NAME": reader, "REPORT_BUCKET": bucket}
    aws.members.role_name = READER
    aws.members.outputs = secret
    return aws


@pytest.fixture
def reader() -> Iterator[VirtualAWS]:
    """Such a world, entered."""
    with reading() as aws:
        yield aws
    assert aws.unexpected == []


@pytest.fixture
def stack(reader: VirtualAWS) -> Stack:
    """A stack in it."""
    return new_stack(reader)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at the most talkative level."""
    text = io.StringIO()

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text.write(f"{record.getMessage()} {vars(record)}\n")

    handler = Handler()
    loggers = [logging.getLogger(), logging.getLogger("stackset-resource")]
    for each in loggers:
        each.addHandler(handler)
    yield text
    for each in loggers:
        each.removeHandler(handler)


def outputs_of(stack: Stack) -> dict[str, str]:
    """Those attributes that tell outputs."""
    return {k: v for k, v in stack.attributes.items() if k.startswith("Outputs.")}


def expected(*keys: str) -> dict[str, str]:
    """What is to be told of the stacks of ``ASKED``."""
    return {
        f"Outputs.{place}.{key}": secret(*place.split("."))[key] for place in PLACES for key in keys
    }


def no_echo(aws: VirtualAWS) -> list[bool]:
    """Whether each answer says NoEcho."""
    return [bool(each.body.get("NoEcho", False)) for each in aws.responses]


def test_told(reader: VirtualAWS, stack: Stack) -> None:
    """Each stack's wanted outputs are attributes, with one session an account; nothing echoes."""
    assert stack.deploy(ASKED) == "CREATE_COMPLETE"

    assert outputs_of(stack) == expected("VpcId", "RoleArn")
    assert stack.attributes["OutputsUrl"] == ""
    assert stack.attributes["Warnings"] == ""
    assert len(json.loads(stack.attributes["StackIds"])) == 4
    assert sorted(reader.members.sessions) == [(each, "stackset-resource") for each in ACCOUNTS[:2]]
    assert no_echo(reader) == [True]
    stack.deploy({**ASKED, "OutputKeys": ["VpcId"]})
    assert outputs_of(stack) == expected("VpcId")
    assert operations(reader).count("CreateStackInstances") == 1
    assert len(operations(reader)) == 2, "another key is no operation"
    assert no_echo(reader) == [True, True]


def test_of_units() -> None:
    """Accounts that nobody names, but a unit has, are read alike."""
    aws = world(seconds=1.0, organization=organization())
    aws.environment["OUTPUT_READER_ROLE_NAME"] = READER
    with aws:
        aws.members.role_name, aws.members.outputs = READER, secret
        stack = new_stack(aws)
        targets, regions = {"OrganizationalUnitIds": [PLATFORM]}, list(REGIONS[:2])
        asked = {
            "PermissionModel": "SERVICE_MANAGED",
            "TemplateBody": template(),
            "StackInstancesGroup": [{"DeploymentTargets": targets, "Regions": regions}],
            "OutputKeys": ["VpcId"],
        }
        assert stack.deploy(asked) == "CREATE_COMPLETE"

        assert outputs_of(stack) == {
            f"Outputs.{account}.{region}.VpcId": secret(account, region)["VpcId"]
            for account in (B, C)
            for region in regions
        }


def test_not_asked_for(reader: VirtualAWS, stack: Stack) -> None:
    """Who does not ask gets the answer of ever, also from a sandbox that has read outputs."""
    stack.deploy(ASKED)
    calls = len(reader.calls)
    stack.deploy(properties(group(ACCOUNTS[:2], REGIONS[:2])))

    assert outputs_of(stack) == {}
    assert "OutputsUrl" not in stack.attributes
    assert "NoEcho" not in reader.responses[-1].body
    assert "sts" not in [service for _, service, _ in reader.calls[calls:]]


def test_a_delete_reads_nothing(reader: VirtualAWS, stack: Stack) -> None:
    """Nothing is read of stacks that go."""
    stack.deploy(ASKED)
    reader.members.sessions.clear()
    assert stack.delete() == "DELETE_COMPLETE"

    assert reader.members.sessions == []
    assert "NoEcho" not in reader.responses[-1].body


def test_a_rollback_tells_again(reader: VirtualAWS, stack: Stack) -> None:
    """What depends on the outputs finds them after a rollback, too."""
    stack.deploy(ASKED)
    stack.others_fail = True
    changed = {**ASKED, "TemplateBody": template("2"), "OutputKeys": ["Other"]}
    assert stack.deploy(changed) == "UPDATE_ROLLBACK_COMPLETE"

    assert outputs_of(stack) == expected("VpcId", "RoleArn")
    assert no_echo(reader) == [True, True, True]


def test_a_role_that_is_missing(reader: VirtualAWS, stack: Stack) -> None:
    """An account that cannot be entered is named with its Regions, the cause and the mend."""
    reader.members.without_role.add(ACCOUNTS[0])
    assert stack.deploy(ASKED) == "CREATE_COMPLETE"

    assert list(outputs_of(stack)) == [
        f"Outputs.{place}.{key}" for place in PLACES[2:] for key in ("RoleArn", "VpcId")
    ]
    warning = stack.attributes["Warnings"]
    for region in REGIONS[:2]:
        assert f"{ACCOUNTS[0]}/{region}" in warning
    assert ACCOUNTS[1] not in warning
    assert f"the role {READER} cannot be assumed there (AccessDenied)" in warning
    assert "examples/roles/output-reader.yaml" in warning


def test_a_role_that_may_not_describe(reader: VirtualAWS, stack: Stack) -> None:
    """What the role lacks is told."""
    reader.members.silent.add(ACCOUNTS[1])
    assert stack.deploy(ASKED) == "CREATE_COMPLETE"

    assert f"{ACCOUNTS[1]}/{REGIONS[1]}" in stack.attributes["Warnings"]
    assert "Allow it cloudformation:DescribeStacks" in stack.attributes["Warnings"]


def test_an_output_that_is_missing(reader: VirtualAWS, stack: Stack) -> None:
    """A stack without the output is named; the others tell theirs."""

    def some(account: str, region: str) -> dict[str, str]:
        return {} if (account, region) == (ACCOUNTS[0], REGIONS[0]) else secret(account, region)

    reader.members.outputs = some
    assert stack.deploy({**ASKED, "OutputKeys": ["VpcId"]}) == "CREATE_COMPLETE"

    assert len(outputs_of(stack)) == 3
    assert stack.attributes["Warnings"] == (
        f"OutputKeys: outputs of {ACCOUNTS[0]}/{REGIONS[0]} are missing: the stack has no output"
        " VpcId. Write it into the template's Outputs, or take it out of OutputKeys."
    )


def test_a_stack_that_was_deleted_by_hand(reader: VirtualAWS, stack: Stack) -> None:
    """What is not there any more is told."""
    stack.deploy(ASKED)
    reader.deployer.stacks.pop((ACCOUNTS[0], REGIONS[0], stack.physical_id))
    assert stack.deploy({**ASKED, "OutputKeys": ["VpcId"]}) == "UPDATE_COMPLETE"

    assert "the stack does not exist any more" in stack.attributes["Warnings"]


def test_refused_without_a_role() -> None:
    """Without the parameter it is refused before anything is written, by both their names."""
    with reading(reader="") as aws:
        stack = new_stack(aws)
        assert stack.deploy(ASKED) == "ROLLBACK_COMPLETE"
        reason = stack.answers[0][1].reason
        assert "OutputKeys" in reason
        assert "OutputReaderRoleName" in reason
        assert operations(aws) == []


def test_an_update_is_refused_without_a_role() -> None:
    """An update is refused, and its rollback is not."""
    with reading(reader="") as aws:
        stack = new_stack(aws)
        plain = properties(group(ACCOUNTS[:2], REGIONS[:2]))
        assert stack.deploy(plain) == "CREATE_COMPLETE"
        written = len(operations(aws))
        assert stack.deploy(ASKED) == "UPDATE_ROLLBACK_COMPLETE"
        assert len(operations(aws)) == written


def test_a_rollback_without_a_role() -> None:
    """A function that has lost the parameter goes back all the same, and says what is missing."""
    with reading() as aws:
        stack = new_stack(aws)
        stack.deploy(ASKED)
    aws.environment["OUTPUT_READER_ROLE_NAME"] = ""
    with aws:
        changed = {**ASKED, "TemplateBody": template("2")}
        assert stack.deploy(changed) == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.answers[-1][1].status == "SUCCESS"
        assert "OutputReaderRoleName" in stack.attributes["Warnings"]
        assert outputs_of(stack) == {}


def test_an_early_answer_is_refused(reader: VirtualAWS, stack: Stack) -> None:
    """An answer that comes before the stacks cannot tell of them."""
    assert stack.deploy({**ASKED, "WaitFor": "START"}) == "ROLLBACK_COMPLETE"
    assert "OutputKeys cannot be told with WaitFor: START" in stack.answers[0][1].reason
    assert operations(reader) == []


@pytest.mark.parametrize("count", [3, 5, 8, 10, 12, 13, 14, 20, 25, 30, 40, 300])
@pytest.mark.parametrize("bucket", ["", BUCKET])
def test_more_than_an_answer_carries(count: int, bucket: str) -> None:
    """What does not fit is counted and named; with a bucket, an object has all of them."""
    with reading(0.5, bucket) as aws:
        stack = new_stack(aws)
        asked = properties(group(MANY[:count]), OutputKeys=["VpcId", "RoleArn"])
        assert stack.deploy(asked) == "CREATE_COMPLETE"
        told, warnings = outputs_of(stack), stack.attributes["Warnings"]
        left = 2 * count - len(told)
        url = stack.attributes["OutputsUrl"]

        assert (f"{left} of {2 * count} outputs are more than" in warnings) is (left > 0)
        assert len(told) >= min(2 * count, 8)
        assert len(json.dumps(aws.responses[-1].body)) <= 4096
        assert (f"Outputs.{MANY[count - 1]}." in warnings) is (left in {1, 2})
        if left and bucket:
            key = url.removeprefix(f"s3://{BUCKET}/")
            assert key.endswith("-outputs.json")
            body = aws.objects[BUCKET, key]
            assert isinstance(body, bytes)
            wanted = {f"{each}/{REGIONS[0]}": secret(each, REGIONS[0]) for each in MANY[:count]}
            for each in wanted.values():
                del each["Other"]
            assert json.loads(body) == wanted
        else:
            assert url == ""
            assert ("ReportBucket" in warnings) is (left > 0)


def test_values_are_told_nowhere_else(log: io.StringIO) -> None:
    """No log line, warning, reason or event shows a value, nor any credentials."""
    with reading(0.5, BUCKET) as aws:
        aws.environment["EVENT_BUS_NAME"] = "default"
        with_bus = aws
    with with_bus:
        aws.members.silent.add(MANY[1])
        aws.members.without_role.add(MANY[2])
        stack = new_stack(aws)
        asked = properties(
            group(MANY[:40]),
            OutputKeys=["VpcId", "RoleArn", "Absent"],
            loglevel="DEBUG",
            botolevel="DEBUG",
        )
        assert stack.deploy(asked) == "CREATE_COMPLETE"

    assert len(aws.events) == 1
    told = [log.getvalue(), json.dumps(aws.events), stack.attributes["Warnings"]]
    assert "outputs not read" in told[0]
    assert "outputs left out" in told[0]
    assert not [each for each in told if "secret" in each or "token-of" in each]


@pytest.mark.parametrize("seconds", [20.0, 59.0, 300.0])
def test_what_is_not_listed_yet(reader: VirtualAWS, stack: Stack, seconds: float) -> None:
    """A list that lags is waited for; one that lags for longer is told."""
    reader.engine.lag = Lag(instances=seconds, fixed=True)
    assert stack.deploy(ASKED) == "CREATE_COMPLETE"

    lags = seconds > 60
    assert len(outputs_of(stack)) == (0 if lags else 8)
    assert ("does not list the stack yet" in stack.attributes["Warnings"]) is lags


def test_instances_without_a_stack(reader: VirtualAWS, stack: Stack) -> None:
    """A failure that passes leaves no stack, and that is told as well."""
    reader.engine.faults.deployments.append(DeploymentFault("No", account=ACCOUNTS[1]))
    asked = {**ASKED, "FailOnTolerated": False, "OperationPreferences": TOLERANT}
    assert stack.deploy(asked) == "CREATE_COMPLETE"

    assert len(outputs_of(stack)) == 4
    assert f"{ACCOUNTS[1]}/{REGIONS[0]}" in stack.attributes["Warnings"]
    assert "there is no stack" in stack.attributes["Warnings"]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_death_at_every_call(moment: str) -> None:
    """Wherever the sandbox dies, the answer tells the same."""
    with reading() as aws:
        new_stack(aws).deploy(ASKED)
        numbers = deaths(aws, moment)
    for at in numbers:
        with reading() as aws:
            stack = new_stack(aws)
            setattr(aws, f"{moment}_call", killer(aws, at))
            assert stack.deploy(ASKED) == "CREATE_COMPLETE"
            assert outputs_of(stack) == expected("VpcId", "RoleArn"), f"died {moment} call {at}"
            assert no_echo(aws)[-1]


def test_many_take_minutes() -> None:
    """A few accounts are read at once."""
    with reading(1.0) as aws:
        stack = new_stack(aws)
        asked = properties(group(MANY), OutputKeys=["VpcId"])
        stack.deploy(properties(group(MANY)))
        aws.call_seconds = 0.2
        began = aws.clock.now
        stack.deploy(asked)
        assert len(aws.members.sessions) == len(MANY)
        assert aws.clock.now - began < len(MANY) * 2 * 0.2 / 10 + 20


@pytest.mark.parametrize("bucket", ["", BUCKET])
@pytest.mark.parametrize("timeout", [600, 3600])
def test_no_time_to_read_all(timeout: int, bucket: str) -> None:
    """When the time is over the answer goes, and says whose outputs are missing."""
    with reading(1.0, bucket) as aws:
        stack = new_stack(aws)
        plain = properties(group(MANY), ServiceTimeout=timeout)
        stack.deploy(plain)
        slow = {"AssumeRole": 50.0, "DescribeStacks": 50.0}

        def dawdle(service: str, action: str, _number: int) -> None:
            if service == "sts" or aws.members.sessions:
                aws.clock.sleep(slow.get(action, 0.0))

        aws.before_call, aws.call_seconds = dawdle, 0.3
        assert stack.deploy({**plain, "OutputKeys": ["VpcId"]}) == "UPDATE_COMPLETE"

        assert len(aws.members.sessions) == len(set(aws.members.sessions)), "one invocation reads"
        assert outputs_of(stack)
        assert "are missing: the time was over." in stack.attributes["Warnings"]
        assert MANY[-1] not in "".join(outputs_of(stack))
