"""DescribeStackInstance and ListStackInstances."""

from typing import Any

from tests.emulator.bench import EAST, TOKYO, A, B, Bench, C


class TestRead:
    """DescribeStackInstance and ListStackInstances."""

    def test_describe_missing(self, ready: Bench) -> None:
        """A pair without instance is StackInstanceNotFound."""
        error = ready.refuse(
            "DescribeStackInstance", StackInstanceAccount=A, StackInstanceRegion=EAST
        )

        assert error.code == "StackInstanceNotFoundException"

    def test_pages(self, ready: Bench) -> None:
        """A list comes in pages of at most 100, linked by tokens."""
        accounts = [f"{number:012}" for number in range(250)]
        ready.deploy(accounts)

        sizes, seen, asked = list[int](), set[str](), dict[str, Any]()
        while True:
            page = ready.call("ListStackInstances", **asked)
            sizes.append(len(page["Summaries"]))
            seen |= {summary["Account"] for summary in page["Summaries"]}
            if "NextToken" not in page:
                break
            asked = {"NextToken": page["NextToken"]}

        assert sizes == [100, 100, 50]
        assert seen == set(accounts)

    def test_page_size(self, ready: Bench) -> None:
        """MaxResults makes pages smaller; a full last page has no token."""
        ready.deploy([A, B])

        assert "NextToken" in ready.call("ListStackInstances", MaxResults=1)
        assert "NextToken" not in ready.call("ListStackInstances", MaxResults=2)

    def test_made_up_token(self, ready: Bench) -> None:
        """A token must be one that was given out."""
        error = ready.refuse("ListStackInstances", NextToken="made-up")

        assert error.code == "ValidationError"

    def test_filters(self, ready: Bench) -> None:
        """Account, Region, detailed status and last operation narrow the list."""
        ready.fail(B, EAST)
        tolerant = {"FailureToleranceCount": 1}
        first = ready.deploy([A, B], [EAST, TOKYO], OperationPreferences=tolerant)
        ready.wait()
        ready.deploy([C])
        ready.wait()

        def listed(**asked: Any) -> set[tuple[str, str]]:
            summaries = ready.call("ListStackInstances", **asked)["Summaries"]
            return {(summary["Account"], summary["Region"]) for summary in summaries}

        def filtered(name: str, value: str) -> set[tuple[str, str]]:
            return listed(Filters=[{"Name": name, "Values": value}])

        assert listed(StackInstanceAccount=A) == {(A, EAST), (A, TOKYO)}
        assert listed(StackInstanceRegion=TOKYO) == {(A, TOKYO), (B, TOKYO)}
        assert filtered("DETAILED_STATUS", "FAILED") == {(B, EAST)}
        assert filtered("LAST_OPERATION_ID", first) == {
            (A, EAST),
            (A, TOKYO),
            (B, EAST),
            (B, TOKYO),
        }
        assert len(filtered("DRIFT_STATUS", "NOT_CHECKED")) == 5
