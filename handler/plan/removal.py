"""Which instances go, and what becomes of their stacks. No AWS here."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, replace

from handler.errors import Failure, OperationFailed, TooManyDeletions
from handler.plan.marks import Marks
from handler.plan.steps import CREATE, DELETE
from handler.values.observation import InstanceState, Observation
from handler.values.spec import Previous, StackSetSpec
from handler.values.targets import Box, Target

_ALL = 100


@dataclass(frozen=True)
class Removal:
    """What becomes of the stacks of instances that go.

    Attributes:
        retains: Whether they stay where they are.
        takes_back: Whether those go all the same that the resource has made or begun to delete
            last: in a rollback, what the failed update made.
        fails_on_unreachable: Whether an instance in an account that cannot be reached is kept
            after a try; else it is forgotten.
        coming_back: Instances that are made again, so that their stacks have to go.
        failed: Instances on which a delete of this request has failed.
        imported: Instances whose stacks joined as they were, and are never deleted.
        staying: Those of them that the template still names.
        newest_operation_id: The operation that began last on the stack set; empty for unknown.
        done: What deletes of this request have reached in units.
    """

    retains: bool = False
    takes_back: bool = False
    fails_on_unreachable: bool = False
    coming_back: Container[Target] = ()
    failed: Container[Target] = ()
    imported: frozenset[Target] = frozenset()
    staying: frozenset[Target] = frozenset()
    newest_operation_id: str = ""
    done: Collection[Box] = ()

    @property
    def parted(self) -> frozenset[Target]:
        """Instances whose stacks joined as they were, and that the template names no more."""
        return self.imported - self.staying

    def leaves_stack(self, target: Target, state: InstanceState, marks: Marks) -> bool | None:
        """Whether the stack of an instance that goes stays; None where it has been tried in vain.

        The stack of a suspended account cannot be reached, so it is left. So is what never had a
        stack: an instance that the newest operation has cancelled, or one that a delete has failed
        on, since its account perhaps lacks the execution role. Otherwise such instances could
        never go, and the stack set neither.
        """
        if target in self.imported or state.has_joined or state.is_failed_import:
            return True
        has_failed = target in self.failed
        tried = has_failed or marks.action_of(state.last_operation_id) == DELETE
        if self.retains and target not in self.coming_back and not self._is_own(state, marks):
            return True
        if state.is_suspended:
            return True if not self.fails_on_unreachable else (None if tried else False)
        if state.has_stack:
            return None if has_failed else False
        newest = self.newest_operation_id
        is_of_newest = bool(newest) and state.last_operation_id == newest
        return tried or (state.is_cancelled and is_of_newest)

    def _is_own(self, state: InstanceState, marks: Marks) -> bool:
        return self.takes_back and is_made_by_resource(state, marks)


STACKS_GO = Removal()
"""Stacks are deleted with their instances."""


def is_made_by_resource(state: InstanceState, marks: Marks) -> bool:
    """Whether the resource has made an instance, or begun to delete it, and nothing since."""
    mark = marks.read(state.last_operation_id)
    return mark is not None and mark.action in {CREATE, DELETE}


def leaving(
    wanted: Container[Target], previous: Previous, seen: Observation, marks: Marks
) -> dict[Target, InstanceState]:
    """Returns the instances that leave the template.

    One that an earlier request has begun to delete, and was let off, has left it before.
    """
    return {
        target: state
        for target, state in seen.instances.items()
        if target not in wanted
        and (was_named(target, state, previous, marks) or is_half_deleted(state, marks))
    }


def was_named(target: Target, state: InstanceState, previous: Previous, marks: Marks) -> bool:
    """Whether an instance belonged to the template, one in any Region if the resource made it."""
    if target in previous.instances or target in previous.imported:
        return True
    is_own = marks.is_of_resource(state.last_operation_id)
    return is_own and target.account in previous.in_all_regions


def newly_leaving(
    going: Mapping[Target, InstanceState], previous: Previous, marks: Marks
) -> dict[Target, InstanceState]:
    """Returns those of the leaving instances that the old properties named, where these tell.

    What an earlier update was to delete, and has not come to the end of, is none of this one's.
    """
    before = previous.spec
    if before is None or before.memberships or before.service_managed is not None:
        return dict(going)
    told = replace(previous, instances=dict.fromkeys(before.instances))
    return {t: state for t, state in going.items() if was_named(t, state, told, marks)}


def is_half_deleted(state: InstanceState, marks: Marks) -> bool:
    """Whether a delete of the resource has begun on an instance, and not come to its end."""
    mark = marks.read(state.last_operation_id)
    return not state.is_current and mark is not None and mark.action == DELETE


def limits_deletions(spec: StackSetSpec) -> bool:
    """Whether an update may delete some of the instances, and not all."""
    return spec.max_delete_percentage < _ALL


def is_too_much(spec: StackSetSpec, going: Collection[Target], there: int) -> bool:
    """Whether an update would take away more of the instances than the template allows."""
    return len(going) * 100 > spec.max_delete_percentage * there


def check_share(spec: StackSetSpec, going: Collection[Target], there: int) -> None:
    """Refuse an update that would take away more than the template allows.

    Args:
        spec: What the template says.
        going: The instances that would go.
        there: How many there are.

    Raises:
        TooManyDeletions: Their share is larger.
    """
    if is_too_much(spec, going, there):
        raise TooManyDeletions(sorted(going), there, spec.max_delete_percentage)


def check_removal(going: Mapping[Target, InstanceState], marks: Marks) -> None:
    """Refuse to go on where a delete has left instances because of their accounts.

    Args:
        going: The instances that are to go.
        marks: Those of this request.

    Raises:
        OperationFailed: A delete of this request has left some.
    """
    left = [
        Failure(*target, state.reason)
        for target, state in going.items()
        if state.is_suspended and marks.action_of(state.last_operation_id) == DELETE
    ]
    if left:
        text = "UnreachableAccounts: RETAIN would forget these instances and leave their stacks."
        raise OperationFailed(text, left)


def can_be_forgotten(
    failures: Iterable[Failure], instances: Mapping[Target, InstanceState]
) -> bool:
    """Whether a delete failed only on instances without a stack that can be reached."""
    states = [instances.get(Target(each.account, each.region)) for each in failures]
    return bool(states) and not any(
        state and state.has_stack and not state.is_suspended for state in states
    )
