"""The properties of Custom::StackSet: both dialects in, one StackSetSpec out.

The spellings of the awslabs function and of the native AWS::CloudFormation::StackSet may be mixed
freely. Every complaint about a template is made here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydantic import Field

from handler.errors import Fault
from handler.properties import fields
from handler.properties.maps import Properties
from handler.properties.permissions import Permissions
from handler.values.organization import SELF_MANAGED, SERVICE_MANAGED
from handler.values.spec import END, StackSetSpec
from handler.values.targets import Target

_ALTERNATIVES = (
    ("FailureToleranceCount", "FailureTolerancePercentage"),
    ("MaxConcurrentCount", "MaxConcurrentPercentage"),
)


class Execution(Properties):
    """Whether operations that do not conflict run side by side."""

    Active: fields.Boolean = False


class Preferences(Properties):
    """How wide and how carefully an operation goes, in the API's own terms."""

    RegionConcurrencyType: fields.RegionConcurrencyType | None = None
    RegionOrder: fields.RegionOrder = ()
    FailureToleranceCount: fields.Count | None = None
    FailureTolerancePercentage: fields.Percentage | None = None
    MaxConcurrentCount: fields.PositiveCount | None = None
    MaxConcurrentPercentage: fields.PositivePercentage | None = None
    ConcurrencyMode: fields.ConcurrencyMode | None = None

    def faults(self) -> Iterator[Fault]:
        """Yields what is wrong among members that are each right by themselves."""
        for count, percentage in _ALTERNATIVES:
            if None not in (getattr(self, count), getattr(self, percentage)):
                message = f"has both {count} and {percentage}: keep one of the two"
                yield Fault("OperationPreferences", message)


class StackSetProperties(Permissions):
    """All properties of Custom::StackSet."""

    ServiceToken: str | None = None
    ServiceTimeout: fields.Seconds | None = None
    WaitFor: fields.WaitFor = END
    StackSetName: fields.StackSetName | None = None
    StackSetDescription: fields.Description | None = None
    Description: fields.Description | None = None
    TemplateURL: fields.TemplateUrl | None = None
    TemplateBody: fields.TemplateBody | None = None
    TemplateDigest: fields.TemplateDigest | None = None
    Parameters: fields.Parameters = Field(default={})
    Tags: fields.Tags = Field(default={})
    Capabilities: fields.Capabilities = ()
    ManagedExecution: Execution = Execution()
    OperationPreferences: Preferences = Preferences()
    loglevel: fields.LogLevel | None = None
    botolevel: fields.LogLevel | None = None

    def faults(self, unreadable: Collection[str] = ()) -> Iterator[Fault]:
        """Yields what is wrong among members that are each right by themselves.

        Args:
            unreadable: Paths of what was left out because it is wrong by itself.
        """
        has_template = self.TemplateURL or self.TemplateBody
        if not (has_template or "TemplateURL" in unreadable or "TemplateBody" in unreadable):
            yield Fault("TemplateURL", "is missing: write TemplateURL or TemplateBody")
        if self.TemplateURL and self.TemplateBody:
            yield Fault("TemplateURL", "and TemplateBody are both given: keep one of the two")
        if self.StackSetDescription and self.Description not in (None, self.StackSetDescription):
            yield Fault("Description", "and StackSetDescription differ: keep one of the two")
        yield from self.OperationPreferences.faults()
        yield from self.faults_by_model(unreadable)
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
        return faults

    def spec(self) -> StackSetSpec:
        """Returns what the properties ask for, whatever dialect they were written in.

        Of members that exclude each other the first counts, of groups that name the same instance
        the last.
        """
        preferences = self.OperationPreferences.model_dump(exclude_none=True)
        for count, percentage in _ALTERNATIVES:
            if count in preferences:
                preferences.pop(percentage, None)
        order = tuple(each for each in preferences.pop("RegionOrder", ()) if each is not None)
        return StackSetSpec(
            name=self.StackSetName,
            description=self.StackSetDescription or self.Description,
            template_body=None if self.TemplateURL else self.TemplateBody,
            template_url=self.TemplateURL,
            template_digest=self.TemplateDigest,
            parameters=self.Parameters,
            tags=self.Tags,
            capabilities=frozenset(each for each in self.Capabilities if each is not None),
            administration_role_arn=self.AdministrationRoleARN,
            execution_role_name=self.ExecutionRoleName,
            managed_execution=self.ManagedExecution.Active,
            preferences={"RegionOrder": order, **preferences} if order else preferences,
            wait_for=self.WaitFor,
            instances={
                target: group.overrides()
                for _, group in self.groups()
                for target in group.targets()
                if self.PermissionModel == SELF_MANAGED
            },
            service_managed=self.service_managed(),
            call_as=self.CallAs,
        )
