"""One operation at a time, or managed execution."""

from tests.emulator.bench import EAST, OTHER, STAGE, TOPIC, A, B, Bench, C

MANAGED = {"ManagedExecution": {"Active": True}}


class TestConflicts:
    """One operation at a time, or managed execution."""

    def test_second_operation_is_refused(self, ready: Bench) -> None:
        """Every write is refused while an operation runs."""
        ready.deploy([A])
        pair = {"Accounts": [B], "Regions": [EAST]}

        codes = {
            ready.refuse("CreateStackInstances", **pair).code,
            ready.refuse("UpdateStackInstances", **pair).code,
            ready.refuse("DeleteStackInstances", **pair, RetainStacks=False).code,
            ready.refuse("UpdateStackSet", UsePreviousTemplate=True, Parameters=[STAGE]).code,
            ready.refuse("DeleteStackSet").code,
        }

        assert codes == {"OperationInProgressException"}

    def test_disjoint_operations_run_side_by_side(self, bench: Bench) -> None:
        """With managed execution operations on other pairs run at once."""
        bench.create(**MANAGED)
        first, second = bench.deploy([A]), bench.deploy([B])

        assert (bench.status(first), bench.status(second)) == ("RUNNING", "RUNNING")
        assert bench.wait() == 10

    def test_conflicting_operations_queue(self, bench: Bench) -> None:
        """With managed execution an operation on the same pair waits for its turn."""
        bench.create(**MANAGED)
        bench.deploy([A])
        second = bench.call(
            "DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=False
        )["OperationId"]

        assert bench.status(second) == "QUEUED"
        bench.wait()
        assert bench.status(second) == "SUCCEEDED"
        assert bench.started() == [(0, "CREATE", A, EAST), (10, "DELETE", A, EAST)]
        assert bench.instances() == {}

    def test_update_of_the_set_conflicts_with_all(self, bench: Bench) -> None:
        """UpdateStackSet waits for all before it, and all after wait for it."""
        bench.create(**MANAGED)
        bench.deploy([A])
        update = bench.update(TemplateBody=OTHER)
        third = bench.deploy([B])

        assert (bench.status(update), bench.status(third)) == ("QUEUED", "QUEUED")
        assert bench.stack_set.configuration.template_body == TOPIC
        bench.wait()
        assert [(start, order.template_body) for start, order, _ in bench.engine.deployments] == [
            (0, TOPIC),
            (10, OTHER),
            (20, OTHER),
        ]

    def test_queue_keeps_its_order(self, bench: Bench) -> None:
        """A waiting operation is not overtaken by a later one on the same pair."""
        bench.create(**MANAGED)
        bench.deploy([A, B])
        bench.call("DeleteStackInstances", Accounts=[A, C], Regions=[EAST], RetainStacks=False)
        late = bench.deploy([C])

        assert bench.status(late) == "QUEUED"

    def test_mode_is_fixed_while_something_runs(self, bench: Bench) -> None:
        """ManagedExecution cannot be changed while operations run."""
        bench.create(**MANAGED)
        bench.deploy([A])

        error = bench.refuse(
            "UpdateStackSet",
            UsePreviousTemplate=True,
            Parameters=[STAGE],
            ManagedExecution={"Active": False},
        )

        assert (error.code, error.status) == ("InvalidOperationException", 400)


class TestNothingToDo:
    """Operations that work on nothing."""

    def test_update_without_instances(self, ready: Bench) -> None:
        """An update of a stack set without instances has ended when the call returns."""
        operation = ready.update(TemplateBody=OTHER)

        shown = ready.call("DescribeStackSetOperation", OperationId=operation)["StackSetOperation"]
        assert shown["Status"] == "SUCCEEDED"
        assert shown["EndTimestamp"] == shown["CreationTimestamp"]
        assert ready.results(operation) == {}

    def test_present_and_absent_pairs(self, ready: Bench) -> None:
        """Rows are told of the pairs alone that were there."""
        ready.deploy([A])
        ready.wait()
        asked = {"Accounts": [A, B], "Regions": [EAST], "RetainStacks": False}
        operation = ready.call("DeleteStackInstances", **asked)["OperationId"]
        ready.wait()

        assert ready.status(operation) == "SUCCEEDED"
        assert ready.results(operation) == {(A, EAST): "SUCCEEDED"}

    def test_in_the_queue(self, bench: Bench) -> None:
        """Under ManagedExecution it waits for what it conflicts with, then ends at once."""
        bench.create(ManagedExecution={"Active": True})
        bench.deploy([A])
        waiting = bench.update(TemplateBody=OTHER)
        absent = {"Accounts": [B], "Regions": [EAST], "RetainStacks": False}
        behind = bench.call("DeleteStackInstances", **absent)["OperationId"]

        assert [bench.status(each) for each in (waiting, behind)] == ["QUEUED", "QUEUED"]
        bench.at(10)
        assert [bench.status(each) for each in (waiting, behind)] == ["RUNNING", "QUEUED"]
        bench.at(20)
        assert [bench.status(each) for each in (waiting, behind)] == ["SUCCEEDED", "SUCCEEDED"]
