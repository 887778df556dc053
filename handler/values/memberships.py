"""Accounts of organizational units, or of a list elsewhere, that a self-managed group means."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Membership:
    """What the author wrote in place of accounts; who they are is found out by asking.

    Attributes:
        path: Where it is written.
        units: Organizational units, or the root; those below them count, too.
        excluded: Accounts of the units that are not meant.
        includes_management_account: Whether the organization's management account is meant.
        accounts_url: Where a list of further accounts is; empty for none.
        overrides: Pairs of key and value, sorted.
    """

    path: str
    regions: tuple[str, ...]
    units: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    includes_management_account: bool = False
    accounts_url: str = ""
    overrides: tuple[tuple[str, str], ...] = ()
