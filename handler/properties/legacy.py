"""What may stay in a template from the days of the awslabs function.

That function read the properties that it knew and passed over all others. A template that has them
still worked then, so an update that leaves them as they are is no reason to fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from handler.errors import Fault
from handler.properties.complaints import Complaint, Place, path_of, told, validate
from handler.properties.mending import ABSENT, is_repetition, value_at, without
from handler.properties.pairs import is_gap
from handler.properties.permissions import GROUP_LISTS

# Members that it never looked at, or (the levels) took for their default where they were wrong.
_PASSED_OVER = {
    *("ServiceToken", "ServiceTimeout", "Description", "TemplateBody", "TemplateDigest"),
    *("PermissionModel", "CallAs", "ManagedExecution", "StackInstancesGroup"),
    *("FailOnTolerated", "RetainStacks", "RetainStacksOnRemoval", "UnreachableAccounts"),
    *("MaxDeletePercentage", "Revision", "DryRun"),
    *("loglevel", "botolevel", "RegionConcurrencyType", "ConcurrencyMode", "DeploymentTargets"),
}


_OF_SERVICE_MANAGED = {
    *("AutoDeployment", "CallAs", "ExecutionRoleTemplateBody", "ExecutionRoleTemplateURL"),
    *("StackSetOutputBucket", "UseAdminExecutionRole"),
}


def leave_out_what_stood_before(
    members: dict[str, Any], old: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """Leave out what is wrong, was passed over by the awslabs function and is as it was.

    Returns:
        The other properties, and a sentence for each thing that was left out.
    """
    members, warnings = _without_alternatives(members, old)
    while True:
        _, complaints = validate(members)
        old_ones = [each for each in complaints if _stood_before(each, members, old)]
        if not old_ones:
            return members, warnings
        for complaint in old_ones:
            members = without(members, complaint)
            warnings += told(complaint.faults)


def are_groups_unchanged(members: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Whether all groups are as they were: that function let two of them name one instance."""
    return all(members.get(name) == old.get(name) for name in GROUP_LISTS)


def never_counted(path: str, members: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Whether it is a property of service-managed stack sets, which nobody had, and unchanged."""
    return path in _OF_SERVICE_MANAGED and members.get(path) == old.get(path)


def _without_alternatives(
    members: dict[str, Any], old: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    warnings = []
    for kept, place in list(_alternatives(members)):
        if _is_unchanged(place, members, old):
            fault = Fault(path_of(place), f"is there beside {kept}, which counts")
            complaint = Complaint(place, (fault,), is_unknown=True)
            members = without(members, complaint)
            warnings += told(complaint.faults)
    return members, warnings


def _alternatives(members: Mapping[str, Any]) -> Iterator[tuple[str, Place]]:
    """Yields each member that was passed over beside one that is its alternative."""
    for kept, other in (("TemplateURL", "TemplateBody"), ("StackSetDescription", "Description")):
        values = members.get(kept), members.get(other)
        if not is_gap(values[0]) and not is_gap(values[1]) and values[0] != values[1]:
            yield kept, (other,)
    for name in GROUP_LISTS:
        groups = members.get(name)
        for index, group in enumerate(groups if isinstance(groups, list) else ()):
            if isinstance(group, dict) and not is_gap(group.get("Accounts")):
                yield "Accounts", (name, index, "DeploymentTargets")


def _stood_before(complaint: Complaint, members: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Whether a complaint is about what was passed over then and has not been touched since."""
    if complaint.is_unknown or is_repetition(complaint, members):
        return _is_unchanged(complaint.place, members, old)
    place = _passed_over(complaint.place)
    return bool(place) and _is_unchanged(place, members, old)


def _passed_over(place: Place) -> Place:
    """The outermost member around a place at which that function never looked; empty for none."""
    for index, name in enumerate(place):
        if name in _PASSED_OVER:
            return place[: index + 1]
    return ()


def _is_unchanged(place: Place, members: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Whether the old properties hold the same at a place; within a group, in any group."""
    value = value_at(members, place)
    if value is ABSENT or is_gap(value):
        return False
    if len(place) > 2 and place[0] in GROUP_LISTS:  # noqa: PLR2004 - list, number, member
        groups = value_at(old, place[:1])
        count = len(groups) if isinstance(groups, list) else 0
        return any(value_at(old, (place[0], n, *place[2:])) == value for n in range(count))
    return bool(value_at(old, place) == value)
