"""What AWS says of well-known failures comes with what to do, once for each cause."""

from __future__ import annotations

import pytest

from handler.causes import mends_of
from handler.errors import Failure, OperationFailed, RequestRefused, describe_failures
from tests.factories import ONE, OREGON, THREE, TWO, VIRGINIA

_ROLES = (
    "Account {} should have 'AWSCloudFormationStackSetExecutionRole' role with trust relationship"
    " to Role 'AWSCloudFormationStackSetAdministrationRole'."
)


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        (
            _ROLES.format(ONE),
            (
                "make the role AWSCloudFormationStackSetExecutionRole and let the role"
                " AWSCloudFormationStackSetAdministrationRole of the stack set's account assume it"
            ),
        ),
        (
            (
                f"Account {ONE} should have 'Admin' role with trust relationship to CloudFormation"
                " service."
            ),
            "In the stack set's own account, make the role Admin and let cloudformation",
        ),
        (
            f"Role arn:aws:iam::{ONE}:role/Admin is invalid or cannot be assumed",
            "names a role that",
        ),
        ("User: x is not authorized to perform: iam:PassRole on: y", "AdministrationRoleNames"),
        (f"Region {VIRGINIA} is not enabled in account {ONE}", "Enable the Region"),
        ("Region eu-south-1 is disabled for this account", "Enable the Region"),
        ("STS is not activated in this region for account:1", "Enable the Region"),
        ("The security token included in the request is invalid", "Enable the Region"),
        (
            "You must enable organizations access to operate a service managed stack set",
            "activate-organizations-access",
        ),
        (
            (
                "You must be the management account or delegated admin account of an organization"
                " before operating a SERVICE_MANAGED stack set"
            ),
            "register-delegated-administrator",
        ),
        ("Requires capabilities : [CAPABILITY_IAM]", "into Capabilities"),
        ("Parameters: [Vpc] must have values", "under Parameters"),
        ("Parameters: [Vpc] do not exist in the template", "Take them out"),
        ("S3 error: Access Denied", "TemplateBuckets"),
    ],
    ids=lambda each: each[:40],
)
def test_known(said: str, mend: str) -> None:
    """A known failure has one mend, a sentence, and keeps its own words."""
    (told,) = mends_of([said])

    assert mend in told
    assert told.endswith(".")
    assert "{" not in told
    assert told in str(RequestRefused("CreateStackSet", "ValidationError", said))
    assert said in str(RequestRefused("CreateStackSet", "ValidationError", said))


@pytest.mark.parametrize(
    "said",
    ["Role exists", "", "AWS Config is not enabled in this region", "Resource handler returned x"],
    ids=repr,
)
def test_unknown(said: str) -> None:
    """Of what is not known nothing is made up."""
    assert mends_of([said]) == []


def test_once_for_each_cause() -> None:
    """Many stacks that fail for one cause are one cause, told in the words of the first."""
    failures = [Failure(each, VIRGINIA, _ROLES.format(each)) for each in (ONE, TWO, THREE)]
    failures.append(Failure(ONE, OREGON, f"Region {OREGON} is not enabled in account {ONE}"))

    text = str(OperationFailed("CREATE operation op-1 FAILED.", failures))

    assert text.startswith(f"3 stacks failed: Account {ONE} should have ")
    assert f"({ONE}/{VIRGINIA}, {TWO}/{VIRGINIA}, {THREE}/{VIRGINIA})." in text
    assert text.count("In each account that is named, make the role") == 1
    assert text.count("Enable the Region in the accounts") == 1
    assert text.endswith("CREATE operation op-1 FAILED.")


def test_other_accounts_are_other_causes() -> None:
    """Only a stack's own place is no part of its cause."""
    failures = [Failure(ONE, VIRGINIA, f"No peer {each}") for each in (TWO, THREE)]

    assert describe_failures(failures).count("1 stack failed: No peer") == 2
