"""An engine in an organization: units within units, and one account in each."""

from collections.abc import Sequence
from typing import Any

from emulator.stacksets.organization import Organization
from tests.emulator.bench import EAST, STAGE, TOPIC, A, B, Bench, C, D

ROOT = "r-root"
PLATFORM, NETWORK, SANDBOX = "ou-root-platform", "ou-root-network1", "ou-root-sandbox1"
E = "555555555555"
MANAGED: dict[str, Any] = {
    "PermissionModel": "SERVICE_MANAGED",
    "AutoDeployment": {"Enabled": False},
    "TemplateBody": TOPIC,
    "Parameters": [STAGE],
}


def organization() -> Organization:
    """Return one of A, which manages it, B in PLATFORM, C in NETWORK below that, D in SANDBOX."""
    made = Organization(A)
    made.add_unit(PLATFORM)
    made.add_unit(NETWORK, PLATFORM)
    made.add_unit(SANDBOX)
    for account, unit in ((B, PLATFORM), (C, NETWORK), (D, SANDBOX)):
        made.join(account, unit)
    return made


class ManagedBench(Bench):
    """An engine with one service-managed stack set."""

    def __init__(
        self, *, account: str = A, call_as: str | None = None, made: bool = True, **more: Any
    ) -> None:
        self.organization = organization()
        if call_as:
            self.organization.delegated_administrators.add(account)
        self.call_as = call_as
        asked = more.pop("asked", {})
        super().__init__(account=account, organization=self.organization, **more)
        if made:
            self.create(**asked)

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Call an action on the stack set, in the view of the test."""
        if self.call_as and "CallAs" not in parameters:
            parameters["CallAs"] = self.call_as
        return super().call(action, **parameters)

    def create(self, **parameters: Any) -> str:
        """Make the stack set; return its id."""
        return super().create(**{**MANAGED, **parameters})

    def to_units(
        self,
        action: str,
        units: Sequence[str],
        regions: Sequence[str] = (EAST,),
        filter_type: str | None = None,
        accounts: Sequence[str] | None = None,
        **parameters: Any,
    ) -> dict[str, Any]:
        """Return the parameters of an instance call by unit."""
        targets: dict[str, Any] = {"OrganizationalUnitIds": list(units)}
        if accounts is not None:
            targets["Accounts"] = list(accounts)
        if filter_type is not None:
            targets["AccountFilterType"] = filter_type
        retain = {"RetainStacks": False} if action == "DeleteStackInstances" else {}
        return {"DeploymentTargets": targets, "Regions": list(regions), **retain, **parameters}

    def start(self, action: str, units: Sequence[str], **more: Any) -> str:
        """Start an operation by unit; return its id."""
        return str(self.call(action, **self.to_units(action, units, **more))["OperationId"])

    def run(self, action: str, units: Sequence[str], **more: Any) -> str:
        """Start an operation by unit and wait until it has ended; return its id."""
        operation_id = self.start(action, units, **more)
        self.wait()
        return operation_id

    def refused(self, action: str, units: Sequence[str], **more: Any) -> str:
        """Call by unit what must be refused; return `CODE: text`."""
        error = self.refuse(action, **self.to_units(action, units, **more))
        return f"{error.code}: {error.message}"

    def accounts(self) -> list[str]:
        """Return the accounts that have an instance, sorted."""
        return sorted({account for account, _ in self.instances()})

    def units(self) -> dict[str, str]:
        """Return the unit of each account's instance."""
        return {
            each["Account"]: each["OrganizationalUnitId"]
            for each in self.call("ListStackInstances")["Summaries"]
        }

    def shown(self) -> dict[str, Any]:
        """Return what DescribeStackSet shows."""
        shown: dict[str, Any] = self.call("DescribeStackSet")["StackSet"]
        return shown
