"""The organization under boto3, as StackSets and whoever reads it see it."""

import copy
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.stacksets.faults import Answer, CallFault
from emulator.stacksets.organization import Organization
from emulator.virtual.aws import world
from tests.emulator.bench import EAST, A, B, C, D
from tests.emulator.organizations import MANAGED, NETWORK, PLATFORM, ROOT, SANDBOX, organization


def client(service: str = "organizations") -> Any:
    """Return a client that tries once."""
    make: Any = boto3.client
    return make(service, config=Config(retries={"total_max_attempts": 1}))


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    """Return the code of an error."""
    return str(caught.value.response["Error"]["Code"])


def test_what_is_where() -> None:
    """Root, units, parents and accounts are told."""
    with world(organization=organization()):
        asked = client()
        (root,) = asked.list_roots()["Roots"]
        units = asked.list_organizational_units_for_parent(ParentId=ROOT)["OrganizationalUnits"]
        nested = asked.list_organizational_units_for_parent(ParentId=PLATFORM)
        (account,) = asked.list_accounts_for_parent(ParentId=NETWORK)["Accounts"]
        whole = asked.describe_organization()["Organization"]
        listed = asked.list_accounts()["Accounts"]

        assert root["Id"] == ROOT
        assert [unit["Id"] for unit in units] == [PLATFORM, SANDBOX]
        assert [unit["Id"] for unit in nested["OrganizationalUnits"]] == [NETWORK]
        assert account["Id"] == C
        assert whole["MasterAccountId"] == A
        assert [each["Id"] for each in listed] == [A, B, C, D]
        for child, parent in ((C, NETWORK), (NETWORK, PLATFORM), (PLATFORM, ROOT)):
            kind = "ROOT" if parent == ROOT else "ORGANIZATIONAL_UNIT"
            assert asked.list_parents(ChildId=child)["Parents"] == [{"Id": parent, "Type": kind}]


def test_accounts_that_ended() -> None:
    """Suspended and closed accounts are listed, the older Status tells no difference."""
    gone = organization()
    gone.suspend(B)
    gone.close(C)
    with world(organization=gone):
        shown = [client().describe_account(AccountId=each)["Account"] for each in (B, C, D)]

    assert [(each["Status"], each["State"]) for each in shown] == [
        ("SUSPENDED", "SUSPENDED"),
        ("SUSPENDED", "CLOSED"),
        ("ACTIVE", "ACTIVE"),
    ]


def test_pages() -> None:
    """A list goes on where its token says."""
    many = Organization(A)
    for number in range(45):
        many.join(f"{number:012}")
    with world(organization=many):
        pages = client().get_paginator("list_accounts_for_parent").paginate(ParentId=ROOT)
        sizes = [len(page["Accounts"]) for page in pages]
        small = client().list_accounts_for_parent(ParentId=ROOT, MaxResults=2)

    assert sizes == [20, 20, 6]
    assert small["NextToken"]
    assert len(small["Accounts"]) == 2


def test_what_is_not_there() -> None:
    """Unknown parents, children and accounts have errors of their own."""
    with world(organization=organization()):
        calls: tuple[tuple[Any, str], ...] = (
            (lambda: client().list_accounts_for_parent(ParentId="r-none"), "Parent"),
            (lambda: client().list_parents(ChildId="9" * 12), "Child"),
            (lambda: client().describe_account(AccountId="9" * 12), "Account"),
        )
        for call, error in calls:
            with pytest.raises(ClientError) as caught:
                call()
            assert code(caught) == f"{error}NotFoundException"


def test_no_organization() -> None:
    """An account may be in none."""
    with world(), pytest.raises(ClientError) as caught:
        client().list_roots()

    assert code(caught) == "AWSOrganizationsNotInUseException"


@pytest.mark.parametrize("denied", ["*", "ListParents"])
def test_denied(denied: str) -> None:
    """The right may be missing, for all or for some; a call that is throttled is tried again."""
    with world(organization=organization()) as aws:
        aws.organizations.denied.add(denied)
        with pytest.raises(ClientError) as caught:
            client().list_parents(ChildId=C)
        assert code(caught) == "AccessDeniedException"
        if denied != "*":
            assert client().list_roots()["Roots"]
        aws.engine.faults.calls.append(CallFault("ListRoots", Answer.THROTTLED))
        with pytest.raises(ClientError):
            client().list_roots()


def test_member_accounts() -> None:
    """They may only ask where they are, unless they are delegated administrators."""
    found = organization()
    with world(organization=found, account=B):
        assert client().describe_organization()["Organization"]["MasterAccountId"] == A
        with pytest.raises(ClientError) as caught:
            client().list_roots()
        assert code(caught) == "AccessDeniedException"
        found.delegated_administrators.add(B)
        assert client().list_roots()["Roots"]


def test_unknown_call() -> None:
    """What nobody here reads is an assertion."""
    with world(organization=organization()), pytest.raises(AssertionError, match="organizations"):
        client().list_policies(Filter="TAG_POLICY")


def test_stack_sets_and_organization_are_one_world() -> None:
    """A service-managed stack set is deployed by unit, and follows; a copy goes its own way."""
    with world(seconds=10, organization=organization()) as aws:
        stack_sets = client("cloudformation")
        assert stack_sets.describe_organizations_access()["Status"] == "ENABLED"
        asked = {**MANAGED, "AutoDeployment": {"Enabled": True}}
        stack_sets.create_stack_set(StackSetName="Org", **asked)
        targets = {"OrganizationalUnitIds": [ROOT], "AccountFilterType": "NONE"}
        operation = stack_sets.create_stack_instances(
            StackSetName="Org", DeploymentTargets=targets, Regions=[EAST]
        )["OperationId"]
        aws.clock.sleep(60)
        shown = stack_sets.describe_stack_set_operation(StackSetName="Org", OperationId=operation)
        assert shown["StackSetOperation"]["Status"] == "SUCCEEDED"
        assert shown["StackSetOperation"]["DeploymentTargets"] == targets
        twin = copy.deepcopy(aws.engine)
        twin.join("555555555555")
        aws.engine.leave(D)
        aws.clock.sleep(60)

        listed = stack_sets.list_stack_instances(StackSetName="Org")["Summaries"]
        assert {each["Account"] for each in listed} == {B, C}
        assert {each["OrganizationalUnitId"] for each in listed} == {ROOT}
        twin.run_until(1e12)
        (item,) = twin.stack_sets.values()
        assert {each.account for each in item.instances} == {B, C, D, "555555555555"}
