"""What only a service-managed stack set may have, and what only another."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Annotated

from pydantic import BeforeValidator

from handler.errors import Fault
from handler.properties import fields, unit_fields
from handler.properties.basics import Basics
from handler.properties.groups import Group
from handler.properties.imports import ImportedStacks, faults_of_imports
from handler.properties.maps import Properties
from handler.values import organization
from handler.values.memberships import Membership
from handler.values.organization import (
    DELEGATED_ADMIN,
    SELF,
    SELF_MANAGED,
    ServiceManaged,
    UnitGroup,
)
from handler.values.selection import Place, Tree, disagreements
from handler.values.targets import ALL

GROUP_LISTS = ("StackInstances", "StackInstancesGroup")
"""The members that hold groups of stack instances, in either spelling."""

_CUSTOM_ROLE = "stacksets-exec-custom-"
_ROLE_TEMPLATES = ("ExecutionRoleTemplateBody", "ExecutionRoleTemplateURL")


class Automatic(Properties):
    """Whether StackSets itself deploys to accounts that join a unit."""

    Enabled: fields.Boolean = False
    RetainStacksOnAccountRemoval: fields.Boolean = False
    DependsOn: unit_fields.StackSetArns = ()

    def value(self) -> organization.AutoDeployment:
        """Returns what the template wants; nothing of it counts while it is off."""
        if not self.Enabled:
            return organization.NO_AUTO_DEPLOYMENT
        depends_on = frozenset(each for each in self.DependsOn if each is not None)
        return organization.AutoDeployment(
            is_enabled=True,
            retains_stacks=self.RetainStacksOnAccountRemoval,
            depends_on=depends_on,
        )


_Groups = Annotated[tuple[Group | None, ...], BeforeValidator(fields.mark_gaps)]


class Permissions(Basics):
    """The properties that depend on the permission model: in whose name, with what, and where."""

    PermissionModel: unit_fields.PermissionModel = SELF_MANAGED
    CallAs: unit_fields.CallAs = SELF
    AutoDeployment: Automatic = Automatic()
    AdministrationRoleARN: fields.RoleArn | None = None
    ExecutionRoleName: fields.RoleName | None = None
    ExecutionRoleTemplateBody: fields.TemplateBody | None = None
    ExecutionRoleTemplateURL: fields.TemplateUrl | None = None
    StackSetOutputBucket: unit_fields.BucketName | None = None
    UseAdminExecutionRole: fields.Boolean = False
    StackInstances: _Groups = ()
    StackInstancesGroup: _Groups = ()
    ImportStacks: ImportedStacks = ()

    def groups(self) -> Iterator[tuple[str, Group]]:
        """Yields each group with its path, in both spellings' lists."""
        for name in GROUP_LISTS:
            for index, group in enumerate(getattr(self, name)):
                if group is not None:
                    yield f"{name}[{index}]", group

    def unit_groups(self) -> list[UnitGroup]:
        """Returns what the groups select in an organization."""
        return [each for path, group in self.groups() for each in group.unit_groups(path)]

    def memberships(self) -> Iterator[Membership]:
        """Yields what a self-managed stack set's groups mean besides accounts that they name."""
        if self.PermissionModel == SELF_MANAGED:
            for path, group in self.groups():
                membership = group.membership(path)
                if membership is not None:
                    yield membership

    def faults_by_model(self, unreadable: Collection[str]) -> Iterator[Fault]:
        """Yields what does not go with the permission model.

        Args:
            unreadable: Paths of what was left out because it is wrong by itself.
        """
        is_self_managed = self.PermissionModel == SELF_MANAGED
        yield from _faults_of_self_managed(self) if is_self_managed else _faults_of_units(self)
        yield from faults_of_imports(self.ImportStacks, is_self_managed=is_self_managed)
        for path, group in self.groups():
            if is_self_managed:
                yield from group.faults_of_self_managed(path, unreadable)
            else:
                yield from group.faults_of_service_managed(path, unreadable)

    def warnings(self) -> Iterator[str]:
        """Yields sentences about what the author should know, though it is no fault."""
        if self.PermissionModel == SELF_MANAGED or not self.AutoDeployment.Enabled:
            return
        for group in self.unit_groups():
            if group.account_filter != ALL:
                yield (
                    f"{group.path}.DeploymentTargets filters accounts, and AutoDeployment passes"
                    " over filters: it deploys to every account that joins a unit."
                )
            if group.overrides:
                yield (
                    f"{group.path}.ParameterOverrides hold for the accounts of today only:"
                    " AutoDeployment deploys to an account that joins without them."
                )

    def service_managed(self) -> ServiceManaged | None:
        """Returns what a service-managed stack set has; None for a self-managed one."""
        if self.PermissionModel == SELF_MANAGED:
            return None
        return ServiceManaged(
            auto_deployment=self.AutoDeployment.value(),
            groups=tuple(self.unit_groups()),
            role_template_body=self.ExecutionRoleTemplateBody,
            role_template_url=self.ExecutionRoleTemplateURL,
            output_bucket=self.StackSetOutputBucket,
            uses_admin_role=self.UseAdminExecutionRole,
        )


def _faults_of_self_managed(properties: Permissions) -> Iterator[Fault]:
    needs = "needs PermissionModel: SERVICE_MANAGED; remove it, or change the model"
    if properties.AutoDeployment.Enabled:
        yield Fault("AutoDeployment", needs)
    if properties.CallAs == DELEGATED_ADMIN:
        message = "is DELEGATED_ADMIN, which needs PermissionModel: SERVICE_MANAGED: write SELF"
        yield Fault("CallAs", message)
    for name in (*_ROLE_TEMPLATES, "StackSetOutputBucket"):
        if getattr(properties, name) is not None:
            yield Fault(name, needs)
    if properties.UseAdminExecutionRole:
        yield Fault("UseAdminExecutionRole", needs)


def _faults_of_units(properties: Permissions) -> Iterator[Fault]:
    yield from _faults_of_roles(properties)
    groups = properties.unit_groups()
    for group, other, place in disagreements(groups, Tree(_root_of(groups)), {}):
        yield conflict(group, other, place)


def _faults_of_roles(properties: Permissions) -> Iterator[Fault]:
    if properties.AdministrationRoleARN is not None:
        message = "does not go with PermissionModel: SERVICE_MANAGED, which has its own: remove it"
        yield Fault("AdministrationRoleARN", message)
    given = [each for each in _ROLE_TEMPLATES if getattr(properties, each) is not None]
    name = properties.ExecutionRoleName
    if len(given) > 1:
        yield Fault(given[1], f"and {given[0]} are both given: keep one of the two")
    if name is not None and not given:
        message = (
            "goes with PermissionModel: SERVICE_MANAGED only beside ExecutionRoleTemplateBody or"
            " ExecutionRoleTemplateURL: remove it, or write the role's template"
        )
        yield Fault("ExecutionRoleName", message)
    if given and (name is None or not name.startswith(_CUSTOM_ROLE)):
        message = f"has to begin with {_CUSTOM_ROLE}, as the role in {given[0]} does"
        yield Fault("ExecutionRoleName", message)
    if given and properties.UseAdminExecutionRole:
        yield Fault("UseAdminExecutionRole", f"and {given[0]} exclude each other: keep one")
    if properties.StackSetOutputBucket is not None and not given:
        message = "is where the execution role's template is kept: write ExecutionRoleTemplateBody"
        yield Fault("StackSetOutputBucket", f"{message} or ExecutionRoleTemplateURL, or remove it")


def _root_of(groups: Iterable[UnitGroup]) -> str:
    named = [unit for each in groups for unit in each.units if unit.startswith("r-")]
    return named[0] if named else Tree().root


def conflict(group: UnitGroup, other: UnitGroup, place: Place) -> Fault:
    """Returns what is wrong where two groups give an account different overrides."""
    message = (
        f"gives accounts of {place.unit} other overrides in {place.region} than {other.path}:"
        " select each account once, or write the same overrides"
    )
    return Fault(group.path, message)


def no_unit(path: str, unit: str) -> Fault:
    """Returns what is wrong where targets name what is no unit.

    Args:
        path: That of the targets.
        unit: What they name.
    """
    message = f"names {unit}, which is no unit of the organization: write one that is"
    return Fault(f"{path}.OrganizationalUnitIds", message)
