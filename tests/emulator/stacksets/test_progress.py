"""How far an operation says that it is."""

from typing import Any

from tests.emulator.bench import EAST, WEST, A, B, Bench


def counts(stage: dict[str, Any]) -> tuple[Any, ...]:
    """Return status, succeeded, failed, cancelled, completed and pending of a stage."""
    names = ("Succeeded", "Failed", "Cancelled", "Completed", "Pending")
    return stage["Status"], *(stage[f"{name}StackInstancesCount"] for name in names)


def look(bench: Bench, operation: str) -> dict[str, Any]:
    """Describe an operation."""
    answer: dict[str, Any] = bench.call("DescribeStackSetOperation", OperationId=operation)
    shown: dict[str, Any] = answer["StackSetOperation"]
    return shown


def deployment(shown: dict[str, Any]) -> dict[str, Any]:
    """Return the deployment stage of an operation."""
    stage: dict[str, Any] = shown["StatusDetails"]["Stages"]["StackInstancesDeployment"]
    return stage


def test_on_the_way(ready: Bench) -> None:
    """Counts and percentages follow the deployments, as a whole and by Region."""
    operation = ready.deploy([A, B], [EAST, WEST])
    ready.at(10)
    shown = look(ready, operation)

    assert shown["StatusDetails"]["TotalAccountsCount"] == 2
    assert shown["StatusDetails"]["TotalStackInstancesCount"] == 4
    assert shown["StatusDetails"]["Stages"]["RoleProvisioning"] == {"Status": "NOT_APPLICABLE"}
    assert counts(deployment(shown)) == ("IN_PROGRESS", 1, 0, 0, 1, 3)
    assert deployment(shown)["PercentageCompleted"] == 25.0
    stages = {
        region: details["Stages"]["RegionalStackInstancesDeployment"]
        for region, details in shown["RegionalStatusDetails"].items()
    }
    assert counts(stages[EAST]) == ("IN_PROGRESS", 1, 0, 0, 1, 1)
    assert counts(stages[WEST]) == ("NOT_STARTED", 0, 0, 0, 0, 2)
    assert stages[EAST]["TotalStackInstancesCount"] == 2


def test_all_succeeded(ready: Bench) -> None:
    """The stage succeeds with every stack."""
    operation = ready.deploy([A, B])
    ready.wait()

    assert counts(deployment(look(ready, operation))) == ("SUCCEEDED", 2, 0, 0, 2, 0)
    assert deployment(look(ready, operation))["PercentageCompleted"] == 100.0


def test_some_failed(ready: Bench) -> None:
    """A mix is a partial success, also where the operation tolerates it."""
    ready.fail(A)
    operation = ready.deploy([A, B], OperationPreferences={"FailureToleranceCount": 1})
    ready.wait()

    shown = look(ready, operation)
    assert (shown["Status"], shown["StatusDetails"]["FailedStackInstancesCount"]) == (
        "SUCCEEDED",
        1,
    )
    assert counts(deployment(shown)) == ("PARTIAL_SUCCESS", 1, 1, 0, 2, 0)


def test_none_succeeded(ready: Bench) -> None:
    """Failed and cancelled stacks alone are a failure."""
    ready.fail(A)
    operation = ready.deploy([A, B])
    ready.wait()

    assert counts(deployment(look(ready, operation))) == ("FAILED", 0, 1, 1, 2, 0)


def test_queued(bench: Bench) -> None:
    """What waits has no totals yet and has not started."""
    bench.create(ManagedExecution={"Active": True})
    bench.deploy([A])
    operation = bench.deploy([A, B])

    shown = look(bench, operation)
    assert shown["Status"] == "QUEUED"
    assert "TotalStackInstancesCount" not in shown["StatusDetails"]
    assert deployment(shown)["Status"] == "NOT_STARTED"
    assert shown["RegionalStatusDetails"] == {}


def test_listed_operation(ready: Bench) -> None:
    """ListStackSetOperations has all of it but the Regions."""
    operation = ready.deploy([A])
    shown = look(ready, operation)

    (listed,) = ready.call("ListStackSetOperations")["Summaries"]
    assert listed["StatusDetails"] == shown["StatusDetails"]
    assert "RegionalStatusDetails" not in listed
