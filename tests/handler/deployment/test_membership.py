"""Units and lists elsewhere become instances, or the reason says why they do not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from handler.deployment.membership import Memberships
from handler.errors import InvalidProperties, StackSetResourceError
from handler.gateway.organization import NotTold, Organization
from handler.values.memberships import Membership
from handler.values.spec import Overrides, StackSetSpec
from handler.values.targets import Target
from tests.factories import FOUR, ONE, THREE, TWO, VIRGINIA

UNIT, OTHER = "ou-root-aaaaaaaa", "ou-root-bbbbbbbb"
_BIG: Overrides = (("Size", "big"),)
LIST = "https://s3.amazonaws.com/bucket/list"


class Told(Organization):
    """An organization that tells this, one reading after the other.

    Args:
        readings: The status of accounts by unit, for each reading; the last holds on.
    """

    def __init__(self, *readings: Mapping[str, Mapping[str, str]]) -> None:
        self._readings: Iterator[Mapping[str, Mapping[str, str]]] = iter(readings)
        self._now = next(self._readings)
        self._read: set[str] = set()

    def accounts(self, unit: str) -> dict[str, str]:
        """See there."""
        if unit in self._read:
            self._read.clear()
            self._now = next(self._readings, self._now)
        self._read.add(unit)
        if unit not in self._now:
            action, message = "ListAccountsForParent", "denied"
            raise NotTold(action, message)
        return dict(self._now[unit])

    def management_account(self) -> str:
        """See there."""
        return FOUR


def _resolve(
    told: Organization,
    *memberships: Membership,
    named: Mapping[Target, Overrides] | None = None,
    goes_back: bool = False,
) -> tuple[StackSetSpec, list[str]]:
    spec = StackSetSpec(instances=named or {}, memberships=memberships)
    subject = Memberships(told, _read, lambda: goes_back, reads_members=True)
    return subject.resolve(spec), subject.warnings


def _read(url: str) -> frozenset[str]:
    if url != LIST:
        message = "It is not there."
        raise StackSetResourceError(message)
    return frozenset({THREE})


def _group(*units: str, path: str = "group", **others: object) -> Membership:
    return Membership(path, (VIRGINIA,), units=units, **others)  # type: ignore[arg-type]


def _at(*accounts: str) -> set[Target]:
    return {Target(each, VIRGINIA) for each in accounts}


_ALL_ACTIVE = dict.fromkeys((ONE, TWO, FOUR), "ACTIVE")


def test_active_accounts() -> None:
    """Suspended ones are not meant, nor is the management account."""
    told = Told({UNIT: {ONE: "ACTIVE", TWO: "SUSPENDED", THREE: "PENDING_CLOSURE", FOUR: "ACTIVE"}})
    spec, warnings = _resolve(told, _group(UNIT))
    assert set(spec.instances) == _at(ONE)
    assert spec.members == _at(ONE)
    assert warnings == []


def test_management_account() -> None:
    """Where it is asked for it is meant, whatever unit it is in; an exception counts more."""
    told = Told({UNIT: {ONE: "ACTIVE"}})
    spec, _ = _resolve(told, _group(UNIT, includes_management_account=True))
    assert set(spec.instances) == _at(ONE, FOUR)
    group = _group(UNIT, includes_management_account=True, excluded=frozenset({FOUR}))
    assert set(_resolve(told, group)[0].instances) == _at(ONE)


def test_lists_are_not_filtered() -> None:
    """Exceptions are those of units."""
    group = _group(UNIT, accounts_url=LIST, excluded=frozenset({ONE, THREE}))
    assert set(_resolve(Told({UNIT: _ALL_ACTIVE}), group)[0].instances) == _at(TWO, THREE)


def test_named_accounts_are_no_members() -> None:
    """What old properties tell of them holds."""
    named = {Target(ONE, VIRGINIA): ()}
    spec, _ = _resolve(Told({UNIT: _ALL_ACTIVE}), _group(UNIT), named=named)
    assert set(spec.instances) == _at(ONE, TWO)
    assert spec.members == _at(TWO)


def test_an_account_that_moves_meanwhile() -> None:
    """What is read is read again until it is the same twice."""
    told = Told({UNIT: {}, OTHER: {}}, {UNIT: {ONE: "ACTIVE"}, OTHER: {}})
    assert set(_resolve(told, _group(UNIT, OTHER))[0].instances) == _at(ONE)


def test_an_organization_that_does_not_settle() -> None:
    """There is an end to it."""
    told = Told(*({UNIT: {ONE: "ACTIVE", str(n) * 12: "ACTIVE"}} for n in range(3, 9)))
    with pytest.raises(InvalidProperties, match="accounts move while they are listed"):
        _resolve(told, _group(UNIT))


def test_what_is_not_told() -> None:
    """The reason names every group that needs it, and the way out."""
    with pytest.raises(InvalidProperties) as caught:
        _resolve(Told({UNIT: {}}), _group(UNIT, path="a"), _group(OTHER, path="b"))
    paths = [each.path for each in caught.value.faults]
    assert paths == ["a.OrganizationalUnitIds", "b.OrganizationalUnitIds"]
    assert "write the accounts into Accounts" in str(caught.value)


def test_conflicts() -> None:
    """The path is that of the later group, and the text names the earlier."""
    groups = (_group(UNIT, path="a"), _group(UNIT, path="b", overrides=_BIG))
    told = Told({UNIT: _ALL_ACTIVE})
    with pytest.raises(InvalidProperties, match=f"b gives {ONE} in .* overrides than a:"):
        _resolve(told, *groups)
    named = {Target(TWO, VIRGINIA): _BIG}
    with pytest.raises(InvalidProperties, match=f"a gives {TWO} in"):
        _resolve(told, groups[0], named=named)


def test_a_rollback_is_not_refused() -> None:
    """It leaves members as they are, and of overrides that conflict the last counts."""
    spec, warnings = _resolve(Told({}), _group(UNIT), goes_back=True)
    assert (spec.leaves_members, spec.instances) == (True, {})
    assert "stay as they are" in warnings[0]
    spec, warnings = _resolve(
        Told({UNIT: {ONE: "ACTIVE"}}), _group(UNIT), _group(UNIT, overrides=_BIG), goes_back=True
    )
    assert (spec.instances, warnings) == ({Target(ONE, VIRGINIA): _BIG}, [])


def test_list_that_cannot_be_read() -> None:
    """Its property is named."""
    group = _group(accounts_url="https://s3.amazonaws.com/bucket/other")
    with pytest.raises(InvalidProperties, match=r"group\.AccountsUrl names a list"):
        _resolve(Told({}), group)
