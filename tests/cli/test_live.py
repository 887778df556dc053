"""What the words say of a live stack set, in virtual time."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import yaml
from rich.console import Console

from cli import explain, export, report, status
from cli.service import told_in_a_line
from cli.snapshot import Snapshot, take
from cli.trouble import Trouble
from emulator.stacksets.faults import Answer as Mishap
from emulator.stacksets.faults import CallFault, DeploymentFault, Faults
from emulator.virtual.aws import world
from handler.gateway.stacksets import StackSets
from handler.properties.reading import parse_properties
from tests.simulation.story import new_stack

_BODY = """\
Parameters:
  Stage: {Type: String, Default: prod}
Resources:
  Topic: {Type: 'AWS::SNS::Topic'}
"""
_ONE, _TWO, _THREE = "111111111111", "222222222222", "333333333333"
_EAST, _WEST = "us-east-1", "eu-west-1"


pytestmark = pytest.mark.usefixtures("_aws")


@pytest.fixture
def _aws() -> Iterator[None]:
    """A world in which one stack cannot be made."""
    fault = DeploymentFault("Role exists already", account=_TWO, region=_WEST)
    with world(region=_EAST, faults=Faults(deployments=[fault])):
        yield


def _gateway() -> StackSets:
    client = boto3.client("cloudformation", region_name=_EAST)
    return StackSets(client, time.sleep, lambda: None)


def _made(**more: Any) -> tuple[StackSets, str]:
    """Returns the gateway, and the running operation of a stack set with five instances."""
    client = boto3.client("cloudformation", region_name=_EAST)
    client.create_stack_set(StackSetName="guard", TemplateBody=_BODY, **more)
    started = client.create_stack_instances(
        StackSetName="guard",
        Accounts=[_ONE, _TWO],
        Regions=[_EAST, _WEST],
        OperationPreferences={"FailureToleranceCount": 3, "MaxConcurrentCount": 4},
    )
    return _gateway(), started["OperationId"]


def _shown(snapshot: Snapshot, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    status.show(snapshot, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_status_shows_the_matrix_the_reason_and_the_operations() -> None:
    """Everything that an operator asks first is on one screen."""
    gateway, operation = _made()
    text = _shown(take(gateway, "guard"))
    assert "CREATE RUNNING" in text
    time.sleep(600)
    text = _shown(take(gateway, "guard"))
    assert "guard  ACTIVE  SELF_MANAGED  4 instances: 3 CURRENT, 1 OUTDATED" in text
    cause = rf"1 OUTDATED FAILED for \d+ min: Role exists already \({_TWO}/{_WEST}\)"
    assert re.search(cause, text)
    assert "Role exists already" in text
    assert operation in text
    assert max(map(len, text.splitlines())) <= 100
    narrow = _shown(take(gateway, "guard"), width=40)
    assert "euw1" in narrow
    assert json.loads(json.dumps(status.plain(take(gateway, "guard"))))["Counts"] == {
        "CURRENT": 3,
        "OUTDATED": 1,
    }


def test_watch_ends_when_nothing_runs() -> None:
    """It stays as long as an operation does."""
    gateway, _ = _made()
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    last = status.watch(lambda: take(gateway, "guard"), console)
    assert last.running is None
    assert last.operations[0].status == "SUCCEEDED"


def test_explain_groups_causes_and_reads_the_members_events() -> None:
    """The last failed operation is found by itself, and one by its beginning."""
    client = boto3.client("cloudformation", region_name=_EAST)
    gateway, _ = _made()
    time.sleep(600)
    failed = client.update_stack_instances(
        StackSetName="guard", Accounts=[_TWO], Regions=[_EAST, _WEST]
    )["OperationId"]
    time.sleep(600)
    live = take(gateway, "guard").stack_set
    found = explain.explain(gateway, live, None, lambda *_: "Topic: no right")
    assert found is not None
    assert found.operation.operation_id == failed
    [cause] = found.causes
    assert (cause.reason, cause.places) == ("Role exists already", (f"{_TWO}/{_WEST}",))
    assert "First failed resource: Topic: no right" in "\n".join(explain.lines(found))
    again = explain.explain(gateway, live, failed[:12], lambda *_: "")
    assert again is not None
    assert again.operation == found.operation
    with pytest.raises(Trouble, match="There is no operation nope"):
        explain.explain(gateway, live, "nope", lambda *_: "")


def test_the_report_holds_all_of_it_and_no_markup_of_others() -> None:
    """What the service says is text in the page."""
    gateway, operation = _made(Description="<script>")
    time.sleep(600)
    snapshot = take(gateway, "guard")
    cause = explain.Cause("<b>bad</b>", (f"{_TWO}/{_WEST}",), ("Mend it.",), "")
    text = report.page(snapshot, [cause], time.time())
    assert "&lt;b&gt;bad" in text
    assert "<b>bad" not in text
    for each in (operation, _ONE, _WEST, "Mend it.", "<svg", "Role exists already"):
        assert each in text
    assert "http" not in text.replace("http-equiv", "")


def test_an_exported_template_says_what_is_there() -> None:
    """Read by our own model it asks for the stack set as it is, in the fewest groups."""
    client = boto3.client("cloudformation", region_name=_EAST)
    gateway, _ = _made(
        Tags=[{"Key": "team", "Value": "x"}],
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "beta"}],
    )
    time.sleep(600)
    client.create_stack_instances(
        StackSetName="guard",
        Accounts=[_THREE],
        Regions=[_EAST],
        ParameterOverrides=[{"ParameterKey": "Stage", "ParameterValue": "own"}],
    )
    time.sleep(600)
    snapshot = take(gateway, "guard")
    made = export.export(snapshot, lambda each: gateway.overrides("guard", each), "SELF")
    template = yaml.safe_load(made.text)
    properties = template["Resources"]["StackSet"]["Properties"]
    spec = parse_properties({**properties, "ServiceToken": "x"})
    assert set(spec.instances) == set(snapshot.instances)
    assert (spec.name, spec.adopts, dict(spec.tags)) == ("guard", True, {"team": "x"})
    assert spec.template_body == _BODY
    assert dict(spec.parameters) == {"Stage": "beta"}
    assert len(properties["StackInstancesGroup"]) == 2
    assert "TemplateBody: |\n" in made.text
    assert made.notes == ()


@pytest.mark.parametrize(
    ("answer", "said"),
    [(Mishap.ACCESS_DENIED, "These credentials lack a right"), (None, "There is no stack set")],
)
def test_what_goes_wrong_is_one_line(answer: Mishap | None, said: str) -> None:
    """No traceback, and a mend."""
    calls = [CallFault("DescribeStackSet", answer)] if answer else []
    with (
        world(region=_EAST, faults=Faults(calls=calls)),
        pytest.raises(Trouble, match=said) as caught,
        told_in_a_line(),
    ):
        take(_gateway(), "nope")
    assert "\n" not in str(caught.value)


def test_an_exported_template_starts_nothing() -> None:
    """A stack made of it takes the stack set over, with its instances, and starts no operation."""
    with world(region=_EAST) as aws:
        gateway, _ = _made(Tags=[{"Key": "team", "Value": "x"}])
        time.sleep(600)
        snapshot = take(gateway, "guard")
        made = export.export(snapshot, lambda each: gateway.overrides("guard", each), "SELF")
        properties = yaml.safe_load(made.text)["Resources"]["StackSet"]["Properties"]
        stack = new_stack(aws)
        assert stack.deploy({**properties, "ServiceToken": "arn"}) == "CREATE_COMPLETE"
        after = take(gateway, "guard")
    assert [each.action for each in after.operations] == ["CREATE"]
    assert after.instances == snapshot.instances
