"""What the organization tells of its units, as far as the function may ask.

https://docs.aws.amazon.com/organizations/latest/APIReference/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from handler.gateway.retry import backoff_intervals, is_transient

if TYPE_CHECKING:
    from botocore.client import BaseClient

_ACTIVE = "ACTIVE"
_UNKNOWN = {"ChildNotFoundException", "ParentNotFoundException"}


class NotTold(Exception):
    """The organization does not tell: the function may not ask, or there is none.

    Attributes:
        action: What was asked, such as ListParents.
        unknown: The unit or account that does not exist; empty where another thing is the cause.
    """

    def __init__(self, action: str, message: str, *, unknown: str = "") -> None:
        super().__init__(f"organizations:{action}: {message}")
        self.action = action
        self.unknown = unknown


class Organization:
    """Reads the tree of units.

    Every method raises NotTold, and whatever ``sleep`` raises.

    Args:
        client: Gives Organizations' client; called only where something is asked.
        sleep: Called with the seconds to wait before each further try.
    """

    def __init__(self, client: Callable[[], BaseClient], sleep: Callable[[float], None]) -> None:
        self._client = client
        self._sleep = sleep
        self._above: dict[str, tuple[str, ...]] = {}

    def root(self) -> str:
        """Returns the id of the root."""
        return str(next(self._pages("list_roots", "Roots"))["Id"])

    def above(self, unit: str) -> tuple[str, ...]:
        """Returns the units above a unit or an account, the nearest first and the root last."""
        if unit.startswith("r-"):
            return ()
        if unit not in self._above:
            parent = str(next(self._pages("list_parents", "Parents", ChildId=unit))["Id"])
            self._above[unit] = (parent, *self.above(parent))
        return self._above[unit]

    def has(self, account: str, unit: str) -> bool:
        """Whether an account is in a unit; one that has left the organization is in none."""
        try:
            return unit in self.above(account)
        except NotTold as error:
            if not error.unknown:
                raise
            return False

    def home_of(self, account: str) -> tuple[str, ...]:
        """Returns the units above an account; none for one that is not in the organization."""
        try:
            return self.above(account)
        except NotTold as error:
            if error.unknown != account:
                raise
            return ()

    def accounts(self, unit: str) -> dict[str, str]:
        """Returns the status of each account in a unit and in those below it."""
        found = {
            str(each["Id"]): str(each.get("State") or each["Status"])
            for each in self._pages("list_accounts_for_parent", "Accounts", ParentId=unit)
        }
        below = self._pages(
            "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=unit
        )
        for each in list(below):
            found |= self.accounts(str(each["Id"]))
        return found

    def management_account(self) -> str:
        """Returns the account that owns the organization, in which StackSets deploys nothing."""
        answer = self._call("describe_organization")
        return str(answer["Organization"]["MasterAccountId"])

    def _pages(self, method: str, name: str, **asked: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self._call(method, **asked, **token)
            yield from page[name]
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}

    def _call(self, method: str, **asked: str) -> dict[str, Any]:
        intervals = backoff_intervals()
        action = "".join(word.capitalize() for word in method.split("_"))
        while True:
            try:
                answer: dict[str, Any] = getattr(self._client(), method)(**asked)
            except (ClientError, BotoCoreError) as error:
                if not is_transient(error):
                    is_unknown = isinstance(error, ClientError) and _code(error) in _UNKNOWN
                    unknown = asked.get("ParentId") or asked.get("ChildId") or ""
                    raise NotTold(
                        action, str(error), unknown=unknown if is_unknown else ""
                    ) from error
            else:
                return answer
            self._sleep(next(intervals))


def active_accounts(statuses: Mapping[str, str]) -> set[str]:
    """Returns those of some accounts that are neither suspended nor closed, nor about to be.

    Args:
        statuses: The status of each account.
    """
    return {account for account, status in statuses.items() if status == _ACTIVE}


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))
