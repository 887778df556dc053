"""What the service does by itself when accounts come, move and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from emulator.stacksets.selection import Preferences
from emulator.stacksets.state import Operation, Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.stacksets.context import Context
    from emulator.stacksets.organization import Organization
    from emulator.stacksets.state import StackSet

RETURN_SECONDS = 180.0
"""After how long a deleted instance comes back, if deleted instances do."""


class AutoDeployer:
    """Starts operations on the stack sets that follow their units.

    They have no account filters, no overrides and no preferences, and wait for whatever runs.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._returning: list[tuple[float, StackSet, tuple[Target, ...]]] = []
        if context.readings.deleted_instances_return:
            context.runner.on_end.append(self._note_deletion)

    def follow(self, account: str, before: list[str]) -> None:
        """Deploy to an account what its units have, and take away what those had that it left.

        Args:
            account: An account of which the place in the organization has changed.
            before: All units that it was in.
        """
        organization = self._context.organization
        if organization is None or not organization.trusted_access:
            return
        if account == organization.management_account:
            return
        after = organization.units_of(account)
        for item in self._followers():
            staying = _regions(item, [unit for unit in after if unit in before])
            left = _regions(item, [unit for unit in before if unit not in after])
            entered = _regions(item, [unit for unit in after if unit not in before])
            gone = [Target(account, each) for each in left if each not in staying]
            self._start(item, "DELETE", [each for each in gone if each in item.instances], left)
            come = [Target(account, each) for each in entered if each not in staying]
            self._start(item, "CREATE", come, entered)

    def next_at(self) -> float | None:
        """Return when something will happen by itself, or None."""
        return min((instant for instant, _, _ in self._returning), default=None)

    def run_until(self, now: float) -> None:
        """Let deleted instances come back of which the time has come."""
        due = [each for each in self._returning if each[0] <= now]
        self._returning = [each for each in self._returning if each[0] > now]
        organization = self._context.organization
        for _, item, targets in due:
            if organization is None or item not in self._followers():
                continue
            for target in targets:
                self._bring_back(item, target, organization)

    def _bring_back(self, item: StackSet, target: Target, organization: Organization) -> None:
        followed = _regions(item, organization.units_of(target.account))
        if target.region in followed and target not in item.instances:
            self._start(item, "CREATE", [target], followed)

    def _followers(self) -> list[StackSet]:
        return [
            item
            for item in self._context.stack_sets.values()
            if item.status == "ACTIVE" and item.configuration.follows_units
        ]

    def _start(
        self,
        item: StackSet,
        action: Literal["CREATE", "DELETE"],
        targets: list[Target],
        units: dict[str, str],
    ) -> None:
        if not targets:
            return
        context, settings = self._context, item.configuration.auto_deployment
        operation = Operation(
            operation_id=context.new_uuid(),
            action=action,
            created_at=context.now(),
            targets=tuple(targets),
            units={target.account: units[target.region] for target in targets},
            preferences=Preferences(),
            retain_stacks=action == "DELETE" and settings is not None and settings.retain_stacks,
            exclusive=True,
            automatic=True,
        )
        context.runner.submit(item, operation, context.now())

    def _note_deletion(self, item: StackSet, operation: Operation, now: float) -> None:
        if operation.action == "DELETE" and not operation.automatic:
            gone = tuple(each for each in operation.results if each not in item.instances)
            self._returning.append((now + RETURN_SECONDS, item, gone))


def _regions(item: StackSet, units: Iterable[str]) -> dict[str, str]:
    """The Regions that a stack set follows for these units, with the unit of each."""
    found: dict[str, str] = {}
    for unit in units:
        for region in item.followed.get(unit, ()):
            found.setdefault(region, unit)
    return found
