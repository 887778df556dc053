"""The properties of Custom::StackSet: both dialects in, one StackSetSpec out.

The spellings of the awslabs function and of the native AWS::CloudFormation::StackSet may be mixed
freely. Every complaint about a template is made here, before anything is written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator
from pydantic_core import ErrorDetails

from handler.errors import Fault, InvalidProperties
from handler.properties import fields
from handler.properties.pairs import PARAMETER, is_gap, read_pairs
from handler.values.spec import Overrides, StackSetSpec
from handler.values.targets import Target

_TYPE = "Custom::StackSet"
_ALTERNATIVES = (
    ("FailureToleranceCount", "FailureTolerancePercentage"),
    ("MaxConcurrentCount", "MaxConcurrentPercentage"),
)


class _Properties(BaseModel):
    """A map of the template: gaps are passed over, members that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _pass_over_gaps(cls, value: object) -> object:
        if not isinstance(value, dict):
            message = f"is {fields.shown(value)}: write a map with {', '.join(cls.model_fields)}"
            raise fields.fault_error(Fault("", message))
        return {key: each for key, each in value.items() if not is_gap(each)}


class _ManagedExecution(_Properties):
    Active: fields.Boolean = False


class _OperationPreferences(_Properties):
    RegionConcurrencyType: fields.RegionConcurrencyType | None = None
    RegionOrder: fields.RegionOrder = ()
    FailureToleranceCount: fields.Count | None = None
    FailureTolerancePercentage: fields.Percentage | None = None
    MaxConcurrentCount: fields.PositiveCount | None = None
    MaxConcurrentPercentage: fields.PositivePercentage | None = None
    ConcurrencyMode: fields.ConcurrencyMode | None = None

    def faults(self) -> Iterator[Fault]:
        for count, percentage in _ALTERNATIVES:
            if None not in (getattr(self, count), getattr(self, percentage)):
                message = f"has both {count} and {percentage}: keep one of the two"
                yield Fault("OperationPreferences", message)


class _DeploymentTargets(_Properties):
    Accounts: fields.Accounts


class _Group(_Properties):
    Accounts: fields.Accounts | None = None
    DeploymentTargets: _DeploymentTargets | None = None
    Regions: fields.Regions
    ParameterOverrides: fields.Parameters = {}

    def faults(self, path: str) -> Iterator[Fault]:
        if self.Accounts is None and self.DeploymentTargets is None:
            yield Fault(path, "names no accounts: write Accounts, or leave the group out")
        if self.Accounts is not None and self.DeploymentTargets is not None:
            yield Fault(path, "has both Accounts and DeploymentTargets: keep one of the two")

    def targets(self) -> list[Target]:
        accounts = self.Accounts or (self.DeploymentTargets and self.DeploymentTargets.Accounts)
        return [
            Target(account, region)
            for account in accounts or ()
            for region in self.Regions
            if account is not None and region is not None
        ]

    def overrides(self) -> Overrides:
        return tuple(sorted(self.ParameterOverrides.items()))


_Groups = Annotated[tuple[_Group | None, ...], BeforeValidator(fields.mark_gaps)]


class _StackSet(_Properties):
    ServiceToken: str | None = None
    ServiceTimeout: fields.Seconds | None = None
    StackSetName: fields.StackSetName | None = None
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
    ManagedExecution: _ManagedExecution = _ManagedExecution()
    OperationPreferences: _OperationPreferences = _OperationPreferences()
    StackInstances: _Groups = ()
    StackInstancesGroup: _Groups = ()
    loglevel: fields.LogLevel | None = None
    botolevel: fields.LogLevel | None = None

    def groups(self) -> Iterator[tuple[str, _Group]]:
        for name in ("StackInstances", "StackInstancesGroup"):
            for index, group in enumerate(getattr(self, name)):
                if group is not None:
                    yield f"{name}[{index}]", group

    def faults(self, unreadable: Collection[str] = ()) -> Iterator[Fault]:
        has_template = self.TemplateURL or self.TemplateBody
        if not (has_template or "TemplateURL" in unreadable or "TemplateBody" in unreadable):
            yield Fault("TemplateURL", "is missing: write TemplateURL or TemplateBody")
        if self.TemplateURL and self.TemplateBody:
            yield Fault("TemplateURL", "and TemplateBody are both given: keep one of the two")
        if self.StackSetDescription and self.Description not in (None, self.StackSetDescription):
            yield Fault("Description", "and StackSetDescription differ: keep one of the two")
        yield from self.OperationPreferences.faults()
        yield from self._target_faults()

    def _target_faults(self) -> Iterator[Fault]:
        named_in: dict[Target, str] = {}
        for path, group in self.groups():
            yield from group.faults(path)
            for target in group.targets():
                first = named_in.setdefault(target, path)
                if first != path:
                    place = f"{target.account} in {target.region}"
                    yield Fault(path, f"names {place} again, after {first}: name it once")

    def spec(self) -> StackSetSpec:
        preferences = self.OperationPreferences.model_dump(exclude_none=True)
        order = tuple(each for each in preferences.pop("RegionOrder", ()) if each is not None)
        return StackSetSpec(
            name=self.StackSetName,
            description=self.StackSetDescription or self.Description,
            template_body=self.TemplateBody,
            template_url=self.TemplateURL,
            template_digest=self.TemplateDigest,
            parameters=self.Parameters,
            tags=self.Tags,
            capabilities=frozenset(each for each in self.Capabilities if each is not None),
            administration_role_arn=self.AdministrationRoleARN,
            execution_role_name=self.ExecutionRoleName,
            managed_execution=self.ManagedExecution.Active,
            preferences={"RegionOrder": order, **preferences} if order else preferences,
            instances={
                target: group.overrides()
                for _, group in self.groups()
                for target in group.targets()
            },
        )


def parse_properties(raw: Mapping[str, Any]) -> StackSetSpec:
    """Read the ResourceProperties of a request.

    Args:
        raw: As CloudFormation delivers them, gaps and all.

    Raises:
        InvalidProperties: All that is wrong, each with its path and what to write instead.
    """
    faults: list[Fault] = []
    members = dict(raw)
    try:
        properties = _StackSet.model_validate(members)
    except ValidationError as error:
        faults += _in_template_order(error)
        faults += _faults_of_the_rest(members, error)
    else:
        faults += properties.faults()
    if faults:
        raise InvalidProperties(faults)
    return properties.spec()


def _faults_of_the_rest(members: Mapping[str, Any], error: ValidationError) -> list[Fault]:
    """What is wrong among the members that are each right by themselves."""
    unreadable = {str(location[0]) for each in error.errors() if (location := each["loc"])}
    readable = {name: each for name, each in members.items() if name not in unreadable}
    try:
        return list(_StackSet.model_validate(readable).faults(unreadable))
    except ValidationError:
        return []  # a name that is no text: told already


def salvage_instances(raw: Mapping[str, Any]) -> dict[Target, Overrides]:
    """The stack instances that properties name, whatever else is wrong with them.

    Properties of an earlier deployment were perhaps never valid, yet the instances that they name
    may exist.
    """
    groups = [
        group
        for name in ("StackInstances", "StackInstancesGroup")
        for group in _listed(raw.get(name))
        if isinstance(group, dict)
    ]
    instances: dict[Target, Overrides] = {}
    for group in groups:
        native = group.get("DeploymentTargets")
        accounts = group.get("Accounts") or (
            native.get("Accounts") if isinstance(native, dict) else ()
        )
        overrides, _ = read_pairs(group.get("ParameterOverrides"), PARAMETER)
        targets = [
            Target(account, region)
            for account in _matching(fields.ACCOUNT, accounts)
            for region in _matching(fields.REGION, group.get("Regions"))
        ]
        instances.update(dict.fromkeys(targets, tuple(sorted(overrides.items()))))
    return instances


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _matching(pattern: str, values: object) -> list[str]:
    texts = [str(each).strip() for each in _listed(values)]
    return [text for text in texts if re.fullmatch(pattern, text)]


def _in_template_order(error: ValidationError) -> list[Fault]:
    return [fault for details in error.errors() for fault in _faults(details)]


def _faults(details: ErrorDetails) -> list[Fault]:
    location = details["loc"]
    path = _path(location)
    if details["type"] == fields.FAULTS:
        faults: list[Fault] = details["ctx"][fields.FAULTS]
        return [Fault(path + fault.path, fault.message) for fault in faults]
    if details["type"] == "string_unicode":  # a name with half of a surrogate pair
        return [_unknown((*location, details["input"]))]
    if details["type"] in {"extra_forbidden", "invalid_key"}:
        return [_unknown(location)]
    if details["type"] == "missing":
        return [Fault(path, "is missing: write it, or leave the whole map out")]
    return [Fault(path, f"is {fields.shown(details['input'])}: {details['msg']}")]


def _unknown(location: tuple[int | str, ...]) -> Fault:
    name = str(location[-1])
    holder = _path(location[:-1]) or _TYPE
    known = list(_model_at(location).model_fields)
    close = get_close_matches(name, known, n=1) or [
        each for each in known if each.lower() == name.lower()
    ]
    mend = f"did you mean `{close[0]}`?" if close else f"it knows {', '.join(known)}."
    return Fault("", f"`{name}` is not a property of {holder}; {mend}")


def _model_at(location: tuple[int | str, ...]) -> type[_Properties]:
    names = [each for each in location[:-1] if isinstance(each, str)]
    if not names:
        return _StackSet
    models: dict[str, type[_Properties]] = {
        "ManagedExecution": _ManagedExecution,
        "OperationPreferences": _OperationPreferences,
        "DeploymentTargets": _DeploymentTargets,
    }
    return models.get(names[-1], _Group)


def _path(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in location)
    return text.removeprefix(".")
