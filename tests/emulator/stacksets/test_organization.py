"""Who is where in an organization."""

import pytest

from emulator.stacksets.organization import AccountStatus, Organization
from tests.emulator.bench import A, B, C, D
from tests.emulator.organizations import NETWORK, PLATFORM, ROOT, SANDBOX, E, organization


def test_members_of_nested_units() -> None:
    """A unit holds the accounts of those below it, the root holds all."""
    found = organization()

    assert [*found.accounts_in(PLATFORM)] == [B, C]
    assert [*found.accounts_in(NETWORK)] == [C]
    assert [*found.accounts_in(ROOT)] == [A, B, C, D]


def test_ancestors() -> None:
    """The root comes last, and has none itself; of an unknown unit nothing is known."""
    found = organization()

    assert found.ancestors(NETWORK) == [PLATFORM, ROOT]
    assert found.ancestors(ROOT) == []
    assert found.lineage("ou-root-unknown1") == []
    assert found.units_of(C) == [NETWORK, PLATFORM, ROOT]
    assert found.units_of(E) == []


def test_accounts_come_and_go() -> None:
    """Accounts join a unit or the root, move and leave."""
    found = organization()
    found.join(E)
    found.move(B, SANDBOX)
    found.leave(C)

    assert {each.account: each.unit for each in found.members.values()} == {
        A: ROOT,
        B: SANDBOX,
        D: SANDBOX,
        E: ROOT,
    }


def test_accounts_end() -> None:
    """Suspended and closed accounts are members still; of strangers nothing bad is known."""
    found = organization()
    found.suspend(B)
    found.close(C)

    assert [each for each in (A, B, C, D, E) if not found.is_active(each)] == [B, C]
    assert found.members[C].status is AccountStatus.CLOSED
    assert B in found.accounts_in(PLATFORM)


def test_units_must_exist() -> None:
    """Accounts and units go only to where there is a unit, and ids look like ids."""
    found = organization()

    with pytest.raises(ValueError, match="there is no unit ou-root-unknown1"):
        found.join(E, "ou-root-unknown1")
    with pytest.raises(ValueError, match="there is no unit ou-root-unknown1"):
        found.add_unit("ou-root-another1", "ou-root-unknown1")
    with pytest.raises(ValueError, match="Sandbox is no id of a unit"):
        found.add_unit("Sandbox")


def test_management_account_is_in_the_root() -> None:
    """It need not be told of."""
    assert Organization(A).units_of(A) == [ROOT]


def test_read_from_json() -> None:
    """A mapping of plain data says all."""
    found = Organization.from_mapping(
        {
            "management_account": A,
            "units": {PLATFORM: ROOT, NETWORK: PLATFORM, SANDBOX: None},
            "accounts": {B: PLATFORM, C: NETWORK, D: SANDBOX},
            "suspended": [B],
            "closed": [C],
            "delegated_administrators": [D],
        }
    )

    expected = organization()
    expected.suspend(B)
    expected.close(C)
    expected.delegated_administrators.add(D)
    assert found == expected
    with pytest.raises(TypeError, match="unit"):
        Organization.from_mapping({"management_account": A, "unit": {}})
