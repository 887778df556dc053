"""The query protocol, held against botocore's own serializer and parser."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import botocore.loaders
import botocore.parsers
import botocore.serialize
import pytest
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st

from emulator.stacksets import wire
from emulator.stacksets.errors import STATUS_BY_CODE, ApiError
from tests.emulator.bench import EAST, OTHER, STAGE, TOPIC, WEST, A, B, Bench

NEWER = {"Stages", "TotalAccountsCount", "TotalStackInstancesCount", "RegionalStatusDetails"}
PLAIN = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"
NASTY = "<&>\"'\r\n\t  é \U0001f600 ]]>"


def botocore_request(action: str, parameters: dict[str, Any]) -> str:
    """Return the form that botocore sends."""
    operation = wire.service_model().operation_model(action)
    serializer = botocore.serialize.create_serializer("query")
    return urlencode(serializer.serialize_to_request(parameters, operation)["body"])


def botocore_answer(action: str, body: bytes, status: int = 200) -> dict[str, Any]:
    """Return what botocore reads in an answer."""
    operation = wire.service_model().operation_model(action)
    parser: Any = botocore.parsers.create_parser("query")
    response = {"body": body, "headers": {}, "status_code": status}
    parsed: dict[str, Any] = parser.parse(response, operation.output_shape)
    return parsed


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
PARAMETER = st.fixed_dictionaries({"ParameterKey": TEXTS, "UsePreviousValue": st.booleans()})
DRIFT = st.fixed_dictionaries(
    {"TotalStackInstancesCount": st.integers(0, 9)},
    optional={"LastDriftCheckTimestamp": st.datetimes(timezones=st.just(UTC))},
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "Description": TEXTS,
        "Capabilities": st.lists(TEXTS, max_size=2),
        "Parameters": st.lists(PARAMETER, max_size=2),
        "ManagedExecution": st.fixed_dictionaries({}, optional={"Active": st.booleans()}),
        "StackSetDriftDetectionDetails": DRIFT,
    },
)


def story() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Return (action, parameters, result) of a call of every action."""
    bench = Bench()
    seen: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}

    def call(action: str, **asked: Any) -> dict[str, Any]:
        parameters = {"StackSetName": "Network", **asked}
        if action in {"ListStackSets", "GetTemplateSummary", "DescribeOrganizationsAccess"}:
            del parameters["StackSetName"]
        result = bench.engine.call(action, parameters)
        bench.wait()
        seen[action] = (parameters, result)
        return result

    tags = [{"Key": "a", "Value": NASTY}]
    call(
        "CreateStackSet",
        TemplateBody=TOPIC,
        Parameters=[STAGE],
        Tags=tags,
        Capabilities=["CAPABILITY_IAM"],
        ManagedExecution={"Active": True},
        Description=NASTY,
    )
    bench.fail(B, times=1)
    pairs: dict[str, Any] = {"Accounts": [A, B], "Regions": [EAST]}
    preferences = {"RegionOrder": [EAST], "FailureToleranceCount": 1, "MaxConcurrentCount": 2}
    operation = call(
        "CreateStackInstances",
        **pairs,
        ParameterOverrides=[STAGE],
        OperationPreferences=preferences,
    )
    call("DescribeStackSet")
    call("ListStackSets", Status="ACTIVE")
    call("DescribeStackInstance", StackInstanceAccount=A, StackInstanceRegion=EAST)
    call("ListStackInstances", MaxResults=1)
    call("ListStackSetOperationResults", **operation)
    call("DescribeStackSetOperation", **operation)
    call("ListStackSetOperations")
    call("UpdateStackInstances", **pairs, ParameterOverrides=[])
    call("UpdateStackSet", TemplateBody=OTHER, Parameters=[STAGE], Tags=[], Description=NASTY)
    call("GetTemplateSummary", TemplateBody=TOPIC)
    bench.engine.occupy("Network", 9)
    (running,) = bench.stack_set.unfinished
    call("StopStackSetOperation", OperationId=running.operation_id)
    targets: dict[str, Any] = {"DeploymentTargets": {"Accounts": [A, B]}, "Regions": [EAST]}
    call("DeleteStackInstances", **targets, RetainStacks=False)
    call("DeleteStackSet")
    call("DescribeOrganizationsAccess")
    bench.create(TemplateBody=PLAIN, Parameters=[])
    call("ImportStacksToStackSet", StackIds=[f"arn:aws:cloudformation:{EAST}:{A}:stack/old/1"])
    call("DetectStackSetDrift", OperationPreferences=preferences)
    call("ListStackSetAutoDeploymentTargets")
    assert set(seen) == bench.engine.actions
    return [(action, *both) for action, both in seen.items()]


STORY = story()


@pytest.mark.parametrize(
    ("action", "parameters", "result"), STORY, ids=[action for action, _, _ in STORY]
)
def test_every_action_travels(
    action: str, parameters: dict[str, Any], result: dict[str, Any]
) -> None:
    """Members arrive as botocore was given them, and botocore reads the result as it was."""
    assert wire.parse_request(botocore_request(action, parameters)) == (action, parameters)

    answer = botocore_answer(action, wire.render_result(action, result))
    assert answer.pop("ResponseMetadata")["RequestId"] == wire.REQUEST_ID
    assert answer == result == wire.read_result(action, result)


@pytest.mark.parametrize("shape", wire.service_model().error_shapes, ids=lambda shape: shape.name)
def test_every_modelled_error_travels(shape: Any) -> None:
    """A modelled exception has the model's wire code and status."""
    status, body = wire.render_error(ApiError(shape.name, NASTY.strip()))

    assert status == shape.metadata["error"]["httpStatusCode"]
    error = botocore_answer("DeleteStackSet", body, status)["Error"]
    assert error["Code"] == shape.error_code
    assert error["Message"] == NASTY.strip()
    assert wire.read_error(ApiError(shape.name, NASTY.strip())) == (status, {"Error": error})


def test_other_errors_travel() -> None:
    """Codes that are not modelled go as they are."""
    status, body = wire.render_error(ApiError("Throttling", "Rate exceeded"))

    assert status == 400
    assert botocore_answer("DeleteStackSet", body, status)["Error"]["Code"] == "Throttling"


def test_statuses_agree_with_the_model() -> None:
    """The engine knows the statuses of its errors without botocore."""
    model = {
        shape.name: shape.metadata["error"]["httpStatusCode"]
        for shape in wire.service_model().error_shapes
    }

    assert {name: model[name] for name in STATUS_BY_CODE} == STATUS_BY_CODE


@given(stack_set=ANSWERS)
def test_what_is_read_is_what_was_written(stack_set: dict[str, Any]) -> None:
    """Whatever an answer holds, botocore reads in the XML what is read without it."""
    action, result = "DescribeStackSet", {"StackSet": stack_set}
    answer = botocore_answer(action, wire.render_result(action, result))

    assert answer["StackSet"] == wire.read_result(action, result)["StackSet"]


def test_timestamps_keep_their_instant() -> None:
    """A moment arrives as the same moment."""
    moment = datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    result = {"StackSetOperation": {"CreationTimestamp": moment}}
    body = wire.render_result("DescribeStackSetOperation", result)

    assert botocore_answer("DescribeStackSetOperation", body)["StackSetOperation"] == {
        "CreationTimestamp": moment
    }


def test_members_are_ordered_by_number() -> None:
    """The tenth member of a list comes after the second."""
    regions = [f"us-east-{number}" for number in range(1, 13)]
    form = {"Action": ["CreateStackInstances"], "StackSetName": ["x"]}
    form |= {f"Regions.member.{n}": [region] for n, region in enumerate(regions, 1)}

    assert wire.parse_request(form)[1]["Regions"] == regions


@pytest.mark.parametrize(
    "form",
    [
        "Action=DescribeStackSet",
        "Action=StopStackSetOperation&StackSetName=x&OperationId=not%20an%20id",
        "Action=ListStackSets&MaxResults=101",
        "Action=ListStackSets&MaxResults=0",
        "Action=ListStackSets&MaxResults=many",
        "Action=ListStackSets&Status=LOST",
        "Action=CreateStackSet&StackSetName=x&Description=",
        "Action=CreateStackSet&StackSetName=x&ExecutionRoleName=" + "r" * 65,
        "Action=CreateStackInstances&StackSetName=x&Accounts.member.1=12&Regions.member.1=r",
        "Action=CreateStackInstances&StackSetName=x&Accounts.member.1=" + A,
    ],
    ids=lambda form: form[7:60],
)
def test_constraints_of_the_model(form: str) -> None:
    """Required members, lengths, ranges, patterns and enumerations are enforced."""
    with pytest.raises(ApiError, match="validation error detected") as caught:
        wire.parse_request(form)

    assert caught.value.code == "ValidationError"


def test_unknown_action() -> None:
    """An action that CloudFormation does not have is InvalidAction."""
    with pytest.raises(ApiError, match="InvalidAction"):
        wire.parse_request("Action=Dance")


def test_members_of_newer_models_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the installed model has no progress yet, answers go without it, and nothing else."""
    description = botocore.loaders.create_loader().load_service_model("cloudformation", "service-2")
    shapes = {
        name: {
            **shape,
            "members": {key: value for key, value in shape["members"].items() if key not in NEWER},
        }
        if "members" in shape
        else shape
        for name, shape in description["shapes"].items()
    }
    older = ServiceModel({**description, "shapes": shapes}, "cloudformation")
    bench = Bench()
    bench.create()
    asked = {"StackSetName": "Network", "OperationId": bench.deploy([A])}
    result = bench.engine.call("DescribeStackSetOperation", asked)
    monkeypatch.setattr(wire, "service_model", lambda: older)
    wire._operation.cache_clear()

    answer = botocore_answer(
        "DescribeStackSetOperation", wire.render_result("DescribeStackSetOperation", result)
    )["StackSetOperation"]
    wire._operation.cache_clear()

    assert answer["StatusDetails"] == {"FailedStackInstancesCount": 0}
    assert answer.keys() == result["StackSetOperation"].keys() - NEWER


def test_regional_progress_travels() -> None:
    """A map arrives as it was, where the installed model has it."""
    shape = wire.service_model().shape_for("StackSetOperation")
    if "RegionalStatusDetails" not in shape.members:  # type: ignore[attr-defined]
        pytest.skip("the installed model is older")
    bench = Bench()
    bench.create()
    asked = {"StackSetName": "Network", "OperationId": bench.deploy([A, B], [EAST, WEST])}
    result = bench.engine.call("DescribeStackSetOperation", asked)

    body = wire.render_result("DescribeStackSetOperation", result)
    answer = botocore_answer("DescribeStackSetOperation", body)["StackSetOperation"]
    assert answer["RegionalStatusDetails"].keys() == {EAST, WEST}
    assert answer == result["StackSetOperation"]


def test_result_with_an_unknown_member() -> None:
    """A result that the model does not know is a fault of the emulator."""
    with pytest.raises(KeyError):
        wire.render_result("CreateStackSet", {"StackSetIdd": "x"})
