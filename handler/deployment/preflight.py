"""What is looked at before a deployment's first write, so that nothing half made comes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from handler.causes import OWN_STACK
from handler.deployment.joining import Joining, newcomers
from handler.deployment.liveness import Liveness
from handler.deployment.memory import Memory
from handler.deployment.request import Request, is_stack_set_id
from handler.errors import Fault, InvalidProperties, StackSetResourceError
from handler.gateway.regions import RegionsNotTold
from handler.gateway.stacksets import StackSets
from handler.gateway.summaries import TemplateSummaries, Unreadable
from handler.gateway.templates import Templates
from handler.observability import logger
from handler.plan.configuration import is_given_otherwise, names_the_same_template
from handler.plan.execution_roles import ExecutionRoles
from handler.properties.declarations import check_template
from handler.properties.everywhere import paths_of_all_regions
from handler.properties.locations import unreadable
from handler.values.everywhere import in_present_regions, in_regions
from handler.values.spec import StackSetSpec
from handler.values.summary import TemplateSummary
from handler.values.targets import ALL_ENABLED
from handler.values.templates import may_have_empty_defaults

_NO_READER = (
    "needs a role that reads the stacks in their accounts: deploy examples/roles/output-reader.yaml"
    " to them, write the role's name into the parameter OutputReaderRoleName of"
    f" {OWN_STACK}, or leave OutputKeys out"
)


@dataclass
class Preflight:
    """The checks of one request that take a call.

    Attributes:
        request: The request.
        memory: Tells whether an earlier invocation has checked it.
        liveness: Tells whether it goes back to what was.
        stack_sets: Tells whether the request has written already.
        templates: Gives the wanted template's text.
        summaries: Gives what CloudFormation tells of it.
        unknown_regions: Gives those Regions of some that nobody knows.
        enabled_regions: Gives those that are enabled in the function's account.
        joining: Looks at stacks that are to join.
        reads_outputs: Whether there is a role that reads the outputs of member stacks.
        execution_roles: Those that stack sets may name.
    """

    request: Request
    memory: Memory
    liveness: Liveness
    stack_sets: StackSets
    templates: Templates
    summaries: TemplateSummaries
    unknown_regions: Callable[[Iterable[str]], Sequence[str]]
    enabled_regions: Callable[[], Collection[str]]
    joining: Joining
    reads_outputs: bool
    execution_roles: ExecutionRoles

    def warnings(self, spec: StackSetSpec) -> Iterator[str]:
        """Yields sentences about what cannot be known to be wrong."""
        units = spec.service_managed.groups if spec.service_managed is not None else ()
        regions = {target.region for target in spec.instances} | {
            r for e in units for r in e.regions
        }
        for name in self.unknown_regions(regions):
            yield (
                f"Regions names {name}, which this version of the function does not know: unless"
                " it is a new Region, write one that exists."
            )

    def with_regions(self, spec: StackSetSpec) -> StackSetSpec:
        """Returns what is wanted with the Regions that ALL_ENABLED stands for.

        Raises:
            InvalidProperties: Nobody tells which are enabled.
        """
        if not spec.names_all_regions:
            return spec
        try:
            return in_regions(spec, self.enabled_regions())
        except RegionsNotTold as error:
            if self._goes_back_from_refusal():
                # Nothing has been changed, and nothing is to be.
                return in_present_regions(spec, self.stack_sets.instances(self.request.physical_id))
            paths = paths_of_all_regions(self.request.properties)
            raise InvalidProperties([Fault(each, _not_told(error)) for each in paths]) from error

    def _goes_back_from_refusal(self) -> bool:
        liveness = self.liveness
        is_rollback = liveness.is_rollback or liveness.is_surely_rollback()
        return is_rollback and liveness.has_refused_before()

    def require(self, spec: StackSetSpec, before: StackSetSpec | None = None) -> None:
        """Make sure that the template takes what it is given, and what it needs is there.

        A rollback is not asked, nor what may be one, nor what leaves the template and all that it
        is given as they were. Where nobody tells, the deployment goes on.

        Args:
            spec: What is wanted.
            before: What was wanted before; None on a Create.

        Raises:
            InvalidProperties: Any of that is not so, there is no such template, or an execution
                role may not be named.
        """
        self._require_execution_role(spec)
        self._require_reader(spec)
        if self.memory.is_checked or (before is not None and self._may_go_back):
            return
        new = newcomers(spec, before)
        is_told = _is_named(spec) and (before is None or is_given_otherwise(spec, before))
        if not (new or is_told):
            return
        faults = list(self._faults(spec, before, new, is_told=is_told))
        self.memory.is_checked = True
        if faults and self._is_what_is_meant(spec) and not self._has_begun():
            raise InvalidProperties(faults)

    def _require_reader(self, spec: StackSetSpec) -> None:
        if spec.output_keys and not (self.reads_outputs or self._has_begun()):
            raise InvalidProperties([Fault("OutputKeys", _NO_READER)])

    def _require_execution_role(self, spec: StackSetSpec) -> None:
        """Refuse a role while nothing is written; what has begun with it goes to its end."""
        fault = self.execution_roles.fault(spec)
        has_begun = self.memory.own or self.memory.stack_set_id
        if fault is not None and not (has_begun or self._has_begun()):
            # Whether it is a rollback, which is not refused, is asked of what is known by now.
            self.liveness.break_silence()
            raise InvalidProperties([fault])

    @property
    def _may_go_back(self) -> bool:
        return self.liveness.is_rollback or not self.liveness.first.status

    def _faults(
        self,
        spec: StackSetSpec,
        before: StackSetSpec | None,
        new: Collection[str],
        *,
        is_told: bool,
    ) -> Iterator[Fault]:
        """Yields what is wrong, by one question about the template.

        Args:
            spec: What is wanted.
            before: What was wanted before.
            new: The ids of stacks that are to join, and were not named before.
            is_told: Whether the template, or what it is given, changes.
        """
        summary = None
        try:
            summary = self.summaries.read(spec) if _is_named(spec) else None
        except Unreadable as error:
            if is_told and (before is None or not names_the_same_template(spec, before)):
                yield from unreadable(spec.template_url, str(error))
        if summary is not None and is_told:
            check = check_template(self.request.properties, summary)
            yield from check.faults
            if check.without_value and not self._may_be_defaulted(spec):
                yield from check.without_value
        if new:
            yield from _hidden_parameters(spec, summary)
            yield from self.joining.faults(spec, new)

    def _may_be_defaulted(self, spec: StackSetSpec) -> bool:
        """Whether a parameter that is shown without a default may have an empty one."""
        text = self.templates.read(spec)
        return text is None or may_have_empty_defaults(text)

    def _is_what_is_meant(self, spec: StackSetSpec) -> bool:
        """Whether the address holds what the digest says; else another content is deployed."""
        try:
            self.templates.check(spec)
        except StackSetResourceError as error:
            logger.info("template is not checked beforehand", cause=str(error))
            return False
        return True

    def _has_begun(self) -> bool:
        """Whether a sandbox that has died has written: a rollback relies on it that none has."""
        present, marks = self.request.physical_id, self.request.marks
        recent = self.stack_sets.recent_operations(present) if is_stack_set_id(present) else []
        return any(marks.action_of(each.operation_id) is not None for each in recent)


def _not_told(error: RegionsNotTold) -> str:
    return (
        f"is {ALL_ENABLED}, and which Regions are enabled is not told ({error}): the function needs"
        " the right account:ListRegions, which the parameter ReadRegions of its stack gives it."
        " Update that stack, or write the names of the Regions"
    )


def _is_named(spec: StackSetSpec) -> bool:
    return spec.template_url is not None or spec.template_body is not None


def _hidden_parameters(spec: StackSetSpec, summary: TemplateSummary | None) -> Iterator[Fault]:
    """Yields what keeps StackSets from importing any stack."""
    declared = summary.parameters if summary is not None else {}
    hidden = [name for name, each in declared.items() if each.is_hidden]
    if hidden and not spec.adopts:
        message = (
            f"names stacks, and the template has the NoEcho parameter {hidden[0]}, with which"
            " StackSets imports none: take NoEcho out, of the stacks' template, too, or leave"
            " ImportStacks out"
        )
        yield Fault("ImportStacks", message)
