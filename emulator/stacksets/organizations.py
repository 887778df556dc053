"""The API of Organizations, as far as somebody reads who is in which unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.stacksets.errors import ApiError
from emulator.stacksets.organization import AccountStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emulator.stacksets.organization import Member, Organization

PAGE = 20
"""How many members a page of a list has at most."""
_DENIED = "You don't have permissions to access this resource."
_NOT_IN_USE = "Your account is not a member of an organization."

Answer = dict[str, Any]


class Organizations:
    """Answers calls of one account.

    Member accounts that are no delegated administrators may only ask which organization they are
    in. Throttling and the like are `CallFault`s of the engine.

    Args:
        organization: The organization of the account, or None.
        account: Who calls.

    Attributes:
        denied: The actions that the caller has no right to; `*` stands for all.
    """

    def __init__(self, organization: Organization | None, account: str) -> None:
        self.denied: set[str] = set()
        self._organization = organization
        self._account = account

    def call(self, action: str, asked: Mapping[str, Any]) -> Answer:
        """Answer one call.

        Args:
            action: One of `ACTIONS`.
            asked: Its parameters.

        Raises:
            ApiError: The call is refused.
        """
        organization = self._organization
        if organization is None or self._account not in organization.members:
            code = "AWSOrganizationsNotInUseException"
            raise ApiError(code, _NOT_IN_USE)
        administrators = {organization.management_account, *organization.delegated_administrators}
        open_to_all = action == "DescribeOrganization" or self._account in administrators
        if not open_to_all or not self.denied.isdisjoint({"*", action}):
            code = "AccessDeniedException"
            raise ApiError(code, f"{_DENIED} organizations:{action}")
        return _ANSWERS[action](organization, asked)


def _describe_organization(organization: Organization, _asked: Mapping[str, Any]) -> Answer:
    owner = organization.management_account
    return {
        "Organization": {
            "Id": organization.organization_id,
            "Arn": _arn(organization, "organization"),
            "FeatureSet": "ALL",
            "MasterAccountArn": _arn(organization, "account", owner),
            "MasterAccountId": owner,
            "MasterAccountEmail": _email(owner),
        }
    }


def _describe_account(organization: Organization, asked: Mapping[str, Any]) -> Answer:
    member = organization.members.get(asked["AccountId"])
    if member is None:
        code = "AccountNotFoundException"
        raise ApiError(code, "You specified an account that doesn't exist.")
    return {"Account": _account(organization, member)}


def _list_accounts(organization: Organization, asked: Mapping[str, Any]) -> Answer:
    members = organization.members.values()
    return _page("Accounts", [_account(organization, each) for each in members], asked)


def _list_accounts_for_parent(organization: Organization, asked: Mapping[str, Any]) -> Answer:
    parent = _existing(organization, asked["ParentId"])
    members = [each for each in organization.members.values() if each.unit == parent]
    return _page("Accounts", [_account(organization, each) for each in members], asked)


def _list_units_for_parent(organization: Organization, asked: Mapping[str, Any]) -> Answer:
    parent = _existing(organization, asked["ParentId"])
    units = [
        {"Id": unit, "Arn": _arn(organization, "ou", unit), "Name": unit}
        for unit, above in organization.parents.items()
        if above == parent
    ]
    return _page("OrganizationalUnits", units, asked)


def _list_parents(organization: Organization, asked: Mapping[str, Any]) -> Answer:
    child = asked["ChildId"]
    member = organization.members.get(child)
    parent = member.unit if member else organization.parents.get(child)
    if parent is None:
        code = "ChildNotFoundException"
        raise ApiError(code, "You specified a child that doesn't exist.")
    kind = "ROOT" if parent == organization.root else "ORGANIZATIONAL_UNIT"
    return {"Parents": [{"Id": parent, "Type": kind}]}


def _list_roots(organization: Organization, _asked: Mapping[str, Any]) -> Answer:
    root = organization.root
    arn = _arn(organization, "root", root)
    return {"Roots": [{"Id": root, "Arn": arn, "Name": "Root", "PolicyTypes": []}]}


def _account(organization: Organization, member: Member) -> Answer:
    # Status, which is older than State, knows of no closed accounts.
    active = member.status is AccountStatus.ACTIVE
    return {
        "Id": member.account,
        "Arn": _arn(organization, "account", member.account),
        "Email": _email(member.account),
        "Name": f"account {member.account}",
        "Status": "ACTIVE" if active else "SUSPENDED",
        "State": member.status.value,
        "JoinedMethod": "CREATED",
    }


def _existing(organization: Organization, parent: str) -> str:
    if not organization.has_unit(parent):
        code = "ParentNotFoundException"
        raise ApiError(code, "You specified parent that doesn't exist.")
    return parent


def _page(name: str, items: list[Answer], asked: Mapping[str, Any]) -> Answer:
    start = int(asked.get("NextToken") or 0)
    end = start + min(int(asked.get("MaxResults") or PAGE), PAGE)
    more = {"NextToken": str(end)} if end < len(items) else {}
    return {name: items[start:end], **more}


def _arn(organization: Organization, kind: str, name: str = "") -> str:
    path = "/".join(each for each in (kind, organization.organization_id, name) if each)
    return f"arn:aws:organizations::{organization.management_account}:{path}"


def _email(account: str) -> str:
    return f"{account}@example.com"


_ANSWERS: dict[str, Callable[[Organization, Mapping[str, Any]], Answer]] = {
    "DescribeAccount": _describe_account,
    "DescribeOrganization": _describe_organization,
    "ListAccounts": _list_accounts,
    "ListAccountsForParent": _list_accounts_for_parent,
    "ListOrganizationalUnitsForParent": _list_units_for_parent,
    "ListParents": _list_parents,
    "ListRoots": _list_roots,
}
ACTIONS = frozenset(_ANSWERS)
"""The names of the API operations that are answered."""
