"""Service-managed stack sets on the local AWS: real stacks in the accounts of units."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.local.aws import ADMINISTRATOR, HOME_REGION, LocalAWS
from tests.local.consumer import REGION, Consumer
from tools.environments import ROOT as REPOSITORY

ROOT, PLATFORM, NETWORK = "r-root", "ou-root-platform", "ou-root-network1"
A, B, C = "222222222222", "333333333333", "444444444444"
ORGANIZATION: dict[str, Any] = {
    "management_account": ADMINISTRATOR,
    "units": {PLATFORM: ROOT, NETWORK: PLATFORM},
    "accounts": {A: PLATFORM, B: NETWORK},
}
GRANTED = {
    "ReadOrganization": "EVERYTHING",
    "ImportStacks": "true",
    "DefaultOperationPreferences": "FAST",
}
ROLE = "stacksets-exec-custom-e2e"
ROLE_TEMPLATE = {
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": ROLE,
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "cloudformation.amazonaws.com"},
                            "Action": "sts:AssumeRole",
                        }
                    ],
                },
                "Policies": [
                    {
                        "PolicyName": "stacks",
                        "PolicyDocument": {
                            "Version": "2012-10-17",
                            "Statement": [
                                {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
                                {"Effect": "Allow", "Action": "ssm:*", "Resource": "*"},
                            ],
                        },
                    }
                ],
            },
        }
    }
}


@pytest.fixture(scope="module")
def aws(emulator_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAWS]:
    """A local AWS in an organization."""
    folder = tmp_path_factory.mktemp("organization-aws")
    with LocalAWS(emulator_python, folder, organization=ORGANIZATION) as running:
        yield running


def make(aws: LocalAWS, name: str, **more: Any) -> Any:
    """Make a service-managed stack set with one setting; return the client."""
    properties = {"Type": "String", "Value": "deep", "Name": f"/e2e/{name}"}
    setting = {"Type": "AWS::SSM::Parameter", "Properties": properties}
    client = aws.client("cloudformation")
    client.create_stack_set(
        StackSetName=name,
        TemplateBody=json.dumps({"Resources": {"Setting": setting}}),
        PermissionModel="SERVICE_MANAGED",
        **{"AutoDeployment": {"Enabled": False}, **more},
    )
    return client


def wait(condition: Callable[[], bool]) -> None:
    """Wait until something holds, for half a minute."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def run(client: Any, action: str, name: str, units: list[str], **more: Any) -> str:
    """Carry out an instance operation by unit; return its status."""
    operation = getattr(client, action)(
        StackSetName=name,
        DeploymentTargets={"OrganizationalUnitIds": units, "AccountFilterType": "NONE"},
        Regions=[HOME_REGION],
        OperationPreferences={"MaxConcurrentPercentage": 100, "FailureTolerancePercentage": 100},
        **more,
    )["OperationId"]

    def status() -> str:
        asked = {"StackSetName": name, "OperationId": operation}
        return str(client.describe_stack_set_operation(**asked)["StackSetOperation"]["Status"])

    wait(lambda: status() not in {"RUNNING", "QUEUED"})
    return status()


def has_setting(aws: LocalAWS, account: str, name: str) -> bool:
    """Tell whether the setting stands in an account."""
    listed = aws.client("ssm", account).describe_parameters()["Parameters"]
    return f"/e2e/{name}" in {each["Name"] for each in listed}


def test_stacks_follow_the_members(aws: LocalAWS) -> None:
    """A unit's accounts get real stacks, one that joins gets its own, one that leaves loses it."""
    client = make(aws, "follow", AutoDeployment={"Enabled": True})
    assert run(client, "create_stack_instances", "follow", [PLATFORM]) == "SUCCEEDED"
    assert [has_setting(aws, each, "follow") for each in (A, B, C)] == [True, True, False]

    aws.set_organization({**ORGANIZATION, "accounts": {A: PLATFORM, C: NETWORK}})
    wait(lambda: has_setting(aws, C, "follow") and not has_setting(aws, B, "follow"))
    aws.set_organization(ORGANIZATION)
    wait(lambda: has_setting(aws, B, "follow") and not has_setting(aws, C, "follow"))

    client = aws.client("cloudformation")
    listed = client.list_stack_instances(StackSetName="follow")["Summaries"]
    assert {each["OrganizationalUnitId"] for each in listed} == {PLATFORM}
    assert (
        run(client, "delete_stack_instances", "follow", [ROOT], RetainStacks=False) == "SUCCEEDED"
    )
    client.delete_stack_set(StackSetName="follow")


def test_custom_role_limits_what_is_deployed(aws: LocalAWS) -> None:
    """The stacks are made with the role of the template, and its rights are enforced."""
    role = json.dumps(ROLE_TEMPLATE)
    custom = {
        "ExecutionRoleName": ROLE,
        "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    }
    client = make(aws, "custom", ExecutionRoleTemplateBody=role, **custom)
    assert run(client, "create_stack_instances", "custom", [PLATFORM]) == "SUCCEEDED"
    used = {each["principal"] for each in aws.iam_actions() if ROLE in each["principal"]}
    assert {each.split(":")[4] for each in used} == {A, B}

    denied = role.replace("cloudformation:*", "sns:*")
    client = make(aws, "denied", ExecutionRoleTemplateBody=denied, **custom)
    assert run(client, "create_stack_instances", "denied", [NETWORK]) == "SUCCEEDED"
    (instance,) = client.list_stack_instances(StackSetName="denied")["Summaries"]
    assert instance["StackInstanceStatus"]["DetailedStatus"] == "FAILED"


def test_organizations_tells_the_same(aws: LocalAWS) -> None:
    """Units, accounts and parents can be read; members may not read them."""
    organizations = aws.client("organizations")
    (root,) = organizations.list_roots()["Roots"]
    (unit,) = organizations.list_organizational_units_for_parent(ParentId=ROOT)[
        "OrganizationalUnits"
    ]
    (account,) = organizations.list_accounts_for_parent(ParentId=NETWORK)["Accounts"]

    assert (root["Id"], unit["Id"], account["Id"]) == (ROOT, PLATFORM, B)
    assert organizations.list_parents(ChildId=B)["Parents"][0]["Id"] == NETWORK
    of_member = aws.client("organizations", A)
    with pytest.raises(of_member.exceptions.AccessDeniedException):
        of_member.list_roots()


def test_stacks_are_imported(aws: LocalAWS) -> None:
    """A stack that stands in an account becomes an instance, and drift is told."""
    client = make(aws, "imported")
    body = client.describe_stack_set(StackSetName="imported")["StackSet"]["TemplateBody"]
    aws.deploy("by-hand", body, account=A).require()
    stack = aws.client("cloudformation", A).describe_stacks(StackName="by-hand")["Stacks"][0]
    client.import_stacks_to_stack_set(
        StackSetName="imported", StackIds=[stack["StackId"]], OrganizationalUnitIds=[PLATFORM]
    )

    def instance() -> dict[str, Any]:
        listed = client.list_stack_instances(StackSetName="imported")["Summaries"]
        return dict(listed[0])

    wait(lambda: instance()["Status"] == "CURRENT")
    assert instance()["StackId"] == stack["StackId"]
    client.detect_stack_set_drift(StackSetName="imported")
    wait(lambda: instance()["DriftStatus"] == "IN_SYNC")


def test_a_stack_with_another_template_is_not_imported(aws: LocalAWS) -> None:
    """The service takes a stack only where its template says what the stack set's says."""
    client = make(aws, "refused")
    body = client.describe_stack_set(StackSetName="refused")["StackSet"]["TemplateBody"]
    aws.deploy("other", body.replace("deep", "shallow"), account=B).require()
    stack = aws.client("cloudformation", B).describe_stacks(StackName="other")["Stacks"][0]
    operation = client.import_stacks_to_stack_set(
        StackSetName="refused", StackIds=[stack["StackId"]], OrganizationalUnitIds=[PLATFORM]
    )["OperationId"]
    asked = {"StackSetName": "refused", "OperationId": operation}

    def results() -> list[dict[str, Any]]:
        return list(client.list_stack_set_operation_results(**asked)["Summaries"])

    wait(lambda: bool(results()) and results()[0]["Status"] == "FAILED")
    assert "has another template than the stack set" in results()[0]["StatusReason"]
    aws.delete("other", account=B).require()


def test_a_stack_owns_a_stack_set_by_unit(aws: LocalAWS, bundle: Path) -> None:
    """The deployed function makes it, changes it, finds who has joined, and leaves nothing."""
    aws.deploy_provider(bundle, REPOSITORY / "template.yaml", GRANTED).require()
    consumer = Consumer(aws, "by-unit")

    def deploy(revision: str, **targets: Any) -> list[str]:
        units = {"OrganizationalUnitIds": [PLATFORM, NETWORK], **targets}
        consumer.deploy(
            PermissionModel="SERVICE_MANAGED",
            AdministrationRoleARN=None,
            Revision=revision,
            StackInstances=[{"Regions": [REGION], "DeploymentTargets": units}],
        ).require()
        return sorted(consumer.settings())

    assert deploy("1") == [A, B]
    all_but_one = {"AccountFilterType": "DIFFERENCE", "Accounts": [A]}
    assert deploy("2", **all_but_one) == [B]
    aws.set_organization({**ORGANIZATION, "accounts": {A: PLATFORM, B: NETWORK, C: NETWORK}})
    assert deploy("3", **all_but_one) == [B, C]
    assert len(consumer.operations()) == 3
    consumer.delete().require()
    aws.set_organization(ORGANIZATION)
    assert consumer.settings() == {}
    assert consumer.stack_set() is None


def test_existing_stacks_join(aws: LocalAWS, bundle: Path) -> None:
    """A stack made by hand becomes an instance beside those of its unit, and outlives them."""
    aws.deploy_provider(bundle, REPOSITORY / "template.yaml", GRANTED).require()
    consumer = Consumer(aws, "joined")
    aws.deploy("before", consumer.template(), account=A, region=REGION).require()
    members = aws.client("cloudformation", A, REGION)
    stack_id = members.describe_stacks(StackName="before")["Stacks"][0]["StackId"]
    units = {"OrganizationalUnitIds": [PLATFORM, NETWORK]}
    consumer.deploy(
        PermissionModel="SERVICE_MANAGED",
        AdministrationRoleARN=None,
        StackInstances=[{"Regions": [REGION], "DeploymentTargets": units}],
        ImportStacks=[{"StackId": stack_id, "OrganizationalUnitIds": [PLATFORM]}],
    ).require()
    assert sorted(consumer.settings()) == [A, B]
    listed = aws.client("cloudformation").list_stack_instances(StackSetName="joined")["Summaries"]
    assert stack_id in {each["StackId"] for each in listed}
    consumer.delete().require()
    assert consumer.stack_set() is None
    assert sorted(consumer.settings()) == [A]
    aws.delete("before", account=A, region=REGION).require()


def test_the_example_of_units_with_roles_of_ones_own(aws: LocalAWS, bundle: Path) -> None:
    """Self-managed, all active accounts of a unit have it, or all but the exceptions."""
    aws.deploy_provider(bundle, REPOSITORY / "template.yaml", GRANTED).require()
    setting = {"Type": "String", "Value": "guarded", "Name": "/e2e/guardrails"}
    body = {"Resources": {"Setting": {"Type": "AWS::SSM::Parameter", "Properties": setting}}}
    given = {
        "TemplateURL": aws.upload("stackset-resource-e2e", "units.json", json.dumps(body).encode()),
        "AdministrationRoleARN": aws.make_roles((A, B)),
        "OrganizationalUnitIds": PLATFORM,
    }

    def deploy(**more: str) -> list[bool]:
        example = REPOSITORY / "examples" / "units-self-managed.yaml"
        aws.deploy("example", example, {**given, **more}).require()
        return [has_setting(aws, account, "guardrails") for account in (A, B)]

    assert deploy() == [True, True]
    assert deploy(ExcludedAccounts=A) == [False, True]
    aws.delete("example").require()
    assert not has_setting(aws, B, "guardrails")
