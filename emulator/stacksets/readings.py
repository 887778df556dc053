"""Where the documentation of StackSets allows two readings: one switch for each."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class Readings:
    """How the engine takes what is not settled; `docs/service-doubts.md` has the evidence.

    The defaults are what is documented, or else what is most likely.
    """

    keeps_removed_description: bool = False
    """UpdateStackSet without Description keeps the one that is there / clears it."""
    shows_non_ascii: bool = True
    """DescribeStackSet shows a template's text as it is / with `?` for what is not ASCII."""
    remembers_creation_token: bool = True
    """CreateStackSet repeated with its token and members gives the StackSetId for ever / only
    within a minute, as a retry; later it is a NameAlreadyExistsException."""
    token_outlives_stack_set: bool = False
    """The token of a deleted stack set gives the id of that one / makes a new stack set."""
    requires_custom_administration_role: bool = False
    """UpdateStackSet without AdministrationRoleARN where a custom one was set is a ValidationError
    / goes back to the default role."""
    lists_defaulted_parameters: bool = True
    """DescribeStackSet lists parameters that only have a default, too / only those given."""
    tells_known_operation_id_first: bool = True
    """An OperationId repeated while its operation runs is an OperationIdAlreadyExistsException /
    an OperationInProgressException."""
    updated_instances_take_tags: bool = True
    """UpdateStackInstances brings the stack set's new tags to the stack / leaves its tags."""
    overrides_wait_for_all_instances: bool = True
    """UpdateStackInstances refuses an override of a parameter that only the new template has until
    all instances have been updated / takes it, for an OUTDATED instance, too."""
    scoped_update_outdates_others: bool = False
    """An UpdateStackSet with a scope that names the template or parameters, but changes neither,
    marks the instances outside OUTDATED / leaves them as they are."""
    failed_create_keeps_stack_id: bool = False
    """An instance whose create has failed keeps the StackId of the deleted stack / has none."""
    refuses_unknown_regions: bool = False
    """A Region that does not exist refuses the whole call / fails its own pairs."""
    shows_empty_defaults: bool = True
    """GetTemplateSummary shows an empty default of a parameter as an empty text / not at all."""
    tells_progress: bool = True
    """Operations tell Stages, totals and RegionalStatusDetails / not yet in this Region."""
    runs_disjoint_side_by_side: bool = True
    """Under ManagedExecution operations on disjoint pairs run at once / every one is queued while
    any other runs or waits."""
    failure_cancels_parallel_regions: bool = True
    """A Region over its tolerance cancels what other Regions, worked on in PARALLEL, have not
    begun / they go on to their ends."""

    difference_needs_every_instance: bool = False
    """An update by unit without some accounts is refused where one of the others has no instance /
    leaves those out that have none. One that names accounts is always refused."""
    keeps_execution_role_template: bool = False
    """UpdateStackSet without an execution role template keeps the custom role / goes back to the
    service's own."""
    deleted_instances_return: bool = False
    """With AutoDeployment on, an instance that is deleted while its account stays in a followed
    unit comes back within minutes / stays away."""
    imports_override_everything: bool = False
    """All values of an imported stack become overrides of its instance / those that differ from the
    stack set's."""
    failed_imports_stay: bool = True
    """A stack that could not be imported stays in the list as FAILED_IMPORT / is no instance."""
    shuffles_accounts: bool = True
    """The accounts of a Region are worked on in an order of the service's own / as they are named.
    """

    @classmethod
    def alternatives(cls) -> Iterator[tuple[str, Readings]]:
        """Yield each switch's name with the readings in which it alone is the other way round."""
        default = cls()
        for field in dataclasses.fields(cls):
            flipped = {field.name: not getattr(default, field.name)}
            yield field.name, dataclasses.replace(default, **flipped)
