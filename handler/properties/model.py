"""The properties of Custom::StackSet: both dialects in, one StackSetSpec out.

The spellings of the awslabs function and of the native AWS::CloudFormation::StackSet may be mixed
freely. Every complaint about a template is made here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from handler.errors import Fault
from handler.properties import asides, fields
from handler.properties.basics import ALTERNATIVES
from handler.properties.imports import stacks_of
from handler.properties.permissions import Permissions
from handler.values.addresses import as_https
from handler.values.organization import SELF_MANAGED, SERVICE_MANAGED
from handler.values.spec import ADOPT, FAIL, START, StackSetSpec
from handler.values.targets import ALL_ENABLED, Target


class StackSetProperties(Permissions):
    """All properties of Custom::StackSet."""

    DetectDrift: fields.Boolean = False
    OutputKeys: asides.OutputKeys = ()
    OnExistingStackSet: fields.OnExistingStackSet = FAIL
    loglevel: fields.LogLevel | None = None
    botolevel: fields.LogLevel | None = None

    def faults(self, unreadable: Collection[str] = ()) -> Iterator[Fault]:
        """Yields what is wrong among members that are each right by themselves.

        Args:
            unreadable: Paths of what was left out because it is wrong by itself.
        """
        yield from self.basic_faults(unreadable)
        yield from self.faults_by_model(unreadable)
        if self.WaitFor == START and any(self.OutputKeys):
            message = "cannot be told with WaitFor: START, whose answer comes before the stacks"
            yield Fault("OutputKeys", f"{message}: leave one of the two out")
        if self.OnExistingStackSet == ADOPT and not self.StackSetName:
            message = "is missing: OnExistingStackSet: ADOPT needs the name of what to take over"
            yield Fault("StackSetName", message)
        repeated = self.repetitions()
        for path, group in self.groups():
            yield from group.faults(path, unreadable)
            yield from repeated.get(path, ())

    def repetitions(self) -> dict[str, list[Fault]]:
        """Returns what is wrong with groups that name an instance of another, by their paths.

        Those of a service-managed stack set may overlap as long as they agree.
        """
        faults: dict[str, list[Fault]] = {}
        if self.PermissionModel == SERVICE_MANAGED:
            return faults
        named_in: dict[Target, str] = {}
        for path, group in self.groups():
            for target in group.targets():
                first = named_in.setdefault(target, path)
                if first != path:
                    place = f"{target.account} in {target.region}"
                    fault = Fault(path, f"names {place} again, after {first}: name it once")
                    faults.setdefault(path, []).append(fault)
        for path, group in self.groups():
            for target in group.targets():
                everywhere = named_in.get(Target(target.account, ALL_ENABLED), path)
                if everywhere != path and target.region != ALL_ENABLED:
                    place = f"{target.account} in {target.region}"
                    message = f"names {place}, which is among {ALL_ENABLED} of {everywhere}"
                    fault = Fault(path, f"{message}: name it once")
                    faults.setdefault(path, []).append(fault)
        return faults

    def written_in(self) -> dict[Target, str]:
        """Returns the path of the group that names each instance."""
        return {target: path for path, group in self.groups() for target in group.targets()}

    def spec(self) -> StackSetSpec:
        """Returns what the properties ask for, whatever dialect they were written in.

        Of members that exclude each other the first counts, of groups that name the same instance
        the last.
        """
        preferences = self.OperationPreferences.model_dump(exclude_none=True)
        for count, percentage in ALTERNATIVES:
            if count in preferences:
                preferences.pop(percentage, None)
        memberships = tuple(self.memberships())
        order = tuple(each for each in preferences.pop("RegionOrder", ()) if each is not None)
        named = {
            target: group.overrides()
            for _, group in self.groups()
            for target in group.targets()
            if self.PermissionModel == SELF_MANAGED
        }
        return StackSetSpec(
            name=self.StackSetName,
            description=self.StackSetDescription or self.Description,
            template_body=None if self.TemplateURL else self.TemplateBody,
            template_url=self.TemplateURL and as_https(self.TemplateURL, self.ServiceToken),
            template_digest=self.TemplateDigest,
            parameters=self.Parameters,
            tags=self.Tags,
            capabilities=frozenset(each for each in self.Capabilities if each is not None),
            administration_role_arn=self.AdministrationRoleARN,
            execution_role_name=self.ExecutionRoleName,
            managed_execution=self.ManagedExecution.Active,
            preferences={"RegionOrder": order, **preferences} if order else preferences,
            wait_for=self.WaitFor,
            retain_stacks=self.RetainStacks,
            retain_stacks_on_removal=self.RetainStacksOnRemoval,
            fails_on_unreachable=self.UnreachableAccounts == FAIL,
            fails_on_tolerated=self.FailOnTolerated,
            max_delete_percentage=self.MaxDeletePercentage,
            detects_drift=self.DetectDrift,
            output_keys=tuple(each for each in self.OutputKeys if each is not None),
            adopts=self.OnExistingStackSet == ADOPT,
            instances={t: each for t, each in named.items() if t.region != ALL_ENABLED},
            in_all_regions={
                t.account: each for t, each in named.items() if t.region == ALL_ENABLED
            },
            memberships=memberships,
            written_in=self.written_in() if memberships else {},
            service_managed=self.service_managed(),
            call_as=self.CallAs,
            imports=stacks_of(self.ImportStacks),
        )
