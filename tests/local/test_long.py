"""examples/long.yaml with hours that are shorter: a deployment that outlasts its first waits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.local.aws import LocalAWS
from tests.local.consumer import ADMINISTRATION_ROLE, MEMBERS

_ROOT = Path(__file__).resolve().parents[2]
_EXAMPLES = _ROOT / "examples"
# Three Regions one after the other, so that the deployment ends in the second hour.
_DEPLOYMENT_SECONDS = 15.0
_HOUR = 35
_APP = """Resources:
  Topic:
    Type: AWS::SNS::Topic
"""


@pytest.fixture(scope="module")
def slow(emulator_python: Path, bundle: Path, tmp_path_factory: Any) -> Iterator[LocalAWS]:
    """A local AWS whose stack instances take their time, with the function in it."""
    folder = tmp_path_factory.mktemp("long")
    with LocalAWS(emulator_python, folder, minimum_seconds=_DEPLOYMENT_SECONDS) as running:
        running.make_roles(MEMBERS)
        running.deploy_provider(bundle, _ROOT / "template.yaml")
        yield running


def _shortened() -> str:
    """The example, with a ServiceTimeout in each of its waits."""
    text = (_EXAMPLES / "long.yaml").read_text(encoding="utf-8")
    wait = r"(Type: Custom::StackSetWait\n(?:    DependsOn: .*\n)?    Properties:\n)"
    shortened, waits = re.subn(wait, rf"\g<1>      ServiceTimeout: {_HOUR}\n", text)
    assert waits == 4
    return shortened


def test_the_example(slow: LocalAWS) -> None:
    """The waits make the stack tell the truth: it is complete once every Region has its stack."""
    began: dict[str, Any] = {}
    ended: dict[str, Any] = {}

    def watch(events: Any) -> None:
        for event in events:
            times = began if event["ResourceStatus"] == "CREATE_IN_PROGRESS" else ended
            times.setdefault(event["LogicalResourceId"], event["Timestamp"])

    address = slow.upload("stackset-resource-long", "app.yaml", _APP.encode())
    outcome = slow.deploy(
        "long",
        _shortened(),
        {
            "TemplateURL": address,
            "AdministrationRoleARN": ADMINISTRATION_ROLE,
            "Accounts": MEMBERS[0],
        },
        watch=watch,
    )

    assert outcome.require().outputs["DeploymentId"].split("-")[2] == "3"
    seconds = {each: (ended[each] - began[each]).total_seconds() for each in ended}
    assert seconds["Application"] < _DEPLOYMENT_SECONDS
    assert 0.5 * _HOUR < seconds["FirstHour"] < _HOUR
    assert seconds["FirstHour"] + seconds["SecondHour"] > 2.5 * _DEPLOYMENT_SECONDS
    for region in ("ap-northeast-1", "eu-west-1", "us-east-1"):
        stacks = slow.client("cloudformation", MEMBERS[0], region).describe_stacks()["Stacks"]
        assert any(each["StackName"].startswith("StackSet-") for each in stacks)
    assert slow.delete("long").succeeded
