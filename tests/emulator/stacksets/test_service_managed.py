"""Service-managed stack sets: who may have them, and what they may be made of."""

from typing import Any

import pytest

from tests.emulator.bench import EAST, OTHER, STAGE, TOPIC, WEST, A, B, Bench, parameter
from tests.emulator.organizations import MANAGED, PLATFORM, ROOT, ManagedBench, organization

ROLE = "stacksets-exec-custom-network"
ROLE_TEMPLATE = f"""
Resources:
  Role: {{Type: 'AWS::IAM::Role', Properties: {{RoleName: {ROLE}}}}}
"""
CUSTOM: dict[str, Any] = {
    "ExecutionRoleTemplateBody": ROLE_TEMPLATE,
    "ExecutionRoleName": ROLE,
    "StackSetOutputBucket": "kept-here",
    "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
}
MACRO = TOPIC + "Transform: AWS::Serverless-2016-10-31\n"
NESTED = TOPIC.replace("AWS::SNS::Topic", "AWS::CloudFormation::Stack")
SAME: dict[str, Any] = {"UsePreviousTemplate": True, "Parameters": [parameter("Stage", None)]}


def refused(bench: Bench, action: str, **asked: Any) -> str:
    """Call what must be refused; return `CODE: text`."""
    error = bench.refuse(action, **asked)
    return f"{error.code}: {error.message}"


class TestAccess:
    """Trusted access, and whose stack sets they are."""

    def test_without_an_organization(self, bench: Bench) -> None:
        """Who is in no organization has no access to it."""
        assert refused(bench, "CreateStackSet", **MANAGED) == (
            "ValidationError: You must enable organizations access to operate a service managed "
            "stack set"
        )
        assert bench.engine.call("DescribeOrganizationsAccess", {}) == {"Status": "DISABLED"}

    def test_trusted_access_can_be_off(self) -> None:
        """It is told, and needed for everything but looking."""
        bench = ManagedBench()
        assert bench.engine.call("DescribeOrganizationsAccess", {}) == {"Status": "ENABLED"}
        bench.organization.trusted_access = False

        assert bench.engine.call("DescribeOrganizationsAccess", {}) == {"Status": "DISABLED"}
        assert "organizations access" in bench.refused("CreateStackInstances", [ROOT])
        assert "organizations access" in refused(bench, "UpdateStackSet", **SAME)
        assert bench.shown()["PermissionModel"] == "SERVICE_MANAGED"

    def test_member_account(self) -> None:
        """Only the management account and delegated administrators may."""
        bench = ManagedBench(account=B, made=False)

        assert "management account or delegated admin" in refused(
            bench, "CreateStackSet", **MANAGED
        )

    def test_account_that_is_no_delegated_administrator(self) -> None:
        """Acting as one must be registered."""
        bench = ManagedBench(account=B, made=False)

        for action, asked in (("CreateStackSet", MANAGED), ("DescribeStackSet", {})):
            assert refused(bench, action, CallAs="DELEGATED_ADMIN", **asked) == (
                "ValidationError: Account used is not a delegated administrator"
            )

    def test_delegated_administrator_has_two_views(self) -> None:
        """Sets made as a delegated administrator are not there for calls as oneself, nor back."""
        bench = ManagedBench(account=B, call_as="DELEGATED_ADMIN")
        made = bench.shown()["StackSetId"]
        own = {"CallAs": "SELF", "TemplateBody": OTHER, "Parameters": [STAGE]}

        for action, asked in (
            ("DescribeStackSet", {}),
            ("ListStackInstances", {}),
            ("DescribeStackSet", {"StackSetName": made}),
            ("UpdateStackSet", SAME),
        ):
            text = refused_as_self(bench, action, asked)
            assert text.startswith("StackSetNotFoundException")
        assert bench.call("DeleteStackSet", CallAs="SELF") == {}
        mine = bench.call("CreateStackSet", **own)["StackSetId"]
        assert listed(bench, "SELF") == [mine]
        assert listed(bench, "DELEGATED_ADMIN") == [made]

    def test_delegated_stack_sets_live_in_the_management_account(self) -> None:
        """Their ARN and role say so; they are deployed as any others."""
        bench = ManagedBench(account=B, call_as="DELEGATED_ADMIN")
        bench.run("CreateStackInstances", [PLATFORM])

        shown = bench.shown()
        assert f":{A}:stackset/" in shown["StackSetARN"]
        assert f"::{A}:role/" in shown["AdministrationRoleARN"]
        assert len(bench.instances()) == 2

    def test_delegated_administrator_with_own_roles(self) -> None:
        """Self-managed stack sets are made as oneself."""
        bench = ManagedBench(account=B, call_as="DELEGATED_ADMIN", made=False)
        asked = {"TemplateBody": TOPIC, "Parameters": [STAGE]}

        assert "DELEGATED_ADMIN is only for" in refused(bench, "CreateStackSet", **asked)


def refused_as_self(bench: Bench, action: str, asked: dict[str, Any]) -> str:
    """Call as oneself what must be refused."""
    return refused(bench, action, **{"CallAs": "SELF", **asked})


def listed(bench: Bench, call_as: str) -> list[str]:
    """Return the ids that ListStackSets shows."""
    answer = bench.engine.call("ListStackSets", {"CallAs": call_as})
    return [each["StackSetId"] for each in answer["Summaries"]]


class TestMembers:
    """What the permission model allows."""

    @pytest.mark.parametrize(
        ("asked", "text"),
        [
            ({"AutoDeployment": None}, "AutoDeployment is required"),
            (
                {"AutoDeployment": {"Enabled": False, "RetainStacksOnAccountRemoval": False}},
                "only be specified if Enabled",
            ),
            (
                {"AutoDeployment": {"Enabled": True, "DependsOn": [f"a{n}" for n in range(11)]}},
                "at most 10",
            ),
            ({"AdministrationRoleARN": "arn:aws:iam::1:role/x"}, "only for stack sets with SELF"),
            ({"ExecutionRoleName": ROLE}, "needs an execution role template"),
            ({"TemplateBody": MACRO}, "Requires capabilities"),
            (
                {"TemplateBody": MACRO, "Capabilities": ["CAPABILITY_AUTO_EXPAND"]},
                "transforms, macros or nested stacks",
            ),
            ({"TemplateBody": NESTED}, "transforms, macros or nested stacks"),
        ],
    )
    def test_refused_on_create(self, asked: dict[str, Any], text: str) -> None:
        """The complaint says what is wrong."""
        bench = ManagedBench(made=False)

        assert text in refused(bench, "CreateStackSet", **{**MANAGED, **asked})

    @pytest.mark.parametrize(
        "member",
        [
            {"AutoDeployment": {"Enabled": False}},
            {"ExecutionRoleTemplateBody": ROLE_TEMPLATE},
            {"ExecutionRoleTemplateUrl": "https://bucket.s3.amazonaws.com/role"},
            {"StackSetOutputBucket": "b"},
        ],
    )
    def test_self_managed_in_an_organization(self, member: dict[str, Any]) -> None:
        """What belongs to the other model is refused on create and on update."""
        bench = Bench(organization=organization())
        assert "only for stack sets with SERVICE_MANAGED" in refused(
            bench, "CreateStackSet", TemplateBody=TOPIC, Parameters=[STAGE], **member
        )
        bench.create()
        assert "only for stack sets with SERVICE_MANAGED" in refused(
            bench, "UpdateStackSet", **SAME, **member
        )

    def test_shown(self) -> None:
        """The service's role is shown, the members' is not."""
        bench = ManagedBench(asked={"AutoDeployment": {"Enabled": True, "DependsOn": ["arn:x"]}})
        bench.run("CreateStackInstances", [PLATFORM])

        shown = bench.shown()
        assert shown["AdministrationRoleARN"] == (
            f"arn:aws:iam::{A}:role/aws-service-role/stacksets.cloudformation.amazonaws.com/"
            "AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
        )
        assert "ExecutionRoleName" not in shown
        assert shown["AutoDeployment"] == {
            "Enabled": True,
            "RetainStacksOnAccountRemoval": False,
            "DependsOn": ["arn:x"],
        }
        assert shown["OrganizationalUnitIds"] == [PLATFORM]
        (summary,) = bench.engine.call("ListStackSets", {})["Summaries"]
        assert summary["AutoDeployment"] == shown["AutoDeployment"]
        assert summary["PermissionModel"] == "SERVICE_MANAGED"


class TestUpdate:
    """UpdateStackSet of a service-managed stack set."""

    def test_auto_deployment(self) -> None:
        """It is changed alone, and kept where nothing is said of it."""
        bench = ManagedBench()
        bench.update(AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": True})
        bench.wait()
        bench.update(Description="later")

        assert bench.shown()["AutoDeployment"] == {
            "Enabled": True,
            "RetainStacksOnAccountRemoval": True,
        }

    def test_auto_deployment_goes_without_targets(self) -> None:
        """Together with a scope it is refused."""
        bench = ManagedBench()
        asked = {**SAME, "AutoDeployment": {"Enabled": True}}

        assert "AutoDeployment cannot be" in bench.refused("UpdateStackSet", [ROOT], **asked)
        assert "AutoDeployment cannot be" in refused(
            bench, "UpdateStackSet", Regions=[EAST], **asked
        )

    def test_scope(self) -> None:
        """Only instances in the scope are updated; those outside are OUTDATED with a template."""
        bench = ManagedBench()
        bench.run("CreateStackInstances", [ROOT], regions=[EAST, WEST])
        asked = {"TemplateBody": OTHER, "Parameters": [STAGE]}
        operation = bench.run("UpdateStackSet", [PLATFORM], **asked)

        assert len(bench.results(operation)) == 2
        current = [key for key, value in bench.instances().items() if value.startswith("CURRENT")]
        assert current == [*bench.results(operation)]

    @pytest.mark.parametrize("first", ["SELF_MANAGED", "SERVICE_MANAGED"])
    def test_permission_model(self, first: str) -> None:
        """It may change only as long as there are no instances."""
        bench = ManagedBench(made=first == "SERVICE_MANAGED")
        if first == "SELF_MANAGED":
            Bench.create(bench)
            bench.deploy([B])
            other: dict[str, Any] = {
                "PermissionModel": "SERVICE_MANAGED",
                "AutoDeployment": {"Enabled": False},
            }
        else:
            bench.start("CreateStackInstances", [PLATFORM])
            other = {"PermissionModel": "SELF_MANAGED"}
        bench.wait()
        assert "PermissionModel cannot be changed" in refused(
            bench, "UpdateStackSet", **SAME, **other
        )
        for instance in [*bench.stack_set.instances]:
            bench.stack_set.remove(instance)
        bench.update(**other)

        shown = bench.shown()
        assert shown["PermissionModel"] == other["PermissionModel"]
        assert ("ExecutionRoleName" in shown) == (first == "SERVICE_MANAGED")
        assert ("aws-service-role" in shown["AdministrationRoleARN"]) == (first == "SELF_MANAGED")


class TestCustomRole:
    """Execution roles of one's own."""

    def test_shown(self) -> None:
        """Macros and nested stacks are deployed with it; name and bucket are shown."""
        bench = ManagedBench(asked={**CUSTOM, "TemplateBody": MACRO})

        shown = bench.shown()
        assert shown["ExecutionRoleName"] == ROLE
        assert shown["StackSetOutputBucketPath"].startswith("kept-here/")
        bench.update(TemplateBody=NESTED, **CUSTOM)

    def test_template_by_address(self) -> None:
        """ExecutionRoleTemplateUrl leads to it, but not together with a text."""
        bench = ManagedBench(made=False)
        bench.objects["bucket", "role.yaml"] = ROLE_TEMPLATE.encode()
        url = {"ExecutionRoleTemplateUrl": "https://bucket.s3.amazonaws.com/role.yaml"}
        asked: dict[str, Any] = {**MANAGED, **CUSTOM, **url}

        assert "but not both" in refused(bench, "CreateStackSet", **asked)
        del asked["ExecutionRoleTemplateBody"]
        bench.create(**asked)
        assert bench.shown()["ExecutionRoleName"] == ROLE

    @pytest.mark.parametrize(
        ("asked", "text"),
        [
            ({"ExecutionRoleName": "network"}, "must begin with stacksets-exec-custom-"),
            ({"ExecutionRoleName": None}, "must begin with stacksets-exec-custom-"),
            ({"ExecutionRoleName": ROLE + "x"}, "has no role with the name"),
            ({"Capabilities": ["CAPABILITY_NAMED_IAM"]}, "CAPABILITY_AUTO_EXPAND"),
            ({"Capabilities": ["CAPABILITY_AUTO_EXPAND"]}, "CAPABILITY_NAMED_IAM"),
        ],
    )
    def test_refused(self, asked: dict[str, Any], text: str) -> None:
        """Name, template and capabilities belong together."""
        bench = ManagedBench(made=False)

        assert text in refused(bench, "CreateStackSet", **{**MANAGED, **CUSTOM, **asked})

    @pytest.mark.parametrize("keeps", [False, True])
    def test_update_without_its_template(self, *, keeps: bool) -> None:
        """Whether the role stays when nothing is said of it is a doubt."""
        bench = ManagedBench(asked=CUSTOM, keeps_execution_role_template=keeps)
        bench.update(Capabilities=CUSTOM["Capabilities"])

        assert bench.shown().get("ExecutionRoleName") == (ROLE if keeps else None)

    def test_back_to_the_services_own(self) -> None:
        """UseAdminExecutionRole says so, whatever else is said."""
        bench = ManagedBench(asked=CUSTOM, keeps_execution_role_template=True)
        template = {"ExecutionRoleTemplateBody": ROLE_TEMPLATE}
        bench.update(UseAdminExecutionRole=True, **template)

        assert "ExecutionRoleName" not in bench.shown()

    def test_new_template_keeps_the_name(self) -> None:
        """The name and the bucket need not be said again with another role template."""
        bench = ManagedBench(asked=CUSTOM)
        template = ROLE_TEMPLATE + "  # another\n"
        bench.update(ExecutionRoleTemplateBody=template, Capabilities=CUSTOM["Capabilities"])

        assert bench.shown()["ExecutionRoleName"] == ROLE
        assert bench.stack_set.configuration.execution_role_template == template
        assert bench.shown()["StackSetOutputBucketPath"].startswith("kept-here/")

    def test_roles_are_made_first(self) -> None:
        """A stage of its own, some seconds before the first stack; not to delete."""
        bench = ManagedBench(asked=CUSTOM)
        operation = bench.start("CreateStackInstances", [PLATFORM])
        assert stage(bench, operation) == ("IN_PROGRESS", 2, 0)
        assert bench.started() == []
        bench.wait()
        assert stage(bench, operation) == ("SUCCEEDED", 2, 2)
        assert bench.started()[0][0] == 20.0

        operation = bench.run("DeleteStackInstances", [PLATFORM])
        assert stage(bench, operation)[0] == "NOT_APPLICABLE"

    def test_stopped_while_roles_are_made(self) -> None:
        """Nothing is deployed any more."""
        bench = ManagedBench(asked=CUSTOM)
        operation = bench.start("CreateStackInstances", [PLATFORM])
        bench.call("StopStackSetOperation", OperationId=operation)
        bench.wait()

        assert bench.status(operation) == "STOPPED"
        assert bench.started() == []


def stage(bench: Bench, operation: str) -> tuple[str, int, int]:
    """Return the status of the roles' stage, all accounts, and those that have been served."""
    shown = bench.call("DescribeStackSetOperation", OperationId=operation)["StackSetOperation"]
    found = shown["StatusDetails"]["Stages"]["RoleProvisioning"]
    made = found.get("SucceededAccountsCount", 0)
    return found["Status"], made + found.get("PendingAccountsCount", 0), made
