"""The properties of Custom::StackSet: both dialects in, one StackSetSpec out.

The spellings of the awslabs function and of the native AWS::CloudFormation::StackSet may be mixed
freely. Every complaint about a template is made here, before anything is written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from handler.errors import Fault
from handler.properties import fields
from handler.properties.pairs import is_gap
from handler.values.spec import END, Overrides, StackSetSpec
from handler.values.targets import Target

GROUP_LISTS = ("StackInstances", "StackInstancesGroup")
"""The members that hold groups of stack instances, in either spelling."""

_ALTERNATIVES = (
    ("FailureToleranceCount", "FailureTolerancePercentage"),
    ("MaxConcurrentCount", "MaxConcurrentPercentage"),
)


class Properties(BaseModel):
    """A map of the template: gaps are passed over, members that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _pass_over_gaps(cls, value: object) -> object:
        if not isinstance(value, dict):
            message = f"is {fields.shown(value)}: write a map with {', '.join(cls.model_fields)}"
            raise fields.fault_error(Fault("", message))
        return {key: each for key, each in value.items() if not is_gap(each)}


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


class NativeTargets(Properties):
    """The native resource's way to name accounts."""

    Accounts: fields.Accounts


class Group(Properties):
    """Stack instances that share Regions and overrides."""

    Accounts: fields.Accounts | None = None
    DeploymentTargets: NativeTargets | None = None
    Regions: fields.Regions
    ParameterOverrides: fields.Parameters = {}

    def faults(self, path: str, unreadable: Collection[str]) -> Iterator[Fault]:
        """Yields what is wrong among members that are each right by themselves.

        Args:
            path: The group's own.
            unreadable: Paths of what was left out because it is wrong by itself.
        """
        places = (f"{path}.Accounts", f"{path}.DeploymentTargets")
        is_told = any(each.startswith(places) for each in unreadable)
        if self.Accounts is None and self.DeploymentTargets is None and not is_told:
            yield Fault(path, "names no accounts: write Accounts, or leave the group out")
        if self.Accounts is not None and self.DeploymentTargets is not None:
            yield Fault(path, "has both Accounts and DeploymentTargets: keep one of the two")

    def targets(self) -> list[Target]:
        """Returns every pair of account and Region that the group names."""
        accounts = self.Accounts or (self.DeploymentTargets and self.DeploymentTargets.Accounts)
        return [
            Target(account, region)
            for account in accounts or ()
            for region in self.Regions
            if account is not None and region is not None
        ]

    def overrides(self) -> Overrides:
        """Returns the parameter overrides of all its instances."""
        return tuple(sorted(self.ParameterOverrides.items()))


_Groups = Annotated[tuple[Group | None, ...], BeforeValidator(fields.mark_gaps)]


class StackSetProperties(Properties):
    """All properties of Custom::StackSet."""

    ServiceToken: str | None = None
    ServiceTimeout: fields.Seconds | None = None
    WaitFor: fields.WaitFor = END
    StackSetName: fields.StackSetName | None = None
    DetectDrift: fields.Boolean = False
    OnExistingStackSet: fields.OnExistingStackSet = fields.FAIL
    StackSetDescription: fields.Description | None = None
    Description: fields.Description | None = None
    TemplateURL: fields.TemplateUrl | None = None
    TemplateBody: fields.TemplateBody | None = None
    TemplateDigest: fields.TemplateDigest | None = None
    Parameters: fields.Parameters = {}
    Tags: fields.Tags = {}
    Capabilities: fields.Capabilities = ()
    AdministrationRoleARN: fields.RoleArn | None = None
    ExecutionRoleName: fields.RoleName | None = None
    PermissionModel: fields.SelfManaged | None = None
    CallAs: fields.CallAsSelf | None = None
    ManagedExecution: Execution = Execution()
    OperationPreferences: Preferences = Preferences()
    StackInstances: _Groups = ()
    StackInstancesGroup: _Groups = ()
    loglevel: fields.LogLevel | None = None
    botolevel: fields.LogLevel | None = None

    def groups(self) -> Iterator[tuple[str, Group]]:
        """Yields each group with its path, in both spellings' lists."""
        for name in GROUP_LISTS:
            for index, group in enumerate(getattr(self, name)):
                if group is not None:
                    yield f"{name}[{index}]", group

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
        repeated = self.repetitions()
        for path, group in self.groups():
            yield from group.faults(path, unreadable)
            yield from repeated.get(path, ())

    def repetitions(self) -> dict[str, list[Fault]]:
        """Returns what is wrong with groups that name an instance of another, by their paths."""
        faults: dict[str, list[Fault]] = {}
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
            detects_drift=self.DetectDrift,
            adopts=self.OnExistingStackSet == fields.ADOPT,
            instances={
                target: group.overrides()
                for _, group in self.groups()
                for target in group.targets()
            },
        )
