"""What a template asks for, in one form whatever dialect it was written in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from handler.values.memberships import Membership
from handler.values.organization import SELF, SELF_MANAGED, SERVICE_MANAGED, ServiceManaged
from handler.values.targets import ALL_ENABLED, Stacks, Target

Overrides = tuple[tuple[str, str], ...]
"""Parameter overrides of one instance: (key, value) pairs sorted by key; empty for none."""

NO_OVERRIDES: Overrides = ()

START, END = "START", "END"
"""What a deployment is answered after: the start of its first operation, or its end."""

RETAIN, FAIL = "RETAIN", "FAIL"
"""What becomes of an instance that is to go, and whose account cannot be reached."""

ADOPT = "ADOPT"
"""What becomes, instead of FAIL, of a stack set of the wanted name that is there already."""


@dataclass(frozen=True)
class StackSetSpec:
    """A stack set and its instances as the template wants them.

    Attributes:
        name: None where the author left the name to us.
        template_body: The template's text; None where ``template_url`` is given.
        template_url: Where CloudFormation reads the template; None where the text is given. With
            neither, the stack set keeps the template that it has.
        template_digest: What the template has to be, as ``TemplateDigest`` says; None for unsaid.
        parameters: Parameter values of the stack set, by key.
        tags: Tags of the stack set and its stacks, by key.
        capabilities: The acknowledged capabilities.
        administration_role_arn: None for the service's default role.
        execution_role_name: None for the service's default role.
        managed_execution: Whether operations that do not conflict run side by side.
        preferences: OperationPreferences in the API's form, without gaps.
        instances: The overrides of every wanted stack instance, by target.
        memberships: Accounts of a self-managed stack set that are named by their units, or by a
            list elsewhere.
        members: Those of the instances that memberships have come to; none until that is known.
        leaves_members: Whether they could not be found out, in a rollback, so that what there is of
            them stays as it is.
        written_in: The paths of the groups that name instances, where there are memberships.
        in_all_regions: The overrides of each account that is to have an instance in every Region
            that is enabled in the function's account; what ``instances`` says comes first.
        wait_for: START or END of the deployment: what CloudFormation waits for.
        service_managed: What a service-managed stack set has besides, instead of instances by
            target; None for a self-managed one.
        call_as: SELF or DELEGATED_ADMIN.
        imports: Stacks that join the stack set as they are, by the units they are to belong to.
        retain_stacks: Whether the stacks stay where they are when the resource is deleted.
        retain_stacks_on_removal: Whether they stay when a target leaves the template.
        fails_on_unreachable: Whether an instance that is to go fails the request where its account
            cannot be reached; else it is forgotten.
        fails_on_tolerated: Whether a failure that an operation tolerates fails the request.
        max_delete_percentage: The largest share of the instances that an update may delete.
        adopts: Whether a stack set of the name that is there already is taken over.
        detects_drift: Whether drift is detected when all instances are deployed.
        output_keys: The outputs of the stacks that the answer is to tell.
    """

    name: str | None = None
    description: str | None = None
    template_body: str | None = None
    template_url: str | None = None
    template_digest: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    administration_role_arn: str | None = None
    execution_role_name: str | None = None
    managed_execution: bool = False
    preferences: Mapping[str, Any] = field(default_factory=dict)
    instances: Mapping[Target, Overrides] = field(default_factory=dict)
    memberships: tuple[Membership, ...] = ()
    members: frozenset[Target] = frozenset()
    leaves_members: bool = False
    written_in: Mapping[Target, str] = field(default_factory=dict)
    in_all_regions: Mapping[str, Overrides] = field(default_factory=dict)
    wait_for: str = END
    retain_stacks: bool = False
    retain_stacks_on_removal: bool = False
    fails_on_unreachable: bool = False
    fails_on_tolerated: bool = True
    max_delete_percentage: int = 100
    service_managed: ServiceManaged | None = None
    call_as: str = SELF
    adopts: bool = False
    detects_drift: bool = False
    output_keys: tuple[str, ...] = ()
    imports: tuple[Stacks, ...] = ()

    @property
    def imported(self) -> frozenset[Target]:
        """Where stacks are that join the stack set as they are."""
        return frozenset(target for each in self.imports for target in each.targets())

    @property
    def targets(self) -> Collection[Target]:
        """The instances that are to be there, with overrides of their own or without."""
        return {*self.instances, *self.imported} if self.imports else self.instances.keys()

    @property
    def permission_model(self) -> str:
        """SELF_MANAGED or SERVICE_MANAGED."""
        return SELF_MANAGED if self.service_managed is None else SERVICE_MANAGED

    @property
    def names_all_regions(self) -> bool:
        """Whether some group is deployed to all Regions that are enabled."""
        groups = self.service_managed.groups if self.service_managed is not None else ()
        regions = [each.regions for each in groups] + [each.regions for each in self.memberships]
        return bool(self.in_all_regions) or any(ALL_ENABLED in each for each in regions)

    @property
    def all_overrides(self) -> frozenset[Overrides]:
        """The overrides of all instances, and of those that are not known yet."""
        named = (each for target, each in self.instances.items() if target not in self.members)
        members = (each.overrides for each in self.memberships)
        managed = self.service_managed.groups if self.service_managed is not None else ()
        units = (each.overrides for each in managed)
        return frozenset((*named, *self.in_all_regions.values(), *members, *units))


@dataclass(frozen=True)
class Previous:
    """What the stack set was before this request, as far as the old properties tell.

    Attributes:
        instances: The overrides of each instance that belonged to the template; None for unknown.
        certain: False where they may never have been applied, as with invalid old properties.
        spec: The old properties in full; None where they are unknown.
        is_new: Whether this request made the stack set, so that it is configured as wanted.
        is_doubtful: Whether the deployment before has perhaps not brought its overrides into force.
        is_cut_short: Whether the deployment before perhaps never came to its end.
        in_all_regions: The overrides of each account that had an instance in every Region that
            was enabled: which those were nobody knows, but what the resource has made tells.
    """

    instances: Mapping[Target, Overrides | None]
    certain: bool = True
    spec: StackSetSpec | None = None
    is_new: bool = False
    is_doubtful: bool = False
    is_cut_short: bool = False
    in_all_regions: Mapping[str, Overrides | None] = field(default_factory=dict)

    @property
    def imported(self) -> frozenset[Target]:
        """Where stacks are that had joined as they were."""
        return self.spec.imported if self.spec is not None else frozenset()


@dataclass(frozen=True)
class WaitSpec:
    """What a wait waits for.

    Attributes:
        stack_set_id: The stack set that is deployed.
        deployment_id: The deployment, as the stack set's resource named it.
        is_last: Whether it fails if the deployment still runs.
        call_as: SELF or DELEGATED_ADMIN.
    """

    stack_set_id: str
    deployment_id: str
    is_last: bool = True
    call_as: str = SELF
