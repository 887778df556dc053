"""Stacks that are there already, and are to join the stack set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

from pydantic import BeforeValidator

from handler.errors import Fault
from handler.properties import fields, forms, unit_fields
from handler.properties.maps import Properties
from handler.values.targets import Stacks, Target, place_of_stack

_STACK_ID = (
    rf"arn:[a-z0-9-]+:cloudformation:{fields.REGION}:{fields.ACCOUNT}:stack"
    r"/[a-zA-Z][-a-zA-Z0-9]{0,127}/[-a-zA-Z0-9]+"
)
_CHECK = forms.matches(
    _STACK_ID,
    "the id of a stack, arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/..., as"
    " `aws cloudformation describe-stacks` shows it",
)
_StackId = Annotated[str, _CHECK]


class ImportedStack(Properties):
    """One stack; the units to which it is to belong where accounts are those of units."""

    StackId: _StackId
    OrganizationalUnitIds: unit_fields.Units | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """The units, sorted."""
        return tuple(sorted(each for each in self.OrganizationalUnitIds or () if each is not None))


def _as_map(value: object) -> object:
    """An id alone is checked here, for a complaint has to have the place at which it stands."""
    return {"StackId": _CHECK.read(value)} if isinstance(value, str) else value


ImportedStacks = Annotated[
    tuple[Annotated[ImportedStack | None, BeforeValidator(_as_map)], ...],
    BeforeValidator(fields.mark_gaps),
]


def faults_of_imports(
    entries: Iterable[ImportedStack | None], *, is_self_managed: bool
) -> Iterator[Fault]:
    """Yields what is wrong among stacks to import.

    Args:
        entries: As the author wrote them.
        is_self_managed: Whether the stack set knows no units.
    """
    named: dict[Target, int] = {}
    for index, entry in enumerate(entries):
        if entry is None:
            continue
        path = f"ImportStacks[{index}]"
        first = named.setdefault(place_of_stack(entry.StackId), index)
        if first != index:
            message = (
                f"is in the account and Region of ImportStacks[{first}], and a stack set has one"
                " stack in each: remove one of the two"
            )
            yield Fault(path, message)
        if is_self_managed and entry.units:
            message = "needs PermissionModel: SERVICE_MANAGED; write the stack's id alone"
            yield Fault(f"{path}.OrganizationalUnitIds", message)
        if not is_self_managed and not entry.units:
            message = (
                "is missing: with PermissionModel: SERVICE_MANAGED write the unit that the stack's"
                " account is in"
            )
            yield Fault(f"{path}.OrganizationalUnitIds", message)


def stacks_of(entries: Iterable[ImportedStack | None]) -> tuple[Stacks, ...]:
    """Returns what to import, by units; of stacks in one place the first."""
    by_units: dict[tuple[str, ...], list[str]] = {}
    seen: set[Target] = set()
    for entry in entries:
        if entry is not None and place_of_stack(entry.StackId) not in seen:
            seen.add(place_of_stack(entry.StackId))
            by_units.setdefault(entry.units, []).append(entry.StackId)
    return tuple(Stacks(tuple(ids), units) for units, ids in sorted(by_units.items()))
