"""Lists that answer as of some moments ago."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from emulator.stacksets.history import Lag
from tests.emulator.bench import EAST, OTHER, WEST, A, B, Bench, C

LISTS = ["ListStackInstances", "ListStackSetOperations"]


def lagging(seconds: float) -> Bench:
    """Return an engine with a stack set; each of its lists lags by so many seconds."""
    bench = Bench()
    bench.engine.lag = Lag(operations=seconds, results=seconds, instances=seconds, fixed=True)
    bench.create()
    return bench


def statuses(bench: Bench) -> list[str]:
    """Return what ListStackSetOperations says of each operation, newest first."""
    listed = bench.call("ListStackSetOperations")["Summaries"]
    return [summary["Status"] for summary in listed]


def test_lists_are_what_they_were() -> None:
    """Operations, results and instances show up, and change, that much later."""
    bench = lagging(3)
    operation = bench.deploy([A])

    seen = {}
    for now in (0, 2.9, 3, 10, 12.9, 13):
        bench.at(now)
        seen[now] = (statuses(bench), bench.instances(), bench.results(operation))

    pending = (["RUNNING"], {(A, EAST): "OUTDATED/RUNNING"}, {(A, EAST): "RUNNING"})
    ended = (["SUCCEEDED"], {(A, EAST): "CURRENT/SUCCEEDED"}, {(A, EAST): "SUCCEEDED"})
    nothing: Any = ([], {}, {})
    assert seen == {0: nothing, 2.9: nothing, 3: pending, 10: pending, 12.9: pending, 13: ended}


def test_describe_does_not_lag() -> None:
    """Stack sets and operations are described as they are."""
    bench = lagging(60)
    operation = bench.deploy([A])
    bench.at(10)

    assert bench.status(operation) == "SUCCEEDED"
    assert bench.call("DescribeStackSet")["StackSet"]["Regions"] == [EAST]
    assert len(bench.engine.call("ListStackSets", {})["Summaries"]) == 1


def test_described_instance_lags() -> None:
    """DescribeStackInstance lags as the list does."""
    bench = lagging(3)
    bench.deploy([A])
    asked = {"StackInstanceAccount": A, "StackInstanceRegion": EAST}

    assert bench.refuse("DescribeStackInstance", **asked).code == "StackInstanceNotFoundException"
    bench.at(12.9)
    assert bench.call("DescribeStackInstance", **asked)["StackInstance"]["Status"] == "OUTDATED"
    bench.at(13)
    assert bench.call("DescribeStackInstance", **asked)["StackInstance"]["Status"] == "CURRENT"


def test_deleted_instances_linger() -> None:
    """An instance that is gone is still listed for a while; the stack set can be deleted."""
    bench = lagging(5)
    bench.deploy([A])
    bench.at(100)
    bench.call("DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=False)
    bench.at(110)

    assert bench.instances() == {(A, EAST): "OUTDATED/RUNNING"}
    bench.at(115)
    assert bench.instances() == {}


@pytest.mark.parametrize("action", LISTS)
def test_nothing_from_before_the_stack_set(action: str) -> None:
    """A list of a stack set that is younger than the lag is empty."""
    bench = lagging(60)

    assert bench.call(action) == {"Summaries": []}


def test_a_new_stack_set_shows_nothing_of_its_namesake() -> None:
    """A stack set made after another of its name lists nothing of that one."""
    bench = lagging(60)
    bench.deploy([A])
    bench.at(10)
    bench.call("DeleteStackInstances", Accounts=[A], Regions=[EAST], RetainStacks=True)
    bench.call("DeleteStackSet")
    bench.create()
    bench.at(30)

    assert bench.instances() == {}
    assert statuses(bench) == []


def test_each_kind_lags_by_itself() -> None:
    """A lag of instances leaves operations and results alone."""
    bench = Bench()
    bench.create()
    bench.engine.lag = Lag(instances=5, fixed=True)
    operation = bench.deploy([A])
    bench.at(10)

    assert bench.instances() == {(A, EAST): "OUTDATED/RUNNING"}
    assert statuses(bench) == ["SUCCEEDED"]
    assert bench.results(operation) == {(A, EAST): "SUCCEEDED"}


def test_lag_that_begins_later() -> None:
    """What was there when the first lag began counts as always there; it ends at once, too."""
    bench = Bench()
    bench.create()
    bench.deploy([A])
    bench.at(10)
    bench.engine.lag = Lag(instances=60, operations=60, fixed=True)
    bench.deploy([B])
    bench.at(20)

    assert bench.instances() == {(A, EAST): "CURRENT/SUCCEEDED"}
    assert statuses(bench) == ["SUCCEEDED"]
    bench.engine.lag = Lag()
    assert set(bench.instances()) == {(A, EAST), (B, EAST)}
    assert bench.engine.lag == Lag()


def test_lag_is_drawn_for_every_call() -> None:
    """Two looks at one moment may differ, the later one being the older; seeds repeat it."""

    def looks(seed: int) -> list[int]:
        bench = Bench(seconds=1)
        bench.create()
        bench.engine.lag = Lag(instances=9, seed=seed)
        for number in range(10):
            bench.at(number)
            bench.deploy([f"{number:012d}"])
        bench.at(10)
        return [len(bench.instances()) for _ in range(20)]

    assert looks(1) == looks(1) != looks(2)
    assert len(set(looks(1))) > 3
    assert looks(1) != sorted(looks(1))


def test_pages_are_of_one_moment() -> None:
    """A listing goes on where it began, whatever happens meanwhile; the next one is newer."""
    bench = lagging(5)
    bench.deploy([A, B, C])
    bench.at(100)
    first = bench.call("ListStackInstances", MaxResults=1)
    bench.call("DeleteStackInstances", Accounts=[A, B, C], Regions=[EAST], RetainStacks=True)
    bench.at(200)

    rest = bench.call("ListStackInstances", MaxResults=5, NextToken=first["NextToken"])

    assert [each["Account"] for each in first["Summaries"] + rest["Summaries"]] == [A, B, C]
    assert {each["Status"] for each in rest["Summaries"]} == {"CURRENT"}
    assert bench.instances() == {}


def _story(bench: Bench) -> Iterator[float]:
    """Let many things happen; yield moments on the way."""
    dice = random.Random(7)
    bench.fail(B, times=2)
    bench.fail(C, times=1, actions=("DELETE",))
    for step in range(40):
        if not bench.stack_set.unfinished:
            pairs = {
                "Accounts": dice.sample([A, B, C], dice.randint(1, 3)),
                "Regions": dice.sample([EAST, WEST], dice.randint(1, 2)),
            }
            what = dice.randrange(4)
            if what == 0:
                bench.update(TemplateBody=dice.choice([OTHER, OTHER + "# more"]))
            elif what == 1:
                retain = dice.random() < 0.3
                bench.call("DeleteStackInstances", **pairs, RetainStacks=retain)
            else:
                bench.call("CreateStackInstances", **pairs)
        elif step % 7 == 0:
            bench.call("StopStackSetOperation", OperationId=[*bench.stack_set.operations][-1])
        yield bench.now
        bench.at(bench.now + dice.choice([1, 5, 9, 14]))


def test_the_history_misses_nothing() -> None:
    """The lists of a lagging engine are those that an engine without lag showed before."""
    live, late = Bench(), Bench()
    live.create()
    late.create()
    late.engine.lag = Lag(operations=30, results=30, instances=30, fixed=True)

    def lists(bench: Bench) -> Any:
        return (
            sorted(map(repr, bench.call("ListStackInstances")["Summaries"])),
            bench.call("ListStackSetOperations")["Summaries"],
            [sorted(bench.results(each).items()) for each in bench.stack_set.operations],
        )

    shown = {now: lists(live) for now in _story(live)}
    for _ in _story(late):
        pass
    for now, (instances, operations, results) in shown.items():
        late.now = now + 30
        was_instances, was_operations, was_results = lists(late)
        assert (was_instances, was_operations) == (instances, operations)
        assert [each for each in was_results if each] == [each for each in results if each]
