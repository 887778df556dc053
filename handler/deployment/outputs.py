"""The outputs of the member stacks, read when all of them are deployed.

They are no part of what CloudFormation has to be told of: a stack that cannot be read leaves the
request as successful as it is, and a warning instead of its outputs.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass, field

from handler.causes import OWN_STACK
from handler.deployment.patience import TimeToRelay
from handler.errors import OutOfTime, first_of
from handler.gateway.member_stacks import MemberStacks, NotRead
from handler.observability import logger
from handler.plan.outcomes import LAG
from handler.values.observation import InstanceState
from handler.values.targets import Target

# As many as the connections that a client keeps.
_THREADS = 10
_PAUSE = 0.2
_PAUSE_OF_LISTS = 5.0
_SHOWN_PLACES = 3
_MOST_LOGGED = 500

Read = dict[Target, "dict[str, str] | NotRead"]
"""The outputs of each stack, or why they are not known."""


_UNLISTED = NotRead(
    "StackSets does not list the stack yet", "Write another Revision to have it read."
)
_NONE = NotRead(
    "there is no stack", "Its account is suspended, or its creation has failed: see the log."
)


@dataclass(frozen=True)
class Outputs:
    """What was read.

    Attributes:
        values: The values by instance and key; no log and no message may show one.
        warnings: Sentences about what is missing.
    """

    values: Mapping[tuple[Target, str], str] = field(default_factory=dict, repr=False)
    warnings: Sequence[str] = ()


@dataclass(frozen=True)
class MemberOutputs:
    """Reads outputs of the member stacks.

    Attributes:
        members: Who reads them; None where the function's stack names no role for it.
        keys: The wanted outputs.
        sleep: Waits for so many seconds; raises OutOfTime or TimeToRelay where there is no time.
    """

    members: MemberStacks | None
    keys: Sequence[str]
    sleep: Callable[[float], None]

    def find(
        self,
        instances: Mapping[Target, InstanceState],
        known: Mapping[Target, str],
        list_stacks: Callable[[], Iterable[tuple[Target, str]]],
    ) -> dict[Target, str]:
        """Returns the ids of the stacks, for which it waits while StackSets may not list them yet.

        Args:
            instances: All instances.
            known: The ids that are known already.
            list_stacks: Lists the ids of all stacks.
        """
        found, until = dict(known), time.time() + (LAG if self.members is not None else 0.0)
        wanted = [each for each, state in instances.items() if _has_stack(state)]
        with contextlib.suppress(OutOfTime, TimeToRelay):
            while any(each not in found for each in wanted):
                found |= dict(list_stacks())
                if time.time() > until:
                    break
                self.sleep(_PAUSE_OF_LISTS)
        return found

    def read(
        self, instances: Mapping[Target, InstanceState], stacks: Mapping[Target, str]
    ) -> Outputs:
        """Read all that can be read before the time is over, a few accounts at once.

        Args:
            instances: All instances.
            stacks: The ids of their stacks.
        """
        if self.members is None:
            message = f"OutputKeys is passed over: parameter OutputReaderRoleName of {OWN_STACK}"
            return Outputs(warnings=(f"{message} names no role.",))
        read: Read = {
            target: _UNLISTED if _has_stack(state) else _NONE
            for target, state in instances.items()
            if target not in stacks
        }
        read |= self._read_all(self.members, stacks)
        values = {
            (target, key): found[key]
            for target, found in sorted(read.items())
            if not isinstance(found, NotRead)
            for key in self.keys
            if key in found
        }
        return Outputs(values, tuple(itertools.chain(_unread(read), self._lacking(read))))

    def _read_all(self, members: MemberStacks, stacks: Mapping[Target, str]) -> Read:
        by_account: dict[str, dict[Target, str]] = {}
        for target, stack_id in sorted(stacks.items()):
            by_account.setdefault(target.account, {})[target] = stack_id
        pool = futures.ThreadPoolExecutor(_THREADS)
        try:
            jobs = [
                (each, pool.submit(_read_account, members, each)) for each in by_account.values()
            ]
            self._wait([job for _, job in jobs])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        late = NotRead("the time was over", f"Give {OWN_STACK} a larger MemorySize.")
        read: Read = {}
        for of_account, job in jobs:
            read |= dict.fromkeys(of_account, late)
            read |= job.result() if job.done() and not job.cancelled() else {}
        return read

    def _wait(self, jobs: Iterable[futures.Future[Read]]) -> None:
        try:
            for job in jobs:
                while not job.done():
                    self.sleep(_PAUSE)
        except (OutOfTime, TimeToRelay):
            return

    def _lacking(self, read: Read) -> Iterator[str]:
        """Yields a sentence for each wanted output that stacks do not have."""
        for key in self.keys:
            places = [
                target
                for target, found in read.items()
                if not isinstance(found, NotRead) and key not in found
            ]
            if places:
                cause = f"the stack has no output {key}"
                mend = "Write it into the template's Outputs, or take it out of OutputKeys."
                yield _told(NotRead(cause, mend), places)


def _read_account(members: MemberStacks, stacks: Mapping[Target, str]) -> Read:
    """Read the stacks of one account, with one session."""
    read: Read = {}
    try:
        partition = next(iter(stacks.values())).split(":")[1]
        credentials = members.enter(next(iter(stacks)).account, partition)
    except NotRead as error:
        return dict.fromkeys(stacks, error)
    for target, stack_id in stacks.items():
        try:
            read[target] = members.outputs(credentials, target.region, stack_id)
        except NotRead as error:
            read[target] = error
    return read


def _has_stack(state: InstanceState) -> bool:
    return state.has_stack or state.is_current


def _unread(read: Read) -> Iterator[str]:
    """Yields a sentence for each cause for which stacks were not read."""
    by_cause: dict[str, list[Target]] = {}
    errors: dict[str, NotRead] = {}
    for target, found in sorted(read.items()):
        if isinstance(found, NotRead):
            by_cause.setdefault(found.cause, []).append(target)
            errors.setdefault(found.cause, found)
    for cause, places in sorted(by_cause.items(), key=lambda each: -len(each[1])):
        yield _told(errors[cause], places)


def _told(error: NotRead, places: Sequence[Target]) -> str:
    """The sentence for Warnings; the log names all places, and what AWS says of the first."""
    names = [f"{each.account}/{each.region}" for each in sorted(places)]
    logger.warning(
        "outputs not read",
        cause=error.cause,
        mend=error.mend,
        told=error.told,
        places=names[:_MOST_LOGGED],
        count=len(names),
    )
    shown = first_of(names, _SHOWN_PLACES)
    return f"OutputKeys: outputs of {shown} are missing: {error.cause}. {error.mend}"
