"""Random histories of a stack: changes, deaths, faults and other people, from one seed.

A history is played with `python -m tests.simulation.histories SEED`, which prints what happens.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable
from typing import Any

from emulator.stacksets.faults import Answer, BusyFault, CallFault, DeploymentFault
from emulator.stacksets.state import Target
from emulator.virtual.aws import VirtualAWS, world
from emulator.virtual.functions import SandboxDied
from tests.simulation.story import (
    ACCOUNTS,
    REGIONS,
    group,
    new_stack,
    properties,
    stacks_of,
    template,
    wanted_stacks,
)

STRANGERS_ACCOUNT = "999999999999"
_ANSWERS = (Answer.THROTTLED, Answer.SERVER_ERROR, Answer.RESPONSE_LOST)


class History:
    """One stack's life.

    Attributes:
        log: What was done, in words.
    """

    def __init__(self, seed: int) -> None:
        # The function's own pauses are drawn from the common generator.
        random.seed(seed)
        self.random = random.Random(seed)
        self.log: list[str] = []
        self.aws: VirtualAWS = world(seconds=self._seconds, seed=seed, **self._of_the_world())
        self.stack = new_stack(self.aws)
        self.strangers: set[tuple[str, str]] = set()

    def play(self, length: int = 6) -> None:
        """Live it, and check after each change that what was told is true.

        Raises:
            AssertionError: It was not.
        """
        with self.aws:
            for _ in range(length):
                self._meddle()
                self._disturb()
                self._change()
                self._heal()
                self._check()
            if self.stack.status != "DELETE_COMPLETE":
                self._say("delete in the end", self.stack.delete())
                assert self.stack.status == "DELETE_COMPLETE", self.stack.reason
            self._check_gone()
        assert self.aws.unexpected == []

    def _of_the_world(self) -> dict[str, Any]:
        """More arguments of the world."""
        return {}

    def _seconds(self, _order: object) -> float:
        # Long ones cost the test most, since each poll is a call; rarely is often enough.
        return self.random.choices([1.0, 3.0, 20.0, 300.0], weights=[60, 35, 4, 1])[0]

    def _say(self, *words: object) -> None:
        self.log.append(" ".join(str(word) for word in words))

    def _chance(self, probability: float) -> bool:
        return self.random.random() < probability

    # --- what the author does ----------------------------------------------------------------

    def _change(self) -> None:
        if self.stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} and self._chance(0.1):
            self._say("delete ->", self.stack.delete())
            return
        wanted = self._properties()
        self._say("deploy", wanted["StackSetName"], wanted["StackInstances"], self.aws.clock.now)
        self._say("  ->", self.stack.deploy(wanted))

    def _properties(self) -> dict[str, Any]:
        targets = [(a, r) for a in ACCOUNTS for r in REGIONS if self._chance(0.4)]
        groups = [group((account,), (region,), **self._overrides()) for account, region in targets]
        return properties(
            StackInstances=groups,
            StackSetName=self.random.choice(["First", "First", "First", "Second"]),
            TemplateBody=template(self.random.choice("123")),
            Tags=[{"DeployDate": self.random.choice("12")}],
            Parameters=self.random.choice([[], [{"Size": "small"}], [{"Colour": "red"}]]),
            StackSetDescription=self.random.choice(["One", "Two"]),
            OperationPreferences=self.random.choice(
                [
                    {},
                    {"MaxConcurrentCount": 10, "FailureToleranceCount": 10},
                    {"RegionConcurrencyType": "PARALLEL", "MaxConcurrentPercentage": 100},
                    {"RegionOrder": [REGIONS[1]], "FailureTolerancePercentage": 50},
                ]
            ),
        )

    def _overrides(self) -> dict[str, str]:
        return self.random.choice([{}, {}, {"Size": "large"}, {"Size": "huge", "Colour": "blue"}])

    # --- what others do ----------------------------------------------------------------------

    def _meddle(self) -> None:
        """Somebody works on the stack set by hand between two changes."""
        live = self.aws.engine.stack_sets.get(self.stack.physical_id)
        if live is None or live.status != "ACTIVE" or not self._chance(0.4):
            return
        deed = self.random.choice([self._delete_one, self._create_one, self._outdate_one])
        self._say("by hand:", deed.__name__)
        deed(live.stack_set_id)

    def _delete_one(self, stack_set_id: str) -> None:
        instances = self.aws.engine.stack_sets[stack_set_id].instances
        if instances:
            target = self.random.choice(sorted(instances))
            call = {"StackSetName": stack_set_id, "Accounts": [target[0]], "Regions": [target[1]]}
            self.aws.engine.call("DeleteStackInstances", {**call, "RetainStacks": False})
            self.aws.clock.sleep(400)
            self.strangers.discard(target)

    def _create_one(self, stack_set_id: str) -> None:
        target = Target(STRANGERS_ACCOUNT, self.random.choice(REGIONS))
        call = {"StackSetName": stack_set_id, "Accounts": [target[0]], "Regions": [target[1]]}
        self.aws.engine.call("CreateStackInstances", call)
        self.aws.clock.sleep(400)
        self.strangers.add(target)

    def _outdate_one(self, stack_set_id: str) -> None:
        stack_set, engine = self.aws.engine.stack_sets[stack_set_id], self.aws.engine
        if stack_set.instances:
            stack_set.outdate(self.random.choice(sorted(stack_set.instances)))
            engine._history.note(stack_set, self.aws.clock.now)
            self.aws.clock.sleep(400)

    # --- what goes wrong ---------------------------------------------------------------------

    def _disturb(self) -> None:
        faults = self.aws.engine.faults
        if self._chance(0.4):
            times, skip = self.random.randint(1, 12), self.random.randint(0, 20)
            answer = self.random.choice(_ANSWERS)
            faults.calls.append(CallFault("*", answer, times=times, skip=skip))
            self._say("calls go wrong:", answer, times, skip)
        if self._chance(0.3):
            account = self.random.choice(ACCOUNTS)
            actions = self.random.choice([("CREATE",), ("UPDATE",), ("DELETE",), ()])
            often = self.random.choice([1, 2, None])
            fault = DeploymentFault("broken", account=account, actions=actions, times=often)
            faults.deployments.append(fault)
            self._say("deployments fail:", account, actions, often)
        if self._chance(0.2):
            faults.busy.append(BusyFault("First", self.random.choice([20.0, 600.0])))
            self._say("busy")
        stumbles: list[int | Exception] = [500, 503, ConnectionResetError()]
        self.aws.response_answers.extend(
            self.random.choices(stumbles, k=self.random.choice([0, 2]))
        )
        self._plan_deaths()

    def _plan_deaths(self) -> None:
        already = len(self.aws.calls)
        deaths = [
            already + self.random.randint(1, 60) for _ in range(self.random.choice([0, 1, 2]))
        ]
        self._say("sandboxes die at", [each - already for each in deaths])

        def die(_service: str, _action: str, number: int) -> None:
            if number in deaths:
                raise SandboxDied

        hook: Callable[[str, str, int], None] = die
        before = self._chance(0.5)
        self.aws.before_call, self.aws.after_call = (hook, None) if before else (None, hook)

    def _heal(self) -> None:
        """End all faults; a rollback that failed because of them is tried again."""
        self.aws.before_call = self.aws.after_call = None
        self.stack.others_fail = False
        faults = self.aws.engine.faults
        for rules in (faults.calls, faults.deployments, faults.busy):
            rules.clear()
        self.aws.response_answers.clear()
        self.stack.clean_up()
        if self.stack.status == "UPDATE_ROLLBACK_FAILED":
            self._say("continue rollback ->", self.stack.continue_rollback())
        if self.stack.status in {"DELETE_FAILED", "ROLLBACK_FAILED"}:
            self._say("delete again ->", self.stack.delete())

    # --- what has to be true -----------------------------------------------------------------

    def _check(self) -> None:
        active = [each for each in self.aws.engine.stack_sets.values() if each.status == "ACTIVE"]
        if self.stack.status in {"ROLLBACK_COMPLETE", "DELETE_COMPLETE"}:
            self._check_gone()
            return
        assert self.stack.status.startswith(("CREATE_COMPLETE", "UPDATE_")), self.stack.reason
        assert "FAILED" not in self.stack.status, self.stack.reason
        assert [each.stack_set_id for each in active] == [self.stack.physical_id]
        assert not active[0].unfinished
        stacks = stacks_of(self.aws, self.stack.physical_id)
        strangers = {place for place in stacks if place[0] == STRANGERS_ACCOUNT}
        assert strangers <= self.strangers
        ours = {place: each for place, each in stacks.items() if place not in strangers}
        assert ours == wanted_stacks(self._told())

    def _told(self) -> dict[str, Any]:
        """The properties that CloudFormation holds for true."""
        return self.stack.properties

    def _check_gone(self) -> None:
        active = [
            each.name for each in self.aws.engine.stack_sets.values() if each.status == "ACTIVE"
        ]
        assert active == []
        assert self.aws.deployer.stacks == {}
        self.strangers.clear()


def play_all(kind: type[History], seeds: Iterable[int]) -> None:
    """Play histories of a kind; what one raises names the seed that plays it again."""
    for seed in seeds:
        history = kind(seed)
        try:
            history.play()
        except BaseException as error:
            error.add_note(f"seed {seed}:\n" + "\n".join(history.log))
            raise


def play_one(kind: type[History]) -> None:
    """Play the history of the command line's seed and print it."""
    history = kind(int(sys.argv[1]))
    try:
        history.play()
    finally:
        sys.stderr.write("\n".join(history.log) + "\n")


if __name__ == "__main__":
    play_one(History)
