"""DetectStackSetDrift."""

from typing import Any

from emulator.stacksets.faults import DeploymentFault, DriftFault
from tests.emulator.bench import EAST, WEST, A, B, Bench, C

WIDE = {"MaxConcurrentCount": 9, "FailureToleranceCount": 9}


def detect(bench: Bench, **preferences: int) -> str:
    """Start a drift detection; return its id."""
    answer = bench.call("DetectStackSetDrift", OperationPreferences=preferences)
    return str(answer["OperationId"])


def details(shown: dict[str, Any]) -> dict[str, Any]:
    """Return the drift details without the time, counts without the words around them."""
    found = shown["StackSetDriftDetectionDetails"]
    return {
        key.removesuffix("StackInstancesCount"): value
        for key, value in found.items()
        if key != "LastDriftCheckTimestamp" and value != 0
    }


def drift(bench: Bench) -> dict[tuple[str, str], str]:
    """Return the DriftStatus of each instance."""
    return {
        (each["Account"], each["Region"]): each["DriftStatus"]
        for each in bench.call("ListStackInstances")["Summaries"]
    }


def of_stack_set(bench: Bench) -> dict[str, Any]:
    """Return what DescribeStackSet says of drift."""
    return details(bench.call("DescribeStackSet")["StackSet"])


def of_operation(bench: Bench, operation: str) -> dict[str, Any]:
    """Return what DescribeStackSetOperation says of drift."""
    answer = bench.call("DescribeStackSetOperation", OperationId=operation)
    return details(answer["StackSetOperation"])


def test_in_sync_and_drifted(ready: Bench) -> None:
    """Instances, operation and stack set tell what was found; nothing else changes."""
    ready.deploy([A, B], [EAST, WEST])
    ready.wait()
    before, started = ready.instances(), ready.started()
    assert of_stack_set(ready) == {"DriftStatus": "NOT_CHECKED"}
    ready.faults.drifted.append(DriftFault(account=B, region=WEST))
    operation = detect(ready)
    ready.wait()

    assert drift(ready) == {
        (A, EAST): "IN_SYNC",
        (B, EAST): "IN_SYNC",
        (A, WEST): "IN_SYNC",
        (B, WEST): "DRIFTED",
    }
    expected = {
        "DriftDetectionStatus": "COMPLETED",
        "DriftStatus": "DRIFTED",
        "Total": 4,
        "Drifted": 1,
        "InSync": 3,
    }
    assert of_operation(ready, operation) == of_stack_set(ready) == expected
    assert (ready.instances(), ready.started()) == (before, started)
    (summary,) = ready.engine.call("ListStackSets", {})["Summaries"]
    assert summary["DriftStatus"] == "DRIFTED"


def test_under_way(ready: Bench) -> None:
    """The operation counts those that are being looked at; the stack set shows the last one."""
    ready.deploy([A, B])
    ready.wait()
    operation = detect(ready)
    ready.at(ready.now + 6)

    assert of_operation(ready, operation) == {
        "DriftDetectionStatus": "IN_PROGRESS",
        "DriftStatus": "IN_SYNC",
        "Total": 2,
        "InSync": 1,
        "InProgress": 1,
    }
    assert of_stack_set(ready) == {"DriftStatus": "NOT_CHECKED"}
    assert ready.refuse("DeleteStackSet").code == "OperationInProgressException"


def test_failures(ready: Bench) -> None:
    """Rules that name DETECT_DRIFT let looks fail, within the tolerance or beyond it."""
    ready.deploy([A, B])
    ready.wait()
    rule = DeploymentFault("no access", account=B, actions=("DETECT_DRIFT",))
    ready.faults.deployments.append(rule)
    ready.faults.deployments.append(DeploymentFault("broken", times=0))
    ready.fail(C)

    tolerated = detect(ready, **WIDE)
    ready.wait()
    assert of_operation(ready, tolerated)["DriftDetectionStatus"] == "PARTIAL_SUCCESS"
    assert of_operation(ready, tolerated)["Failed"] == 1
    beyond = detect(ready)
    ready.wait()
    assert of_operation(ready, beyond)["DriftDetectionStatus"] == "FAILED"
    assert ready.instances()[B, EAST] == "CURRENT/SUCCEEDED"


def test_stopped(ready: Bench) -> None:
    """What was not looked at keeps what is known of it."""
    ready.deploy([A, B])
    ready.wait()
    operation = detect(ready)
    ready.call("StopStackSetOperation", OperationId=operation)
    ready.wait()

    assert of_operation(ready, operation)["DriftDetectionStatus"] == "STOPPED"
    assert drift(ready) == {(A, EAST): "IN_SYNC", (B, EAST): "NOT_CHECKED"}
    assert ready.instances()[B, EAST] == "CURRENT/SUCCEEDED"


def test_only_stacks_that_are_there(ready: Bench) -> None:
    """An instance without a stack is not looked at; an update makes what was found void."""
    ready.fail(B)
    ready.deploy([A, B], OperationPreferences=WIDE)
    ready.wait()
    operation = detect(ready)
    ready.wait()
    assert {*ready.results(operation)} == {(A, EAST)}
    filters = [{"Name": "DRIFT_STATUS", "Values": "IN_SYNC"}]
    assert len(ready.call("ListStackInstances", Filters=filters)["Summaries"]) == 1

    ready.update()
    ready.wait()
    assert drift(ready)[A, EAST] == "NOT_CHECKED"


def test_nothing_there(ready: Bench) -> None:
    """A stack set without instances is looked at in no time."""
    assert ready.status(detect(ready)) == "SUCCEEDED"
